"""`log`, `lin` and `bins` of `ansflow.kernels.transforms` on vectors: 64 bytes of numbers at once.

A row of numbers has tokens that follow each other, as have its raw bits: those are fields, which
`ansflow.kernels.vector.bit_fields` deals out. So none is gathered, and no number waits for another
one. Where all numbers have as many raw bits, what goes to a lane is known beforehand, and one store
puts all of them.
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
from ansflow.kernels.vector.bit_fields import FIELDS, ROW_BYTES, extended, shuffle
from ansflow.kernels.vector.ir import call, constant, i8, i64, join, pointer_to, splat, vector
from ansflow.kernels.vector.isa import ISAS
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

ROW_BITS = 8 * ROW_BYTES
LEADING = 3  # bits of a number that its token tells, in `log`

# A register of numbers that have no more is filled in any case.
SHORT_BITS = 16

U_ROW_BITS, BYTE_SHIFT = np.uint64(ROW_BITS), np.uint64(3)


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

    def lanes(self, out: types.Array) -> ir.VectorType:
        """The register that a row of them is made in."""
        lane = max(1 << (self.bits(out) - 1).bit_length(), self.fields.LEAST_BITS)
        return vector(ir.IntType(lane), ROW_BITS // lane)


def bits_of(array: Any) -> int:
    """Those of an item."""
    return int(array.dtype.bitwidth)


def lowest(builder: ir.IRBuilder, values: Any, width: Any) -> Any:
    """So many low bits of each lane."""
    ones = constant(values.type, (1 << values.type.element.width) - 1)
    return builder.and_(values, builder.not_(builder.shl(ones, width)))


def load_tokens(
    context: Any, builder: ir.IRBuilder, kind: types.Array, tokens: Any, at: Any, count: int
) -> Any:
    """So many tokens, in a register of their size."""
    row = vector(ir.IntType(bits_of(kind)), count)
    near = pointer_to(builder, address_of(context, builder, kind, tokens, at), row)
    return builder.load(near, align=1)


def registers_of(builder: ir.IRBuilder, row: Any, isa: str) -> list[Any]:
    """The registers of an instruction set that a row takes."""
    count = 32 * ISAS[isa].width // row.type.element.width
    firsts = range(0, row.type.count, count)
    return [shuffle(builder, row, row, list(range(first, first + count))) for first in firsts]


def store_numbers(
    context: Any, builder: ir.IRBuilder, kind: types.Array, out: Any, at: Any, numbers: Any
) -> None:
    """Numbers, each cut to those of an array, or extended."""
    row = vector(ir.IntType(bits_of(kind)), numbers.type.count)
    if bits_of(kind) < numbers.type.element.width:
        numbers = builder.trunc(numbers, row)
    numbers = extended(builder, numbers, row)
    near = pointer_to(builder, address_of(context, builder, kind, out, at), row)
    builder.store(numbers, near, align=1)


@intrinsic
def log_row(typing_context, tokens, i, data, at, out, rows):
    """Fill a row of ``out[i:]`` from tokens and the raw bits in ``data[at // 8 :]``.

    Returns the bit after the last one of them.
    """
    told, rows = rows, rows.instance_type
    lanes = rows.lanes(out)
    bits = lanes.element.width

    def codegen(context, builder, signature, arguments):
        tokens_, i_, data_, at_, out_, _ = arguments
        # Small registers for as long as that will do.
        token = load_tokens(context, builder, tokens, tokens_, i_, lanes.count)
        small = token.type
        direct = builder.icmp_unsigned("<", token, constant(small, 16))
        length = builder.sub(builder.lshr(token, constant(small, 2)), constant(small, 2))
        width = builder.select(direct, constant(small, 0), length)
        leading = builder.or_(builder.and_(token, constant(small, 3)), constant(small, 4))
        leading = builder.zext(builder.select(direct, token, leading), lanes)
        address = address_of(context, builder, data, data_, builder.lshr(at_, i64(3)))
        most = rows.bits(out) - LEADING
        raw, all_bits = rows.fields.fetch(builder, address, at_, width, lanes, most)
        # What is no token of such numbers has more bits than they have.
        width = builder.zext(builder.and_(width, constant(small, bits - 1)), lanes)
        raw = lowest(builder, raw, width)
        number = builder.or_(builder.shl(leading, width), raw)
        store_numbers(context, builder, out, out_, i_, number)
        return builder.add(at_, all_bits)

    return types.uint64(tokens, types.uint64, data, types.uint64, out, told), codegen


@intrinsic
def lin_row(typing_context, tokens, i, data, at, base, shift, out, rows):
    """Fill a row of ``out[i:]`` from tokens and the raw bits in ``data[at:]``."""
    told, rows = rows, rows.instance_type
    lanes = rows.lanes(out)

    def codegen(context, builder, signature, arguments):
        tokens_, i_, data_, at_, base_, shift_, out_, _ = arguments
        token = load_tokens(context, builder, tokens, tokens_, i_, lanes.count)
        token = extended(builder, token, lanes)
        shift = splat(builder, shift_, lanes)
        address = address_of(context, builder, data, data_, at_)
        raw = rows.fields.fetch_even(builder, address, shift_, lanes, bits_of(out) - 1)
        raw = lowest(builder, raw, shift)
        number = builder.or_(builder.shl(token, shift), raw)
        number = builder.add(number, splat(builder, base_, lanes))
        store_numbers(context, builder, out, out_, i_, number)
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
    lanes = rows.lanes(out)
    bits = lanes.element.width

    def codegen(context, builder, signature, arguments):
        tokens_, i_, data_, at_, bases_, widths_, out_, _ = arguments
        token = load_tokens(context, builder, tokens, tokens_, i_, lanes.count)
        token = builder.zext(token, lanes)

        def look_up(kind, table):
            near, scale = context.make_array(kind)(context, builder, table).data, bits_of(kind) // 8
            parts = registers_of(builder, token, rows.isa)
            return join(
                builder, [TARGETS[rows.isa].gather(builder, near, one, scale) for one in parts]
            )

        base, width = look_up(bases, bases_), look_up(widths, widths_)
        address = address_of(context, builder, data, data_, builder.lshr(at_, i64(3)))
        raw, all_bits = rows.fields.fetch(builder, address, at_, width, lanes, bits - 1)
        raw = lowest(builder, raw, builder.and_(width, constant(lanes, bits - 1)))
        store_numbers(context, builder, out, out_, i_, builder.add(base, raw))
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
    lanes = vector(ir.IntType(bits_of(items)), ROW_BITS // bits_of(items))
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
    return number(rows.instance_type.lanes(out).count, out, rows)


@intrinsic
def reach(typing_context, rows):
    """Bytes of raw bits that must exist from the one on in which those of a row begin."""
    return number(rows.instance_type.fields.REACH, rows)


@intrinsic
def bits_at_most(typing_context, out, rows):
    """How many bits the numbers have that rows are made of."""
    return number(rows.instance_type.bits(out), out, rows)


@intrinsic
def shorter(typing_context, out, rows):
    """Rows of numbers that are dealt out at less expense, as they have fewer bits; if there are."""
    told = rows.instance_type
    if bits_of(out) > SHORT_BITS:
        told = Rows(told.isa, told.fields.short(bits_of(out)))

    def codegen(context, builder, signature, arguments):
        return context.get_dummy_value()

    return types.TypeRef(told)(out, rows), codegen


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
    rows : Rows

    Returns
    -------
    ``(i, at)`` after that.
    """
    row, bit = row_size(out, rows), at - (first << BYTE_SHIFT)
    while i + row <= end and (bit >> BYTE_SHIFT) + reach(rows) <= np.uint64(data.size):
        bit = log_row(tokens, i, data, bit, out, rows)
        i += row
    return i, bit + (first << BYTE_SHIFT)


@inner
def bins_rows(tokens, i, end, data, first, at, bases, widths, out, rows):
    """The same with tokens that are numbers of bins, as `ansflow.kernels.transforms.bins` has them.

    Numbers have 32 or 64 bits.
    """
    row, bit = row_size(out, rows), at - (first << BYTE_SHIFT)
    while i + row <= end and (bit >> BYTE_SHIFT) + reach(rows) <= np.uint64(data.size):
        bit = bins_row(tokens, i, data, bit, bases, widths, out, rows)
        i += row
    return i, bit + (first << BYTE_SHIFT)


@inner
def lin_rows(tokens, i, end, data, first, at, base, shift, out, rows):
    """The same with linear tokens; `at` is a multiple of 8."""
    row, byte = row_size(out, rows), (at >> BYTE_SHIFT) - first
    while i + row <= end and byte + reach(rows) <= np.uint64(data.size):
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
    row = U_ROW_BITS // bits
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
