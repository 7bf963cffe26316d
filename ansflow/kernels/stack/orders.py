"""The order of some of the elements of a multiset: a slot says which one of those left is next.

These are the steps of `ansflow.kernels.stack.integer_multisets` for elements that another codec
pushes and pops, many at a time.
"""

import numpy as np

from ansflow.kernels.constants import ONE, U_STACK_LOW, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.stack.heads import UNDERFLOW, following, preceding
from ansflow.kernels.stack.slots import divide, put_slot, refill, scale_of
from ansflow.kernels.structures.count_tree import add, take

__all__ = ["pop", "push"]


@kernel
def pop(heads, tail, size, nodes, starts, left, out):
    """Pop which elements are next, and take them out; return the size, or `UNDERFLOW`.

    Parameters
    ----------
    heads : uint64[lanes]
        Updated in place.
    tail : uint32[]
        At least one longer than `size`.
    size : uint64
    nodes, starts
        A `count_tree` of the elements that are left.
    left : uint64
        How many there are.
    out : int64[n]
        The numbers of the next n elements.
    """
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    c, lane = scale_of(max(left, ONE)), ZERO
    for i in range(out.size):
        while (c + c) * left <= U_STACK_LOW:
            c += c
        quotient, slot, size = divide(heads[lane], c, left, tail, size)
        out[i], within, freq = take(nodes, starts, slot)
        heads[lane], size = refill(quotient * freq + within, tail, size, UNDERFLOW)
        if size == UNDERFLOW:
            return size
        left -= ONE
        lane = following(lane, lanes)
    return size


@kernel
def push(heads, tail, size, nodes, starts, before, equal, left, numbers):
    """Undo `pop`, with another tree: it has no counts, and will have those of the new elements.

    Parameters
    ----------
    heads, tail, size
        The tail is at least ``n + 1`` longer than `size`.
    nodes, starts
        A `count_tree` for n elements, without counts.
    before, equal : int64[n]
        How many smaller elements than each of the new ones there were already, and equal ones.
    left : uint64
        How many there were in all.
    numbers : int64[n]
        The new ones, by numbers below n in their order.
    """
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    i = np.uint64(numbers.size)
    c, lane = scale_of(left + ONE), i % lanes
    while i > ZERO:
        i -= ONE
        lane = preceding(lane, lanes)
        left += ONE
        while c * left > U_STACK_LOW:
            c >>= ONE
        rank, count = add(nodes, starts, np.uint64(numbers[i]))
        rank += np.uint64(before[i])
        count += np.uint64(equal[i])
        heads[lane], size = put_slot(heads[lane], c, rank, count, left, tail, size)
    return size
