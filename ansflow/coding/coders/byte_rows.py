"""Distributions of bytes, a row each, as both sides of a coder need them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ansflow.coding.coders.coder import FastCoder, States, Symbols, Words
from ansflow.coding.coders.vectors import vector_isa
from ansflow.kernels.coders import byte_rows as scalar
from ansflow.kernels.tables.records import fill_record_rows, reciprocals_of
from ansflow.kernels.tables.slots import fill_slot_rows
from ansflow.lazy import cached_property

__all__ = ["BYTES", "ByteRowsCoder"]

BYTES = 256


class ByteRowsCoder(FastCoder):
    """Codes bytes, each by one of several distributions.

    Parameters
    ----------
    freq : contiguous ndarray of uint32, shape (rows, 256)
        Not checked: each row must sum to ``2**precision``, and not change until the tables that are
        needed have been built.
    precision : int
        1 to 12.
    slots : ndarray of uint32, optional
        Of these frequencies, as `fill_slot_rows` fills them, if they are there already.

    Attributes
    ----------
    shift : uint64
        There is a name for each 2^shift symbols.
    """

    takes_any_symbol = True
    shift: ClassVar[np.uint64]

    def __init__(
        self, freq: npt.NDArray[np.uint32], precision: int, slots: npt.NDArray[np.uint32] | None
    ) -> None:
        super().__init__(precision)
        self.freq, self.alphabet = freq, BYTES
        if slots is not None:
            self.slots = slots

    @staticmethod
    @abstractmethod
    def encoder(lanes: int, isa: str) -> Callable[..., Any]:
        """Make the kernel that pushes symbols of so many lanes, with an instruction set."""

    @abstractmethod
    def names_of(self, symbols: Symbols) -> npt.NDArray[np.uint8]:
        """By which row each symbol is coded, or each 2^shift of them; contiguous."""

    def _push(self, symbols: Symbols, states: States, words: Words) -> int:
        records, precision, names = self.records, self._precision, self.names_of(symbols)
        isa = vector_isa(states.size, symbols.size)
        first = np.uint64(symbols.size - symbols.size % states.size if isa else 0)
        cursor = np.uint64(words.size)
        if first < symbols.size:
            rest = symbols, names, self.shift, states, records, precision, words, first
            cursor = np.uint64(scalar.encode(*rest))
        if isa is None:
            return int(cursor)
        encode_rows = self.encoder(states.size, isa)
        flat = records.reshape(-1)
        return int(encode_rows(symbols, first, names, states, flat, precision, words, cursor))

    def first_impossible(self, symbols: Symbols, lanes: int) -> int:
        names = self.names_of(symbols)
        return int(scalar.first_without_record(symbols, names, self.shift, self.records))

    @cached_property
    def records(self) -> npt.NDArray[np.uint64]:
        """The encoder's record of each byte in each row, 0 where it cannot occur."""
        records = np.empty(self.freq.shape, np.uint64)
        fill_record_rows(self.freq, reciprocals_of(self.precision), records)
        return records

    @cached_property
    def slots(self) -> npt.NDArray[np.uint32]:
        """The decoder's entries, shape (rows, 2**precision)."""
        slots = np.empty((self.freq.shape[0], 1 << self.precision), np.uint32)
        fill_slot_rows(self.freq, slots)
        return slots
