"""A distribution for each symbol, which symbols of the row above name."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.coding.coders.byte_rows import ByteRowsCoder
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
from ansflow.kernels.vector import neighbours as vector

__all__ = ["NeighbourCoder"]


class NeighbourCoder(ByteRowsCoder, SteppingCoder):
    """Codes bytes, each by the distribution of its context.

    Parameters
    ----------
    freq, precision, slots
        See `ByteRowsCoder`; a row for each context, of which there are one more than limits below
        255.
    row, plane : int
        How far the row above is, at least 65, and the plane before, farther, or 0 for none.
    limits : contiguous ndarray of uint8, shape (15,)
        Increasing: a symbol's context is how many of them its activity exceeds.
    """

    def __init__(
        self,
        freq: npt.NDArray[np.uint32],
        row: int,
        plane: int,
        limits: npt.NDArray[np.uint8],
        precision: int,
        slots: npt.NDArray[np.uint32] | None = None,
    ) -> None:
        super().__init__(freq, precision, slots)
        self.row, self.plane, self.limits = np.uint64(row), np.uint64(plane), limits

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
