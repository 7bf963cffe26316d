"""Symbols distributed by rows of a CDF; a pop searches the row.

Also the streams of `ansflow.coding` at more than 16 bits of precision: large alphabets and
very skewed distributions need more slots than the fast coder's 16-bit words allow.
"""

import numpy as np

from ansflow.kernels.coders.rows import find_symbol
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, kernel
from ansflow.kernels.stack.heads import (
    IMPOSSIBLE,
    UNDERFLOW,
    following,
    pop_head,
    preceding,
    push_head,
    refill,
)

__all__ = ["pop", "push"]

TWO = np.uint64(2)


@inlined
def codable(symbols, index, cdf):
    """Whether each symbol has a frequency in its row."""
    each = np.uint64(index.size > 1)
    alphabet = np.uint64(cdf.shape[1]) - ONE
    holes = ZERO
    for i in range(symbols.size):
        s = np.uint64(symbols[i])
        if s >= alphabet:
            return False
        row = np.uint64(index[np.uint64(i) * each])
        holes += np.uint64(cdf[row, s] == cdf[row, s + ONE])
    return holes == ZERO


@kernel
def push(heads, tail, size, symbols, index, cdf, precision):
    """Push `symbols`; return the size of the tail, or `IMPOSSIBLE`.

    Parameters
    ----------
    heads : uint64[lanes]
        Updated in place.
    tail : uint32[]
        At least ``size + n + 1`` long.
    size : uint64
    symbols : uint8[n], uint16[n] or int64[n]
    index : uint32[n] or uint32[1]
        Row of each symbol, or of all.
    cdf : uint32[rows, alphabet + 1]
    precision : uint64
        1 to 31.
    """
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    each = np.uint64(index.size > 1)
    highest = np.uint64(cdf.shape[1]) - TWO
    i = np.uint64(symbols.size)
    if not codable(symbols, index, cdf):
        return IMPOSSIBLE
    lane = i % lanes
    while i > ZERO:
        i -= ONE
        lane = preceding(lane, lanes)
        row = np.uint64(index[i * each])
        s = min(np.uint64(symbols[i]), highest)
        start = np.uint64(cdf[row, s])
        freq = np.uint64(cdf[row, s + ONE]) - start
        heads[lane], size = push_head(heads[lane], start, freq, precision, tail, size)
    return size


@kernel
def pop(heads, tail, size, index, cdf, precision, out):
    """Pop all symbols of `out`; return the size of the tail, or `UNDERFLOW`."""
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    mask = (ONE << precision) - ONE
    each = np.uint64(index.size > 1)
    lane = ZERO
    for i in range(out.size):
        row = np.uint64(index[np.uint64(i) * each])
        x = heads[lane]
        s = find_symbol(cdf, row, x & mask)
        start = np.uint64(cdf[row, s])
        x = pop_head(x, start, np.uint64(cdf[row, s + ONE]) - start, precision)
        heads[lane], size = refill(x, tail, size)
        if size == UNDERFLOW:
            return size
        out[i] = s
        lane = following(lane, lanes)
    return size
