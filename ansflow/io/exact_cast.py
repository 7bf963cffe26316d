"""Conversion of arrays to another dtype, if that can hold their values.

`numpy.can_cast` is not enough for this: it accepts seconds to nanoseconds, which overflow after the
year 2262, and integers to text, which may be cut off. So the values are compared after the
conversion; only floating-point numbers may be rounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["exact_cast"]

Array = npt.NDArray[Any]

# By kind of dtype: the kinds of dtypes that are converted to it.
GIVEN = {
    "b": "b",
    "i": "biu",
    "u": "biu",
    "f": "biuf",
    "c": "biufc",
    "m": "m",
    "M": "M",
    "S": "S",
    "U": "SU",
}


def exact_cast(array: Array, dtype: np.dtype[Any]) -> Array:
    """Return the values as `dtype`, or the same array if it already has this dtype.

    Floating-point numbers are rounded, but must not become infinite. Structures must have the same
    fields in the same order.

    Raises
    ------
    TypeError
        If the values are of another kind.
    ValueError
        If the dtype cannot hold a value.

    Examples
    --------
    >>> exact_cast(np.array([1, 2]), np.dtype("u1")).dtype
    dtype('uint8')
    >>> exact_cast(np.array([1, 300]), np.dtype("u1"))
    Traceback (most recent call last):
    ValueError: some values of int64 cannot be represented in uint8
    >>> exact_cast(np.array(["2500-01-01"], "M8[s]"), np.dtype("M8[ns]"))
    Traceback (most recent call last):
    ValueError: some values of datetime64[s] cannot be represented in datetime64[ns]
    """
    if array.dtype == dtype:
        return array
    if dtype.names is not None:
        return _cast_fields(array, dtype)
    if not _is_kind_of(array.dtype, dtype):
        raise TypeError(
            f"values of {array.dtype} cannot be converted to {dtype}, which is of another kind"
        )
    try:
        # Values are compared below, so NumPy's warnings are redundant.
        with np.errstate(all="ignore"):
            converted = array.astype(dtype)
            same = _is_same(converted, array)
    except (ValueError, OverflowError):  # also text that is not ASCII
        same = False
    if not same:
        raise ValueError(f"some values of {array.dtype} cannot be represented in {dtype}")
    return converted


def _is_kind_of(given: np.dtype[Any], dtype: np.dtype[Any]) -> bool:
    if given.kind in GIVEN.get(dtype.kind, ""):
        # Years and days, for instance, cannot be converted to each other.
        return given.kind not in "mM" or np.can_cast(given, dtype, "same_kind")
    # Dtypes of other packages, such as bfloat16, have kind V.
    others = given.kind == "V" and given.names is None and given.type is not np.void
    return others and dtype.kind in "fc" and np.can_cast(given, dtype)


def _is_same(converted: Array, array: Array) -> bool:
    given, dtype = array.dtype, converted.dtype
    if given.kind in "fc":
        return _is_finite_alike(converted, array)
    if given.kind in "mM":
        # Compared in the old unit: in the new one both could have overflowed.
        missing = np.isnat(array)
        back = converted.astype(given, casting="unsafe")
        return bool(np.array_equal(missing, np.isnat(back)) and (missing | (back == array)).all())
    if given.kind in "iu" and dtype.kind in "fc":
        # The greatest integers are rounded up to values out of range, whose conversion back is
        # undefined. The bounds are compared in double, as half precision makes them infinite.
        real = converted.real.astype(np.promote_types(converted.real.dtype, np.float64))
        info = np.iinfo(given)
        inside = (real >= float(info.min)) & (real < float(info.max // 2 + 1) * 2)
        return bool(inside.all() and (real.astype(given) == array).all())
    if given.kind == "V":
        return True  # a safe cast
    if given.kind == "S" and dtype.kind == "U":
        array = array.astype(f"U{given.itemsize}")
    return bool((converted == array).all())


def _is_finite_alike(converted: Array, array: Array) -> bool:
    if array.dtype.kind == "c":
        return _is_finite_alike(converted.real, array.real) and _is_finite_alike(
            converted.imag, array.imag
        )
    return np.array_equal(np.isinf(converted), np.isinf(array))


def _cast_fields(array: Array, dtype: np.dtype[Any]) -> Array:
    if array.dtype.names != dtype.names or dtype.names is None:
        raise TypeError(f"the fields of {array.dtype} must be those of {dtype}, in the same order")
    converted = np.zeros(array.shape, dtype)
    for name in dtype.names:
        if array[name].shape != converted[name].shape:
            raise TypeError(
                f"field {name!r} of {array.dtype} must have the same shape as in {dtype}"
            )
        converted[name] = exact_cast(array[name], converted[name].dtype)
    return converted
