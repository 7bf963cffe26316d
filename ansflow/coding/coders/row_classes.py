"""A distribution for each row of 64 symbols, which the class of the row names."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.coding.coders.byte_rows import BYTES, ByteRowsCoder
from ansflow.coding.coders.coder import Symbols, Words, allotted
from ansflow.coding.coders.vectors import vector_isa
from ansflow.kernels.coders import row_classes as scalar
from ansflow.kernels.vector import row_classes as vector

__all__ = ["RowClassCoder"]


class RowClassCoder(ByteRowsCoder):
    """Codes bytes, each by the distribution of its row's class.

    Parameters
    ----------
    freq, precision, slots
        See `ByteRowsCoder`; a row for each class.
    classes : contiguous ndarray of uint8, shape (ceil(n / 64),)
        That of each row of the n symbols. Not checked, and not to be changed.
    """

    shift, encoder = scalar.U_ROW_SHIFT, staticmethod(vector.encoder)

    def __init__(
        self,
        freq: npt.NDArray[np.uint32],
        classes: npt.NDArray[np.uint8],
        precision: int,
        slots: npt.NDArray[np.uint32] | None = None,
    ) -> None:
        super().__init__(freq, precision, slots)
        self.classes = classes

    def names_of(self, symbols: Symbols) -> npt.NDArray[np.uint8]:
        return self.classes

    def _read(self, words: Words, lanes: int, out: Symbols) -> int:
        tables = self.classes, self.slots, self._precision
        isa = vector_isa(lanes, out.size)
        if isa is None:
            return int(scalar.decode_stream(words, lanes, *tables, out))
        return int(vector.reader(lanes, isa)(words, *tables, out))

    def code_length(self, symbols: Symbols, lanes: int) -> float:
        classes = self.classes.astype(np.uint32).repeat(scalar.ROW)[: symbols.size]
        counts = np.bincount(classes * BYTES + symbols, minlength=self.freq.size)
        return allotted(self.freq.reshape(-1), counts, self.precision)

    def place(self, position: int) -> str:
        return f" in class {self.classes[position >> scalar.ROW_SHIFT]}"
