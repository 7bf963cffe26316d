"""Memory that is used again, for arrays of up to a few million bytes that live for a moment.

What a chunk becomes on its way to a stream takes several times its size, for a millisecond or two.
From new memory, each page is fetched from the system when it is first touched, which takes longer
than most kernels take to fill it. So it is kept, and what was given back last is taken first: that
is most likely to be in the cache.

Sizes are rounded up to powers of two. What isn't touched of that isn't there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["empty"]

# Powers of two that are kept. Smaller arrays are parts of what the C library keeps, as a rule, and
# larger ones are seldom.
SMALLEST, LARGEST = 18, 25
# Fewer items, of up to eight bytes, are fewer bytes than that.
FEWEST = 1 << (SMALLEST - 1 - 3)
# So many bytes of each, at most.
KEPT = 1 << 25


class _Room(NamedTuple):
    """Memory, and what NumPy calls the interface of an array that has it."""

    memory: npt.NDArray[np.uint8]
    interface: dict[str, Any]


_shelves: list[list[_Room]] = [[] for _ in range(LARGEST + 1)]


class _Lent:
    """A room as NumPy knows it: it goes back to its shelf when no array has it any more."""

    __slots__ = "__array_interface__", "_room", "_shelf"

    def __init__(self, power: int) -> None:
        self._shelf = _shelves[power]
        try:
            self._room = self._shelf.pop()
        except IndexError:
            memory = np.empty(1 << power, np.uint8)
            self._room = _Room(memory, memory.__array_interface__)
        self.__array_interface__ = self._room.interface

    def __del__(self) -> None:
        if len(self._shelf) * self._room.memory.size < KEPT:
            self._shelf.append(self._room)


def empty(size: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """A contiguous vector of so many items with anything in it, as ``np.empty`` makes one."""
    if size < FEWEST:
        return np.empty(size, dtype)
    dtype = np.dtype(dtype)
    nbytes = size * dtype.itemsize
    power = (nbytes - 1).bit_length()
    if not SMALLEST <= power <= LARGEST:
        return np.empty(size, dtype)
    return np.asarray(_Lent(power))[:nbytes].view(dtype)
