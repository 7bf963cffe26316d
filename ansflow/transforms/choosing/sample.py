"""Samples of arrays: boxes that neighbours along all axes lie in."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.kernels.transforms.boxes import LONGER, copy_boxes
from ansflow.transforms.choosing.axes import SHORTEST_AXIS

__all__ = ["LONGER", "boxes", "few_boxes", "is_large"]

Numbers = npt.NDArray[Any]

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
    shape, box = np.array(array.shape, np.uint64), np.empty(array.ndim, np.uint64)
    octets, found = array.reshape(-1).view(np.uint8), np.empty(size // count * count, array.dtype)
    told = array.itemsize, shape, count, size // count
    copy_boxes(octets, *told, box, found.view(np.uint8))
    places = box.tolist()
    if count > FEWEST_BOXES and any(map(_is_short, places[1:], array.shape[1:])):
        return boxes(array, size, count // 2)
    return found[: count * math.prod(places)].reshape(count, *places)


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
