"""Frequencies of order-1 contexts, in each row as precise as pays.

A table of contexts has thousands of frequencies, most of them of pairs that occur a few times. With
the full total 2^p they would cost more bits than the contexts save. Therefore each row has a
*level* l of at most p: it is quantised to the total 2^l and scaled up by 2^(p - l), so that rows
with few occurrences have small numbers. One level more halves the error of each frequency and
costs about one bit for each; `choose_level` weighs this.
"""

import numpy as np

from ansflow.kernels.coders.order1 import count_pairs
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, kernel
from ansflow.kernels.tables.frequency_code import LOG2
from ansflow.kernels.tables.quantize import quantize_row
from ansflow.kernels.transforms.words import bit_length

__all__ = ["count_all", "quantize_contexts"]

# Bits of table for a bit of frequency; measured on text, binaries and independent bytes, where
# anything from 0.9 to 1.3 is within 0.05% of the best.
FREQUENCY_COST = 1.2


@kernel
def count_all(symbols, lanes, pairs, counts):
    """Fill `pairs` and `counts`: how often pairs and symbols occur.

    Parameters
    ----------
    symbols : uint8[n]
    lanes : uint64
    pairs : uint32[256, 256]
    counts : float64[256]
    """
    pairs[:] = 0
    count_pairs(symbols, lanes, pairs)
    counts[:] = 0.0
    for c in range(pairs.shape[0]):
        for s in range(pairs.shape[1]):
            counts[s] += float(pairs[c, s])


@inner
def list_used(matrix, used):
    """List 0 and all symbols with a count or frequency in any row; return how many."""
    seen = np.zeros(matrix.shape[1], np.uint32)
    for c in range(matrix.shape[0]):
        for s in range(matrix.shape[1]):
            seen[s] |= matrix[c, s]
    n = ZERO
    for s in range(seen.size):
        if s == 0 or seen[s] > 0:
            used[n] = s
            n += ONE
    return n


@inner
def estimate_bits(counts, n, level):
    """Bits that a row costs at a level, but for a constant: its occurrences and its frequencies.

    Frequencies f are rounded, not optimised. Their sum may differ from 2^level, so the estimate is
    for coding with that sum as the total. The code of f takes bits in proportion to log2 f, and
    some that do not depend on the level.
    """
    scale = float(ONE << level) / n
    total = 0.0
    bits = 0.0
    for c in counts:
        f = max(ONE, np.uint64(c * scale + 0.5))
        total += float(f)
        bits += (FREQUENCY_COST - c) * LOG2[f]
    return bits + n * np.log2(total)


@inner
def choose_level(counts, n, precision):
    """The level, at most `precision`, at which a row's occurrences and frequencies cost least.

    In a first guess, frequencies grow with the square root of counts, like the precision to
    which counts determine them. Costs have a single minimum, close to there.
    """
    least = bit_length(np.uint64(counts.size) - ONE)
    if counts.size == 1:
        return ZERO
    guess = np.uint64(0.5 * np.log2(n * float(counts.size)) + 0.5)
    level = min(max(guess, least), precision)
    bits = estimate_bits(counts, n, level)
    start = level
    while level < precision:
        more = estimate_bits(counts, n, level + ONE)
        if more >= bits:
            break
        level, bits = level + ONE, more
    if level > start:
        return level
    while level > least:
        fewer = estimate_bits(counts, n, level - ONE)
        if fewer > bits:
            break
        level, bits = level - ONE, fewer
    return level


@kernel
def quantize_contexts(counts, precision, freq):
    """Fill `freq` so that occurrences and table together cost little.

    Parameters
    ----------
    counts : uint32[alphabet, alphabet]
        How often each symbol occurs after each context; no row has more than 2^precision symbols.
    precision : uint64
        1 to 12.
    freq : uint32[alphabet, alphabet]
        Filled. The rows of 0 and of all symbols that occur sum to 2^precision, others are zero;
        pairs that occur have a frequency.
    """
    alphabet = counts.shape[0]
    found = np.empty(alphabet, np.uint64)
    used = found[: list_used(counts, found)]
    columns = np.empty(alphabet, np.uint64)
    compact = np.empty(alphabet, np.float64)
    units, heap = np.empty(alphabet, np.uint32), np.empty(alphabet, np.uint32)
    keys = np.empty(alphabet, np.float64)
    freq[:] = 0
    for c in used:
        present = ZERO
        n = 0.0
        for s in used:
            # Without a branch: always written, and kept if the count advances.
            count = counts[c, s]
            columns[present], compact[present] = s, float(count)
            present += np.uint64(count > 0)
            n += float(count)
        if present == ZERO:
            freq[c, 0] = ONE << precision
            continue
        row = compact[:present]
        level = choose_level(row, n, precision)
        quantize_row(row, ONE << level, units, keys, heap)
        for i in range(present):
            freq[c, columns[i]] = np.uint64(units[i]) << (precision - level)
