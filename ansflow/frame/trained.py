"""The bytes of a trained codec, as FORMAT.md says: which rows it has, and their frequencies.

Those of codecs for arrays, in `trained_arrays.py`, have the same rows.
"""

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

__all__ = [
    "CHECKED",
    "MAX_MESSAGE",
    "Trained",
    "identity_of",
    "pack_rows",
    "read_rows",
    "read_signed",
    "signed",
]

MAGIC = b"\x89ANT"
VERSION = 1
CHECKED = 1
IDENTITY_BYTES = 8

MAX_MESSAGE = 1 << 24
MAX_CONTEXTS = 1022
BYTES = 256


class Trained(NamedTuple):
    """What a trained codec for bytes consists of."""

    coder: EscapeCoder
    has_check: bool

    def pack(self) -> bytes:
        return signed(MAGIC, CHECKED * self.has_check, pack_rows(self.coder))

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
        reader, flags = read_signed(data, MAGIC, CHECKED)
        return cls(read_rows(reader), bool(flags & CHECKED))


def signed(magic: bytes, flags: int, body: bytes) -> bytes:
    """The bytes of a codec, with version and identity."""
    data = magic + bytes([VERSION, flags]) + body
    return data + xxhash.xxh3_64_intdigest(data).to_bytes(IDENTITY_BYTES, "little")


def read_signed(data: bytes, magic: bytes, known: int) -> tuple[ByteReader, int]:
    """What reads the body of `signed`, and the flags, of which those are known."""
    if data[: len(magic)] != magic:
        raise CorruptDataError("these are not the bytes of a trained codec of this kind")
    reader = ByteReader(data[: max(len(magic), len(data) - IDENTITY_BYTES)])
    reader.take(len(magic))
    if (version := reader.byte()) != VERSION:
        raise UnsupportedError(
            f"the codec has version {version} of the format; this release reads {VERSION}"
        )
    if identity_of(data) != xxhash.xxh3_64_intdigest(reader.data):
        raise CorruptDataError("the bytes of the codec are damaged: their check differs")
    flags = reader.byte()
    if flags & ~known:
        raise UnsupportedError(f"the codec has unknown flags: {flags:#04x}")
    return reader, flags


def identity_of(data: bytes) -> int:
    """The identity of a codec, which is at the end of its bytes."""
    return int.from_bytes(data[-IDENTITY_BYTES:], "little")


def pack_rows(coder: EscapeCoder) -> bytes:
    """The escape, the contexts and their tables."""
    parts = [bytes([coder.escape]), pack_varint(coder.ones.size), bytes(coder.ones.tolist())]
    parts.append(pack_varint(coder.twos.size))
    gaps = np.diff(coder.twos, prepend=-1) - 1
    parts += map(pack_varint, gaps.tolist())
    for freq in coder.freq[1:]:
        room = np.zeros(BYTES * MAX_BITS_PER_FREQUENCY // 8, np.uint8)
        used = write_frequencies(freq, TOTAL, room)
        parts.append(room[:used].tobytes())
    return b"".join(parts)


def read_rows(reader: ByteReader) -> EscapeCoder:
    """Undo `pack_rows`, up to the end."""
    escape = reader.byte()
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
    return EscapeCoder(freq, ones, twos, escape)


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
