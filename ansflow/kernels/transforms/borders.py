"""Where digits may begin in numbers: told by how often bits, or decimals, change.

In what moves from a number to the next by more or less, the last bits are the busiest, and so they
are in numbers of any size. Where one is much busier than the one below it, another digit begins.
"""

import math

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, sampling_kernel
from ansflow.kernels.transforms.words import bit_length

__all__ = ["BITS", "PLACES", "digit_borders"]

BITS = 64
# Places of decimals. Fewer bits than a binary64 number has are left for what is divided.
PLACES = 15
TENTH, TEN = 0.1, 10.0


@inner
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


@inner
def count_bits(numbers, lag, same):
    """Count how often each bit is the same, or in turn another, which says as much.

    Returns how many bits ever change, with those below them.
    """
    pairs, ever = np.uint64(numbers.size) - lag, ZERO
    for i in range(pairs):
        ever |= numbers[i] ^ numbers[i + lag]
    places = bit_length(ever)
    for i in range(pairs):
        changed = numbers[i] ^ numbers[i + lag]
        for bit in range(places):
            same[bit] += np.uint32(changed >> bit & ONE)
    for bit in range(places):
        changes = np.uint64(same[bit])
        same[bit] = max(changes, pairs - changes)
    return places


@inner
def count_decimals(numbers, sign, lag, same):
    """Count how often each decimal is the same; returns how many there are, or 0 if too many.

    They are taken off as binary64, which is exact then, as what a product is off by is less than a
    tenth, and a loop of vectors.
    """
    size, most, places = np.uint64(numbers.size), 0.0, ZERO
    left, decimals = np.empty(size), np.empty(size)
    for i in range(size):
        left[i] = float(sign + sign - numbers[i] if numbers[i] & sign else numbers[i])
        most = max(most, left[i])
    if most >= TEN ** float(PLACES):
        return ZERO
    while most >= 1.0:
        for i in range(size):
            rest = math.floor(left[i] * TENTH)
            decimals[i] = left[i] - rest * TEN
            left[i] = rest
        for i in range(size - lag):
            same[places] += np.uint32(decimals[i] == decimals[i + lag])
        most = math.floor(most * TENTH)
        places += ONE
    return places


@sampling_kernel
def digit_borders(numbers, sign, lag, more, alone):
    """The bits and the powers of ten that digits of numbers may begin with.

    Parameters
    ----------
    numbers : uint64[n]
        With n above the lag. There are no decimals of those with more than `PLACES`.
    sign : uint64
        The bit that negative ones have, in two's complement; 0 if there are none.
    lag : uint64
        How many numbers before one is the one that it is compared with.
    more : (float, float)
        A bit, or a decimal, is one of these if that below it is so many times as often the same.
    alone : bool
        Whether there may be one decimal only, above others that never change.

    Returns
    -------
    tuple of uint64
        A bit for each of the bits, but bit 0, and one for each power of ten.
    """
    lag, same = np.uint64(lag), np.zeros((2, BITS), np.uint32)
    pairs = np.uint64(numbers.size) - lag
    bits = count_bits(numbers, lag, same[0])
    places = count_decimals(numbers, np.uint64(sign), lag, same[1])
    return (
        borders(same[0], bits, pairs, more[0], False),
        borders(same[1], places, pairs, more[1], alone),
    )
