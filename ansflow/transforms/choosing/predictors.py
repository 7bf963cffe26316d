"""Deltas of the numbers in boxes, along all axes that are worth trying."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.transforms.choosing.cost import log_bits

__all__ = ["Predictor", "best_predictor"]

Numbers = npt.NDArray[Any]

# Axes shorter than this say too little: a part of all differences is across their ends. The first
# axis has no neighbours beyond those. Of longer axes, the last ones are tried.
SHORTEST_AXIS = 12
SHORTEST_FIRST = 3
MOST_AXES = 4


class Predictor(NamedTuple):
    """The axes of deltas, none for numbers as they are, and bits a number that are left."""

    axes: tuple[int, ...]
    bits: float


def best_predictor(numbers: Numbers, *, quick: bool = False) -> Predictor:
    """Return the cheapest way to predict numbers from their neighbours.

    Parameters
    ----------
    numbers : contiguous ndarray of unsigned integers, shape (boxes, ...)
    quick : bool
        Try one axis at a time only.
    """
    best = Predictor((), log_bits(numbers, signed=False))
    for axes, deltas in _deltas(numbers, quick=quick):
        bits = log_bits(deltas, signed=True)
        if bits < best.bits:
            best = Predictor(axes, bits)
    return best


def _deltas(numbers: Numbers, *, quick: bool) -> Iterator[tuple[tuple[int, ...], Numbers]]:
    """Axes, counted without that of the boxes, and deltas along them, without the borders."""
    least = [SHORTEST_FIRST, *[SHORTEST_AXIS] * (numbers.ndim - 2)]
    lengths = zip(numbers.shape[1:], least, strict=True)
    long = [i for i, (length, few) in enumerate(lengths, 1) if length >= few][-MOST_AXES:]
    known: dict[tuple[int, ...], Numbers] = {(): numbers}
    for order in range(1, 2 if quick else len(long) + 1):
        for axes in combinations(long, order):
            known[axes] = np.diff(known[axes[:-1]], axis=axes[-1])
            yield _without_boxes(axes), known[axes]
    if not quick:
        for axis in long:
            if numbers.shape[axis] > SHORTEST_FIRST:
                yield _without_boxes((axis, axis)), np.diff(known[(axis,)], axis=axis)


def _without_boxes(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(axis - 1 for axis in axes)
