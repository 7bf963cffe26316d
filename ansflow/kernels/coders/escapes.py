"""Small messages of bytes: one state, contexts of up to two bytes, escapes to shorter contexts.

A *row* is a distribution of bytes. The bytes before a byte name its row. Rows form a tree, in which
the *parent* of a row belongs to a shorter context; row 0, the root, has all bytes. In the others,
one byte is the *escape*: it says that the parent codes what comes next. So a row has only the bytes
that were seen in its context (Cleary & Witten 1984, "Data compression using adaptive coding and
partial string matching"), and yet each byte can be coded.

The arithmetic is that of `ansflow.kernels.coders.rans`, but for what makes messages short:

- The state may begin below `low`. It grows with each symbol, and no word is due before it has
  passed `low`, so a decoder takes words while there are any. When there are none left, the state
  falls below `low` for good.
- What encoding begins with is left by decoding: a check of 31 bits fits in there.
- The last state is written in as few bytes as a decoder can tell.

Messages are written from their end downwards, so that nothing has to be moved.
"""

import numpy as np

from ansflow.kernels.coders.rans import push_symbol
from ansflow.kernels.constants import MAX_PACKED_PRECISION, ONE, ZERO, state_low
from ansflow.kernels.jit import inlined, inner, kernel
from ansflow.kernels.tables.buckets import look_up_entry
from ansflow.kernels.tables.reciprocal import divide
from ansflow.kernels.tables.records import headroom, look_up_record

__all__ = [
    "ESCAPE",
    "NO_STATE",
    "ROOM",
    "STRIDE",
    "decode_message",
    "encode_message",
    "put_state",
    "take_state",
]

# A row of records has one for each byte, and then that of the row's escape.
STRIDE = np.uint64(257)
ESCAPE = np.uint64(256)

# Bytes in front of the words: a varint of the length, a state, and the words of one byte, which is
# coded by four rows at most.
ROOM = np.uint64(10 + 4 + 2 * 4)

PRECISION = np.uint64(MAX_PACKED_PRECISION)
TOTAL = ONE << PRECISION
SLOT_MASK = TOTAL - ONE
LOW = np.uint64(state_low(MAX_PACKED_PRECISION))
TWO, THREE, FOUR = np.uint64(2), np.uint64(3), np.uint64(4)
BYTE, BYTE_MASK, WORD = np.uint64(8), np.uint64(0xFF), np.uint64(16)
GROUP, CONTINUES = np.uint64(7), np.uint64(0x80)
STATE_END = np.uint64(1 << 31)
NO_STATE = ~ZERO


@inlined
def context_before(data, at):
    """The two bytes before byte `at`, the nearer one at the bottom; zeros before the first."""
    near = np.uint64(data[at - ONE]) if at > ZERO else ZERO
    far = np.uint64(data[at - TWO]) if at > ONE else ZERO
    return near | (far << BYTE)


@inner
def push(x, records, place, out, cursor):
    """Push what has a record at a place on the state `x`; return the state and the cursor."""
    m, nudge, shift, start, freq = look_up_record(records, place)
    due = np.uint64((x >> headroom(PRECISION)) >= freq)
    out[cursor - TWO] = x & BYTE_MASK
    out[cursor - ONE] = (x >> BYTE) & BYTE_MASK
    x, cursor = x >> (due * WORD), cursor - due - due
    return push_symbol(x, divide(x, m, nudge, shift), start, TOTAL - freq), cursor


@inner
def push_escaped(x, records, parents, row, symbol, out, cursor):
    """Push a byte without a record in its row: by the next row that has one, then the escapes.

    The decoder walks up from `row`, so its escape is the last to be pushed.
    """
    above = np.uint64(parents[row])
    while records[above * STRIDE + symbol] == ZERO:
        above = np.uint64(parents[above])
    x, cursor = push(x, records, above * STRIDE + symbol, out, cursor)
    while above != row:
        below = row
        while np.uint64(parents[below]) != above:
            below = np.uint64(parents[below])
        x, cursor = push(x, records, below * STRIDE + ESCAPE, out, cursor)
        above = below
    return x, cursor


@inlined
def put_state(x, has_words, out, cursor):
    """Write the last state, lowest byte first, in as few bytes as a decoder can tell."""
    length = THREE if has_words else ZERO
    while x >> (BYTE * length):
        length += ONE
    cursor -= length
    for i in range(length):
        out[cursor + np.uint64(i)] = (x >> (BYTE * np.uint64(i))) & BYTE_MASK
    return cursor


@inlined
def take_state(message, cursor, end):
    """Undo `put_state`; the state, `NO_STATE` if that is too large, and where its words begin."""
    size = end - cursor
    length = size if size <= FOUR else FOUR - (size & ONE)
    x = ZERO
    for i in range(length):
        x |= np.uint64(message[cursor + np.uint64(i)]) << (BYTE * np.uint64(i))
    return (x if x < STATE_END else NO_STATE), cursor + length


@inlined
def put_varint(value, out, cursor):
    """Write a varint that ends at the cursor."""
    length = ONE
    while value >> (GROUP * length):
        length += ONE
    cursor -= length
    for i in range(length):
        more = CONTINUES if np.uint64(i) + ONE < length else ZERO
        group = (value >> (GROUP * np.uint64(i))) & (CONTINUES - ONE)
        out[cursor + np.uint64(i)] = group | more
    return cursor


@kernel
def encode_message(data, head, state, row_of, parents, records, out):
    """Write a coded message to the end of `out`; return where it begins, or 0 if there is no room.

    Parameters
    ----------
    data : uint8[n]
    head : int64
        The integer that the message begins with.
    state : int64
        What encoding begins with, in [1, 2^31).
    row_of : uint16[1], uint16[256] or uint16[65536]
        The row of each context.
    parents : uint16[rows]
        Each is smaller than the row, but for that of the root, which is 0.
    records : uint64[257 * rows]
        Packed. Those of bytes are 0 if the row has no frequency for them, or if they are the
        escape; the root has all.
    out : uint8[]
        At least `ROOM` long. What does not fit is given up.
    """
    x = np.uint64(state)
    end = cursor = np.uint64(out.size)
    mask = np.uint64(row_of.size) - ONE
    at = np.uint64(data.size)
    while at > ZERO:
        if cursor < ROOM:
            return ZERO
        at -= ONE
        symbol = np.uint64(data[at])
        row = np.uint64(row_of[context_before(data, at) & mask])
        place = row * STRIDE + symbol
        if records[place] == ZERO:
            x, cursor = push_escaped(x, records, parents, row, symbol, out, cursor)
        else:
            x, cursor = push(x, records, place, out, cursor)
    if cursor < ROOM:
        return ZERO
    return put_varint(np.uint64(head), out, put_state(x, cursor < end, out, cursor))


@kernel
def decode_message(message, begin, row_of, buckets, entries, escape, out):
    """Fill `out` from the state and the words of a message; return the state that is left.

    Parameters
    ----------
    message : uint8[]
        It may hold anything.
    begin : int64
        Where the state is; at most ``message.size``.
    row_of
        As for `encode_message`.
    buckets, entries
        See `ansflow.kernels.tables.buckets`. What follows the escape is the row's parent; what
        follows another byte is the row for the byte behind it, or 0 if `row_of` has to say.
    escape : uint64
        The byte that is the escape in all rows but the root.
    out : uint8[n]

    Returns
    -------
    uint64
        2^64 - 1 if the state is too large, or not all words have been used. If there are too few
        words, it is any state that can be left.
    """
    end = np.uint64(message.size)
    x, cursor = take_state(message, np.uint64(begin), end)
    if x == NO_STATE:
        return NO_STATE
    mask = np.uint64(row_of.size) - ONE
    row, at = np.uint64(row_of[ZERO]), ZERO
    while at < np.uint64(out.size):
        found = look_up_entry(buckets, entries, row, x & SLOT_MASK)
        freq, offset, symbol, following = found
        x = freq * (x >> PRECISION) + offset
        if x < LOW and cursor < end:
            low, high = np.uint64(message[cursor]), np.uint64(message[cursor + ONE])
            x = (x << WORD) | low | (high << BYTE)
            cursor += TWO
        is_byte = symbol != escape or row == ZERO
        row = following
        if is_byte:
            out[at] = symbol
            at += ONE
            if following == ZERO:
                row = np.uint64(row_of[context_before(out, at) & mask])
    return x if cursor == end else NO_STATE
