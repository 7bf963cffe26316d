"""Whether times differ, from the ratios that several pairs of processes have found."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

CONFIDENCE = 0.99
FEWEST = 8  # with fewer, the smallest and the largest ratio are an interval of less confidence

SAME, SLOWER, FASTER = "no difference", "slower", "faster"


class Ratio(NamedTuple):
    """New over old: the median, and an interval for it."""

    median: float
    low: float
    high: float

    def verdict(self, least: float) -> str:
        """What is said of it, if only changes by a factor of more than `least` count."""
        if self.low > least:
            return SLOWER
        if self.high < 1 / least:
            return FASTER
        return SAME


def ratio_of(ratios: Sequence[float]) -> Ratio:
    """The median of ratios, with the narrowest interval of order statistics of `CONFIDENCE`.

    How many of n independent ratios lie below their median is binomial with probability 1/2,
    whatever their distribution. So the median lies between the k-th smallest and the k-th largest
    but with probability 2 P(fewer than k of n). Of 12, with k = 2, this is 0.6%: one ratio on
    either side may be anything.
    """
    n = len(ratios)
    if n < FEWEST:
        raise ValueError(f"an interval needs {FEWEST} ratios or more, not {n}")
    ordered, k, outside = sorted(ratios), 0, 0.0
    while outside + 2 * math.comb(n, k) / 2**n <= 1 - CONFIDENCE:
        outside += 2 * math.comb(n, k) / 2**n
        k += 1
    return Ratio(statistics.median(ordered), ordered[k - 1], ordered[n - k])
