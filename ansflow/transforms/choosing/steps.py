"""A common step of floats that isn't known beforehand, as of the readings of an instrument."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.kernels.transforms.steps import (
    agreed_step,
    keep_distinct,
    narrow_step,
    sizes_between,
)

__all__ = ["MANTISSA_BITS", "steps"]

Numbers = npt.NDArray[Any]

# By the bytes of a float; NumPy takes its time to say so.
MANTISSA_BITS = {2: 10, 4: 23, 8: 52}

# A common step is looked for between about so many numbers, or, if most of these are distinct,
# between all in one of so many parts of their range, which lie closer together.
SOME, PARTS = 512, 8

# A step is looked for among numbers up to this, so that sums of them are finite.
SMALLEST, LARGEST = 2.0**-1074, 2.0**1000
LARGEST_OF = {2: 65504.0, 4: float(np.finfo(np.float32).max), 8: LARGEST}

DIGITS = 17

# Numbers of the interval in which a step is known to be that are tried one by one, at most.
FEW = 8


def steps(
    doubles: npt.NDArray[np.float64], width: int
) -> Iterator[tuple[npt.NDArray[np.float64], bool]]:
    """Factors of a common step of nearly all numbers that isn't known beforehand.

    These were floats of so many bytes. There may be several factors next to each other, the first
    of which is the most likely one.
    """
    sizes = _between(doubles, SMALLEST, LARGEST_OF[width])
    # So that exceptions don't count for more than numbers that are there many times.
    few = sizes[:: sizes.size // SOME | 1].copy()
    some = _distinct(few)
    if some.size > few.size // 2:
        # Differences are smaller multiples, and the fewer steps Euclid's algorithm takes, the
        # better.
        low, high = some[some.size // 2], some[some.size // 2 + some.size // PARTS]
        some = _distinct(_between(sizes, low, high))
    if some.size < 3:
        return
    half_unit = 2.0 ** -(MANTISSA_BITS[width] + 1)
    step, error = map(float, agreed_step(some, half_unit))
    if not step:
        return
    sizes.sort()
    low, high = map(float, narrow_step(sizes, half_unit, step - error, step + error))
    if low > 0:
        yield _likely(1 / high, 1 / low), False
        yield _likely(low, high), True


def _between(values: npt.NDArray[np.float64], low: float, high: float) -> npt.NDArray[np.float64]:
    """The sizes of values that have one in an interval, in the same order."""
    found = np.empty_like(values)
    return found[: int(sizes_between(values, low, high, found))]


def _distinct(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The distinct ones of values, in ascending order; it is their memory."""
    values.sort()
    return values[: int(keep_distinct(values))]


def _likely(low: float, high: float) -> npt.NDArray[np.float64]:
    """Numbers of an interval: the one with the fewest digits, and all others if these are few.

    Its ends are known to a unit in the last place.
    """
    found, other, end = (
        [_shortest(low, high)],
        math.nextafter(low, 0),
        math.nextafter(high, high + 1),
    )
    while other <= end and len(found) <= FEW:
        found.append(other)
        other = math.nextafter(other, math.inf)
    return np.array(found if other > end else found[:1])


def _shortest(low: float, high: float) -> float:
    """The number of an interval with the fewest decimal digits."""
    middle = (low + high) / 2
    for digits in range(DIGITS):
        number = float(f"{middle:.{digits}e}")
        if low <= number <= high:
            return number
    return middle
