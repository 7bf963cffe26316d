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
from ansflow.kernels.jit import inlined, inner, kernel, sampling_kernel
from ansflow.kernels.tables.class_merging import cost_of_groups

__all__ = ["PARTIALS", "SAMPLED", "WORTH", "choose_limits", "count_contexts"]

MAX_CONTEXTS = np.uint64(LIMITS + 1)

# Intervals of activities before any are joined.
INTERVALS = 32
U_INTERVALS = np.uint64(INTERVALS)

# What contexts may leave of a sample at most, of what one distribution does, for all symbols to be
# counted.
WORTH = 0.995

# Symbols that follow each other in a sample.
SAMPLED = 1 << 10
U_SAMPLED = np.uint64(SAMPLED)

BYTE = np.uint64(8)
# Symbols that are counted at once, and where: the context, and the symbol below it.
AT_ONCE, TWO, THREE = np.uint64(4), np.uint64(2), np.uint64(3)
CONTEXT, BITS_OF_PLACE, PLACE = np.uint16(8), np.uint64(16), np.uint64(0xFFFF)

# The shape of sub-histograms, so that increments seldom wait for each other. They have a row more
# than there are contexts: a load waits for a store 4 KiB apart, too, or a multiple of that.
PARTIALS = 4, (LIMITS + 2) * 256
# With more contexts, four do not fit the first level of the cache, and two are used.
FEW_CONTEXTS = 11


@inner
def count_activities(symbols, row, plane, every, activity, odd, counts):
    """Fill ``counts``, uint32[A, S], with how often symbols below S come with activities below A.

    That is of 1,024 symbols of each ``every * 1024``, the last of them. ``activity``, uint8[1024],
    and ``odd``, uint32[A, S], are scratch; the other parameters are those of `fill_activity`.
    Returns how many symbols that is.
    """
    counts[:] = 0
    odd[:] = 0
    size = np.uint64(symbols.size)
    end = min(every * U_SAMPLED, size)
    last, sampled = ZERO, ZERO
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
        sampled += end - begin
        last = end
        end = min(end + every * U_SAMPLED, size)
    for k in range(counts.shape[0]):
        for s in range(counts.shape[1]):
            counts[k, s] += odd[k, s]
    return sampled


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
        for s in range(counts.shape[1]):
            before = counts[number, s] if have > ZERO else np.uint32(0)
            counts[number, s] = before + counts[at, s]
        tops[number] = at
        have += own
        seen += own
        if have * U_INTERVALS >= total and number + ONE < U_INTERVALS and seen < total:
            number += ONE
            have = ZERO
    return number + ONE


@inner
def merge_contexts(counts, tops, number, scale, costs, joined):
    """Join neighbouring intervals while that saves bits, or there are too many of them.

    Parameters
    ----------
    counts : uint32[A, S], tops : uint8[32]
        From `join_intervals`. Those that are left come first.
    number : uint64
        Of intervals.
    scale : float64
        How many times as many symbols there are as in the sample.
    costs, joined : float64[32]
        Scratch: what intervals cost, and how much more if each were one with the next.

    Returns
    -------
    ``(number, bits)``: how many are left, and bits that all symbols take, with the tables.
    """
    for k in range(number):
        costs[k] = cost_of_groups(counts, k, k, scale)
    begin, end = ZERO, number  # of the intervals that have another neighbour above than before
    while True:
        for k in range(begin, min(end, number - ONE)):
            both = cost_of_groups(counts, k, k + ONE, scale)
            joined[k] = both - costs[k] - costs[k + ONE]
        where = ZERO
        for k in range(number - ONE):
            if joined[k] < joined[where]:
                where = k
        if number == ONE or (joined[where] > 0.0 and number <= MAX_CONTEXTS):
            break
        costs[where] += joined[where] + costs[where + ONE]
        tops[where] = tops[where + ONE]
        number -= ONE
        for k in range(where, number):
            for s in range(counts.shape[1]):
                above = counts[k + ONE, s]
                counts[k, s] = counts[k, s] + above if k == where else above
            if k > where:
                costs[k], tops[k], joined[k] = costs[k + ONE], tops[k + ONE], joined[k + ONE]
        begin, end = where - min(where, ONE), where + ONE
    bits = 0.0
    for k in range(number):
        bits += costs[k]
    return number, bits


@sampling_kernel
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
    tables take with them. There is one if more hardly gain anything.
    """
    activity, tops = np.empty(SAMPLED, np.uint8), np.empty(INTERVALS, np.uint8)
    costs, joined = np.empty(INTERVALS), np.empty(INTERVALS)
    odd = np.empty(counts.shape, np.uint32)
    sampled = count_activities(symbols, row, plane, every, activity, odd, counts)
    number = join_intervals(counts, tops, sampled)
    scale = float(symbols.size) / float(sampled)
    alone = cost_of_groups(counts, ZERO, number - ONE, scale)
    number, bits = merge_contexts(counts, tops, number, scale, costs, joined)
    limits[:] = 255
    if bits > WORTH * alone:
        return ONE, alone
    for k in range(number - ONE):
        limits[k] = tops[k]
    return number, bits


@inlined
def count_places(words, places, size, zero, one, two, three):
    """Count the first ``places``, uint16[], in four histograms, some of which may be the same.

    They are four to one of `words`, so that four of them are one load.
    """
    whole = size // AT_ONCE
    for i in range(whole):
        word = words[i]
        zero[word & PLACE] += np.uint32(1)
        one[word >> BITS_OF_PLACE & PLACE] += np.uint32(1)
        two[word >> TWO * BITS_OF_PLACE & PLACE] += np.uint32(1)
        three[word >> THREE * BITS_OF_PLACE] += np.uint32(1)
    for i in range(whole * AT_ONCE, size):
        zero[places[i]] += np.uint32(1)


@kernel
def count_contexts(symbols, row, plane, limits, partial, contexts, counts):
    """Fill ``contexts``, uint8[n], with those of all symbols, and ``counts``, uint32[K, 256].

    These are how often each symbol comes in each context. `partial`, uint32 of the shape
    `PARTIALS`, is scratch; the other parameters are those of `fill_contexts`.
    """
    activity = np.empty(BLOCK, np.uint8)
    words = np.empty(BLOCK // PARTIALS[0], np.uint64)
    places = words.view(np.uint16)
    partial[:] = 0
    zero, one, two, three = partial[0], partial[1], partial[2], partial[3]
    if counts.shape[0] > FEW_CONTEXTS:
        one, three = zero, two
    begin, size = ZERO, np.uint64(symbols.size)
    while begin < size:
        end = min(begin + U_BLOCK, size)
        own = contexts[begin:end]
        fill_contexts(symbols, begin, end, row, plane, limits, activity, own)
        for i in range(end - begin):
            places[i] = np.uint16(own[i]) << CONTEXT | np.uint16(symbols[begin + i])
        count_places(words, places, end - begin, zero, one, two, three)
        begin = end
    zero, one, two, three = partial[0], partial[1], partial[2], partial[3]
    for k in range(np.uint64(counts.shape[0])):
        for s in range(np.uint64(counts.shape[1])):
            i = np.uint64(k) << BYTE | np.uint64(s)
            counts[k, s] = (zero[i] + one[i]) + (two[i] + three[i])
