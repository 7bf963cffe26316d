"""What an array is, beside its items: dtype, shape and memory order."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from ansflow.errors import CorruptDataError, LimitError
from ansflow.limits import Limits

__all__ = ["UNKNOWN_LENGTH", "ArraySpec"]

# The first axis of an array that is written piece by piece.
UNKNOWN_LENGTH = -1


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """Type and shape of an array, and whether its content is in Fortran order.

    The first axis may be `UNKNOWN_LENGTH`.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the first axis is as long as the content makes it."""
        return self.shape[:1] == (UNKNOWN_LENGTH,)

    @property
    def row_nbytes(self) -> int:
        """Bytes of an item of the first axis."""
        items = 1
        for axis in self.shape[1:]:
            items *= axis
        return items * self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all items, for a shape that is known."""
        return self.row_nbytes * (self.shape[0] if self.shape else 1)

    def checked(self) -> Self:
        """The same; CorruptDataError if NumPy can't count its bytes, were no axis 0."""
        nbytes = max(1, self.dtype.itemsize)
        for axis in self.shape:
            nbytes *= max(1, axis)
        if nbytes >= 1 << 63:
            raise CorruptDataError(
                f"no array can have shape {self.shape}: items of {self.dtype.itemsize} bytes along "
                "all axes but empty ones take 2^63 bytes or more"
            )
        return self

    def of_size(self, content_size: int) -> Self:
        """The same with the first axis known; CorruptDataError if that isn't its size."""
        spec = self
        if self.is_open:
            rows = content_size // self.row_nbytes
            spec = replace(self, shape=(rows, *self.shape[1:])).checked()
        if spec.nbytes != content_size:
            raise CorruptDataError(
                f"{self.dtype} of shape {self.shape} doesn't take {content_size} bytes"
            )
        return spec

    def describe(self) -> dict[str, Any]:
        """For JSON, which makes lists of tuples: the dtype as in a .npy file, and the shape.

        Raises
        ------
        TypeError
            If a reader of that would get another dtype.
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
                    raise ValueError(f"shape {axes!r}, but nobody knows the size")
                shape = (UNKNOWN_LENGTH, *_checked_shape(axes[1:]))
            else:
                shape = _checked_shape(axes)
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as e:
            raise CorruptDataError(f"the array's description can't be read: {e!r}") from e
        if len(shape) > limits.max_dimensions:
            raise LimitError(f"{len(shape)} axes exceed max_dimensions={limits.max_dimensions}")
        spec = cls(dtype, shape, fortran).checked()
        if is_open and (fortran or not spec.row_nbytes):
            raise CorruptDataError(f"{dtype} of shape {shape} has no size to be found")
        return spec


# What NumPy's own parser takes is much more, and a zero in the wrong place kills the process
# (``M8[D/0]``), so it only gets to see what NumPy itself writes.
TYPE = re.compile(
    r"\|(b1|[iu]1|[SV][0-9]{1,9})"
    r"|[<>]([iu][248]|f(2|4|8|12|16)|c(8|16|24|32)|U[0-9]{1,9}"
    r"|[mM]8(\[([1-9][0-9]{0,8})?(Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?)",
    re.ASCII,
)


def _described(dtype: np.dtype[Any]) -> Any:
    """What `_checked_descr` understands, with lists for tuples; TypeError if it gave another dtype.

    NumPy writes something for any dtype, also for those that others have registered and for
    parts of structures in any order: what counts is what is read.
    """
    if dtype.isbuiltin == 1 and dtype.kind in "biufc" and not _has_metadata(dtype):
        return dtype.str  # as nearly always
    advice = f"view it as another, such as {np.dtype(_plain(dtype.itemsize)).name}"
    if _has_metadata(dtype):
        raise TypeError(
            f"dtype {dtype} has metadata, which wouldn't be stored: {advice}, or the same without"
        )
    try:
        described = np.lib.format.dtype_to_descr(dtype)
        same = np.lib.format.descr_to_dtype(_checked_descr(_listed(described))) == dtype
    except (ValueError, TypeError, OverflowError) as e:
        raise TypeError(f"dtype {dtype} can't be described, {e}: {advice}") from e
    if not same:
        raise TypeError(f"dtype {dtype} would be read as another one: {advice}")
    return described


def _plain(itemsize: int) -> str:
    """A dtype of that size that anybody understands."""
    return f"u{itemsize}" if itemsize in (1, 2, 4, 8) else f"V{itemsize}"


def _has_metadata(dtype: np.dtype[Any]) -> bool:
    """Whether it, or a part of it, has some; NumPy's comparison disregards that."""
    if dtype.subdtype is not None:
        return bool(dtype.metadata) or _has_metadata(dtype.subdtype[0])
    parts = [] if dtype.fields is None else dtype.fields.values()
    return bool(dtype.metadata) or any(_has_metadata(part[0]) for part in parts)


def _listed(descr: Any) -> Any:
    """With lists for tuples, as JSON gives it back."""
    return [_listed(part) for part in descr] if isinstance(descr, list | tuple) else descr


def _checked_descr(descr: Any) -> Any:
    """The description of a dtype with its tuples put back; ValueError if it isn't one."""
    if isinstance(descr, str) and TYPE.fullmatch(descr):
        return descr
    if not isinstance(descr, list) or not descr:
        raise ValueError(f"no type is written {descr!r}")
    return [_checked_field(field) for field in descr]


def _checked_field(field: Any) -> tuple[Any, ...]:
    """``(name, type)`` or ``(name, type, shape)``; a name may be ``(title, name)``."""
    if not isinstance(field, list) or len(field) not in (2, 3):
        raise ValueError(f"no field is written {field!r}")
    name = field[0]
    if isinstance(name, list) and len(name) == 2 and all(isinstance(part, str) for part in name):
        name = tuple(name)
    elif not isinstance(name, str):
        raise ValueError(f"no field is called {name!r}")
    return name, _checked_descr(field[1]), *(_checked_shape(axes) for axes in field[2:])


def _checked_shape(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, list):
        raise ValueError(f"no shape is written {shape!r}")
    if not all(type(axis) is int and 0 <= axis < 1 << 63 for axis in shape):
        raise ValueError(f"impossible shape {shape}")
    return tuple(shape)
