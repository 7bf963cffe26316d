"""Running sums, register by register: the one loop over items that LLVM makes no vectors of.

Sums of one, two, four ... items come from adding a vector to itself, moved up by as many, within 16
bytes; from there on, the last sum of these is added to all of the next. That is LLVM IR, which
knows no instruction set: on machines without registers of that size, LLVM takes several smaller
ones, whose halves have little to tell each other.

What is done with items before and after that takes half as long here as in loops of its own.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import lower_builtin, type_callable

from ansflow.kernels.jit import inner
from ansflow.kernels.vector.ir import constant, element_pointer, i32, i64, pointer_to, splat, vector

__all__ = ["REGISTER_BYTES", "running_sums", "sum_of"]

REGISTER_BYTES = 64
SHIFTED_BITS = 128


@inner
def sum_of(total, item, folded):
    """A total and an item, which is negative if it is odd and `folded` is 1, and not 0."""
    number = type(total)
    return number(total + number(number(item >> folded) ^ number(number(0) - (item & folded))))


def running_sums(items, begin, end, total, masks):
    """Make of items their sums with all before them.

    Parameters
    ----------
    items : uint[n]
    begin, end : uint64
        A multiple of `REGISTER_BYTES` apart.
    total : an integer of the same width
        The sum of the items before these.
    masks : None, or two integers of the same width
        If they are given, odd items are negative, and so many bits are inverted of sums whose
        highest bit is 0, and 1.

    Returns
    -------
    The last of the sums, in which no bits are inverted.
    """
    number = items.dtype.type
    for i in range(int(begin), int(end)):
        if masks is None:
            items[i] = total = number(total + items[i])
        else:
            total = sum_of(total, items[i], number(1))
            items[i] = total ^ masks[int(total) >> 8 * items.itemsize - 1]
    return total


def sums_before(step, count, bits):
    """For each item, the place of the sum of items before it that a step adds; `count` for none.

    Sums within 16 bytes grow by moving up. Then the last one of each run of items, of 16 bytes or
    twice as many or more, is added to all of the next run.
    """
    if step * bits < SHIFTED_BITS:
        run = SHIFTED_BITS // bits
        return [i - step if i % run >= step else count for i in range(count)]
    return [i // step * step - 1 if i // step % 2 else count for i in range(count)]


@type_callable(running_sums)
def type_sums(context):
    def result(items, begin, end, total, masks):
        return items.dtype

    return result


@lower_builtin(running_sums, types.Array, types.Integer, types.Integer, types.Integer, types.Any)
def lower_sums(context, builder, signature, arguments):
    array, begin, end, before, masks = arguments
    array_type, begin_type, end_type, before_type, masks_type = signature.args
    item = array_type.dtype
    count = REGISTER_BYTES * 8 // item.bitwidth
    kind = vector(ir.IntType(item.bitwidth), count)
    begin = context.cast(builder, begin, begin_type, types.uint64)
    end = context.cast(builder, end, end_type, types.uint64)
    before = context.cast(builder, before, before_type, item)
    data = context.make_array(array_type)(context, builder, array).data
    zeros, ones = ir.Constant(kind, None), constant(kind, 1)
    carry = cgutils.alloca_once_value(builder, splat(builder, before, kind))
    if masks_type != types.none:
        clear, set_ = (
            splat(builder, context.cast(builder, mask, given, item), kind)
            for mask, given in zip(cgutils.unpack_tuple(builder, masks), masks_type, strict=True)
        )
    with cgutils.for_range_slice(builder, begin, end, i64(count), inc=True) as (at, _):
        place = pointer_to(builder, element_pointer(builder, data, at), kind)
        sums = builder.load(place, align=1)
        if masks_type != types.none:
            signs = builder.sub(zeros, builder.and_(sums, ones))
            sums = builder.xor(builder.lshr(sums, ones), signs)
        for step in (1 << k for k in range(count.bit_length() - 1)):
            order = ir.Constant(vector(i32, count), sums_before(step, count, item.bitwidth))
            sums = builder.add(sums, builder.shuffle_vector(sums, zeros, order))
        last = builder.shuffle_vector(sums, zeros, constant(vector(i32, count), count - 1))
        totals = builder.add(sums, builder.load(carry))
        # Not from what is stored: so the next register waits for one addition alone.
        builder.store(builder.add(last, builder.load(carry)), carry)
        if masks_type != types.none:
            inverted = builder.select(builder.icmp_signed("<", totals, zeros), set_, clear)
            totals = builder.xor(totals, inverted)
        builder.store(totals, place, align=1)
    return builder.extract_element(builder.load(carry), i32(0))
