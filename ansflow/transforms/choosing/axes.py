"""Which differences of neighbours are worth trying: along which axes of boxes."""

from __future__ import annotations

import functools
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.transforms.recipe import Recipe
from ansflow.transforms.transform import Setting

__all__ = [
    "SHORTEST_AXIS",
    "Axes",
    "delta",
    "differences",
    "long_axes",
    "more_ways",
    "orders",
    "simple_ways",
    "unsigned",
]

Numbers = npt.NDArray[Any]

# Axes shorter than this say too little: a part of all differences is across their ends. The first
# axis has no neighbours beyond those. Of longer axes, the last ones are tried.
SHORTEST_AXIS = 6
SHORTEST_FIRST = 3
MOST_AXES = 4

# Of differences; none for numbers as they are.
Axes = tuple[int, ...]


@functools.lru_cache
def long_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of boxes along which numbers have neighbours enough."""
    least = [SHORTEST_FIRST, *[SHORTEST_AXIS] * (len(shape) - 2)]
    lengths = zip(shape[1:], least, strict=True)
    return tuple(i for i, (length, few) in enumerate(lengths, 1) if length >= few)[-MOST_AXES:]


@functools.lru_cache
def simple_ways(shape: tuple[int, ...]) -> tuple[Axes, ...]:
    """Along no axis of boxes, along one that is long enough at a time, and along the last two."""
    axes = long_axes(shape)
    last = (axes[-2:],) if len(axes) > 1 else ()
    return ((), *((axis,) for axis in axes), *last)


@functools.lru_cache
def more_ways(shape: tuple[int, ...]) -> tuple[tuple[Axes, ...], tuple[Axes, ...]]:
    """Along all other combinations of axes, and along each twice; and the latter alone."""
    axes = long_axes(shape)
    several = (found for order in range(2, len(axes) + 1) for found in combinations(axes, order))
    twice = tuple((axis, axis) for axis in axes)
    return (*(found for found in several if found != axes[-2:]), *twice), twice


@functools.cache
def orders(ways: tuple[Axes, ...], axes: int) -> npt.NDArray[np.uint64]:
    """Ways to take differences, for `ways_cost`."""
    rows = [[*map(way.count, range(axes)), way != ()] for way in ways]
    return np.array(rows, np.uint64).reshape(len(rows), axes + 1)


@functools.cache
def unsigned(axes: int) -> npt.NDArray[np.uint64]:
    """Differences along the first axis of boxes that are not signed, for `ways_bits`."""
    return np.array([[0, 1, *[0] * (axes - 1)]], np.uint64)


@functools.cache
def delta(axes: Axes, *more: Setting) -> Recipe | None:
    """Differences along these axes of a sample, which has one axis more."""
    return Recipe("delta", (), (*[axis - 1 for axis in axes], *more)) if axes else None


def differences(numbers: Numbers, axes: Axes) -> Numbers:
    """Without the borders, which are of little account in arrays that are not samples."""
    for axis in axes:
        before = (slice(None),) * axis
        numbers = numbers[*before, 1:] - numbers[*before, :-1]
    return numbers
