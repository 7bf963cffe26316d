"""Interleaved rANS with one distribution for all symbols: the fast path.

Symbol i belongs to lane i mod N. `encode` walks rows of N symbols backwards, and lanes within
a row backwards; the decoders walk forwards (see `ansflow.kernels.rans` for the arithmetic).

Decoding is two functions: `decode_rows` runs whole rows while all lanes may still take a word,
so that one test covers a row; `decode_rest` finishes with a check per word. One function
doing both would be a tenth slower.
"""

import numpy as np

from ansflow.kernels.constants import ONE, U_WORD_BITS, U_WORD_MASK, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.rans import next_word, pull_word, push_symbol, put_word
from ansflow.kernels.reciprocal import divide, unpack_reciprocal

__all__ = ["decode_rest", "decode_rows", "encode", "fill_records", "fill_slots", "quotient_of"]

# A slot's entry: the frequency, which may be 2^16, above 16 bits each for the offset within the
# symbol's interval and the symbol.
FREQ_SHIFT = np.uint64(32)
OFFSET_SHIFT = np.uint64(16)

# A symbol's record for the encoder, uint32 each: the arguments of `put_word`, `divide` and
# `push_symbol`.
LIMIT, RECIPROCAL, ADDEND, SHIFT, START, COMPLEMENT = range(6)
RECORD_FIELDS = 6


@kernel
def fill_records(freq, precision, low, reciprocals, records):
    """Fill the encoder's ``records[symbol]`` from `freq`.

    Parameters
    ----------
    freq : uint32[n]
        Sums to 2^precision.
    precision, low : uint64
    reciprocals : uint64[2^16 + 1]
    records : uint32[m, 6]
        m >= n. Records of symbols without a frequency are left as they are.
    """
    start = ZERO
    for s in range(freq.size):
        f = np.uint64(freq[s])
        if f > ZERO:
            m, addend, shift = unpack_reciprocal(reciprocals[f])
            records[s, LIMIT] = (((low << U_WORD_BITS) >> precision) * f) - ONE
            records[s, RECIPROCAL] = m
            records[s, ADDEND] = addend
            records[s, SHIFT] = shift
            records[s, START] = start
            records[s, COMPLEMENT] = (ONE << precision) - f
            start += f


@kernel
def fill_slots(freq, slots):
    """Fill the decoder's ``slots[0 .. sum(freq))``, uint64, from ``freq``, uint32[n]."""
    slot = ZERO
    for s in range(freq.size):
        f = np.uint64(freq[s])
        symbol = (f << FREQ_SHIFT) | np.uint64(s)
        for offset in range(f):
            slots[slot] = symbol | (np.uint64(offset) << OFFSET_SHIFT)
            slot += ONE


@kernel
def quotient_of(x, records, s):
    """``x div f`` for the frequency f of symbol `s`."""
    return divide(
        x,
        np.uint64(records[s, RECIPROCAL]),
        np.uint64(records[s, ADDEND]),
        np.uint64(records[s, SHIFT]),
    )


@kernel
def encode(symbols, states, records, words, cursor):
    """Push `symbols`, last to first; return the cursor: the stream is ``words[cursor:]``.

    Parameters
    ----------
    symbols : uint8[n] or uint16[n]
        Each has a record with a frequency of at least 1.
    states : uint32[lanes]
        Updated in place.
    records : uint32[m, 6]
        From `fill_records`; m exceeds every symbol.
    words : uint16[]
        Filled downwards from `cursor`, which is at least n + 1.
    cursor : uint64
    """
    lanes = np.uint64(states.size)
    end = np.uint64(symbols.size)
    while end > ZERO:
        base = (end - ONE) & ~(lanes - ONE)
        lane = end - base
        while lane > ZERO:
            lane -= ONE
            s = np.uint64(symbols[base + lane])
            limit = np.uint64(records[s, LIMIT])
            x, cursor = put_word(np.uint64(states[lane]), limit, words, cursor)
            quotient = quotient_of(x, records, s)
            start, complement = np.uint64(records[s, START]), np.uint64(records[s, COMPLEMENT])
            states[lane] = push_symbol(x, quotient, start, complement)
        end = base
    return cursor


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
    slots : uint64[2^precision]
        From `fill_slots`.
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
            entry = slots[x & mask]
            x = (entry >> FREQ_SHIFT) * (x >> precision) + ((entry >> OFFSET_SHIFT) & U_WORD_MASK)
            x, taken = pull_word(x, np.uint64(words[cursor]), low)
            cursor += taken
            states[lane] = x
            out[base + lane] = entry & U_WORD_MASK
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
        entry = slots[x & mask]
        x = (entry >> FREQ_SHIFT) * (x >> precision) + ((entry >> OFFSET_SHIFT) & U_WORD_MASK)
        x, taken = pull_word(x, next_word(words, cursor), low)
        cursor += taken
        states[lane] = x
        out[i] = entry & U_WORD_MASK
    return cursor
