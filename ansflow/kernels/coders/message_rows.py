"""rANS of many short messages with a row of a matrix of distributions for each symbol.

Messages are laid out as in `ansflow.kernels.coders.messages`. A row has a support of its own, from
`lowest[row]` on. Its symbol `escape[row]` stands for all numbers outside: how far they are outside
follows in digits of four bits, behind the number of digits: 0, 2, 4, ... above and 1, 3, 5, ...
below.

A decoder looks up the *bucket* of a slot, which are some consecutive slots, and searches the few
symbols that they belong to. Tables of all slots would be too large for a cache: rows may have 2^16.
"""

import numpy as np

from ansflow.kernels.coders.messages import put_state, tail_begin, take_state
from ansflow.kernels.coders.rans import pull_word, push_symbol, put_word
from ansflow.kernels.coders.rows import step_up
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, inner, kernel
from ansflow.kernels.tables.reciprocal import divide, unpack_reciprocal
from ansflow.kernels.tables.records import headroom

__all__ = ["ESCAPE_PUSHES", "count_escapes", "decode", "encode", "fill_buckets", "find_symbol"]

# Numbers are those of int32, so they lie at most 2^32 outside: zigzag makes that 33 bits.
DIGIT_BITS = np.uint64(4)
DIGIT_MASK = (ONE << DIGIT_BITS) - ONE
MAX_DIGITS = np.uint64(9)
# What an escape may push behind its symbol: the digits, and their number.
ESCAPE_PUSHES = int(MAX_DIGITS) + 1

SPAN_BITS = np.uint64(16)
SPAN_MASK = (ONE << SPAN_BITS) - ONE

# Messages that a decoder pops in turns.
TURNS = 4

LEAST, MOST = np.int64(-(1 << 31)), np.int64((1 << 31) - 1)


@kernel
def fill_buckets(cdf, shift, buckets):
    """Fill ``buckets[row, slot >> shift]``: the first symbol there, and how many follow (16 bits).

    Parameters
    ----------
    cdf : uint32[rows, alphabet + 1]
    shift : uint64
    buckets : uint32[rows, 2^precision >> shift]
    """
    for r in range(cdf.shape[0]):
        row, symbol = np.uint64(r), ZERO
        for b in range(buckets.shape[1]):
            bucket = np.uint64(b)
            begin, end = bucket << shift, (bucket + ONE) << shift
            while np.uint64(cdf[row, symbol + ONE]) <= begin:
                symbol += ONE
            first = symbol
            while np.uint64(cdf[row, symbol + ONE]) < end:
                symbol += ONE
            buckets[row, bucket] = (first << SPAN_BITS) | (symbol - first)


@inner
def find_symbol(cdf, row, buckets, shift, slot):
    """The symbol of a slot, by bisection of its bucket."""
    entry = np.uint64(buckets[row, slot >> shift])
    symbol, length = entry >> SPAN_BITS, (entry & SPAN_MASK) + ONE
    while length > ONE:
        half = length >> ONE
        symbol += step_up(half, np.uint64(cdf[row, symbol + half]), slot)
        length -= half
    return symbol


@inlined
def outside(number, least, escape):
    """How far a number is outside, zigzag; for one inside, the 0 of ``least + escape``."""
    above = number - least - escape
    if number < least:
        return np.uint64(((least - number) << 1) - 1)
    return np.uint64(max(above, 0) << 1)


@kernel
def count_escapes(symbols, index, lowest, escape):
    """How many symbols are outside their rows' supports; parameters are those of `encode`."""
    count = ZERO
    for i in range(symbols.size):
        row = np.uint64(index[np.uint64(i)])
        symbol = np.int64(symbols[np.uint64(i)]) - np.int64(lowest[row])
        count += np.uint64(symbol < 0 or symbol >= np.int64(escape[row]))
    return count


@inlined
def push_bits(x, bits, width, room, words, cursor):
    """Push a symbol of `width` bits, all of them equally likely; states are below 2^`room`."""
    x, cursor = put_word(x, room - width, ONE, words, cursor)
    return (x << width) | bits, cursor


@inner
def push_digits(x, value, room, words, cursor):
    """Push the digits of a value, the lowest first, and their number."""
    digits = ZERO
    while value > ZERO:
        x, cursor = push_bits(x, value & DIGIT_MASK, DIGIT_BITS, room, words, cursor)
        value >>= DIGIT_BITS
        digits += ONE
    return push_bits(x, digits, DIGIT_BITS, room, words, cursor)


@inlined
def pull(x, words, cursor, end, low):
    """Take a word if one is due, and the message has one."""
    if cursor < end:
        x, taken = pull_word(x, np.uint64(words[cursor]), low)
        cursor += taken
    return x, cursor


@inner
def pop_digits(x, words, cursor, end, low):
    """Undo `push_digits`: ``(x, value, whether its first digit isn't 0, cursor)``."""
    digits, value, first = x & DIGIT_MASK, ZERO, ONE
    x, cursor = pull(x >> DIGIT_BITS, words, cursor, end, low)
    for k in range(digits):
        first = x & DIGIT_MASK if k == 0 else first
        value = (value << DIGIT_BITS) | (x & DIGIT_MASK)
        x, cursor = pull(x >> DIGIT_BITS, words, cursor, end, low)
    return x, value, first > ZERO, cursor


@kernel
def encode(
    symbols,
    bounds,
    index,
    cdf,
    lowest,
    escape,
    width,
    precision,
    reciprocals,
    words,
    offsets,
):
    """Push all messages, the last one first; see `ansflow.kernels.coders.messages.encode`.

    Parameters
    ----------
    symbols : int32[n]
        Those inside the support of their row have a frequency in it.
    bounds : int64[messages + 1]
    index : uint32[n]
        Row of each symbol.
    cdf : uint32[rows, alphabet + 1]
    lowest : int32[rows]
    escape : uint32[rows]
        A symbol with a frequency; the alphabet's size in rows without escape, whose symbols are all
        inside.
    width : uint64
        Bits of the largest number of a symbol, at least 1.
    precision : uint64
    reciprocals : uint64[2^16 + 1]
    words : uint16[]
        At least ``n + messages + 1`` long, and `ESCAPE_PUSHES` for each symbol outside.
    offsets : int64[messages + 1]
        Filled.
    """
    total, room = ONE << precision, headroom(precision)
    whole = room + precision
    cursor = np.uint64(words.size)
    message = np.uint64(offsets.size) - ONE
    offsets[message] = cursor
    while message > ZERO:
        message -= ONE
        x, end = ZERO, cursor
        first, i = np.uint64(bounds[message]), np.uint64(bounds[message + ONE])
        coded = tail_begin(first, i, width, precision)
        while i > first:
            i -= ONE
            row = np.uint64(index[i])
            number, least = np.int64(symbols[i]), np.int64(lowest[row])
            stop = np.uint64(escape[row])
            s = np.uint64(number - least)  # below the support, that is above 2^32
            if s >= stop:
                value = outside(number, least, np.int64(stop))
                x, cursor = push_digits(x, value, whole, words, cursor)
                s = stop
            if i >= coded:
                x, cursor = push_bits(x, s, width, whole, words, cursor)
            else:
                start = np.uint64(cdf[row, s])
                f = np.uint64(cdf[row, s + ONE]) - start
                x, cursor = put_word(x, room, f, words, cursor)
                m, nudge, shift = unpack_reciprocal(reciprocals[f])
                x = push_symbol(x, divide(x, m, nudge, shift), start, total - f)
        cursor = put_state(x, words, cursor, end)
        offsets[message] = cursor


@kernel
def decode(
    words,
    offsets,
    bounds,
    index,
    cdf,
    lowest,
    escape,
    buckets,
    shift,
    width,
    precision,
    low,
    out,
):
    """Pop all messages into `out`; return the number of those before the first unsound one.

    A symbol waits for the search and the multiplication of the one before it, so a few messages
    take turns. Where one ends, the next one takes its place.

    Parameters are those of `encode`, and of `ansflow.kernels.coders.messages.decode`; `buckets` and
    `shift` are those of `fill_buckets`, and `out` is int32[n].
    """
    alphabet = np.uint64(cdf.shape[1]) - ONE
    mask, width_mask = (ONE << precision) - ONE, (ONE << width) - ONE
    count = np.uint64(offsets.size) - ONE
    begun, ended, unsound = ZERO, ZERO, count
    # Of the message that has a turn: its number, or `count` if there is none, its state, and where
    # its words and its symbols are.
    message, state = np.full(TURNS, count), np.zeros(TURNS, np.uint64)
    cursors, ends = np.zeros(TURNS, np.uint64), np.zeros(TURNS, np.uint64)
    place, tail, last = (
        np.zeros(TURNS, np.uint64),
        np.zeros(TURNS, np.uint64),
        np.zeros(TURNS, np.uint64),
    )
    while ended < count:
        for t in range(TURNS):
            turn = np.uint64(t)
            i, x, cursor, end = place[turn], state[turn], cursors[turn], ends[turn]
            if i < last[turn]:
                row, sound = np.uint64(index[i]), True
                if i < tail[turn]:
                    slot = x & mask
                    s = find_symbol(cdf, row, buckets, shift, slot)
                    start = np.uint64(cdf[row, s])
                    x = (np.uint64(cdf[row, s + ONE]) - start) * (x >> precision) + slot - start
                else:
                    s = min(x & width_mask, alphabet - ONE)
                    sound = s == x & width_mask and cdf[row, s] < cdf[row, s + ONE]
                    x >>= width
                # Not `pull`, as references to the words would be counted at each symbol.
                if cursor < end:
                    x, taken = pull_word(x, np.uint64(words[cursor]), low)
                    cursor += taken
                number = np.int64(lowest[row]) + np.int64(s)
                if s == np.uint64(escape[row]):
                    x, value, proper, cursor = pop_digits(x, words, cursor, end, low)
                    step = np.int64(value >> ONE)
                    number = np.int64(lowest[row]) - step - 1 if value & ONE else number + step
                    sound &= proper and LEAST <= number <= MOST
                out[i] = number
                place[turn], state[turn], cursors[turn] = i + ONE, x, cursor
                if not sound:
                    unsound = min(unsound, message[turn])
                continue
            if message[turn] < count:
                if x > ZERO or cursor < end:
                    unsound = min(unsound, message[turn])
                message[turn] = count
                ended += ONE
            if begun < count:
                message[turn], end = begun, np.uint64(offsets[begun + ONE])
                x, cursor, sound = take_state(words, np.uint64(offsets[begun]), end, low)
                state[turn], cursors[turn], ends[turn] = x, cursor, end
                place[turn], last[turn] = np.uint64(bounds[begun]), np.uint64(bounds[begun + ONE])
                tail[turn] = tail_begin(place[turn], last[turn], width, precision)
                if not sound:
                    unsound = min(unsound, begun)
                begun += ONE
    return unsound
