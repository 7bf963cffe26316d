"""How much work and memory a search for frames may take, whatever is in the file."""

from __future__ import annotations

from ansflow.errors import LimitError
from ansflow.limits import Limits

__all__ = ["Work"]

# Bytes that may be read, decoded and verified in vain for each byte of a file, and for any. Where
# nothing is made to mislead, little is in vain: a damaged block, or a header that is none.
IN_VAIN = 256
IN_VAIN_AT_LEAST = 1 << 28


class Work:
    """Keeps account of both.

    Parameters
    ----------
    size : int
        Of the file.
    limits : Limits
    """

    def __init__(self, size: int, limits: Limits) -> None:
        self._left = IN_VAIN * size + IN_VAIN_AT_LEAST
        self._limits = limits
        self._room = limits.max_memory

    def spend(self, size: int) -> None:
        """Note that so many bytes were read or decoded in vain."""
        self._left -= size

    @property
    def exhausted(self) -> bool:
        """Whether there's no sense in trying what may be in vain."""
        return self._left < 0

    def hold(self, size: int) -> None:
        """Note that so many bytes are kept, or let go; LimitError if there are too many."""
        self._room -= size
        if self._room < 0:
            raise LimitError(
                f"what is to be recovered takes more than max_memory={self._limits.max_memory} "
                "for the places of all blocks"
            )
