"""The distribution that the previous symbol names."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.coding.coders.coder import States, SteppingCoder, Symbols, Words, allotted
from ansflow.coding.coders.vectors import vector_isa
from ansflow.errors import ModelError
from ansflow.kernels.coders import order1 as scalar
from ansflow.kernels.tables.order1 import fill_record_rows, fill_slot_rows
from ansflow.kernels.tables.records import reciprocals_of
from ansflow.kernels.vector import order1 as vector
from ansflow.lazy import cached_property

__all__ = ["ContextCoder"]

BYTES = 256


class ContextCoder(SteppingCoder):
    """Codes bytes, each by the row of the byte before it in its lane's segment.

    Parameters
    ----------
    freq : contiguous ndarray of uint32, shape (alphabet, alphabet)
        As `ansflow.models.Markov` takes it. Not checked, but for rows that can be reached: each
        must sum to ``2**precision``. They must not change until the tables that are needed have
        been built.
    precision : int
        1 to 12.
    """

    def __init__(self, freq: npt.NDArray[np.uint32], precision: int) -> None:
        super().__init__(precision)
        self.freq, self.alphabet = freq, freq.shape[0]

    @cached_property
    def records(self) -> npt.NDArray[np.uint64]:
        """The encoder's record of each pair of context and symbol, 0 where it cannot occur.

        Raises
        ------
        ModelError
            If a row that can be reached does not sum to ``2**precision``.
        """
        records = np.zeros((self.alphabet, 256), np.uint64)
        reciprocals = reciprocals_of(self.precision)
        if not fill_record_rows(self.freq, self._precision, reciprocals, records):
            raise ModelError("a context can occur but has no frequencies")
        return records

    @cached_property
    def slots(self) -> npt.NDArray[np.uint32]:
        """The decoder's entries, shape (alphabet, 2**precision); meaningless where unreachable.

        Raises
        ------
        ModelError
            If a row that can be reached does not sum to ``2**precision``.
        """
        slots = np.empty((self.alphabet, 1 << self.precision), np.uint32)
        if not fill_slot_rows(self.freq, slots):
            raise ModelError("a context can occur but has no frequencies")
        return slots

    def _push(self, symbols: Symbols, states: States, words: Words) -> int:
        records, precision = self.records, self._precision
        isa = vector_isa(states.size, symbols.size)
        rows = symbols.size // states.size if isa else 0
        rows -= rows % vector.ROWS_AT_ONCE
        first = np.uint64(rows)
        cursor = scalar.encode(symbols, states, records, precision, words, first)
        if isa is None:
            return int(cursor)
        encode_rows = vector.encoder(states.size, isa)
        tile, flat = vector.new_tile(states.size), records.reshape(-1)
        cursor = np.uint64(cursor)
        return int(encode_rows(symbols, first, states, flat, precision, tile, words, cursor))

    def _pop(self, words: Words, cursor: np.uint64, states: States, out: Symbols) -> int:
        slots, precision = self.slots, self._precision
        contexts = np.zeros(states.size, np.uint32)
        isa = vector_isa(states.size, out.size)
        start = words, cursor, states, contexts
        if isa is None:
            done, at = scalar.decode_rows(*start, slots, precision, out)
        else:
            decode_rows = vector.decoder(states.size, isa)
            tile, flat = vector.new_tile(states.size), slots.reshape(-1)
            done, at = decode_rows(*start, flat, precision, tile, out)
        rest = words, np.uint64(at), states, contexts
        return int(scalar.decode_rest(*rest, slots, precision, out, np.uint64(done)))

    def first_impossible(self, symbols: Symbols, lanes: int) -> int:
        return int(scalar.first_without_record(symbols, np.uint64(lanes), self.records))

    def code_length(self, symbols: Symbols, lanes: int) -> float:
        counts = np.zeros((BYTES, BYTES), np.uint32)
        scalar.count_pairs(symbols, np.uint64(lanes), counts)
        own = counts[: self.alphabet, : self.alphabet]
        return allotted(self.freq.reshape(-1), own.reshape(-1), self.precision)

    def place(self, position: int) -> str:
        return " in its context"
