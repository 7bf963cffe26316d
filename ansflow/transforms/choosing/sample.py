"""Samples of arrays: boxes that neighbours along all axes lie in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["LONGER", "boxes", "few_boxes", "is_large"]

Numbers = npt.NDArray[Any]

# A box has so many times as many places along the last axis as along another.
LONGER = 4

# A part of a sample has so many boxes at least.
FEWEST_BOXES = 4


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
    cuts = [
        [slice(begin, begin + part) for begin in along]
        for along, part in zip(begins, shape, strict=True)
    ]
    found = np.empty((count, *shape), array.dtype)
    for box, cut in zip(found, zip(*cuts, strict=True), strict=True):
        box[...] = array[cut]
    return found


def is_large(sample: Numbers, enough: int) -> bool:
    """Whether so many items are a part of all boxes."""
    return _step(sample, enough) > 1


def few_boxes(sample: Numbers, enough: int) -> Numbers:
    """Some of the boxes, side by side, with about so many items, or all of them."""
    step = _step(sample, enough)
    return np.ascontiguousarray(sample[step // 2 :: step]) if step > 1 else sample


def _step(sample: Numbers, enough: int) -> int:
    return min(sample.size // enough, len(sample) // FEWEST_BOXES)


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
