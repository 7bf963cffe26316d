"""The bytes of a trained codec, as FORMAT.md says: which rows it has, and their frequencies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash

from ansflow.coding.coders.escapes import TOTAL, EscapeCoder
from ansflow.errors import CorruptDataError, UnsupportedError
from ansflow.kernels.tables.frequency_code import (
    MAX_BITS_PER_FREQUENCY,
    read_frequencies,
    write_frequencies,
)
from ansflow.varints import ByteReader, pack_varint

__all__ = ["MAX_MESSAGE", "Trained", "identity_of"]

MAGIC = b"\x89ANT"
VERSION = 1
CHECKED = 1
IDENTITY_BYTES = 8

MAX_MESSAGE = 1 << 24
MAX_CONTEXTS = 1022
BYTES = 256


class Trained(NamedTuple):
    """What a trained codec consists of."""

    coder: EscapeCoder
    has_check: bool

    def pack(self) -> bytes:
        coder = self.coder
        head = bytes([VERSION, CHECKED * self.has_check, coder.escape])
        parts = [MAGIC, head, pack_varint(coder.ones.size), bytes(coder.ones.tolist())]
        parts.append(pack_varint(coder.twos.size))
        gaps = np.diff(coder.twos, prepend=-1) - 1
        parts += map(pack_varint, gaps.tolist())
        for freq in coder.freq[1:]:
            room = np.zeros(BYTES * MAX_BITS_PER_FREQUENCY // 8, np.uint8)
            used = write_frequencies(freq, TOTAL, room)
            parts.append(room[:used].tobytes())
        body = b"".join(parts)
        return body + xxhash.xxh3_64_intdigest(body).to_bytes(IDENTITY_BYTES, "little")

    @classmethod
    def parse(cls, data: bytes) -> Trained:
        """Undo `pack`.

        Raises
        ------
        UnsupportedError
            If the version or the flags are unknown.
        CorruptDataError
            If it is anything else that `pack` has not written.
        """
        if data[: len(MAGIC)] != MAGIC:
            raise CorruptDataError("these are not the bytes of a trained codec")
        reader = ByteReader(data[: max(len(MAGIC), len(data) - IDENTITY_BYTES)])
        reader.take(len(MAGIC))
        if (version := reader.byte()) != VERSION:
            raise UnsupportedError(
                f"the codec has version {version} of the format; this release reads {VERSION}"
            )
        if identity_of(data) != xxhash.xxh3_64_intdigest(reader.data):
            raise CorruptDataError("the bytes of the codec are damaged: their check differs")
        flags, escape = reader.byte(), reader.byte()
        if flags & ~CHECKED:
            raise UnsupportedError(f"the codec has unknown flags: {flags:#04x}")
        ones, twos = _read_contexts(reader)
        freq = np.empty((1 + ones.size + twos.size, BYTES), np.uint32)
        for row in freq:
            rest = np.frombuffer(reader.data, np.uint8, offset=reader.at)
            used = int(read_frequencies(rest, TOTAL, row)) if rest.size else 0
            if not used or not row[escape]:
                raise CorruptDataError("the codec has a damaged table of frequencies")
            reader.take(used)
        if reader.at != len(reader.data):
            raise CorruptDataError("the codec has bytes behind its tables")
        return cls(EscapeCoder(freq, ones, twos, escape), bool(flags & CHECKED))


def identity_of(data: bytes) -> int:
    """The identity of a codec, which is at the end of its bytes."""
    return int.from_bytes(data[-IDENTITY_BYTES:], "little")


def _read_contexts(reader: ByteReader) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The contexts of one byte and of two."""
    count = reader.varint()
    if count > BYTES:
        raise CorruptDataError(f"the codec has {count} contexts of one byte")
    ones = np.frombuffer(reader.take(count), np.uint8).astype(np.int64)
    count = reader.varint()
    if ones.size + count > MAX_CONTEXTS:
        raise CorruptDataError(f"the codec has more than {MAX_CONTEXTS} contexts")
    twos = []
    next_one = 0
    for _ in range(count):
        twos.append(next_one + reader.varint())
        next_one = twos[-1] + 1
        if next_one > BYTES**2:
            raise CorruptDataError(f"the codec has the context {twos[-1]} of two bytes")
    if (np.diff(ones) <= 0).any():
        raise CorruptDataError("the codec's contexts of one byte do not ascend")
    return ones, np.array(twos, np.int64)
