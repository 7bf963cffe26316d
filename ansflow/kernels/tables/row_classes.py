"""Finding classes of rows: which rows of 64 symbols have a distribution in common.

That is k-means with code lengths as distances, on a sample of the rows. It starts from rows
that are alike in the sum of their symbols (`split_rows`), and then takes turns: `count_rows` counts
the symbols of each class, and `choose_classes` moves each row to the class under which it is
shortest. Then `merge_classes` unites neighbours for as long as that saves more bits of tables and
classes than it costs symbols. At last all rows are given a class, at the price of saying which.

Code lengths are whole numbers, in sixty-fourths of a bit, below 2^10: those of a row's 64 symbols
add up to no more than 16 bits hold, and are added up for all eight classes at once (see
`ansflow.kernels.vector.lengths`).
"""

import numpy as np

from ansflow.kernels.coders.row_classes import ROW, ROW_SHIFT
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, sampling_kernel
from ansflow.kernels.tables.class_merging import cost_of_groups, merge_classes
from ansflow.kernels.tables.frequency_code import log2
from ansflow.kernels.vector.lengths import CLASSES as MAX_CLASSES, add_lengths

__all__ = [
    "MAX_CLASSES",
    "SUMS",
    "are_dispersed",
    "choose_classes",
    "classify",
    "count_rows",
    "fill_lengths",
    "split_rows",
    "sum_rows",
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
# Above all prices.
UNCHOSEN = ONE << np.uint64(40)

# The logarithm of how often a symbol counts in classes without it.
LOG2_ABSENT = np.log2(0.3)

ROUNDS = 2

# Rows that differ less than this, where 1 is chance, have hardly ever been seen to gain.
DISPERSED = 1.5

# What classes may leave of a sample at most, of what one distribution does, for all rows to be
# given one: they suit the sample, by which they were found, a bit better than all.
WORTH_CLASSES = 0.99

# Sub-histograms, so that increments seldom wait for each other. They have a row more than there are
# classes: a load waits for a store 4 KiB apart, too, or a multiple of that.
PARTIALS = 4, MAX_CLASSES + 1


@inner
def sum_rows(symbols, sums):
    """Fill ``sums``, uint32[rows], with the sums of whole rows."""
    for i in range(np.uint64(sums.size)):
        base, total = i << U_ROW_SHIFT, np.uint32(0)
        for j in range(base, base + U_ROW):
            total += np.uint32(symbols[j])
        sums[i] = total >> SUM_SHIFT


@inner
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
        if have > ZERO and number < LAST_CLASS and have + have + count > share + share:
            number += ONE
            have = ZERO
        have += count
        left -= count
        tally[i] = number
    for i in range(sums.size):
        classes[i] = tally[sums[i]]


@inner
def count_rows(symbols, classes, partial, counts):
    """Fill ``counts``, uint32[8, alphabet], with the symbols of each class.

    Parameters
    ----------
    symbols : uint8[n]
        Below `alphabet`.
    classes : uint8[ceil(n / 64)]
        Below 8.
    partial : uint32[(*PARTIALS, alphabet)]
        Scratch.
    counts : uint32[8, alphabet]
    """
    partial[:] = 0
    size = np.uint64(symbols.size)
    whole = size >> U_ROW_SHIFT
    zero, one, two, three = partial[0], partial[1], partial[2], partial[3]
    for i in range(whole):
        row = np.uint64(classes[i])
        base = np.uint64(i) << U_ROW_SHIFT
        for j in range(base, base + U_ROW, PARTIALS[0]):
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


@inner
def fill_lengths(counts, lengths):
    """Fill ``lengths``, uint16[alphabet, 8], from `counts` of as many: of symbols in classes."""
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


@inner
def price_classes(moves, number):
    """What it costs that a row has class k after one of class i, shifted up, and k below it.

    As all classes are priced, whichever is chosen, rows take no branches.
    """
    prices = np.empty((MAX_CLASSES, MAX_CLASSES), np.uint64)
    prices[:] = UNCHOSEN
    for i in range(number):
        for j in range(number):
            k = np.uint64(j)
            move = k - np.uint64(i) if k >= np.uint64(i) else k + number - np.uint64(i)
            prices[i, j] = (moves[move] << CLASS_SHIFT) | k
    return prices


@inner
def choose_classes(symbols, lengths, moves, number, totals, classes):
    """Give each row the class under which it is shortest.

    Parameters
    ----------
    symbols : uint8[n]
        Below `alphabet`.
    lengths : uint16[alphabet, 8]
        From `fill_lengths`.
    moves : uint64[8]
        What it costs that a class exceeds that of the row before by 0, 1, ... modulo `number`.
    number : uint64
        Of classes.
    totals : uint16[8]
        Scratch.
    classes : uint8[ceil(n / 64)]
        Filled.
    """
    size = np.uint64(symbols.size)
    prices = price_classes(moves, number)
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
        own = prices[previous]
        best = UNCHOSEN
        for k in range(MAX_CLASSES):
            price = (np.uint64(totals[k]) << CLASS_SHIFT) + own[k]
            best = price if price < best else best
        previous = best & LAST_CLASS
        classes[i] = previous


@inner
def price_moves(moves, rows):
    """Make of how often classes differ by 0, 1, ... what that costs, for `choose_classes`."""
    total = log2(rows + ONE)
    for k in range(moves.size):
        moves[k] = (total - log2(max(ONE, moves[k]))) * UNITS


@inner
def spread(symbols, rows, centre):
    """How many times as much as by chance distances from a symbol add up to more or less in rows.

    Returns
    -------
    ``(times, mean)``: that, 0 if all distances are the same, and the mean distance.
    """
    total, squares, squares_of_sums = ZERO, ZERO, 0.0
    for i in range(rows):
        base = np.uint64(i) << U_ROW_SHIFT
        sum_of_row, squares_of_row = np.uint32(0), np.uint32(0)
        for j in range(U_ROW):
            distance = np.uint32(abs(np.int32(symbols[base + np.uint64(j)]) - centre))
            sum_of_row += distance
            squares_of_row += distance * distance
        total += np.uint64(sum_of_row)
        squares += np.uint64(squares_of_row)
        squares_of_sums += float(sum_of_row) * float(sum_of_row)
    mean = float(total) / (float(rows) * ROW)
    by_chance = float(squares) / float(rows) - mean * mean * ROW
    mean_of_sums = mean * ROW
    varies = squares_of_sums / float(rows) - mean_of_sums * mean_of_sums
    return varies / by_chance if by_chance > 0.0 else 0.0, mean


@sampling_kernel
def are_dispersed(symbols):
    """Whether whole rows, at least one, differ more in their means, or in widths, than by chance.

    Where they do not, which is often, `classify` need not be compiled.
    """
    rows = np.uint64(symbols.size) >> U_ROW_SHIFT
    means, mean = spread(symbols, rows, np.int32(0))
    widths, _ = spread(symbols, rows, np.int32(mean + 0.5))
    return max(means, widths) >= DISPERSED


@inner
def length_of_alphabet(symbols):
    """The highest symbol and one."""
    highest = np.uint8(0)
    for symbol in symbols:
        highest = symbol if symbol > highest else highest
    return np.uint64(highest) + ONE


@sampling_kernel
def classify(symbols, sample, most, counts, classes):
    """Give each row of symbols that are dispersed a class.

    Parameters
    ----------
    symbols : uint8[n]
    sample : uint8[]
        Whole rows of them: at least one.
    most : float64
        Classes are of no use if all takes about so many bits or more by the sample; nor if they
        hardly gain anything there.
    counts : uint32[8, 256]
        Filled with the symbols of each class.
    classes : uint8[ceil(n / 64)]
        Filled.

    Returns
    -------
    ``(number, bits)``: how many classes there are, each with symbols, and about how many bits
    it takes to say which row has which. A number of 1 means that classes are of no use; the rest
    means nothing then.
    """
    rows = np.uint64(sample.size) >> U_ROW_SHIFT
    bits = of_all = 0.0
    # Most symbols are small numbers, and there are few rows: tables are no longer than they must.
    alphabet = length_of_alphabet(symbols)
    own_counts = np.empty((MAX_CLASSES, alphabet), np.uint32)
    partial = np.empty((PARTIALS[0], PARTIALS[1], alphabet), np.uint32)
    lengths, totals = np.empty((alphabet, MAX_CLASSES), np.uint16), np.empty(MAX_CLASSES, np.uint16)
    moves, pairs = np.zeros(MAX_CLASSES, np.uint64), np.empty((MAX_CLASSES, MAX_CLASSES), np.uint64)
    sums = np.empty(rows, np.uint32)
    some, own, scale = sample, classes[:rows], float(symbols.size) / float(sample.size)
    sum_rows(some, sums)
    split_rows(sums, np.empty(SUMS, np.uint32), own)
    number = U_MAX_CLASSES
    for turn in range(ROUNDS + 2):
        count_rows(some, own, partial, own_counts)
        if turn >= ROUNDS:
            number, bits, of_all = merge_classes(own_counts, own, scale, moves, pairs)
        if turn > ROUNDS or number == ONE:
            break
        fill_lengths(own_counts, lengths)
        if turn == ROUNDS:  # From here on, all rows.
            alone = cost_of_groups(own_counts, ZERO, number - ONE, scale)
            if of_all >= min(most, WORTH_CLASSES * alone):
                return ONE, 0.0
            price_moves(moves, rows)
            some, own, scale = symbols, classes, 1.0
        choose_classes(some, lengths, moves, number, totals, own)
    counts[:] = 0
    for k in range(counts.shape[0]):
        for s in range(alphabet):
            counts[k, s] = own_counts[k, s]
    return number, bits
