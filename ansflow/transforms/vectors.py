"""Vectors that lie one after the other, so that they are all of it once each has been filled.

NumPy takes longer to tell that of a few arrays than kernels to put a small table together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ansflow.buffers import Bytes

__all__ = ["Vectors", "memory_of"]


class Vectors(list[Bytes]):
    """Parts of a memory, which has nothing else in it, in order."""

    __slots__ = ("memory",)

    def __init__(self, vectors: Iterable[Bytes], memory: Bytes) -> None:
        super().__init__(vectors)
        self.memory = memory


def memory_of(vectors: Sequence[Bytes]) -> Bytes:
    """Vectors one after the other: their memory if they are known to have one, or a copy."""
    return vectors.memory if isinstance(vectors, Vectors) else np.concatenate(vectors)
