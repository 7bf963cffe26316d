"""Joining classes of rows whose difference does not pay for what it costs to tell them apart.

That is the bits of a table, and those of the classes, which are written as differences of each from
the one before. Only neighbours are tried: classes are in the order of what their symbols add up to.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner
from ansflow.kernels.tables.frequency_code import log2
from ansflow.kernels.vector.lengths import CLASSES

__all__ = ["cost_of_groups", "merge_classes"]

U_CLASSES = np.uint64(CLASSES)

# What is known of a class: the bits of its symbols, how many there are, and how many occur; the
# bits of those of it and the next class, and how many both have; and those of moves without it.
OWN, SIZE, USED, UNION, ALIKE, MOVED = map(np.uint64, range(6))

# Bits of a table for each symbol of a class; measured on logarithmic tokens.
SYMBOL_COST = 6.0
# By how many bits the entropy of a sample is too low for each symbol (Miller 1955).
BIAS = 0.5 / np.log(2.0)


@inner
def weighted(count):
    """A count times its binary logarithm: a sum of them is the heart of an entropy."""
    return float(count) * log2(count) if count > ZERO else 0.0


@inner
def cost_of_symbol(scale):
    """Bits that a symbol takes in a table, and those that a sample lacks for it."""
    return SYMBOL_COST + BIAS * (scale - 1.0)


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
    """Bits that the symbols of class k take, how many there are, and how many occur."""
    bits, n, used = 0.0, ZERO, ZERO
    for s in range(counts.shape[1]):
        count = np.uint64(counts[k, s])
        if count > ZERO:  # most symbols don't occur
            bits -= weighted(count)
            n += count
            used += ONE
    return bits + weighted(n), n, used


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
def cost_of_groups(counts, first, last, scale):
    """Bits that all symbols of some groups and a table take, if they have one distribution.

    Parameters
    ----------
    counts : uint32[groups, alphabet]
        Of a sample.
    first, last : uint64
        These groups and those between them.
    scale : float64
        How many times as many symbols there are as in the sample.
    """
    bits, n, present = 0.0, ZERO, ZERO
    for s in range(counts.shape[1]):
        count = ZERO
        for k in range(first, last + ONE):
            count += np.uint64(counts[k, s])
        if count > ZERO:
            bits -= weighted(count)
            n += count
            present += ONE
    return (bits + weighted(n)) * scale + cost_of_symbol(scale) * float(present)


@inner
def join(counts, pairs, classes, number, joined):
    """Make `joined` + 1 and `joined` one class; those above take the number below theirs."""
    for k in range(joined + ONE, number):
        for s in range(counts.shape[1]):
            count = counts[k, s]
            counts[k, s] = 0
            counts[k - ONE, s] += count
    for i in range(number):
        for j in range(number):
            count = pairs[i, j]
            pairs[i, j] = 0
            pairs[i - np.uint64(i > joined), j - np.uint64(j > joined)] += count
    for i in range(classes.size):
        classes[i] -= np.uint8(np.uint64(classes[i]) > joined)


@inner
def merge_classes(counts, classes, scale, moves, pairs):
    """Join neighbours while that saves bits.

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

    Returns
    -------
    How many classes are left, the bits of classes, and about how many bits all symbols take, with
    tables and classes.
    """
    symbol_cost = cost_of_symbol(scale)
    count_moves(classes, pairs)
    number = U_CLASSES
    # Of classes, of each with the next one, and of moves then.
    facts = np.empty((6, CLASSES))
    # Those that are new, and those that have another next one than before.
    first, last, begin = ZERO, number, ZERO
    while True:
        for k in range(first, last):
            facts[OWN, k], facts[SIZE, k], facts[USED, k] = bits_of_class(counts, k)
        for k in range(begin, min(last, number - ONE)):
            facts[UNION, k], facts[ALIKE, k] = bits_of_union(counts, k)
        for k in range(number):  # at last, none are joined
            is_joined = np.uint64(k + ONE < number)
            joined = k if is_joined else number
            facts[MOVED, k] = bits_of_moves(pairs, number, joined, number - is_joined, moves)
        least, where, before = np.inf, ZERO, facts[MOVED, number - ONE]
        for k in range(number - ONE):
            bits = facts[UNION, k] - facts[OWN, k] - facts[OWN, k + ONE]
            bits += facts[MOVED, k] - before
            is_empty = (facts[SIZE, k] == 0.0) | (facts[SIZE, k + ONE] == 0.0)
            bits = -np.inf if is_empty else bits * scale - symbol_cost * facts[ALIKE, k]
            if bits < least:
                least, where = bits, k
        if least > 0.0:
            break
        join(counts, pairs, classes, number, where)
        number -= ONE
        for k in range(where + ONE, number):
            for fact in range(MOVED):
                facts[fact, k] = facts[fact, k + ONE]
        first, last, begin = where, where + ONE, where - min(where, ONE)
    of_all, symbols = before, 0.0
    for k in range(number):
        of_all += facts[OWN, k]
        symbols += facts[USED, k]
    return number, before, of_all * scale + symbol_cost * symbols
