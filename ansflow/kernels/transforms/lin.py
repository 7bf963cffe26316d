"""Numbers to tokens that are their upper bits, and raw bits that are the lower ones; and back."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.transforms.raw_bits import BLOCK, GUARD, append, fetch, merge, part

__all__ = ["decode", "encode", "extent"]


@kernel
def extent(numbers):
    """The least and the greatest of unsigned numbers, at least one."""
    least = greatest = numbers[0]
    for number in numbers:
        least, greatest = min(least, number), max(greatest, number)
    return least, greatest


@kernel
def encode(numbers, base, shift, tokens, out):
    """Fill `tokens`, and write the raw bits.

    Parameters
    ----------
    numbers : uint8[n], uint16[n], uint32[n] or uint64[n]
    base, shift : uint64
        The least number, and how many bits of each are raw: fewer than it has.
    tokens : uint8[n] or uint16[n]
    out : uint64[m]
        With room for all bits and two words more.
    """
    rest, widths = np.empty(BLOCK, numbers.dtype), np.empty(BLOCK, numbers.dtype)
    group = 8 // numbers.itemsize
    words, lengths = np.empty(BLOCK // group, np.uint64), np.empty(BLOCK // group, np.uint64)
    widths[:] = shift
    mask = (ONE << shift) - ONE
    at = last = ZERO
    for begin in range(0, numbers.size, BLOCK):
        block, block_tokens = numbers[begin : begin + BLOCK], tokens[begin : begin + BLOCK]
        for i in range(np.uint64(block.size)):
            above = np.uint64(block[i]) - base
            block_tokens[i] = above >> shift
            rest[i] = above & mask
        for i in range(np.uint64(block.size), np.uint64(BLOCK)):
            rest[i] = 0
        merge(rest, widths, words, lengths)
        groups = (block.size + group - 1) // group
        at, last = append(words[:groups], lengths[:groups], at, last, out)
    out[at >> np.uint64(6)] = last


@kernel
def decode(tokens, data, base, shift, out):
    """Undo `encode`.

    Parameters
    ----------
    tokens : uint8[n] or uint16[n]
    data : uint8[m]
        The raw bits; m is ``ceil(n * shift / 8)``.
    base, shift : uint64
    out : uint8[n], uint16[n], uint32[n] or uint64[n]
    """
    widths, rest = np.empty(BLOCK, out.dtype), np.empty(BLOCK, out.dtype)
    group = 8 // out.itemsize
    words, lengths = np.empty(BLOCK // group, np.uint64), np.empty(BLOCK // group, np.uint64)
    tail = np.empty(8 * BLOCK + GUARD, np.uint8)
    widths[:] = shift
    lengths[:] = shift * np.uint64(group)
    at = ZERO
    for begin in range(0, tokens.size, BLOCK):
        block, numbers = tokens[begin : begin + BLOCK], out[begin : begin + BLOCK]
        byte = at >> np.uint64(3)
        if byte + np.uint64(8 * BLOCK + GUARD) <= np.uint64(data.size):
            at = fetch(data, at, lengths, words)
        else:
            left = np.uint64(data.size) - byte
            tail[:left] = data[byte:]
            at = fetch(tail, at & np.uint64(7), lengths, words) + (byte << np.uint64(3))
        part(words, widths, rest)
        for i in range(np.uint64(block.size)):
            numbers[i] = base + (np.uint64(block[i]) << shift) + np.uint64(rest[i])
