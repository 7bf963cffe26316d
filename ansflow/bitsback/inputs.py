"""What users hand over to codecs: arrays that go together, and bytes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Buffer", "Floats", "as_bytes", "spread"]

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


def as_bytes(data: Any, name: str) -> memoryview:
    """The bytes of anything that has some, in C order; those that are apart are copied.

    Raises
    ------
    TypeError
        If it has none, or they are addresses of Python objects, or an array's with a mask.
    """
    if isinstance(data, np.ma.MaskedArray):
        raise TypeError(f"{name} must not be masked")
    try:
        view = memoryview(data)
    except (TypeError, ValueError, BufferError):
        raise TypeError(f"{name} must be bytes, not {type(data).__name__}") from None
    # In formats of structures names are between colons.
    if "O" in re.sub(":[^:]*:", "", view.format):
        raise TypeError(f"{name} must be bytes, not Python objects")
    if view.c_contiguous and view.nbytes:
        return np.frombuffer(view, np.uint8).data
    return memoryview(view.tobytes())
