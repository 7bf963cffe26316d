"""Interleaved streams at more than 16 bits of precision, on the heads of the stack coder.

Large alphabets and very skewed distributions need more slots than the fast coder's 16-bit words
allow. Layout and order are those of `ansflow.kernels.rows`; a division a symbol makes it
slower, and the decoder always searches the CDF.
"""

import numpy as np

from ansflow.kernels.constants import ONE, U_STACK_LOW, U_STACK_WORD_BITS, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.rows import find_symbol
from ansflow.kernels.stack import UNDERFLOW, pop_head, push_head

__all__ = ["decode", "encode"]


@kernel
def encode(symbols, index, cdf, precision, heads, tail):
    """Push `symbols`, last to first; return the size of the tail.

    Parameters
    ----------
    symbols : uint8[n] or uint16[n]
        Each has a frequency of at least 1 in its row.
    index : uint32[n] or uint32[1]
        Row of each symbol, or of all.
    cdf : uint32[rows, alphabet + 1]
    precision : uint64
        1 to 31.
    heads : uint64[lanes]
        Updated in place.
    tail : uint32[n + 1]
    """
    lanes = np.uint64(heads.size)
    size = ZERO
    each = np.uint64(index.size > 1)
    i = np.uint64(symbols.size)
    while i > ZERO:
        i -= ONE
        lane = i & (lanes - ONE)
        row = np.uint64(index[i * each])
        s = np.uint64(symbols[i])
        start = np.uint64(cdf[row, s])
        f = np.uint64(cdf[row, s + ONE]) - start
        heads[lane], size = push_head(heads[lane], start, f, precision, tail, size)
    return size


@kernel
def decode(tail, size, heads, index, cdf, precision, out):
    """Pop all symbols of `out`; return the size of the tail, or `UNDERFLOW`."""
    lanes = np.uint64(heads.size)
    mask = (ONE << precision) - ONE
    each = np.uint64(index.size > 1)
    for i in range(out.size):
        lane = np.uint64(i) & (lanes - ONE)
        row = np.uint64(index[np.uint64(i) * each])
        x = heads[lane]
        s = find_symbol(cdf, row, x & mask)
        start = np.uint64(cdf[row, s])
        x = pop_head(x, start, np.uint64(cdf[row, s + ONE]) - start, precision)
        if x < U_STACK_LOW:
            if size == ZERO:
                return UNDERFLOW
            size -= ONE
            x = (x << U_STACK_WORD_BITS) | np.uint64(tail[size])
        heads[lane] = x
        out[i] = s
    return size
