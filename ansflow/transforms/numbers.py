"""Buffers as kernels take them: unsigned integers, and rows of a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes

__all__ = [
    "WIDTHS",
    "Numbers",
    "matrix_of",
    "new_matrix",
    "numbers_in_place",
    "numbers_of",
    "put_back",
]

# Bytes of an item that is a number.
WIDTHS = 1, 2, 4, 8

Numbers = npt.NDArray[Any]


def numbers_of(items: Bytes, width: int) -> Numbers:
    """Items as unsigned integers of so many bytes, read-only.

    They are copied if they do not lie at a multiple of that: kernels are compiled for one type.
    """
    numbers: Numbers = items.view(f"<u{width}")
    if not numbers.flags.aligned:
        numbers = numbers.copy()
    numbers.setflags(write=False)
    return numbers


def numbers_in_place(out: Bytes, width: int) -> Numbers:
    """A buffer as unsigned integers that can be changed, or a copy of them if it is not aligned."""
    numbers: Numbers = out.view(f"<u{width}")
    return numbers if numbers.flags.aligned else numbers.copy()


def put_back(numbers: Numbers, out: Bytes) -> None:
    """Put the numbers of `numbers_in_place` where they belong, unless they are there."""
    if not np.may_share_memory(numbers, out):
        out[:] = numbers.view(np.uint8)


def new_matrix(rows: int, size: int) -> Bytes:
    """Room for vectors of so many bytes, one after the other."""
    return np.empty((rows, size), np.uint8)


def matrix_of(vectors: Sequence[Bytes]) -> Bytes:
    """The matrix that has these rows: that of `new_matrix` if they come from there, or a copy."""
    matrix = vectors[0].base
    if isinstance(matrix, np.ndarray) and _are_rows(vectors, matrix):
        return matrix
    return np.stack(vectors)


def _are_rows(vectors: Sequence[Bytes], matrix: Bytes) -> bool:
    if matrix.shape != (len(vectors), vectors[0].size):
        return False
    pairs = zip(vectors, matrix, strict=True)
    return all(vector.ctypes.data == row.ctypes.data for vector, row in pairs)
