"""Counts that change, in a Fenwick tree: the symbol at a rank, and the rank of a symbol.

``sums`` is uint32[2^k] for up to 2^k symbols. Entry i, with 2^j as its lowest bit, is the sum of
the counts of the 2^j symbols before symbol i; entry 0 is not used. Both functions go down from the
half of the symbols that a symbol is in to the symbol itself, and change the sums that it is part
of on their way.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, kernel

__all__ = ["change", "change_at", "fill", "size_for"]


def size_for(symbols: int) -> int:
    """The size of ``sums`` for so many symbols."""
    return 1 << max(0, symbols - 1).bit_length()


@kernel
def fill(counts, sums):
    """Make the sums of `counts`, uint32[n], for n up to the size of `sums`."""
    size = np.uint64(sums.size)
    for i in range(size):
        sums[i] = counts[i - ONE] if ZERO < i <= np.uint64(counts.size) else ZERO
    for i in range(ONE, size):
        above = i + (i & (~i + ONE))
        if above < size:
            sums[above] += sums[i]


@inlined
def change_at(sums, rank, difference):
    """Add a difference, modulo 2^32, to the count of the symbol at a rank below all counts' sum.

    Returns the symbol, and how many of it are before that rank.
    """
    symbol, step = ZERO, np.uint64(sums.size) >> ONE
    rank = np.uint32(rank)
    while step > ZERO:
        here = sums[symbol + step]
        before = np.uint32(here <= rank)
        sums[symbol + step] = here + difference * (np.uint32(1) - before)
        rank -= here * before
        symbol += step * np.uint64(before)
        step >>= ONE
    return symbol, np.uint64(rank)


@inlined
def change(sums, symbol, difference):
    """Add a difference, modulo 2^32, to the count of a symbol; return the sum of those before."""
    at, step = ZERO, np.uint64(sums.size) >> ONE
    rank = np.uint32(0)
    while step > ZERO:
        here = sums[at + step]
        before = np.uint32(at + step <= symbol)
        sums[at + step] = here + difference * (np.uint32(1) - before)
        rank += here * before
        at += step * np.uint64(before)
        step >>= ONE
    return np.uint64(rank)
