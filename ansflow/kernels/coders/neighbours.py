"""Interleaved rANS with a distribution for each symbol, which its neighbours in the row above name.

The row above is some distance back, at least 65: a turn of 64 lanes needs no symbol of its own. So
the contexts of many symbols are found at once, on vectors of bytes, before the first of them is
decoded.

Lanes and words are those of `ansflow.kernels.coders.single`. Precision is at most 12 bits and
states lie in [2^15, 2^31): slots are packed. The encoder, which knows all symbols and so all
contexts, is that of `ansflow.kernels.coders.byte_rows`.
"""

import numpy as np

from ansflow.kernels.coders.rans import next_word, pull_word
from ansflow.kernels.constants import MAX_LANES, MAX_PACKED_PRECISION, ONE, ZERO, state_low
from ansflow.kernels.jit import inner, kernel
from ansflow.kernels.tables.slots import look_up

__all__ = [
    "BLOCK",
    "LIMITS",
    "MIN_DISTANCE",
    "block_for",
    "decode_rest",
    "decode_rows",
    "fill_activity",
    "fill_contexts",
]

# A turn of 64 lanes depends on no symbol of its own from here on.
MIN_DISTANCE = MAX_LANES + 1
# One less than there may be contexts.
LIMITS = 15
# Symbols whose contexts are found at once, at most.
BLOCK = 1 << 12

U_BLOCK = np.uint64(BLOCK)
U_LANES = np.uint64(MAX_LANES)
MOST = np.uint16(255)
# Limits that activities are compared with at once: a part of all.
AT_ONCE, TWO = np.uint64(5), np.uint64(2)

LOW = np.uint64(state_low(MAX_PACKED_PRECISION))


@kernel
def fill_activity(symbols, begin, end, row, plane, activity):
    """Fill ``activity[: end - begin]`` with that of symbols `begin` to `end` - 1.

    It is the largest of the three symbols `row` - 1, `row` and `row` + 1 places before; if `plane`
    isn't 0, plus the one `plane` places before, and at most 255. What lies before all symbols is 0.

    Parameters
    ----------
    symbols : uint8[]
        Those up to ``end - row`` are used.
    begin, end : uint64
    row : uint64
        At least 65.
    plane : uint64
        0, or above `row`.
    activity : uint8[]
    """
    at = begin
    while at < end and at + ONE < row:
        activity[at - begin] = 0
        at += ONE
    while at < end and at <= row:
        above = symbols[at + ONE - row]
        activity[at - begin] = max(above, symbols[ZERO]) if at == row else above
        at += ONE
    if at < end:
        first, above = at - begin, at - row - ONE
        for j in range(end - at):
            i = np.uint64(j)
            left, middle = symbols[above + i], symbols[above + i + ONE]
            right = symbols[above + i + ONE + ONE]
            activity[first + i] = max(max(left, right), middle)
    if plane > ZERO and end > plane:
        at = max(begin, plane)
        first, before = at - begin, at - plane
        for j in range(end - at):
            i = np.uint64(j)
            total = np.uint16(activity[first + i]) + np.uint16(symbols[before + i])
            activity[first + i] = min(total, MOST)


@inner
def fill_contexts(symbols, begin, end, row, plane, limits, activity, contexts):
    """Fill ``contexts[: end - begin]``: how many of ``limits``, uint8[15], the activity exceeds.

    `activity` is scratch, as large as `contexts`; the other parameters are those of
    `fill_activity`.
    """
    fill_activity(symbols, begin, end, row, plane, activity)
    size = end - begin
    for i in range(size):
        contexts[i] = 0
    # Five at a time, as all would take more registers than there are, up to the last one in use.
    for k in range(ZERO, np.uint64(LIMITS), AT_ONCE):
        first, second, third = limits[k], limits[k + ONE], limits[k + TWO]
        fourth, fifth = limits[k + TWO + ONE], limits[k + TWO + TWO]
        if first == MOST:
            break
        for i in range(size):
            own = activity[i]
            above = np.uint8(own > first) + np.uint8(own > second) + np.uint8(own > third)
            contexts[i] += above + np.uint8(own > fourth) + np.uint8(own > fifth)


@inner
def block_for(row):
    """Of how many symbols a decoder can find the contexts at once: whole turns."""
    return min(U_BLOCK, (row - ONE) & ~(U_LANES - ONE))


@kernel
def decode_rows(words, cursor, states, row, plane, limits, slots, precision, out):
    """Pop a symbol of each lane, while all may take a word; return ``(symbols done, cursor)``.

    Parameters
    ----------
    words : uint16[]
    cursor : uint64
        Where the next word is.
    states : uint32[lanes]
        Each in [2^15, 2^31); updated in place.
    row, plane, limits
        Those of `fill_contexts`.
    slots : uint32[16, 2^precision]
        See `ansflow.kernels.tables.slots`.
    precision : uint64
    out : uint8[n]
    """
    activity, contexts = np.empty(BLOCK, np.uint8), np.empty(BLOCK, np.uint8)
    block = block_for(row)
    lanes, size = np.uint64(states.size), np.uint64(out.size)
    mask = (ONE << precision) - ONE
    base, begin, end = ZERO, ZERO, ZERO
    while base + lanes <= size and cursor + lanes <= np.uint64(words.size):
        if base == end:
            begin, end = base, min(base + block, size)
            fill_contexts(out, begin, end, row, plane, limits, activity, contexts)
        for i in range(lanes):
            lane = np.uint64(i)
            x = np.uint64(states[lane])
            own = slots[np.uint64(contexts[base + lane - begin])]
            freq, offset, symbol = look_up(own, x & mask)
            x = freq * (x >> precision) + offset
            x, taken = pull_word(x, np.uint64(words[cursor]), LOW)
            cursor += taken
            states[lane] = x
            out[base + lane] = symbol
        base += lanes
    return base, cursor


@kernel
def decode_rest(words, cursor, states, row, plane, limits, slots, precision, out, done):
    """Pop symbols `done`, `done` + 1, ... of `out`; return the cursor.

    `done` is a multiple of the number of lanes. A stream that is too short is read as if
    zeros followed it, and the returned cursor exceeds ``words.size``.
    """
    activity, contexts = np.empty(BLOCK, np.uint8), np.empty(BLOCK, np.uint8)
    block = block_for(row)
    lane_mask, size = np.uint64(states.size) - ONE, np.uint64(out.size)
    mask = (ONE << precision) - ONE
    begin, end = done, done
    for i in range(done, size):
        at = np.uint64(i)
        if at == end:
            begin, end = at, min(at + block, size)
            fill_contexts(out, begin, end, row, plane, limits, activity, contexts)
        lane = at & lane_mask
        x = np.uint64(states[lane])
        freq, offset, symbol = look_up(slots[np.uint64(contexts[at - begin])], x & mask)
        x = freq * (x >> precision) + offset
        x, taken = pull_word(x, next_word(words, cursor), LOW)
        cursor += taken
        states[lane] = x
        out[at] = symbol
    return cursor
