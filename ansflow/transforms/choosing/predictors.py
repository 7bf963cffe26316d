"""What numbers in boxes are predicted by: neighbours along any axes, or straight lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations
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
    more_ways,
    orders,
    simple_ways,
    unsigned,
)
from ansflow.transforms.choosing.binned import try_bins
from ansflow.transforms.choosing.cost import WIDER, ways_cost
from ansflow.transforms.choosing.lines import (
    AS_LEVEL,
    LEVEL,
    NOISE_TWICE,
    NOISIER,
    RAMP,
    SHORTEST_LINE,
    WORTH_LINES,
    are_near_a_line,
    bits_by_lines,
)
from ansflow.transforms.choosing.offers import (
    WORTH_BITS,
    Numbers,
    Offers,
    Way,
    bits_of_offer,
)
from ansflow.transforms.choosing.predictor import BINS, RISING
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.start import UNTOUCHED

__all__ = ["Prediction"]

# Linear tokens must gain this share, as classes of rows do more for logarithmic ones.
WORTH_IT = 0.01
# Nor have symbols of 16 bits any: for that they seem so much longer than they are.
WIDE = 0.006
# Where rows are alike, as some of them tell, there are no classes, and less is enough: if means of
# rows vary by no more than by chance, or so many times what that varies by.
ENOUGH_IF_ALIKE, WIDE_IF_ALIKE, ALIKE_BY, ROW_DEVIATIONS = 0.004, 0.002, 1 << 12, 3
ONES = np.ones(ROW)

# What slopes of a surface must gain, as there is more noise in them.
WORTH_SLOPES = 0.05
THREE_AXES = 3

# A difference with the wrong sign takes all bits of a number: one of many may, which are told by so
# many numbers.
SELDOM, FALLS_BY = 1 / 256, 512
# The share of the first ones from which on it is not told by others.
OFTEN = 1 / 16

# So many numbers say enough of linear tokens.
ENOUGH_FOR_TOKENS = 1 << 12

# What is not so much more by a part of a sample may be less by all of it. To choose wrongly costs
# as little.
CLOSE = 1.002


class Prediction(Offers):
    """Ways to predict numbers from their neighbours, the simplest of which have been tried.

    These are differences along one axis at a time, and along the last two. Parameters are those of
    `Offers`.

    Attributes
    ----------
    simplest : float
        Bits with the best of them.
    """

    def __init__(
        self,
        numbers: Numbers,
        items: float,
        *,
        is_filled: bool = False,
        coarse: bool = False,
        whole_rows: bool = False,
    ) -> None:
        super().__init__(numbers, items, is_filled, coarse, whole_rows)
        self._try_axes(simple_ways(numbers.shape), linear="plain")
        self.plain = min(self.tried[()][0], self.linear)
        self._simplest, self.simplest = self.way, self.bits

    def try_all(
        self, every: Callable[[], Numbers | None] | None = None, *, quick: bool = False
    ) -> float:
        """Bits of the cheapest of all: along several axes, too, or more than once, and by lines.

        `every` makes the numbers in one axis that the sample is of, or None, in more time. To be
        `quick`, neither lines nor bins are tried.
        """
        width, long = self.numbers.itemsize, self.long
        ways, twice = more_ways(self.numbers.shape)
        rises = long[:1] == (1,) and width > 1
        self._try_axes(ways, twice, linear="rising" if rises else None)
        surface = self._likely_surface() if width > 2 and len(long) > 1 else ()
        if surface:
            self._try_axes((tuple(sorted(2 * surface)),), worth=WORTH_SLOPES)
        boxes, *shape = self.numbers.shape
        rows = shape[0] if len(long) == len(shape) == 1 and not quick else 0
        if rows and (boxes == 1 or rows >= SHORTEST_LINE) and self._may_be_lines():
            self._try_lines()
        if not quick:
            try_bins(self)
        if _is_coarse(*self._best) and self._has_outliers(every):
            self.coarse = True
            left = [one for one in self.offered if not _is_coarse(*one)]
            self._best = min(left, key=bits_of_offer)
            self.bits = bits_of_offer(self._best)
        return self.bits

    @property
    def is_clear(self) -> bool:
        """Whether it costs little at most to choose by a part of a sample alone.

        Whether numbers rise depends on a few negative differences, and lines on where they end: a
        part says little of these, nor of numbers that hardly differ in it, and few numbers say
        little of other tokens than logarithmic ones.
        """
        _, tokens, *_ = self._best
        are_enough = not tokens or self.numbers.size >= ENOUGH_FOR_TOKENS
        return isinstance(self.way, tuple) and self.bits > WORTH_BITS and are_enough

    def _close(self) -> list[Way]:
        tried = self.tried.items()
        most = min([bits for way, (bits, _) in tried if way != "rising"]) * CLOSE
        return [way for way, (bits, _) in tried if bits <= most or way == self.way]

    def again(self, numbers: Numbers) -> Prediction:
        """The same of more numbers, with what is close to the best for these."""
        other = Prediction.__new__(Prediction)
        known = self.is_filled, self.coarse, self.whole_rows
        Offers.__init__(other, numbers, self.items, *known)
        other.plain = self.plain
        others = [way for way in self._close() if way != self._simplest]
        other._try([self._simplest, *others])
        other._simplest, (other.simplest, _) = self._simplest, other.tried[self._simplest]
        if self._simplest == ():
            other.simplest = min(other.simplest, other.linear)
        _, tokens, *_ = self._best
        if tokens == BINS:
            try_bins(other)
        return other

    def _try(self, ways: list[Way]) -> None:
        axes = tuple([way for way in ways if isinstance(way, tuple)])
        self._try_axes(axes, linear="plain" if () in axes else None)
        if "rising" in ways:
            self._try_axes((), linear="rising")
        if "lines" in ways:
            self._try_lines()

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
        numbers, tried, whole, most = self.numbers, self.tried, self.whole, self.bits * (1 - worth)
        told = orders(ways, numbers.ndim), self.items
        costs, of_linear, falls = ways_cost(numbers, *told, linear=linear, enough=self.bits)
        for axes, cost in zip(ways, costs, strict=True):
            if whole:
                cost[0] = self.with_borders(cost[0], axes)
            tried[axes] = cost
            bits = cost[0]
            if bits >= most:
                continue
            self._best = delta(axes), 0, bits, axes, axes != ()
            self.bits, self.way, most = bits, axes, bits * (1 - worth)
            self.offered.append(self._best)
            if axes in repeated and len(axes) < MAX_LAGS:
                once_more = (axes + axes[:1],)
                self._try_axes(once_more, once_more)
                most = self.bits * (1 - worth)
        if linear == "rising":
            self._try_rising(of_linear, falls=falls)
        elif linear:
            self._offer_linear(None, of_linear, ())

    def _try_rising(self, linear: Sequence[float], *, falls: bool) -> None:
        """Other tokens for deltas along the first axis, and none for their sign."""
        bits = math.inf
        if not falls or self._falls_seldom():
            told = ways_cost(self.numbers, unsigned(self.numbers.ndim), self.items)
            [[bits, _]], *_ = told
            # What is as cheap as with signs is so without the first item as a symbol.
            self.offer(RISING, 0, math.nextafter(bits, 0), (1,), way="rising")
        self.tried["rising"] = bits, 0.0
        if not self.coarse:
            self._offer_linear(RISING, linear, (1,), way="rising")

    def _falls_seldom(self) -> bool:
        """Whether so few numbers are below the one before that the others may pay for them."""
        if self.share_below((1,)) > OFTEN:
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
        self, stage: Recipe | None, linear: Sequence[float], axes: Axes, way: Way = ()
    ) -> None:
        few, many = linear
        if few == many == math.inf:
            return  # others take less
        self.linear = min(self.linear, few, many * (1 + WIDE))
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
        count = some.size // ROW
        if count < 2:
            return True
        lengths = np.frexp(some[: count * ROW].astype(np.float64))[1].astype(np.float64)
        rows = lengths.reshape(count, ROW) @ ONES
        by_chance = ROW_DEVIATIONS * math.sqrt(2 / count)
        return _variance(rows) <= ROW * _variance(lengths) * (1 + by_chance)

    def _likely_surface(self) -> Axes:
        """Two axes of a surface, such as coordinates of a grid, that its slopes may predict, too.

        If three are best, these are the best two of them. There are none if one alone is best, or
        if differences along neither of them are predicted by those before.
        """
        axes = self.way
        if not isinstance(axes, tuple) or not 1 < len(set(axes)) == len(axes) <= THREE_AXES:
            return ()
        two = min(combinations(axes, MAX_LAGS // 2), key=lambda two: self.tried[two][0])
        has_slopes = any(self.tried[i, i][0] < self.tried[i,][0] for i in two)
        return two if has_slopes else ()

    def _may_be_lines(self) -> bool:
        """Whether lines are best for the box in the middle, which is near to one."""
        (plain, _), (bits, below), (twice, _) = self.tried[()], self.tried[1,], self.tried[1, 1]
        if abs(below - 1 / 2) < LEVEL and twice < bits + NOISIER:
            return False
        if plain < bits - AS_LEVEL or twice - NOISE_TWICE > self.bits * (1 - WORTH_LINES):
            return False
        middle = len(self.numbers) // 2
        if not are_near_a_line(self.numbers[middle]):
            return False
        bits, _ = bits_by_lines(self.numbers[middle : middle + 1], self.items)
        return bits < self.bits * (1 - WORTH_LINES)

    def _try_lines(self) -> None:
        bits, left = bits_by_lines(self.numbers, self.items)
        self.tried["lines"] = bits, 0.0
        self.offer(RAMP, 0, bits, left, way="lines", worth=WORTH_LINES)


def _is_coarse(stage: Recipe | None, tokens: int, *others: Any) -> bool:
    """Whether an offer is linear tokens of differences."""
    return stage is RISING and tokens > BINS


def _variance(numbers: npt.NDArray[np.float64]) -> float:
    """By no method of NumPy, which takes its time for a few hundred numbers."""
    apart = numbers - numbers.sum() / numbers.size
    return float(apart @ apart) / numbers.size


def _range(deltas: Numbers) -> int:
    """From the least to the greatest of them, in two's complement."""
    return int(extents(deltas.reshape(-1), *UNTOUCHED.masks)[3])
