"""Numbers of any width as words of 64 bits: what works on samples is compiled for these alone."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, inner
from ansflow.kernels.transforms.words import word_at

__all__ = ["number_at", "widen"]

BYTE_BITS, WORD_BYTES, WORD_BITS = np.uint64(8), np.uint64(8), np.uint64(64)


@inlined
def number_at(octets, place, width):
    """The number of so many bytes at a place."""
    begin = place * width
    if begin + WORD_BYTES <= np.uint64(octets.size):
        return word_at(octets, begin) & (~ZERO >> WORD_BITS - width * BYTE_BITS)
    number = ZERO
    for i in range(width):
        number |= np.uint64(octets[begin + np.uint64(i)]) << np.uint64(i) * BYTE_BITS
    return number


@inner
def widen(octets, width, spare, words):
    """Fill `words` with numbers of so many bytes, with so many bits below them that are 0."""
    n, above = np.uint64(words.size), WORD_BITS - width * BYTE_BITS
    # All but the last few have eight bytes from where they begin.
    last = min(n, WORD_BYTES // width - ONE)
    for i in range(n - last):
        words[i] = word_at(octets, i * width) << above >> above - spare
    for i in range(n - last, n):
        words[i] = number_at(octets, i, width) << spare
