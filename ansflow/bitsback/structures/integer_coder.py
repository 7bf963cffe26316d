"""Multisets and sets of integers on heads and a tail of any kind: what kernels need for it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.kernels.stack.integer_multisets import distinct
from ansflow.kernels.stack.slots import bits_below_first, digits
from ansflow.kernels.structures.count_tree import CELLS, fill, level_starts
from ansflow.kernels.structures.sorted_blocks import blocks_for

__all__ = ["MAX_COUNT", "MAX_INTEGERS", "IntegerCoder", "counted_tree", "empty_tree"]

# With more slots than this, heads of 64 bits round the probabilities of slots too much.
MAX_COUNT = 1 << 28

MAX_INTEGERS = 1 << 62


class IntegerCoder(NamedTuple):
    """The kernels' arguments for `size` integers below `n`, all different or not.

    Attributes
    ----------
    empty : uint64
        What an empty tail means, as in `ansflow.kernels.stack.slots`.
    """

    n: int
    size: int
    different: bool
    empty: np.uint64

    @property
    def digits(self) -> int:
        """How many words an integer can at most take from the tail."""
        return digits(self.n - 1)

    def push_arguments(self, ordered: npt.NDArray[np.int64]) -> tuple[Any, ...]:
        """Those of `integer_multisets.push`, but for ``lowest``, for sorted integers."""
        nodes, starts = empty_tree(self.size)
        if self.size:
            distinct(ordered, ordered, nodes, starts)
        return (nodes, starts, ordered, np.uint64(self.size), *self._bounds)

    def pop_arguments(self) -> tuple[Any, ...]:
        """Those of `integer_multisets.pop`, but for ``lowest`` and ``out``."""
        blocks, width = blocks_for(self.size)
        keys = np.empty((blocks, width), np.uint64)
        filled, order = np.empty(blocks, np.uint32), np.empty(blocks, np.uint32)
        largest, sums = np.empty(blocks, np.uint64), np.empty(blocks + 1, np.uint32)
        return (keys, filled, order, largest, sums, *self._bounds)

    @property
    def _bounds(self) -> tuple[np.uint64, ...]:
        last = self.n - 1
        return (
            *(np.uint64(last), np.uint64(bits_below_first(last))),
            *(np.uint64(self.different), self.empty),
        )


def empty_tree(symbols: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint64]]:
    """The nodes, and the starts of levels, of a `count_tree` without counts."""
    *starts, nodes = level_starts(max(1, symbols))
    return np.zeros((nodes, CELLS), np.uint32), np.array(starts, np.uint64)


def counted_tree(counts: npt.NDArray[Any]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint64]]:
    """The same with these counts."""
    nodes, starts = empty_tree(counts.size)
    cells = nodes[int(starts[-1]) :].reshape(-1)
    cells[: counts.size] = counts
    fill(nodes, starts)
    return nodes, starts
