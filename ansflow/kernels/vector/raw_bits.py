"""`log`, `lin` and `bins` of `ansflow.kernels.transforms` on vectors: 64 bytes of numbers at once.

The raw bits of such a row of numbers are fewer than 64 bytes. So one load gets all of them, and a
byte shuffle deals them out to the lanes: none is gathered, and no number waits for another one.
Where all numbers have as many raw bits, what goes to a lane is known beforehand, and one store puts
all of them.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, lower_builtin, type_callable

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner
from ansflow.kernels.transforms.words import item_bits
from ansflow.kernels.vector.ir import call, constant, i8, i16, i32, i64, pointer_to, splat, vector
from ansflow.kernels.vector.memory import address_of
from ansflow.kernels.vector.targets import TARGETS

__all__ = ["ROW_BYTES", "ROW_ISAS", "bins_rows", "halves_of", "lin_rows", "log_rows", "split_rows"]

# Those that shuffle 64 bytes.
ROW_ISAS = frozenset({"avx512"})

ROW_TARGET = TARGETS["avx512"]

ROW_BYTES = 64
ROW_BITS = 8 * ROW_BYTES
# A lane: 8 bits cannot count those of a row.
LEAST_BITS = 16

U_ROW_BYTES, U_ROW_BITS = np.uint64(ROW_BYTES), np.uint64(ROW_BITS)
U_LEAST_BITS, BYTE_SHIFT = np.uint64(LEAST_BITS), np.uint64(3)
BYTES = vector(i8, ROW_BYTES)


def bits_of(array: Any) -> int:
    """Those of an item."""
    return int(array.dtype.bitwidth)


def lanes_of(numbers: Any, halves: bool = False) -> ir.VectorType:
    """The register that a row of numbers is made in; lanes may have half of their bits."""
    bits = max(bits_of(numbers) >> halves, LEAST_BITS)
    return vector(ir.IntType(bits), ROW_BITS // bits)


def shuffle(builder: ir.IRBuilder, first: Any, second: Any, order: list[int]) -> Any:
    """Elements of two vectors that follow each other."""
    return builder.shuffle_vector(first, second, ir.Constant(vector(i32, len(order)), order))


def extended(builder: ir.IRBuilder, values: Any, kind: ir.VectorType) -> Any:
    """Elements as those of another vector that has as many, and no smaller ones."""
    return values if values.type == kind else builder.zext(values, kind)


def add_up(builder: ir.IRBuilder, terms: Any) -> Any:
    """The sum of each lane and all below it, from those of one lane, two, four ..."""
    count = terms.type.count
    for step in (1 << k for k in range(count.bit_length() - 1)):
        below = shuffle(
            builder, constant(terms.type, 0), terms, [count - step + lane for lane in range(count)]
        )
        terms = builder.add(terms, below)
    return terms


def fetch(builder: ir.IRBuilder, address: Any, begins: Any) -> Any:
    """The bits from those in `begins` on, in each lane: they count from an address, below 2^11."""
    kind = begins.type
    width = kind.element.width // 8
    byte = builder.bitcast(builder.lshr(begins, constant(kind, 3)), BYTES)
    byte = shuffle(builder, byte, byte, [place // width * width for place in range(ROW_BYTES)])
    loaded = builder.load(pointer_to(builder, address, BYTES), align=1)
    # As many bytes as a lane has and as many more, from which the bits are shifted down.
    low, high = (
        call(
            builder,
            "llvm.x86.avx512.permvar.qi.512",
            BYTES,
            loaded,
            builder.add(byte, ir.Constant(BYTES, [first + k % width for k in range(ROW_BYTES)])),
        )
        for first in (0, width)
    )
    low, high = builder.bitcast(low, kind), builder.bitcast(high, kind)
    name = f"llvm.fshr.v{kind.count}i{kind.element.width}"
    return call(builder, name, kind, high, low, builder.and_(begins, constant(kind, 7)))


def fetch_next(builder: ir.IRBuilder, address: Any, at: Any, widths: Any, lanes: Any) -> Any:
    """The bits of each lane, of so many bits, which follow each other; and how many these are.

    The first one is a bit of the byte at an address: the lowest three bits of `at` say which.
    """
    ends = add_up(builder, widths)
    begins = extended(builder, builder.sub(ends, widths), lanes)
    begins = builder.add(begins, splat(builder, builder.and_(at, i64(7)), lanes))
    all_bits = builder.extract_element(ends, i32(lanes.count - 1))
    return fetch(builder, address, begins), builder.zext(all_bits, i64)


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
def log_row(typing_context, tokens, i, data, at, out, halves):
    """Fill a row of ``out[i:]`` from tokens and ``data[at // 8 : at // 8 + 64]``.

    Returns the bit after the last one of them.
    """
    lanes = lanes_of(out, not isinstance(halves, types.NoneType))
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
        widths = builder.zext(width, vector(i16, lanes.count))
        raw, all_bits = fetch_next(builder, address, at_, widths, lanes)
        # What is no token of such numbers has more bits than they have.
        width = builder.zext(builder.and_(width, constant(small, bits - 1)), lanes)
        raw = lowest(builder, raw, width)
        number = builder.or_(builder.shl(leading, width), raw)
        store_numbers(context, builder, out, out_, i_, number)
        return builder.add(at_, all_bits)

    return types.uint64(tokens, types.uint64, data, types.uint64, out, halves), codegen


@intrinsic
def lin_row(typing_context, tokens, i, data, at, base, shift, out):
    """Fill a row of ``out[i:]`` from tokens and ``data[at : at + 64]``: rows are whole bytes."""
    lanes = lanes_of(out)

    def codegen(context, builder, signature, arguments):
        tokens_, i_, data_, at_, base_, shift_, out_ = arguments
        token = load_tokens(context, builder, tokens, tokens_, i_, lanes.count)
        token = extended(builder, token, lanes)
        shift = splat(builder, shift_, lanes)
        begins = builder.mul(shift, ir.Constant(lanes, list(range(lanes.count))))
        raw = fetch(builder, address_of(context, builder, data, data_, at_), begins)
        raw = lowest(builder, raw, shift)
        number = builder.or_(builder.shl(token, shift), raw)
        number = builder.add(number, splat(builder, base_, lanes))
        store_numbers(context, builder, out, out_, i_, number)
        return context.get_dummy_value()

    arguments = tokens, types.uint64, data, types.uint64, types.uint64, types.uint64, out
    return types.void(*arguments), codegen


@intrinsic
def bins_row(typing_context, tokens, i, data, at, bases, widths, out):
    """Fill a row of ``out[i:]`` from tokens and ``data[at // 8 : at // 8 + 64]``.

    `bases` and `widths` are uint64[256], and numbers have 32 or 64 bits. Returns the bit after the
    last one of them.
    """
    lanes = lanes_of(out)
    bits = lanes.element.width

    def codegen(context, builder, signature, arguments):
        tokens_, i_, data_, at_, bases_, widths_, out_ = arguments
        token = load_tokens(context, builder, tokens, tokens_, i_, lanes.count)
        token = builder.zext(token, lanes)

        def look_up(kind, table):
            near = context.make_array(kind)(context, builder, table).data
            return ROW_TARGET.gather(builder, near, token, kind.dtype.bitwidth // 8)

        base, width = look_up(bases, bases_), look_up(widths, widths_)
        address = address_of(context, builder, data, data_, builder.lshr(at_, i64(3)))
        short = builder.trunc(width, vector(i16, lanes.count))
        raw, all_bits = fetch_next(builder, address, at_, short, lanes)
        raw = lowest(builder, raw, builder.and_(width, constant(lanes, bits - 1)))
        store_numbers(context, builder, out, out_, i_, builder.add(base, raw))
        return builder.add(at_, all_bits)

    return types.uint64(tokens, types.uint64, data, types.uint64, bases, widths, out), codegen


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
    lanes = lanes_of(items)
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


@inner
def row_size(out, halves):
    """How many numbers a row has."""
    bits = item_bits(out) if halves is None else item_bits(out) >> ONE
    return U_ROW_BITS // max(bits, U_LEAST_BITS)


def halves_of(array):
    """What tells `log_rows` that half of a lane will do, or None if there is no such lane."""
    return True if item_bits(array) > LEAST_BITS else None


@type_callable(halves_of)
def _type_halves_of(context):
    return lambda array: types.boolean if bits_of(array) > LEAST_BITS else types.none


@lower_builtin(halves_of, types.Array)
def _halves_of(context, builder, signature, arguments):
    if signature.return_type == types.none:
        return context.get_dummy_value()
    return context.get_constant(types.boolean, True)


@inner
def log_rows(tokens, i, end, data, first, at, out, halves):
    """Decode rows of ``out[i:end]``, as many as there are and `data` has all bytes for.

    Parameters
    ----------
    tokens : uint8[]
    i, end : uint64
    data : uint8[]
        The raw bits from byte `first` on, uint64.
    at : uint64
        The bit to begin with, among all raw bits.
    out : uint8[], uint16[], uint32[] or uint64[]
    halves : True or None
        That of `halves_of`, if none of these numbers has a bit in its upper half.

    Returns
    -------
    ``(i, at)`` after that.
    """
    row, bit = row_size(out, halves), at - (first << BYTE_SHIFT)
    while i + row <= end and (bit >> BYTE_SHIFT) + U_ROW_BYTES <= np.uint64(data.size):
        bit = log_row(tokens, i, data, bit, out, halves)
        i += row
    return i, bit + (first << BYTE_SHIFT)


@inner
def bins_rows(tokens, i, end, data, first, at, bases, widths, out):
    """The same with tokens that are numbers of bins, as `ansflow.kernels.transforms.bins` has them.

    Numbers have 32 or 64 bits.
    """
    row, bit = row_size(out, None), at - (first << BYTE_SHIFT)
    while i + row <= end and (bit >> BYTE_SHIFT) + U_ROW_BYTES <= np.uint64(data.size):
        bit = bins_row(tokens, i, data, bit, bases, widths, out)
        i += row
    return i, bit + (first << BYTE_SHIFT)


@inner
def lin_rows(tokens, i, end, data, first, at, base, shift, out):
    """The same with linear tokens; `at` is a multiple of 8."""
    row, byte = row_size(out, None), (at >> BYTE_SHIFT) - first
    while i + row <= end and byte + U_ROW_BYTES <= np.uint64(data.size):
        lin_row(tokens, i, data, byte, base, shift, out)
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
    row, bits = row_size(items, None), item_bits(items)
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
