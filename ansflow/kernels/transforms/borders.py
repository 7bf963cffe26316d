"""Where digits may begin in numbers: told by how often bits, or decimals, change.

In what moves from a number to the next by more or less, the last bits are the busiest, and so they
are in numbers of any size. Where one is much busier than the one below it, another digit begins.
"""

import math

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, kernel
from ansflow.kernels.transforms.words import bit_length

__all__ = ["PLACES", "bit_borders", "decimal_borders"]

# Places of decimals. Fewer bits than a binary64 number has are left for what is divided.
PLACES = 15
TENTH, TEN = 0.1, 10.0


@inlined
def borders(same, places, pairs, more, alone):
    """The places that are as they were so much less often than those below them.

    Above places that never change there is none `alone`, unless that is true: numbers that have
    these for a common divisor are divided by it.
    """
    found, first, still = ZERO, ZERO, not alone
    for place in range(ONE, max(places, ONE)):
        before, here = same[place - ONE], same[place]
        still &= np.uint64(before) == pairs
        if float(before) > more * float(here):
            found |= ONE << place
            first = first if found & (found - ONE) else ONE << place if still else ZERO
    return ZERO if found == first else found


@kernel
def bit_borders(numbers, lag, more, same):
    """The bits that digits of numbers may begin with.

    Parameters
    ----------
    numbers : uint64[n]
        With n above the lag.
    lag : uint64
        How many numbers before one is the one that it is compared with.
    more : float
        A bit is one of these if that below it is so many times as often the same, or in turn
        another, which says as much.
    same : uint32[W]
        Zeros, which are filled with how often. Bits from W on are not looked at.

    Returns
    -------
    uint64
        A bit for each of them, which is not bit 0.
    """
    pairs, ever = np.uint64(numbers.size) - lag, ZERO
    for i in range(pairs):
        ever |= numbers[i] ^ numbers[i + lag]
    places = min(np.uint64(same.size), bit_length(ever))
    for i in range(pairs):
        changed = numbers[i] ^ numbers[i + lag]
        for bit in range(places):
            same[bit] += np.uint32(changed >> bit & ONE)
    for bit in range(places):
        changes = np.uint64(same[bit])
        same[bit] = max(changes, pairs - changes)
    return borders(same, places, pairs, more, False)


@kernel
def decimal_borders(numbers, lag, more, alone, left, decimals, same):
    """The same of decimals: of the powers of ten that digits of numbers may begin with.

    There are none of numbers with more than `PLACES`. Those are taken off as binary64, which is
    exact then, as what a product is off by is less than a tenth, and a loop of vectors.

    Parameters
    ----------
    numbers, lag, more
        As in `bit_borders`.
    alone : bool
        Whether there may be one only, above places that never change.
    left, decimals : float64[n]
        Scratch.
    same : uint32[PLACES]
        Zeros, which are filled with how often.
    """
    size = np.uint64(numbers.size)
    pairs, most = size - lag, 0.0
    for i in range(size):
        left[i] = float(numbers[i])
        most = max(most, left[i])
    if most >= TEN ** float(PLACES):
        return ZERO
    places = ZERO
    while most >= 1.0:
        for i in range(size):
            rest = math.floor(left[i] * TENTH)
            decimals[i] = left[i] - rest * TEN
            left[i] = rest
        for i in range(pairs):
            same[places] += np.uint32(decimals[i] == decimals[i + lag])
        most = math.floor(most * TENTH)
        places += ONE
    return borders(same, places, pairs, more, alone)
