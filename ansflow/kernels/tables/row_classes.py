"""Finding classes of rows: which rows of 64 symbols have a distribution in common.

That is k-means with code lengths as distances, on a sample of the rows. It starts from rows
that are alike in the sum of their symbols (`split_rows`), and then takes turns: `count_rows` counts
the symbols of each class, and `choose_classes` moves each row to the class under which it is
shortest. Then `merge_classes` unites neighbours for as long as that saves more bits of tables and
classes than it costs symbols. At last all rows are given a class, at the price of saying which.

Code lengths are whole numbers, in sixty-fourths of a bit, of 16 bits: those of a symbol in all eight
classes are two integers, and two additions a symbol add them up for all classes at once. No
sum overflows its 16 bits, as a row has 64 symbols, of lengths below 2^10.
"""

import numpy as np

from ansflow.kernels.coders.row_classes import ROW_SHIFT
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.tables.frequency_code import LOG2
from ansflow.kernels.vector.lengths import CLASSES as MAX_CLASSES, add_lengths

__all__ = [
    "MAX_CLASSES",
    "PARTIALS",
    "SUMS",
    "choose_classes",
    "count_rows",
    "find_classes",
    "subtract_classes",
]

U_MAX_CLASSES = np.uint64(MAX_CLASSES)
LAST_CLASS = U_MAX_CLASSES - ONE

U_ROW_SHIFT = np.uint64(ROW_SHIFT)
U_ROW = ONE << U_ROW_SHIFT

# Rows are told apart by the mean of their symbols, in sixteenths.
SUM_SHIFT = np.uint32(2)
SUMS = (255 << ROW_SHIFT >> 2) + 1

# Code lengths: units in a bit, and the longest.
UNITS = 64.0
LONGEST = (1 << 16 >> ROW_SHIFT) - 1
CLASS_SHIFT = np.uint64(3)

# The logarithm of how often a symbol counts in classes without it.
LOG2_ABSENT = np.log2(0.3)

# Bits of a table for each symbol of a class; measured on logarithmic tokens.
SYMBOL_COST = 6.0
# By how many bits the entropy of a sample is too low for each symbol (Miller 1955).
BIAS = 0.5 / np.log(2.0)

ROUNDS = 3

# Sub-histograms, so that increments seldom wait for each other.
PARTIALS = 4


@kernel
def sum_rows(symbols, sums):
    """Fill ``sums``, uint32[rows], with the sums of whole rows; a shorter one is scaled up."""
    size = np.uint64(symbols.size)
    whole = size >> U_ROW_SHIFT
    for i in range(whole):
        base = np.uint64(i) << U_ROW_SHIFT
        total = np.uint32(0)
        for j in range(U_ROW):
            total += np.uint32(symbols[base + np.uint64(j)])
        sums[i] = total >> SUM_SHIFT
    rest = size - (whole << U_ROW_SHIFT)
    if rest > ZERO:
        total = np.uint32(0)
        for j in range(size - rest, size):
            total += np.uint32(symbols[j])
        sums[whole] = ((np.uint64(total) << U_ROW_SHIFT) // rest) >> np.uint64(SUM_SHIFT)


@kernel
def split_rows(sums, tally, classes):
    """Give rows a class each, by their sums.

    A class gets its share of the rows that the classes before it have left. Rows of the same sum
    stay together, so that a class of rows without any information doesn't take all the others.

    Parameters
    ----------
    sums : uint32[rows]
    tally : uint32[SUMS]
        Scratch.
    classes : uint8[rows]
        Filled.
    """
    most = np.uint32(0)
    for total in sums:
        most = max(most, total)
    tally[: np.uint64(most) + ONE] = 0
    for total in sums:
        tally[total] += np.uint32(1)
    left = np.uint64(sums.size)
    have, number = ZERO, ZERO
    for i in range(np.uint64(most) + ONE):
        count = np.uint64(tally[i])
        share = (left + have) // (U_MAX_CLASSES - number)
        if have > ZERO and number < LAST_CLASS and have + (count >> ONE) > share:
            number += ONE
            have = ZERO
        have += count
        left -= count
        tally[i] = number
    for i in range(sums.size):
        classes[i] = tally[sums[i]]


@kernel
def count_rows(symbols, classes, partial, counts):
    """Fill ``counts``, uint32[8, 256], with the symbols of each class.

    Parameters
    ----------
    symbols : uint8[n]
    classes : uint8[ceil(n / 64)]
        Below 8.
    partial : uint32[PARTIALS, 8, 256]
        Scratch.
    counts : uint32[8, 256]
    """
    partial[:] = 0
    size = np.uint64(symbols.size)
    whole = size >> U_ROW_SHIFT
    zero, one, two, three = partial[0], partial[1], partial[2], partial[3]
    for i in range(whole):
        row = np.uint64(classes[i])
        base = np.uint64(i) << U_ROW_SHIFT
        for j in range(base, base + U_ROW, PARTIALS):
            at = np.uint64(j)
            zero[row, symbols[at]] += np.uint32(1)
            one[row, symbols[at + ONE]] += np.uint32(1)
            two[row, symbols[at + ONE + ONE]] += np.uint32(1)
            three[row, symbols[at + ONE + ONE + ONE]] += np.uint32(1)
    for j in range(whole << U_ROW_SHIFT, size):
        zero[classes[whole], symbols[j]] += np.uint32(1)
    for k in range(counts.shape[0]):
        for s in range(counts.shape[1]):
            counts[k, s] = zero[k, s] + one[k, s] + two[k, s] + three[k, s]


@kernel
def log2(count):
    """The binary logarithm of a positive number of symbols."""
    return LOG2[count] if count < np.uint64(LOG2.size) else np.log2(float(count))


@kernel
def fill_lengths(counts, lengths):
    """Fill ``lengths``, uint16[256, 8], from ``counts``, uint32[8, 256]: of symbols in classes."""
    for k in range(counts.shape[0]):
        n = ZERO
        for s in range(counts.shape[1]):
            n += np.uint64(counts[k, s])
        # A class without symbols is never chosen.
        total = log2(n) if n > ZERO else float(LONGEST)
        for s in range(counts.shape[1]):
            count = np.uint64(counts[k, s])
            bits = total - (log2(count) if count > ZERO else LOG2_ABSENT)
            lengths[s, k] = min(bits * UNITS + 0.5, float(LONGEST))


@kernel
def choose_classes(symbols, lengths, moves, number, classes):
    """Give each row the class under which it is shortest.

    Parameters
    ----------
    symbols : uint8[n]
    lengths : uint16[256, 8]
        From `fill_lengths`.
    moves : uint64[8]
        What it costs that a class exceeds that of the row before by 0, 1, ... modulo `number`.
    number : uint64
        Of classes.
    classes : uint8[ceil(n / 64)]
        Filled.
    """
    size = np.uint64(symbols.size)
    totals = np.empty(MAX_CLASSES, np.uint16)
    previous = ZERO
    for i in range(classes.size):
        base = np.uint64(i) << U_ROW_SHIFT
        if base + U_ROW <= size:
            add_lengths(symbols, base, lengths, totals)
        else:
            totals[:] = 0
            for j in range(base, size):
                for k in range(MAX_CLASSES):
                    totals[k] += lengths[symbols[j], k]
        best = ~ZERO
        for k in range(number):
            number_ = np.uint64(k)
            move = number_ - previous if number_ >= previous else number_ + number - previous
            best = min(best, ((np.uint64(totals[k]) + moves[move]) << CLASS_SHIFT) | number_)
        previous = best & LAST_CLASS
        classes[i] = previous


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
    merged = np.zeros((MAX_CLASSES, MAX_CLASSES), np.uint64)
    for i in range(number):
        a = np.uint64(i) - np.uint64(np.uint64(i) > joined)
        for j in range(number):
            b = np.uint64(j) - np.uint64(np.uint64(j) > joined)
            merged[a, b] += pairs[i, j]
    pairs[:] = merged


@kernel
def merge_classes(counts, classes, scale, moves):
    """Join neighbours while that saves bits; return how many classes are left.

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
    pairs = np.empty((MAX_CLASSES, MAX_CLASSES), np.uint64)
    labels = np.arange(MAX_CLASSES).astype(np.uint8)
    count_moves(classes, pairs)
    number = U_MAX_CLASSES
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
    if number < U_MAX_CLASSES:
        for i in range(classes.size):
            classes[i] = labels[classes[i]]
    bits_of_moves(pairs, number, number, number, moves)
    return number


@kernel
def find_classes(symbols, scale, tally, partial, counts, classes, lengths, moves):
    """Find classes of rows in a sample; return how many.

    Parameters
    ----------
    symbols : uint8[n]
        The sample: at least one row.
    scale : float64
        How many times as many symbols there are in all.
    tally : uint32[SUMS], partial : uint32[PARTIALS, 8, 256], counts : uint32[8, 256]
        Scratch.
    classes : uint8[ceil(n / 64)]
        Scratch.
    lengths : uint64[256, 2], moves : uint64[8]
        Filled with what `choose_classes` takes to choose a class of all rows.
    """
    sums = np.empty(classes.size, np.uint32)
    sum_rows(symbols, sums)
    split_rows(sums, tally, classes)
    moves[:] = 0
    for _ in range(ROUNDS):
        count_rows(symbols, classes, partial, counts)
        fill_lengths(counts, lengths)
        choose_classes(symbols, lengths, moves, U_MAX_CLASSES, classes)
    count_rows(symbols, classes, partial, counts)
    number = merge_classes(counts, classes, scale, moves)
    fill_lengths(counts, lengths)
    total = log2(np.uint64(classes.size) + ONE)
    for k in range(MAX_CLASSES):
        moves[k] = (total - log2(moves[k]) if moves[k] > ZERO else total) * UNITS
    return number


@kernel
def subtract_classes(classes, number, differences):
    """Fill ``differences``, uint8[rows]: each class less the one before it, modulo `number`."""
    previous = ZERO
    for i in range(classes.size):
        class_ = np.uint64(classes[i])
        differences[i] = class_ - previous if class_ >= previous else class_ + number - previous
        previous = class_
