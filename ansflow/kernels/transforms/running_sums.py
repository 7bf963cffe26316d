"""Running sums of a register: the one loop over items that compilers do not turn into vectors.

Sums of one, two, four ... items come from adding a vector to itself, moved up by as many. That is
LLVM IR, which knows no instruction set: on machines without registers of that size, LLVM takes
several smaller ones.
"""

from llvmlite import ir
from numba import types
from numba.extending import lower_builtin, type_callable

from ansflow.kernels.vector.ir import element_pointer, i32, pointer_to, splat, vector

__all__ = ["REGISTER_BYTES", "running_sums"]

REGISTER_BYTES = 64


def running_sums(items, at, total):
    """Add to each item of ``items[at : at + REGISTER_BYTES / width]`` those before it, and `total`.

    Parameters
    ----------
    items : uint[n]
    at : uint64
    total : an integer of the same width

    Returns
    -------
    The last of the sums.
    """
    for i in range(int(at), int(at) + REGISTER_BYTES // items.itemsize):
        items[i] = total = items.dtype.type(total + items[i])
    return total


@type_callable(running_sums)
def type_sums(context):
    def result(items, at, total):
        return items.dtype

    return result


@lower_builtin(running_sums, types.Array, types.Integer, types.Integer)
def lower_sums(context, builder, signature, arguments):
    array, at, before = arguments
    array_type, at_type, before_type = signature.args
    item = array_type.dtype
    count = REGISTER_BYTES * 8 // item.bitwidth
    kind = vector(ir.IntType(item.bitwidth), count)
    at = context.cast(builder, at, at_type, types.uint64)
    before = context.cast(builder, before, before_type, item)
    data = context.make_array(array_type)(context, builder, array).data
    place = pointer_to(builder, element_pointer(builder, data, at), kind)
    sums = builder.load(place, align=1)
    zeros = ir.Constant(kind, None)
    for step in (1 << k for k in range(count.bit_length() - 1)):
        moved = [count + i if i < step else i - step for i in range(count)]  # from `count`: zeros
        order = ir.Constant(vector(i32, count), moved)
        sums = builder.add(sums, builder.shuffle_vector(sums, zeros, order))
    builder.store(builder.add(sums, splat(builder, before, kind)), place, align=1)
    # Not from what is stored: so the next register waits for one addition alone.
    return builder.add(before, builder.extract_element(sums, i32(count - 1)))
