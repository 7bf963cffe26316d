"""Interleaved rANS of bytes, each by one of several distributions, which are known before: pushes.

Lanes and words are those of `ansflow.kernels.coders.single`. Precision is at most 12 bits and
states lie in [2^15, 2^31): records are packed.
"""

import numpy as np

from ansflow.kernels.coders.rans import push_symbol, put_word
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.tables.reciprocal import divide
from ansflow.kernels.tables.records import headroom, look_up_record

__all__ = ["encode", "first_without_record"]


@kernel
def encode(symbols, names, shift, states, records, precision, words, first):
    """Push `symbols`, the last to `first`; return the cursor.

    The stream is ``words[cursor:]`` once all symbols have been pushed.

    Parameters
    ----------
    symbols : uint8[n]
        Each has a frequency in the row that it is coded by.
    names : uint8[ceil(n / 2^shift)]
        Which row that is, below K, of so many symbols in turn.
    shift : uint64
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
    lane_mask = np.uint64(states.size) - ONE
    total = ONE << precision
    room = headroom(precision)
    end = np.uint64(symbols.size)
    while end > first:
        end -= ONE
        lane = end & lane_mask
        row = np.uint64(names[end >> shift])
        m, nudge, shifted, start, freq = look_up_record(records[row], np.uint64(symbols[end]))
        x, cursor = put_word(np.uint64(states[lane]), room, freq, words, cursor)
        states[lane] = push_symbol(x, divide(x, m, nudge, shifted), start, total - freq)
    return cursor


@kernel
def first_without_record(symbols, names, shift, records):
    """Smallest i for which symbol i has no record in its row, or the number of symbols."""
    for i in range(symbols.size):
        at = np.uint64(i)
        if records[names[at >> shift], symbols[at]] == ZERO:
            return at
    return np.uint64(symbols.size)
