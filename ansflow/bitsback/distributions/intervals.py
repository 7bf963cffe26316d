"""Distributions that users define by two functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.distributions.array_codec import checked_precision
from ansflow.bitsback.stack.stack import Stack
from ansflow.errors import ModelError
from ansflow.kernels.stack import intervals

__all__ = ["Intervals"]

Slots = npt.NDArray[np.int64]
Interval = npt.NDArray[np.uint32]


class Intervals(Codec):
    """One symbol for each lane, of any kind, under distributions that two functions define.

    Parameters
    ----------
    interval_of : callable
        From symbols to two arrays of integers, shape (lanes,): where each symbol's interval of
        slots starts, and how many slots it has, at least 1.
    symbol_at : callable
        From slots, int64 of shape (lanes,), to the symbols whose intervals they are in.
    precision : int
        1 to 31; there are ``2**precision`` slots.

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
    """

    def __init__(
        self,
        interval_of: Callable[[Any], tuple[npt.ArrayLike, npt.ArrayLike]],
        symbol_at: Callable[[Slots], Any],
        precision: int,
    ) -> None:
        self.interval_of = interval_of
        self.symbol_at = symbol_at
        self.precision = checked_precision(precision)

    def push(self, stack: Stack, x: Any) -> None:
        starts, freqs = self._checked_intervals(stack.lanes, x)
        stack.run_push(intervals.push, starts.size, starts, freqs, np.uint64(self.precision))

    def pop(self, stack: Stack) -> Any:
        slots = np.zeros(stack.lanes, np.int64)
        precision = np.uint64(self.precision)
        intervals.peek(stack.heads, precision, slots)
        x = self.symbol_at(slots)
        starts, freqs = self._checked_intervals(slots.size, x)
        if ((slots < starts) | (slots - starts >= freqs)).any():
            raise ModelError(
                "symbol_at and interval_of contradict each other: a slot is not in the interval of "
                "its symbol"
            )
        stack.run_pop(intervals.pop, starts.size, starts, freqs, precision)
        return x

    def _checked_intervals(self, lanes: int, x: Any) -> tuple[Interval, Interval]:
        total = 1 << self.precision
        starts, freqs = self.interval_of(x)
        starts, freqs = as_array(starts, "starts").copy(), as_array(freqs, "freqs").copy()
        for name, values in (("starts", starts), ("freqs", freqs)):
            if values.shape != (lanes,) or values.dtype.kind not in "iu":
                raise ModelError(
                    f"the {name} of intervals must be integers, one for each of {lanes} lanes, "
                    f"not {values.dtype} of shape {values.shape}"
                )
        fits = (starts >= 0) & (freqs >= 1) & (starts < total) & (freqs <= total)
        if not fits.all() or (starts.astype(np.int64) + freqs.astype(np.int64) > total).any():
            raise ModelError(
                f"intervals must have at least one slot, and lie within the {total} slots of "
                f"precision {self.precision}"
            )
        return starts.astype(np.uint32), freqs.astype(np.uint32)
