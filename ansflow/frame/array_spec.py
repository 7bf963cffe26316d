"""The description of an array in a frame: dtype, shape and memory order."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from ansflow.errors import CorruptDataError, LimitError
from ansflow.limits import Limits

__all__ = ["UNKNOWN_LENGTH", "ArraySpec"]

# Length of the first axis of an array that is written piece by piece.
UNKNOWN_LENGTH = -1


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """Dtype and shape of an array, and whether its content is in Fortran order.

    The first axis may be `UNKNOWN_LENGTH`.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the length of the first axis follows from the size of the content."""
        return self.shape[:1] == (UNKNOWN_LENGTH,)

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
        return {"dtype": _described(self.dtype), "shape": shape}

    @classmethod
    def parse(cls, fields: dict[str, Any], fortran: bool, is_open: bool, limits: Limits) -> Self:
        """Undo `describe`; `is_open` says whether the first axis must be open or must not."""
        try:
            dtype = np.lib.format.descr_to_dtype(_checked_descr(fields["dtype"]))
            axes = fields["shape"]
            if is_open:
                if not isinstance(axes, list) or axes[:1] != [None]:
                    raise ValueError(
                        f"the first axis must be null, as the header gives no size, not {axes!r}"
                    )
                shape = (UNKNOWN_LENGTH, *_checked_shape(axes[1:]))
            else:
                shape = _checked_shape(axes)
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as e:
            raise CorruptDataError(f"the description of the array is invalid: {e!r}") from e
        if len(shape) > limits.max_dimensions:
            raise LimitError(
                f"the array has {len(shape)} axes, more than max_dimensions={limits.max_dimensions}"
            )
        spec = cls(dtype, shape, fortran).checked()
        if is_open and (fortran or not spec.row_nbytes):
            raise CorruptDataError(
                f"an array of {dtype} and shape {axes} cannot have an open first axis: its rows "
                "are empty, or it is in Fortran order"
            )
        return spec


# NumPy's parser accepts more than this, and some input crashes the process (``M8[D/0]``), so it is
# given only what NumPy itself writes.
TYPE = re.compile(
    r"\|(b1|[iu]1|[SV][0-9]{1,9})"
    r"|[<>]([iu][248]|f(2|4|8|12|16)|c(8|16|24|32)|U[0-9]{1,9}"
    r"|[mM]8(\[([1-9][0-9]{0,8})?(Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?)",
    re.ASCII,
)


def _described(dtype: np.dtype[Any]) -> Any:
    """The description that `_checked_descr` parses; TypeError if that would be another dtype.

    NumPy describes every dtype, including those that other packages register and structures with
    unordered fields, but not always faithfully. So the description is parsed and compared.
    """
    if dtype.isbuiltin == 1 and dtype.kind in "biufc" and not _has_metadata(dtype):
        return dtype.str  # the usual case
    advice = f"view it as another dtype, such as {np.dtype(_plain(dtype.itemsize)).name}"
    if _has_metadata(dtype):
        raise TypeError(
            f"dtype {dtype} has metadata, which cannot be stored: {advice}, or drop the metadata"
        )
    try:
        described = np.lib.format.dtype_to_descr(dtype)
        same = np.lib.format.descr_to_dtype(_checked_descr(_listed(described))) == dtype
    except (ValueError, TypeError, OverflowError) as e:
        raise TypeError(f"dtype {dtype} cannot be stored ({e}): {advice}") from e
    if not same:
        raise TypeError(f"dtype {dtype} cannot be stored without changes: {advice}")
    return described


def _plain(itemsize: int) -> str:
    """A built-in dtype of that size."""
    return f"u{itemsize}" if itemsize in (1, 2, 4, 8) else f"V{itemsize}"


def _has_metadata(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype, or a part of it, has metadata, which NumPy's comparison ignores."""
    if dtype.subdtype is not None:
        return bool(dtype.metadata) or _has_metadata(dtype.subdtype[0])
    parts = [] if dtype.fields is None else dtype.fields.values()
    return bool(dtype.metadata) or any(_has_metadata(part[0]) for part in parts)


def _listed(descr: Any) -> Any:
    """A description with its tuples replaced by lists, as in JSON."""
    return [_listed(part) for part in descr] if isinstance(descr, list | tuple) else descr


def _checked_descr(descr: Any) -> Any:
    """The description of a dtype with its tuples restored; ValueError if it is invalid."""
    if isinstance(descr, str) and TYPE.fullmatch(descr):
        return descr
    if not isinstance(descr, list) or not descr:
        raise ValueError(f"the dtype {descr!r} is not one that a frame can hold")
    return [_checked_field(field) for field in descr]


def _checked_field(field: Any) -> tuple[Any, ...]:
    """``(name, type)`` or ``(name, type, shape)``; a name may be ``(title, name)``."""
    if not isinstance(field, list) or len(field) not in (2, 3):
        raise ValueError(
            f"a field must be a list of name, dtype and optionally shape, not {field!r}"
        )
    name = field[0]
    if isinstance(name, list) and len(name) == 2 and all(isinstance(part, str) for part in name):
        name = tuple(name)
    elif not isinstance(name, str):
        raise ValueError(f"the name of a field must be text or a pair of texts, not {name!r}")
    return name, _checked_descr(field[1]), *(_checked_shape(axes) for axes in field[2:])


def _checked_shape(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, list):
        raise ValueError(f"a shape must be a list of integers, not {shape!r}")
    if not all(type(axis) is int and 0 <= axis < 1 << 63 for axis in shape):
        raise ValueError(f"axis lengths must be integers from 0 to 2^63 - 1, not {shape}")
    return tuple(shape)
