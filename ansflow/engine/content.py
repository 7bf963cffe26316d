"""Conversion of arrays to content, a vector of bytes, and of content to arrays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes, item_bytes
from ansflow.engine.masked import from_items, to_items
from ansflow.errors import CorruptDataError
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.header import Header

__all__ = [
    "Bytes",
    "JoinedFrames",
    "SingleContent",
    "array_content",
    "as_array",
    "check_dtype",
]


def array_content(data: npt.NDArray[Any]) -> tuple[Bytes, ArraySpec]:
    """Return the bytes of an array in memory order, and its description.

    Raises
    ------
    TypeError
        If the array contains Python objects, or is masked and has fields.
    """
    check_dtype(data.dtype)
    masked = None
    if isinstance(data, np.ma.MaskedArray):
        data, masked = to_items(data)
    fortran = data.flags.f_contiguous and not data.flags.c_contiguous
    spec = ArraySpec(data.dtype, data.shape, fortran, masked=masked)
    return item_bytes(data.T if fortran else data), spec


def check_dtype(dtype: np.dtype[Any]) -> None:
    """Raise TypeError for dtypes with Python objects."""
    if dtype.hasobject:
        raise TypeError(
            f"arrays of Python objects ({dtype}) cannot be compressed: convert them to "
            "a dtype of fixed size, such as 'U' or 'S'"
        )


def as_array(content: Bytes, spec: ArraySpec) -> npt.NDArray[Any]:
    """Return the array that `content` holds, as a view unless it has a mask.

    Raises
    ------
    UnsupportedError
        If it is of a dtype that is not known here.
    """
    spec.check_known()
    try:
        items = np.ndarray(spec.shape, spec.dtype, content, order="F" if spec.fortran else "C")
    except (ValueError, TypeError) as e:
        raise CorruptDataError(
            f"NumPy cannot make an array of {spec.dtype} and shape {spec.shape}: {e}"
        ) from e
    return items if spec.masked is None else from_items(items, spec)


class SingleContent:
    """Makes sure that frames are not those of a collection, whose arrays do not belong together."""

    def __init__(self) -> None:
        self._count = 0
        self._named = False

    def add(self, header: Header) -> None:
        """Take note of a frame; CorruptDataError if there are several arrays with names."""
        self._count += 1
        self._named |= header.name is not None
        if header.directory or (self._named and self._count > 1):
            raise CorruptDataError(
                "the file is a collection of arrays, each with a name: read it with ansflow.load"
            )


class JoinedFrames:
    """The content of one or more consecutive frames as a whole.

    Attributes
    ----------
    spec : ArraySpec or None
        The array that the frames make up; None for bytes.
    size : int
        Bytes of content.
    """

    def __init__(self) -> None:
        self.spec: ArraySpec | None = None
        self.size = 0
        self._count = 0
        self._single = SingleContent()

    def add(self, header: Header, size: int) -> None:
        """Append a frame with `size` bytes of content.

        Raises
        ------
        CorruptDataError
            If the frame does not go with those before it, or the joined array is too large.
        """
        self._single.add(header)
        spec = None if header.array is None else header.array.of_size(size)
        self._count += 1
        self.size += size
        if self._count == 1:
            self.spec = spec
        elif spec is not None and self.spec is not None:
            self.spec = _longer(self.spec, spec)
        elif spec is not self.spec:
            raise CorruptDataError("frames of bytes and frames of arrays cannot be joined")


def _longer(a: ArraySpec, b: ArraySpec) -> ArraySpec:
    """The concatenation of two arrays along the first axis."""
    if _rows(a) != _rows(b) or not a.shape or not b.shape:
        raise CorruptDataError(
            f"frames of {a.dtype} with shape {a.shape} and of {b.dtype} with shape {b.shape} "
            "cannot be joined: dtypes and all axes but the first must be equal, and all or none of "
            "the arrays masked"
        )
    if a.fortran or b.fortran:
        raise CorruptDataError("frames of arrays in Fortran order cannot be joined")
    return replace(a, shape=(a.shape[0] + b.shape[0], *a.shape[1:])).checked()


def _rows(spec: ArraySpec) -> tuple[Any, ...]:
    """What arrays have in common that can be joined."""
    return spec.dtype, spec.lacking, spec.masked is None, spec.shape[1:]
