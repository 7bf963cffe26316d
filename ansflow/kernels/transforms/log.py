"""Numbers to tokens that are their magnitude, and raw bits that are the rest; and back.

A token is a number below 16 itself, and otherwise the length of the number in bits and the two
bits below its leading one. All that there is to know follows from the token by arithmetic, so that
there are no tables.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, inner, kernel
from ansflow.kernels.transforms.ahead import ask_ahead
from ansflow.kernels.transforms.finish import finish_block, no_totals
from ansflow.kernels.transforms.raw_bits import (
    BLOCK,
    add_up,
    append,
    bits_from,
    blank,
    end_of,
    fetch,
    merge,
    part,
)
from ansflow.kernels.transforms.start import IF_CLEAR, IF_SET, LAGS, start_block
from ansflow.kernels.transforms.words import item_bits, lane_length
from ansflow.kernels.vector.raw_bits import Rows, bits_at_most, log_rows, shorter

__all__ = ["NO_NUMBERS", "decoder", "encode"]

# What a decoder returns for tokens some of which name no numbers.
NO_NUMBERS = (1 << 64) - 1

DIRECT = np.uint64(16)
LEADING = np.uint64(3)  # bits that are in the token: the leading one, and two
TWO, THREE, FOUR = np.uint64(2), np.uint64(3), np.uint64(4)
TOKENS_OF_A_BIT = FOUR  # of the length of numbers
# Raw bits of up to 15 bits are put to their places as if numbers had 16: more of them fill a word.
SHORT_BITS = np.uint64(16)
SHORT_UP_TO = ONE << SHORT_BITS + TWO
# Numbers of 64 bits that have no more are worked on as such: twice as many fill a vector.
LONG_BITS = np.uint64(32)
LONG_UP_TO = ONE << LONG_BITS
WORD_SHIFT = np.uint64(6)
U_BLOCK, HALF_BLOCK = np.uint64(BLOCK), np.uint64(BLOCK // 2)


@inlined
def width_of(token):
    """How many raw bits belong to a token."""
    return (token >> TWO) - TWO if token >= DIRECT else ZERO


@inner
def highest_of(tokens, begin, end):
    """The highest token, as uint64."""
    highest = tokens.dtype.type(0)
    for i in range(begin, end):
        highest = tokens[i] if tokens[i] > highest else highest
    return np.uint64(highest)


@inner
def union_of(numbers, size):
    """All bits that are set in the first numbers of a block: as many as the largest one has."""
    kind = numbers.dtype.type
    union = kind(0)
    for i in range(size):
        union = kind(union | numbers[i])
    return np.uint64(union)


@inner
def shorten(block, out):
    """The items of a block as shorter ones, which they fit."""
    for i in range(np.uint64(out.size)):
        out[i] = block[i]


@inner
def split(rest, widths, size, tokens, begin):
    """Fill ``tokens[begin:]`` with those of the first numbers of a block, whose raw bits remain."""
    below = item_bits(rest) - ONE
    for i in range(size):
        number = np.uint64(rest[i])
        direct = number < DIRECT
        width = np.uint64(lane_length(rest[i])) - LEADING & below
        width = ZERO if direct else width
        token = number >> width
        tokens[begin + i] = token if direct else token + FOUR * width + FOUR
        widths[i] = width
        rest[i] = number & ((ONE << width) - ONE)
    rest[size:] = 0
    widths[size:] = 0


@kernel
def encode(items, plan, tokens, out):
    """Fill `tokens`, write the raw bits, and return how many there are.

    Parameters
    ----------
    items : uint8[n], uint16[n], uint32[n] or uint64[n]
    plan : uint64[]
        What makes numbers of them: that of `start`.
    tokens : uint8[n]
    out : uint64[m]
        With room for all bits of all numbers and a word more.
    """
    n, bits, kind = np.uint64(items.size), item_bits(items), items.dtype.type
    own, own_widths = blank(bits, n), blank(bits, n)
    long, long_widths = blank(LONG_BITS, n), blank(LONG_BITS, n)
    short, short_widths = blank(SHORT_BITS, n), blank(SHORT_BITS, n)
    numbers, long_numbers = own.view(items.dtype), long.view(np.uint32)
    clear, set_, lags = kind(plan[IF_CLEAR]), kind(plan[IF_SET]), plan[LAGS:]
    fold = kind(~ZERO)
    at = last = ZERO
    for begin in range(ZERO, n, U_BLOCK):
        size = min(n - begin, U_BLOCK)
        start_block(items, clear, set_, lags, fold, begin, begin + size, numbers)
        following, half = begin + U_BLOCK, begin + U_BLOCK + HALF_BLOCK
        ask_ahead(items, following, half)
        union = union_of(numbers, size)
        if union < DIRECT:
            for i in range(size):
                tokens[begin + i] = numbers[i]
            continue
        words, widths, field = own, own_widths, bits
        if bits > LONG_BITS and union < LONG_UP_TO:
            words, widths, field = long, long_widths, LONG_BITS
            shorten(numbers, long_numbers)
            split(long_numbers, long_widths.view(np.uint32), size, tokens, begin)
        else:
            split(numbers, own_widths.view(items.dtype), size, tokens, begin)
        if bits > SHORT_BITS and union < SHORT_UP_TO:
            shorten(words.view(np.uint32), short.view(np.uint16))
            shorten(widths.view(np.uint32), short_widths.view(np.uint16))
            words, widths, field = short, short_widths, SHORT_BITS
        ask_ahead(items, half, half + HALF_BLOCK)
        merge(words, widths, field)
        at, last = append(words, widths, at, last, out)
    out[at >> WORD_SHIFT] = last
    return at


@inner
def join_block(tokens, begin, end, data, at, words, widths, out):
    """Decode a block of ``out[begin:end]``; the bit after the last one. `words` are `blank`s."""
    size, field, below = end - begin, item_bits(out), item_bits(out) - ONE
    rest, own = words.view(out.dtype), widths.view(out.dtype)
    for i in range(size):
        own[i] = width_of(np.uint64(tokens[begin + i]))
    own[size:] = 0
    add_up(widths, field)
    at = fetch(data, at, widths, field, words)
    part(words, widths, field)
    for i in range(size):
        token = np.uint64(tokens[begin + i])
        width = (token >> TWO) - TWO & below
        raw = np.uint64(rest[i]) & (ONE << width) - ONE
        number = FOUR + (token & THREE) << width | raw
        out[begin + i] = token if token < DIRECT else number
    return at


@inner
def join_few(tokens, begin, end, data, at, out):
    """The same of the numbers that are left when all rows are done, one after the other."""
    for i in range(begin, end):
        token = np.uint64(tokens[i])
        width = width_of(token)
        raw = bits_from(data, at) & (ONE << width) - ONE
        out[i] = token if token < DIRECT else FOUR + (token & THREE) << width | raw
        at += width
    return at


@functools.cache
def decoder(isa: str | None) -> Callable[..., Any]:
    """The kernel ``decode(tokens, data, out, plan)``.

    It undoes `encode`, does with the numbers what a plan says, and returns the number of raw bits
    that belong to the tokens, or `NO_NUMBERS`.

    Parameters
    ----------
    isa : str or None
        One of `ansflow.kernels.vector.raw_bits.ROW_ISAS`, for a kernel that uses its vectors.
    tokens : uint8[n]
    data : uint8[m]
        The raw bits. Numbers may be any if there are too few.
    out : uint8[n], uint16[n], uint32[n] or uint64[n]
    plan : uint64[]
        That of `finish`.
    """
    rows = None if isa is None else Rows(isa)

    @kernel
    def decode(tokens, data, out, plan):
        n, totals, at = np.uint64(out.size), no_totals(out), ZERO
        if rows is None:
            words, widths = blank(item_bits(out), n), blank(item_bits(out), n)
        else:
            tail, first = end_of(data)
        for begin in range(ZERO, n, U_BLOCK):
            end = min(n, begin + U_BLOCK)
            highest = highest_of(tokens, begin, end)
            if highest >= TOKENS_OF_A_BIT * item_bits(out):
                return np.uint64(NO_NUMBERS)
            if highest < DIRECT:
                for i in range(begin, end):
                    out[i] = tokens[i]
            elif rows is None:
                at = join_block(tokens, begin, end, data, at, words, widths, out)
            else:
                done, short = begin, shorter(out, rows)
                if highest < TOKENS_OF_A_BIT * bits_at_most(out, short):
                    done, at = log_rows(tokens, done, end, data, ZERO, at, out, short)
                done, at = log_rows(tokens, done, end, data, ZERO, at, out, rows)
                done, at = log_rows(tokens, done, end, tail, first, at, out, rows)
                at = join_few(tokens, done, end, data, at, out)
            finish_block(out, plan, totals, begin, end)
        finish_block(out, plan, totals, n, n)
        return at

    return decode
