"""What numbers cost as tokens and raw bits, without making them."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.tables.frequency_code import log2
from ansflow.kernels.tables.histogram import BYTE_PARTIALS, add_up, count_bytes
from ansflow.kernels.transforms.lin import extent
from ansflow.kernels.transforms.log import width_of
from ansflow.kernels.transforms.words import bit_length, item_bits

__all__ = ["FEW_LINEAR", "MANY_LINEAR", "bits_of_counts", "byte_cost", "lin_cost", "log_cost"]

PARTIALS = 4  # so that a symbol that is repeated does not wait for its own count
U_PARTIALS = np.uint64(PARTIALS)
TOKENS, TOKEN_BITS = 256, np.uint64(8)

# Greatest numbers of linear tokens: symbols of 8 bits, and of 16.
FEW_LINEAR, MANY_LINEAR = 256, 4096
U_FEW_LINEAR, U_MANY_LINEAR = np.uint64(FEW_LINEAR), np.uint64(MANY_LINEAR)
LAST_OF_FEW = U_FEW_LINEAR - ONE

DIRECT = np.uint64(16)
LEADING = np.uint64(3)
FOUR = np.uint64(4)


@kernel
def log_cost(numbers, signed):
    """Bits that numbers take as logarithmic tokens, and how many of these occur.

    The bits are the entropy of the tokens, and the raw bits.

    Parameters
    ----------
    numbers : uint8[n], uint16[n], uint32[n] or uint64[n]
        At least one.
    signed : bool
        Whether they are in two's complement, and folded as `delta` does.
    """
    sign, tokens = item_bits(numbers) - ONE, np.empty(numbers.size, np.uint8)
    number = numbers.dtype.type
    # Without a branch, so that there is one loop.
    twice, fold = np.uint64(signed), number(ZERO - np.uint64(signed))
    for i in range(np.uint64(numbers.size)):
        negative = number(ZERO - (np.uint64(numbers[i]) >> sign))
        whole = number(number(numbers[i] << twice) ^ (negative & fold))
        direct = whole < DIRECT
        width = np.uint64(bit_length(whole)) - LEADING & sign
        width = ZERO if direct else width
        token = np.uint64(whole) >> width
        tokens[i] = token if direct else token + FOUR * width + FOUR
    counts = np.empty(TOKENS)
    count_bytes(tokens, np.empty(BYTE_PARTIALS, np.uint32), counts)
    bits, used = 0.0, 0
    for token in range(TOKENS):
        seen = counts[token]
        if seen:
            used += 1
            bits += seen * (float(width_of(np.uint64(token))) - np.log2(seen / numbers.size))
    return bits, used


@kernel
def lin_cost(numbers, signed, wider):
    """Bits that numbers take as linear tokens, and how many of these occur.

    Parameters
    ----------
    numbers : uint8[n], uint16[n], uint32[n] or uint64[n]
        At least one.
    signed : uint64
        That of `extent`.
    wider : uint64
        Bits by which the range is longer than theirs.

    Returns
    -------
    ``((bits, used), (bits, used))``, with at most `FEW_LINEAR` tokens, and with `MANY_LINEAR`.
    """
    least, length = extent(numbers, signed)
    span, shift, number = np.uint64(length), ZERO, numbers.dtype.type
    # The range that is longer may have a bit more than 64.
    while span >> shift >= U_MANY_LINEAR >> wider:
        shift += ONE
    many = np.zeros(MANY_LINEAR, np.uint32)
    for i in range(np.uint64(numbers.size)):
        many[np.uint64(number(numbers[i] - least)) >> shift] += np.uint32(1)
    # As both are powers of two, the few tokens are the many without some of their low bits.
    more = ZERO
    while span >> shift >> more >= U_FEW_LINEAR >> wider:
        more += ONE
    few = np.zeros(FEW_LINEAR, np.uint32)
    many = many[: (span >> shift) + ONE]
    for i in range(np.uint64(many.size)):
        if many[i]:  # a sample has few of them: no increment waits for the one before
            few[i >> more & LAST_OF_FEW] += many[i]
    n = np.uint64(numbers.size)
    return bits_of_counts(few, n, shift + more), bits_of_counts(many, n, shift)


@kernel
def byte_cost(symbols, first, step):
    """Bits that every so many bytes take, from the first on, and how many symbols occur.

    Parameters
    ----------
    symbols : uint8[n]
    first, step : uint64
        Below n, and at least 1.
    """
    partial = np.zeros(PARTIALS * TOKENS, np.uint32)
    n = (np.uint64(symbols.size) - first + step - ONE) // step
    for i in range(n):
        symbol = np.uint64(symbols[first + np.uint64(i) * step])
        partial[(np.uint64(i) % U_PARTIALS) << TOKEN_BITS | symbol] += np.uint32(1)
    counts = np.empty(TOKENS, np.uint32)
    add_up(partial, counts)
    return bits_of_counts(counts, n, ZERO)


@kernel
def bits_of_counts(counts, n, raw_bits):
    """Bits of n symbols, by their counts, with so many raw bits each; and how many occur."""
    # n log2 n minus the sum of c log2 c is the entropy of all.
    bits, used = (float(raw_bits) + np.log2(float(n))) * n, 0
    for i in range(np.uint64(counts.size)):
        count = np.uint64(counts[i])
        if count > ZERO:
            used += 1
            bits -= float(count) * log2(count)
    return bits, used
