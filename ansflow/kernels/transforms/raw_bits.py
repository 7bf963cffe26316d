"""Raw bits: numbers of a few bits each, one after the other.

A *group* is as many numbers as fit 64 bits. The numbers of a group are merged without the bits
between them, for all groups of a block at once (`merge`, undone by `part`): that is a loop that
compilers turn into vectors. What remains is to put one word for each group to its place (`append`),
or to fetch it from there (`fetch`).

Bits fill words from the least significant one up; words are little-endian.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.transforms.words import word_at

__all__ = ["BLOCK", "GUARD", "append", "fetch", "measure", "merge", "part"]

# Numbers that are worked on at a time, so that what lies between two loops stays in the cache.
BLOCK = 256

# Bytes that `fetch` reads from the one in which a group begins.
GUARD = 9

WORD_BITS = np.uint64(64)
WORD_SHIFT, BIT_IN_WORD = np.uint64(6), np.uint64(63)
BYTE_SHIFT, BIT_IN_BYTE = np.uint64(3), np.uint64(7)
BYTES = np.uint64(8)


@kernel
def merge(numbers, widths, words, lengths):
    """Make a word of each group, and count its bits.

    Parameters
    ----------
    numbers, widths : uint8[n], uint16[n], uint32[n] or uint64[n]
        Numbers, and how many bits each takes. n is a multiple of a group.
    words, lengths : uint64[m]
        One for each group, to be filled. No group has more than 63 bits.
    """
    bits = np.uint64(8 * numbers.itemsize)
    mask = (ONE << (bits - ONE) << ONE) - ONE
    numbers, widths = numbers.view(np.uint64), widths.view(np.uint64)
    for i in range(np.uint64(words.size)):
        group, counts = numbers[i], widths[i]
        word, length = group & mask, counts & mask
        for place in range(bits, WORD_BITS, bits):
            word |= (group >> place & mask) << length
            length += counts >> place & mask
        words[i], lengths[i] = word, length


@kernel
def measure(widths, lengths):
    """The lengths that `merge` finds."""
    bits = np.uint64(8 * widths.itemsize)
    mask = (ONE << (bits - ONE) << ONE) - ONE
    widths = widths.view(np.uint64)
    for i in range(np.uint64(lengths.size)):
        counts = widths[i]
        length = counts & mask
        for place in range(bits, WORD_BITS, bits):
            length += counts >> place & mask
        lengths[i] = length


@kernel
def part(words, widths, numbers):
    """Undo `merge`: fill `numbers`, whatever bits the words have above their lengths."""
    bits = np.uint64(8 * numbers.itemsize)
    mask = (ONE << (bits - ONE) << ONE) - ONE
    numbers, widths = numbers.view(np.uint64), widths.view(np.uint64)
    for i in range(np.uint64(words.size)):
        word, counts = words[i], widths[i]
        group = ZERO
        for place in range(ZERO, WORD_BITS, bits):
            width = counts >> place & mask
            group |= (word & ((ONE << width) - ONE)) << place
            word >>= width
        numbers[i] = group


@kernel
def append(words, lengths, at, last, out):
    """Write the low `lengths` bits of all words, whose other bits are zeros.

    Parameters
    ----------
    words, lengths : uint64[n]
        Lengths are at most 63.
    at : uint64
        The bit to begin with.
    last : uint64
        The bits so far of the word in which that is.
    out : uint64[m]
        With room for the word behind the last one.

    Returns
    -------
    ``(at, last)`` after it. `last` is not yet in `out`.
    """
    for i in range(np.uint64(words.size)):
        word, length = words[i], lengths[i]
        used = at & BIT_IN_WORD
        last |= word << used
        out[at >> WORD_SHIFT] = last
        # If that is full, the bits that did not fit are the beginning of the next.
        if used + length >= WORD_BITS:
            last = word >> (WORD_BITS - used & BIT_IN_WORD)
        at += length
    return at, last


@kernel
def fetch(data, at, lengths, words):
    """Fill `words` with what `append` has written, and above their lengths with what comes then.

    Parameters
    ----------
    data : uint8[n]
        With `GUARD` bytes from the one in which the last group begins.
    at : uint64
        The bit to begin with.
    lengths, words : uint64[m]

    Returns
    -------
    The bit after the last one.
    """
    for i in range(np.uint64(words.size)):
        byte, shift = at >> BYTE_SHIFT, at & BIT_IN_BYTE
        words[i] = word_at(data, byte) >> shift | word_at(data, byte + ONE) << (BYTES - shift)
        at += lengths[i]
    return at
