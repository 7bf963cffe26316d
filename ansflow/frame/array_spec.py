"""The description of an array in a frame: dtype, shape and memory order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from ansflow.errors import CorruptDataError, LimitError, UnsupportedError
from ansflow.extension_dtypes import PACKAGE
from ansflow.frame import constants
from ansflow.frame.dtypes import checked_shape, describe_dtype, parse_dtype
from ansflow.frame.masked import Masked
from ansflow.limits import Limits

__all__ = ["UNKNOWN_LENGTH", "ArraySpec", "checked_name"]

# Length of the first axis of an array that is written piece by piece.
UNKNOWN_LENGTH = -1


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """Dtype and shape of an array, and whether its content is in Fortran order.

    The first axis may be `UNKNOWN_LENGTH`. `lacking` is None, or a dtype that is not known here, by
    its name, and the description of the dtype as it was written: `dtype` has bytes in its place.
    Of a masked array, `dtype` has fields for values and mask, unless nothing is masked. `name` is
    that of the array in a collection, if it is for one, and `listed` whether a directory follows.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool = False
    lacking: tuple[str, Any] | None = None
    masked: Masked | None = None
    name: str | None = None
    listed: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the length of the first axis follows from the size of the content."""
        return self.shape[:1] == (UNKNOWN_LENGTH,)

    @property
    def has_mask(self) -> bool:
        """Whether items are values with a mask."""
        return self.masked is not None and self.dtype.names is not None

    @property
    def value_dtype(self) -> np.dtype[Any]:
        """The dtype of the array that users see."""
        return self.dtype[0] if self.has_mask else self.dtype

    @property
    def row_nbytes(self) -> int:
        """Bytes of a row, that is, an item of the first axis."""
        items = 1
        for axis in self.shape[1:]:
            items *= axis
        return items * self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all items, for a shape that is known."""
        return self.row_nbytes * (self.shape[0] if self.shape else 1)

    def checked(self) -> Self:
        """Return self; CorruptDataError if, without axes of length 0, it takes 2^63 bytes."""
        nbytes = max(1, self.dtype.itemsize)
        for axis in self.shape:
            nbytes *= max(1, axis)
        if nbytes >= 1 << 63:
            raise CorruptDataError(
                f"an array of {self.dtype} and shape {self.shape} is too large for NumPy: without "
                "empty axes it takes 2^63 bytes or more"
            )
        return self

    def of_size(self, content_size: int) -> Self:
        """Return the array with a known first axis; CorruptDataError if the size does not fit."""
        spec = self
        if self.is_open:
            rows = content_size // self.row_nbytes
            spec = replace(self, shape=(rows, *self.shape[1:])).checked()
        if spec.nbytes != content_size:
            raise CorruptDataError(
                f"an array of {self.dtype} and shape {self.shape} cannot have a content of "
                f"{content_size} bytes"
            )
        return spec

    def describe(self) -> dict[str, Any]:
        """Return dtype, as in a ``.npy`` file, and shape in a form for JSON.

        Raises
        ------
        TypeError
            If a reader would get another dtype.
        """
        shape: list[int | None] = list(self.shape)
        if self.is_open:
            shape[0] = None
        written = describe_dtype(self.dtype) if self.lacking is None else self.lacking[1]
        told = {"dtype": written, "shape": shape}
        if self.masked is not None:
            told["masked"] = self.masked.describe()
        if self.name is not None:
            told["name"] = self.name
        return told

    def check_known(self) -> None:
        """Raise UnsupportedError if there can be no array of the dtype, but only its bytes."""
        if self.lacking is not None:
            name = self.lacking[0]
            raise UnsupportedError(
                f"the array is of {name}, a dtype of the package {PACKAGE}, which is not installed "
                f"or too old to have it: install {PACKAGE}, or read the bytes of the items, with "
                "ansflow.open, or decompress(..., out=numpy.empty(n, 'u1'))"
            )

    @classmethod
    def parse(cls, fields: dict[str, Any], fortran: bool, is_open: bool, limits: Limits) -> Self:
        """Undo `describe`; `is_open` says whether the first axis must be open or must not."""
        try:
            dtype, name = parse_dtype(fields["dtype"])
            masked = Masked.parse(fields["masked"], dtype) if "masked" in fields else None
            called = checked_name(fields["name"]) if "name" in fields else None
            axes = fields["shape"]
            if is_open:
                if not isinstance(axes, list) or axes[:1] != [None]:
                    raise ValueError(
                        f"the first axis must be null, as the header gives no size, not {axes!r}"
                    )
                shape = (UNKNOWN_LENGTH, *checked_shape(axes[1:]))
            else:
                shape = checked_shape(axes)
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as e:
            raise CorruptDataError(f"the description of the array is invalid: {e!r}") from e
        if len(shape) > limits.max_dimensions:
            raise LimitError(
                f"the array has {len(shape)} axes, more than max_dimensions={limits.max_dimensions}"
            )
        lacking = None if name is None else (name, fields["dtype"])
        spec = cls(dtype, shape, fortran, lacking, masked, called).checked()
        if is_open and (fortran or not spec.row_nbytes):
            raise CorruptDataError(
                f"an array of {dtype} and shape {axes} cannot have an open first axis: its rows "
                "are empty, or it is in Fortran order"
            )
        return spec


def checked_name(name: Any) -> str:
    """Return the name of an array in a collection.

    Raises
    ------
    TypeError
        If it is no text.
    ValueError
        If no array can have it.
    """
    if not isinstance(name, str):
        raise TypeError(f"the name of an array must be text, not {name!r:.60}")
    text = str.__str__(name)  # a subclass may have another one
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError(f"the name {text!r:.100} contains a surrogate, which is no text") from None
    if not 1 <= size <= constants.MAX_NAME:
        raise ValueError(
            f"the name of an array takes 1 to {constants.MAX_NAME} bytes in UTF-8, not {size}"
        )
    if "\0" in text:
        raise ValueError(f"the name {text!r:.100} contains a null character")
    return text
