"""Distributions of bytes, a row each, as both sides of a coder need them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.coding.coders.coder import FastCoder
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
    """

    takes_any_symbol = True

    def __init__(
        self, freq: npt.NDArray[np.uint32], precision: int, slots: npt.NDArray[np.uint32] | None
    ) -> None:
        super().__init__(precision)
        self.freq, self.alphabet = freq, BYTES
        if slots is not None:
            self.slots = slots

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
