"""Interleaved rANS in which every symbol has its own row of floating-point probabilities.

The encoder works out the intervals of the symbols beforehand, and the decoder each symbol's when it
needs it (`ansflow.kernels.tables.probabilities`), so that the rows of integers that they belong to
are never written. The stream is that of `ansflow.kernels.coders.rows`.

The decoder reads a stream that is too short as if zeros followed it, and then returns a cursor
beyond ``words.size``.
"""

import numpy as np

from ansflow.kernels.coders.rans import next_word, pull_word, push_symbol, put_word
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, inner, kernel
from ansflow.kernels.tables.probabilities import rest_of, scale_of, share, weight
from ansflow.kernels.tables.reciprocal import divide, unpack_reciprocal
from ansflow.kernels.tables.records import headroom

__all__ = ["decode", "encode", "find_interval", "push_interval"]

# Symbols whose weights are added up at once, on the way to the one that is sought.
U_STEP = np.uint64(8)


@inlined
def push_interval(x, start, freq, room, total, reciprocals, words, cursor):
    """Push a symbol by its interval; return the state and the cursor."""
    x, cursor = put_word(x, room, freq, words, cursor)
    m, nudge, shift = unpack_reciprocal(reciprocals[freq])
    return push_symbol(x, divide(x, m, nudge, shift), start, total - freq), cursor


@kernel
def encode(starts, freqs, precision, reciprocals, states, words):
    """Push symbols, last to first; return the cursor: the stream is ``words[cursor:]``.

    Parameters
    ----------
    starts, freqs : uint32[n]
        Intervals of the symbols; frequencies are 1 to 2^precision.
    precision : uint64
        1 to 16.
    reciprocals : uint64[2^16 + 1]
    states : uint32[lanes]
        Updated in place.
    words : uint16[]
        At least n + 1 long. Filled from its end downwards.
    """
    cursor = np.uint64(words.size)
    lanes = np.uint64(states.size)
    room, total = headroom(precision), ONE << precision
    end = np.uint64(starts.size)
    while end > ZERO:
        base = (end - ONE) & ~(lanes - ONE)
        lane = end - base
        while lane > ZERO:
            lane -= ONE
            start, freq = np.uint64(starts[base + lane]), np.uint64(freqs[base + lane])
            x = np.uint64(states[lane])
            x, cursor = push_interval(x, start, freq, room, total, reciprocals, words, cursor)
            states[lane] = x
        end = base
    return cursor


@inner
def find_interval(row, slot, precision, weights):
    """``(symbol, start, frequency)`` of the interval that holds a slot; `weights` as in `decode`.

    The sum of a step's weights takes a vector, and no sum waits for the one before.
    """
    alphabet = np.uint64(row.size)
    slots, places = rest_of(alphabet, precision)
    total = np.uint32(0)
    for j in range(row.size):
        weights[j] = weight(row, j)
        total += weights[j]
    scale = scale_of(total, slots, places)
    symbol, below = ZERO, np.uint32(0)
    while symbol + U_STEP < alphabet:
        after = below
        for k in range(U_STEP):
            after += weights[symbol + k]
        if share(after, scale, places) + symbol + U_STEP > slot:
            break
        below = after
        symbol += U_STEP
    start = share(below, scale, places) + symbol
    while True:
        below += weights[symbol]
        end = share(below, scale, places) + symbol + ONE
        if end > slot or symbol + ONE >= alphabet:
            return symbol, start, end - start
        start = end
        symbol += ONE


@kernel
def decode(words, cursor, states, probs, precision, low, weights, out):
    """Pop all symbols of `out`; return the cursor.

    Parameters
    ----------
    words : uint16[]
    cursor : uint64
        Where the next word is.
    states : uint32[lanes]
        Updated in place.
    probs : float32[n, alphabet] or float64[n, alphabet]
        A row for each symbol. Not more than 2^`precision` columns.
    precision, low : uint64
    weights : uint32[alphabet]
        Scratch.
    out : uint8[n] or uint16[n]
    """
    lanes = np.uint64(states.size)
    mask = (ONE << precision) - ONE
    for i in range(out.size):
        lane = np.uint64(i) & (lanes - ONE)
        x = np.uint64(states[lane])
        slot = x & mask
        symbol, start, freq = find_interval(probs[i], slot, precision, weights)
        x = freq * (x >> precision) + slot - start
        x, taken = pull_word(x, next_word(words, cursor), low)
        cursor += taken
        states[lane] = x
        out[i] = symbol
    return cursor
