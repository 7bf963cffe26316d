"""Distributions that users define by two functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.distributions.array_codec import (
    INT64,
    Shape,
    as_shape,
    checked_precision,
)
from ansflow.bitsback.stack.stack import Stack
from ansflow.errors import ModelError
from ansflow.kernels.stack import intervals

__all__ = ["Intervals"]

Numbers = npt.NDArray[np.int64]

MAX_TOTAL = 1 << 32


class Intervals(Codec):
    """Symbols of any kind, one for each lane, under distributions that two functions define.

    Each symbol has an interval of slots, whose number is its frequency. The total of the
    frequencies may be any number, such as that of the counts of an adaptive model.

    Parameters
    ----------
    interval_of : callable
        From symbols to two arrays of integers, shape (lanes,): where each symbol's interval of
        slots starts, and how many slots it has, at least 1.
    symbol_at : callable
        From slots, int64 of shape (lanes,), to the symbols whose intervals they are in.
    precision : int, optional
        1 to 31; there are ``2**precision`` slots.
    total : int or array_like of int, shape (lanes,), optional
        The number of slots, 1 to 2^32, in place of a precision.
    shape : (), optional
        If it is given, there is one symbol, on the first lane, and the functions take and
        return integers in place of arrays.

    Raises
    ------
    ModelError
        If the precision or a total is out of range.
    TypeError
        If neither or both are given.

    Notes
    -----
    A symbol costs ``log2(total / frequency)`` bits on average, and what rounding heads of 64 bits
    adds: about 1e-8 bits at a total of 2^20, 2e-5 at 2^28, and 2e-3 at 2^32.

    Examples
    --------
    A geometric distribution on 16 slots: symbol k has half of what the symbols before it left.

    >>> import numpy as np
    >>> from ansflow.bitsback import Intervals, Stack
    >>> codec = Intervals(
    ...     interval_of=lambda k: (16 - (16 >> k), np.maximum(8 >> k, 1)),
    ...     symbol_at=lambda slot: np.searchsorted([8, 12, 14, 15], slot, side="right"),
    ...     precision=4,
    ... )
    >>> stack = Stack(lanes=4)
    >>> codec.push(stack, np.array([0, 1, 2, 4]))
    >>> round(stack.bits - 4 * 32, 6)
    10.0
    >>> codec.pop(stack)
    array([0, 1, 2, 4])

    Letters by their counts, one at a time:

    >>> from bisect import bisect_right
    >>> counts, starts = {"a": 5, "b": 2, "r": 2}, [0, 5, 7]
    >>> letter = Intervals(
    ...     interval_of=lambda s: (starts["abr".index(s)], counts[s]),
    ...     symbol_at=lambda slot: "abr"[bisect_right(starts, slot) - 1],
    ...     total=9,
    ...     shape=(),
    ... )
    >>> stack = Stack()
    >>> letter.push(stack, "r")
    >>> letter.pop(stack)
    'r'
    """

    def __init__(
        self,
        interval_of: Callable[[Any], tuple[npt.ArrayLike, npt.ArrayLike]],
        symbol_at: Callable[[Any], Any],
        precision: SupportsIndex | None = None,
        *,
        total: npt.ArrayLike | None = None,
        shape: Shape = None,
    ) -> None:
        if (precision is None) == (total is None):
            raise TypeError("give a precision or a total, and not both")
        if shape is not None and as_shape(shape) != ():
            raise ValueError(f"shape must be () or None, one symbol for each lane, not {shape}")
        self.interval_of = interval_of
        self.symbol_at = symbol_at
        self.scalar = shape is not None
        if total is None:
            assert precision is not None
            total = 1 << checked_precision(precision)
        self.totals = _checked_totals(total)

    def push(self, stack: Stack, x: Any) -> None:
        starts, freqs = self._intervals(stack.lanes, x)
        try:
            stack.run_push(intervals.push, starts.size, starts, freqs, self.totals)
        except ModelError:
            raise self._illegal(starts, freqs) from None

    def pop(self, stack: Stack) -> Any:
        lanes = 1 if self.scalar else stack.lanes
        self._check_lanes(lanes)
        slots = np.empty(lanes, INT64)
        intervals.peek(stack.heads, self.totals, slots)
        x = self.symbol_at(slots.item() if self.scalar else slots)
        starts, freqs = self._intervals(lanes, x)
        try:
            stack.run_pop(intervals.pop, starts.size, starts, freqs, self.totals)
        except ModelError:
            raise self._illegal(starts, freqs) from None
        return x

    def _intervals(self, lanes: int, x: Any) -> tuple[Numbers, Numbers]:
        """Intervals as the kernels take them, which check that they are legal."""
        starts, freqs = self.interval_of(x)
        if self.scalar:
            return _number(starts, "start"), _number(freqs, "freq")
        self._check_lanes(lanes)
        return _numbers(starts, "starts", lanes), _numbers(freqs, "freqs", lanes)

    def _check_lanes(self, lanes: int) -> None:
        if self.totals.size not in (1, lanes):
            raise ModelError(
                f"there are {self.totals.size} totals, but the stack has {lanes} lanes"
            )

    def _illegal(self, starts: Numbers, freqs: Numbers) -> ModelError:
        totals = self.totals.astype(np.int64)
        fits = (starts >= 0) & (freqs >= 1) & (starts < totals) & (freqs <= totals - starts)
        if fits.all():
            return ModelError(
                "symbol_at and interval_of contradict each other: a slot is not in the interval of "
                "its symbol"
            )
        first = int(np.argmin(fits))
        return ModelError(
            "intervals must have at least one slot, and lie within the "
            f"{totals[first if totals.size > 1 else 0]} slots: {freqs[first]} slots from "
            f"{starts[first]} on do not"
        )


def _checked_totals(given: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    if type(given) is int:
        totals = np.array([integer(given, "total", 1, MAX_TOTAL, error=ModelError)], np.uint64)
    else:
        array = as_array(given, "total")
        if array.ndim > 1 or array.dtype.kind not in "iu":
            raise TypeError(
                f"total must be an integer, or one for each lane, not {array.dtype} of shape "
                f"{array.shape}"
            )
        totals = array.astype(np.uint64).reshape(-1)  # negative ones become too large
        if totals.size and not (totals.min() >= 1 and totals.max() <= MAX_TOTAL):
            raise ModelError(f"totals must be 1 to {MAX_TOTAL}, not {array.min()} to {array.max()}")
    return totals


def _number(given: Any, name: str) -> Numbers:
    if not (type(given) is int and 0 <= given <= MAX_TOTAL):
        given = integer(given, name, 0, MAX_TOTAL, error=ModelError, type_error=ModelError)
    number = np.empty(1, INT64)  # in two thirds of the time that a list takes
    number[0] = given
    return number


def _numbers(given: npt.ArrayLike, name: str, lanes: int) -> Numbers:
    values = as_array(given, name)
    if values.shape != (lanes,) or values.dtype.kind not in "iu":
        raise ModelError(
            f"the {name} of intervals must be integers, one for each of {lanes} lanes, "
            f"not {values.dtype} of shape {values.shape}"
        )
    return values.astype(np.int64, order="C")  # too large ones become negative
