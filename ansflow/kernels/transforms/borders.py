"""Where digits may begin in numbers: told by how often bits, or decimals, change.

In what moves from a number to the next by more or less, the last bits are the busiest, and so they
are in numbers of any size. Where one is much busier than the one below it, another digit begins.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, kernel

__all__ = ["bit_borders", "decimal_borders"]

TWO, TEN = np.uint64(2), np.uint64(10)


@inlined
def borders(same, more):
    """The places that are as they were so much less often than those below them.

    One alone is none if all below are always as they were: then numbers have a common divisor.
    """
    found, most = ZERO, np.uint64(same[0])
    for place in range(ONE, np.uint64(same.size)):
        before, here = np.uint64(same[place - ONE]), np.uint64(same[place])
        found |= np.uint64(float(before) > more * float(here)) << place
        most = max(most, here)
    return found


@inlined
def border_if_any(found, same, pairs):
    """The same, without one that is alone above places that never change."""
    if found & (found - ONE) == ZERO:
        place = ZERO
        while (found >> place) & ONE == ZERO and np.uint64(same[place]) == pairs:
            place += ONE
            if place == np.uint64(same.size):
                return ZERO
        if (found >> place) & ONE:
            return ZERO
    return found


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
    same : uint32[64]
        Zeros, which are filled with how often.

    Returns
    -------
    uint64
        A bit for each of them, but bit 0.
    """
    pairs = np.uint64(numbers.size) - lag
    for i in range(pairs):
        changed = numbers[i] ^ numbers[i + lag]
        for bit in range(np.uint64(same.size)):
            same[bit] += np.uint32(changed >> bit & ONE)
    for bit in range(np.uint64(same.size)):
        changes = np.uint64(same[bit])
        same[bit] = max(changes, pairs - changes)
    return border_if_any(borders(same, more), same, pairs)


@kernel
def decimal_borders(numbers, lag, more, same):
    """The same of decimals: of the powers of ten that digits of numbers may begin with."""
    pairs = np.uint64(numbers.size) - lag
    for i in range(pairs):
        number, other = numbers[i], numbers[i + lag]
        for place in range(np.uint64(same.size)):
            rest, other_rest = number // TEN, other // TEN
            same[place] += np.uint32(number - rest * TEN == other - other_rest * TEN)
            number, other = rest, other_rest
    return border_if_any(borders(same, more), same, pairs)
