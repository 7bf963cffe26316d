"""Samples of arrays: boxes that neighbours along all axes lie in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.kernels.transforms.boxes import copy_boxes

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
    array : ndarray, shape (...), not empty, contiguous
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
    found = np.empty((count, *shape), array.dtype)
    lengths, places = np.array(
        [(*array.shape, array.itemsize), (*shape, array.itemsize)], np.uint64
    )
    octets = array.reshape(-1).view(np.uint8)
    copy_boxes(octets, lengths, places, found.reshape(count, -1).view(np.uint8))
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
    if len(shape) == 1:
        return [size]
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
