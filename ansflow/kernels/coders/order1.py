"""Interleaved rANS with a distribution for each preceding byte: order-1 contexts.

The previous symbol names a symbol's distribution, so a decoder cannot begin with a symbol before
it has finished the previous one. If consecutive symbols went to consecutive lanes, as they do
without contexts, all lanes would wait for each other in one chain. Therefore each lane walks its
own contiguous *segment*: of n symbols and N lanes, with q = n div N and r = n mod N, lane j has the
q + 1 (j < r) or q symbols from j * q + min(j, r) on. Contexts begin anew, at 0, in each segment.

Row i holds symbol i of every segment. Rows are coded as those of `ansflow.kernels.coders.single`
are: lane after lane, the encoder backwards; the last row has the lanes 0 to r - 1 only. Read row by
row, the transposed block is an ordinary interleaved stream.

Precision is at most 12 bits and states lie in [2^15, 2^31): records and slots are packed (see
`ansflow.kernels.tables.records` and `ansflow.kernels.tables.slots`), and a step looks up one
integer, in the row of its context.
"""

import numpy as np

from ansflow.kernels.coders.rans import next_word, pull_word, push_symbol, put_word
from ansflow.kernels.constants import MAX_PACKED_PRECISION, ONE, ZERO, state_low
from ansflow.kernels.jit import kernel
from ansflow.kernels.tables.reciprocal import divide
from ansflow.kernels.tables.records import headroom, look_up_record
from ansflow.kernels.tables.slots import look_up

__all__ = [
    "count_pairs",
    "decode_rest",
    "decode_rows",
    "encode",
    "first_without_record",
    "segment_start",
]

LOW = np.uint64(state_low(MAX_PACKED_PRECISION))
QUARTER_SHIFT = np.uint64(2)

# Symbols in an integer of a lane's recent ones.
RECENT = np.uint64(8)
BYTE = np.uint64(8)
TOP_BYTE = np.uint64(56)


@kernel
def segment_start(lane, n, lanes):
    """Where the segment of `lane` begins, of `lanes` segments that share n symbols."""
    return lane * (n // lanes) + min(lane, n % lanes)


@kernel
def count_pairs(symbols, lanes, counts):
    """Add to ``counts[context, symbol]``, uint32[256, 256], the pairs of ``symbols``, uint8[n].

    All neighbours are counted, and then those put right between which a segment starts. Four
    quarters of the block are walked in turn, so that increments seldom wait for each other.
    """
    n = np.uint64(symbols.size)
    if n == ZERO:
        return
    part = (n - ONE) >> QUARTER_SHIFT
    second, third, fourth = part, part + part, part + part + part
    a, b, c, d = symbols[ZERO], symbols[second], symbols[third], symbols[fourth]
    for i in range(part):
        at = np.uint64(i) + ONE
        after_a, after_b = symbols[at], symbols[second + at]
        after_c, after_d = symbols[third + at], symbols[fourth + at]
        counts[a, after_a] += np.uint32(1)
        counts[b, after_b] += np.uint32(1)
        counts[c, after_c] += np.uint32(1)
        counts[d, after_d] += np.uint32(1)
        a, b, c, d = after_a, after_b, after_c, after_d
    for i in range(fourth + part + ONE, n):
        at = np.uint64(i)
        counts[symbols[at - ONE], symbols[at]] += np.uint32(1)
    for lane in range(min(lanes, n)):
        start = segment_start(np.uint64(lane), n, lanes)
        if start > ZERO:
            counts[symbols[start - ONE], symbols[start]] -= np.uint32(1)
        counts[ZERO, symbols[start]] += np.uint32(1)


@kernel
def encode(symbols, states, records, precision, words, first):
    """Push rows of `symbols`, the last to `first`; return the cursor.

    The stream is ``words[cursor:]`` once all rows have been pushed.

    Parameters
    ----------
    symbols : uint8[n]
        Each has a frequency in its context.
    states : uint32[lanes]
        Updated in place.
    records : uint64[alphabet, 256]
        From `fill_record_rows`.
    precision : uint64
    words : uint16[]
        At least n + 1 long. Filled from its end downwards.
    first : uint64
        At most ``n div lanes``.
    """
    cursor = np.uint64(words.size)
    lanes = np.uint64(states.size)
    n = np.uint64(symbols.size)
    total = ONE << precision
    room = headroom(precision)
    rows, rest = n // lanes, n % lanes
    row, width = rows + ONE, rest
    while row > first:
        row -= ONE
        lane = width
        at = segment_start(lane, n, lanes) + row
        while lane > ZERO:
            lane -= ONE
            at -= rows + np.uint64(lane < rest)
            context = np.uint64(symbols[at - ONE]) if row > ZERO else ZERO
            record = look_up_record(records[context], np.uint64(symbols[at]))
            m, nudge, shift, start, freq = record
            x, cursor = put_word(np.uint64(states[lane]), room, freq, words, cursor)
            states[lane] = push_symbol(x, divide(x, m, nudge, shift), start, total - freq)
        width = lanes
    return cursor


@kernel
def first_without_record(symbols, lanes, records):
    """Smallest i for which symbol i has no record in its context, or the number of symbols."""
    n = np.uint64(symbols.size)
    for i in range(lanes):
        at, end = segment_start(i, n, lanes), segment_start(i + ONE, n, lanes)
        context = ZERO
        while at < end:
            symbol = np.uint64(symbols[at])
            if records[context, symbol] == ZERO:
                return at
            context = symbol
            at += ONE
    return n


@kernel
def write_recent(recent, count, row, out):
    """Write the last `count` symbols of each lane to rows `row`, `row` + 1, ... of `out`."""
    lanes = np.uint64(recent.size)
    n = np.uint64(out.size)
    rows, rest = n // lanes, n % lanes
    first = RECENT - count
    at = row
    for i in range(lanes):
        lane = np.uint64(i)
        for k in range(count):
            out[at + np.uint64(k)] = recent[lane] >> (BYTE * (first + np.uint64(k)))
        at += rows + np.uint64(lane < rest)


@kernel
def decode_rows(words, cursor, states, contexts, slots, precision, out):
    """Pop eight rows at a time while every lane may take its words; return ``(rows, cursor)``.

    Segments are often a power of two apart, and then the bytes of a row compete for the same few
    lines of the cache, which takes three quarters of the speed. So eight rows are written
    at once: a lane's `recent` symbols fill an integer from the top, its context foremost.

    Parameters
    ----------
    words : uint16[]
    cursor : uint64
        Where the next word is.
    states : uint32[lanes]
        Each in [2^15, 2^31); updated in place.
    contexts : uint32[lanes]
        The symbol before, in each lane's segment: 0 at first; updated in place.
    slots : uint32[alphabet, 2^precision]
        From `fill_slot_rows`.
    precision : uint64
    out : uint8[n]
    """
    lanes = np.uint64(states.size)
    rows = np.uint64(out.size) // lanes
    mask = (ONE << precision) - ONE
    recent = np.empty(lanes, np.uint64)
    for i in range(lanes):
        recent[i] = np.uint64(contexts[i]) << TOP_BYTE
    row = ZERO
    while row + RECENT <= rows and cursor + RECENT * lanes <= np.uint64(words.size):
        for _ in range(RECENT):
            for i in range(lanes):
                lane = np.uint64(i)
                x, symbols = np.uint64(states[lane]), recent[lane]
                freq, offset, symbol = look_up(slots[symbols >> TOP_BYTE], x & mask)
                x = freq * (x >> precision) + offset
                x, taken = pull_word(x, np.uint64(words[cursor]), LOW)
                cursor += taken
                states[lane] = x
                recent[lane] = (symbols >> BYTE) | (symbol << TOP_BYTE)
        write_recent(recent, RECENT, row, out)
        row += RECENT
    for i in range(lanes):
        contexts[i] = recent[i] >> TOP_BYTE
    return row, cursor


@kernel
def decode_rest(words, cursor, states, contexts, slots, precision, out, done):
    """Pop the rows from `done` on, with a check for each word; return the cursor.

    A stream that is too short is read as if zeros followed it, and the returned cursor
    exceeds ``words.size``.
    """
    lanes = np.uint64(states.size)
    n = np.uint64(out.size)
    rows, rest = n // lanes, n % lanes
    mask = (ONE << precision) - ONE
    recent = np.empty(lanes, np.uint64)
    for i in range(lanes):
        recent[i] = np.uint64(contexts[i]) << TOP_BYTE
    row = done
    while row <= rows:
        # The last row, which has fewer lanes, comes by itself.
        count = min(RECENT, rows - row) if row < rows else ONE
        for _ in range(count):
            for i in range(lanes if row < rows else rest):
                lane = np.uint64(i)
                x, symbols = np.uint64(states[lane]), recent[lane]
                freq, offset, symbol = look_up(slots[symbols >> TOP_BYTE], x & mask)
                x = freq * (x >> precision) + offset
                x, taken = pull_word(x, next_word(words, cursor), LOW)
                cursor += taken
                states[lane] = x
                recent[lane] = (symbols >> BYTE) | (symbol << TOP_BYTE)
        if row < rows:
            write_recent(recent, count, row, out)
        else:
            for i in range(rest):
                lane = np.uint64(i)
                out[segment_start(lane, n, lanes) + row] = recent[lane] >> TOP_BYTE
        row += count
    for i in range(lanes):
        contexts[i] = recent[i] >> TOP_BYTE
    return cursor
