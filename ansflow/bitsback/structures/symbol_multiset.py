"""Multisets of symbols of a table."""

from __future__ import annotations

from math import lgamma, log
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer, symbol_array
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.distributions.array_codec import PRECISIONS
from ansflow.bitsback.read_only import read_only
from ansflow.bitsback.stack.stack import Stack
from ansflow.bitsback.structures.integer_coder import MAX_COUNT, counted_tree, empty_tree
from ansflow.errors import ModelError
from ansflow.kernels.stack import symbol_multisets as kernels
from ansflow.models.base import Model
from ansflow.models.checked import frequencies_of, support_of

__all__ = ["SymbolMultiset"]


class SymbolMultiset(Codec):
    """Multisets of symbols of one distribution: arrays whose order carries no information.

    An array of any order is pushed, and popped sorted. That costs the code length of the symbols,
    less log2 of the number of their orders, as with `IntegerMultiset`.

    Parameters
    ----------
    model : Model
        With one distribution for all symbols, such as `ansflow.models.Categorical`.
    count : int
        The number of symbols, 0 to 2^28.

    Raises
    ------
    ModelError
        If the model is inconsistent, or has several distributions.
    ValueError
        If the count is out of range.

    Notes
    -----
    If there are more symbols than the alphabet has, orders are popped from what the stack holds
    already, now and then: initial bits are needed if it holds nothing, but few.

    Examples
    --------
    >>> from ansflow.bitsback import Stack, SymbolMultiset
    >>> from ansflow.models import Categorical
    >>> codec = SymbolMultiset(Categorical([8, 4, 4]), 4)
    >>> stack = Stack(seed=0)
    >>> start = stack.mark()
    >>> codec.push(stack, [2, 0, 1, 0])
    >>> round(stack.rates(start).net, 3)  # 6 bits, but 12 orders
    2.415
    >>> codec.pop(stack)
    array([0, 0, 1, 2])

    References
    ----------
    Severo, Townsend, Khisti, Makhzani & Ullrich 2022, "Compressing multisets with large alphabets
    using bits-back coding", arXiv:2107.09202.
    """

    def __init__(self, model: Model, count: SupportsIndex) -> None:
        known = frequencies_of(model)
        if known.contexts or known.conditional:
            raise ModelError("a multiset needs a model with one distribution for all symbols")
        self.model = model
        self.count = integer(count, "count", 0, MAX_COUNT)
        self.low, _ = support_of(model, known.alphabet)
        self._alphabet, self._freq = known.alphabet, known.freq.reshape(-1)
        self._precision = known.precision
        self._params = (*read_only((known.cdf,)), PRECISIONS[known.precision])

    def push(self, stack: Stack, x: npt.ArrayLike) -> None:
        tree, lowest = counted_tree(self._counts(x)), np.empty(1, np.uint64)
        arguments = *tree, np.uint64(self.count), *self._params, lowest
        stack.run_pop(kernels.push, self.count, *arguments, room=self.count, lowest=lowest)

    def pop(self, stack: Stack) -> npt.NDArray[np.int64]:
        out, lowest = np.empty(self.count, np.int64), np.empty(1, np.uint64)
        arguments = *empty_tree(self._alphabet), *self._params, lowest, out
        stack.run_pop(kernels.pop, self.count, *arguments, room=self.count, lowest=lowest)
        counts = np.bincount(out, minlength=self._alphabet)
        return np.repeat(np.arange(self.low, self.low + self._alphabet), counts)

    def bits(self, x: npt.ArrayLike) -> float:
        """What a multiset costs: the code length, less log2 of the number of orders."""
        counts = self._counts(x)
        there = np.flatnonzero(counts)
        length = counts[there] @ (self._precision - np.log2(self._freq[there]))
        orders = lgamma(self.count + 1) - sum(lgamma(c + 1) for c in counts[there].tolist())
        return float(length) - orders / log(2)

    def _counts(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        values = symbol_array(x, "symbols")
        if values.shape != (self.count,):
            raise ValueError(
                f"the codec takes symbols of shape ({self.count},), not {values.shape}"
            )
        if self.count:
            for value in (int(values.min()), int(values.max())):
                if not 0 <= value - self.low < self._alphabet:
                    raise ModelError(f"symbol {value} has no probability")
        counts = np.bincount(values.astype(np.int64) - self.low, minlength=self._alphabet)
        impossible = np.flatnonzero((counts > 0) & (self._freq == 0))
        if impossible.size:
            raise ModelError(f"symbol {impossible[0] + self.low} has no probability")
        return counts
