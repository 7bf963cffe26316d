"""Bytes that arrive in pieces of any size and are taken in others."""

from __future__ import annotations

from collections import deque
from typing import Any

from ansflow.buffers import bytes_of

__all__ = ["ByteQueue"]

# Shorter pieces are joined: each object takes about 200 bytes in addition to its data.
SMALL = 1 << 12


class ByteQueue:
    """A queue of bytes, copied only where what is taken spans several pieces."""

    def __init__(self) -> None:
        self._pieces: deque[memoryview] = deque()
        self._small = bytearray()  # the bytes that follow the pieces
        self.size = 0

    def put(self, data: Any) -> None:
        """Append bytes-like data, which the caller may change afterwards."""
        view = bytes_of(data).data
        self.size += len(view)
        if len(view) < SMALL:
            self._small += bytes(view)
        else:
            self._gather()
            self._pieces.append(view if isinstance(data, bytes) else memoryview(bytes(view)))

    def take(self, count: int) -> memoryview | None:
        """Remove and return the next `count` bytes, or return None if there are fewer."""
        if self.size < count:
            return None
        if not count:
            return memoryview(b"")
        self._gather()
        self.size -= count
        first = self._pieces[0]
        if len(first) > count:
            self._pieces[0] = first[count:]
            return first[:count]
        if len(first) == count:
            return self._pieces.popleft()
        taken = bytearray()
        while len(taken) < count:
            piece = self._pieces.popleft()
            missing = count - len(taken)
            taken += piece[:missing]
            if len(piece) > missing:
                self._pieces.appendleft(piece[missing:])
        return memoryview(taken)

    def peek(self, count: int) -> bytes:
        """Return the next `count` bytes, or all if there are fewer, without removing them."""
        found = bytearray()
        for piece in (*self._pieces, memoryview(bytes(self._small))):
            if len(found) >= count:
                break
            found += piece[: count - len(found)]
        return bytes(found)

    def _gather(self) -> None:
        if self._small:
            self._pieces.append(memoryview(bytes(self._small)))
            self._small.clear()
