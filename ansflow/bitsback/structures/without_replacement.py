"""Sampling without replacement, and permutations."""

from __future__ import annotations

from math import lgamma, log
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer, symbol_array
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.read_only import ReadOnly
from ansflow.bitsback.stack.stack import Stack
from ansflow.errors import ModelError
from ansflow.kernels.stack import draws as kernels
from ansflow.kernels.structures.fenwick import size_for

__all__ = ["MAX_DRAWS", "Permutation", "WithoutReplacement"]

MAX_DRAWS = 1 << 28


class WithoutReplacement(ReadOnly, Codec):
    """Symbols that are drawn from an urn one after the other, and not put back.

    Parameters
    ----------
    counts : array_like of int
        How many of each symbol are in the urn, 2^28 in all at most.
    draws : int, optional
        By default the urn is emptied: all arrangements of these symbols are equally likely then.

    Raises
    ------
    ModelError
        If a count is negative, or there are too many in all.
    ValueError
        If there are more draws than symbols.

    Notes
    -----
    A sequence costs log2 of the number of those in which equal symbols are told apart, over the
    number of those that are equal then: ``log2(n! / product of c!)`` if the urn is emptied.

    Examples
    --------
    >>> from ansflow.bitsback import Stack, WithoutReplacement
    >>> mississippi = WithoutReplacement([4, 1, 2, 4])
    >>> stack = Stack()
    >>> mississippi.push(stack, [1, 0, 3, 3, 0, 3, 3, 0, 2, 2, 0])
    >>> round(stack.bits - 32, 3)  # of 34,650 arrangements of its letters
    15.081
    >>> mississippi.pop(stack)
    array([1, 0, 3, 3, 0, 3, 3, 0, 2, 2, 0])
    """

    def __init__(self, counts: npt.ArrayLike, draws: SupportsIndex | None = None) -> None:
        given = symbol_array(counts, "counts") if np.size(counts) else np.empty(0, np.int64)
        if given.ndim != 1:
            raise ValueError(f"counts must be one-dimensional, not of shape {given.shape}")
        if given.size:
            for count in (given.min(), given.max()):
                integer(count, "a count", 0, MAX_DRAWS, error=ModelError)
        self.total = integer(given.sum(), "the sum of counts", 0, MAX_DRAWS, error=ModelError)
        self.counts = given.astype(np.uint32)
        self.counts.setflags(write=False)
        self.draws = self.total if draws is None else integer(draws, "draws", 0, self.total)

    def push(self, stack: Stack, x: npt.ArrayLike) -> None:
        symbols = self._checked(x)
        try:
            stack.run_push(kernels.push, self.draws, *self._arguments(), symbols)
        except ModelError:
            raise ModelError(self._refusal(symbols)) from None

    def pop(self, stack: Stack) -> npt.NDArray[np.int64]:
        symbols = np.empty(self.draws, np.int64)
        stack.run_pop(kernels.pop, self.draws, *self._arguments(), symbols)
        return symbols

    def bits(self, x: npt.ArrayLike) -> float:
        """What a sequence costs, in bits."""
        drawn = np.bincount(self._checked(x), minlength=self.counts.size).tolist()
        ways = sum(
            lgamma(count + 1) - lgamma(count - times + 1)
            for count, times in zip(self.counts.tolist(), drawn, strict=True)
            if times
        )
        return (lgamma(self.total + 1) - lgamma(self.total - self.draws + 1) - ways) / log(2)

    def _checked(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        symbols = symbol_array(x, "symbols") if np.size(x) else np.empty(0, np.int64)
        if symbols.shape != (self.draws,):
            raise ValueError(
                f"the codec takes symbols of shape ({self.draws},), not {symbols.shape}"
            )
        return symbols.astype(np.int64)

    def _arguments(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], np.uint64]:
        sums = np.empty(size_for(self.counts.size), np.uint32)
        return self.counts.copy(), sums, np.uint64(self.total)

    def _refusal(self, symbols: npt.NDArray[np.int64]) -> str:
        left = self.counts.tolist()
        for i, symbol in enumerate(symbols.tolist()):
            if not 0 <= symbol < len(left) or not left[symbol]:
                return f"symbol {symbol} at position {i} has no probability: none is left"
            left[symbol] -= 1
        raise AssertionError("all symbols are there")


class Permutation(WithoutReplacement):
    """Permutations of the numbers from 0 to n - 1, all equally likely: log2(n!) bits.

    Parameters
    ----------
    n : int
        0 to 2^28.
    draws : int, optional
        The number of numbers in a sequence, by default n.

    Raises
    ------
    TypeError, ValueError
        If `n` or `draws` is not an integer in its range.
    ModelError
        By a push of anything else than different numbers below n.

    Examples
    --------
    >>> from ansflow.bitsback import Permutation, Stack
    >>> stack = Stack(seed=0)
    >>> Permutation(5).pop(stack)  # a shuffle
    array([3, 1, 4, 0, 2])
    """

    def __init__(self, n: SupportsIndex, draws: SupportsIndex | None = None) -> None:
        n = integer(n, "n", 0, MAX_DRAWS)
        super().__init__(np.ones(n, np.int64), draws)
