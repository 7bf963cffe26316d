"""A stack as bytes: folded to one lane, with a checksum.

| bytes | field |
|---|---|
| 1 | version, 1 |
| 1 | flags; bit 0: there is a seed |
| 4 | lanes to unfold it to |
| 8 | seed |
| 8 | words drawn from the seed |
| 8 | head |
| 4 each | words, from the bottom to the top |
| 8 | XXH3-64 of all bytes before it |

Integers are little-endian.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash

from ansflow.errors import CorruptDataError, TruncatedError, UnsupportedError

__all__ = ["Parts", "pack", "unpack"]

VERSION = 1
SEEDED = 1
PREFIX = struct.Struct("<BBIQQQ")
CHECK = struct.Struct("<Q")


class Parts(NamedTuple):
    """A stack whose lanes are folded into one."""

    lanes: int
    seed: int | None
    drawn: int
    head: int
    words: npt.NDArray[np.uint32]


def pack(parts: Parts) -> bytes:
    lanes, seed, drawn, head, words = parts
    flags, seed = (0, 0) if seed is None else (SEEDED, seed)
    data = PREFIX.pack(VERSION, flags, lanes, seed, drawn, head) + words.astype("<u4").tobytes()
    return data + CHECK.pack(xxhash.xxh3_64_intdigest(data))


def unpack(data: memoryview) -> Parts:
    """Undo `pack`.

    Raises
    ------
    TruncatedError, CorruptDataError, UnsupportedError
        If the data are not a serialised stack. The values of the parts are not checked.
    """
    if len(data) < PREFIX.size + CHECK.size:
        raise TruncatedError(
            f"a serialised stack has at least {PREFIX.size + CHECK.size} bytes, not {len(data)}"
        )
    body, check = data[: -CHECK.size], data[-CHECK.size :]
    version, flags, lanes, seed, drawn, head = PREFIX.unpack_from(body)
    if version != VERSION or flags & ~SEEDED:
        raise UnsupportedError(
            f"the serialised stack has version {version} and flags {flags:#04x}; this release "
            f"reads version {VERSION} and flags 0 or {SEEDED}"
        )
    if CHECK.unpack(check)[0] != xxhash.xxh3_64_intdigest(body):
        raise CorruptDataError("the serialised stack does not match its checksum")
    raw = body[PREFIX.size :]
    if len(raw) % 4:
        raise CorruptDataError(f"the words of a serialised stack take {len(raw)} bytes, not 4 each")
    if seed and flags != SEEDED:
        raise CorruptDataError("a serialised stack without a seed has a field for it that is not 0")
    words = np.frombuffer(raw, "<u4").astype(np.uint32)
    return Parts(lanes, seed if flags == SEEDED else None, drawn, head, words)
