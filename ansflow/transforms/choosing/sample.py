"""Samples of arrays: boxes that neighbours along all axes lie in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["boxes"]

Numbers = npt.NDArray[Any]

# A box has so many times as many places along the last axis as along another.
LONGER = 4


def boxes(array: Numbers, size: int, count: int) -> Numbers:
    """Return boxes of an array side by side.

    Parameters
    ----------
    array : ndarray, shape (...), not empty
    size : int
        Items of all boxes together, about.
    count : int
        How many boxes there are at most, a power of two. They are spread over the array evenly.

    Returns
    -------
    ndarray, shape (boxes, ...), contiguous
        With the axes of the array. It is a copy, or all of the array if that is small.
    """
    if array.size <= size:
        return np.ascontiguousarray(array)[np.newaxis]
    shape = _box_shape(array.shape, size // count)
    begins = [
        # The middles of as many equal parts, of where a box may begin. Along each axis they have
        # another order, so that boxes which overlap along one are far apart along another.
        [
            (length - part) * (2 * (number * (2 * axis + 1) % count) + 1) // (2 * count)
            for number in range(count)
        ]
        for axis, (length, part) in enumerate(zip(array.shape, shape, strict=True))
    ]
    found = np.empty((count, *shape), array.dtype)
    for number, begin in enumerate(zip(*begins, strict=True)):
        found[number] = array[tuple([slice(b, b + n) for b, n in zip(begin, shape, strict=True)])]
    return found


def _box_shape(shape: Sequence[int], size: int) -> list[int]:
    """Places along each axis, with a product of at most `size`, and about that if there are."""
    weights = [1] * (len(shape) - 1) + [LONGER]
    box = list(shape)
    # Axes that are shorter than their share are taken as they are, and leave more for the rest.
    left = [axis for axis, length in enumerate(shape) if length > 1]
    while left:
        rest = size / math.prod(box[axis] for axis in range(len(shape)) if axis not in left)
        unit = (rest / math.prod(weights[axis] for axis in left)) ** (1 / len(left))
        short = [axis for axis in left if shape[axis] <= unit * weights[axis]]
        if not short:
            break
        left = [axis for axis in left if axis not in short]
    for axis in left:
        box[axis] = max(1, int(unit * weights[axis]))
    return box
