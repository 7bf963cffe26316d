"""A distribution for each symbol, which symbols of the row above name."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.coding.coders.coder import (
    States,
    SteppingCoder,
    Symbols,
    Words,
    allotted,
    of_one_type,
)
from ansflow.coding.coders.vectors import vector_isa
from ansflow.kernels.coders import neighbours as scalar
from ansflow.kernels.tables.neighbours import PARTIALS, count_contexts
from ansflow.kernels.tables.records import fill_record_rows, reciprocals_of
from ansflow.kernels.tables.slots import fill_slot_rows
from ansflow.kernels.vector import neighbours as vector
from ansflow.lazy import cached_property

__all__ = ["NeighbourCoder"]

BYTES = 256


class NeighbourCoder(SteppingCoder):
    """Codes bytes, each by the distribution of its context.

    Parameters
    ----------
    freq : contiguous ndarray of uint32, shape (contexts, 256)
        Not checked: each row must sum to ``2**precision``, and not change until the tables that are
        needed have been built. There are one more than limits below 255.
    row, plane : int
        How far the row above is, at least 65, and the plane before, farther, or 0 for none.
    limits : contiguous ndarray of uint8, shape (15,)
        Increasing: a symbol's context is how many of them its activity exceeds.
    precision : int
        1 to 12.
    slots : ndarray of uint32, optional
        Of these frequencies, as `fill_slot_rows` fills them, if they are there already.
    """

    takes_any_symbol = True

    def __init__(
        self,
        freq: npt.NDArray[np.uint32],
        row: int,
        plane: int,
        limits: npt.NDArray[np.uint8],
        precision: int,
        slots: npt.NDArray[np.uint32] | None = None,
    ) -> None:
        super().__init__(precision)
        self.freq, self.limits, self.alphabet = freq, limits, BYTES
        self.row, self.plane = np.uint64(row), np.uint64(plane)
        if slots is not None:
            self.slots = slots

    @cached_property
    def records(self) -> npt.NDArray[np.uint64]:
        """The encoder's record of each byte in each context, 0 where it cannot occur."""
        records = np.empty(self.freq.shape, np.uint64)
        fill_record_rows(self.freq, reciprocals_of(self.precision), records)
        return records

    @cached_property
    def slots(self) -> npt.NDArray[np.uint32]:
        """The decoder's entries, shape (contexts, 2**precision)."""
        slots = np.empty((self.freq.shape[0], 1 << self.precision), np.uint32)
        fill_slot_rows(self.freq, slots)
        return slots

    @property
    def _told(self) -> tuple[Any, ...]:
        return self.row, self.plane, self.limits

    def _push(self, symbols: Symbols, states: States, words: Words) -> int:
        records, precision, told = self.records, self._precision, self._told
        isa = vector_isa(states.size, symbols.size)
        first = np.uint64(symbols.size - symbols.size % states.size if isa else 0)
        cursor = np.uint64(words.size)
        if first < symbols.size:
            rest = symbols, *told, states, records, precision, words, first
            cursor = np.uint64(scalar.encode(*rest))
        if isa is None:
            return int(cursor)
        encode_rows = vector.encoder(states.size, isa)
        flat = records.reshape(-1)
        return int(encode_rows(symbols, first, *told, states, flat, precision, words, cursor))

    def _read(self, words: Words, lanes: int, out: Symbols) -> int:
        isa = vector_isa(lanes, out.size)
        if isa is None:
            return super()._read(words, lanes, out)
        more = of_one_type(np.zeros(2 * lanes, np.uint16))
        told = *self._told, self.slots, self._precision
        return int(vector.reader(lanes, isa)(words, more, *told, out))

    def _pop(self, words: Words, cursor: np.uint64, states: States, out: Symbols) -> int:
        told = states, *self._told, self.slots, self._precision, out
        done, at = scalar.decode_rows(words, cursor, *told)
        return int(scalar.decode_rest(words, np.uint64(at), *told, np.uint64(done)))

    def first_impossible(self, symbols: Symbols, lanes: int) -> int:
        return int(scalar.first_without_record(symbols, *self._told, self.records))

    def code_length(self, symbols: Symbols, lanes: int) -> float:
        counts = np.empty(self.freq.shape, np.uint32)
        partial = np.empty(PARTIALS, np.uint32)
        symbols = symbols.view()
        symbols.setflags(write=False)  # kernels are compiled once
        count_contexts(symbols, *self._told, partial, counts)
        return allotted(self.freq.reshape(-1), counts.reshape(-1), self.precision)

    def place(self, position: int) -> str:
        return " in its context"
