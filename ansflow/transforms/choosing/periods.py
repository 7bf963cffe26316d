"""Periods of numbers along their first axis, found by how their differences correlate."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["STRONGLY", "WEAKLY", "periods"]

# A period has so many places at least, and a box has so many periods.
SHORTEST, FEWEST_ROWS = 2, 3
# So many boxes are looked at, and so many places of each.
BOXES, PLACES = 2, 1 << 14
# What differences a period apart must correlate by to be predicted by weighted sums, and by their
# difference, which is smaller than they are from one half on; and how many periods are told.
WEAKLY, STRONGLY, MOST = 0.25, 0.5, 3
# Digits of a correlation that tell periods apart: of multiples of one, the shortest come first.
ROUNDED = 2


def periods(numbers: npt.NDArray[Any], least: float) -> list[int]:
    """The likeliest periods of numbers along their first axis, in ascending order.

    Parameters
    ----------
    numbers : contiguous ndarray of unsigned integers, shape (boxes, n, ...)
        Differences are taken in two's complement, and by the logarithm of their size, so that a
        few large ones don't hide all others.
    least : float
        What differences a period apart must correlate by.
    """
    boxes, length, *others = numbers.shape
    some = numbers[:: -(-boxes // BOXES), :PLACES].reshape(
        -1, min(length, PLACES), math.prod(others)
    )
    count = some.shape[1] - 1
    longest = count // FEWEST_ROWS
    if longest < SHORTEST:
        return []
    deltas = np.diff(some, axis=1).view(f"i{numbers.itemsize}").astype(np.float32)
    swings = np.copysign(np.log2(1 + np.abs(deltas)), deltas)
    swings -= swings.mean(axis=1, keepdims=True)
    # Wiener-Khinchin: the power spectrum is the transform of the autocorrelation.
    size = 1 << (count + longest).bit_length()
    power = np.abs(np.fft.rfft(swings, size, axis=1)) ** 2
    found = np.fft.irfft(power.sum(axis=(0, 2)), size)[: longest + 2]
    if not found[0] > 0:
        return []
    found *= count / (found[0] * (count - np.arange(longest + 2)))
    inner = found[SHORTEST : longest + 1]
    peaks = (inner > found[SHORTEST - 1 : longest]) & (inner >= found[SHORTEST + 1 :])
    places = np.flatnonzero(peaks & (inner > least))
    best = places[np.argsort(-inner[places].round(ROUNDED), kind="stable")][:MOST]
    return sorted(int(place) + SHORTEST for place in best)
