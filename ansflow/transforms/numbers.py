"""Views of buffers as the unsigned integers that kernels take."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes

__all__ = [
    "WIDTHS",
    "Numbers",
    "numbers_in_place",
    "numbers_of",
    "put_back",
    "unaligned",
]

# Bytes of an item that is a number.
WIDTHS = 1, 2, 4, 8

# NumPy takes its time to find types by their names.
TYPES = {width: np.dtype(f"<u{width}") for width in WIDTHS}

Numbers = npt.NDArray[Any]


def numbers_of(items: Bytes, width: int) -> Numbers:
    """Items as unsigned integers of so many bytes, which are not to be changed.

    They are copied if they do not lie at a multiple of that: kernels are compiled for one type.
    """
    numbers: Numbers = items.view(TYPES[width])
    return numbers if numbers.flags.aligned else numbers.copy()


def numbers_in_place(out: Bytes, width: int) -> Numbers:
    """A buffer as unsigned integers that can be changed, or a copy of them if it is not aligned."""
    numbers: Numbers = out.view(TYPES[width])
    return numbers if numbers.flags.aligned else numbers.copy()


def put_back(numbers: Numbers, out: Bytes) -> None:
    """Put the numbers of `numbers_in_place` where they belong, unless they are there."""
    if numbers.flags.owndata:
        out[:] = numbers.view(np.uint8)


def unaligned(items: Bytes, width: int) -> Numbers:
    """Numbers of a buffer at any address: all count as unaligned, so that none is copied.

    Bytes are aligned anywhere.
    """
    if width == 1:
        return items
    numbers: Numbers = items.view(TYPES[width])
    numbers.setflags(align=False)
    return numbers
