"""rANS of many short messages in which every symbol has its own row of probabilities.

Messages are laid out as in `ansflow.kernels.coders.messages`, and intervals are worked out as in
`ansflow.kernels.coders.probabilities`.
"""

import numpy as np

from ansflow.kernels.coders.messages import put_state, tail_begin, take_state
from ansflow.kernels.coders.probabilities import find_interval, push_interval
from ansflow.kernels.coders.rans import pull_word
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.tables.records import headroom

__all__ = ["decode", "encode"]


@kernel
def encode(symbols, bounds, starts, freqs, width, precision, reciprocals, words, offsets):
    """Push all messages, the last one first; see `ansflow.kernels.coders.messages.encode`.

    Parameters
    ----------
    symbols : uint8[n] or uint16[n]
    bounds : int64[messages + 1]
    starts, freqs : uint32[n]
        Intervals of the symbols; frequencies are 1 to 2^precision.
    width : uint64
        Bits of the largest number of a symbol, at least 1.
    precision : uint64
        1 to 16.
    reciprocals : uint64[2^16 + 1]
    words : uint16[]
        At least ``n + messages + 1`` long.
    offsets : int64[messages + 1]
        Filled.
    """
    total, room = ONE << precision, headroom(precision)
    cursor = np.uint64(words.size)
    message = np.uint64(offsets.size) - ONE
    offsets[message] = cursor
    while message > ZERO:
        message -= ONE
        x, end = ZERO, cursor
        first, i = np.uint64(bounds[message]), np.uint64(bounds[message + ONE])
        coded = tail_begin(first, i, width, precision)
        while i > coded:
            i -= ONE
            x = (x << width) | np.uint64(symbols[i])
        while i > first:
            i -= ONE
            start, freq = np.uint64(starts[i]), np.uint64(freqs[i])
            x, cursor = push_interval(x, start, freq, room, total, reciprocals, words, cursor)
        cursor = put_state(x, words, cursor, end)
        offsets[message] = cursor


@kernel
def decode(words, offsets, bounds, probs, width, precision, low, weights, out):
    """Pop all messages into `out`; return the number of those before the first unsound one.

    Parameters
    ----------
    words : uint16[]
    offsets : int64[messages + 1]
        Ascending, in 0 to ``words.size``.
    bounds : int64[messages + 1]
        Ascending, in 0 to ``out.size``.
    probs : float32[n, alphabet] or float64[n, alphabet]
        A row for each symbol. Not more than 2^`precision` columns.
    width, precision, low : uint64
    weights : uint32[alphabet]
        Scratch.
    out : uint8[n] or uint16[n]
    """
    alphabet, width_mask = np.uint64(probs.shape[1]), (ONE << width) - ONE
    mask = (ONE << precision) - ONE
    for k in range(offsets.size - 1):
        message = np.uint64(k)
        end = np.uint64(offsets[message + ONE])
        x, cursor, sound = take_state(words, np.uint64(offsets[message]), end, low)
        i, last = np.uint64(bounds[message]), np.uint64(bounds[message + ONE])
        coded = tail_begin(i, last, width, precision)
        while i < coded:
            slot = x & mask
            symbol, start, freq = find_interval(probs[i], slot, precision, weights)
            x = freq * (x >> precision) + slot - start
            if cursor < end:
                x, taken = pull_word(x, np.uint64(words[cursor]), low)
                cursor += taken
            out[i] = symbol
            i += ONE
        while i < last:
            symbol = x & width_mask
            sound &= symbol < alphabet
            out[i] = symbol
            x >>= width
            i += ONE
        if not sound or x > ZERO or cursor < end:
            return message
    return np.uint64(offsets.size) - ONE
