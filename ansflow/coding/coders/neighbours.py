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
from ansflow.kernels.constants import ZERO
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
    contexts : contiguous ndarray of uint8, optional
        Those of the symbols that are encoded, as `count_contexts` fills them, if they are known.
    """

    shift, encoder = ZERO, staticmethod(vector.encoder)

    def __init__(
        self,
        freq: npt.NDArray[np.uint32],
        row: int,
        plane: int,
        limits: npt.NDArray[np.uint8],
        precision: int,
        slots: npt.NDArray[np.uint32] | None = None,
        contexts: npt.NDArray[np.uint8] | None = None,
    ) -> None:
        super().__init__(freq, precision, slots)
        self.row, self.plane, self.limits = np.uint64(row), np.uint64(plane), limits
        self.contexts = contexts

    @property
    def _told(self) -> tuple[Any, ...]:
        return self.row, self.plane, self.limits

    def names_of(self, symbols: Symbols) -> npt.NDArray[np.uint8]:
        return self._counted(symbols)[0] if self.contexts is None else self.contexts

    def _counted(self, symbols: Symbols) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint32]]:
        """The contexts of symbols, and how often each symbol comes in each of them."""
        contexts, counts = np.empty_like(symbols), np.empty(self.freq.shape, np.uint32)
        symbols = symbols.view()
        symbols.setflags(write=False)  # kernels are compiled once
        count_contexts(symbols, *self._told, np.empty(PARTIALS, np.uint32), contexts, counts)
        return contexts, counts

    def code_length(self, symbols: Symbols, lanes: int) -> float:
        _, counts = self._counted(symbols)
        return allotted(self.freq.reshape(-1), counts.reshape(-1), self.precision)

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

    def place(self, position: int) -> str:
        return " in its context"
