"""Finding contexts: which activities of neighbours have a distribution in common.

Symbols of a sample are counted for each activity. Activities are joined to a few dozen intervals of
about equally many symbols, and then neighbouring intervals for as long as that saves more bits of
tables than it costs symbols. The limits between those that are left make contexts.
"""

import numpy as np

from ansflow.kernels.coders.neighbours import (
    BLOCK,
    LIMITS,
    U_BLOCK,
    fill_activity,
    fill_contexts,
)
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, kernel
from ansflow.kernels.tables.class_merging import BIAS, SYMBOL_COST, weighted

__all__ = ["PARTIALS", "SAMPLED", "choose_limits", "count_contexts"]

MAX_CONTEXTS = np.uint64(LIMITS + 1)

# Intervals of activities before any are joined.
INTERVALS = 32
U_INTERVALS = np.uint64(INTERVALS)

# Symbols that follow each other in a sample.
SAMPLED = 1 << 10
U_SAMPLED = np.uint64(SAMPLED)

# Sub-histograms, so that increments seldom wait for each other.
PARTIALS = 2


@inner
def count_activities(symbols, row, plane, every, counts):
    """Fill ``counts``, uint32[A, S], with how often symbols below S come with activities below A.

    That is of 1,024 symbols of each ``every * 1024``, the last of them. The other parameters are
    those of `fill_activity`.
    """
    activity, odd = np.empty(SAMPLED, np.uint8), np.zeros(counts.shape, np.uint32)
    counts[:] = 0
    size = np.uint64(symbols.size)
    end = min(every * U_SAMPLED, size)
    last = ZERO
    while end > last:
        begin = end - min(U_SAMPLED, end - last)
        fill_activity(symbols, begin, end, row, plane, activity)
        whole = (end - begin) & ~ONE
        for j in range(ZERO, whole, ONE + ONE):
            i = np.uint64(j)
            counts[activity[i], symbols[begin + i]] += np.uint32(1)
            odd[activity[i + ONE], symbols[begin + i + ONE]] += np.uint32(1)
        if whole < end - begin:
            counts[activity[whole], symbols[begin + whole]] += np.uint32(1)
        last = end
        end = min(end + every * U_SAMPLED, size)
    for k in range(counts.shape[0]):
        for s in range(counts.shape[1]):
            counts[k, s] += odd[k, s]


@inner
def join_intervals(counts, tops, total):
    """Join activities to at most 32 intervals of about equally many symbols; return how many.

    Parameters
    ----------
    counts : uint32[A, S]
        From `count_activities`; afterwards those of intervals come first, each with symbols.
    tops : uint8[32]
        Filled with the highest activity of each interval.
    total : uint64
        Of all counts.
    """
    number, have, seen = ZERO, ZERO, ZERO
    for k in range(counts.shape[0]):
        at = np.uint64(k)
        own = ZERO
        for s in range(counts.shape[1]):
            own += np.uint64(counts[at, s])
        if own == ZERO:
            continue
        # Whatever has so many symbols that they would be much more than a share starts anew.
        much = (have + own) * U_INTERVALS > total + (total >> ONE)
        if have > ZERO and much and number + ONE < U_INTERVALS:
            number += ONE
            have = ZERO
        if have == ZERO:
            counts[number] = counts[at]
        else:
            for s in range(counts.shape[1]):
                counts[number, s] += counts[at, s]
        tops[number] = at
        have += own
        seen += own
        if have * U_INTERVALS >= total and number + ONE < U_INTERVALS and seen < total:
            number += ONE
            have = ZERO
    return number + ONE


@inner
def cost_of_union(one, two, scale, symbol_cost):
    """Bits that symbols of two intervals and their table take, if they have one together."""
    bits, n, present = 0.0, ZERO, ZERO
    for s in range(one.size):
        count = np.uint64(one[s]) + np.uint64(two[s])
        if count > ZERO:
            bits -= weighted(count)
            n += count
            present += ONE
    return (bits + weighted(n)) * scale + symbol_cost * float(present)


@inner
def merge_contexts(counts, tops, number, scale):
    """Join neighbouring intervals while that saves bits, or there are too many of them.

    Parameters
    ----------
    counts : uint32[A, S], tops : uint8[32]
        From `join_intervals`. Those that are left come first.
    number : uint64
        Of intervals.
    scale : float64
        How many times as many symbols there are as in the sample.

    Returns
    -------
    ``(number, bits)``: how many are left, and bits that all symbols take, with the tables.
    """
    symbol_cost = SYMBOL_COST + BIAS * (scale - 1.0)
    none = np.zeros(counts.shape[1], np.uint32)
    costs, joined = np.empty(INTERVALS), np.empty(INTERVALS)
    for k in range(number):
        costs[k] = cost_of_union(counts[k], none, scale, symbol_cost)
    for k in range(number - ONE):
        at = np.uint64(k)
        both = cost_of_union(counts[at], counts[at + ONE], scale, symbol_cost)
        joined[at] = both - costs[at] - costs[at + ONE]
    while number > ONE:
        where = ZERO
        for k in range(number - ONE):
            if joined[k] < joined[where]:
                where = np.uint64(k)
        if joined[where] > 0.0 and number <= MAX_CONTEXTS:
            break
        costs[where] += joined[where] + costs[where + ONE]
        for s in range(counts.shape[1]):
            counts[where, s] += counts[where + ONE, s]
        tops[where] = tops[where + ONE]
        number -= ONE
        for k in range(where + ONE, number):
            at = np.uint64(k)
            counts[at] = counts[at + ONE]
            costs[at], tops[at], joined[at] = costs[at + ONE], tops[at + ONE], joined[at + ONE]
        for k in range(where - min(where, ONE), min(where + ONE, number - ONE)):
            at = np.uint64(k)
            both = cost_of_union(counts[at], counts[at + ONE], scale, symbol_cost)
            joined[at] = both - costs[at] - costs[at + ONE]
    bits = 0.0
    for k in range(number):
        bits += costs[k]
    return number, bits


@kernel
def choose_limits(symbols, row, plane, every, counts, limits):
    """Find the limits of activities between contexts in a sample.

    Parameters
    ----------
    symbols : uint8[n]
    row, plane : uint64
        Those of `fill_activity`.
    every : uint64
        A sample takes 1,024 symbols of so many times as many.
    counts : uint32[A, S]
        Scratch; activities are below A, and symbols below S.
    limits : uint8[15]
        Filled.

    Returns
    -------
    ``(number, bits)``: how many contexts there are, and about how many bits all symbols and the
    tables take with them.
    """
    tops = np.empty(INTERVALS, np.uint8)
    count_activities(symbols, row, plane, every, counts)
    sampled = ZERO
    for k in range(counts.shape[0]):
        for s in range(counts.shape[1]):
            sampled += np.uint64(counts[k, s])
    scale = float(symbols.size) / float(sampled)
    number = join_intervals(counts, tops, sampled)
    number, bits = merge_contexts(counts, tops, number, scale)
    limits[:] = 255
    for k in range(number - ONE):
        limits[k] = tops[k]
    return number, bits


@kernel
def count_contexts(symbols, row, plane, limits, partial, counts):
    """Fill ``counts``, uint32[K, 256], with the symbols of each context.

    `partial`, uint32[2, 16, 256], is scratch; the other parameters are those of `fill_contexts`.
    """
    contexts = np.empty(BLOCK, np.uint8)
    partial[:] = 0
    even, odd = partial[0], partial[1]
    begin, size = ZERO, np.uint64(symbols.size)
    while begin < size:
        end = min(begin + U_BLOCK, size)
        fill_contexts(symbols, begin, end, row, plane, limits, contexts)
        whole = (end - begin) & ~ONE
        for j in range(ZERO, whole, ONE + ONE):
            i = np.uint64(j)
            even[contexts[i], symbols[begin + i]] += np.uint32(1)
            odd[contexts[i + ONE], symbols[begin + i + ONE]] += np.uint32(1)
        if whole < end - begin:
            even[contexts[whole], symbols[begin + whole]] += np.uint32(1)
        begin = end
    for k in range(counts.shape[0]):
        for s in range(counts.shape[1]):
            counts[k, s] = even[k, s] + odd[k, s]
