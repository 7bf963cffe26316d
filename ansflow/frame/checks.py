"""The checks of a frame: XXH3-64, or its low half where few bytes are checked."""

from __future__ import annotations

import xxhash

from ansflow.buffers import Bytes

__all__ = ["LOW_HALF", "content_check", "low_half"]

LOW_HALF = (1 << 32) - 1


def low_half(raw: bytes) -> int:
    """The check of headers, heads and trailers."""
    return xxhash.xxh3_64_intdigest(raw) & LOW_HALF


def content_check(content: Bytes, number: int) -> int:
    """The check over a chunk's content, seeded by its number: chunks cannot change places."""
    return xxhash.xxh3_64_intdigest(content.data, seed=number)
