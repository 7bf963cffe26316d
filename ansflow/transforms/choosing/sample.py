"""Samples of arrays: boxes that neighbours along all axes lie in."""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.transforms.choosing.axes import SHORTEST_AXIS

__all__ = ["LONGER", "boxes", "few_boxes", "is_large"]

Numbers = npt.NDArray[Any]

# A box has so many times as many places along the last axis as along another.
LONGER = 4.0

# A part of a sample has so many boxes at least.
FEWEST_BOXES = 4


def boxes(array: Numbers, size: int, count: int) -> Numbers:
    """Return boxes of an array side by side.

    Parameters
    ----------
    array : ndarray, shape (...), not empty, contiguous
    size : int
        Items of all boxes together, about.
    count : int
        How many boxes there are at most, a power of two. They are spread over the array evenly.
        There are fewer if they would be too short along an axis to say something of it.

    Returns
    -------
    ndarray, shape (boxes, ...), contiguous
        With the axes of the array. It is a copy, or all of the array if that is small.
    """
    if array.size <= size:
        return np.ascontiguousarray(array)[np.newaxis]
    lengths = _lengths(array.shape, size // count)
    if count > FEWEST_BOXES and any(map(_is_short, lengths[1:], array.shape[1:])):
        return boxes(array, size, count // 2)
    found = np.empty((count, *lengths), array.dtype)
    for box, where in zip(found, _places(array.shape, lengths, count), strict=True):
        box[...] = array[where]
    return found


@functools.lru_cache
def _lengths(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """Those of a box along each axis; their product is at most `size`, and about that.

    The array has more items.
    """
    found: dict[int, int] = {}
    while True:
        # Axes that are shorter than their share are taken as they are, and leave more for the rest.
        rest, weights = float(size), {}
        for axis, length in enumerate(shape):
            if axis in found or length == 1:
                found[axis] = length
                rest /= length
            else:
                weights[axis] = LONGER if axis == len(shape) - 1 else 1.0
        unit = (rest / math.prod(weights.values())) ** (1 / len(weights))
        short = {axis for axis, weight in weights.items() if shape[axis] <= unit * weight}
        if not short:
            break
        found.update((axis, shape[axis]) for axis in short)
    found.update((axis, max(1, int(unit * weight))) for axis, weight in weights.items())
    return tuple(found[axis] for axis in range(len(shape)))


@functools.lru_cache
def _places(
    shape: tuple[int, ...], lengths: tuple[int, ...], count: int
) -> list[tuple[slice, ...]]:
    """Where boxes are that are spread over an array evenly.

    They begin in the middles of as many equal parts of where a box may begin. Along each axis they
    have another order, so that boxes which overlap along one are far apart along another.
    """
    found = []
    for number in range(count):
        turns = [number * (2 * axis + 1) % count for axis in range(len(shape))]
        begins = [
            (whole - length) * (2 * turn + 1) // (2 * count)
            for whole, length, turn in zip(shape, lengths, turns, strict=True)
        ]
        found.append(tuple(map(slice, begins, map(operator.add, begins, lengths))))
    return found


def _is_short(places: int, length: int) -> bool:
    return places < min(SHORTEST_AXIS, length)


def is_large(sample: Numbers, enough: int) -> bool:
    """Whether so many items are a part of all boxes."""
    return _step(sample, enough) > 1


def few_boxes(sample: Numbers, enough: int) -> Numbers:
    """Some of the boxes, side by side, with about so many items, or all of them."""
    step = _step(sample, enough)
    return np.ascontiguousarray(sample[step // 2 :: step]) if step > 1 else sample


def _step(sample: Numbers, enough: int) -> int:
    return min(sample.size // enough, len(sample) // FEWEST_BOXES)
