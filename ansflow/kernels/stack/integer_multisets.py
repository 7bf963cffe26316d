"""Multisets and sets of integers below a bound, whose order costs nothing.

A push takes the integers one by one: a slot that is popped says which of those that are left comes
next, and this one is pushed. It has as many slots as there are equal ones. A pop pops an integer,
puts it among those that it has, and pushes the slots that it has there.

The integers of a set are all different. Those that are still to be pushed are not possible then, so
that an integer is pushed by its rank among the others.
"""

import numpy as np

from ansflow.kernels.constants import ONE, U_STACK_LOW, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.stack.heads import UNDERFLOW, following, preceding
from ansflow.kernels.stack.slots import divide, pop_below, push_below, put_slot, refill, scale_of
from ansflow.kernels.structures.count_tree import count, fill, take
from ansflow.kernels.structures.sorted_blocks import find, find_place, gather, insert, start

__all__ = ["distinct", "pop", "push"]


@kernel
def distinct(ordered, values, nodes, starts):
    """Values and their counts, a `count_tree`, of sorted integers.

    Parameters
    ----------
    ordered : int64[n]
        At least one.
    values : int64[n]
        Where the values are written. It may be `ordered` itself.
    nodes, starts
        A tree of at least n symbols, all 0.
    """
    at = ZERO
    values[at] = ordered[at]
    for i in range(np.uint64(ordered.size)):
        value = ordered[i]
        at += np.uint64(value != values[at])
        values[at] = value
        count(nodes, starts, at)
    fill(nodes, starts)


@kernel
def push(heads, tail, size, nodes, starts, values, left, last, shift, weight, empty, lowest):
    """Push a multiset or a set; return the size of the tail, or `UNDERFLOW`.

    Parameters
    ----------
    heads : uint64[lanes]
        Updated in place.
    tail : uint32[]
        At least ``1 + n * digits`` longer than `size`. At most n words are popped.
    size : uint64
    nodes, starts
        A `count_tree` of the values, of which none is left in the end.
    values : int64[n]
        Each from 0 to `last`, and sorted.
    left : uint64
        The number of integers, n.
    last : uint64
        The highest integer possible.
    shift : uint64
        Its bits below the first digit.
    weight : uint64
        1 for sets, 0 for multisets.
    empty : uint64
        What an empty tail means, as in `ansflow.kernels.stack.slots`.
    lowest : uint64[1]
        The smallest size meanwhile.
    """
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    least = size
    c_last = scale_of((last >> shift) + ONE)
    c = scale_of(max(left, ONE))
    lane = left % lanes
    while left > ZERO:
        lane = preceding(lane, lanes)
        quotient, slot, size = divide(heads[lane], c, left, tail, size)
        symbol, within, freq = take(nodes, starts, slot)
        x, size = refill(quotient * freq + within, tail, size, empty)
        if size == UNDERFLOW:
            return size
        least = min(least, size)
        left -= ONE
        while (c + c) * max(left, ONE) <= U_STACK_LOW:
            c += c
        u = np.uint64(values[symbol]) - weight * (slot - within)
        heads[lane], size = push_below(x, u, last - weight * left, shift, c_last, tail, size)
    lowest[0] = least
    return size


@kernel
def pop(
    heads, tail, size, keys, filled, order, largest, sums, last, shift, weight, empty, lowest, out
):
    """Undo `push`; return the size of the tail, or `UNDERFLOW`.

    Parameters
    ----------
    heads, tail, size
        The tail is at least ``1 + n`` longer than `size`. At most ``n * digits`` words are popped.
    keys, filled, order, largest, sums
        `sorted_blocks` for n integers, of any content.
    last, shift, weight, empty, lowest
        As for `push`.
    out : int64[n]
        The integers, sorted.
    """
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    least = size
    used, lane, there = ONE, ZERO, ZERO
    start(filled, order, sums)
    c_last, c = scale_of((last >> shift) + ONE), U_STACK_LOW
    while there < np.uint64(out.size):
        u, x, size = pop_below(heads[lane], last - weight * there, shift, c_last, tail, size, empty)
        if size == UNDERFLOW:
            return size
        least = min(least, size)
        there += ONE
        while c * there > U_STACK_LOW:
            c >>= ONE
        bound = u + weight
        place = find_place(largest, sums, used, bound, weight)
        within = find(keys, filled, order, sums, place, bound, weight)
        block, rank, freq = np.uint64(order[place]), np.uint64(sums[place]) + within, ONE
        value = u + weight * rank
        if within < np.uint64(filled[block]) and keys[block, within] == value:
            # It goes behind its equals, which often end in the same block.
            if largest[place] == value:
                place = find_place(largest, sums, used, value + ONE, ZERO)
            within = find(keys, filled, order, sums, place, value + ONE, ZERO)
            freq += np.uint64(sums[place]) + within - rank
        used = insert(keys, filled, order, largest, sums, used, place, within, value)
        heads[lane], size = put_slot(x, c, rank, freq, there, tail, size)
        lane = following(lane, lanes)
    gather(keys, filled, order, used, out)
    lowest[0] = least
    return size
