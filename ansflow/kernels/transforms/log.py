"""Numbers to tokens that are their magnitude, and raw bits that are the rest; and back.

A token is a number below 16 itself, and otherwise the length of the number in bits and the two
bits below its leading one. All that there is to know follows from the token by arithmetic, so that
there are no tables.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.transforms.raw_bits import BLOCK, GUARD, append, fetch, measure, merge, part
from ansflow.kernels.transforms.words import bit_length

__all__ = ["count_raw_bits", "decode", "encode"]

DIRECT = np.uint64(16)
LEADING = np.uint64(3)  # bits that are in the token: the leading one, and two
FOUR = np.uint64(4)
TWO = np.uint64(2)
BYTE = np.uint64(8)


@kernel
def raw_bits(token):
    """How many raw bits belong to a token."""
    return (token >> TWO) - TWO if token >= DIRECT else ZERO


@kernel
def encode(numbers, tokens, out):
    """Fill `tokens`, write the raw bits, and return how many there are.

    Parameters
    ----------
    numbers : uint8[n], uint16[n], uint32[n] or uint64[n]
    tokens : uint8[n]
    out : uint64[m]
        With room for all bits of all numbers and a word more.
    """
    rest, widths = np.empty(BLOCK, numbers.dtype), np.empty(BLOCK, numbers.dtype)
    groups = BLOCK * numbers.itemsize // 8
    words, lengths = np.empty(groups, np.uint64), np.empty(groups, np.uint64)
    at = last = ZERO
    for begin in range(0, numbers.size, BLOCK):
        block, block_tokens = numbers[begin : begin + BLOCK], tokens[begin : begin + BLOCK]
        for i in range(np.uint64(block.size)):
            number = np.uint64(block[i])
            width = np.uint64(bit_length(block[i])) - LEADING if number >= DIRECT else ZERO
            token = number >> width
            if number >= DIRECT:
                token += FOUR * width + FOUR
            block_tokens[i] = token
            widths[i] = width
            rest[i] = number & ((ONE << width) - ONE)
        for i in range(np.uint64(block.size), np.uint64(BLOCK)):
            widths[i] = rest[i] = 0
        merge(rest, widths, words, lengths)
        at, last = append(words, lengths, at, last, out)
    out[at >> np.uint64(6)] = last
    return at


@kernel
def count_raw_bits(tokens):
    """The sum of the raw bits of all tokens."""
    total = ZERO
    for i in range(np.uint64(tokens.size)):
        total += raw_bits(np.uint64(tokens[i]))
    return total


@kernel
def decode(tokens, data, out):
    """Undo `encode`.

    Parameters
    ----------
    tokens : uint8[n]
    data : uint8[m]
        The raw bits; m is `count_raw_bits` in bytes, at least.
    out : uint8[n], uint16[n], uint32[n] or uint64[n]
    """
    base, widths = np.empty(BLOCK, out.dtype), np.empty(BLOCK, out.dtype)
    rest = np.empty(BLOCK, out.dtype)
    groups = BLOCK * out.itemsize // 8
    words, lengths = np.empty(groups, np.uint64), np.empty(groups, np.uint64)
    tail = np.empty(8 * BLOCK + GUARD, np.uint8)
    at = ZERO
    for begin in range(0, tokens.size, BLOCK):
        block, numbers = tokens[begin : begin + BLOCK], out[begin : begin + BLOCK]
        for i in range(np.uint64(block.size)):
            token = np.uint64(block[i])
            width = raw_bits(token)
            widths[i] = width
            base[i] = (FOUR + (token & np.uint64(3))) << width if token >= DIRECT else token
        for i in range(np.uint64(block.size), np.uint64(BLOCK)):
            widths[i] = 0
        measure(widths, lengths)
        byte = at >> np.uint64(3)
        if byte + np.uint64(8 * BLOCK + GUARD) <= np.uint64(data.size):
            at = fetch(data, at, lengths, words)
        else:
            left = np.uint64(data.size) - byte
            tail[:left] = data[byte:]
            at = fetch(tail, at & np.uint64(7), lengths, words) + byte * BYTE
        part(words, widths, rest)
        for i in range(np.uint64(block.size)):
            numbers[i] = base[i] + rest[i]
