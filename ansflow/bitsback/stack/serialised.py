"""A stack of one lane as bytes, with a checksum.

| bytes | field |
|---|---|
| 1 | version, 1 |
| 1 | flags; bit 0: there is a seeded source |
| 4 | lanes to be unfolded |
| 8 | seed |
| 8 | words drawn from the source |
| 8 | head |
| 4 each | words, the top last |
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
    """What a stack is when all its lanes are folded into one."""

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
        If it can't be. What the parts say isn't checked.
    """
    if len(data) < PREFIX.size + CHECK.size:
        raise TruncatedError(f"{len(data)} bytes hold no stack")
    body, check = data[: -CHECK.size], data[-CHECK.size :]
    version, flags, lanes, seed, drawn, head = PREFIX.unpack_from(body)
    if version != VERSION or flags & ~SEEDED:
        raise UnsupportedError(f"a stack of version {version} with flags {flags}")
    if CHECK.unpack(check)[0] != xxhash.xxh3_64_intdigest(body):
        raise CorruptDataError("the stack's checksum doesn't fit")
    raw = body[PREFIX.size :]
    if len(raw) % 4 or (seed and flags != SEEDED):
        raise CorruptDataError("the stack's fields contradict each other")
    words = np.frombuffer(raw, "<u4").astype(np.uint32)
    return Parts(lanes, seed if flags == SEEDED else None, drawn, head, words)
