"""What is to be compressed as a vector of bytes, and arrays made of such vectors again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import check_unmasked
from ansflow.buffers import Bytes, item_bytes
from ansflow.errors import CorruptDataError
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.header import Header

__all__ = [
    "Bytes",
    "JoinedFrames",
    "array_content",
    "as_array",
    "check_dtype",
]


def array_content(data: npt.NDArray[Any]) -> tuple[Bytes, ArraySpec]:
    """The items of an array in the order in which they lie in memory, and what they are.

    Raises
    ------
    TypeError
        If they are Python objects, or masked.
    """
    check_dtype(data.dtype)
    check_unmasked(data, "data")
    fortran = data.flags.f_contiguous and not data.flags.c_contiguous
    spec = ArraySpec(data.dtype, data.shape, fortran)
    return item_bytes(data.T if fortran else data), spec


def check_dtype(dtype: np.dtype[Any]) -> None:
    """TypeError for what has no bytes."""
    if dtype.hasobject:
        raise TypeError(
            f"arrays of Python objects ({dtype}) can't be compressed: convert them to "
            "a dtype of fixed size, such as 'U' or 'S'"
        )


def as_array(content: Bytes, spec: ArraySpec) -> npt.NDArray[Any]:
    """The array of that content, which isn't copied."""
    try:
        return np.ndarray(spec.shape, spec.dtype, content, order="F" if spec.fortran else "C")
    except (ValueError, TypeError) as e:
        raise CorruptDataError(f"no array can have shape {spec.shape}: {e}") from e


class JoinedFrames:
    """What one or more frames, one after the other, are together.

    Attributes
    ----------
    spec : ArraySpec or None
        None for bytes.
    size : int
        Bytes of content.
    """

    def __init__(self) -> None:
        self.spec: ArraySpec | None = None
        self.size = 0
        self._count = 0

    def add(self, header: Header, size: int) -> None:
        """Take the next frame, which has so much content.

        Raises
        ------
        CorruptDataError
            If it doesn't fit, or no array can have the shape that all have together.
        """
        spec = None if header.array is None else header.array.of_size(size)
        self._count += 1
        self.size += size
        if self._count == 1:
            self.spec = spec
        elif spec is not None and self.spec is not None:
            self.spec = _longer(self.spec, spec)
        elif spec is not self.spec:
            raise CorruptDataError("some frames are bytes, some are arrays")


def _longer(a: ArraySpec, b: ArraySpec) -> ArraySpec:
    """Both, one after the other along the first axis."""
    if (a.dtype, a.shape[1:]) != (b.dtype, b.shape[1:]) or not a.shape or not b.shape:
        raise CorruptDataError(
            f"{a.dtype} of shape {a.shape} and {b.dtype} of shape {b.shape} make no array"
        )
    if a.fortran or b.fortran:
        raise CorruptDataError("arrays in Fortran order don't follow each other")
    return replace(a, shape=(a.shape[0] + b.shape[0], *a.shape[1:])).checked()
