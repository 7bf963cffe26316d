"""Random edge coding: edges whose vertices are drawn from an urn, and whose order costs nothing.

A Polya urn has a ball for each vertex at first. A ball that is drawn is put back with another one
of the same vertex, so that vertices of many edges are more probable. Two draws are an edge. The
probability of a sequence of edges depends on the degrees alone, neither on the order of the edges
nor on the order of the two vertices. So a push takes them in orders that it pops from the stack.

With k edges left, 2 k slots are popped. Those of an edge are consecutive: the first half of them
says that its vertices are drawn in ascending order, the second half that they are not. Both draws
of a loop, an edge from a vertex to itself, are the same, and all its slots say so.
"""

import numpy as np

from ansflow.kernels.constants import ONE, U_STACK_WORD_BITS, U_STACK_WORD_MASK, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.stack.draws import FEWER, MORE, divide, put_slot
from ansflow.kernels.stack.heads import UNDERFLOW, following, preceding, refill
from ansflow.kernels.structures.fenwick import change, change_at, fill
from ansflow.kernels.structures.sorted_blocks import find, find_place, gather, insert, start

__all__ = ["pop", "push"]


@kernel
def push(heads, tail, size, keys, copies, copy_sums, balls, ball_sums, left, lowest):
    """Push a multiset of edges; return the size of the tail, or `UNDERFLOW`.

    Parameters
    ----------
    heads : uint64[lanes]
        Updated in place.
    tail : uint32[]
        At least ``1 + 3 * left`` longer than `size`. At most one word for each edge is popped.
    size : uint64
    keys : uint64[d]
        The edges that differ, sorted: ``a << 32 | b`` for vertices a <= b.
    copies : uint32[d]
        How often each occurs; 0 at the end.
    copy_sums : uint32[]
        Room for a `fenwick` tree of them.
    balls : uint32[n]
        One more than the degree of each vertex, where loops count twice; 1 at the end.
    ball_sums : uint32[]
        Room for a `fenwick` tree of them.
    left : uint64
        The number of all edges, with n + 2 * left up to 2^30.
    lowest : uint64[1]
        The smallest size meanwhile.
    """
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    least, lane = size, left % lanes
    fill(copies, copy_sums)
    fill(balls, ball_sums)
    total = np.uint64(balls.size) + left + left
    while left > ZERO:
        lane = preceding(lane, lanes)
        quotient, slot, size = divide(heads[lane], left + left, tail, size)
        edge, within = change_at(copy_sums, slot >> ONE, FEWER)
        a, b = keys[edge] >> U_STACK_WORD_BITS, keys[edge] & U_STACK_WORD_MASK
        freq = np.uint64(copies[edge])
        copies[edge] -= MORE
        within += within + (slot & ONE)
        if a == b:
            freq += freq
        elif within >= freq:
            within -= freq
            a, b = b, a
        x, size = refill(quotient * freq + within, tail, size)
        if size == UNDERFLOW:
            return size
        least = min(least, size)
        balls[b] -= MORE
        total -= ONE
        before = change(ball_sums, b, FEWER)
        x, size = put_slot(x, before, np.uint64(balls[b]), total, tail, size)
        balls[a] -= MORE
        total -= ONE
        before = change(ball_sums, a, FEWER)
        heads[lane], size = put_slot(x, before, np.uint64(balls[a]), total, tail, size)
        left -= ONE
    lowest[0] = least
    return size


@kernel
def pop(heads, tail, size, blocks, filled, order, largest, sums, balls, ball_sums, lowest, out):
    """Undo `push`; return the size of the tail, or `UNDERFLOW`.

    Parameters
    ----------
    heads, tail, size
        The tail is at least ``1 + out.size`` longer than `size`. At most two words for each edge
        are popped.
    blocks, filled, order, largest, sums
        `sorted_blocks` for the keys of all edges, of any content.
    balls : uint32[n]
        All 1.
    ball_sums
        Room for a `fenwick` tree of them.
    lowest
        As for `push`.
    out : uint64[m]
        The keys of all edges, sorted.
    """
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    least = size
    used, lane, there, total = ONE, ZERO, ZERO, np.uint64(balls.size)
    start(filled, order, sums)
    fill(balls, ball_sums)
    while there < np.uint64(out.size):
        quotient, slot, size = divide(heads[lane], total, tail, size)
        a, within = change_at(ball_sums, slot, MORE)
        x, size = refill(quotient * np.uint64(balls[a]) + within, tail, size)
        if size == UNDERFLOW:
            return size
        balls[a] += MORE
        total += ONE
        quotient, slot, size = divide(x, total, tail, size)
        b, within = change_at(ball_sums, slot, MORE)
        x, size = refill(quotient * np.uint64(balls[b]) + within, tail, size)
        if size == UNDERFLOW:
            return size
        balls[b] += MORE
        total += ONE
        least = min(least, size)
        there += ONE
        key = min(a, b) << U_STACK_WORD_BITS | max(a, b)
        place = find_place(largest, sums, used, key, ZERO)
        within = find(blocks, filled, order, sums, place, key, ZERO)
        block, rank, freq = np.uint64(order[place]), np.uint64(sums[place]) + within, ONE
        if within < np.uint64(filled[block]) and blocks[block, within] == key:
            # It goes behind its equals, which often end in the same block.
            if largest[place] == key:
                place = find_place(largest, sums, used, key + ONE, ZERO)
            within = find(blocks, filled, order, sums, place, key + ONE, ZERO)
            freq += np.uint64(sums[place]) + within - rank
        used = insert(blocks, filled, order, largest, sums, used, place, within, key)
        rank += rank
        if a == b:
            freq += freq
        elif a > b:
            rank += freq
        heads[lane], size = put_slot(x, rank, freq, there + there, tail, size)
        lane = following(lane, lanes)
    gather(blocks, filled, order, used, out)
    lowest[0] = least
    return size
