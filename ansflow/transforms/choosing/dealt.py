"""Some numbers of a sample, or differences of neighbours, in two parts: one finds, the other tells.

What is found by some numbers suits these better than others. And numbers that are near to each
other in a box need not be so in all.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.transforms.choosing.axes import Axes

__all__ = ["are_all", "dealt"]

# So many numbers of each part are taken, about.
FEW = 1 << 10


def are_all(numbers: npt.NDArray[Any], items: float) -> bool:
    """Whether numbers in boxes are all that a chunk has, or nearly, rather than a sample."""
    return len(numbers) == 1 and 2 * numbers.size > items


def dealt(
    numbers: npt.NDArray[np.unsignedinteger],
    items: float,
    axes: Axes = (),
    *,
    signed: bool = False,
) -> npt.NDArray[np.unsignedinteger]:
    """Some numbers of every second box, and of the others, or differences of neighbours.

    Of a single box, they are in turn, or all of them, if a chunk has hardly any more.

    Parameters
    ----------
    numbers : contiguous ndarray of unsigned integers, shape (boxes, ...)
    items : float
        That a chunk has.
    axes : tuple of int
        Of differences; what lacks a number before it is left out.
    signed : bool
        Whether these are in two's complement, and become non-negative as by `delta`.

    Returns
    -------
    ndarray of the same dtype, shape (2, n) or (1, n)
        They may be none.
    """
    places = _places(numbers.shape, axes, are_all(numbers, items))
    flat, bits = numbers.reshape(-1), 8 * numbers.itemsize
    found = flat[places]
    for back, times in _terms(numbers.shape, axes):
        found += flat[places - back] * flat.dtype.type(times % (1 << bits))
    if signed:
        found = found + found ^ -(found >> bits - 1)
    return found


@functools.lru_cache(maxsize=8)
def _places(shape: tuple[int, ...], axes: Axes, is_all: bool) -> npt.NDArray[np.intp]:
    """Where these numbers are, but for those that lack a number before them."""
    inside = [slice(axes.count(axis), None) for axis in range(len(shape))]
    grid = np.arange(math.prod(shape)).reshape(shape)[tuple(inside)]
    if is_all:
        return grid.reshape(1, -1)
    if len(grid) == 1:
        grid = grid.reshape(-1)
    even = len(grid) // 2 * 2
    parts = [grid[part:even:2].reshape(-1) for part in range(2)]
    return np.array([part[:: part.size // FEW | 1] for part in parts])


@functools.lru_cache
def _terms(shape: tuple[int, ...], axes: Axes) -> list[tuple[int, int]]:
    """How far before a number those are that a difference is made of, and how many times."""
    terms = {0: 1}
    for axis in axes:
        lag = math.prod(shape[axis + 1 :])
        for back, times in list(terms.items()):
            terms[back + lag] = terms.get(back + lag, 0) - times
    del terms[0]
    return list(terms.items())
