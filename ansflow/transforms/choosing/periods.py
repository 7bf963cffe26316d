"""Periods of numbers along their first axis, found by how their differences correlate."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.kernels.transforms.recurrence import correlations, may_recur

__all__ = ["STRONGLY", "WEAKLY", "periods"]

# A period has so many places at least, and a box has so many periods.
SHORTEST, FEWEST_ROWS = 2, 3
# What differences a period apart must correlate by to be predicted by weighted sums, and by their
# difference, which is smaller than they are from one half on; and how many periods are told.
WEAKLY, STRONGLY, MOST = 0.25, 0.5, 3
# What a few bits of differences must agree by for these to be looked at: a share of what they must
# correlate by: for normal ones that are to correlate by a half, two thirds. And what they must
# correlate by there, as far as whole logarithms tell.
SUSPICIOUS, LIKELY = 0.45, 0.75
# Digits of a correlation that tell periods apart: of multiples of one, the shortest come first. The
# shortest of all that are about as good as the best is one of those that are told, since what a
# period predicts badly, such as what follows a gap, is as many numbers as it has places.
ROUNDED, ABOUT = 2, 0.9


def periods(
    numbers: npt.NDArray[Any], least: float, boxes: int, places: int
) -> list[tuple[int, float]]:
    """The likeliest periods of numbers along their first axis, in ascending order.

    With each of them, what differences that far apart correlate by.

    Parameters
    ----------
    numbers : contiguous ndarray of unsigned integers, shape (boxes, n, ...)
        Differences are taken in two's complement, and by the logarithm of their size, so that a
        few large ones don't hide all others.
    least : float
        What differences a period apart must correlate by.
    boxes, places : int
        So many boxes are looked at, about, and so many places of each.
    """
    step = -(-len(numbers) // boxes)
    # Places, with the longest period behind them.
    size = (min(places, numbers.shape[1]) - 1) * (FEWEST_ROWS + 1) // FEWEST_ROWS
    count = size * FEWEST_ROWS // (FEWEST_ROWS + 1)
    longest = size - count
    if longest < SHORTEST or count < longest + 2:  # what follows the longest one is looked at, too
        return []
    row = math.prod(numbers.shape[2:])
    box, found = numbers.size // len(numbers), np.empty(longest + 2)
    looked_at = step // 2 * box, step * box, len(range(step // 2, len(numbers), step))
    octets = np.frombuffer(numbers, np.uint8)
    told = octets, numbers.itemsize, *looked_at, (count + 1) * row, row
    if not may_recur(*told, longest + 1, SUSPICIOUS * least, LIKELY * least):
        return []
    if not correlations(*told, found):
        return []
    inner = found[SHORTEST : longest + 1]
    peaks = (inner > found[SHORTEST - 1 : longest]) & (inner >= found[SHORTEST + 1 :])
    [likely] = (peaks & (inner > least)).nonzero()
    if not likely.size:
        return []
    told_apart = [*zip((likely + SHORTEST).tolist(), inner[likely].tolist(), strict=True)]
    strength = {lag: round(correlation, ROUNDED) for lag, correlation in told_apart}
    best = sorted(told_apart, key=lambda one: -strength[one[0]])[:MOST]
    enough = ABOUT * strength[best[0][0]]
    shortest = next(one for one in told_apart if strength[one[0]] >= enough)
    if shortest[0] < min(best)[0]:
        best[-1] = shortest
    return sorted(best)
