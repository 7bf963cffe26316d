"""What users hand over, as what codecs rely on: arrays of numbers, and bytes.

Arrays that are checked are copied before, not after: another thread may change the original at any
time, and kernels read wherever the numbers point to.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Buffer", "Floats", "as_array", "as_bytes", "real_numbers", "spread"]

Floats = npt.NDArray[np.float64]

# What has a buffer; since Python 3.12 in collections.abc.
Buffer = bytes | bytearray | memoryview | npt.NDArray[Any]


def as_array(values: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """An array; TypeError if some of it is masked, as the mask would be lost."""
    if _is_masked(values):
        raise TypeError(f"{name} must not be masked: fill the array, or select what is valid")
    return np.asarray(values)


def _is_masked(values: Any) -> bool:
    if isinstance(values, list | tuple):
        return any(map(_is_masked, values))
    return isinstance(values, np.ma.MaskedArray)


def real_numbers(values: npt.ArrayLike, name: str) -> Floats:
    """A contiguous copy as doubles; TypeError if those aren't real numbers."""
    array = as_array(values, name)
    if array.dtype.kind not in "biufO":
        raise TypeError(f"{name} must be real numbers, not {array.dtype}")
    try:
        return np.array(array, np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be real numbers: {error}") from None


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
