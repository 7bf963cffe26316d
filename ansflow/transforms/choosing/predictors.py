"""What numbers in boxes are predicted by: neighbours along any axes, or straight lines."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from itertools import combinations
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.kernels.transforms.finish import MAX_LAGS
from ansflow.kernels.transforms.lin import extent
from ansflow.kernels.transforms.ramp import FEW, PIECE, fit_lines, subtract_lines
from ansflow.transforms.choosing.cost import bins_bits, lin_bits, log_bits, ways_bits
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.transform import Setting

__all__ = ["BINS", "Prediction", "Predictor"]

Numbers = npt.NDArray[Any]

# Axes shorter than this say too little: a part of all differences is across their ends. The first
# axis has no neighbours beyond those. Of longer axes, the last ones are tried.
SHORTEST_AXIS = 6
SHORTEST_FIRST = 3
MOST_AXES = 4

# Linear tokens must gain this share, as classes of rows do more for logarithmic ones, and so many
# bits: in numbers that hardly differ, a large one that the sample lacks costs more than they gain.
WORTH_IT, WORTH_BITS = 0.01, 0.05
# Bits by which the range of all deltas may be longer than that of a sample.
WIDER = 2

# Fewer numbers do not pay for bins.
FEWEST_BINNED = 16
# Instead of a number of tokens, which is a power of two.
BINS = 1
# What bins must gain, as they are slower, and where rows lie above each other, which tell more of
# logarithmic tokens.
WORTH_BINS, WORTH_BINS_OF_ROWS = 0.02, 0.15
# They are tried for numbers as they are if these take at most so many times as much as what is
# best, or are best where there are rows, and for differences with one sign but for this share of
# so many. Where there may be columns, these have bins of their own, or none.
NEAR, ONE_SIDED, ONE_SIDED_BY, FEW_COLUMNS = 1.1, 0.2, 512, 16

# What a line takes, about, and the tables of all lines of a chunk.
LINE_BITS, TABLES_OF_LINES = 48, 1000
# A shorter box says too little of a line through a piece, unless it is all there is.
SHORTEST_LINE = 250
# What lines must gain in boxes, which are shorter than pieces, and so nearer to their lines.
WORTH_LINES = 0.03
# Differences of numbers that lie so far apart are compared with those of neighbours: from a line
# through noise they are about equal, in a random walk they are nearly three times as large.
APART, MORE_APART = 8, 1.6
SPREAD_BY = 512
LINES = Recipe("delta", (Recipe("log"),), (0,))
RISING = Recipe("delta", (), (0, "rising"))
RAMP = Recipe("ramp", (LINES, LINES))

# What is not so much more by a part of a sample may be less by all of it.
CLOSE = 1.02


class Predictor(NamedTuple):
    """What predicts numbers, None for numbers as they are; the tokens of what is left, their bits.

    The recipe lacks its first output, which is what is left. There are so many linear tokens, or
    logarithmic ones if it is 0, or bins.
    """

    stage: Recipe | None
    tokens: int
    bits: float


# Of differences; none for numbers as they are.
Axes = tuple[int, ...]
# Other ways to predict them, too.
Way = Axes | Literal["rising", "lines"]


class Prediction:
    """Ways to predict numbers from their neighbours.

    Parameters
    ----------
    numbers : contiguous ndarray of unsigned integers, shape (boxes, ...)
    items : float
        How many a chunk has, which pay for a table.

    Attributes
    ----------
    best : Predictor
        The cheapest that has been tried: to begin with, differences along one axis at a time, and
        along the last two.
    signed : bool
        Whether what the best leaves is in two's complement, and becomes non-negative only in the
        transform.
    simplest : float
        Bits with the best of what is tried to begin with.
    plain : float
        Bits of numbers that are not predicted.
    long : tuple of int
        The axes along which numbers have neighbours enough.
    """

    def __init__(self, numbers: Numbers, items: float) -> None:
        self._begin(numbers, items)
        self._try_axes(_simple_axes(self.long))
        self._try_linear()
        self.plain = min(self._tried[()], self._linear)
        self._simplest, self.simplest = self._way, self.best.bits

    def _begin(self, numbers: Numbers, items: float) -> None:
        self.numbers = numbers
        self.items = items
        self.best = Predictor(None, 0, math.inf)
        self._left: Numbers | Axes = ()  # or the axes of differences
        self.signed = False
        self._way: Way = ()  # that of the best
        self._coarse = False  # whether linear tokens of differences are, because of a few of these
        self._offered: list[tuple[Predictor, Numbers | Axes, bool]] = []
        self._tried: dict[Way, float] = {}  # what each takes with logarithmic tokens
        self._linear = math.inf  # what the best takes with linear ones
        self.long = _long_axes(numbers.shape)

    def try_all(self, every: Callable[[], Numbers | None] | None = None) -> Predictor:
        """The cheapest of all: along several axes, too, more than once along one, and by lines.

        `every` makes the numbers in one axis that the sample is of, or None, in more time.
        """
        several, twice = _more_axes(self.long)
        self._try_axes(several + twice, twice)
        if self.long[:1] == (1,) and self.numbers.itemsize > 1:
            self._try_rising()
        boxes, *shape = self.numbers.shape
        if len(shape) == 1 and (boxes == 1 or shape[0] >= SHORTEST_LINE) and self._may_be_lines():
            self._try_lines()
        if self.numbers.itemsize > 1 and self.numbers.size >= FEWEST_BINNED:
            self._try_bins()
        if _is_linear(self.best) and self._has_outliers(every):
            self._coarse = True
            left = [one for one in self._offered if not _is_linear(one[0])]
            self.best, self._left, self.signed = min(left, key=lambda one: one[0].bits)
        return self.best

    def _try_bins(self) -> None:
        """Bins of numbers as they are, and of the differences that are best, without a fold.

        Differences that are negative about as often as not are largely around 0.
        """
        if self.numbers.ndim > 2 and self.numbers.shape[-1] <= FEW_COLUMNS:
            return
        near = NEAR if len(self.long) < 2 else 1
        tried: list[Axes] = [()] if self.plain <= near * self.best.bits else []
        left = self._left
        if isinstance(left, tuple) and left and self._is_one_sided(left):
            tried.append(left)
        for axes in tried:
            bits = bins_bits(self._differences(axes), self.items)
            worth = WORTH_BINS_OF_ROWS if len(self.long) > 1 else WORTH_BINS
            if bits < self.best.bits - WORTH_BITS:
                self.offer(_delta(axes, "rising"), BINS, bits, axes, worth=worth)

    def _is_one_sided(self, axes: Axes) -> bool:
        """Whether few of some differences, or most, are negative."""
        some = self._differences(axes).reshape(-1)[:ONE_SIDED_BY]
        negative = np.count_nonzero(some.view(f"i{some.itemsize}") < 0)
        return not ONE_SIDED < negative / some.size < 1 - ONE_SIDED

    @property
    def is_clear(self) -> bool:
        """Whether nothing else is nearly as cheap as the best.

        Linear tokens depend on a few large numbers, whether numbers rise on a few negative
        differences, and lines on where they end: a part of a sample says little of these.
        """
        may_be_linear = self._linear <= self.best.bits
        told = isinstance(self._way, tuple)
        return told and not may_be_linear and len(self._close()) == 1

    def _close(self) -> list[Way]:
        most = min(bits for way, bits in self._tried.items() if way != "rising") * CLOSE
        return [way for way, bits in self._tried.items() if bits <= most or way == self._way]

    def again(self, numbers: Numbers) -> Prediction:
        """The same of more numbers, with what is close to the best for these."""
        other = Prediction.__new__(Prediction)
        other._begin(numbers, self.items)
        other.plain, other._coarse = self.plain, self._coarse
        other._try((self._simplest,))
        other._simplest, other.simplest = self._simplest, other.best.bits
        other._try(tuple(way for way in self._close() if way != self._simplest))
        if self.best.tokens == BINS:
            other._try_bins()
        return other

    def _try(self, ways: tuple[Way, ...]) -> None:
        self._try_axes(tuple(way for way in ways if isinstance(way, tuple)))
        if () in ways:
            self._try_linear()
        if "rising" in ways:
            self._try_rising()
        if "lines" in ways:
            self._try_lines()

    def others(self, more: float) -> list[Predictor]:
        """Those that take at most this share more than the best, which is one of them, by bits."""
        most = self.best.bits * (1 + more)
        found = [one for one, *_ in self._offered if one.bits <= most]
        return sorted(found, key=lambda one: one.bits)

    @property
    def left(self) -> Numbers:
        """What the best leaves, as unsigned integers."""
        return self._differences(self._left) if isinstance(self._left, tuple) else self._left

    def _differences(self, axes: Axes) -> Numbers:
        """Without the borders, which are of little account in arrays that are not samples."""
        left = self.numbers
        for axis in axes:
            before = (slice(None),) * axis
            left = left[*before, 1:] - left[*before, :-1]
        return left

    def _try_axes(self, ways: tuple[Axes, ...], repeated: tuple[Axes, ...] = ()) -> None:
        """Try differences, and some of them once more if they are the best until now."""
        if not ways:
            return
        told = _orders(ways, self.numbers.ndim)
        for axes, bits in zip(ways, ways_bits(self.numbers, told, self.items), strict=True):
            self._tried[axes] = bits
            if bits >= self.best.bits:
                continue
            self.offer(_delta(axes), 0, bits, axes, way=axes, signed=bool(axes))
            if axes in repeated and len(axes) < MAX_LAGS:
                once_more = (axes + axes[:1],)
                self._try_axes(once_more, once_more)

    def _try_linear(self) -> None:
        linear, _ = lin_bits(self.numbers, self.items, enough=self.best.bits)
        self._offer_linear(None, linear, ())

    def _try_rising(self) -> None:
        """Other tokens for deltas along the first axis, and none for their sign.

        Deltas along others lead from the end of a row to the next one, which is far away.
        """
        boxes, length, *_ = self.numbers.shape
        block = self.numbers.size // boxes
        told = {"block": block, "lag": block // length, "wider": WIDER}
        linear, falls = lin_bits(self.numbers, self.items, enough=self.best.bits, **told)
        bits = math.inf
        if not falls:
            (bits,) = ways_bits(self.numbers, _unsigned(self.numbers.ndim), self.items)
            # What is as cheap as with signs is so without the first item as a symbol.
            self.offer(RISING, 0, math.nextafter(bits, 0), (1,), way="rising")
        self._tried["rising"] = bits
        if not self._coarse:
            self._offer_linear(RISING, linear, (1,), way="rising")

    def _has_outliers(self, every: Callable[[], Numbers | None] | None) -> bool:
        """Whether the range of all deltas is longer than those of the sample say.

        As little as one of them does that, as where a counter begins again.
        """
        numbers = None if every is None or self.numbers.ndim > 2 else every()
        if numbers is None or numbers.size < 2:
            return False
        sign = np.uint64(1 << (8 * numbers.itemsize - 1))
        some, all_of_them = self._differences((1,)).reshape(-1), numbers[1:] - numbers[:-1]
        lengths = [int(extent(deltas, sign)[1]) for deltas in (some, all_of_them)]
        return lengths[1] >> WIDER > lengths[0]

    def _offer_linear(
        self, stage: Recipe | None, linear: dict[int, float], axes: Axes, way: Way = ()
    ) -> None:
        self._linear = min(self._linear, *linear.values())
        for tokens, bits in linear.items():
            if bits < self.best.bits - WORTH_BITS:
                self.offer(stage, tokens, bits, axes, way=way, worth=WORTH_IT)

    def _may_be_lines(self) -> bool:
        """Whether lines are best for the box in the middle, which is near to one."""
        middle = len(self.numbers) // 2
        if not _are_near_a_line(self.numbers[middle]):
            return False
        bits, _ = self._by_lines(self.numbers[middle : middle + 1])
        return bits < self.best.bits * (1 - WORTH_LINES)

    def _try_lines(self) -> None:
        bits, left = self._by_lines(self.numbers)
        self._tried["lines"] = bits
        self.offer(RAMP, 0, bits, left, way="lines", worth=WORTH_LINES)

    def _by_lines(self, rows: Numbers) -> tuple[float, Numbers]:
        """Bits with a line for each row, and what that leaves."""
        left = _left_by_lines(rows)
        once = LINE_BITS / PIECE + TABLES_OF_LINES / self.items
        return once + log_bits(left, signed=False, items=self.items), left

    def offer(
        self,
        stage: Recipe | None,
        tokens: int,
        bits: float,
        left: Numbers | Axes,
        *,
        way: Way | None = None,
        signed: bool = False,
        worth: float = 0.0,
    ) -> None:
        """Take it if it gains this share."""
        self._offered.append((Predictor(stage, tokens, bits), left, signed))
        if bits < self.best.bits * (1 - worth):
            self.best = Predictor(stage, tokens, bits)
            self._left, self.signed = left, signed
            self._way = self._way if way is None else way


@functools.lru_cache
def _long_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of boxes along which numbers have neighbours enough."""
    least = [SHORTEST_FIRST, *[SHORTEST_AXIS] * (len(shape) - 2)]
    lengths = zip(shape[1:], least, strict=True)
    return tuple(i for i, (length, few) in enumerate(lengths, 1) if length >= few)[-MOST_AXES:]


def _is_linear(predictor: Predictor) -> bool:
    """Whether it is linear tokens of differences."""
    return predictor.stage is RISING and predictor.tokens > BINS


@functools.cache
def _simple_axes(axes: Axes) -> tuple[Axes, ...]:
    """None, one at a time, and the last two."""
    last = (axes[-2:],) if len(axes) > 1 else ()
    return ((), *((axis,) for axis in axes), *last)


@functools.cache
def _more_axes(axes: Axes) -> tuple[tuple[Axes, ...], tuple[Axes, ...]]:
    """All other combinations; and each twice."""
    several = (found for order in range(2, len(axes) + 1) for found in combinations(axes, order))
    return tuple(found for found in several if found != axes[-2:]), tuple((i, i) for i in axes)


@functools.cache
def _orders(ways: tuple[Axes, ...], axes: int) -> npt.NDArray[np.uint64]:
    """Ways to take differences, for `ways_bits`."""
    rows = [[*map(way.count, range(axes)), way != ()] for way in ways]
    return np.array(rows, np.uint64)


@functools.cache
def _unsigned(axes: int) -> npt.NDArray[np.uint64]:
    """Differences along the first axis of boxes that are not signed, for `ways_bits`."""
    return np.array([[0, 1, *[0] * (axes - 1)]], np.uint64)


@functools.cache
def _delta(axes: Axes, *more: Setting) -> Recipe | None:
    """Differences along these axes of a sample, which has one axis more."""
    return Recipe("delta", (), (*[axis - 1 for axis in axes], *more)) if axes else None


def _are_near_a_line(row: Numbers) -> bool:
    """Whether numbers that lie farther apart don't differ more from what they differ by usually."""
    near, far = (_spread(row[lag:] - row[:-lag]) for lag in (1, APART))
    return 0 < far < MORE_APART * near


def _spread(deltas: Numbers) -> float:
    """The median of how much some of them differ from their median; 0 if there are none."""
    if not deltas.size:
        return 0.0
    some = deltas[:: deltas.size // SPREAD_BY | 1].view(f"i{deltas.itemsize}").astype(np.float64)
    middle = some.size // 2
    some.partition(middle)
    some -= some[middle]
    np.abs(some, out=some)
    some.partition(middle)
    return float(some[middle])


def _left_by_lines(rows: Numbers) -> Numbers:
    """How far numbers are from a line through each row, as `ramp` codes it."""
    left = np.empty_like(rows)
    starts, steps = np.empty((2, -(-rows.shape[1] // PIECE)), np.uint64)
    few = np.empty(FEW, np.int64)
    for row, wide, out in zip(rows, rows.astype(np.uint64, copy=False), left, strict=True):
        fit_lines(wide, starts, steps, few)
        subtract_lines(row, starts.astype(row.dtype, copy=False), steps, out)
    return left
