"""Rows of a table to its columns in another order, and back.

Rows are worked on in blocks that stay in the first level of the cache.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, kernel

__all__ = ["join_columns", "split_columns"]

BLOCK_BYTES = np.uint64(1 << 14)


@inlined
def rows_of_block(items, row):
    """How many rows of so many items are worked on at a time."""
    return max(ONE, BLOCK_BYTES // (row * np.uint64(items.itemsize)))


@kernel
def split_columns(items, places, columns):
    """Column j of rows becomes column number `places[j]`.

    Parameters
    ----------
    items : uint[n * k]
    places : uint64[k]
        Each number below k once.
    columns : uint[k, n]
        Filled.
    """
    row, size = np.uint64(columns.shape[0]), np.uint64(columns.shape[1])
    for begin in range(ZERO, size, rows_of_block(items, row)):
        end = min(begin + rows_of_block(items, row), size)
        for j in range(row):
            column, first = columns[places[j], begin:end], begin * row + j
            for i in range(end - begin):
                column[i] = items[first + i * row]


@kernel
def join_columns(columns, places, items):
    """Undo `split_columns`: fills `items`."""
    row, size = np.uint64(columns.shape[0]), np.uint64(columns.shape[1])
    for begin in range(ZERO, size, rows_of_block(items, row)):
        end = min(begin + rows_of_block(items, row), size)
        for j in range(row):
            column, first = columns[places[j], begin:end], begin * row + j
            for i in range(end - begin):
                items[first + i * row] = column[i]
