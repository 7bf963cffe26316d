"""Ways to predict numbers that were tried, what each takes, and the cheapest of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy.typing as npt

from ansflow.transforms.choosing.axes import Axes, differences, long_axes
from ansflow.transforms.choosing.dealt import are_all
from ansflow.transforms.choosing.predictor import Predictor
from ansflow.transforms.recipe import Recipe

__all__ = ["WORTH_BITS", "Numbers", "Offer", "Offers", "Way", "bits_of_offer"]

Numbers = npt.NDArray[Any]

# What another kind of tokens must gain, besides a share: in numbers that hardly differ, a large one
# that the sample lacks costs more than they gain.
WORTH_BITS = 0.05

# Differences along axes, or another way to predict numbers.
Way = Axes | Literal["rising", "lines"]

# What a `Predictor` is made of, if it wins.
Offer = tuple[Recipe | None, int, float, Numbers | Axes, bool]

NO_AXES: frozenset[int] = frozenset()

RISE = math.inf, 0.0  # what is told of differences that weren't tried: that numbers rise


class Offers:
    """What was tried on numbers, until now.

    Parameters
    ----------
    numbers : contiguous ndarray of unsigned integers, shape (boxes, ...)
    items : float
        How many a chunk has, which pay for a table.
    is_filled : bool
        Whether some are there in place of a pattern that was taken out.
    coarse : bool
        Whether a chunk has a few differences that are far from those of a sample, so that linear
        tokens are too coarse for the others.
    whole_rows : bool
        Whether the last of several axes is as long as in a chunk, so that it is known how many
        numbers are at the beginning of one. A single box has all axes whole.

    Attributes
    ----------
    long : tuple of int
        The axes along which numbers have neighbours enough.
    whole : frozenset of int
        The axes but the first that are as long as those of a chunk.
    tried : dict
        For each way, what it takes with logarithmic tokens, and which share of what it leaves is
        negative, about.
    offered : list of Offer
        What was the best at some time, or seemed so.
    bits : float
        Those of the best.
    plain : float
        Bits of numbers that are not predicted.
    linear : float
        What the best takes with linear tokens.
    way : Way
        That of the best.
    """

    bits = plain = linear = math.inf
    way: Way = ()
    _best: Offer

    def __init__(
        self, numbers: Numbers, items: float, is_filled: bool, coarse: bool, whole_rows: bool
    ) -> None:
        self.numbers, self.items = numbers, items
        self.is_filled, self.coarse, self.whole_rows = is_filled, coarse, whole_rows
        self.long = long_axes(numbers.shape)
        self.whole = _whole_axes(numbers, items, whole_rows) if numbers.ndim > 2 else NO_AXES
        self.tried: dict[Way, Sequence[float]] = {}
        self.offered: list[Offer] = []

    @property
    def best(self) -> Predictor:
        return Predictor(*self._best)

    @property
    def best_axes(self) -> Axes:
        """Those of the differences that are best; none if something else is."""
        *_, predictor, _ = self._best
        return predictor if isinstance(predictor, tuple) else ()

    @property
    def left(self) -> Numbers:
        """What the best leaves, as unsigned integers."""
        *_, left, _ = self._best
        return differences(self.numbers, left) if isinstance(left, tuple) else left

    def others(self, more: float) -> list[Predictor]:
        """Those that take at most this share more than the best, which is one of them, by bits."""
        most = self.bits * (1 + more)
        found = [one for one in self.offered if bits_of_offer(one) <= most]
        return [Predictor(*one) for one in sorted(found, key=bits_of_offer)]

    def share_below(self, axes: Axes) -> float:
        """Which share of some differences is negative."""
        return self.tried.get(axes, RISE)[1]

    def with_borders(self, bits: float, axes: Axes) -> float:
        """Bits a number if those at the begin of a row are not predicted along it."""
        plain, _ = self.tried.get((), (bits, 0.0))
        for axis in self.whole.intersection(axes):
            others = tuple([one for one in axes if one != axis])
            alone, _ = self.tried.get(others, (plain, 0.0))
            bits += axes.count(axis) / self.numbers.shape[axis] * max(0.0, alone - bits)
        return bits

    def offer(
        self,
        stage: Recipe | None,
        tokens: int,
        bits: float,
        left: Numbers | Axes,
        *,
        signed: bool = False,
        way: Way | None = None,
        worth: float = 0.0,
    ) -> None:
        """Take what would be a `Predictor` of these if it gains this share."""
        offered = stage, tokens, bits, left, signed
        self.offered.append(offered)
        if bits < self.bits * (1 - worth):
            self.bits, self._best = bits, offered
            self.way = self.way if way is None else way


def _whole_axes(numbers: Numbers, items: float, whole_rows: bool) -> frozenset[int]:
    """The axes but the first that are as long as those of a chunk."""
    axes = range(2, numbers.ndim)
    if are_all(numbers, items):
        return frozenset(axes)
    return frozenset(axes[-1:] if whole_rows else ())


def bits_of_offer(offer: Offer) -> float:
    return offer[2]
