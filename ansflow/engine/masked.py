"""Masked arrays of NumPy to items that have a value and a mask, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes, opaque
from ansflow.errors import CorruptDataError
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.masked import DATA, MASK, Masked, with_mask

__all__ = ["MaskedArray", "fill_masked", "from_content", "from_items", "to_items", "with_masks"]

Array = npt.NDArray[Any]
Order = Literal["C", "F"]
MaskedArray = np.ma.MaskedArray[Any, Any]


def to_items(array: MaskedArray) -> tuple[Array, Masked]:
    """Values with their mask, or values alone if there is no mask; and what else the array has.

    Raises
    ------
    TypeError
        If the array has fields, each of which has a mask of its own.
    """
    values = np.asarray(np.ma.getdata(array))
    if values.dtype.names is not None:
        raise TypeError(
            f"masked arrays with fields ({values.dtype}) cannot be compressed: compress each field "
            "by itself, or the data and the mask as two arrays"
        )
    mask = np.ma.getmask(array)
    masked = Masked(bool(array.hardmask), _fill_value(array))
    return (values if mask is np.ma.nomask else with_masks(values, mask)), masked


def with_masks(values: Array, mask: Any) -> Array:
    """Values and their masks, side by side."""
    order: Order = "F" if values.flags.f_contiguous and not values.flags.c_contiguous else "C"
    items: Array = np.ndarray(values.shape, with_mask(values.dtype), order=order)
    opaque(items[DATA])[...] = opaque(values)
    items[MASK] = mask
    return items


def from_items(items: Array, spec: ArraySpec) -> MaskedArray:
    """Undo `to_items`. If there is a mask, values and mask are copies."""
    if not spec.has_mask:
        return _made(items, np.ma.nomask, spec)
    order: Order = "F" if items.flags.f_contiguous and not items.flags.c_contiguous else "C"
    values: Array = np.ndarray(items.shape, spec.value_dtype, order=order)
    opaque(values)[...] = opaque(items[DATA])
    return _made(values, np.array(items[MASK], order=order), spec)


def from_content(parts: Iterable[Bytes], spec: ArraySpec) -> MaskedArray:
    """The same for content in pieces of whole items, with a mask, which needs no more memory."""
    dtype, count = spec.value_dtype, spec.nbytes // spec.dtype.itemsize
    values, mask = np.empty(count * dtype.itemsize, np.uint8), np.empty(count, np.bool)
    vector = np.ndarray((count,), dtype, values)
    at = 0
    for part in parts:
        items = part.view(spec.dtype)
        if at + items.size > count:
            raise CorruptDataError("the data were changed by another thread during decompression")
        opaque(vector[at : at + items.size])[...] = opaque(items[DATA])
        mask[at : at + items.size] = items[MASK]
        at += items.size
    order: Order = "F" if spec.fortran else "C"
    shaped: Array = np.ndarray(spec.shape, dtype, values, order=order)
    return _made(shaped, np.ndarray(spec.shape, np.bool, mask, order=order), spec)


def fill_masked(out: MaskedArray, array: MaskedArray) -> None:
    """Make a masked array the same as another one of its dtype and shape."""
    np.ma.getdata(out)[...] = np.ma.getdata(array)
    out.soften_mask()
    out.mask = np.ma.getmask(array)
    if array.hardmask:
        out.harden_mask()
    _set_fill_value(out, _fill_value(array))


def _made(values: Array, mask: Any, spec: ArraySpec) -> MaskedArray:
    """The masked array that a spec describes, of its parts."""
    assert spec.masked is not None
    array: MaskedArray = np.ma.MaskedArray(values, mask, hard_mask=spec.masked.hard, copy=False)
    _set_fill_value(array, spec.masked.fill_value)
    return array


def _fill_value(array: MaskedArray) -> bytes | None:
    """The bytes of the fill value, unless it is the default, which may be of another dtype."""
    value = getattr(array, "_fill_value", None)  # the property would set it
    if value is None or value.dtype != array.dtype or not value.dtype.itemsize:
        return None
    default = np.asarray(np.ma.default_fill_value(array.dtype))
    same = default.dtype == value.dtype and default.tobytes() == value.tobytes()
    return None if same else value.tobytes()


def _set_fill_value(array: MaskedArray, value: bytes | None) -> None:
    """The fill value of those bytes, or the default."""
    # An array and no scalar: NumPy can't make a str of code points that there aren't.
    kept: Any = np.ndarray((), array.dtype, value) if value else None
    array.fill_value = kept
