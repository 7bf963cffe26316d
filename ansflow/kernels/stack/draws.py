"""Symbols drawn from an urn without replacement: each has as many slots as are left of it.

The steps on a head are those of `ansflow.kernels.stack.intervals`, which says why they are exact
inverses.
"""

import numpy as np

from ansflow.kernels.constants import ONE, U_STACK_LOW, ZERO
from ansflow.kernels.jit import inner, kernel
from ansflow.kernels.stack.heads import IMPOSSIBLE, UNDERFLOW, following, preceding, refill
from ansflow.kernels.stack.intervals import spill
from ansflow.kernels.structures.fenwick import change, change_at, fill

__all__ = ["FEWER", "MORE", "divide", "pop", "push", "put_slot"]

MORE = np.uint32(1)
FEWER = np.uint32(0xFFFF_FFFF)


@inner
def divide(x, total, tail, size):
    """Quotient and slot of a head, the first half of popping a slot of `total`.

    The second half is ``refill(quotient * freq + slot - start, tail, size)``.
    """
    x, size = spill(x, U_STACK_LOW // total * total, tail, size)
    quotient = x // total
    return quotient, x - quotient * total, size


@inner
def put_slot(x, start, freq, total, tail, size):
    """Undo both halves: push `freq` of `total` slots, from `start` on."""
    x, size = spill(x, U_STACK_LOW // total * freq, tail, size)
    quotient = x // freq
    x, left = refill(quotient * total + start + (x - quotient * freq), tail, size)
    # No word is due from an empty tail, unless another thread has changed the head.
    return x, ZERO if left == UNDERFLOW else left


@kernel
def push(heads, tail, size, counts, sums, total, symbols):
    """Push `symbols`; return the size of the tail, or `IMPOSSIBLE`.

    Parameters
    ----------
    heads : uint64[lanes]
        Updated in place.
    tail : uint32[]
        At least ``1 + n`` longer than `size`.
    size : uint64
    counts : uint32[]
        How many of each symbol are in the urn; overwritten.
    sums : uint32[]
        Room for a `fenwick` tree of them.
    total : uint64
        Of the counts, at least n, and up to 2^30.
    symbols : int64[n]
    """
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    i = np.uint64(symbols.size)
    for j in range(i):
        symbol = np.uint64(symbols[j])
        if symbol >= np.uint64(counts.size) or counts[symbol] == ZERO:
            return IMPOSSIBLE
        counts[symbol] -= MORE
    fill(counts, sums)
    lane = i % lanes
    while i > ZERO:
        i -= ONE
        lane = preceding(lane, lanes)
        symbol = np.uint64(symbols[i])
        before = change(sums, symbol, MORE)
        counts[symbol] += MORE
        heads[lane], size = put_slot(
            heads[lane], before, np.uint64(counts[symbol]), total - i, tail, size
        )
    return size


@kernel
def pop(heads, tail, size, counts, sums, total, symbols):
    """Pop all `symbols`; return the size of the tail, or `UNDERFLOW`. See `push`."""
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    lane = ZERO
    fill(counts, sums)
    for i in range(np.uint64(symbols.size)):
        quotient, slot, size = divide(heads[lane], total - i, tail, size)
        symbol, within = change_at(sums, slot, FEWER)
        x, size = refill(quotient * np.uint64(counts[symbol]) + within, tail, size)
        if size == UNDERFLOW:
            return size
        counts[symbol] -= MORE
        heads[lane], symbols[i] = x, symbol
        lane = following(lane, lanes)
    return size
