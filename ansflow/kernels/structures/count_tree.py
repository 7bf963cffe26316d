"""Counts of symbols in a tree: the symbol at a rank, and the rank of a symbol.

Each node has 16 cells, and each cell a node of the level below, or a symbol if there is none. A
cell holds the sum of the counts of all that is below it and below the cells before it in the node:
so the cell for a rank is found by 16 comparisons, which are one or two instructions, and the rank
of a cell by a look at the cell before it.

``nodes`` is uint32[nodes, 16], level after level from the top, which is one node, down; ``starts``
is uint64[levels], and has the number of the first node of each level.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, inner, kernel

__all__ = ["CELLS", "add", "count", "fill", "level_starts", "take"]

CELLS = 16
CELL_BITS = np.uint64(4)
CELL_MASK = np.uint64(CELLS - 1)


def level_starts(symbols: int) -> list[int]:
    """The number of the first node of each level, and of all nodes, for at least one symbol."""
    sizes = [-(-symbols // CELLS)]
    while sizes[-1] > 1:
        sizes.append(-(-sizes[-1] // CELLS))
    starts = [0]
    for size in reversed(sizes):
        starts.append(starts[-1] + size)
    return starts


@inlined
def count(nodes, starts, symbol):
    """Count one more of a symbol, in its own cell alone: see `fill`."""
    nodes[starts[starts.size - 1] + (symbol >> CELL_BITS), symbol & CELL_MASK] += 1


@kernel
def fill(nodes, starts):
    """Make all cells, when those of the lowest level hold counts and all others 0."""
    end, level = np.uint64(len(nodes)), np.uint64(starts.size)
    while level > ZERO:
        level -= ONE
        first = starts[level]
        for node in range(first, end):
            for k in range(ONE, np.uint64(CELLS)):
                nodes[node, k] += nodes[node, k - ONE]
            if level > ZERO:
                number = node - first
                above = starts[level - ONE] + (number >> CELL_BITS)
                nodes[above, number & CELL_MASK] = nodes[node, CELL_MASK]
        end = first


@inner
def take(nodes, starts, rank):
    """Remove one of the symbol at `rank`; return it, how many of it were before, and its count.

    The count includes the one that has been removed.
    """
    symbol, here = ZERO, ZERO
    rank = np.uint32(rank)
    for level in range(starts.size):
        node = starts[level] + symbol
        cell = np.uint32(0)
        for k in range(CELLS):
            cell += np.uint32(nodes[node, k] <= rank)
        cell = min(np.uint64(cell), CELL_MASK)
        before = nodes[node, cell - ONE] if cell > ZERO else np.uint32(0)
        here = np.uint64(nodes[node, cell] - before)
        for k in range(CELLS):
            nodes[node, k] -= np.uint32(np.uint32(k) >= np.uint32(cell))
        rank -= before
        symbol = symbol << CELL_BITS | cell
    return symbol, np.uint64(rank), here


@inner
def add(nodes, starts, symbol):
    """Add one of a symbol; return how many of those before it there are, and of itself."""
    before, here = ZERO, ZERO
    shift = CELL_BITS * np.uint64(starts.size)
    for level in range(starts.size):
        shift -= CELL_BITS
        node = starts[level] + (symbol >> shift >> CELL_BITS)
        cell = symbol >> shift & CELL_MASK
        for k in range(CELLS):
            nodes[node, k] += np.uint32(np.uint32(k) >= np.uint32(cell))
        below = np.uint64(nodes[node, cell - ONE]) if cell > ZERO else ZERO
        here = np.uint64(nodes[node, cell]) - below
        before += below
    return before, here
