"""One distribution, decoded from tables as long as the alphabet."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.coding.coders.coder import States, SteppingCoder, Symbols, Words
from ansflow.coding.coders.single import flags_of, records_of
from ansflow.errors import ModelError
from ansflow.kernels.coders import alias
from ansflow.kernels.coders.uncodable import first_flagged
from ansflow.lazy import cached_property

__all__ = ["AliasCoder"]


class AliasTables(NamedTuple):
    """What `ansflow.kernels.coders.alias` needs to code one distribution."""

    divider: npt.NDArray[np.uint64]
    halves: npt.NDArray[np.uint64]
    inverse: npt.NDArray[np.uint16]
    column_shift: int


class AliasCoder(SteppingCoder):
    """Codes symbols of one distribution, whose slots are shared out by the alias method.

    Parameters
    ----------
    freq : contiguous ndarray of uint32, shape (alphabet,)
        Not checked, as those of `SingleCoder`.
    precision : int
        1 to 16.

    Raises
    ------
    ModelError
        If there are more symbols than slots.
    """

    def __init__(self, freq: npt.NDArray[np.uint32], precision: int) -> None:
        super().__init__(precision)
        self.freq, self.alphabet = freq, freq.size
        if self._column_bits > precision:
            raise ModelError(
                f"the alias method needs a column for each of {self.alphabet} symbols, but "
                f"{precision} bits of precision have only {1 << precision} slots"
            )

    @property
    def _column_bits(self) -> int:
        return (self.alphabet - 1).bit_length()

    @cached_property
    def tables(self) -> AliasTables:
        """Columns, halves and inverse."""
        columns = 1 << self._column_bits
        shift = self.precision - self._column_bits
        capacity = np.uint64(1 << shift)
        mass = np.zeros(columns, np.uint64)
        mass[: self.alphabet] = self.freq
        divider = np.empty(columns, np.uint64)
        owner = np.empty(columns, np.uint32)
        alias.build(mass, capacity, divider, owner, np.empty(columns, np.uint32))
        halves = np.zeros(2 * columns, np.uint64)
        inverse = np.empty(1 << self.precision, np.uint16)
        alias.fill_halves(self.freq, divider, owner, capacity, halves, inverse)
        return AliasTables(divider, halves, inverse, shift)

    @cached_property
    def records(self) -> npt.NDArray[np.uint64]:
        return records_of(self.freq, self.precision)

    @cached_property
    def flags(self) -> npt.NDArray[np.uint8] | None:
        return flags_of(self.freq, self.symbol_dtype.itemsize)

    def _push(self, symbols: Symbols, states: States, words: Words) -> int:
        tables = self.records, self.tables.inverse, self._precision
        return int(alias.encode(symbols, states, *tables, words))

    def _pop(self, words: Words, cursor: np.uint64, states: States, out: Symbols) -> int:
        divider, halves, _, shift = self.tables
        return int(
            alias.decode(
                *(words, cursor, states, divider, halves),
                *(self._precision, self._low, np.uint64(shift), out),
            )
        )

    def first_impossible(self, symbols: Symbols, lanes: int) -> int:
        flags = self.flags
        return symbols.size if flags is None else int(first_flagged(symbols, flags))
