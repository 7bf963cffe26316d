"""Memory that is used again, for arrays of up to a few million bytes that live for a moment.

What a chunk becomes on its way to a stream takes several times its size, for a millisecond or two.
From new memory, each page is fetched from the system when it is first touched, which takes longer
than most kernels take to fill it. So it is kept, and what was given back last is taken first: that
is most likely to be in the cache.

Sizes are rounded up to powers of two. What isn't touched of that isn't there.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["empty"]

# Powers of two that are kept. Smaller arrays are parts of what the C library keeps, as a rule, and
# larger ones are seldom.
SMALLEST, LARGEST = 18, 25
# Fewer items, of up to eight bytes, are fewer bytes than that.
FEWEST = 1 << (SMALLEST - 1 - 3)
# So many bytes of each, at most: for each thread that may be at work at once, up to some, those of
# several chunks that are kept until all are there.
MOST_THREADS = 8
KEPT = (1 << 26) * min(os.cpu_count() or 1, MOST_THREADS)


class _Room(np.ndarray[Any, Any]):
    """Memory. It has a type of its own, or else views of what is lent would be views of it."""


_shelves: list[list[_Room]] = [[] for _ in range(LARGEST + 1)]


class _Lent(np.ndarray[Any, Any]):
    """An array in a room, which goes back to its shelf when no view of it is there any more."""

    __slots__ = "room", "shelf"
    room: _Room
    shelf: list[_Room]

    def __del__(self) -> None:
        # What NumPy makes of it by itself has neither.
        shelf = getattr(self, "shelf", None)
        if shelf is not None and len(shelf) * self.room.nbytes < KEPT:
            shelf.append(self.room)


def empty(size: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """A contiguous vector of so many items with anything in it, as ``np.empty`` makes one."""
    if size < FEWEST:
        return np.empty(size, dtype)
    dtype = np.dtype(dtype)
    power = (size * dtype.itemsize - 1).bit_length()
    if not SMALLEST <= power <= LARGEST:
        return np.empty(size, dtype)
    shelf = _shelves[power]
    try:
        room = shelf.pop()
    except IndexError:
        room = _Room(1 << power, np.uint8)
    lent = _Lent(size, dtype, room)
    lent.room, lent.shelf = room, shelf
    return lent.view(np.ndarray)
