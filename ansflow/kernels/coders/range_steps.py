"""One symbol of a range coder: by its interval, by a row of a matrix, or by counts.

The arithmetic is that of `ansflow.kernels.coders.range`. Counts are those of a distribution that is
used once, and not worth tables: they are checked here, and summed up as far as the symbol.
"""

import numpy as np

from ansflow.kernels.coders.range import (
    CRAMPED,
    DONE,
    LEAST,
    LOW,
    SHORT,
    SIZE,
    WIDTH,
    WORD,
    WORD_BYTES,
    WRONG,
    has_room,
    narrow,
    next_bytes,
    undetermined,
    width_of,
)
from ansflow.kernels.coders.rows import find_symbol
from ansflow.kernels.constants import MAX_PRECISION, ONE, ZERO
from ansflow.kernels.jit import inlined, inner, kernel

__all__ = [
    "BAD_WEIGHTS",
    "IMPOSSIBLE",
    "decode_count",
    "decode_interval",
    "decode_row",
    "encode_count",
    "encode_interval",
    "encode_row",
    "interval_of",
    "put",
    "slot_of",
]

# How coding went, besides what `ansflow.kernels.coders.range` has: the symbol has no frequency, or
# the counts or probabilities make no distribution.
IMPOSSIBLE, BAD_WEIGHTS = 3, 4

MAX_TOTAL = ONE << np.uint64(MAX_PRECISION)
COUNT_BITS = np.uint64(32)


@inner
def put(start, freq, total, state, words):
    """Code the symbol of [start, start + freq), of `total`, where there is room for a word."""
    width = width_of(state)
    unit = width // total
    low, width, size = narrow(state[LOW], width, start, freq, unit, words, state[SIZE])
    state[LOW], state[WIDTH], state[SIZE] = low, width, size


@kernel
def encode_interval(start, freq, total, state, words):
    """Code the symbol of [start, start + freq), which lies in [0, total) and is not empty.

    Return `DONE`, or `CRAMPED` with nothing changed. `state` and `words` are those of
    `ansflow.kernels.coders.range.encode`; the others are int64.
    """
    if not has_room(ONE, state[SIZE], words.size):
        return CRAMPED
    put(np.uint64(start), np.uint64(freq), np.uint64(total), state, words)
    return DONE


@kernel
def slot_of(total, state):
    """The slot that the point is in, of `total`; not below `total` if no symbol owns the point."""
    return state[LOW] // (width_of(state) // np.uint64(total))


@kernel
def decode_interval(start, freq, total, data, size, state):
    """Undo `encode_interval`; return `DONE`, or `SHORT` or `WRONG` with the state unchanged."""
    start, freq, size = np.uint64(start), np.uint64(freq), np.uint64(min(size, data.size))
    unit, end = width_of(state) // np.uint64(total), state[SIZE]
    point, width = state[LOW] - start * unit, freq * unit
    if point >= width:
        return WRONG
    if undetermined(point, width, size, end):
        return SHORT
    if width < LEAST:
        point = (point << WORD) | next_bytes(data, size, end)
        width <<= WORD
        end += WORD_BYTES
    state[LOW], state[WIDTH], state[SIZE] = point, width, end
    return DONE


@inlined
def interval_of(symbol, row, cdf):
    """``(start, freq, total)`` of a symbol in its row."""
    start = np.uint64(cdf[row, symbol])
    last = np.uint64(cdf.shape[1]) - ONE
    return start, np.uint64(cdf[row, symbol + ONE]) - start, np.uint64(cdf[row, last])


@kernel
def encode_row(symbol, row, cdf, state, words):
    """Code a symbol of a row that is there; return `DONE`, `IMPOSSIBLE` or `CRAMPED`.

    The cdf is that of `ansflow.kernels.coders.range.encode`, the others are int64.
    """
    row, symbol = np.uint64(row), np.uint64(symbol)
    start, freq, total = interval_of(symbol, row, cdf)
    if freq == ZERO:
        return IMPOSSIBLE
    if not has_room(ONE, state[SIZE], words.size):
        return CRAMPED
    put(start, freq, total, state, words)
    return DONE


@kernel
def decode_row(row, cdf, data, size, state):
    """Undo `encode_row`: ``(symbol, DONE, SHORT or WRONG)``. The row's total is not 0."""
    row = np.uint64(row)
    total = np.uint64(cdf[row, np.uint64(cdf.shape[1]) - ONE])
    slot = slot_of(np.int64(total), state)
    if slot >= total:
        return ZERO, WRONG
    symbol = find_symbol(cdf, row, slot)
    start, freq, total = interval_of(symbol, row, cdf)
    interval = np.int64(start), np.int64(freq), np.int64(total)
    return symbol, decode_interval(*interval, data, size, state)


@inner
def sum_of(counts):
    """The sum of counts; 0 unless none is negative and the sum is 2^31 at most."""
    total, joined = ZERO, ZERO
    for i in range(counts.size):
        count = np.uint64(counts[i])
        joined |= count
        total += count
    # As 64 bits without sign, what is negative has high bits. Without any, sums do not overflow.
    return total if joined >> COUNT_BITS == ZERO and total <= MAX_TOTAL else ZERO


@kernel
def encode_count(symbol, counts, state, words):
    """Code a symbol that has a count; return `DONE`, `IMPOSSIBLE`, `BAD_WEIGHTS` or `CRAMPED`.

    Unless it was `DONE`, nothing is changed.

    Parameters
    ----------
    symbol : int64
    counts : int64[]
    state : uint64[3]
    words : uint32[]
    """
    total = sum_of(counts)
    if total == ZERO:
        return BAD_WEIGHTS
    if counts[symbol] == 0:
        return IMPOSSIBLE
    start = ZERO
    for i in range(symbol):
        start += np.uint64(counts[i])
    return encode_interval(np.int64(start), counts[symbol], np.int64(total), state, words)


@kernel
def decode_count(counts, data, size, state):
    """Undo `encode_count`: ``(symbol, DONE, SHORT, WRONG or BAD_WEIGHTS)``."""
    total = sum_of(counts)
    if total == ZERO:
        return 0, BAD_WEIGHTS
    slot = slot_of(np.int64(total), state)
    if slot >= total:
        return 0, WRONG
    symbol, start = 0, ZERO
    while start + np.uint64(counts[symbol]) <= slot:
        start += np.uint64(counts[symbol])
        symbol += 1
    interval = np.int64(start), counts[symbol], np.int64(total)
    return symbol, decode_interval(*interval, data, size, state)
