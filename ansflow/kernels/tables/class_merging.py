"""Joining classes of rows whose difference does not pay for what it costs to tell them apart.

That is the bits of a table, and those of the classes, which are written as differences of each from
the one before. Only neighbours are tried: classes are in the order of what their symbols add up to.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner
from ansflow.kernels.tables.frequency_code import log2
from ansflow.kernels.vector.lengths import CLASSES

__all__ = ["bits_of_all", "merge_classes"]

U_CLASSES = np.uint64(CLASSES)

# Bits of a table for each symbol of a class; measured on logarithmic tokens.
SYMBOL_COST = 6.0
# By how many bits the entropy of a sample is too low for each symbol (Miller 1955).
BIAS = 0.5 / np.log(2.0)


@inner
def weighted(count):
    """A count times its binary logarithm: a sum of them is the heart of an entropy."""
    return float(count) * log2(count) if count > ZERO else 0.0


@inner
def count_moves(classes, pairs):
    """Fill ``pairs``, uint64[8, 8]: how often a row of class i comes before one of class j."""
    pairs[:] = 0
    previous = ZERO
    for i in range(classes.size):
        pairs[previous, classes[i]] += ONE
        previous = np.uint64(classes[i])


@inner
def bits_of_moves(pairs, number, joined, left, moves):
    """Bits that differences of classes modulo `left` take, if `joined` + 1 were `joined`.

    `moves`, uint64[8], is filled with how often each occurs.
    """
    moves[:] = 0
    for i in range(number):
        a = np.uint64(i) - np.uint64(np.uint64(i) > joined)
        for j in range(number):
            b = np.uint64(j) - np.uint64(np.uint64(j) > joined)
            moves[b - a if b >= a else left + b - a] += pairs[i, j]
    bits, n = 0.0, ZERO
    for move in moves:
        bits -= weighted(move)
        n += move
    return bits + weighted(n)


@inner
def bits_of_class(counts, k):
    """Bits that the symbols of class k take, and how many there are."""
    bits, n = 0.0, ZERO
    for s in range(counts.shape[1]):
        count = np.uint64(counts[k, s])
        if count > ZERO:  # most symbols don't occur
            bits -= weighted(count)
            n += count
    return bits + weighted(n), n


@inner
def bits_of_union(counts, k):
    """Bits that symbols of classes k and k + 1 take as one, and how many of them both have."""
    bits, n, alike = 0.0, ZERO, ZERO
    for s in range(counts.shape[1]):
        i, j = np.uint64(counts[k, s]), np.uint64(counts[k + ONE, s])
        if i + j > ZERO:
            bits -= weighted(i + j)
            n += i + j
            alike += np.uint64((i > ZERO) & (j > ZERO))
    return bits + weighted(n), alike


@inner
def join(counts, pairs, classes, number, joined):
    """Make `joined` + 1 and `joined` one class; those above take the number below theirs."""
    for k in range(joined, number - ONE):
        for s in range(counts.shape[1]):
            above = counts[k + ONE, s]
            counts[k, s] = counts[k, s] + above if k == joined else above
    counts[number - ONE] = 0
    for i in range(number):
        for j in range(joined, number - ONE):
            above = pairs[i, j + ONE]
            pairs[i, j] = pairs[i, j] + above if j == joined else above
    for i in range(joined, number - ONE):
        for j in range(number):
            above = pairs[i + ONE, j]
            pairs[i, j] = pairs[i, j] + above if i == joined else above
    for i in range(classes.size):
        classes[i] -= np.uint8(np.uint64(classes[i]) > joined)


@inner
def merge_classes(counts, classes, scale, moves, pairs):
    """Join neighbours while that saves bits; return how many are left, and the bits of classes.

    Parameters
    ----------
    counts : uint32[8, alphabet]
        Of a sample. Those that are left come first.
    classes : uint8[rows]
        Changed accordingly.
    scale : float64
        How many times as many symbols there are as in the sample.
    moves : uint64[8]
        Filled with how often classes differ by 0, 1, ... from those before.
    pairs : uint64[8, 8]
        Scratch.
    """
    symbol_cost = SYMBOL_COST + BIAS * (scale - 1.0)
    count_moves(classes, pairs)
    number = U_CLASSES
    # Of classes, and of each with the next one.
    own, sizes = np.empty(CLASSES), np.empty(CLASSES, np.uint64)
    unions, alike = np.empty(CLASSES), np.empty(CLASSES, np.uint64)
    for k in range(number):
        own[k], sizes[k] = bits_of_class(counts, k)
    begin, end = ZERO, number  # of those that have another next one than before
    while number > ONE:
        for k in range(begin, min(end, number - ONE)):
            unions[k], alike[k] = bits_of_union(counts, k)
        least, where = np.inf, ZERO
        before = bits_of_moves(pairs, number, number, number, moves)
        for k in range(number - ONE):
            bits = unions[k] - own[k] - own[k + ONE]
            bits += bits_of_moves(pairs, number, k, number - ONE, moves) - before
            is_empty = (sizes[k] == ZERO) | (sizes[k + ONE] == ZERO)
            bits = -np.inf if is_empty else bits * scale - symbol_cost * float(alike[k])
            if bits < least:
                least, where = bits, k
        if least > 0.0:
            break
        join(counts, pairs, classes, number, where)
        number -= ONE
        for k in range(where + ONE, number):
            own[k], sizes[k] = own[k + ONE], sizes[k + ONE]
            unions[k], alike[k] = unions[k + ONE], alike[k + ONE]
        own[where], sizes[where] = bits_of_class(counts, where)
        begin, end = where - min(where, ONE), where + ONE
    return number, bits_of_moves(pairs, number, number, number, moves)


@inner
def bits_of_all(counts, number, bits, scale):
    """About how many bits all symbols take, with tables and classes.

    The parameters are those of `merge_classes`, and what it returned.
    """
    symbol_cost = SYMBOL_COST + BIAS * (scale - 1.0)
    tables = 0.0
    for k in range(number):
        own, _ = bits_of_class(counts, k)
        bits += own
        for s in range(counts.shape[1]):
            tables += symbol_cost if counts[k, s] else 0.0
    return bits * scale + tables
