"""Decoded chunks that are kept for the next read, as reads of parts are seldom the only ones."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from ansflow.buffers import Bytes

__all__ = ["Kept"]

# The frame, and the chunk in it.
Key = tuple[int, int]


class Kept:
    """The content of the chunks that were used last, at most `room` bytes of it.

    Who takes content must not change it.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._size = 0
        self._contents: OrderedDict[Key, Bytes] = OrderedDict()
        # Chunks are decoded, and so put here, by several threads.
        self._lock = threading.Lock()

    def get(self, key: Key) -> Bytes | None:
        """The content of a chunk, if it is kept."""
        with self._lock:
            content = self._contents.get(key)
            if content is not None:
                self._contents.move_to_end(key)
            return content

    def decoded(self, key: Key, decode: Callable[[], Bytes]) -> Bytes:
        """Decode a chunk, and keep its content in place of what was used longest ago."""
        content = decode()
        with self._lock:
            if key not in self._contents and content.size <= self._room:
                self._contents[key] = content
                self._size += content.size
                while self._size > self._room:
                    _, oldest = self._contents.popitem(last=False)
                    self._size -= oldest.size
        return content
