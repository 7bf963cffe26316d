"""A row of a matrix of distributions for each symbol."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.coding.coders.coder import States, SteppingCoder, Symbols, Words
from ansflow.kernels.coders import rows
from ansflow.kernels.coders.uncodable import first_impossible
from ansflow.kernels.constants import MAX_PACKED_PRECISION
from ansflow.kernels.tables.reciprocal import reciprocal_table
from ansflow.kernels.tables.slots import PACKED_MAX_ALPHABET, fill_slot_rows
from ansflow.lazy import cached_property

__all__ = ["RowTables", "RowsCoder"]

# Slot tables of a matrix may take this much before the decoder searches instead: half of a
# common second-level cache.
SLOT_TABLES_BYTES = 1 << 20


class RowTables:
    """What coding takes of a matrix of frequencies, whichever symbol has which row.

    Parameters
    ----------
    freq : contiguous ndarray of uint32, shape (rows, alphabet)
        Not checked: each row must sum to ``2**precision``.
    cdf : contiguous ndarray of uint32, shape (rows, alphabet + 1)
    precision : int
        1 to 16.
    """

    def __init__(
        self, freq: npt.NDArray[np.uint32], cdf: npt.NDArray[np.uint32], precision: int
    ) -> None:
        self.freq, self.cdf, self.precision = freq, cdf, precision
        self.rows, self.alphabet = freq.shape

    @cached_property
    def slots(self) -> npt.NDArray[Any]:
        """The decoder's entry of each slot, shape (rows, 2**precision), uint32 or uint64."""
        packed = self.precision <= MAX_PACKED_PRECISION and self.alphabet <= PACKED_MAX_ALPHABET
        slots = np.empty((self.rows, 1 << self.precision), np.uint32 if packed else np.uint64)
        fill_slot_rows(self.freq, slots)
        return slots


class RowsCoder(SteppingCoder):
    """Codes symbols by rows that are known beforehand.

    Parameters
    ----------
    tables : RowTables
    index : contiguous ndarray of uint32, shape (n,)
        Row of each symbol; not checked.
    """

    def __init__(self, tables: RowTables, index: npt.NDArray[np.uint32]) -> None:
        super().__init__(tables.precision)
        self.tables, self.index, self.alphabet = tables, index, tables.alphabet

    def _push(self, symbols: Symbols, states: States, words: Words) -> int:
        distributions = self.index, self.tables.cdf, self._precision, reciprocal_table()
        return int(rows.encode(symbols, *distributions, states, words))

    def _pop(self, words: Words, cursor: np.uint64, states: States, out: Symbols) -> int:
        tables, rest = self.tables, (self._precision, self._low, out)
        if (tables.rows << tables.precision) * 8 <= SLOT_TABLES_BYTES:
            return int(rows.decode_by_slots(words, cursor, states, self.index, tables.slots, *rest))
        return int(rows.decode_by_search(words, cursor, states, self.index, tables.cdf, *rest))

    def first_impossible(self, symbols: Symbols, lanes: int) -> int:
        return int(first_impossible(symbols, self.index, self.tables.cdf))

    def place(self, position: int) -> str:
        return f" in row {self.index[position]}"
