"""Parameters of distributions that are broadcast against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["broadcast"]


def broadcast(**arrays: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """Arrays broadcast to one shape, as contiguous copies.

    ValueError with the names of all if there is none.
    """
    try:
        return [array.copy() for array in np.broadcast_arrays(*arrays.values())]
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"the shapes cannot be broadcast to one: {shapes}") from None
