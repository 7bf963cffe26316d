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
from ansflow.transforms.vectors import Vectors, memory_of

__all__ = ["join", "room", "split"]


def room(count: int, size: int) -> Vectors:
    """Vectors of so many bytes that `join` takes as they are."""
    memory = empty(count * size, np.uint8)
    return Vectors(memory.reshape(count, size), memory)


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
    matrix = memory_of(vectors).view(f"<u{width}").reshape(len(vectors), -1)
    joiner(len(vectors))(matrix, np.uint64(differenced), numbers)
    put_back(numbers, out)
