"""What transforms of numbers to tokens and raw bits share: what their kernels ask for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.kernels.vector.isa import chosen_isa
from ansflow.kernels.vector.raw_bits import ROW_ISAS
from ansflow.recycling import empty

__all__ = ["raw_room", "rows", "rows_of"]


def raw_room(nbytes: int) -> npt.NDArray[np.uint64]:
    """Room for raw bits of numbers that take so many bytes, as kernels need it."""
    return empty(nbytes // 8 + 2, np.uint64)


def rows() -> bool | None:
    """Whether kernels that fetch raw bits shall do that by rows, in the form that they ask for."""
    return True if chosen_isa() in ROW_ISAS else None


def rows_of(width: int) -> bool | None:
    """The same for kernels that have no rows of bytes, for numbers of so many of these."""
    return rows() if width > 1 else None
