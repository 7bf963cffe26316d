"""Multisets and sets of integers below a bound."""

from __future__ import annotations

from math import lgamma, log
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer, symbol_array
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.stack.stack import Stack
from ansflow.bitsback.structures.integer_coder import MAX_COUNT, MAX_INTEGERS, IntegerCoder
from ansflow.errors import ModelError
from ansflow.kernels.stack import integer_multisets as kernels
from ansflow.kernels.stack.heads import UNDERFLOW

__all__ = ["IntegerMultiset", "IntegerSet"]


class IntegerMultiset(Codec):
    """Multisets of integers from 0 to n - 1: arrays whose order carries no information.

    An array of any order is pushed, and popped sorted. That costs ``count * log2(n)`` bits, less
    those that its orders would have told: log2 of their number, ``count! / product of c!``, for c
    equal ones of each integer.

    Parameters
    ----------
    n : int
        1 to 2^62.
    count : int
        The number of integers, 0 to 2^28.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Notes
    -----
    A push takes the integers one by one, in an order that it pops from the stack: the latent is the
    order, its posterior is exact, and so the net cost does not depend on the bits that it is popped
    from. They are not stirred. At each moment no more than one integer's order is borrowed, which
    takes one word of initial bits for each lane if integers are pushed faster than orders popped.
    That is so if n is at least the count; otherwise more may be needed.

    Time is proportional to ``count * log(count)``, whatever the order and the integers.

    Examples
    --------
    >>> import math
    >>> from ansflow.bitsback import IntegerMultiset, Stack
    >>> stack = Stack(seed=0)
    >>> codec = IntegerMultiset(1000, 6)
    >>> start = stack.mark()
    >>> codec.push(stack, [500, 3, 999, 3, 42, 7])
    >>> round(stack.rates(start).net, 3), round(6 * math.log2(1000) - math.log2(720 / 2), 3)
    (51.303, 51.303)
    >>> codec.pop(stack)
    array([  3,   3,   7,  42, 500, 999])

    References
    ----------
    Severo, Townsend, Khisti, Makhzani & Ullrich 2022, "Compressing multisets with large alphabets
    using bits-back coding", arXiv:2107.09202.
    """

    different = False

    def __init__(self, n: SupportsIndex, count: SupportsIndex) -> None:
        self.n = integer(n, "n", 1, MAX_INTEGERS)
        self.count = integer(count, "count", 0, MAX_COUNT)
        self._coder = IntegerCoder(self.n, self.count, self.different, UNDERFLOW)

    def push(self, stack: Stack, x: npt.ArrayLike) -> None:
        ordered = self._ordered(x)
        arguments = self._coder.push_arguments(ordered)
        lowest = np.empty(1, np.uint64)
        room = self._coder.digits * self.count
        stack.run_pop(kernels.push, self.count, *arguments, lowest, room=room, lowest=lowest)

    def pop(self, stack: Stack) -> npt.NDArray[np.int64]:
        out, lowest = np.empty(self.count, np.int64), np.empty(1, np.uint64)
        most = self._coder.digits * self.count
        arguments = self._coder.pop_arguments()
        stack.run_pop(kernels.pop, most, *arguments, lowest, out, room=self.count, lowest=lowest)
        return out

    def bits(self, x: npt.ArrayLike) -> float:
        """What a multiset costs: log2 of the number of arrays, less that of its orders."""
        _, counts = np.unique(self._ordered(x), return_counts=True)
        orders = lgamma(self.count + 1) - sum(lgamma(c + 1) for c in counts[counts > 1].tolist())
        return (self.count * log(self.n) - orders) / log(2)

    def _ordered(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        values = symbol_array(x, "integers")
        if values.shape != (self.count,):
            raise ValueError(
                f"the codec takes integers of shape ({self.count},), not {values.shape}"
            )
        if self.count:
            for value in (int(values.min()), int(values.max())):
                if not 0 <= value < self.n:
                    raise ModelError(f"integer {value} has no probability: n is {self.n}")
        ordered = values.astype(np.int64)
        ordered.sort()
        return ordered


class IntegerSet(IntegerMultiset):
    """Sets of integers from 0 to n - 1, of which none occurs twice.

    As `IntegerMultiset`, but the cost is ``log2`` of the number of such sets, n! / (count! *
    (n - count)!).

    Parameters
    ----------
    n : int
        1 to 2^62.
    count : int
        0 to n, and at most 2^28.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Notes
    -----
    An integer that is in the set is not possible a second time, so the more are popped, the fewer
    are possible. If count exceeds half of n, orders are popped faster than integers are pushed, and
    initial bits are needed for all of them; code the integers that are not in the set then.

    Examples
    --------
    >>> from ansflow.bitsback import IntegerSet, Stack
    >>> stack = Stack(seed=0)
    >>> start = stack.mark()
    >>> IntegerSet(49, 6).push(stack, [44, 7, 12, 31, 2, 18])
    >>> round(2 ** stack.rates(start).net, 2)
    13983816.0
    """

    different = True

    def __init__(self, n: SupportsIndex, count: SupportsIndex) -> None:
        super().__init__(n, count)
        integer(count, "the count of different integers", 0, self.n)

    def bits(self, x: npt.ArrayLike) -> float:
        """What a set costs: log2 of the number of sets."""
        self._ordered(x)
        n, k = self.n, self.count
        if n < 1 << 20:
            return (lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)) / log(2)
        # lgamma of large numbers loses digits in the difference.
        return float(np.log2(n - np.arange(k, dtype=np.float64)).sum()) - lgamma(k + 1) / log(2)

    def _ordered(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        ordered = super()._ordered(x)
        same = np.flatnonzero(ordered[1:] == ordered[:-1])
        if same.size:
            raise ModelError(f"integer {ordered[same[0]]} occurs more than once in a set")
        return ordered
