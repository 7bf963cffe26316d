"""Interleaved rANS with one distribution for all symbols: the fast path.

Symbol i belongs to lane i mod N. `encode` walks rows of N symbols backwards, and lanes within
a row backwards; the decoders walk forwards (see `ansflow.kernels.coders.rans` for the arithmetic).

Decoding is two loops: `decode_rows` runs whole rows while all lanes may still take a word,
so that one test covers a row; `decode_rest` finishes with a check per word. One loop
doing both would be a tenth slower.
"""

import numpy as np

from ansflow.kernels.coders.rans import (
    OUTSIDE,
    finished,
    next_word,
    pull_word,
    push_symbol,
    put_states,
    put_word,
    take_states,
)
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, inner, kernel
from ansflow.kernels.tables.reciprocal import divide
from ansflow.kernels.tables.records import headroom, look_up_record
from ansflow.kernels.tables.slots import look_up

__all__ = ["decode", "decode_rest", "decode_rows", "decode_stream", "encode", "encode_stream"]

TWO, THREE, FOUR = np.uint64(2), np.uint64(3), np.uint64(4)


@kernel
def encode(symbols, states, records, precision, words):
    """Push `symbols`, last to first; return the cursor: the stream is ``words[cursor:]``.

    Parameters
    ----------
    symbols : uint8[n] or uint16[n]
        Each has a record with a frequency of at least 1.
    states : uint32[lanes]
        Updated in place.
    records : uint64[m] or uint64[m, 2]
        See `ansflow.kernels.tables.records`; m is a power of two, by which symbols are taken.
    precision : uint64
    words : uint16[]
        At least n + 1 long. Filled from its end downwards.
    """
    cursor = np.uint64(words.size)
    lanes = np.uint64(states.size)
    total = ONE << precision
    room = headroom(precision)
    end = np.uint64(symbols.size)
    while end > ZERO:
        base = (end - ONE) & ~(lanes - ONE)
        if lanes == FOUR and end - base == FOUR:
            return encode_fours(symbols, end, states, records, room, total, words, cursor)
        lane = end - base
        while lane > ZERO:
            lane -= ONE
            x, symbol = np.uint64(states[lane]), symbols[base + lane]
            x, cursor = push(x, symbol, records, room, total, words, cursor)
            states[lane] = x
        end = base
    return cursor


@inner
def push(x, symbol, records, room, total, words, cursor):
    """Push a symbol on the state `x`; return the state and the cursor.

    Symbols without a record, which another thread may have put there, have that of another one.
    """
    last = np.uint64(records.shape[0]) - ONE
    m, nudge, shift, start, freq = look_up_record(records, np.uint64(symbol) & last)
    x, cursor = put_word(x, room, freq, words, cursor)
    return push_symbol(x, divide(x, m, nudge, shift), start, total - freq), cursor


@inlined
def encode_fours(symbols, end, states, records, room, total, words, cursor):
    """Push ``symbols[:end]``, whole rows of four lanes, with the states in registers.

    Short streams have four lanes, and a fifth of their time would go to states in memory.
    """
    a, b = np.uint64(states[ZERO]), np.uint64(states[ONE])
    c, d = np.uint64(states[TWO]), np.uint64(states[THREE])
    while end > ZERO:
        end -= FOUR
        d, cursor = push(d, symbols[end + THREE], records, room, total, words, cursor)
        c, cursor = push(c, symbols[end + TWO], records, room, total, words, cursor)
        b, cursor = push(b, symbols[end + ONE], records, room, total, words, cursor)
        a, cursor = push(a, symbols[end], records, room, total, words, cursor)
    states[ZERO], states[ONE], states[TWO], states[THREE] = a, b, c, d
    return cursor


@kernel
def encode_stream(symbols, lanes, low, records, precision, words):
    """`encode` from states of `low`, and put the states before the words; return the cursor.

    `words` is at least ``n + 2 * lanes + 1`` long.
    """
    states = np.empty(lanes, np.uint32)
    states[:] = low
    cursor = encode(symbols, states, records, precision, words)
    return put_states(states, words, cursor)


@kernel
def decode_rows(words, cursor, states, slots, precision, low, out):
    """Pop whole rows while every lane may take a word; return ``(symbols done, cursor)``.

    Parameters
    ----------
    words : uint16[]
    cursor : uint64
        Where the next word is.
    states : uint32[lanes]
        Each in [low, 2^16 * low); updated in place.
    slots : uint32[2^precision] or uint64[2^precision]
        See `ansflow.kernels.tables.slots`.
    precision, low : uint64
    out : uint8[n] or uint16[n]
    """
    lanes = np.uint64(states.size)
    mask = (ONE << precision) - ONE
    base = ZERO
    while base + lanes <= np.uint64(out.size) and cursor + lanes <= np.uint64(words.size):
        for i in range(lanes):
            lane = np.uint64(i)
            x = np.uint64(states[lane])
            freq, offset, symbol = look_up(slots, x & mask)
            x = freq * (x >> precision) + offset
            x, taken = pull_word(x, np.uint64(words[cursor]), low)
            cursor += taken
            states[lane] = x
            out[base + lane] = symbol
        base += lanes
    return base, cursor


@kernel
def decode_rest(words, cursor, states, slots, precision, low, out, done):
    """Pop symbols `done`, `done` + 1, ... of `out`; return the cursor.

    `done` is a multiple of the number of lanes. A stream that is too short is read as if
    zeros followed it, and the returned cursor exceeds ``words.size``.
    """
    lanes = np.uint64(states.size)
    mask = (ONE << precision) - ONE
    for i in range(done, np.uint64(out.size)):
        lane = np.uint64(i) & (lanes - ONE)
        x = np.uint64(states[lane])
        freq, offset, symbol = look_up(slots, x & mask)
        x = freq * (x >> precision) + offset
        x, taken = pull_word(x, next_word(words, cursor), low)
        cursor += taken
        states[lane] = x
        out[i] = symbol
    return cursor


@kernel
def decode(words, cursor, states, slots, precision, low, out):
    """`decode_rows`, then `decode_rest`: pop all symbols of `out`; return the cursor."""
    done, cursor = decode_rows(words, cursor, states, slots, precision, low, out)
    return decode_rest(words, cursor, states, slots, precision, low, out, done)


@inner
def most_frequent(slots, precision):
    """The frequency of the symbol that has most slots, the first of these, and the symbol."""
    most = first = best = slot = ZERO
    while slot < ONE << precision:
        freq, _, symbol = look_up(slots, slot)
        if freq > most:
            most, first, best = freq, slot, symbol
        slot += max(freq, ONE)
    return most, first, best


@inner
def decode_twos(words, cursor, states, slots, precision, low, out):
    """Pop all symbols of two lanes; return the cursor, as `decode_rest` does.

    Many symbols have two lanes only if nearly all are the same one. Where it goes on, and neither
    lane takes a word, states are in registers, nothing is looked up, and what comes next does not
    wait for it.
    """
    most, first, symbol = most_frequent(slots, precision)
    mask = (ONE << precision) - ONE
    if most < mask - (mask >> THREE):
        most = ZERO  # it is not worth a try
    base, size = ZERO, np.uint64(out.size)
    while base < size:
        a, b = np.uint64(states[ZERO]), np.uint64(states[ONE])
        while base + TWO <= size:
            offset_a, offset_b = (a & mask) - first, (b & mask) - first
            next_a = most * (a >> precision) + offset_a
            next_b = most * (b >> precision) + offset_b
            if max(offset_a, offset_b) >= most or min(next_a, next_b) < low:
                break
            a, b = next_a, next_b
            out[base] = out[base + ONE] = symbol
            base += TWO
        states[ZERO], states[ONE] = a, b
        for i in range(base, min(base + TWO, size)):
            x = np.uint64(states[i & ONE])
            freq, offset, other = look_up(slots, x & mask)
            x = freq * (x >> precision) + offset
            x, taken = pull_word(x, next_word(words, cursor), low)
            cursor += taken
            states[i & ONE] = x
            out[i] = other
        base += TWO
    return cursor


@kernel
def decode_stream(words, lanes, slots, precision, low, out):
    """`decode` of a stream that begins with states; return what `finished` does, or `OUTSIDE`.

    It has as many words as states take.
    """
    states = np.empty(lanes, np.uint32)
    if not take_states(words, low, states):
        return np.uint64(OUTSIDE)
    cursor = np.uint64(lanes) + np.uint64(lanes)
    if lanes == TWO:
        cursor = decode_twos(words, cursor, states, slots, precision, low, out)
    else:
        cursor = decode(words, cursor, states, slots, precision, low, out)
    return finished(words, cursor, states, low)
