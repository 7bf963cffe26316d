"""A range coder: first in, first out, one symbol at a time.

The bytes of a message are the digits of a number between 0 and 1, to the base of 256, the highest
first. Each symbol narrows the interval of numbers that the message may be, to a part that is
proportional to its frequency (Pasco 1976; Rissanen 1976). The interval is ``[low, low + width)`` in
units of 2^-(32 k + 64), after k words have been given off; Martin (1979, "Range encoding") calls
the width the range. It begins with low = 0 and width = 2^64 - 1. A symbol that owns [start, start +
freq) of `total`:

    unit  = width // total                     rounded down: no symbol owns what is left at the top
    low   = low + start * unit
    width = freq * unit
    if width < 2^32:
        give off the word low div 2^32;  low = low * 2^32 mod 2^64;  width = width * 2^32

For totals up to 2^31, the unit is at least 2, and so is the new width: one word a symbol is enough.
The rounding takes -log2(1 - total / width) bits of a symbol at most. If the logarithms of widths
are evenly spread from 32 to 64, that is total / 2^32 / (64 ln^2 2) bits on average, 0.033 for a
total of 2^32.

Carries
-------
``low + start * unit`` may exceed 2^64. The carry goes into the words that have been given off: it
turns words of all ones at their end into zeros, and ends at the word before them. The interval
never grows, so a word takes at most one carry: all carries of a message together take no more steps
than it has words. Other coders hold such words back as a count (Schindler 1998), or shorten the
interval where a carry may come (Subbotin 1999), which costs bits. Here the words are in memory
anyway, and the loop knows nothing of carries but one comparison.

All words are *settled*, which means that they cannot change any more, unless the interval contains
a multiple of 2^64: then the last word that is not all ones may still change, and those behind it.

The end
-------
A message is the smallest number of the fewest bytes after which it does not matter what follows:
n bytes stand for an interval of 2^-8n, which must lie in that of the message. That takes less than
9 bits more than the interval. So no message is the beginning of another one of as many symbols, and

- a decoder knows when the bytes that it has do not say yet which symbol is next,
- it notices each truncation, before or at the end,
- messages can follow each other without lengths.

A message without symbols is empty. Until the first one, the width is kept as 0: 2^64 modulo 2^64.

Decoding
--------
A decoder keeps ``point``, which is the number that the bytes stand for minus low, and lies below
the width. If it has only some of the 64 bits of the point, zeros stand for the rest, and the point
may be too small by as much as the missing bytes can hold. A symbol is decoded if all that the point
may be is in its interval.
"""

import numpy as np

from ansflow.kernels.coders.message_rows import find_symbol
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, inner, kernel

__all__ = [
    "CRAMPED",
    "DONE",
    "LEAST",
    "LOW",
    "SHORT",
    "SIZE",
    "WIDTH",
    "WORD",
    "WORD_BYTES",
    "WRONG",
    "decode",
    "encode",
    "feed",
    "finish_decoding",
    "finish_encoding",
    "has_room",
    "narrow",
    "next_bytes",
    "settled",
    "undetermined",
    "width_of",
]

# Bits, but for the numbers of bytes in a word and in a point.
WORD, BYTE = np.uint64(32), np.uint64(8)
WORD_BYTES, BYTES = np.uint64(4), np.uint64(8)

WORD_MASK = np.uint64((1 << 32) - 1)
LEAST = np.uint64(1 << 32)
FULL = np.uint64((1 << 64) - 1)

# Where the state of an encoder has what. The state of a decoder has the point in place of low, and
# where the bytes of the point end in place of the number of words.
LOW, WIDTH, SIZE = np.uint64(0), np.uint64(1), np.uint64(2)

# How it went: all symbols were coded; the bytes do not say what the next one is; no symbol owns the
# point; there is no room for the words.
DONE, SHORT, WRONG, CRAMPED = 0, 1, 2, -1

# Words that the end of a message may take, one of which other symbols overwrite.
LAST_WORDS = np.uint64(2)


@inlined
def odd_part(total):
    """``(shift, odd)`` with ``total == odd << shift``: most totals need no division."""
    shift = ZERO
    while total & ONE == ZERO and total > ZERO:
        total >>= ONE
        shift += ONE
    return shift, total


@inlined
def unit_of(width, shift, odd):
    """``width // (odd << shift)``."""
    return width >> shift if odd == ONE else (width >> shift) // odd


@inlined
def width_of(state):
    """The width that the next symbol narrows."""
    width = state[WIDTH]
    return width if width > ZERO else FULL


@inner
def carry(words, size):
    """Add one to the number that the first `size` words are."""
    while size > ZERO:
        size -= ONE
        word = np.uint64(words[size])
        words[size] = (word + ONE) & WORD_MASK
        if word < WORD_MASK:
            return


@inlined
def narrow(low, width, start, freq, unit, words, size):
    """Code one symbol; return ``(low, width, size)``.

    ``words[size]`` is overwritten whether or not a word is due, and low is shifted by 32 or by 0:
    a branch would be mispredicted as often as words are due, and take half of the time.
    """
    below = start * unit
    low += below
    width = freq * unit
    if low < below:
        carry(words, size)
    due = np.uint64(width < LEAST)
    words[size] = low >> WORD
    return low << due * WORD, width << due * WORD, size + due


@inlined
def has_room(number, size, room):
    """Whether as many words fit behind `size` of `room`, and the end of the message."""
    return size + number + LAST_WORDS <= np.uint64(room)


@inner
def next_bytes(data, size, at):
    """The word of four bytes, with zeros for those that are missing."""
    word = ZERO
    for k in range(WORD_BYTES):
        word <<= BYTE
        if at + np.uint64(k) < size:
            word |= np.uint64(data[at + np.uint64(k)])
    return word


@inlined
def undetermined(point, width, size, end):
    """Whether the bytes up to `end` that are missing may lead out of the interval."""
    return end > size and FULL >> ((BYTES + size - end) * BYTE) >= width - point


@kernel
def encode(symbols, index, cdf, state, words):
    """Code `symbols`; return their number.

    If it returns less, which is where the first symbol is that cannot be coded, or `CRAMPED`, then
    nothing is changed.

    Parameters
    ----------
    symbols : uint8[n] or uint16[n]
        At least one.
    index : uint32[n] or uint32[1]
        Row of each symbol, or of all.
    cdf : uint32[rows, alphabet + 1]
        All rows end with the same total, at most 2^31, or with 0.
    state : uint64[3]
        Updated in place.
    words : uint32[]
        With room for n words, or else it is `CRAMPED`.
    """
    if not has_room(np.uint64(symbols.size), state[SIZE], words.size):
        return np.int64(CRAMPED)
    each = np.uint64(index.size > 1)
    last = np.uint64(cdf.shape[1]) - ONE
    total = ZERO
    for i in range(symbols.size):
        row, s = np.uint64(index[np.uint64(i) * each]), np.uint64(symbols[i])
        if s >= last or cdf[row, s] == cdf[row, s + ONE]:
            return np.int64(i)
        total = np.uint64(cdf[row, last])
    shift, odd = odd_part(total)
    low, width, size = state[LOW], width_of(state), state[SIZE]
    for i in range(symbols.size):
        row, s = np.uint64(index[np.uint64(i) * each]), np.uint64(symbols[i])
        start = np.uint64(cdf[row, s])
        freq = np.uint64(cdf[row, s + ONE]) - start
        unit = unit_of(width, shift, odd)
        low, width, size = narrow(low, width, start, freq, unit, words, size)
    state[LOW], state[WIDTH], state[SIZE] = low, width, size
    return np.int64(symbols.size)


@kernel
def settled(state, words):
    """How many words cannot change any more."""
    size = state[SIZE]
    if ~state[LOW] + ONE >= state[WIDTH] or state[LOW] == ZERO:
        return size
    while size > ZERO and np.uint64(words[size - ONE]) == WORD_MASK:
        size -= ONE
    return size - np.uint64(size > ZERO)


@inner
def shortest(low, width):
    """``(number, bytes)``: the fewest first bytes of a number of 64 bits that end a message.

    The first is modulo 2^64.
    """
    if width == ZERO:  # no symbols
        return low, ZERO
    cell, size = ONE << (BYTES * BYTE - BYTE), ONE
    # To the next multiple of the cell, and to the end of that.
    while ((~low + ONE) & (cell - ONE)) + cell > width:
        cell >>= BYTE
        size += ONE
    return low + ((~low + ONE) & (cell - ONE)), size


@kernel
def finish_encoding(state, words):
    """End the message; return how many bytes of `words` it has. There is room."""
    low, size = state[LOW], state[SIZE]
    number, more = shortest(low, state[WIDTH])
    if number < low:
        carry(words, size)
    words[size], words[size + ONE] = number >> WORD, number & WORD_MASK
    state[LOW], state[WIDTH], state[SIZE] = ZERO, ZERO, ZERO
    return size * WORD_BYTES + more


@kernel
def feed(data, before, size, state):
    """Take bytes into the point where some were missing: ``data[before:size]`` are new."""
    end, size = state[SIZE], min(size, data.size)
    for i in range(before, min(size, np.int64(end))):
        state[LOW] += np.uint64(data[i]) << ((end - ONE - np.uint64(i)) * BYTE)


@kernel
def decode(data, size, state, index, follows, cdf, buckets, shift, out):
    """Decode all symbols of `out`; return ``(symbols decoded, DONE, SHORT or WRONG)``.

    Unless all are decoded, the state is not changed.

    Parameters
    ----------
    data : uint8[]
    size : int64
        Bytes that there are, of `data`.
    state : uint64[3]
    index : uint32[n] or uint32[1]
        Row of each symbol, or of all; if `follows`, that of the first.
    follows : bool
        Whether the row of a symbol is the symbol before it.
    cdf : uint32[rows, alphabet + 1]
    buckets, shift
        See `ansflow.kernels.coders.message_rows.fill_buckets`.
    out : uint8[n] or uint16[n]
        At least one.
    """
    size = np.uint64(min(size, data.size))
    each = np.uint64(index.size > 1)
    last = np.uint64(cdf.shape[1]) - ONE
    row = np.uint64(index[ZERO])
    total = np.uint64(cdf[row, last])
    bits, odd = odd_part(total)
    point, width, end = state[LOW], width_of(state), state[SIZE]
    for i in range(out.size):
        if not follows:
            row = np.uint64(index[np.uint64(i) * each])
        unit = unit_of(width, bits, odd)
        slot = point // unit
        if slot >= total:
            return np.uint64(i), WRONG
        s = find_symbol(cdf, row, buckets, shift, slot)
        start = np.uint64(cdf[row, s])
        point -= start * unit
        width = (np.uint64(cdf[row, s + ONE]) - start) * unit
        if undetermined(point, width, size, end):
            return np.uint64(i), SHORT
        if width < LEAST:  # not a function, whose references to the data would be counted
            point = (point << WORD) | next_bytes(data, size, end)
            width <<= WORD
            end += WORD_BYTES
        out[i] = s
        if follows:
            row = s
    state[LOW], state[WIDTH], state[SIZE] = point, width, end
    return np.uint64(out.size), DONE


@kernel
def finish_decoding(data, size, state):
    """End the message; return where the next one begins, and how it went."""
    size = np.uint64(min(size, data.size))
    begin = state[SIZE] - BYTES
    number = (next_bytes(data, size, begin) << WORD) | next_bytes(data, size, begin + WORD_BYTES)
    wanted, more = shortest(number - state[LOW], state[WIDTH])
    end = begin + more
    if end > size:
        return end, SHORT
    for k in range(more):
        if (wanted ^ number) >> ((BYTES - ONE - np.uint64(k)) * BYTE) > ZERO:
            return end, WRONG
    state[WIDTH], state[SIZE] = ZERO, end + BYTES
    state[LOW] = next_bytes(data, size, end) << WORD
    state[LOW] |= next_bytes(data, size, end + WORD_BYTES)
    return end, DONE
