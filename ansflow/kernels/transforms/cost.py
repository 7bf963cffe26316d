"""What numbers cost as tokens and raw bits, without making them."""

import math

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, inner, kernel, sampling_kernel
from ansflow.kernels.tables.frequency_code import log2
from ansflow.kernels.tables.histogram import BYTE_PARTIALS, add_up, count_bytes
from ansflow.kernels.transforms.log import LONG_UP_TO, U_BLOCK, width_of
from ansflow.kernels.transforms.widths import widen
from ansflow.kernels.transforms.words import item_bits, lane_length, seen_as

__all__ = [
    "FEW_LINEAR",
    "MANY_LINEAR",
    "MISSED",
    "bits_of_counts",
    "byte_cost",
    "costs_of_ways",
    "lin_cost",
    "log_cost",
    "plane_cost",
]

PARTIALS = 4  # so that a symbol that is repeated does not wait for its own count
U_PARTIALS = np.uint64(PARTIALS)
TOKENS, TOKEN_BITS = 256, np.uint64(8)

# Greatest numbers of linear tokens: symbols of 8 bits, and of 16.
FEW_LINEAR, MANY_LINEAR = 256, 4096
U_FEW_LINEAR, U_MANY_LINEAR = np.uint64(FEW_LINEAR), np.uint64(MANY_LINEAR)
LAST_BYTE = np.uint64(0xFF)
# An entropy that is measured on few symbols is too low, by this for each of those that occur but
# one (Miller & Madow 1955).
MISSED = 1 / (2 * math.log(2))
# What a table takes for a symbol that does not occur, of what it takes for one that does.
ABSENT = 1 / 7
SOME = np.uint64(7)  # one in so many tells first whether they may be worth it

TOLD_BY = np.uint64(512)  # differences that tell whether most have the same sign

# So many ways, of so many numbers, are told by one of so many parts of the boxes first. Those are
# likely that take no more than so many times as much as the best one, and so many bits.
MANY_WAYS, MANY, PARTS = 4, np.uint64(3 << 11), np.uint64(4)
LIKELY, LIKELY_BITS = 1.06, 0.25

ALL_BITS, TWO = np.uint64(64), np.uint64(2)
SIGN = np.uint64(63)  # the place of the highest bit
DIRECT = np.uint64(16)
LEADING = np.uint64(3)
FOUR = np.uint64(4)

# The same for numbers of 32 bits. Of the float of one, what is in front of so many bits is its
# token, and so much more.
SHORT_DIRECT, SHORT_LEADING = np.uint32(DIRECT), np.uint32(LEADING)
BEHIND_TOKEN, ABOVE_TOKEN = np.uint32(23 - 2), np.uint32(127 << 2)


@inner
def fill_tokens(numbers, tokens, begin, size):
    """Fill ``tokens[begin : begin + size]`` with the logarithmic ones of numbers."""
    for i in range(size):
        number = np.uint64(numbers[i])
        direct = number < DIRECT
        width = ZERO if direct else np.uint64(lane_length(numbers[i])) - LEADING
        token = number >> width
        tokens[begin + i] = token if direct else token + FOUR * width + FOUR


@inner
def fill_short_tokens(numbers, tokens, begin, size):
    """The same of uint32, by their floats, which begin as tokens do."""
    for i in range(size):
        number = numbers[i]
        # With a 0 behind the bits that are in the token, it is never rounded up to another.
        leading = np.float32(number & ~(number >> SHORT_LEADING))
        token = (seen_as(leading, np.uint32) >> BEHIND_TOKEN) - ABOVE_TOKEN
        tokens[begin + i] = number if number < SHORT_DIRECT else token


@inner
def log_cost(numbers, spare, shape, ways, first, last, table, costs):
    """What a number takes as a logarithmic token, in the ways from the first one to the last.

    That is the entropy of the tokens, the raw bits, and a share of the table.

    Parameters
    ----------
    numbers : uint64[n]
        At least one, in their `shape`. Those of fewer bits are at the top of the words, where their
        differences wrap as they do in their own type: this is compiled for one type only.
    spare : uint64
        The bits below them, which are 0.
    shape : uint64[axes]
    ways : uint64[m, axes + 1]
        How many times numbers become their differences along each axis; and at last whether what is
        left is in two's complement, and folded as `delta` does. What lacks a number before it does
        not count.
    table : float64
        Bits that a number pays for each token that occurs.
    costs : float64[m, 2]
        Filled, in these rows, with bits, infinite where an axis is not longer than that; and with
        the share of some of what is left that is negative, 0 if that is not signed.
    """
    n, axes = np.uint64(numbers.size), np.uint64(shape.size)
    tokens, counts = np.empty(numbers.size, np.uint8), np.empty(TOKENS)
    partial = np.empty(BYTE_PARTIALS, np.uint32)
    own, other = np.empty(n, np.uint64), np.empty(n, np.uint64)
    left, short = np.empty(U_BLOCK, np.uint64), np.empty(U_BLOCK, np.uint32)
    nothing = np.zeros(U_BLOCK, np.uint64)  # what numbers as they are differ from
    for k in range(first, last):
        # All differences but the last are made in turn, whatever they are across the borders.
        source, lag, block, inside = numbers, ZERO, ONE, ONE
        for back in range(axes):
            times, length = ways[k, axes - ONE - back], shape[axes - ONE - back]
            for _ in range(times):
                if lag > ZERO:
                    for i in range(min(lag, n)):
                        own[i] = source[i]
                    for i in range(lag, n):
                        own[i] = source[i] - source[i - lag]
                    source, own, other = own, other, own
                lag = block
            inside *= max(length, times) - times
            block *= length
        if inside == ZERO:
            costs[k, 0], costs[k, 1] = np.inf, 0.0
            continue
        # Without a branch, so that there is one loop.
        twice = np.uint64(ways[k, axes] > ZERO)
        before, fold = ZERO - np.uint64(lag > ZERO), ZERO - twice
        for begin in range(lag, n, U_BLOCK):
            size, union = min(n - begin, U_BLOCK), ZERO
            ahead = source[begin - lag : begin - lag + size] if lag > ZERO else nothing
            for i in range(size):
                delta = source[begin + np.uint64(i)] - ahead[i]
                negative = ZERO - (delta >> SIGN)
                whole = (delta + (delta & fold) ^ negative & fold) >> spare
                union |= whole
                left[i] = whole
            if union < LONG_UP_TO:
                for i in range(size):
                    short[i] = left[i]
                fill_short_tokens(short, tokens, begin, size)
            else:
                fill_tokens(left, tokens, begin, size)
        below, told_by = ZERO, min(n - lag, TOLD_BY)
        for i in range(lag, lag + told_by):
            below += source[i] - (source[i - lag] & before) >> SIGN & twice
        blank(tokens, shape, ways[k])
        count_bytes(tokens, partial, counts)
        counts[0] -= float(n - inside)
        size, bits, used = float(inside), 0.0, 0
        for token in range(TOKENS):
            seen = counts[token]
            if seen:
                used += 1
                bits += seen * (float(width_of(np.uint64(token))) - np.log2(seen / size))
        costs[k, 0], costs[k, 1] = bits / size + table * used, float(below) / float(told_by)


@inlined
def blank(tokens, shape, way):
    """Put 0 in all places without a number before them along an axis of differences."""
    step = ONE
    for back in range(np.uint64(shape.size)):
        axis = np.uint64(shape.size) - ONE - back
        block, border = step * shape[axis], step * way[axis]
        if border > ZERO:
            for begin in range(ZERO, np.uint64(tokens.size), block):
                tokens[begin : begin + border] = 0
        step = block


@kernel
def lin_cost(numbers, spare, block, lag, wider, table, enough):
    """Bits that a number or difference takes as a linear token, and the least of all.

    Parameters
    ----------
    numbers : uint64[n]
    spare : uint64
        As for `log_cost`.
    block, lag : uint64
        Each number but the first ones of a block becomes its difference from the one that is so
        many before it, in two's complement. With a lag of 0, numbers stay as they are.
    wider : uint64
        Bits by which the range is longer than theirs.
    table : float64
        Bits that a number pays for each token that occurs, and a part of them for each that does
        not but is below one that does.
    enough : float64
        Nobody asks for more bits, which are told as infinite if they are known to be more.

    Returns
    -------
    float64
        Bits with at most `FEW_LINEAR` tokens.
    float64
        Bits with at most `MANY_LINEAR`.
    bool
        Whether a difference is negative.
    """
    n, is_before = np.uint64(numbers.size), np.uint64(lag > ZERO)
    sign, before = is_before << SIGN, ZERO - is_before
    least, greatest = ZERO - ONE, ZERO
    for begin in range(lag, n, block):
        for i in range(begin, begin + block - lag):
            flipped = numbers[i] - (numbers[i - lag] & before) ^ sign
            # LLVM makes vectors of that, and not of `min` and `max` as Numba has them.
            least = flipped if flipped < least else least
            greatest = flipped if flipped > greatest else greatest
    falls = least < sign
    span, least, shift, more = greatest - least >> spare, least ^ sign, ZERO, ZERO
    # The range that is longer may have a bit more than 64.
    while span >> shift >= U_MANY_LINEAR >> wider:
        shift += ONE
    if float(shift) > enough:
        return np.inf, np.inf, falls
    # As both are powers of two, the few tokens are the many without some of their low bits.
    while span >> shift >> more >= U_FEW_LINEAR >> wider:
        more += ONE
    counts, few, many = np.empty((span >> shift) + ONE, np.uint32), 0.0, 0.0
    # First the few of some: their entropy is hardly ever more than that of all, nor that more than
    # the one of the many. Most often, it is too much already. Then the many, and the few of all.
    for turn in range(3):
        less = ZERO if turn == 1 else more
        if turn < 2:
            counts[:], size, step = 0, ZERO, ONE if turn else SOME
            of_block = (block - lag + step - ONE) // step
            for begin in range(lag, n, block):
                for k in range(of_block):
                    i = begin + k * step
                    above = numbers[i] - (numbers[i - lag] & before) - least >> spare
                    counts[above >> shift + less] += np.uint32(1)
                size += of_block
        else:
            for i in range(np.uint64(counts.size)):
                count = counts[i]
                counts[i] = 0
                counts[i >> more] += count
        own = counts[: (span >> shift >> less) + ONE]
        bits, used, once, twice = bits_of_counts(own, size, shift + less if turn else shift)
        if turn < 2 and bits > enough * float(size):
            return np.inf, np.inf, falls
        # Others occur in all numbers, or may: as many as tell those that a sample has once, and
        # twice (Chao 1984).
        absent = float(own.size) - float(used)
        unseen = float(once) * float(once) / (2.0 * float(twice + ONE))
        unseen = min(absent, unseen) * max(0.0, 1.0 - table * ABSENT * float(size))
        seen = float(used) + unseen
        many, few = few, bits / float(size) + (seen - 1.0) * MISSED / float(size)
        few += table * (seen + ABSENT * (absent - unseen))
    return few, many, falls


@inner
def cost_ways(numbers, spare, shape, ways, table, costs):
    """`log_cost` of all ways: if there are many, of those that are far from the best by some boxes.

    These are in the middle. Other boxes take more than the best by as much as in them, at least.
    """
    count, boxes = np.uint64(ways.shape[0]), np.empty(shape.size, np.uint64)
    for axis in range(np.uint64(shape.size)):
        boxes[axis] = shape[axis]
    box, told_by = np.uint64(numbers.size) // shape[0], shape[0]
    if count >= MANY_WAYS and np.uint64(numbers.size) >= MANY and shape[0] >= PARTS:
        told_by //= PARTS
    boxes[0] = told_by
    begin = (shape[0] - told_by) // TWO * box
    some = numbers[begin : begin + told_by * box]
    log_cost(some, spare, boxes, ways, ZERO, count, table, costs)
    if told_by == shape[0]:
        return
    best, more = ZERO, 0.0
    for k in range(count):
        best = k if costs[k, 0] < costs[best, 0] else best
    least = costs[best, 0]
    for k in range(count):
        # The best one comes first, so that it is known how much more all boxes take.
        way = best if k == ZERO else ZERO if k == best else k
        if costs[way, 0] <= least * LIKELY + LIKELY_BITS:
            log_cost(numbers, spare, shape, ways, way, way + ONE, table, costs)
            more = costs[way, 0] - least if way == best else more
        else:
            costs[way, 0] += max(more, 0.0)


@sampling_kernel
def costs_of_ways(octets, width, ways, shape, block, lag, wider, table, enough, costs):
    """The costs of several ways to take differences, and those of linear tokens.

    Fills the rows of `costs` as `log_cost` does, and one more with the bits of few and of many
    linear tokens, of which nobody asks for more than others take; they are infinite for a `block`
    of 0. Returns whether one of the differences by linear tokens is negative.

    Numbers have so many bytes.
    """
    count, width = np.uint64(ways.shape[0]), np.uint64(width)
    spare = ALL_BITS - (width << LEADING)
    if spare:
        numbers = np.empty(np.uint64(octets.size) // width, np.uint64)
        widen(octets, width, spare, numbers)
    else:
        numbers = octets.view(np.uint64)
    cost_ways(numbers, spare, shape, ways, table, costs)
    for k in range(count):
        enough = min(enough, costs[k, 0])
    few, many, falls = np.inf, np.inf, True
    if block:
        block, lag, wider = np.uint64(block), np.uint64(lag), np.uint64(wider)
        few, many, falls = lin_cost(numbers, spare, block, lag, wider, table, enough)
    costs[count, 0], costs[count, 1] = few, many
    return falls


@sampling_kernel
def byte_cost(symbols, first, step):
    """Bits that every so many bytes take, from the first on.

    And how many symbols occur, how many of them once, and how many twice.

    Parameters
    ----------
    symbols : uint8[n]
    first, step : uint64
        Below n, and at least 1.
    """
    partial = np.zeros(PARTIALS * TOKENS, np.uint32)
    n = (np.uint64(symbols.size) - first + step - ONE) // step
    for i in range(n):
        symbol = np.uint64(symbols[first + np.uint64(i) * step])
        partial[(np.uint64(i) % U_PARTIALS) << TOKEN_BITS | symbol] += np.uint32(1)
    counts = np.empty(TOKENS, np.uint32)
    add_up(partial, counts)
    return bits_of_counts(counts, n, ZERO)


@kernel
def plane_cost(numbers, twice, if_clear, if_set, table, enough):
    """Bits that numbers take as a stream for each of their bytes.

    Parameters
    ----------
    numbers : uint8[n], uint16[n], uint32[n] or uint64[n]
        At least one.
    twice : uint64
        What they are shifted by to the left, before anything else is done: 0 or 1.
    if_clear, if_set : uint64
        The bits to invert of numbers whose highest bit was clear, and set.
    table : float64
        Bits that a number pays for each byte that occurs in a stream, unless this is stored.
    enough : float64
        Nobody asks for more bits a number, which are told as infinite if they are known to be more.
    """
    number, bits_of_all = numbers.dtype.type, item_bits(numbers)
    sign, planes = bits_of_all - ONE, bits_of_all // TOKEN_BITS
    clear, set_, n = number(if_clear), number(if_set), np.uint64(numbers.size)
    counts = np.empty((planes, TOKENS), np.uint32)
    total = 0.0
    for step in SOME, ONE:
        counts[:] = 0
        for i in range(ZERO, n, step):
            negative = number(ZERO - (np.uint64(numbers[i]) >> sign))
            coded = number(numbers[i] << twice) ^ (set_ & negative) ^ (clear & ~negative)
            for plane in range(planes):
                byte = np.uint64(coded) >> plane * TOKEN_BITS & LAST_BYTE
                counts[plane, byte] += np.uint32(1)
        size, least, total = (n + step - ONE) // step, 0.0, 0.0
        for plane in range(planes):
            bits, used, _, _ = bits_of_counts(counts[plane], size, ZERO)
            least += bits
            once = float(used - ONE) * MISSED + float(used) * table * float(size)
            total += min(bits + once, 8.0 * float(size))
        if least > enough * float(size):  # that of some is hardly ever more than that of all
            return np.inf
    return total


@kernel
def bits_of_counts(counts, n, raw_bits):
    """Bits of n symbols, by their counts, with so many raw bits each.

    And how many symbols occur, how many of them once, and how many twice.
    """
    # n log2 n minus the sum of c log2 c is the entropy of all.
    bits, used, once, twice = (float(raw_bits) + np.log2(float(n))) * n, ZERO, ZERO, ZERO
    for i in range(np.uint64(counts.size)):
        # Without a branch for symbols that don't occur, which nobody can predict.
        count = np.uint64(counts[i])
        used += np.uint64(count > ZERO)
        once += np.uint64(count == ONE)
        twice += np.uint64(count == TWO)
        bits -= float(count) * log2(count)
    return bits, used, once, twice
