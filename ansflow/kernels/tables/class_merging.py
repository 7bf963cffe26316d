"""Joining classes of rows whose difference does not pay for what it costs to tell them apart.

That is the bits of a table, and those of the classes, which are written as differences of each from
the one before. Only neighbours are tried: classes are in the order of what their symbols add up to.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.tables.frequency_code import LOG2
from ansflow.kernels.vector.lengths import CLASSES

__all__ = ["log2", "merge_classes"]

U_CLASSES = np.uint64(CLASSES)

# Bits of a table for each symbol of a class; measured on logarithmic tokens.
SYMBOL_COST = 6.0
# By how many bits the entropy of a sample is too low for each symbol (Miller 1955).
BIAS = 0.5 / np.log(2.0)


@kernel
def log2(count):
    """The binary logarithm of a positive number of symbols."""
    return LOG2[count] if count < np.uint64(LOG2.size) else np.log2(float(count))


@kernel
def entropy(counts):
    """Bits that symbols take in all, if they have been counted and are coded accordingly."""
    n, bits = ZERO, 0.0
    for s in range(counts.size):
        count = np.uint64(counts[s])
        if count > ZERO:
            bits -= float(count) * log2(count)
            n += count
    return bits + float(n) * log2(n) if n > ZERO else 0.0


@kernel
def count_moves(classes, pairs):
    """Fill ``pairs``, uint64[8, 8]: how often a row of class i comes before one of class j."""
    pairs[:] = 0
    previous = ZERO
    for i in range(classes.size):
        pairs[previous, classes[i]] += ONE
        previous = np.uint64(classes[i])


@kernel
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
    return entropy(moves)


@kernel
def present(counts):
    """How many symbols have been counted."""
    n = ZERO
    for s in range(counts.size):
        n += np.uint64(counts[s] > 0)
    return n


@kernel
def join(counts, pairs, number, joined):
    """Make `joined` + 1 and `joined` one class; those above take the number below theirs."""
    for k in range(joined + ONE, number):
        at = np.uint64(k)
        if at == joined + ONE:
            for s in range(counts.shape[1]):
                counts[joined, s] += counts[at, s]
        else:
            counts[at - ONE] = counts[at]
    counts[number - ONE] = 0
    merged = np.zeros((CLASSES, CLASSES), np.uint64)
    for i in range(number):
        a = np.uint64(i) - np.uint64(np.uint64(i) > joined)
        for j in range(number):
            b = np.uint64(j) - np.uint64(np.uint64(j) > joined)
            merged[a, b] += pairs[i, j]
    pairs[:] = merged


@kernel
def merge_classes(counts, classes, scale, moves):
    """Join neighbours while that saves bits; return how many are left, and the bits of classes.

    Parameters
    ----------
    counts : uint32[8, 256]
        Of a sample. Those that are left come first.
    classes : uint8[rows]
        Changed accordingly.
    scale : float64
        How many times as many symbols there are as in the sample.
    moves : uint64[8]
        Filled with how often classes differ by 0, 1, ... from those before.
    """
    symbol_cost = SYMBOL_COST + BIAS * (scale - 1.0)
    union = np.empty(counts.shape[1], np.uint32)
    pairs = np.empty((CLASSES, CLASSES), np.uint64)
    labels = np.arange(CLASSES).astype(np.uint8)
    count_moves(classes, pairs)
    number = U_CLASSES
    while number > ONE:
        least, where = np.inf, ZERO
        before = bits_of_moves(pairs, number, number, number, moves)
        for k in range(number - ONE):
            one, two = counts[k], counts[k + 1]
            for s in range(union.size):
                union[s] = one[s] + two[s]
            symbols, ones, twos = present(union), present(one), present(two)
            bits = entropy(union) - entropy(one) - entropy(two)
            bits += bits_of_moves(pairs, number, np.uint64(k), number - ONE, moves) - before
            bits = bits * scale - symbol_cost * float(ones + twos - symbols)
            if ones == ZERO or twos == ZERO:
                bits = -np.inf
            if bits < least:
                least, where = bits, np.uint64(k)
        if least > 0.0:
            break
        join(counts, pairs, number, where)
        for k in range(labels.size):
            labels[k] -= np.uint8(np.uint64(labels[k]) > where)
        number -= ONE
    if number < U_CLASSES:
        for i in range(classes.size):
            classes[i] = labels[classes[i]]
    return number, bits_of_moves(pairs, number, number, number, moves)
