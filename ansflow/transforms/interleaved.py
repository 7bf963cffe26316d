"""Numbers of several kinds that take turns: to a vector of each, and back.

So are the bytes of items, the parts of complex numbers, and the columns of tables.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ansflow.buffers import Bytes
from ansflow.kernels.transforms.columns import joiner, splitter
from ansflow.recycling import empty
from ansflow.transforms.numbers import numbers_in_place, numbers_of, put_back

__all__ = ["join", "room", "split"]


def room(count: int, size: int) -> list[Bytes]:
    """Vectors of so many bytes that `join` takes as they are."""
    return list(empty(count * size, np.uint8).reshape(count, size))


def split(items: Bytes, count: int, width: int, differenced: int = 0) -> list[Bytes]:
    """Vectors of numbers of so many bytes: the j-th begins with number j, j + count, j + 2 count.

    If bit j of `differenced` is set, vector j - 1 is subtracted from vector j. Bit 0 is not.
    """
    vectors = empty(items.size, np.uint8).reshape(count, -1)
    numbers = numbers_of(items, width)
    splitter(count)(numbers, np.uint64(differenced), vectors.view(f"<u{width}"))
    return list(vectors)


def join(vectors: Sequence[Bytes], width: int, out: Bytes, differenced: int = 0) -> None:
    """Undo `split` into `out`. The vectors may be others afterwards."""
    numbers = numbers_in_place(out, width)
    matrix = _matrix_of(vectors).view(f"<u{width}")
    joiner(len(vectors))(matrix, np.uint64(differenced), numbers)
    put_back(numbers, out)


def _matrix_of(vectors: Sequence[Bytes]) -> Bytes:
    """The matrix that has these rows: that of `room` if they come from there, or a copy."""
    room, size = vectors[0].base, vectors[0].size
    if isinstance(room, np.ndarray) and all(vector.base is room for vector in vectors):
        first, *others = [vector.ctypes.data - room.ctypes.data for vector in vectors]
        follow = others == [first + row * size for row in range(1, len(vectors))]
        if follow and room.dtype == np.uint8 and room.flags.c_contiguous:
            rows = room.reshape(-1)[first : first + len(vectors) * size]
            return rows.reshape(len(vectors), size)
    return np.stack(vectors)
