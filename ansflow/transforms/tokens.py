"""What transforms of numbers to tokens and raw bits share: how their kernels see buffers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.kernels.vector.isa import chosen_isa
from ansflow.kernels.vector.raw_bits import ROW_ISAS

__all__ = ["NUMBER_SIZES", "numbers_of", "raw_room", "rows", "to_fill"]

NUMBER_SIZES = 1, 2, 4, 8


def to_fill(out: Bytes, itemsize: int) -> npt.NDArray[Any]:
    """Numbers of a buffer at any address: all count as unaligned, and kernels are compiled once."""
    numbers = out.view(f"<u{itemsize}")
    numbers.setflags(align=False)
    return numbers


def numbers_of(items: Bytes, itemsize: int) -> npt.NDArray[Any]:
    """The same, to be read."""
    numbers = to_fill(items, itemsize)
    numbers.setflags(write=False)
    return numbers


def raw_room(nbytes: int) -> npt.NDArray[np.uint64]:
    """Room for raw bits of numbers that take so many bytes, as kernels need it."""
    return np.empty(nbytes // 8 + 2, np.uint64)


def rows() -> bool | None:
    """Whether kernels that fetch raw bits shall do that by rows, in the form that they ask for."""
    return True if chosen_isa() in ROW_ISAS else None
