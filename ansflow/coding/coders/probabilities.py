"""A row of floating-point probabilities for each symbol."""

from __future__ import annotations

import numpy as np

from ansflow.coding.coders.coder import FastCoder, States, Symbols, Words
from ansflow.kernels.coders import probabilities
from ansflow.kernels.tables.reciprocal import reciprocal_table
from ansflow.models.probabilities import Probabilities

__all__ = ["ProbabilityCoder"]


class ProbabilityCoder(FastCoder):
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
