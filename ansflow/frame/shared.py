"""Tables of frequencies that the header holds for all blocks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ansflow.coding.tables import Tables
from ansflow.errors import CorruptDataError
from ansflow.frame import layout
from ansflow.kernels.constants import MAX_PACKED_PRECISION
from ansflow.kernels.tables import frequency_code as golomb
from ansflow.lazy import cached_property

__all__ = ["ALPHABET", "SharedTable", "pack_tables", "parse_tables"]

ALPHABET = 256

# What a byte costs by a table that gives it no frequency: more than a block may have.
IMPOSSIBLE = 1e12


class SharedTable:
    """A distribution of bytes, and what it takes to choose and use it.

    Parameters
    ----------
    freq : ndarray of uint32, shape (256,)
        Known to be right, and not to change.
    precision : int
    """

    def __init__(self, freq: npt.NDArray[np.uint32], precision: int) -> None:
        self.freq, self.precision = freq, precision

    @cached_property
    def tables(self) -> Tables:
        return Tables.unchecked(self.freq, self.precision)

    @cached_property
    def lengths(self) -> npt.NDArray[np.float64]:
        """What each byte costs, in bits."""
        lengths = np.full(ALPHABET, IMPOSSIBLE)
        used = self.freq > 0
        lengths[used] = self.precision - np.log2(self.freq[used])
        return lengths

    @property
    def slots_nbytes(self) -> int:
        """Bytes of the table that a decoder needs."""
        return (4 if self.precision <= MAX_PACKED_PRECISION else 8) << self.precision


def pack_tables(shared: Sequence[SharedTable]) -> bytes:
    """All tables, one after the other."""
    out = []
    for table in shared:
        precision = table.precision
        room = np.zeros(ALPHABET * golomb.MAX_BITS_PER_FREQUENCY // 8, np.uint8)
        used = golomb.write_frequencies(table.freq, np.uint64(1 << precision), room)
        out += [bytes([precision]), room[:used].tobytes()]
    return b"".join(out)


def parse_tables(data: bytes, count: int) -> tuple[SharedTable, ...]:
    """Undo `pack_tables`."""
    shared = []
    rest = np.frombuffer(data, np.uint8)
    for number in range(1, count + 1):
        precision = int(rest[0]) if rest.size else 0
        freq = np.empty(ALPHABET, np.uint32)
        used = 0
        if layout.MIN_PRECISION <= precision <= layout.MAX_PRECISION:
            used = int(golomb.read_frequencies(rest[1:], np.uint64(1 << precision), freq))
        if not used:
            raise CorruptDataError(f"shared table {number} can't be read")
        shared.append(SharedTable(freq, precision))
        rest = rest[1 + used :]
    if rest.size:
        raise CorruptDataError(f"{rest.size} bytes follow the shared tables")
    return tuple(shared)
