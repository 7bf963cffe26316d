"""Integer arguments: one rule for what counts as an integer, applied before anything else.

NumPy's scalars keep their width in arithmetic (NEP 50): ``1 << np.uint8(12)`` is 0. So every
integer that comes from outside is made a Python integer first, and compared with its bounds after
that.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from typing import SupportsIndex

import numpy as np

__all__ = ["Axes", "integer", "shape_of"]

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
        if isinstance(value, bool):
            raise TypeError
        # NumPy's bools are refused by index itself, but arrays of them aren't everywhere.
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
    return tuple(integer(axis, f"an axis of {name}", 0) for axis in axes)


def _bounds(low: int | None, high: int | None) -> str:
    if high is None:
        return f"at least {low}"
    return f"at most {high}" if low is None else f"{low} to {high}"


def _shown(number: int) -> str:
    """A number that isn't too long to print: Python refuses to write those of many digits."""
    return str(number) if number.bit_length() <= 128 else f"a number of {number.bit_length()} bits"
