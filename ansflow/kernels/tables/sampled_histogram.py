"""Counting some symbols instead of all.

One of eight pieces says nearly as much about a distribution as all, in a quarter of the time.
But each symbol that occurs needs a frequency, be it where nobody has looked. So all in a *range*
where most have been seen are taken to occur. There are two, as numbers of both signs have, and
symbols outside, few and far between, are looked for and counted everywhere.

Which piece of eight it is changes from one eight to the next, as rows of an array may have any
length and be alike.
"""

import functools

import numpy as np
import numpy.typing as npt

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import brief_kernel, inlined, inner, kernel
from ansflow.kernels.tables.histogram import count_bytes, count_symbols

__all__ = ["EVERY", "GROUP", "count_some"]

EVERY = 8
PIECE = 512  # symbols
GROUP = EVERY * PIECE
# Fractions of the golden ratio are spread evenly, and never repeat.
GOLDEN_RATIO = (1 + 5**0.5) / 2

# In a range, at least so many times as many symbols have been seen as have not. Outside, there may
# be one of so many.
MOST_SEEN, RARE = 4, 1 / 256

# Symbols that are looked at together for those outside.
U_BLOCK = np.uint64(256)


@inner
def settle_one(counts):
    """Make counts around the highest one those of all symbols, below zero, and say where.

    Returns
    -------
    ``(low, last, inside)``: the first symbol of the range, how far it is to the last, and how
    often they have been counted.
    """
    most = ZERO
    for s in range(np.uint64(counts.size)):
        most = np.uint64(s) if counts[s] > counts[most] else most
    low, high, seen, lacking = most, most, ONE, ZERO
    # First upwards, and then downwards; below zero is beyond all. It ends at another range.
    step = ~ZERO
    for _ in range(2):
        step = ZERO - step
        s, unseen = most + step, lacking
        while s < np.uint64(counts.size):
            if counts[s] == 0:
                unseen += ONE
            elif counts[s] < 0 or MOST_SEEN * unseen > seen + ONE:
                break
            else:
                seen, lacking = seen + ONE, unseen
                low, high = min(low, s), max(high, s)
            s += step
    inside = 0.0
    for s in range(low, high + ONE):
        inside += counts[s]
        counts[s] = -max(EVERY * counts[s], 1.0)
    return low, high - low, inside


@inlined
def beyond(symbol, low, last):
    """How far a symbol is from a low one, if that is more than to the last of its range; or 0."""
    number = type(symbol)
    far = number(symbol - low)
    return far if far > last else number(0)


@kernel
def count_outside(symbols, ranges, counts):
    """Add symbols that are not in either range to counts.

    Parameters
    ----------
    symbols : uint8[n] or uint16[n]
    ranges : uint64[4]
        As `settle` fills it.
    counts : float64[alphabet]
    """
    number, size = symbols.dtype.type, np.uint64(symbols.size)
    low, last = number(ranges[0]), number(ranges[1])
    other_low, other_last = number(ranges[2]), number(ranges[3])
    for begin in range(ZERO, size, U_BLOCK):
        end = min(begin + U_BLOCK, size)
        farthest = number(0)
        for i in range(begin, end):
            far, other = beyond(symbols[i], low, last), beyond(symbols[i], other_low, other_last)
            far = far if far < other else other
            farthest = far if far > farthest else farthest
        if farthest > 0:
            for i in range(begin, end):
                far = beyond(symbols[i], low, last)
                if far > 0 and beyond(symbols[i], other_low, other_last) > 0:
                    counts[symbols[i]] += 1


@brief_kernel
def settle(counts, ranges):
    """Make counts in two ranges those of all symbols, and zero outside.

    Parameters
    ----------
    counts : float64[alphabet]
    ranges : uint64[4]
        Filled: of each range the first symbol, and how far it is to the last.

    Returns
    -------
    What share of symbols have been seen outside; 1 if there is but one symbol inside.
    """
    total, inside, several = 0.0, 0.0, False
    for count in counts:
        total += count
    for k in range(2):
        if inside < total:
            low, last, own = settle_one(counts)
            ranges[2], ranges[3] = low, last
            if k == 0:
                ranges[0], ranges[1] = low, last
            inside, several = inside + own, several or last > ZERO
    for s in range(np.uint64(counts.size)):
        counts[s] = max(-counts[s], 0.0)
    return (total - inside) / total if several else 1.0


def count_some(
    symbols: npt.NDArray[np.uint8] | npt.NDArray[np.uint16],
    partial: npt.NDArray[np.uint32],
    counts: npt.NDArray[np.float64],
) -> bool:
    """Fill `counts` with estimates, positive for all symbols that occur.

    Parameters
    ----------
    symbols, partial, counts
        Those of `count_bytes`, or of `count_symbols`, but no symbol is beyond the alphabet. There
        are at least `GROUP`.

    Returns
    -------
    bool
        Whether they will do. If not, `counts` may be anything.
    """
    groups = symbols.size // GROUP
    pieces = symbols[: groups * GROUP].reshape(-1, PIECE)
    some = pieces.take(_places(groups), axis=0).reshape(-1)
    (count_bytes if symbols.itemsize == 1 else count_symbols)(some, partial, counts)
    ranges = np.empty(4, np.uint64)
    if settle(counts, ranges) > RARE:
        return False
    count_outside(symbols, ranges, counts)
    return True


@functools.lru_cache(64)
def _places(groups: int) -> npt.NDArray[np.intp]:
    """The pieces that are counted of so many groups."""
    group = np.arange(groups)
    return group * EVERY + (group * GOLDEN_RATIO % 1 * EVERY).astype(np.intp)
