"""Arguments: one rule for what counts as an integer, an array of symbols, or of real numbers.

NumPy's scalars keep their width in arithmetic (NEP 50): ``1 << np.uint8(12)`` is 0. So every
integer that comes from outside is made a Python integer first, and compared with its bounds after
that. NumPy also converts arrays where something gets lost: masks, fractions, imaginary parts.

Arrays that kernels rely on are copied before they are checked, not after: another thread may change
the original at any time, and kernels read and write wherever the numbers point to.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from numbers import Real
from operator import index
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

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


def integer(
    value: object,
    name: str,
    low: int | None = None,
    high: int | None = None,
    *,
    error: type[Exception] = ValueError,
    type_error: type[Exception] = TypeError,
) -> int:
    """An argument as a Python integer within its bounds.

    Integers are what `operator.index` takes, NumPy's and arrays of shape () among them. Bools are
    not, neither Python's nor NumPy's; nor are floats, whatever their value.

    Parameters
    ----------
    value : object
    name : str
        Of the argument, for the message.
    low, high : int, optional
        Bounds, both of them possible values.
    error : type of exception
        For an integer out of bounds.
    type_error : type of exception
        For anything else.

    Raises
    ------
    TypeError
        Or `type_error`, if `value` isn't an integer.
    ValueError
        Or `error`, if it is out of bounds.

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
    try:
        # NumPy's bools, alone and in arrays, are indices for some of its releases.
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
    """A size or a shape as a tuple of Python integers.

    Raises
    ------
    TypeError
        If an axis isn't an integer, as `integer` has it.
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
        raise ValueError(f"{name} must not be negative along any axis, but is {sizes}")
    return sizes


def as_array(values: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """An array as `numpy.asarray` has it; TypeError if some of it is masked."""
    check_unmasked(values, name)
    return np.asarray(values)


def check_unmasked(values: object, name: str) -> None:
    """TypeError for masked arrays, also in lists, of which NumPy would make arrays without."""
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(
            f"{name} must not be a masked array, whose mask would be lost: fill it, select what "
            "is valid, or take its data and its mask as two arrays"
        )
    if isinstance(values, list | tuple):
        for part in values:
            check_unmasked(part, name)


def symbol_array(values: npt.ArrayLike, name: str = "symbols") -> npt.NDArray[Any]:
    """An array of integers or bools; TypeError for others. Empty ones may have any type."""
    array = as_array(values, name)
    if not array.size:
        return array.astype(np.int64)
    if array.dtype.kind not in "iub":
        raise TypeError(f"{name} must be integers, not {array.dtype}")
    return array


def real_numbers(values: npt.ArrayLike, name: str) -> npt.NDArray[np.float64]:
    """A contiguous copy as doubles; TypeError if those aren't real numbers."""
    array = as_array(values, name)
    if array.dtype.kind not in "biufO":
        raise TypeError(f"{name} must be real numbers, not {array.dtype}")
    try:
        if array.dtype.hasobject:
            # NumPy would read text, and take times for how many of their unit they are.
            for item in array.flat:
                # NumPy counts time spans among its integers.
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
    """A number that isn't too long to print: Python refuses to write those of many digits."""
    return str(number) if number.bit_length() <= 128 else f"a number of {number.bit_length()} bits"
