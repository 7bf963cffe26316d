"""Tables of frequencies that the header holds for all blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from ansflow.coding.tables import Tables
from ansflow.errors import CorruptDataError
from ansflow.frame import layout
from ansflow.kernels import golomb

__all__ = ["ALPHABET", "SharedTable", "pack_tables", "parse_tables"]

ALPHABET = 256

# What a byte costs by a table that gives it no frequency: more than a block may have.
IMPOSSIBLE = 1e12


class SharedTable(NamedTuple):
    """A table, and what each byte costs by it in bits."""

    tables: Tables
    lengths: npt.NDArray[np.float64]

    @classmethod
    def make(cls, freq: npt.NDArray[np.uint32], precision: int) -> Self:
        lengths = np.full(ALPHABET, IMPOSSIBLE)
        lengths[freq > 0] = precision - np.log2(freq[freq > 0])
        return cls(Tables.unchecked(freq, precision), lengths)


def pack_tables(shared: Sequence[SharedTable]) -> bytes:
    """All tables, one after the other."""
    out = []
    for table in shared:
        precision = table.tables.precision
        room = np.zeros(ALPHABET * golomb.MAX_BITS_PER_FREQUENCY // 8, np.uint8)
        used = golomb.write_frequencies(
            np.ascontiguousarray(table.tables.freq[0]), np.uint64(1 << precision), room
        )
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
        shared.append(SharedTable.make(freq, precision))
        rest = rest[1 + used :]
    if rest.size:
        raise CorruptDataError(f"{rest.size} bytes follow the shared tables")
    return tuple(shared)
