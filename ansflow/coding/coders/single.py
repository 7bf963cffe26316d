"""One distribution for all symbols."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.coding.coders.coder import FastCoder, States, Symbols, Words, allotted, buffer_size
from ansflow.coding.coders.vectors import vector_isa
from ansflow.kernels.coders import single as scalar
from ansflow.kernels.coders.uncodable import first_flagged
from ansflow.kernels.constants import MAX_PACKED_PRECISION
from ansflow.kernels.tables.records import fill_records, reciprocals_of
from ansflow.kernels.tables.slots import PACKED_MAX_ALPHABET, fill_slots
from ansflow.kernels.vector import single as vector
from ansflow.lazy import cached_property

__all__ = ["SingleCoder", "flags_of", "new_records", "records_of", "slots_for"]

BYTES = 256


class SingleCoder(FastCoder):
    """Codes symbols of one distribution.

    Parameters
    ----------
    freq : contiguous ndarray of uint32, shape (alphabet,)
        Not checked: they must sum to ``2**precision``, and not change until the tables that are
        needed have been built.
    precision : int
        1 to 16.
    records : ndarray of uint64, optional
        Of these frequencies, as `records_of` makes them, if they are there already.
    slots : ndarray of uint32 or uint64, optional
        The same, as `slots_for` says and `fill_slots` fills them.
    """

    takes_any_symbol = True

    def __init__(
        self,
        freq: npt.NDArray[np.uint32],
        precision: int,
        records: npt.NDArray[np.uint64] | None = None,
        slots: npt.NDArray[Any] | None = None,
    ) -> None:
        super().__init__(precision)
        self.freq, self.alphabet = freq, freq.size
        if records is not None:
            self.records = records
        if slots is not None:
            self.slots = slots

    @cached_property
    def records(self) -> npt.NDArray[np.uint64]:
        """The encoder's record of each symbol, and of any byte."""
        return records_of(self.freq, self.precision)

    @cached_property
    def slots(self) -> npt.NDArray[Any]:
        """The decoder's entry of each slot, shape (2**precision,), uint32 or uint64."""
        slots = slots_for(self.alphabet, self.precision)
        fill_slots(self.freq, slots)
        return slots

    @cached_property
    def flags(self) -> npt.NDArray[np.uint8] | None:
        """1 for each value of `symbol_dtype` without a frequency; None if there is none below
        `alphabet`.
        """
        return flags_of(self.freq, self.symbol_dtype.itemsize)

    def encode(self, symbols: Symbols, lanes: int, buffer: Words | None = None) -> Words:
        if vector_isa(lanes, symbols.size) is not None:
            return super().encode(symbols, lanes, buffer)
        # Calls of kernels count where streams are short: one does it all.
        words = np.empty(buffer_size(symbols.size, lanes), np.uint16) if buffer is None else buffer
        tables = self._low, self.records, self._precision
        return words[scalar.encode_stream(symbols, lanes, *tables, words) :]

    def _push(self, symbols: Symbols, states: States, words: Words) -> int:
        isa = vector_isa(states.size, symbols.size)
        assert isa is not None, "encode has seen to streams that are not for vectors"
        records, precision = self.records, self._precision
        whole = symbols.size - symbols.size % states.size
        cursor = np.uint64(words.size)
        if whole < symbols.size:
            cursor = np.uint64(scalar.encode(symbols[whole:], states, records, precision, words))
        encode_rows = vector.encoder(states.size, isa, records.ndim == 1)
        flat = records.reshape(-1)
        return int(encode_rows(symbols, np.uint64(whole), states, flat, precision, words, cursor))

    def _read(self, words: Words, lanes: int, out: Symbols) -> int:
        tables = self.slots, self._precision, self._low
        isa = vector_isa(lanes, out.size)
        if isa is None:
            return int(scalar.decode_stream(words, lanes, *tables, out))
        return int(vector.reader(lanes, isa, self.slots.itemsize == 4)(words, *tables, out))

    def first_impossible(self, symbols: Symbols, lanes: int) -> int:
        flags = self.flags
        return symbols.size if flags is None else int(first_flagged(symbols, flags))

    def code_length(self, symbols: Symbols, lanes: int) -> float:
        counts = np.bincount(symbols, minlength=self.alphabet)
        return allotted(self.freq, counts, self.precision)


def slots_for(alphabet: int, precision: int) -> npt.NDArray[Any]:
    """Room for the decoder's entries."""
    packed = precision <= MAX_PACKED_PRECISION and alphabet <= PACKED_MAX_ALPHABET
    return np.empty(1 << precision, np.uint32 if packed else np.uint64)


def new_records(alphabet: int, precision: int) -> npt.NDArray[np.uint64]:
    """Zeros for the records of each symbol, and of any byte: of a power of two of symbols."""
    symbols = max(BYTES, 1 << (alphabet - 1).bit_length())
    packed = precision <= MAX_PACKED_PRECISION
    return np.zeros(symbols if packed else (symbols, 2), np.uint64)


def records_of(freq: npt.NDArray[np.uint32], precision: int) -> npt.NDArray[np.uint64]:
    """The encoder's record of each symbol; 0 for symbols and bytes without a frequency."""
    records = new_records(freq.size, precision)
    fill_records(freq, reciprocals_of(precision), records)
    return records


def flags_of(freq: npt.NDArray[np.uint32], width: int) -> npt.NDArray[np.uint8] | None:
    """1 for each value of `width` bytes without a frequency; None if each symbol has one."""
    missing = freq == 0
    if not missing.any():
        return None
    flags = np.ones(1 << (8 * width), np.uint8)
    flags[: freq.size] = missing
    return flags
