"""The byte of the coder: precision and lanes of a stream of words."""

from __future__ import annotations

import functools
from typing import NamedTuple

from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.varints import ByteReader

__all__ = ["CoderByte"]

LANES_SHIFT = 4
PRECISION_MASK = (1 << LANES_SHIFT) - 1


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
