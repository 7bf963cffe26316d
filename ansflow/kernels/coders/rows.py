"""Interleaved rANS in which every symbol has its own row of a matrix of distributions.

Per-pixel distributions, classes, contexts known in advance: symbol i is coded with row
``index[i]``. Rows are many and often used once, so nothing is tabulated per symbol: the encoder
reads the CDF and a reciprocal by frequency, the decoder searches the CDF. Where rows are few
enough, `decode_by_slots` trades memory for the search. All three speak the same stream.

The decoders read a stream that is too short as if zeros followed it, and then return a cursor
beyond ``words.size``.
"""

import numpy as np

from ansflow.kernels.coders.rans import next_word, pull_word, push_symbol, put_word
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, kernel
from ansflow.kernels.tables.reciprocal import divide, unpack_reciprocal
from ansflow.kernels.tables.records import headroom
from ansflow.kernels.tables.slots import look_up

# Moves the sign bit to the bit worth 32, a shift that clears any length below 2^32.
SIGN_TO_32 = np.uint64(58)
U_32 = np.uint64(32)

__all__ = [
    "decode_by_search",
    "decode_by_slots",
    "encode",
    "find_symbol",
    "find_symbols",
    "step_up",
]


@inner
def step_up(half, start, slot):
    """`half` if ``start <= slot``, else 0: a step of a bisection, for `half` below 2^32.

    The outcome of each comparison is a coin toss, so a branch on it would be mispredicted every
    other time. Written as a comparison or a select, LLVM makes it a branch; as a shift by 32
    if the difference is negative, it stays arithmetic, and the search takes 40% of the time.
    """
    return half >> ((slot - start) >> SIGN_TO_32 & U_32)


@inner
def find_symbol(cdf, row, slot):
    """Largest symbol s with ``cdf[row, s] <= slot``: the one whose interval holds `slot`.

    Symbols of frequency zero are never found. ``cdf[row, 0] == 0`` and ``slot < cdf[row, -1]``
    must hold.
    """
    symbol = ZERO
    length = np.uint64(cdf.shape[1]) - ONE
    while length > ONE:
        half = length >> ONE
        symbol += step_up(half, np.uint64(cdf[row, symbol + half]), slot)
        length -= half
    return symbol


@kernel
def find_symbols(slots, index, cdf, out):
    """`find_symbol` of each slot, uint32[n], in its row ``index[i]``, into ``out``."""
    for i in range(out.size):
        out[i] = find_symbol(cdf, np.uint64(index[i]), np.uint64(slots[i]))


@kernel
def encode(symbols, index, cdf, precision, reciprocals, states, words):
    """Push `symbols`, last to first; return the cursor: the stream is ``words[cursor:]``.

    Parameters
    ----------
    symbols : uint8[n] or uint16[n]
        Each has a frequency of at least 1 in its row.
    index : uint32[n]
        Row of each symbol.
    cdf : uint32[rows, alphabet + 1]
    precision : uint64
    reciprocals : uint64[2^16 + 1]
    states : uint32[lanes]
        Updated in place.
    words : uint16[]
        At least n + 1 long. Filled from its end downwards.
    """
    cursor = np.uint64(words.size)
    lanes = np.uint64(states.size)
    room = headroom(precision)
    end = np.uint64(symbols.size)
    while end > ZERO:
        base = (end - ONE) & ~(lanes - ONE)
        lane = end - base
        while lane > ZERO:
            lane -= ONE
            s = np.uint64(symbols[base + lane])
            row = np.uint64(index[base + lane])
            start = np.uint64(cdf[row, s])
            f = np.uint64(cdf[row, s + ONE]) - start
            x, cursor = put_word(np.uint64(states[lane]), room, f, words, cursor)
            m, nudge, shift = unpack_reciprocal(reciprocals[f])
            quotient = divide(x, m, nudge, shift)
            states[lane] = push_symbol(x, quotient, start, (ONE << precision) - f)
        end = base
    return cursor


@kernel
def decode_by_search(words, cursor, states, index, cdf, precision, low, out):
    """Pop all symbols of `out`, finding each by binary search; return the cursor."""
    lanes = np.uint64(states.size)
    mask = (ONE << precision) - ONE
    for i in range(out.size):
        lane = np.uint64(i) & (lanes - ONE)
        row = np.uint64(index[i])
        x = np.uint64(states[lane])
        slot = x & mask
        s = find_symbol(cdf, row, slot)
        start = np.uint64(cdf[row, s])
        x = (np.uint64(cdf[row, s + ONE]) - start) * (x >> precision) + slot - start
        x, taken = pull_word(x, next_word(words, cursor), low)
        cursor += taken
        states[lane] = x
        out[i] = s
    return cursor


@kernel
def decode_by_slots(words, cursor, states, index, slots, precision, low, out):
    """Pop all symbols of `out` by one look-up each; return the cursor."""
    lanes = np.uint64(states.size)
    mask = (ONE << precision) - ONE
    for i in range(out.size):
        lane = np.uint64(i) & (lanes - ONE)
        x = np.uint64(states[lane])
        freq, offset, symbol = look_up(slots[np.uint64(index[i])], x & mask)
        x = freq * (x >> precision) + offset
        x, taken = pull_word(x, next_word(words, cursor), low)
        cursor += taken
        states[lane] = x
        out[i] = symbol
    return cursor
