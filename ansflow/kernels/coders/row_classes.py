"""Interleaved rANS with a distribution for each row of 64 symbols: the class of the row says which.

Lanes and words are those of `ansflow.kernels.coders.single`: symbol i belongs to lane i mod N, for
any N. As N is a power of two of at most 64, the lanes take turns within one row of symbols, and all
of a turn have one distribution. With 64 lanes, a turn is a row.

Precision is at most 12 bits and states lie in [2^15, 2^31): records and slots are packed.
"""

import numpy as np

from ansflow.kernels.coders.rans import (
    OUTSIDE,
    finished,
    next_word,
    pull_word,
    push_symbol,
    put_word,
    take_states,
)
from ansflow.kernels.constants import MAX_PACKED_PRECISION, ONE, ZERO, state_low
from ansflow.kernels.jit import kernel
from ansflow.kernels.tables.reciprocal import divide
from ansflow.kernels.tables.records import headroom, look_up_record
from ansflow.kernels.tables.slots import look_up

__all__ = [
    "ROW",
    "ROW_SHIFT",
    "decode_rest",
    "decode_rows",
    "decode_stream",
    "encode",
    "first_without_record",
]

ROW_SHIFT = 6
ROW = 1 << ROW_SHIFT
U_ROW_SHIFT = np.uint64(ROW_SHIFT)

LOW = np.uint64(state_low(MAX_PACKED_PRECISION))


@kernel
def encode(symbols, classes, states, records, precision, words, first):
    """Push `symbols`, the last to `first`; return the cursor.

    The stream is ``words[cursor:]`` once all symbols have been pushed.

    Parameters
    ----------
    symbols : uint8[n]
        Each has a frequency in the class of its row.
    classes : uint8[ceil(n / 64)]
        Of each row, below K.
    states : uint32[lanes]
        Updated in place.
    records : uint64[K, 256]
        See `ansflow.kernels.tables.records`.
    precision : uint64
    words : uint16[]
        At least n + 1 long. Filled from its end downwards.
    first : uint64
        A multiple of the number of lanes.
    """
    cursor = np.uint64(words.size)
    lanes = np.uint64(states.size)
    total = ONE << precision
    room = headroom(precision)
    end = np.uint64(symbols.size)
    while end > first:
        base = (end - ONE) & ~(lanes - ONE)
        row = np.uint64(classes[base >> U_ROW_SHIFT])
        lane = end - base
        while lane > ZERO:
            lane -= ONE
            record = look_up_record(records[row], np.uint64(symbols[base + lane]))
            m, nudge, shift, start, freq = record
            x, cursor = put_word(np.uint64(states[lane]), room, freq, words, cursor)
            states[lane] = push_symbol(x, divide(x, m, nudge, shift), start, total - freq)
        end = base
    return cursor


@kernel
def first_without_record(symbols, classes, records):
    """Smallest i for which symbol i has no record in its class, or the number of symbols."""
    for i in range(symbols.size):
        at = np.uint64(i)
        if records[classes[at >> U_ROW_SHIFT], symbols[at]] == ZERO:
            return at
    return np.uint64(symbols.size)


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
