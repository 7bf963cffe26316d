"""A distribution for each row of 64 symbols, which the class of the row names."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.coding.coders.coder import FastCoder, States, Symbols, Words, allotted
from ansflow.coding.coders.vectors import vector_isa
from ansflow.kernels.coders import row_classes as scalar
from ansflow.kernels.tables.records import fill_record_rows, reciprocals_of
from ansflow.kernels.tables.slots import fill_slot_rows
from ansflow.kernels.vector import row_classes as vector
from ansflow.lazy import cached_property

__all__ = ["RowClassCoder"]

BYTES = 256


class RowClassCoder(FastCoder):
    """Codes bytes, each by the distribution of its row's class.

    Parameters
    ----------
    freq : contiguous ndarray of uint32, shape (classes, 256)
        Not checked: each row must sum to ``2**precision``, and not change until the tables that are
        needed have been built.
    classes : contiguous ndarray of uint8, shape (ceil(n / 64),)
        That of each row of the n symbols. Not checked, and not to be changed.
    precision : int
        1 to 12.
    slots : ndarray of uint32, optional
        Of these frequencies, as `fill_slot_rows` fills them, if they are there already.
    """

    takes_any_symbol = True

    def __init__(
        self,
        freq: npt.NDArray[np.uint32],
        classes: npt.NDArray[np.uint8],
        precision: int,
        slots: npt.NDArray[np.uint32] | None = None,
    ) -> None:
        super().__init__(precision)
        self.freq, self.classes, self.alphabet = freq, classes, BYTES
        if slots is not None:
            self.slots = slots

    @cached_property
    def records(self) -> npt.NDArray[np.uint64]:
        """The encoder's record of each byte in each class, 0 where it cannot occur."""
        records = np.empty(self.freq.shape, np.uint64)
        fill_record_rows(self.freq, reciprocals_of(self.precision), records)
        return records

    @cached_property
    def slots(self) -> npt.NDArray[np.uint32]:
        """The decoder's entries, shape (classes, 2**precision)."""
        slots = np.empty((self.freq.shape[0], 1 << self.precision), np.uint32)
        fill_slot_rows(self.freq, slots)
        return slots

    def _push(self, symbols: Symbols, states: States, words: Words) -> int:
        records, precision, classes = self.records, self._precision, self.classes
        isa = vector_isa(states.size, symbols.size)
        first = np.uint64(symbols.size - symbols.size % states.size if isa else 0)
        cursor = np.uint64(words.size)
        if first < symbols.size:
            rest = symbols, classes, states, records, precision, words, first
            cursor = np.uint64(scalar.encode(*rest))
        if isa is None:
            return int(cursor)
        encode_rows = vector.encoder(states.size, isa)
        flat = records.reshape(-1)
        return int(encode_rows(symbols, first, classes, states, flat, precision, words, cursor))

    def _read(self, words: Words, lanes: int, out: Symbols) -> int:
        tables = self.classes, self.slots, self._precision
        isa = vector_isa(lanes, out.size)
        if isa is None:
            return int(scalar.decode_stream(words, lanes, *tables, out))
        return int(vector.reader(lanes, isa)(words, *tables, out))

    def first_impossible(self, symbols: Symbols, lanes: int) -> int:
        return int(scalar.first_without_record(symbols, self.classes, self.records))

    def code_length(self, symbols: Symbols, lanes: int) -> float:
        classes = self.classes.astype(np.uint32).repeat(scalar.ROW)[: symbols.size]
        counts = np.bincount(classes * BYTES + symbols, minlength=self.freq.size)
        return allotted(self.freq.reshape(-1), counts, self.precision)

    def place(self, position: int) -> str:
        return f" in class {self.classes[position >> scalar.ROW_SHIFT]}"
