"""The byte of the coder: precision and lanes of a stream of words."""

from __future__ import annotations

import functools
from typing import NamedTuple

from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.kernels.constants import MAX_PACKED_PRECISION
from ansflow.varints import ByteReader

__all__ = ["CoderByte", "precision_for"]

LANES_SHIFT = 4
PRECISION_MASK = (1 << LANES_SHIFT) - 1

# Frequencies of n symbols have about log2(n) - 1 bits: more say less of the distribution than they
# take in a table, to which a bit of precision adds one for each symbol that occurs.
SPARED_BITS = 2


def precision_for(symbols: int, most: int) -> int:
    """As many bits of precision as so many symbols deserve, for records like those of the most."""
    if most > MAX_PACKED_PRECISION:
        return most
    return min(most, max(constants.MIN_PRECISION, symbols.bit_length() - SPARED_BITS))


class CoderByte(NamedTuple):
    """The byte of the coder."""

    precision: int
    lanes: int

    @staticmethod
    @functools.cache
    def pack(precision: int, lanes: int) -> bytes:
        """The byte, of 1 to 16 bits of precision and a power of two of lanes."""
        return bytes([(lanes.bit_length() - 1) << LANES_SHIFT | (precision - 1)])

    @classmethod
    def parse(cls, reader: ByteReader, most: int = constants.MAX_PRECISION) -> CoderByte:
        """Undo `pack` for a precision up to `most`."""
        return cls._of(reader.byte(), most)

    @classmethod
    @functools.cache
    def _of(cls, byte: int, most: int) -> CoderByte:
        precision, lanes_log2 = (byte & PRECISION_MASK) + 1, byte >> LANES_SHIFT
        if (
            not constants.MIN_PRECISION <= precision <= most
            or lanes_log2 > constants.MAX_LANES_LOG2
        ):
            raise CorruptDataError(
                f"a coder with {precision} bits of precision and 2^{lanes_log2} lanes is outside "
                f"{constants.MIN_PRECISION} to {most} bits and 2^{constants.MAX_LANES_LOG2} lanes"
            )
        return cls(precision, 1 << lanes_log2)
