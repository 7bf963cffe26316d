"""Which columns of a table are alike: what they take together, and what apart.

A column is told by its tokens, which are counted in two views: of numbers as they are, and of
differences from the one before. A group has one view, and one table of frequencies.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, inner, sampling_kernel
from ansflow.kernels.tables.frequency_code import log2
from ansflow.kernels.transforms.words import bit_length

__all__ = ["TOKENS", "VIEWS", "count_tokens", "join_alike", "to_integers"]

VIEWS, TOKENS = 2, 256
AS_THEY_ARE, DIFFERENCES = ZERO, ONE

# Numbers below 192 are tokens, and there is one for each number of bits above. Tokens of
# differences are those of `log`.
DIRECT, MORE = np.uint64(192), np.uint64(192 - 7)
SMALL, SMALL_MORE = np.uint64(16), np.uint64(16 - 4 - 4)
TWO, MANTISSA = np.uint64(2), np.uint64(3)
SIGN = np.uint64(63)

# One in so many floats, as a power of two, may be no integer over a factor, and others are smaller.
FEW, LARGEST = np.uint64(6), 2.0**46

# The share of its price that joining a group at once may cost.
WELL = 0.25
ALL_BUT_SIGN = (1 << 63) - 1


@sampling_kernel
def to_integers(floats, factors, numbers, told):
    """Floats of each column as integers in the same order.

    That is by the first factor that makes integers of all but a few, or by their bits without those
    that are 0 in all of them.

    Parameters
    ----------
    floats : float64[k, n]
        k columns. What is not finite counts as the number before.
    factors : float64[m]
    numbers : int64[k, n]
        Filled.
    told : int64[k, 2]
        Filled with the number of the factor, or m, and with how many floats are not finite.
    """
    n, m = np.uint64(floats.shape[1]), np.uint64(factors.size)
    for k in range(np.uint64(floats.shape[0])):
        column, own = floats[k], numbers[k]
        lacking, found = ZERO, ZERO
        for i in range(n):
            lacking += np.uint64(not abs(column[i]) < np.inf)
        while found < m and not are_integers(column, factors[found], own):
            found += ONE
        if found == m:
            bits, union, before = column.view(np.int64), np.int64(0), np.int64(0)
            for i in range(n):
                before = bits[i] if abs(column[i]) < np.inf else before
                union |= before
                own[i] = before ^ (before >> 63 & ALL_BUT_SIGN)
            zeros = bit_length(np.uint64(union & -union))
            shift = np.int64(max(ONE, np.uint64(zeros)) - ONE)
            for i in range(n):
                own[i] >>= shift
        told[k, 0], told[k, 1] = np.int64(found), np.int64(lacking)


@inlined
def are_integers(column, factor, numbers):
    """Whether most floats are integers over a factor, which are filled in then."""
    exceptions, most, before = ZERO, np.uint64(column.size) >> FEW, np.int64(0)
    for i in range(np.uint64(column.size)):
        x = column[i]
        whole = np.rint(x * factor)
        if whole / factor == x and abs(whole) < LARGEST:
            before = np.int64(whole)
        elif abs(x) < np.inf:
            exceptions += ONE
            if exceptions > most:
                break
        numbers[i] = before
    return exceptions <= most


@sampling_kernel
def count_tokens(numbers, counts, raw_bits):
    """Count the tokens of each column in both views, and their raw bits.

    Parameters
    ----------
    numbers : uint64[k, n]
        k columns.
    counts : uint32[k, 2, 256]
        Filled.
    raw_bits : float64[k, 2]
        Filled.
    """
    counts[:] = 0
    for k in range(np.uint64(numbers.shape[0])):
        before, raw, raw_of_differences = numbers[k, ZERO], ZERO, ZERO
        own, differences = counts[k, AS_THEY_ARE], counts[k, DIFFERENCES]
        for i in range(np.uint64(numbers.shape[1])):
            number = numbers[k, i]
            delta = number - before
            before = number
            width = np.uint64(bit_length(number)) - ONE
            is_direct = number < DIRECT
            own[number if is_direct else MORE + width] += np.uint32(1)
            raw += ZERO if is_direct else width
            folded = (delta << ONE) ^ (ZERO - (delta >> SIGN))
            is_direct = folded < SMALL
            width = ZERO if is_direct else np.uint64(bit_length(folded)) - ONE - TWO
            token = SMALL_MORE + (width << TWO) + (folded >> width & MANTISSA)
            differences[folded if is_direct else token] += np.uint32(1)
            raw_of_differences += width
        raw_bits[k, AS_THEY_ARE] = float(raw)
        raw_bits[k, DIFFERENCES] = float(raw_of_differences)


@sampling_kernel
def join_alike(counts, raw_bits, traits, scale, table, price, firsts):
    """Join groups for as long as two take less more together than apart than a group costs.

    Each column in turn joins the group before it that suits it best, if it suits it well: that
    leaves few groups of many columns. Then those join each other first that suit each other best.

    Parameters
    ----------
    counts : uint32[k, views, tokens]
        Of k columns; afterwards, of the groups whose first columns they are.
    raw_bits : float64[k, views]
        The same.
    traits : int64[k]
        Columns are not joined if these differ.
    scale : float64
        Numbers for each of those that were counted.
    table, price : float64
        Bits that a token of a table takes, and a group.
    firsts : int64[k]
        Filled with the first column of the group that each is in.
    """
    count, left = np.uint64(firsts.size), ZERO
    alone, leaders = np.empty(count), np.empty(count, np.uint64)
    told = counts, raw_bits, scale, table
    for i in range(count):
        alone[i] = least_bits(*told, np.uint64(i), np.uint64(i))
        best, fewest = ZERO, np.inf
        for a in range(left):
            j = leaders[a]
            if traits[i] == traits[j]:
                more = least_bits(*told, j, np.uint64(i)) - alone[i] - alone[j]
                if more < fewest:
                    best, fewest = j, more
        if fewest < price * WELL:
            add(counts, raw_bits, best, np.uint64(i))
            alone[best] += alone[i] + fewest
            firsts[i] = np.int64(best)
        else:
            firsts[i], leaders[left] = np.int64(i), np.uint64(i)
            left += ONE
    # What those after each other in the order of `leaders` take more; infinite for what has gone.
    pairs = np.empty((left, left))
    for b in range(left):
        for a in range(left):
            i, j = leaders[a], leaders[b]
            pairs[a, b] = np.inf
            if a < b and traits[i] == traits[j]:
                pairs[a, b] = least_bits(*told, i, j) - alone[i] - alone[j]
    while True:
        one, other, fewest = ZERO, ZERO, price
        for a in range(left):
            for b in range(left):
                if pairs[a, b] < fewest:
                    one, other, fewest = np.uint64(a), np.uint64(b), pairs[a, b]
        if not fewest < price:
            return
        i, gone = leaders[one], leaders[other]
        add(counts, raw_bits, i, gone)
        alone[i] += alone[gone] + fewest
        for column in range(count):
            if firsts[column] == np.int64(gone):
                firsts[column] = np.int64(i)
        for a in range(left):
            j = leaders[a]
            pairs[a, other] = np.inf
            pairs[other, a] = np.inf
            if j != i and firsts[j] == np.int64(j) and traits[i] == traits[j]:
                more = least_bits(*told, i, j) - alone[i] - alone[j]
                pairs[min(one, np.uint64(a)), max(one, np.uint64(a))] = more


@inner
def add(counts, raw_bits, i, j):
    """Make group j a part of group i."""
    for view in range(np.uint64(counts.shape[1])):
        raw_bits[i, view] += raw_bits[j, view]
        for token in range(np.uint64(counts.shape[2])):
            counts[i, view, token] += counts[j, view, token]


@inner
def least_bits(counts, raw_bits, scale, table, i, j):
    """Bits of groups i and j together in the better view, or of one group if it is both."""
    least, times = np.inf, np.uint64(i != j)
    for view in range(np.uint64(counts.shape[1])):
        bits = raw_bits[i, view] + float(times) * raw_bits[j, view]
        total, used = ZERO, ZERO
        for token in range(np.uint64(counts.shape[2])):
            seen = np.uint64(counts[i, view, token]) + times * np.uint64(counts[j, view, token])
            total += seen
            used += np.uint64(seen > ZERO)
            bits -= float(seen) * log2(seen)
        bits += float(total) * log2(total)
        least = min(least, scale * bits + table * float(used))
    return least
