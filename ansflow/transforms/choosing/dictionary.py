"""What a dictionary takes besides its codes, by how many values a chunk is expected to have."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.kernels.transforms.cost import MANY_LINEAR
from ansflow.kernels.transforms.detect import count_codes
from ansflow.transforms.choosing.cost import bins_bits, ways_cost
from ansflow.transforms.recipe import Recipe

__all__ = ["DICT", "Dictionary", "Drawn", "drawn"]

Numbers = npt.NDArray[Any]

# Values that don't have codes of two bytes, or are as many as so many of all numbers.
MANY, MANY_OF_ALL = 1 << 16, 0.3

# How values are coded: by the gaps between them, which are often of a few kinds where values are
# multiples of something. Of values with codes of a byte there are too few to pay for bins, which
# must gain such a share.
DICT = Recipe("dict", (Recipe("delta", (Recipe("log"),), (0,)),))
DICT_IN_BINS = Recipe("dict", (Recipe("delta", (Recipe("bins"),), (0, "rising")),))
GAPS = np.array([[1, 1]], np.uint64)
FEWEST_BINNED, WORTH_BINS = 257, 0.03
# If there are no more than so many times as many values as in a sample, it has nearly all of them.
NEARLY_ALL = 1.25


class Drawn(NamedTuple):
    """How many codes of a dictionary were drawn, where a run of equal ones is drawn once.

    Attributes
    ----------
    codes : int
    once : int
        Values that were drawn once.
    distinct, of_half, of_quarter : float
        Distinct ones of all codes, and of every second and of every fourth of them, on average.
    often : float
        The share of the most frequent one, with all of its runs.
    """

    codes: int
    once: int
    distinct: float
    of_half: float
    of_quarter: float
    often: float

    def values_of(self, times: float) -> float:
        """How many values there are where so many times as many codes are drawn.

        By how much all have more values than half of them, and a half than a quarter: that falls at
        a constant rate, as with distinct words of a text (Heaps 1978).
        """
        if times <= 1:
            return self.distinct
        gain = math.log2(self.distinct / self.of_half)
        before = math.log2(self.of_half / self.of_quarter)
        rate, doublings = min(1.0, gain / before) if before else 1.0, math.log2(times)
        steps = doublings if rate == 1 else rate * (1 - rate**doublings) / (1 - rate)
        return float(self.distinct * 2 ** (gain * steps))


def drawn(codes: Numbers, values: int) -> Drawn:
    """Count codes, not empty, of a dictionary that has so many values."""
    wide = codes.reshape(-1).astype(np.uint32, copy=False)
    told = map(int, count_codes(wide, np.zeros(values, np.uint64)))
    found, once, distinct, of_halves, of_quarters, most = told
    return Drawn(found, once, distinct, of_halves / 2, of_quarters / 4, most / wide.size)


class Dictionary:
    """The values of a dictionary in a chunk of so many items, told by those of a sample.

    Parameters
    ----------
    codes, values : ndarray of unsigned integers, not empty
        What the transform makes of a sample.
    items : float
    most : float, optional
        How many values there are at most, if that is known.
    bins : bool, optional
        Whether gaps between values may be in bins.

    Attributes
    ----------
    recipe : Recipe
        The transform, without what is done with codes.
    expected : float
        How many values there are.
    """

    def __init__(
        self,
        codes: Numbers,
        values: Numbers,
        items: float,
        most: float = math.inf,
        *,
        bins: bool = False,
    ) -> None:
        self._items, self.most = items, most
        self._drawn = drawn(codes, values.size)
        expected = min(most, self._drawn.values_of(items / codes.size))
        self.expected = max(self._drawn.distinct, expected)
        [[gap, _]], *_ = ways_cost(values, GAPS, math.inf)
        self._gap = gap if values.size > 1 else 8.0 * values.itemsize
        self.recipe = DICT
        if bins and values.size >= FEWEST_BINNED:
            binned = bins_bits(values[np.newaxis], self.expected, (1,))
            if binned < self._gap * (1 - WORTH_BINS):
                self.recipe = DICT_IN_BINS
                # There may be other gaps between values that a sample lacks.
                if self.expected < values.size * NEARLY_ALL:
                    self._gap = binned

    @property
    def is_large(self) -> bool:
        """Whether it takes long to make, and its size is worth being told by more items."""
        return self.expected > min(MANY, MANY_OF_ALL * self._items)

    def bits(self, values: float) -> float:
        """Bits an item besides the codes of a sample, if a chunk has so many values.

        The more there are, the smaller are the gaps between them, and the longer the codes. If each
        has a token of its own, only those of rare ones are longer (Good 1953).
        """
        known, narrower = self._drawn, math.log2(values / self._drawn.distinct)
        rare = known.once / known.codes if values <= MANY_LINEAR else 1 - known.often
        return values * max(1.0, self._gap - narrower) / self._items + narrower * rare
