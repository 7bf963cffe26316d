"""How long to look for a recipe."""

from __future__ import annotations

import functools
from typing import NamedTuple

__all__ = ["Effort", "effort_of"]


class Effort(NamedTuple):
    """How much is tried, and on how much of an array.

    Parameters
    ----------
    size, boxes : int
        Items of a sample, and the boxes that it consists of.
    part : int
        One in so many items may be in the sample.
    some : int
        Items of a sample that maps are compared by, in a part of the boxes.
    few : int
        Items that facts are told by, such as how many are distinct.
    finalists : int
        How many maps are looked at with all predictors, after all were with the simplest ones.
    orders : tuple of int
        How many numbers before one may predict it together. Others than the first are tried if
        that is a gain.
    stencils : bool
        Whether weighted sums of neighbours along several axes may predict it.
    worth_many : float
        What a dictionary of many values must gain, as it takes long to make: a share of all bits.
    below : int
        A lower level, whose choice is tried, too; 0 for none.
    tried, most_tried : int
        Items that are coded with each of some recipes which seem about as good, at first and if
        that doesn't tell them apart.
    others : float
        How much more than the best these seem to take at most, as a share.
    most_others : int
        How many of them there are at most besides the best.
    quick : bool
        Whether to leave out what takes long to code, or to look for: bins, lines, dictionaries
        where numbers have an order of their own, maps for each column where one is for all, floats
        that are multiples of another step than powers of ten and of two, rows of a period, numbers
        that others far back predict, and digits.
    """

    size: int
    boxes: int
    part: int
    some: int
    few: int
    finalists: int
    orders: tuple[int, ...]
    stencils: bool
    worth_many: float
    below: int = 0
    tried: int = 0
    most_tried: int = 0
    others: float = 0.0
    most_others: int = 0
    quick: bool = False

    @functools.cache  # noqa: B019  (there is one for each level)
    def shared(self, count: int) -> Effort:
        """That for one of so many columns, of a sample for all."""
        some = min(self.some, max(FEWEST_SOME, self.some // count))
        few = min(self.few, max(FEWEST, self.few // count))
        return self._replace(some=some, few=few)


NEIGHBOURS = Effort(1 << 15, 16, 16, 1 << 13, 4096, 2, (), False, 0.04)
STENCILS = Effort(
    *(1 << 16, 8, 4, 1 << 14, 4096, 2, (12, 24, 4), True, 0.03),
    below=5,
    tried=1 << 16,
    most_tried=1 << 18,
    most_others=1,
)
OTHERS = STENCILS._replace(size=1 << 17, some=1 << 16, below=6, others=0.1, most_others=4)
# Up to a level.
EFFORTS = {
    2: Effort(1 << 12, 4, 16, 1 << 12, 1024, 1, (), False, 1, quick=True),
    5: NEIGHBOURS,
    6: STENCILS,
    8: OTHERS,
    9: OTHERS._replace(
        orders=(12, 24, 4, 32), tried=1 << 20, most_tried=1 << 20, others=0.3, most_others=6
    ),
}

OF_LEVELS = [next(one for most, one in EFFORTS.items() if level <= most) for level in range(10)]

# Columns share these items, but each has so many at least.
FEWEST_SOME, FEWEST = 4096, 2048


def effort_of(level: int) -> Effort:
    """That of a level, 1 to 9."""
    return OF_LEVELS[level]
