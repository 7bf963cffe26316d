"""Bounds of the time and memory that a search for frames takes, for any input."""

from __future__ import annotations

from ansflow.errors import LimitError
from ansflow.limits import Limits

__all__ = ["Work"]

# Bytes that may be read, decoded and verified without result, for each byte of the file and in any
# case. Except in malicious files, little is: damaged chunks, or bytes that look like a header.
WASTED_PER_BYTE = 256
WASTED_AT_LEAST = 1 << 28


class Work:
    """Accounts for wasted work and for memory.

    Parameters
    ----------
    size : int
        Bytes of the file.
    limits : Limits
    """

    def __init__(self, size: int, limits: Limits) -> None:
        self._left = WASTED_PER_BYTE * size + WASTED_AT_LEAST
        self._limits = limits
        self._room = limits.max_memory

    def spend(self, size: int) -> None:
        """Note that `size` bytes were read or decoded without result."""
        self._left -= size

    @property
    def exhausted(self) -> bool:
        """Whether nothing should be tried any more that may be without result."""
        return self._left < 0

    def hold(self, size: int) -> None:
        """Note that `size` more bytes of memory are used, or fewer; LimitError at the limit."""
        self._room -= size
        if self._room < 0:
            raise LimitError(
                "the positions of the chunks to recover take more memory than "
                f"max_memory={self._limits.max_memory}"
            )
