"""What users hand over to codecs: arrays that go together."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Buffer", "Floats", "spread"]

Floats = npt.NDArray[np.float64]

# What has a buffer; since Python 3.12 in collections.abc.
Buffer = bytes | bytearray | memoryview | npt.NDArray[Any]


def spread(**arrays: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """Arrays broadcast against each other; ValueError with all their names if they don't fit."""
    try:
        return list(np.broadcast_arrays(*arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} of {array.shape}" for name, array in arrays.items())
        raise ValueError(f"shapes don't fit each other: {shapes}") from None
