"""`log`, `lin` and `bins` of `ansflow.kernels.transforms` on vectors: a row of numbers at once.

Tokens of numbers follow each other, as do their raw bits: these are fields that `bit_fields` deals
out. So none is gathered, and no number waits for another one. Where all numbers have as many raw
bits, what goes to a lane is known beforehand.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner
from ansflow.kernels.transforms.words import item_bits
from ansflow.kernels.vector.bit_fields import FIELDS, extended, lowest, shuffle
from ansflow.kernels.vector.ir import call, constant, i8, i64, join, pointer_to, splat, vector
from ansflow.kernels.vector.memory import address_of
from ansflow.kernels.vector.targets import TARGETS

__all__ = [
    "ROW_ISAS",
    "SPLIT_ISAS",
    "Rows",
    "bins_rows",
    "bits_at_most",
    "lin_rows",
    "log_rows",
    "shorter",
    "split_rows",
]

# Those that fetch raw bits by rows, and those that write them by rows.
ROW_ISAS, SPLIT_ISAS = frozenset(FIELDS), frozenset({"avx512"})

SPLIT_ROW_BITS = 512
LEADING = 3  # bits of a number that its token tells, in `log`

# No numbers have fewer bits that would be dealt out at less expense.
SHORT_BITS = 16

U_SPLIT_ROW_BITS, BYTE_SHIFT = np.uint64(SPLIT_ROW_BITS), np.uint64(3)


class Rows(types.Type):
    """How rows are made: with which instruction set, and of numbers of how many bits at most.

    As many as an item has if that is not told. Kernels pass it on to what depends on it.
    """

    def __init__(self, isa: str, most: int | None = None) -> None:
        self.isa, self.most, self.fields = isa, most, FIELDS[isa]
        super().__init__(f"Rows({isa}, {most})")

    def __reduce__(self) -> Any:  # the same in each process: it becomes a part of files' names
        return Rows, (self.isa, self.most)

    def bits(self, out: types.Array) -> int:
        """Those of the numbers of an array."""
        return self.most or bits_of(out)

    def lane(self, out: types.Array) -> ir.IntType:
        """What each of them is made in."""
        return self.fields.lane(self.bits(out))

    def numbers(self, out: types.Array) -> int:
        """How many a row has."""
        return int(self.fields.numbers(self.lane(out)))


def bits_of(array: Any) -> int:
    """Those of an item."""
    return int(array.dtype.bitwidth)


def byte_of(context: Any, builder: ir.IRBuilder, kind: types.Array, data: Any, at: Any) -> Any:
    """Address of a byte."""
    return builder.bitcast(address_of(context, builder, kind, data, at), i8.as_pointer())


def load_row(
    context: Any, builder: ir.IRBuilder, kind: types.Array, array: Any, at: Any, count: int
) -> Any:
    """So many items, in a register of their size."""
    row = vector(ir.IntType(bits_of(kind)), count)
    near = pointer_to(builder, address_of(context, builder, kind, array, at), row)
    return builder.load(near, align=1)


def load_numbers(
    context: Any,
    builder: ir.IRBuilder,
    kind: types.Array,
    array: Any,
    at: Any,
    lanes: ir.VectorType,
    places: list[int],
) -> Any:
    """Items in lanes that are no smaller, as many from each place of a row."""
    count = lanes.count // len(places)
    parts = []
    for place in places:
        items = load_row(context, builder, kind, array, builder.add(at, i64(place)), count)
        parts.append(extended(builder, items, vector(lanes.element, count)))
    return join(builder, parts)


def store_numbers(
    context: Any,
    builder: ir.IRBuilder,
    kind: types.Array,
    out: Any,
    at: Any,
    numbers: Any,
    places: list[int],
) -> None:
    """Numbers, each cut to those of an array, or extended; as many go to each place of a row."""
    count = numbers.type.count // len(places)
    row = vector(ir.IntType(bits_of(kind)), count)
    for first, place in zip(range(0, numbers.type.count, count), places, strict=True):
        part = shuffle(builder, numbers, numbers, list(range(first, first + count)))
        if bits_of(kind) < part.type.element.width:
            part = builder.trunc(part, row)
        part = extended(builder, part, row)
        there = address_of(context, builder, kind, out, builder.add(at, i64(place)))
        builder.store(part, pointer_to(builder, there, row), align=1)


@intrinsic
def log_row(typing_context, tokens, i, data, at, out, rows):
    """Fill a row of ``out[i:]`` from tokens and the raw bits in ``data[at // 8 :]``.

    Returns the bit after the last one of them.
    """
    told, rows = rows, rows.instance_type
    fields, lane, most = rows.fields, rows.lane(out), rows.bits(out) - LEADING

    def codegen(context, builder, signature, arguments):
        tokens_, i_, data_, at_, out_, _ = arguments
        # Small registers for as long as that will do.
        token = load_row(context, builder, tokens, tokens_, i_, rows.numbers(out))
        small = token.type
        direct = builder.icmp_unsigned("<", token, constant(small, 16))
        length = builder.sub(builder.lshr(token, constant(small, 2)), constant(small, 2))
        width = builder.select(direct, constant(small, 0), length)
        leading = builder.or_(builder.and_(token, constant(small, 3)), constant(small, 4))
        leading = builder.select(direct, token, leading)
        address = byte_of(context, builder, data, data_, builder.lshr(at_, i64(3)))
        raw, all_bits = fields.fetch(builder, address, at_, width, lane, most)
        # Told to LLVM, which need not care then for shifts by more.
        width = builder.and_(width, constant(small, lane.width - 1))
        for k, low in enumerate(raw):
            numbers = fields.joined(builder, leading, width, low, k)
            store_numbers(context, builder, out, out_, i_, numbers, fields.places(lane, k))
        return builder.add(at_, all_bits)

    return types.uint64(tokens, types.uint64, data, types.uint64, out, told), codegen


@intrinsic
def lin_row(typing_context, tokens, i, data, at, base, shift, out, rows):
    """Fill a row of ``out[i:]`` from tokens and the raw bits in ``data[at:]``."""
    told, rows = rows, rows.instance_type
    fields, lane = rows.fields, rows.lane(out)

    def codegen(context, builder, signature, arguments):
        tokens_, i_, data_, at_, base_, shift_, out_, _ = arguments
        address = byte_of(context, builder, data, data_, at_)
        raw = fields.fetch_even(builder, address, shift_, lane, bits_of(out) - 1)
        for k, low in enumerate(raw):
            lanes, places = low.type, [k * low.type.count]
            token = load_numbers(context, builder, tokens, tokens_, i_, lanes, places)
            shift = splat(builder, shift_, lanes)
            numbers = builder.or_(builder.shl(token, shift), lowest(builder, low, shift))
            numbers = builder.add(numbers, splat(builder, base_, lanes))
            store_numbers(context, builder, out, out_, i_, numbers, places)
        return context.get_dummy_value()

    arguments = tokens, types.uint64, data, types.uint64, types.uint64, types.uint64, out, told
    return types.void(*arguments), codegen


@intrinsic
def bins_row(typing_context, tokens, i, data, at, bases, widths, out, rows):
    """Fill a row of ``out[i:]`` from tokens and the raw bits in ``data[at // 8 :]``.

    `bases` and `widths` are uint64[256], and numbers have 32 or 64 bits. Returns the bit after the
    last one of them.
    """
    told, rows = rows, rows.instance_type
    fields, lane = rows.fields, rows.lane(out)

    def codegen(context, builder, signature, arguments):
        tokens_, i_, data_, at_, bases_, widths_, out_, _ = arguments

        def look_up(kind, table, places):
            lanes = vector(lane, 8 * fields.register.count // lane.width)
            token = load_numbers(context, builder, tokens, tokens_, i_, lanes, places)
            near, scale = context.make_array(kind)(context, builder, table).data, bits_of(kind) // 8
            return TARGETS[rows.isa].gather(builder, near, token, scale)

        count = rows.numbers(out)
        firsts = range(0, count, 8 * fields.register.count // lane.width)
        width = join(builder, [look_up(widths, widths_, [first]) for first in firsts])
        width = builder.trunc(width, vector(i8, count))
        address = byte_of(context, builder, data, data_, builder.lshr(at_, i64(3)))
        raw, all_bits = fields.fetch(builder, address, at_, width, lane, bits_of(out) - 1)
        nothing = constant(width.type, 0)
        width = builder.and_(width, constant(width.type, lane.width - 1))
        for k, low in enumerate(raw):
            places = fields.places(lane, k)
            numbers = fields.joined(builder, nothing, width, low, k)
            numbers = builder.add(look_up(bases, bases_, places), numbers)
            store_numbers(context, builder, out, out_, i_, numbers, places)
        return builder.add(at_, all_bits)

    arguments = tokens, types.uint64, data, types.uint64, bases, widths, out, told
    return types.uint64(*arguments), codegen


def shifted(builder: ir.IRBuilder, name: str, values: Any, amounts: Any) -> Any:
    """Lanes, each shifted by an amount of its own; to zero, if that is as many bits as it has."""
    kind = values.type
    letter = {16: "w", 32: "d", 64: "q"}[kind.element.width]
    return call(builder, f"llvm.x86.avx512.{name}.{letter}.512", kind, values, amounts)


def picked(builder: ir.IRBuilder, values: Any, index: Any) -> Any:
    """The lanes at the indices in lanes; zero from the number of lanes on, below twice of that."""
    kind = values.type
    letter = {16: "hi", 32: "d", 64: "q"}[kind.element.width]
    name = f"llvm.x86.avx512.vpermi2var.{letter}.512"
    return call(builder, name, kind, values, index, constant(kind, 0))


@intrinsic
def split_row(
    typing_context, items, i, clear, set_, base, shift, firsts, offsets, terms, tokens, out, at
):
    """`lin.encode` of a row of ``items[i:]``, whose raw bits go to byte `at` of `out`.

    Each lane of them begins with a number, `firsts`, without its lowest bits, so many `offsets`,
    and takes so many `terms`.
    """
    lanes = vector(ir.IntType(bits_of(items)), SPLIT_ROW_BITS // bits_of(items))
    bits = lanes.element.width

    def codegen(context, builder, signature, arguments):
        items_, i_, clear_, set_2, base_, shift_, firsts_, offsets_, terms_, tokens_, out_, at_ = (
            arguments
        )

        def row_of(kind, array, place):
            address = address_of(context, builder, kind, array, place)
            return builder.load(pointer_to(builder, address, lanes), align=1)

        item = row_of(items, items_, i_)
        is_set = builder.icmp_signed("<", item, constant(lanes, 0))
        turn = builder.select(is_set, splat(builder, set_2, lanes), splat(builder, clear_, lanes))
        above = builder.sub(builder.xor(item, turn), splat(builder, base_, lanes))
        shift = splat(builder, shift_, lanes)
        token = builder.trunc(
            builder.lshr(above, shift), vector(ir.IntType(bits_of(tokens)), lanes.count)
        )
        near = address_of(context, builder, tokens, tokens_, i_)
        builder.store(token, pointer_to(builder, near, token.type), align=1)
        ones = constant(lanes, (1 << bits) - 1)
        rest = builder.and_(above, builder.not_(builder.shl(ones, shift)))
        # The first number of each lane is shifted down, those behind it are shifted up.
        first, offset = row_of(firsts, firsts_, i64(0)), row_of(offsets, offsets_, i64(0))
        filled = shifted(builder, "psrlv", picked(builder, rest, first), offset)
        lane = cgutils.alloca_once_value(builder, filled)
        index = cgutils.alloca_once_value(builder, first)
        up = cgutils.alloca_once_value(builder, builder.sub(constant(lanes, 0), offset))
        with cgutils.for_range(builder, terms_):
            builder.store(builder.add(builder.load(index), constant(lanes, 1)), index)
            builder.store(builder.add(builder.load(up), shift), up)
            term = picked(builder, rest, builder.load(index))
            term = shifted(builder, "psllv", term, builder.load(up))
            builder.store(builder.or_(builder.load(lane), term), lane)
        begin = builder.bitcast(address_of(context, builder, out, out_, i64(0)), i8.as_pointer())
        near = pointer_to(builder, builder.gep(begin, [at_]), lanes)
        builder.store(builder.load(lane), near, align=1)
        return context.get_dummy_value()

    number, size = items.dtype, types.uint64
    told = clear, set_, base, size
    assert set(told[:3]) == {number}
    arguments = items, size, *told, firsts, offsets, size, tokens, out, size
    return types.void(*arguments), codegen


def number(value, *arguments):
    """What an intrinsic returns that is a number known beforehand."""

    def codegen(context, builder, signature, arguments):
        return i64(value)

    return types.uint64(*arguments), codegen


@intrinsic
def row_size(typing_context, out, rows):
    """How many numbers a row has."""
    return number(rows.instance_type.numbers(out), out, rows)


@intrinsic
def even_row_size(typing_context, out, rows):
    """The same if all have the same width."""
    told = rows.instance_type
    return number(told.fields.even_numbers(told.lane(out)), out, rows)


@intrinsic
def reach(typing_context, out, rows):
    """Bytes of raw bits that must exist from the one on in which those of a row begin."""
    told = rows.instance_type
    return number(told.fields.reach(told.lane(out)), out, rows)


@intrinsic
def bits_at_most(typing_context, out, rows):
    """How many bits the numbers have that rows are made of; 0 if there are no such rows."""
    most = 0 if isinstance(rows, types.NoneType) else rows.instance_type.bits(out)
    return number(most, out, rows)


@intrinsic
def shorter(typing_context, out, rows):
    """Rows of numbers that are dealt out at less expense, as they have fewer bits; None if none."""
    told = types.none
    if bits_of(out) > SHORT_BITS:
        rows_ = rows.instance_type
        told = types.TypeRef(Rows(rows_.isa, rows_.fields.short(bits_of(out))))

    def codegen(context, builder, signature, arguments):
        return context.get_dummy_value()

    return told(out, rows), codegen


@inner
def log_rows(tokens, i, end, data, first, at, out, rows):
    """Decode rows of ``out[i:end]``, as many as there are and `data` has all bytes for.

    Parameters
    ----------
    tokens : uint8[]
        Of numbers that have no more bits than `bits_at_most`.
    i, end : uint64
    data : uint8[]
        The raw bits from byte `first` on, uint64.
    at : uint64
        The bit to begin with, among all raw bits.
    out : uint8[], uint16[], uint32[] or uint64[]
    rows : Rows, or None for none

    Returns
    -------
    ``(i, at)`` after that.
    """
    if rows is None:
        return i, at
    row, bit = row_size(out, rows), at - (first << BYTE_SHIFT)
    while i + row <= end and (bit >> BYTE_SHIFT) + reach(out, rows) <= np.uint64(data.size):
        bit = log_row(tokens, i, data, bit, out, rows)
        i += row
    return i, bit + (first << BYTE_SHIFT)


@inner
def bins_rows(tokens, i, end, data, first, at, bases, widths, out, rows):
    """The same with tokens that are numbers of bins, as `ansflow.kernels.transforms.bins` has them.

    Numbers have 32 or 64 bits.
    """
    row, bit = row_size(out, rows), at - (first << BYTE_SHIFT)
    while i + row <= end and (bit >> BYTE_SHIFT) + reach(out, rows) <= np.uint64(data.size):
        bit = bins_row(tokens, i, data, bit, bases, widths, out, rows)
        i += row
    return i, bit + (first << BYTE_SHIFT)


@inner
def lin_rows(tokens, i, end, data, first, at, base, shift, out, rows):
    """The same with linear tokens; `at` is a multiple of 8."""
    row, byte = even_row_size(out, rows), (at >> BYTE_SHIFT) - first
    while i + row <= end and byte + reach(out, rows) <= np.uint64(data.size):
        lin_row(tokens, i, data, byte, base, shift, out, rows)
        i += row
        byte += row * shift >> BYTE_SHIFT
    return i, byte + first << BYTE_SHIFT


@inner
def split_rows(items, clear, set_, base, shift, tokens, out):
    """`lin.encode` of as many rows of items as there are, each of 16 bits at least.

    `clear`, `set_` and `base` are numbers like the items, and `shift` is not zero. Nothing is
    written behind as many bytes of `out` as the items have.

    Returns
    -------
    How many items these are.
    """
    bits = item_bits(items)
    row = U_SPLIT_ROW_BITS // bits
    firsts, offsets = np.empty(row, items.dtype), np.empty(row, items.dtype)
    for lane in range(row):
        first = np.uint64(lane) * bits // shift
        firsts[lane], offsets[lane] = min(first, row), np.uint64(lane) * bits - first * shift
    # Behind the first one, as many as reach into a lane from its lowest bit, but for the last of
    # the number before.
    terms = (bits + shift - ONE) // shift
    i = byte = ZERO
    while i + row <= np.uint64(items.size):
        split_row(items, i, clear, set_, base, shift, firsts, offsets, terms, tokens, out, byte)
        i += row
        byte += row * shift >> BYTE_SHIFT
    return i
