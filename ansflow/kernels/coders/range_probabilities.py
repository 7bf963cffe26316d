"""A range coder with floating-point probabilities, of many symbols or of one.

Frequencies are those of `ansflow.kernels.tables.probabilities`: of a row, only what coding a symbol
takes is computed.
"""

import numpy as np

from ansflow.kernels.coders.probabilities import find_interval
from ansflow.kernels.coders.range import (
    CRAMPED,
    DONE,
    LOW,
    SIZE,
    WIDTH,
    WRONG,
    has_room,
    narrow,
    width_of,
)
from ansflow.kernels.coders.range_steps import BAD_WEIGHTS, decode_interval, put, slot_of
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, kernel
from ansflow.kernels.tables.probabilities import (
    TOLERANCE_BITS,
    WEIGHT_BITS,
    rest_of,
    scale_of,
    share,
    weight,
)

__all__ = ["decode", "decode_probability", "encode", "encode_probability"]


@kernel
def encode(starts, freqs, precision, state, words):
    """Code symbols by their intervals; return their number, or `CRAMPED` with nothing changed.

    Parameters
    ----------
    starts, freqs : uint32[n]
        Intervals of the symbols; frequencies are 1 to 2^precision.
    precision : uint64
        1 to 31.
    state : uint64[3]
        Updated in place.
    words : uint32[]
        With room for n words, or else it is `CRAMPED`.
    """
    if not has_room(np.uint64(starts.size), state[SIZE], words.size):
        return np.int64(CRAMPED)
    low, width, size = state[LOW], width_of(state), state[SIZE]
    for i in range(starts.size):
        start, freq = np.uint64(starts[np.uint64(i)]), np.uint64(freqs[np.uint64(i)])
        low, width, size = narrow(low, width, start, freq, width >> precision, words, size)
    state[LOW], state[WIDTH], state[SIZE] = low, width, size
    return np.int64(starts.size)


@kernel
def decode(data, size, state, probs, precision, weights, out):
    """Decode all symbols of `out`; return ``(symbols decoded, DONE, SHORT or WRONG)``.

    Unless all are decoded, the state is not changed. `probs`, `precision` and `weights` are as in
    `ansflow.kernels.coders.probabilities.decode`, the others as in
    `ansflow.kernels.coders.range.decode`.
    """
    total = np.int64(ONE << precision)
    point, width, end = state[LOW], state[WIDTH], state[SIZE]
    for i in range(out.size):
        slot, how = slot_of(total, state), WRONG
        if slot < np.uint64(total):
            symbol, start, freq = find_interval(probs[i], slot, precision, weights)
            interval = np.int64(start), np.int64(freq), total
            how = decode_interval(*interval, data, size, state)
            out[i] = symbol
        if how != DONE:
            state[LOW], state[WIDTH], state[SIZE] = point, width, end
            return np.uint64(i), how
    return np.uint64(out.size), DONE


@inner
def sums_of(probs, symbol):
    """The weights of all symbols and of those before one; the first is 0 for unsound ones."""
    total, below, is_sound = ZERO, ZERO, True
    for j in range(probs.size):
        is_sound &= probs[j] >= 0.0
        each = np.uint64(weight(probs, j))
        total += each
        below += each if np.uint64(j) < symbol else ZERO
    excess = abs(np.int64(total) - (1 << WEIGHT_BITS))
    return total if is_sound and excess <= 1 << (WEIGHT_BITS - TOLERANCE_BITS) else ZERO, below


@kernel
def encode_probability(symbol, probs, precision, state, words):
    """Code one symbol; return `DONE`, or `BAD_WEIGHTS` or `CRAMPED` with nothing changed.

    Parameters
    ----------
    symbol : int64
        Below `alphabet`.
    probs : float64[alphabet]
        Not checked.
    precision : int64
    state : uint64[3]
    words : uint32[]
    """
    symbol, precision = np.uint64(symbol), np.uint64(precision)
    total, below = sums_of(probs, symbol)
    if total == ZERO:
        return BAD_WEIGHTS
    if not has_room(ONE, state[SIZE], words.size):
        return CRAMPED
    slots, places = rest_of(np.uint64(probs.size), precision)
    scale = scale_of(total, slots, places)
    start = share(below, scale, places)
    freq = share(below + np.uint64(weight(probs, symbol)), scale, places) - start + ONE
    put(start + symbol, freq, ONE << precision, state, words)
    return DONE


@kernel
def decode_probability(probs, precision, weights, data, size, state):
    """Undo `encode_probability`: ``(symbol, DONE, SHORT, WRONG or BAD_WEIGHTS)``."""
    precision = np.uint64(precision)
    if sums_of(probs, ZERO)[0] == ZERO:
        return ZERO, BAD_WEIGHTS
    total = np.int64(ONE << precision)
    slot = slot_of(total, state)
    if slot >= np.uint64(total):
        return ZERO, WRONG
    symbol, start, freq = find_interval(probs, slot, precision, weights)
    return symbol, decode_interval(np.int64(start), np.int64(freq), total, data, size, state)
