"""A row of floating-point probabilities for each symbol."""

from __future__ import annotations

import numpy as np

from ansflow.coding.coders.coder import States, SteppingCoder, Symbols, Words
from ansflow.coding.coders.wide import Heads, StackCoder, Tail
from ansflow.kernels.coders import probabilities
from ansflow.kernels.stack import tables as stack
from ansflow.kernels.stack.heads import UNDERFLOW
from ansflow.kernels.tables.probabilities import cumulate
from ansflow.kernels.tables.reciprocal import reciprocal_table
from ansflow.models.probabilities import Probabilities

__all__ = ["ProbabilityCoder", "WideProbabilityCoder"]

# What the cumulative frequencies of some rows may take, unless those of a row of lanes take more.
CDF_BYTES = 1 << 18


class ProbabilityCoder(SteppingCoder):
    """Codes as many symbols as the model has rows, of at most 16 bits of precision.

    If another thread changes the probabilities meanwhile, the words are wrong, but kernels stay
    within their arrays.
    """

    def __init__(self, model: Probabilities) -> None:
        super().__init__(model.precision)
        self.model, self.alphabet = model, model.alphabet

    def _push(self, symbols: Symbols, states: States, words: Words) -> int:
        told = self._precision, reciprocal_table()
        return int(probabilities.encode(*self.model.intervals(symbols), *told, states, words))

    def _pop(self, words: Words, cursor: np.uint64, states: States, out: Symbols) -> int:
        told = self._precision, self._low, np.empty(self.alphabet, np.uint32)
        return int(probabilities.decode(words, cursor, states, self.model.rows, *told, out))

    def first_impossible(self, symbols: Symbols, lanes: int) -> int:
        return int(symbols.size)


class WideProbabilityCoder(StackCoder):
    """The same with more than 16 bits of precision, as large alphabets need.

    The decoder computes the frequencies of some rows at a time.
    """

    def __init__(self, model: Probabilities) -> None:
        self.precision, self.alphabet, self.model = model.precision, model.alphabet, model

    def _push(self, symbols: Symbols, heads: Heads, tail: Tail) -> int:
        starts, freqs = self.model.intervals(symbols)
        # Each is the only symbol of a row, which begins elsewhere than at 0.
        cdf, only = np.stack([starts, starts + freqs], axis=1), np.zeros_like(symbols)
        cdf.setflags(write=False)
        only.setflags(write=False)
        told = np.arange(symbols.size, dtype=np.uint32), cdf, np.uint64(self.precision)
        return int(stack.push(heads, tail, 0, only, *told))

    def _pop(self, heads: Heads, tail: Tail, out: Symbols) -> int:
        lanes, columns, precision = heads.size, self.alphabet + 1, np.uint64(self.precision)
        step = lanes * max(1, CDF_BYTES // (4 * columns * lanes))
        cdf, weights = np.empty((step, columns), np.uint32), np.empty(self.alphabet, np.uint32)
        filled, index, size = cdf.view(), np.arange(step, dtype=np.uint32), tail.size
        filled.setflags(write=False)
        for begin in range(0, out.size, step):
            rows, symbols = self.model.rows[begin : begin + step], out[begin : begin + step]
            cumulate(rows, precision, weights, cdf)
            size = int(stack.pop(heads, tail, size, index, filled, precision, symbols))
            if size == UNDERFLOW:
                break
        return size

    def first_impossible(self, symbols: Symbols, lanes: int) -> int:
        return int(symbols.size)
