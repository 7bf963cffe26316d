"""rANS of many short messages with one distribution, each a stream of its own with one state.

What a short message costs beyond its symbols is its state, so the state begins at 0 and not at the
lower bound `low`. As long as it is below `low`, pushes only make it larger, and no word is given
off. From there on it stays in [low, 2^16 * low), as the states of long streams do. So the decoder
takes a word if the state is below `low` *and* the message has words left, and ends at 0.

But a push onto a small state makes it about as large as the number of slots, 2^p, however few bits
the symbol is worth. The symbols that are pushed first, which are the *tail* of the message, are
therefore coded in the b bits that number the alphabet, as many of them as fit into p bits.

A message is its last state, then the words in the order in which the decoder takes them:

no word                 the state is 0
one word                the state, 1 to 2^16 - 1
two words or more       the low half of the state, the high half, and the words that were given off

So it takes the bits between the state and its two words more than the ideal, 8 or 9 on average, and
what the tail takes more.

Messages follow each other without gaps: the encoder fills the words from their end, and begins with
the last message.
"""

import numpy as np

from ansflow.kernels.coders.rans import pull_word
from ansflow.kernels.coders.single import push
from ansflow.kernels.constants import ONE, U_WORD_BITS, U_WORD_MASK, ZERO
from ansflow.kernels.jit import inlined, kernel
from ansflow.kernels.tables.records import headroom
from ansflow.kernels.tables.slots import look_up

__all__ = ["decode", "encode", "put_state", "tail_begin", "take_state"]

TWO = np.uint64(2)


@inlined
def put_state(x, words, cursor, end):
    """Write the last state of a message, whose words are ``words[cursor:end]``, below the cursor.

    Returns the cursor.
    """
    if x > U_WORD_MASK or cursor < end:
        cursor -= ONE
        words[cursor] = x >> U_WORD_BITS
    if x > ZERO:
        cursor -= ONE
        words[cursor] = x & U_WORD_MASK
    return cursor


@inlined
def take_state(words, begin, end, low):
    """``(state, cursor, whether an encoder can have written it)`` of the message in between."""
    size = end - begin
    if size == ZERO:
        return ZERO, begin, True
    x = np.uint64(words[begin])
    if size == ONE:
        return x, end, x > ZERO
    x |= np.uint64(words[begin + ONE]) << U_WORD_BITS
    least = low if size > TWO else U_WORD_MASK + ONE
    return x, begin + TWO, least <= x < low << U_WORD_BITS


@inlined
def tail_begin(first, last, width, precision):
    """Where the tail of the message from `first` to `last` begins."""
    return last - min(last - first, precision // width)


@kernel
def encode(symbols, bounds, records, width, precision, words, offsets):
    """Push all messages, the last one first; message k is ``words[offsets[k] : offsets[k + 1]]``.

    Parameters
    ----------
    symbols : uint8[n] or uint16[n]
        Each has a record with a frequency of at least 1.
    bounds : int64[messages + 1]
        Message k is ``symbols[bounds[k] : bounds[k + 1]]``.
    records : uint64[m] or uint64[m, 2]
        See `ansflow.kernels.tables.records`; m is a power of two.
    width : uint64
        Bits of the largest number of a symbol, at least 1.
    precision : uint64
    words : uint16[]
        At least ``n + messages + 1`` long. Filled from its end downwards.
    offsets : int64[messages + 1]
        Filled; the stream is ``words[offsets[0] :]``.
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
            x, cursor = push(x, symbols[i], records, room, total, words, cursor)
        cursor = put_state(x, words, cursor, end)
        offsets[message] = cursor


@kernel
def decode(words, offsets, bounds, slots, freq, width, precision, low, out):
    """Pop all messages into `out`; return the number of those before the first unsound one.

    Parameters
    ----------
    words : uint16[]
    offsets : int64[messages + 1]
        Ascending, in 0 to ``words.size``.
    bounds : int64[messages + 1]
        Ascending, in 0 to ``out.size``.
    slots : uint32[2^precision] or uint64[2^precision]
        See `ansflow.kernels.tables.slots`.
    freq : uint32[alphabet]
    width, precision, low : uint64
    out : uint8[n] or uint16[n]
    """
    alphabet, width_mask = np.uint64(freq.size), (ONE << width) - ONE
    mask = (ONE << precision) - ONE
    for k in range(offsets.size - 1):
        message = np.uint64(k)
        end = np.uint64(offsets[message + ONE])
        x, cursor, sound = take_state(words, np.uint64(offsets[message]), end, low)
        i, last = np.uint64(bounds[message]), np.uint64(bounds[message + ONE])
        coded = tail_begin(i, last, width, precision)
        while i < coded:
            freq_of, offset, symbol = look_up(slots, x & mask)
            x = freq_of * (x >> precision) + offset
            if cursor < end:
                x, taken = pull_word(x, np.uint64(words[cursor]), low)
                cursor += taken
            out[i] = symbol
            i += ONE
        while i < last:
            symbol = x & width_mask
            sound &= symbol < alphabet and freq[min(symbol, alphabet - ONE)] > ZERO
            out[i] = symbol
            x >>= width
            i += ONE
        if not sound or x > ZERO or cursor < end:
            return message
    return np.uint64(offsets.size) - ONE
