"""Rows of a few numbers to their columns, and back.

With a constant number of columns LLVM reads whole registers and sorts them out, several times as
fast as one by one. That takes a kernel for each number, so there are such for the commonest only.

Rows are worked on in blocks that stay in the first level of the cache.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, kernel

__all__ = ["joiner", "splitter"]

BLOCK_BYTES = np.uint64(1 << 14)

# Complex numbers, points in space, pixels, bytes of numbers. Beyond, LLVM makes no vectors of it.
SORTED = (2, 3, 4, 8)

# Of the integer that says which columns are differences: later ones are none.
BITS = np.uint64(64)


@inner
def subtract(columns, differenced, begin, end):
    """Subtract from columns those before them, the last one first."""
    count = min(np.uint64(columns.shape[0]), BITS)
    for back in range(count - ONE):
        j = count - ONE - back
        if (differenced >> j) & ONE:
            column, before = columns[j, begin:end], columns[j - ONE, begin:end]
            for i in range(end - begin):
                column[i] -= before[i]


@inner
def add(columns, differenced, begin, end):
    """Undo `subtract`."""
    for j in range(ONE, min(np.uint64(columns.shape[0]), BITS)):
        if (differenced >> j) & ONE:
            column, before = columns[j, begin:end], columns[j - ONE, begin:end]
            for i in range(end - begin):
                column[i] += before[i]


@functools.cache
def splitter(count: int) -> Callable[..., Any]:
    """Make ``split(items, differenced, columns)`` for so many columns.

    It fills the columns, uint[count, n], from rows, uint[count * n], and subtracts from each column
    the one before if its bit of `differenced`, uint64, is set. Bit 0 is not.
    """
    if count not in SORTED:
        return split_any
    row = np.uint64(count)

    @kernel
    def split(items, differenced, columns):
        size, block = np.uint64(columns.shape[1]), BLOCK_BYTES // (row * np.uint64(items.itemsize))
        begin = ZERO
        while begin < size:
            end = min(begin + block, size)
            for i in range(begin, end):
                for j in range(count):
                    columns[np.uint64(j), i] = items[i * row + np.uint64(j)]
            subtract(columns, differenced, begin, end)
            begin = end

    return split


@functools.cache
def joiner(count: int) -> Callable[..., Any]:
    """Make ``join(columns, differenced, items)``, which undoes `splitter`.

    The columns are not the same afterwards.
    """
    if count not in SORTED:
        return join_any
    row = np.uint64(count)

    @kernel
    def join(columns, differenced, items):
        size, block = np.uint64(columns.shape[1]), BLOCK_BYTES // (row * np.uint64(items.itemsize))
        begin = ZERO
        while begin < size:
            end = min(begin + block, size)
            add(columns, differenced, begin, end)
            for i in range(begin, end):
                for j in range(count):
                    items[i * row + np.uint64(j)] = columns[np.uint64(j), i]
            begin = end

    return join


@kernel
def split_any(items, differenced, columns):
    """What `splitter` makes, for any number of columns."""
    row, size = np.uint64(columns.shape[0]), np.uint64(columns.shape[1])
    block = BLOCK_BYTES // (row * np.uint64(items.itemsize))
    begin = ZERO
    while begin < size:
        end = min(begin + block, size)
        for j in range(row):
            column, first = columns[j, begin:end], begin * row + j
            for i in range(end - begin):
                column[i] = items[first + i * row]
        subtract(columns, differenced, begin, end)
        begin = end


@kernel
def join_any(columns, differenced, items):
    """What `joiner` makes, for any number of columns."""
    row, size = np.uint64(columns.shape[0]), np.uint64(columns.shape[1])
    block = BLOCK_BYTES // (row * np.uint64(items.itemsize))
    begin = ZERO
    while begin < size:
        end = min(begin + block, size)
        add(columns, differenced, begin, end)
        for j in range(row):
            column, first = columns[j, begin:end], begin * row + j
            for i in range(end - begin):
                items[first + i * row] = column[i]
        begin = end
