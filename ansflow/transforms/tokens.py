"""What transforms of numbers to tokens and raw bits share: what their kernels ask for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.kernels.vector.isa import chosen_among
from ansflow.kernels.vector.raw_bits import ROW_ISAS, SPLIT_ISAS
from ansflow.recycling import empty

__all__ = ["fetching_isa", "raw_room", "splitting_isa"]


def raw_room(nbytes: int) -> npt.NDArray[np.uint64]:
    """Room for raw bits of numbers that take so many bytes, as kernels need it."""
    return empty(nbytes // 8 + 2, np.uint64)


def fetching_isa() -> str | None:
    """The instruction set of kernels that fetch raw bits by rows; None if that has no such rows."""
    return chosen_among(ROW_ISAS)


def splitting_isa(width: int) -> str | None:
    """The same for kernels that split numbers of so many bytes: there are no rows of bytes."""
    return chosen_among(SPLIT_ISAS) if width > 1 else None
