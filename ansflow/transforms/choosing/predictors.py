"""What numbers in boxes are predicted by: neighbours along any axes, or straight lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.kernels.transforms.finish import MAX_LAGS
from ansflow.kernels.transforms.ramp import PIECE
from ansflow.kernels.transforms.stencil import FAR
from ansflow.transforms.choosing.cost import lin_bits, log_bits
from ansflow.transforms.choosing.maps import through
from ansflow.transforms.lpc import KINDS, lanes_of
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.stencil import AXES, WIDTHS, distances, fitted, neighbours

__all__ = ["Prediction", "Predictor"]

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

# Most numbers between neighbours along the first axis that weighted sums are tried for, how many
# a weight is fitted to, and what such sums must gain, as decoding them is slower.
MOST_LANES = 64
FEWEST_FOR_WEIGHT = 8
WORTH_SLOWNESS = 0.004
DIFFERENT = 0.02

# What sums of neighbours along several axes must gain, what a neighbour takes, and how many items
# of a sample weights are fitted to, about.
WORTH_STENCIL = 0.01
NEIGHBOUR_BITS = 32
FITTED = 1 << 12


class Predictor(NamedTuple):
    """What predicts numbers, None for numbers as they are; the tokens of what is left, their bits.

    The recipe lacks its first output, which is what is left. There are so many linear tokens, or
    logarithmic ones if it is 0.
    """

    stage: Recipe | None
    tokens: int
    bits: float


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
    left : ndarray of unsigned integers
        What that leaves.
    signed : bool
        Whether this is in two's complement, and becomes non-negative only in the transform.
    plain : float
        Bits of numbers that are not predicted.
    """

    def __init__(self, numbers: Numbers, items: float) -> None:
        self.numbers = numbers
        self._items = items
        self.best = Predictor(None, 0, log_bits(numbers, signed=False, items=items))
        self.left, self.signed = numbers, False
        for tokens, bits in lin_bits(numbers, items, signed=False).items():
            if bits < self._enough:
                self.best = Predictor(None, tokens, bits)
        self.plain = self.best.bits
        least = [SHORTEST_FIRST, *[SHORTEST_AXIS] * (numbers.ndim - 2)]
        lengths = zip(numbers.shape[1:], least, strict=True)
        self._long = [i for i, (length, few) in enumerate(lengths, 1) if length >= few][-MOST_AXES:]
        self._deltas: dict[tuple[int, ...], Numbers] = {(): numbers}
        for axis in self._long:
            self._try((axis,))
        if len(self._long) > 1:
            self._try(tuple(self._long[-2:]))

    def try_all(self) -> Predictor:
        """The cheapest of all: along several axes, too, more than once along one, and by lines."""
        for order in range(2, len(self._long) + 1):
            for axes in combinations(self._long, order):
                if axes not in self._deltas:
                    self._try(axes)
        for axis in self._long:
            axes = (axis, axis)
            while len(axes) <= MAX_LAGS and self._try(axes):
                axes += (axis,)
        if (1,) in self._deltas and self.numbers.itemsize > 1:
            self._try_rising()
        boxes, *shape = self.numbers.shape
        if len(shape) == 1 and (boxes == 1 or shape[0] >= SHORTEST_LINE):
            self._try_lines()
        return self.best

    @property
    def _enough(self) -> float:
        """Bits that linear tokens must take less than."""
        return min(self.best.bits * (1 - WORTH_IT), self.best.bits - WORTH_BITS)

    def _try(self, axes: tuple[int, ...]) -> bool:
        """Differences along axes; whether they are the best until now."""
        # Without the borders, which are of little account in arrays that are not samples.
        numbers, axis = self._deltas[axes[:-1]], axes[-1]
        if numbers.shape[axis] < 2:
            return False
        before = (slice(None),) * axis
        deltas = numbers[*before, 1:] - numbers[*before, :-1]
        self._deltas[axes] = deltas
        bits = log_bits(deltas, signed=True, items=self._items)
        if bits >= self.best.bits:
            return False
        stage = Recipe("delta", (), tuple(axis - 1 for axis in axes))
        self._take(Predictor(stage, 0, bits), deltas, signed=True)
        return True

    def _try_rising(self) -> None:
        """Other tokens for deltas along the first axis, and none for their sign.

        Deltas along others lead from the end of a row to the next one, which is far away.
        """
        deltas = self._deltas[(1,)]
        if not int(deltas.max()) >> (8 * deltas.itemsize - 1):
            bits = log_bits(deltas, signed=False, items=self._items)
            if bits <= self.best.bits:  # without the first item as a symbol
                self._take(Predictor(RISING, 0, bits), deltas, signed=False)
        for tokens, bits in lin_bits(deltas, self._items, signed=True, wider=WIDER).items():
            if bits < self._enough:
                self._take(Predictor(RISING, tokens, bits), deltas, signed=False)

    def _try_lines(self) -> None:
        """A line for each box, if that is best for the one in the middle."""
        once = LINE_BITS / PIECE + TABLES_OF_LINES / self._items
        if once >= self.best.bits * (1 - WORTH_LINES):
            return
        if not _are_near_a_line(self.numbers[len(self.numbers) // 2]):
            return
        for some in (self.numbers[len(self.numbers) // 2 :][:1], self.numbers):
            left = np.stack([_left_by_lines(row) for row in some])
            bits = once + log_bits(left, signed=False, items=self._items)
            if bits >= self.best.bits * (1 - WORTH_LINES):
                return
        self._take(Predictor(RAMP, 0, bits), left, signed=False)

    def try_weights(self, name: str, orders: tuple[int, ...]) -> Predictor:
        """The cheapest of all and of weighted sums, along the first axis, of such numbers."""
        boxes, length, *others = self.numbers.shape
        width, lag = self.numbers.itemsize, math.prod(others)
        if width not in KINDS[name] or lag > MOST_LANES:
            return self.best
        lanes = lanes_of(int(self._items), lag)
        for order in orders:
            if order * FEWEST_FOR_WEIGHT > min(length, self._items / lanes):
                continue
            once = 8 * max(4, width) * order * lanes / self._items
            # What a sample is fitted with makes it better than it is, by this for each weight.
            once += order / (2 * math.log(2) * length)
            # What a part of the sample takes may differ from what all of it does.
            for some, gain in (
                (self.numbers[:: max(1, boxes // 4)], -DIFFERENT),
                (self.numbers, WORTH_SLOWNESS),
            ):
                told = (name, order, 0, len(some))
                outputs = through(Recipe("lpc", (), told), some.reshape(-1, *others))
                if outputs is None:
                    return self.best
                bits = once + log_bits(outputs[0], signed=False, items=self._items)
                if bits >= self.best.bits * (1 - gain):
                    break
            else:
                assert outputs is not None
                stage = Recipe("lpc", (Recipe("planes"),), (name, order))
                self._take(Predictor(stage, 0, bits), outputs[0], signed=False)
                continue
            if len(some) < boxes:
                break
        return self.best

    def try_stencils(self) -> Predictor:
        """The cheapest of all and of weighted sums of neighbours along the last axes."""
        last = self.numbers.ndim - 1
        for axes in AXES:
            if self.numbers.itemsize not in WIDTHS or axes > last:
                break
            if not {last - 1, last} <= {*self._long} or self.numbers.shape[last] <= FAR:
                break
            if self.numbers.shape[last - 2] < 2 < axes:
                break
            places = neighbours(axes)
            differences, wanted = _relative(self.numbers, places)
            part = max(1, wanted.size // FITTED) | 1
            weights = fitted(differences[:, ::part], wanted[::part])
            left = distances(weights, differences, wanted).astype(self.numbers.dtype)
            bits = log_bits(left, signed=True, items=self._items)
            bits += NEIGHBOUR_BITS * len(places) / self._items
            if bits < self.best.bits * (1 - WORTH_STENCIL):
                self._take(Predictor(Recipe("stencil", (), (axes,)), 0, bits), left, signed=True)
        return self.best

    def _take(self, best: Predictor, left: Numbers, *, signed: bool) -> None:
        self.best = best
        self.left, self.signed = left, signed


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


def _relative(numbers: Numbers, places: Sequence[tuple[int, ...]]) -> tuple[Numbers, Numbers]:
    """What neighbours differ by from the first of them, and items: of items that have them all."""
    axes = len(places[-1])
    steps = [place + (0,) * (axes - len(place)) for place in places]
    first = [max(along) for along in zip(*steps, strict=True)]
    last = [min(0, *along) for along in zip(*steps, strict=True)]
    lengths = numbers.shape[: -axes - 1 : -1]

    def moved(place: tuple[int, ...]) -> Numbers:
        cuts = [
            slice(high - step, length + low - step)
            for step, high, low, length in zip(place, first, last, lengths, strict=True)
        ]
        inside = (slice(None),) * (numbers.ndim - axes) + tuple(cuts[::-1])
        return numbers[inside].astype(np.int64).reshape(-1)

    before = moved(steps[0])
    near = np.array([moved(place) - before for place in steps[1:]])
    return near, moved((0,) * axes) - before


def _left_by_lines(row: Numbers) -> Numbers:
    outputs = through(Recipe("ramp"), row)
    assert outputs is not None  # any numbers have lines
    return outputs[0]
