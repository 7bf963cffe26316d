"""Checks of arguments: integers, shapes, arrays of symbols, arrays of real numbers.

NumPy's scalars keep their width in arithmetic (NEP 50): ``1 << np.uint8(12)`` is 0. Every integer
argument is therefore converted to a Python integer before it is compared with its bounds. Array
conversions that would lose information (masks, fractions, imaginary parts) are refused.

Arrays that kernels rely on are copied before they are checked, since another thread may change the
original at any time, and kernels do not check the indices that they compute from them. A kernel
that reads each number once, and checks what it has read, needs no copy.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from numbers import Real
from operator import index
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt
from numpy import ndarray

__all__ = [
    "Axes",
    "as_array",
    "check_unmasked",
    "integer",
    "real_numbers",
    "shape_of",
    "symbol_array",
]

Axes = SupportsIndex | Iterable[SupportsIndex]

FLOAT64 = np.dtype(np.float64)


def integer(
    value: object,
    name: str,
    low: int | None = None,
    high: int | None = None,
    *,
    error: type[Exception] = ValueError,
    type_error: type[Exception] = TypeError,
) -> int:
    """Return an argument as a Python integer after checking its bounds.

    Integers are the objects that `operator.index` accepts, including NumPy's integers and integer
    arrays of shape (). Bools and floats are refused.

    Parameters
    ----------
    value : object
    name : str
        Name of the argument in error messages.
    low, high : int, optional
        Inclusive bounds.
    error : type of exception
        Raised for an integer out of bounds.
    type_error : type of exception
        Raised for other objects.

    Raises
    ------
    TypeError
        Or `type_error`, if `value` is not an integer.
    ValueError
        Or `error`, if `value` is out of bounds.

    Examples
    --------
    >>> integer(np.uint8(12), "precision", 1, 31)
    12
    >>> integer(12.0, "precision", 1, 31)
    Traceback (most recent call last):
    TypeError: precision must be an integer, not 12.0 (float)
    >>> integer(32, "precision", 1, 31)
    Traceback (most recent call last):
    ValueError: precision must be 1 to 31, not 32
    """
    if type(value) is int:
        number = value
    else:
        try:
            # Some releases of NumPy accept its bools as indices, alone and in arrays.
            if isinstance(value, (bool, np.bool)):
                raise TypeError
            if isinstance(value, np.ndarray) and value.dtype.kind == "b":
                raise TypeError
            number = index(value)  # type: ignore[arg-type]
        except TypeError:
            kind = type(value).__name__
            raise type_error(f"{name} must be an integer, not {value!r:.60} ({kind})") from None
    if (low is not None and number < low) or (high is not None and number > high):
        raise error(f"{name} must be {_bounds(low, high)}, not {_shown(number)}")
    return number


def shape_of(value: Axes, name: str = "shape") -> tuple[int, ...]:
    """Return a size or a shape as a tuple of Python integers.

    Raises
    ------
    TypeError
        If an axis is not an integer; see `integer`.
    ValueError
        If an axis is negative.

    Examples
    --------
    >>> shape_of(np.int8(100)), shape_of([2, np.uint16(3)])
    ((100,), (2, 3))
    """
    scalar = isinstance(value, np.ndarray) and value.ndim == 0
    axes = value if isinstance(value, Iterable) and not scalar else (value,)
    sizes = tuple(integer(axis, f"an axis of {name}") for axis in axes)
    if min(sizes, default=0) < 0:
        raise ValueError(f"the axes of {name} must be at least 0, not {sizes}")
    return sizes


def as_array(values: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """Return ``numpy.asarray(values)``; TypeError if `values` is or contains a masked array."""
    check_unmasked(values, name)
    return np.asarray(values)


def check_unmasked(values: object, name: str) -> None:
    """Raise TypeError for masked arrays, also in lists, as NumPy would drop the mask."""
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(
            f"{name} must not be a masked array, as the mask would be lost: fill it, select the "
            "valid items, or use its data and its mask as two arrays"
        )
    if isinstance(values, list | tuple):
        for part in values:
            check_unmasked(part, name)


def symbol_array(values: npt.ArrayLike, name: str = "symbols") -> npt.NDArray[Any]:
    """Return an array of integers or bools; TypeError for other dtypes, unless it is empty."""
    array = as_array(values, name)
    if not array.size:
        return array.astype(np.int64)
    if array.dtype.kind not in "iub":
        raise TypeError(f"{name} must be integers, not {array.dtype}")
    return array


def real_numbers(values: npt.ArrayLike, name: str, copy: bool = True) -> npt.NDArray[np.float64]:
    """Return a contiguous float64 array; TypeError if the values are not real numbers.

    Without `copy`, it may be the given one.
    """
    # What parameters are most of the time.
    if type(values) is ndarray and values.dtype is FLOAT64:
        return values.copy() if copy or not values.flags.carray else values
    if type(values) is float:
        return np.array(values)
    array = as_array(values, name)
    if array.dtype.kind not in "biufO":
        raise TypeError(f"{name} must be real numbers, not {array.dtype}")
    try:
        if array.dtype.hasobject:
            # NumPy would parse text, and convert times to their number of units.
            for item in array.flat:
                # NumPy registers its time spans as integers.
                if not isinstance(item, Real | Decimal) or isinstance(item, np.timedelta64):
                    raise TypeError(f"{item!r:.60} is {type(item).__name__}")
        return np.array(array, np.float64, order="C")
    except (TypeError, ValueError, OverflowError) as error:
        raise TypeError(f"{name} must be real numbers: {error}") from None


def _bounds(low: int | None, high: int | None) -> str:
    if high is None:
        return f"at least {low}"
    return f"at most {high}" if low is None else f"{low} to {high}"


def _shown(number: int) -> str:
    """The number as text, unless it is too long: Python limits the digits of such conversions."""
    return str(number) if number.bit_length() <= 128 else f"a number of {number.bit_length()} bits"
