"""Multisets of symbols of a table: as `ansflow.kernels.stack.integer_multisets`, with a CDF."""

import numpy as np

from ansflow.kernels.coders.rows import find_symbol
from ansflow.kernels.constants import ONE, U_STACK_LOW, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.stack.heads import UNDERFLOW, following, pop_head, preceding, push_head
from ansflow.kernels.stack.slots import divide, put_slot, refill, scale_of
from ansflow.kernels.structures.count_tree import add, take

__all__ = ["pop", "push"]


@kernel
def push(heads, tail, size, nodes, starts, left, cdf, precision, lowest):
    """Push a multiset; return the size of the tail, or `UNDERFLOW`.

    Parameters
    ----------
    heads : uint64[lanes]
        Updated in place.
    tail : uint32[]
        At least ``n + 1`` longer than `size`. At most n words are popped.
    size : uint64
    nodes, starts
        A `count_tree` of the symbols, of which none is left in the end.
    left : uint64
        Their number, n.
    cdf : uint32[1, alphabet + 1]
    precision : uint64
    lowest : uint64[1]
        The smallest size meanwhile.
    """
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    least = size
    c = scale_of(max(left, ONE))
    lane = left % lanes
    while left > ZERO:
        lane = preceding(lane, lanes)
        while (c + c) * left <= U_STACK_LOW:
            c += c
        quotient, slot, size = divide(heads[lane], c, left, tail, size)
        symbol, within, freq = take(nodes, starts, slot)
        x, size = refill(quotient * freq + within, tail, size, UNDERFLOW)
        if size == UNDERFLOW:
            return size
        least = min(least, size)
        left -= ONE
        begin = np.uint64(cdf[0, symbol])
        slots = np.uint64(cdf[0, symbol + ONE]) - begin
        heads[lane], size = push_head(x, begin, slots, precision, tail, size)
    lowest[0] = least
    return size


@kernel
def pop(heads, tail, size, nodes, starts, cdf, precision, lowest, out):
    """Undo `push`; return the size of the tail, or `UNDERFLOW`.

    Parameters
    ----------
    heads, tail, size
        As for `push`.
    nodes, starts
        A `count_tree` of the alphabet, without counts.
    cdf, precision, lowest
        As for `push`.
    out : int64[n]
        The symbols, in the order in which they were pushed.
    """
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    mask = (ONE << precision) - ONE
    least, c = size, U_STACK_LOW
    lane, there = ZERO, ZERO
    for i in range(out.size):
        x = heads[lane]
        symbol = find_symbol(cdf, ZERO, x & mask)
        begin = np.uint64(cdf[0, symbol])
        x = pop_head(x, begin, np.uint64(cdf[0, symbol + ONE]) - begin, precision)
        x, size = refill(x, tail, size, UNDERFLOW)
        if size == UNDERFLOW:
            return size
        least = min(least, size)
        there += ONE
        while c * there > U_STACK_LOW:
            c >>= ONE
        rank, freq = add(nodes, starts, np.uint64(symbol))
        heads[lane], size = put_slot(x, c, rank, freq, there, tail, size)
        out[i] = symbol
        lane = following(lane, lanes)
    lowest[0] = least
    return size
