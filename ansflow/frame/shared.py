"""Tables of frequencies that the header holds for all chunks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ansflow.coding.coders.single import SingleCoder
from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.kernels.constants import MAX_PACKED_PRECISION
from ansflow.kernels.tables.frequency_code import (
    MAX_BITS_PER_FREQUENCY,
    read_frequencies,
    write_frequencies,
)
from ansflow.lazy import cached_property
from ansflow.varints import ByteReader

__all__ = ["ALPHABET", "SharedTable", "pack_tables", "read_table"]

ALPHABET = 256

# What a byte costs by a table that gives it no frequency: more than a chunk may have.
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
    def coder(self) -> SingleCoder:
        return SingleCoder(self.freq, self.precision)

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
        room = np.zeros(ALPHABET * MAX_BITS_PER_FREQUENCY // 8, np.uint8)
        used = write_frequencies(table.freq, 1 << precision, room)
        out += [bytes([precision]), room[:used].tobytes()]
    return b"".join(out)


def read_table(reader: ByteReader, number: int) -> SharedTable:
    """The next table that `pack_tables` wrote, which is that of a number."""
    precision = reader.byte()
    freq = np.empty(ALPHABET, np.uint32)
    used = 0
    if constants.MIN_PRECISION <= precision <= constants.MAX_PRECISION:
        # A table ends by itself.
        data = np.frombuffer(reader.data, np.uint8, offset=reader.at)
        used = int(read_frequencies(data, 1 << precision, freq)) if data.size else 0
    if not used:
        raise CorruptDataError(f"shared table {number} is not a table of frequencies")
    reader.take(used)
    return SharedTable(freq, precision)
