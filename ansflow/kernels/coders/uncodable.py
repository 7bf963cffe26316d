"""Finding the first symbol that a model cannot code, before anything is coded."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel

__all__ = ["first_flagged", "first_impossible"]

CHUNK = np.uint64(4096)


@kernel
def first_flagged(symbols, flags):
    """Smallest i with ``flags[symbols[i]]`` set, or ``symbols.size``.

    Tests once per chunk, not once per symbol.
    """
    size = np.uint64(symbols.size)
    for begin in range(ZERO, size, CHUNK):
        end = min(begin + CHUNK, size)
        any_flag = np.uint8(0)
        for i in range(begin, end):
            any_flag |= flags[symbols[i]]
        if any_flag:
            for i in range(begin, end):
                if flags[symbols[i]]:
                    return np.uint64(i)
    return size


@kernel
def first_impossible(symbols, index, cdf):
    """Smallest i for which symbol i has no frequency in row ``index[i]``, or the size.

    Symbols are below the alphabet's size, rows below the number of rows.
    """
    for i in range(symbols.size):
        row = np.uint64(index[i])
        s = np.uint64(symbols[i])
        if cdf[row, s] == cdf[row, s + ONE]:
            return np.uint64(i)
    return np.uint64(symbols.size)
