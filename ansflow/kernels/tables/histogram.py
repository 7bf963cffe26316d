"""Counting symbols.

Counting a byte takes one store, and CPUs do one store per cycle, so nothing else should be in the
way. Bytes are loaded eight at a time, and each of the eight is counted in its own sub-histogram:
otherwise each step in a run of equal symbols would wait until the previous increment has reached
memory and come back. Long runs are counted by the word.
"""

import numpy as np

from ansflow.kernels.constants import ZERO
from ansflow.kernels.jit import inlined, kernel
from ansflow.kernels.transforms.words import word_at

__all__ = ["BYTE_PARTIALS", "PARTIALS", "count_bytes", "count_symbols", "histogram"]

WORD_BYTES = 8
BYTE_PARTIALS = WORD_BYTES << 8  # entries of the scratch that `count_bytes` needs

# Of the bytes of a word: where their bits begin, and their sub-histograms.
SHIFT_1, SHIFT_2, SHIFT_3, SHIFT_4, SHIFT_5, SHIFT_6, SHIFT_7 = map(np.uint64, range(8, 64, 8))
PART_1, PART_2, PART_3, PART_4, PART_5, PART_6, PART_7 = map(np.uint64, range(256, 2048, 256))
U_BYTE_MASK = np.uint64(0xFF)
U_WORD_BYTES = np.uint64(WORD_BYTES)

# Larger alphabets have larger sub-histograms, so they have fewer.
PARTIALS = 4
U_PARTIAL_MASK = np.uint64(PARTIALS - 1)

# More symbols at a time might overflow 32 bits in a sub-histogram.
MAX_SYMBOLS = 1 << 31


@inlined
def tally(word, times, partial):
    """Add `times` to the count of each of the eight bytes of `word`, in its own sub-histogram."""
    # Not in a loop, as `sampling_kernel`s would keep it.
    partial[word & U_BYTE_MASK] += times
    partial[(word >> SHIFT_1 & U_BYTE_MASK) + PART_1] += times
    partial[(word >> SHIFT_2 & U_BYTE_MASK) + PART_2] += times
    partial[(word >> SHIFT_3 & U_BYTE_MASK) + PART_3] += times
    partial[(word >> SHIFT_4 & U_BYTE_MASK) + PART_4] += times
    partial[(word >> SHIFT_5 & U_BYTE_MASK) + PART_5] += times
    partial[(word >> SHIFT_6 & U_BYTE_MASK) + PART_6] += times
    partial[word >> SHIFT_7 | PART_7] += times


@inlined
def tally_words(symbols, words, partial):
    """`tally` of all but the last of so many words; how often that has followed itself, at last."""
    previous, times = ZERO, np.uint32(0)
    for i in range(words):
        word = word_at(symbols, i * U_WORD_BYTES)
        if word != previous:
            tally(previous, times, partial)
            previous, times = word, np.uint32(0)
        times += np.uint32(1)
    return times


@inlined
def add_up(partial, counts):
    """Fill `counts` with the sums of the sub-histograms, and overwrite those."""
    alphabet = np.uint64(counts.size)
    for begin in range(alphabet, np.uint64(partial.size), alphabet):
        for s in range(alphabet):
            partial[s] += partial[np.uint64(begin) + np.uint64(s)]
    for s in range(alphabet):
        counts[s] = partial[s]


@kernel
def count_bytes(symbols, partial, counts):
    """Fill `counts`.

    Parameters
    ----------
    symbols : uint8[n]
        At any address; n is at most `MAX_SYMBOLS`.
    partial : uint32[BYTE_PARTIALS]
        Scratch: the sub-histograms.
    counts : float64[256]
    """
    words = np.uint64(symbols.size) // U_WORD_BYTES
    partial[:] = 0
    times = tally_words(symbols, words, partial)
    end = words * U_WORD_BYTES
    for i in range(max(end, U_WORD_BYTES) - U_WORD_BYTES, np.uint64(symbols.size)):
        partial[symbols[i]] += times if i < end else np.uint32(1)
    add_up(partial, counts)


@kernel
def count_symbols(symbols, partial, counts):
    """Fill `counts`, whatever the size of the alphabet.

    Parameters
    ----------
    symbols : uint16[n]
        n is at most `MAX_SYMBOLS`. Symbols beyond the alphabet count as its last.
    partial : uint32[PARTIALS * alphabet]
        Scratch: the sub-histograms.
    counts : float64[alphabet]
        Not empty.
    """
    alphabet = np.uint64(counts.size)
    last = np.uint64(counts.size - 1)
    partial[:] = 0
    for i in range(symbols.size):
        place = (np.uint64(i) & U_PARTIAL_MASK) * alphabet
        partial[place + min(np.uint64(symbols[i]), last)] += np.uint32(1)
    add_up(partial, counts)


def histogram(symbols: np.ndarray) -> np.ndarray:
    """Occurrences of each value of the symbols' type.

    Parameters
    ----------
    symbols : ndarray of uint8 or uint16, shape (n,), contiguous

    Returns
    -------
    ndarray of uint64, shape (256,) or (65536,)
    """
    size = 1 << (8 * symbols.itemsize)
    count, rows = (count_bytes, WORD_BYTES) if symbols.itemsize == 1 else (count_symbols, PARTIALS)
    partial = np.empty(rows * size, np.uint32)
    part = np.empty(size)
    counts = np.zeros(size, np.uint64)
    for begin in range(0, symbols.size, MAX_SYMBOLS):
        count(symbols[begin : begin + MAX_SYMBOLS], partial, part)
        counts += part.astype(np.uint64)
    return counts
