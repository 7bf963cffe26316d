"""Stencils: each number from a weighted sum of a few neighbours, which lie so many items before it.

All is exact in int64: numbers are below 2^32, weights below 2^17, and there are at most eight. The
sums of neighbours that are far enough away are known for many items at once. Only the last two
items have to be waited for, so that decoding takes a product, a sum and a shift for each.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, kernel

__all__ = ["FAR", "SHIFT", "add_sums", "subtract_sums"]

# Neighbours but the first two are at least so many items away, and weights are multiples of this
# power of two.
FAR, SHIFT = 8, 14
FRACTION = np.int64(SHIFT)
HALF = np.int64(1 << (SHIFT - 1))
TWO, FOUR = np.uint64(2), np.uint64(4)


@inlined
def end_of_piece(at, most, offsets):
    """Where the piece at `at` ends: all items of a piece have the same neighbours."""
    end = at + most
    for k in range(np.uint64(offsets.size)):
        if offsets[k] > at:
            end = min(end, offsets[k])
    return end


@kernel
def sum_neighbours(items, at, count, offsets, weights, first, sums):
    """Fill `sums` for a piece, from the neighbour `first` on.

    Returns the weight of the item before: its own, and those of neighbours that there are none of.
    """
    present, own = first, np.int64(weights[0])
    for k in range(first, np.uint64(offsets.size)):
        if offsets[k] <= at:
            present = k + ONE
        else:
            own += np.int64(weights[k])
    for i in range(count):
        sums[i] = HALF
    k = first
    while k + FOUR <= present:
        a, b = at - offsets[k], at - offsets[k + ONE]
        c, d = at - offsets[k + TWO], at - offsets[k + TWO + ONE]
        u, v = np.int64(weights[k]), np.int64(weights[k + ONE])
        w, z = np.int64(weights[k + TWO]), np.int64(weights[k + TWO + ONE])
        for i in range(count):
            total = u * np.int64(items[a + i]) + v * np.int64(items[b + i])
            total += w * np.int64(items[c + i]) + z * np.int64(items[d + i])
            sums[i] += total
        k += FOUR
    while k < present:
        a, u = at - offsets[k], np.int64(weights[k])
        for i in range(count):
            sums[i] += u * np.int64(items[a + i])
        k += ONE
    return own


@kernel
def subtract_sums(items, offsets, weights, sums, out):
    """Fill `out` with distances from weighted sums, folded as those of `delta` are.

    Parameters
    ----------
    items : uint8, uint16 or uint32[n]
    offsets : uint64[k]
        Ascending: 1, perhaps 2, and then none below `FAR`.
    weights : int32[k]
    sums : int64[most]
        Scratch, for so many items at once.
    out : uint[n], of the same width
    """
    number = out.dtype.type
    half = number(~number(0)) >> ONE
    size = np.uint64(items.size)
    at = ZERO
    while at < size:
        end = min(end_of_piece(at, np.uint64(sums.size), offsets), size)
        if at == ZERO:
            end, sums[0] = ONE, ZERO
        else:
            own = sum_neighbours(items, at, end - at, offsets, weights, ONE, sums)
            for i in range(end - at):
                sums[i] += own * np.int64(items[at + i - ONE])
        for i in range(end - at):
            y = number(items[at + i] - number(sums[i] >> FRACTION))
            out[at + i] = (y + y) ^ (ZERO - np.uint64(y > half))
        at = end


@kernel
def add_sums(items, offsets, weights, sums):
    """Undo `subtract_sums` in place."""
    number = items.dtype.type
    signed = np.int64
    size = np.uint64(items.size)
    near = TWO if offsets.size > 1 and offsets[1] == TWO else ONE
    most = np.uint64(sums.size)
    if near < np.uint64(offsets.size):
        most = min(most, offsets[near])
    if size > ZERO:
        y = items[0]
        items[0] = number((y >> ONE) ^ (ZERO - np.uint64(y & ONE)))
    at = ONE
    while at < size:
        end = min(end_of_piece(at, most, offsets), size)
        own = sum_neighbours(items, at, end - at, offsets, weights, near, sums)
        second, before = signed(0), signed(0)
        if near == TWO:
            if at >= TWO:
                second, before = signed(weights[1]), signed(items[at - TWO])
            else:
                own += signed(weights[1])
        for i in range(end - at):
            y = np.uint64(items[at + i])
            sums[i] += signed((y >> ONE) ^ (ZERO - (y & ONE))) << FRACTION
        last = signed(items[at - ONE])
        for i in range(end - at):
            known = sums[i] + second * before
            before = last
            x = number((known + own * last) >> FRACTION)
            last = signed(x)
            items[at + i] = x
        at = end
