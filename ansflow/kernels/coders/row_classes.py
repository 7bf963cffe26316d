"""Interleaved rANS with a distribution for each row of 64 symbols: the class of the row says which.

Lanes and words are those of `ansflow.kernels.coders.single`: symbol i belongs to lane i mod N, for
any N. As N is a power of two of at most 64, the lanes take turns within one row of symbols, and all
of a turn have one distribution. With 64 lanes, a turn is a row.

Precision is at most 12 bits and states lie in [2^15, 2^31): slots are packed. The encoder is that
of `ansflow.kernels.coders.byte_rows`.
"""

import numpy as np

from ansflow.kernels.coders.rans import OUTSIDE, finished, next_word, pull_word, take_states
from ansflow.kernels.constants import MAX_PACKED_PRECISION, ONE, ZERO, state_low
from ansflow.kernels.jit import kernel
from ansflow.kernels.tables.slots import look_up

__all__ = [
    "ROW",
    "ROW_SHIFT",
    "decode_rest",
    "decode_rows",
    "decode_stream",
]

ROW_SHIFT = 6
ROW = 1 << ROW_SHIFT
U_ROW_SHIFT = np.uint64(ROW_SHIFT)

LOW = np.uint64(state_low(MAX_PACKED_PRECISION))


@kernel
def decode_rows(words, cursor, states, classes, slots, precision, out):
    """Pop a symbol of each lane, while all may take a word; return ``(symbols done, cursor)``.

    Parameters
    ----------
    words : uint16[]
    cursor : uint64
        Where the next word is.
    states : uint32[lanes]
        Each in [2^15, 2^31); updated in place.
    classes : uint8[ceil(n / 64)]
        Of each row, below K.
    slots : uint32[K, 2^precision]
        See `ansflow.kernels.tables.slots`.
    precision : uint64
    out : uint8[n]
    """
    lanes = np.uint64(states.size)
    mask = (ONE << precision) - ONE
    base = ZERO
    while base + lanes <= np.uint64(out.size) and cursor + lanes <= np.uint64(words.size):
        row = np.uint64(classes[base >> U_ROW_SHIFT])
        for i in range(lanes):
            lane = np.uint64(i)
            x = np.uint64(states[lane])
            freq, offset, symbol = look_up(slots[row], x & mask)
            x = freq * (x >> precision) + offset
            x, taken = pull_word(x, np.uint64(words[cursor]), LOW)
            cursor += taken
            states[lane] = x
            out[base + lane] = symbol
        base += lanes
    return base, cursor


@kernel
def decode_rest(words, cursor, states, classes, slots, precision, out, done):
    """Pop symbols `done`, `done` + 1, ... of `out`; return the cursor.

    `done` is a multiple of the number of lanes. A stream that is too short is read as if
    zeros followed it, and the returned cursor exceeds ``words.size``.
    """
    lanes = np.uint64(states.size)
    mask = (ONE << precision) - ONE
    for i in range(done, np.uint64(out.size)):
        at = np.uint64(i)
        lane = at & (lanes - ONE)
        x = np.uint64(states[lane])
        row = np.uint64(classes[at >> U_ROW_SHIFT])
        freq, offset, symbol = look_up(slots[row], x & mask)
        x = freq * (x >> precision) + offset
        x, taken = pull_word(x, next_word(words, cursor), LOW)
        cursor += taken
        states[lane] = x
        out[at] = symbol
    return cursor


@kernel
def decode_stream(words, lanes, classes, slots, precision, out):
    """Pop all symbols of a stream that begins with states.

    It has as many words as these take. Returns what `finished` does, or `OUTSIDE`.
    """
    states = np.empty(lanes, np.uint32)
    if not take_states(words, LOW, states):
        return np.uint64(OUTSIDE)
    cursor = np.uint64(lanes) + np.uint64(lanes)
    done, cursor = decode_rows(words, cursor, states, classes, slots, precision, out)
    cursor = decode_rest(words, cursor, states, classes, slots, precision, out, done)
    return finished(words, cursor, states, LOW)
