"""Deltas of the numbers in boxes, along all axes that are worth trying."""

from __future__ import annotations

from itertools import combinations
from typing import Any, NamedTuple

import numpy.typing as npt

from ansflow.transforms.choosing.cost import lin_bits, log_bits

__all__ = ["Prediction", "Predictor"]

Numbers = npt.NDArray[Any]

# Axes shorter than this say too little: a part of all differences is across their ends. The first
# axis has no neighbours beyond those. Of longer axes, the last ones are tried.
SHORTEST_AXIS = 6
SHORTEST_FIRST = 3
MOST_AXES = 4


class Predictor(NamedTuple):
    """The axes of deltas, none for numbers as they are; the tokens of what is left, and their bits.

    There are so many linear ones, or logarithmic ones if it is 0.
    """

    axes: tuple[int, ...]
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
        The cheapest that has been tried: to begin with, differences along one axis at a time.
    plain : float
        Bits of numbers that are not predicted.
    """

    def __init__(self, numbers: Numbers, items: float) -> None:
        self.numbers = numbers
        self._items = items
        self.best = Predictor((), 0, log_bits(numbers, signed=False, items=items))
        for tokens, bits in lin_bits(numbers, items).items():
            if bits < self.best.bits:
                self.best = Predictor((), tokens, bits)
        self.plain = self.best.bits
        least = [SHORTEST_FIRST, *[SHORTEST_AXIS] * (numbers.ndim - 2)]
        lengths = zip(numbers.shape[1:], least, strict=True)
        self._long = [i for i, (length, few) in enumerate(lengths, 1) if length >= few][-MOST_AXES:]
        self._deltas: dict[tuple[int, ...], Numbers] = {(): numbers}
        for axis in self._long:
            self._try((axis,))

    @property
    def left(self) -> Numbers:
        """What the best predictor leaves, in two's complement if that has axes."""
        return self._deltas[tuple(axis + 1 for axis in self.best.axes)]

    def try_all(self) -> Predictor:
        """The cheapest of all: along several axes, too, and twice along one."""
        for order in range(2, len(self._long) + 1):
            for axes in combinations(self._long, order):
                self._try(axes)
        for axis in self._long:
            self._try((axis, axis))
        return self.best

    def _try(self, axes: tuple[int, ...]) -> None:
        # Without the borders, which are of little account in arrays that are not samples.
        numbers, axis = self._deltas[axes[:-1]], axes[-1]
        if numbers.shape[axis] < 2:
            return
        before = (slice(None),) * axis
        deltas = numbers[*before, 1:] - numbers[*before, :-1]
        self._deltas[axes] = deltas
        bits = log_bits(deltas, signed=True, items=self._items)
        if bits < self.best.bits:
            self.best = Predictor(tuple(axis - 1 for axis in axes), 0, bits)
