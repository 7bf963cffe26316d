"""What numbers in boxes are predicted by: neighbours along any axes, or straight lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ansflow.kernels.coders.row_classes import ROW
from ansflow.kernels.transforms.cost import FEW_LINEAR, MANY_LINEAR
from ansflow.kernels.transforms.finish import MAX_LAGS
from ansflow.kernels.transforms.lin import extents
from ansflow.transforms.choosing.axes import (
    Axes,
    delta,
    differences,
    long_axes,
    more_axes,
    orders,
    simple_axes,
    unsigned,
)
from ansflow.transforms.choosing.cost import WIDER, bins_bits, halves, log_bits, ways_cost
from ansflow.transforms.choosing.lines import (
    LEVEL,
    NOISIER,
    RAMP,
    SHORTEST_LINE,
    WORTH_LINES,
    are_near_a_line,
    bits_by_lines,
)
from ansflow.transforms.choosing.predictor import BINS, RISING, Predictor
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.start import UNTOUCHED

__all__ = ["Prediction"]

Numbers = npt.NDArray[Any]

# Linear tokens must gain this share, as classes of rows do more for logarithmic ones, and so many
# bits: in numbers that hardly differ, a large one that the sample lacks costs more than they gain.
WORTH_IT, WORTH_BITS = 0.01, 0.05
# Nor have symbols of 16 bits any: for that they seem so much longer than they are.
WIDE = 0.006
# Where rows are alike, as some of them tell, there are no classes, and less is enough: if means of
# rows vary by no more than by chance, or so many times what that varies by.
ENOUGH_IF_ALIKE, WIDE_IF_ALIKE, ALIKE_BY, ROW_DEVIATIONS = 0.004, 0.002, 1 << 13, 3

# What slopes of a surface must gain, as there is more noise in them.
WORTH_SLOPES = 0.05

# Fewer numbers do not pay for bins.
FEWEST_BINNED = 16
# What bins must gain, as they are slower, and where rows lie above each other, which tell more of
# tokens. That of differences made non-negative is less sure, above all in rows.
WORTH_BINS, WORTH_BINS_OF_ROWS = 0.02, 0.04
WORTH_FOLDED, WORTH_FOLDED_OF_ROWS = 0.02, 0.2
# They are tried for numbers as they are if these take at most so many times as much as what is
# best, or if nothing takes less than such a share of all bits in rows; for differences with one
# sign but for this share; and for others that take so many bits that they aren't one token each,
# but not as many as noise. Columns have bins of their own, or none.
NEAR, NOISY, ONE_SIDED, FEW_BITS, FEW_COLUMNS = 1.5, 0.6, 0.2, 2, 16
NOISE = 0.7

# A difference with the wrong sign takes all bits of a number: one of many may, which are told by so
# many numbers.
SELDOM, FALLS_BY = 1 / 256, 512
# The share of the first ones from which on it is not told by others.
OFTEN = 1 / 16

# What is not so much more by a part of a sample may be less by all of it.
CLOSE = 1.02


# Other ways to predict them, too.
Way = Axes | Literal["rising", "lines"]

# What a `Predictor` is made of, if it wins.
Offer = tuple[Recipe | None, int, float, Numbers | Axes, bool]

RISE = math.inf, 0.0  # what is told of differences that weren't tried: that numbers rise


class Prediction:
    """Ways to predict numbers from their neighbours.

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

    Attributes
    ----------
    best : Predictor
        The cheapest that has been tried: to begin with, differences along one axis at a time, and
        along the last two.
    bits : float
        Those of the best.
    simplest : float
        Bits with the best of what is tried to begin with.
    plain : float
        Bits of numbers that are not predicted.
    long : tuple of int
        The axes along which numbers have neighbours enough.
    """

    bits = math.inf
    _best: Offer
    _way: Way = ()  # that of the best
    _linear = math.inf  # what the best takes with linear tokens

    def __init__(
        self, numbers: Numbers, items: float, *, is_filled: bool = False, coarse: bool = False
    ) -> None:
        self.is_filled, self._coarse = is_filled, coarse
        self._begin(numbers, items)
        self._try_axes(simple_axes(self.long), linear="plain")
        self.plain = min(self._tried[()][0], self._linear)
        self._simplest, self.simplest = self._way, self.bits

    def _begin(self, numbers: Numbers, items: float) -> None:
        self.numbers = numbers
        self.items = items
        self.long = long_axes(numbers.shape)
        # What each way takes with logarithmic tokens, and which share of what it leaves is
        # negative, about; and what was the best at some time, or seemed so.
        self._tried: dict[Way, Sequence[float]] = {}
        self._offered: list[Offer] = []

    @property
    def best(self) -> Predictor:
        return Predictor(*self._best)

    def try_all(self, every: Callable[[], Numbers | None] | None = None) -> float:
        """Bits of the cheapest of all: along several axes, too, or more than once, and by lines.

        `every` makes the numbers in one axis that the sample is of, or None, in more time.
        """
        several, twice = more_axes(self.long)
        rises = self.long[:1] == (1,) and self.numbers.itemsize > 1
        self._try_axes(several + twice, twice, linear="rising" if rises else None)
        if isinstance(self._way, tuple) and self._may_be_smooth(self._way):
            self._try_axes((tuple(sorted(2 * self._way)),), worth=WORTH_SLOPES)
        boxes, *shape = self.numbers.shape
        rows = shape[0] if len(self.long) == len(shape) == 1 else 0
        if rows and (boxes == 1 or rows >= SHORTEST_LINE) and self._may_be_lines():
            self._try_lines()
        if self.numbers.itemsize > 1 and self.numbers.size >= FEWEST_BINNED:
            self._try_bins()
        if _is_coarse(*self._best) and self._has_outliers(every):
            self._coarse = True
            left = [one for one in self._offered if not _is_coarse(*one)]
            self._best = min(left, key=_bits)
            self.bits = _bits(self._best)
        return self.bits

    def _try_bins(self) -> None:
        """Bins of numbers as they are, and of the differences that are best.

        Those with one sign are not made non-negative, as others are. Numbers that were filled in
        come again in a sample, and other ones elsewhere: it says too much of them.
        """
        # A row of a period is no row of columns.
        has_rows = self.numbers.ndim - self._coarse > 2
        if has_rows and self.numbers.shape[-1] <= FEW_COLUMNS:
            return
        in_rows = len(self.long) > 1
        tried: list[tuple[Axes, bool]] = []
        share = self.bits / (8 * self.numbers.itemsize)
        near = self.plain <= NEAR * self.bits or (in_rows and share > NOISY)
        if near and not (in_rows and self.is_filled):
            tried.append(((), False))
        *_, predictor, _ = self._best
        best = predictor if isinstance(predictor, tuple) else ()
        if best and self._is_one_sided(best):
            tried.append((best, False))
        elif self._coarse and self._is_one_sided((1,)):
            tried.append(((1,), False))
        if best and self.bits > FEW_BITS and share < NOISE and not self.is_filled:
            tried.append((best, True))
        for axes, folded in tried:
            left = differences(self.numbers, axes)
            bits = bins_bits(left, self.items, signed=folded)
            if bits >= self.bits - WORTH_BITS:
                continue
            bits *= self._less_by_half(left, axes)
            if folded:
                worth = WORTH_FOLDED_OF_ROWS if in_rows else WORTH_FOLDED
                self.offer(delta(axes), BINS, bits, axes, signed=True, worth=worth)
            else:
                worth = WORTH_BINS_OF_ROWS if in_rows else WORTH_BINS
                self.offer(delta(axes, "rising"), BINS, bits, axes, worth=worth)

    def _less_by_half(self, left: Numbers, axes: Axes) -> float:
        """By how much less the half that tells of bins takes with tokens than all do, at least 1.

        There may be nothing in some boxes.
        """
        if len(left) == 1:
            return 1.0
        _, told_by = halves(left)
        of_half = log_bits(np.ascontiguousarray(told_by), signed=axes != (), items=self.items)
        of_all, _ = self._tried.get(axes, (of_half, 0.0))
        return max(1.0, of_all / of_half) if of_half else math.inf

    def _is_one_sided(self, axes: Axes) -> bool:
        """Whether few of some differences, or most, are negative."""
        _, below = self._tried.get(axes, RISE)
        return not ONE_SIDED < below < 1 - ONE_SIDED

    @property
    def is_clear(self) -> bool:
        """Whether nothing else is nearly as cheap as the best.

        Linear tokens depend on a few large numbers, whether numbers rise on a few negative
        differences, and lines on where they end: a part of a sample says little of these.
        """
        may_be_linear = self._linear <= self.bits
        told = isinstance(self._way, tuple)
        return told and not may_be_linear and len(self._close()) == 1

    def _close(self) -> list[Way]:
        tried = self._tried.items()
        most = min([bits for way, (bits, _) in tried if way != "rising"]) * CLOSE
        return [way for way, (bits, _) in tried if bits <= most or way == self._way]

    def again(self, numbers: Numbers) -> Prediction:
        """The same of more numbers, with what is close to the best for these."""
        other = Prediction.__new__(Prediction)
        other.is_filled = self.is_filled
        other._begin(numbers, self.items)
        other.plain, other._coarse = self.plain, self._coarse
        others = [way for way in self._close() if way != self._simplest]
        other._try([self._simplest, *others])
        other._simplest, (other.simplest, _) = self._simplest, other._tried[self._simplest]
        if self._simplest == ():
            other.simplest = min(other.simplest, other._linear)
        _, tokens, *_ = self._best
        if tokens == BINS:
            other._try_bins()
        return other

    def _try(self, ways: list[Way]) -> None:
        axes = tuple([way for way in ways if isinstance(way, tuple)])
        self._try_axes(axes, linear="plain" if () in axes else None)
        if "rising" in ways:
            self._try_axes((), linear="rising")
        if "lines" in ways:
            self._try_lines()

    def others(self, more: float) -> list[Predictor]:
        """Those that take at most this share more than the best, which is one of them, by bits."""
        most = self.bits * (1 + more)
        found = [one for one in self._offered if _bits(one) <= most]
        return [Predictor(*one) for one in sorted(found, key=_bits)]

    @property
    def left(self) -> Numbers:
        """What the best leaves, as unsigned integers."""
        *_, left, _ = self._best
        return differences(self.numbers, left) if isinstance(left, tuple) else left

    def _try_axes(
        self,
        ways: tuple[Axes, ...],
        repeated: tuple[Axes, ...] = (),
        *,
        linear: Literal["plain", "rising"] | None = None,
        worth: float = 0.0,
    ) -> None:
        """Try differences, and some of them once more if they are the best until now.

        Linear tokens are for numbers as they are, or for deltas along the first axis, which are
        tried without a sign, too: deltas along others lead from the end of a row to the next one,
        which is far away.
        """
        if not (ways or linear):
            return
        told = orders(ways, self.numbers.ndim)
        costs, bits_of_linear, falls = ways_cost(
            self.numbers, told, self.items, linear=linear, enough=self.bits
        )
        for axes, cost in zip(ways, costs, strict=True):
            self._tried[axes] = cost
            bits, _ = cost
            if bits >= self.bits * (1 - worth):
                continue
            self._best = delta(axes), 0, bits, axes, axes != ()
            self.bits, self._way = bits, axes
            self._offered.append(self._best)
            if axes in repeated and len(axes) < MAX_LAGS:
                once_more = (axes + axes[:1],)
                self._try_axes(once_more, once_more)
        if linear == "rising":
            self._try_rising(bits_of_linear, falls=falls)
        elif linear:
            self._offer_linear(None, bits_of_linear, ())

    def _try_rising(self, linear: tuple[float, float], *, falls: bool) -> None:
        """Other tokens for deltas along the first axis, and none for their sign."""
        bits = math.inf
        if not falls or self._falls_seldom():
            told = ways_cost(self.numbers, unsigned(self.numbers.ndim), self.items)
            [[bits, _]], *_ = told
            # What is as cheap as with signs is so without the first item as a symbol.
            self.offer(RISING, 0, math.nextafter(bits, 0), (1,), way="rising")
        self._tried["rising"] = bits, 0.0
        if not self._coarse:
            self._offer_linear(RISING, linear, (1,), way="rising")

    def _falls_seldom(self) -> bool:
        """Whether so few numbers are below the one before that the others may pay for them."""
        _, below = self._tried.get((1,), RISE)
        if below > OFTEN:
            return False
        some = self.numbers[len(self.numbers) // 2].reshape(-1)[:FALLS_BY]
        return int(np.count_nonzero(some[1:] < some[:-1])) <= SELDOM * FALLS_BY

    def _has_outliers(self, every: Callable[[], Numbers | None] | None) -> bool:
        """Whether the range of all deltas is longer than those of the sample say.

        As little as one of them does that, as where a counter begins again.
        """
        numbers = None if every is None or self.numbers.ndim > 2 else every()
        if numbers is None or numbers.size < 2:
            return False
        return _range(numbers[1:] - numbers[:-1]) >> WIDER > _range(differences(self.numbers, (1,)))

    def _offer_linear(
        self, stage: Recipe | None, linear: tuple[float, float], axes: Axes, way: Way = ()
    ) -> None:
        few, many = linear
        if few == many == math.inf:
            return  # others take less
        self._linear = min(self._linear, few, many * (1 + WIDE))
        # Many have room for a number that is far from the others, even if these need only few.
        for tokens, bits in ((FEW_LINEAR, few), (MANY_LINEAR, many))[few == many :]:
            if bits >= self.bits - WORTH_BITS:
                continue
            gain = 1 - bits / self.bits
            alike = ENOUGH_IF_ALIKE < gain <= WORTH_IT and self._are_rows_alike()
            wide = (WIDE_IF_ALIKE if alike else WIDE) * (bits != few)
            worth = (ENOUGH_IF_ALIKE if alike else WORTH_IT) - wide
            self.offer(stage, tokens, bits * (1 + wide), axes, way=way, worth=worth)

    def _are_rows_alike(self) -> bool:
        """Whether rows of what the best leaves are about as long as each other."""
        some, (*_, signed) = self.left.reshape(-1)[:ALIKE_BY], self._best
        if signed:
            some = np.minimum(some, ~some)
        lengths = np.frexp(some[: some.size // ROW * ROW].astype(np.float64))[1]
        rows = lengths.reshape(-1, ROW).mean(axis=1)
        by_chance = ROW_DEVIATIONS * math.sqrt(2 / max(1, rows.size))
        return rows.size < 2 or bool(ROW * rows.var() <= lengths.var() * (1 + by_chance))

    def _may_be_smooth(self, axes: Axes) -> bool:
        """Whether a surface, such as coordinates of a grid, may be predicted by its slopes, too."""
        return 1 < len(set(axes)) == len(axes) <= MAX_LAGS // 2 and self.numbers.itemsize > 2

    def _may_be_lines(self) -> bool:
        """Whether lines are best for the box in the middle, which is near to one."""
        bits, below = self._tried[1,]
        if abs(below - 1 / 2) < LEVEL and self._tried[1, 1][0] < bits + NOISIER:
            return False
        middle = len(self.numbers) // 2
        if not are_near_a_line(self.numbers[middle]):
            return False
        bits, _ = bits_by_lines(self.numbers[middle : middle + 1], self.items)
        return bits < self.bits * (1 - WORTH_LINES)

    def _try_lines(self) -> None:
        bits, left = bits_by_lines(self.numbers, self.items)
        self._tried["lines"] = bits, 0.0
        self.offer(RAMP, 0, bits, left, way="lines", worth=WORTH_LINES)

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
        self._offered.append(offered)
        if bits < self.bits * (1 - worth):
            self.bits, self._best = bits, offered
            self._way = self._way if way is None else way


def _bits(offer: Offer) -> float:
    return offer[2]


def _is_coarse(stage: Recipe | None, tokens: int, *others: Any) -> bool:
    """Whether an offer is linear tokens of differences."""
    return stage is RISING and tokens > BINS


def _range(deltas: Numbers) -> int:
    """From the least to the greatest of them, in two's complement."""
    return int(extents(deltas.reshape(-1), *UNTOUCHED.masks)[3])
