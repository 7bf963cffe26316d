"""Rows of numbers as their distances from others far back, and how far back these are.

A row is predicted by the one a *lag* before it. Its *kind* says which lag: one of the last few that
were used, the last one first, or a new one. Candidates for a new one are the last row with the same
numbers, and the last ones that begin with a number near to the first one: rows are found in tables
by a hash of either. Of all candidates, the cheapest is taken, by what kinds, lags and distances of
so many bits cost.

Costs are in `UNIT`\\ s of a bit, and in one array with what they are of, as are counts of these:

=============  ===============================================================================
`KINDS` of     kinds
`LENGTHS` of   lengths of a distance in bits, from 0 on: its sign counts as one of them
the rest       lengths of a lag
=============  ===============================================================================
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, inner, kernel, sampling_kernel
from ansflow.kernels.transforms.words import bit_length, item_bits

__all__ = ["BLOCK", "COSTS", "KINDS", "LENGTHS", "RECENT", "SLOT_BITS", "UNIT"]
__all__ += ["add_far", "nearness", "subtract_far", "sum_lengths"]

RECENT = 8
NEW = np.uint64(RECENT)
KINDS, LENGTHS, LAG_LENGTHS = RECENT + 1, 65, 33
COSTS = KINDS + LENGTHS + LAG_LENGTHS
UNIT = 16

BLOCK = 256  # rows
BLOCK_SHIFT = np.uint64(BLOCK.bit_length() - 1)

SLOT_BITS = 16
SHIFT = np.uint64(64 - SLOT_BITS)
GOLDEN = np.uint64(0x9E37_79B9_7F4A_7C15)  # 2^64 over the golden ratio
HALF_WORD = np.uint64(32)

# How near numbers are is told by so many differences, half of whose bits are left out.
SPREAD_BY = np.uint64(1 << 8)
WORD_BITS, SIZES = np.uint64(64), 65

DISTANCES = np.uint64(KINDS)
LAGS = np.uint64(KINDS + LENGTHS)
NEVER = np.uint64(1 << 62)
TWO, THREE, FOUR = np.uint64(2), np.uint64(3), np.uint64(4)
FIVE, HIGHEST = np.uint64(5), np.uint64(63)
KIND = TWO  # bits of a lag that is not the last one, about


@inlined
def folded(distance, below):
    """0, 1, 2, 3, ... for 0, -1, 1, -2, ..., of an unsigned type of one bit more than `below`."""
    number = type(distance)
    return number(number(distance << number(1)) ^ number(number(0) - (distance >> number(below))))


@inlined
def slot_of(number):
    return (number * GOLDEN) >> SHIFT


@inner
def slot_of_row(numbers, begin, end):
    """Where the table of rows has one with these numbers."""
    mixed = ZERO
    for i in range(begin, end):
        mixed = (mixed ^ np.uint64(numbers[i])) * GOLDEN
        mixed ^= mixed >> HALF_WORD
    return slot_of(mixed)


@inner
def cost_of_row(numbers, begin, end, far, costs, cost, enough):
    """`cost` and that of distances from the numbers `far` before; or some that is `enough`."""
    number = numbers.dtype.type
    below = item_bits(numbers) - ONE
    for i in range(begin, end):
        y = folded(number(numbers[i] - numbers[i - far]), below)
        cost += np.uint64(costs[DISTANCES + np.uint64(bit_length(y))])
        if cost >= enough:
            break
    return cost


@inner
def use_lag(recent, kind, lag):
    """Put a lag first, which had the place of its kind, or is new."""
    before = lag
    for k in range(NEW):  # all of them: kinds cannot be foreseen
        own = recent[k]
        recent[k] = before if k <= kind else own
        before = own


@kernel
def subtract_far(numbers, row, near, every, costs, tables, recent, kinds, lags, out, counts):
    """Choose lags; fill `kinds`, `out` with folded distances and `lags` with new ones.

    That may be for the last of every so many blocks of rows only: others are looked back to.

    Parameters
    ----------
    numbers : uint[n]
    row : uint64
        Numbers of a row, 1 or more; the last row may be shorter.
    near : uint64
        Numbers are near that are the same without so many low bits, below 64, or nearly so.
    every : uint64
        1 for all blocks.
    costs : uint32[COSTS]
    tables : uint32[2, 2^SLOT_BITS]
        Zeros.
    recent : uint64[RECENT]
        The lags to begin with, the last one first.
    kinds : uint8[m]
        As many as rows that something is done for.
    lags : uint32[m]
    out : uint[m * row], of the same width
        Or less, if the last row is shorter.
    counts : uint64[COSTS]
        What occurs is added to them.

    Returns
    -------
    uint64
        How many lags are new.
    """
    number = numbers.dtype.type
    below = item_bits(numbers) - ONE
    size, used, done, at = np.uint64(numbers.size), ZERO, ZERO, ZERO
    same, close = tables[0], tables[1]
    for place in range((size + row - ONE) // row):
        begin = place * row
        end = min(begin + row, size)
        own, bucket = slot_of_row(numbers, begin, end), np.uint64(numbers[begin]) >> near
        if (place >> BLOCK_SHIFT) % every != every - ONE:
            same[own] = close[slot_of(bucket)] = place + ONE
            continue
        lag, kind, least = ZERO, ZERO, NEVER
        for k in range(NEW):
            if recent[k] <= place and np.uint64(costs[k]) < least:
                cost = cost_of_row(
                    numbers, begin, end, recent[k] * row, costs, np.uint64(costs[k]), least
                )
                if cost < least:
                    lag, kind, least = recent[k], k, cost
        for k in range(FOUR):
            if k == ZERO:
                found = np.uint64(same[own])
            else:
                found = np.uint64(close[slot_of(bucket + k - TWO)])
            far = place + ONE - found
            told = np.uint64(costs[NEW]) + np.uint64(costs[LAGS + bit_length(far)])
            if found and told < least:
                cost = cost_of_row(numbers, begin, end, far * row, costs, told, least)
                if cost < least:
                    lag, kind, least = far, NEW, cost
        same[own] = close[slot_of(bucket)] = place + ONE
        if lag:
            use_lag(recent, kind, lag)
        if kind == NEW:
            lags[used] = lag
            used += ONE
            counts[LAGS + bit_length(lag)] += ONE
        kinds[done] = kind
        done += ONE
        counts[kind] += ONE
        for i in range(begin, end):
            before = numbers[i - lag * row] if lag else number(0)
            out[at] = folded(number(numbers[i] - before), below)
            counts[DISTANCES + np.uint64(bit_length(out[at]))] += ONE
            at += ONE
    return used


@kernel
def add_far(numbers, row, recent, kinds, lags):
    """Undo `subtract_far` in place, whatever the kinds and lags are; False if they are illegal."""
    number = numbers.dtype.type
    size, used, rows, place = np.uint64(numbers.size), ZERO, np.uint64(kinds.size), ZERO
    while place < rows:
        kind = np.uint64(kinds[place])
        if kind > NEW or (kind == NEW and used == np.uint64(lags.size)):
            return False
        if kind:
            lag = recent[kind] if kind < NEW else np.uint64(lags[used])
            used += np.uint64(kind == NEW)
            use_lag(recent, kind, lag)
        lag = recent[ZERO]
        if lag - ONE >= place and place:  # also of 0
            return False
        begin, far = place * row, lag * row if place else ZERO
        place += ONE
        while far and place < rows and not kinds[place]:  # these have the same lag
            place += ONE
        for i in range(begin, min(place * row, size)):
            y = numbers[i]
            y = number(number(y >> number(1)) ^ number(number(0) - (y & number(1))))
            numbers[i] = number(y + numbers[i - far]) if far else y
    return used == np.uint64(lags.size)


@sampling_kernel
def nearness(numbers, row, bits):
    """How many low bits may differ of numbers that are near, of so many bits in rows of so many.

    That is half of those that differences between rows have: the median of some of these.
    """
    apart = np.uint64(numbers.size) - min(row, np.uint64(numbers.size))
    step, above = apart // SPREAD_BY | ONE, WORD_BITS - bits
    counts, seen = np.zeros(SIZES, np.uint32), ZERO
    for i in range(ZERO, apart, step):
        far = np.uint64(numbers[i + row]) - np.uint64(numbers[i]) << above
        size = min(far, ZERO - far) >> above  # in two's complement
        counts[bit_length(size)] += np.uint32(1)
        seen += ONE
    size = ZERO
    while seen and np.uint64(counts[size]) <= seen >> ONE:
        counts[size + ONE] += counts[size]
        size += ONE
    return size >> ONE


@sampling_kernel
def sum_lengths(numbers, begin, bits):
    """What uint64 numbers take, about, in bits: as distances from the ones before, or others, too.

    That is of those from `begin` on: the numbers before are only looked back to.

    Others are the last equal one and one that is near, and those as far back as the last two that
    were used. Where numbers go on to be predicted from as far back as the last one, that is free.

    Parameters
    ----------
    numbers : uint64[n]
    begin : uint64
        1 to n.
    bits : uint64
        Those that a number had before it was made wider.
    """
    begin, bits = np.uint64(begin), np.uint64(bits)
    slots = max(ONE, bit_length(max(ONE, np.uint64(numbers.size)) - ONE))
    tables, shift = np.zeros((2, ONE << slots), np.uint32), WORD_BITS - slots
    same, close, near = tables[0], tables[1], nearness(numbers, ONE, bits)
    for i in range(ONE, begin):
        number = numbers[i]
        same[(number * GOLDEN) >> shift] = close[((number >> near) * GOLDEN) >> shift] = i
    by_one = by_any = ZERO
    last = other = ONE
    for i in range(begin, np.uint64(numbers.size)):
        number = numbers[i]
        own, bucket = (number * GOLDEN) >> shift, ((number >> near) * GOLDEN) >> shift
        least, lag = NEVER, ONE
        equal, alike = i - np.uint64(same[own]), i - np.uint64(close[bucket])
        for k in range(FIVE):
            far, bits = last, ZERO
            if k == ONE:
                far, bits = other, KIND
            elif k == TWO:
                far, bits = ONE, KIND
            elif k > TWO:
                far = equal if k == THREE else alike
                bits = KIND + KIND + np.uint64(bit_length(far))
            if far <= i:
                bits += np.uint64(bit_length(folded(number - numbers[i - far], HIGHEST)))
                if bits < least:
                    least, lag = bits, far
        by_one += np.uint64(bit_length(folded(number - numbers[i - ONE], HIGHEST)))
        by_any += least
        if lag != last:
            last, other = lag, last
        same[own] = close[bucket] = i
    return by_one, by_any
