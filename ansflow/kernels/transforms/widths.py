"""Numbers of any width as words of 64 bits: what works on samples is compiled for these alone."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, inner
from ansflow.kernels.transforms.words import word_at

__all__ = ["number_at", "widen"]

TWO, FOUR, BYTE_BITS = np.uint64(2), np.uint64(4), np.uint64(8)
WORD_BYTES, WORD_BITS = np.uint64(8), np.uint64(64)


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
    """Fill `words` with all numbers of so many bytes, with so many bits below them that are 0."""
    if width == ONE:
        shift(octets, spare, words)
    elif width == TWO:
        shift(octets.view(np.uint16), spare, words)
    elif width == FOUR:
        shift(octets.view(np.uint32), spare, words)
    else:
        shift(octets.view(np.uint64), spare, words)


@inner
def shift(numbers, spare, words):
    for i in range(np.uint64(words.size)):
        words[i] = np.uint64(numbers[i]) << spare
