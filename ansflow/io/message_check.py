"""The check of messages of trained codecs."""

from __future__ import annotations

from typing import Any, NamedTuple

import xxhash

__all__ = ["CHECK_BYTES", "MessageCheck"]

CHECK_BYTES = 4
CHECK_MASK = (1 << 8 * CHECK_BYTES) - 1

# States are 1 to this.
LAST_STATE = (1 << 31) - 1


class MessageCheck(NamedTuple):
    """Makes checks of content, if messages have any, from a digest."""

    identity: int
    has_check: bool

    def digest(self, content: Any, lengths: bytes = b"") -> int:
        """XXH3-64 of a contiguous buffer; 0 without checks.

        It is seeded with the identity, or with that of lengths, if the message says any.
        """
        if not self.has_check:
            return 0
        seed = xxhash.xxh3_64_intdigest(lengths, self.identity) if lengths else self.identity
        return xxhash.xxh3_64_intdigest(content, seed)

    def state(self, digest: int) -> int:
        """What encoding begins with, and decoding ends at."""
        return 1 + digest % LAST_STATE

    def stored(self, digest: int) -> bytes:
        """What is written behind content that is not coded."""
        return (digest & CHECK_MASK).to_bytes(CHECK_BYTES, "little") if self.has_check else b""
