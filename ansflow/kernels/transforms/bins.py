"""Numbers to the intervals that they lie in, and how far they are from where these begin; and back.

Intervals are found among numbers in ascending order. These are cut into *pieces* with about equal
many of them, and a number that is frequent is a piece by itself. An interval is pieces that follow
each other: those are joined which take fewest bits together, by dynamic programming.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, kernel, sampling_kernel
from ansflow.kernels.tables.frequency_code import log2
from ansflow.kernels.transforms.finish import finish_block, no_totals
from ansflow.kernels.transforms.raw_bits import (
    BLOCK,
    add_up,
    append,
    bits_from,
    blank,
    end_of,
    fetch,
    merge,
    part,
)
from ansflow.kernels.transforms.words import bit_length, item_bits
from ansflow.kernels.vector.raw_bits import Rows, bins_rows

__all__ = ["MAX_BINS", "bits_in_bins", "decoder", "encode", "fit", "sort_out"]

MAX_BINS = 256
U_MAX_BINS = np.uint64(MAX_BINS)

# Numbers are cut into so many pieces, about, each of so many or more; those that are as frequent as
# half of one are apart.
PIECES, LEAST = np.uint64(128), np.uint64(16)
MOST_PIECES = np.uint64(1024)

WORD_SHIFT = np.uint64(6)
U_BLOCK = np.uint64(BLOCK)


@inner
def cut(ordered, first, last, ends):
    """Fill the first and last number of each piece and where it ends; return how many there are."""
    n = np.uint64(ordered.size)
    enough = max(LEAST, (n + PIECES - ONE) // PIECES)
    pieces = begin = at = ZERO
    while at < n:
        run = at + ONE
        while run < n and ordered[run] == ordered[at]:
            run += ONE
        frequent = (run - at) << ONE > enough
        if begin < at and (frequent or run - begin > enough):
            first[pieces], last[pieces], ends[pieces] = ordered[begin], ordered[at - ONE], at
            pieces += ONE
            begin = at
        if frequent or run == n:
            first[pieces], last[pieces], ends[pieces] = ordered[begin], ordered[at], run
            pieces += ONE
            begin = run
        at = run
    return pieces


@inner
def join(first, last, ends, pieces, bin_bits, bits, before):
    """Fill the fewest bits of the first pieces, and how many are there before their last bin."""
    n = ends[pieces - ONE]
    log2_n = np.log2(float(n))
    for end in range(pieces):
        least, best = np.inf, ZERO
        for begin in range(end + ONE):
            count = ends[end] - (ends[begin - ONE] if begin else ZERO)
            raw = float(bit_length(last[end] - first[begin]))
            cost = float(count) * (log2_n - log2(count) + raw) + bin_bits
            cost += bits[begin - ONE] if begin else 0.0
            if cost < least:
                least, best = cost, begin
        bits[end], before[end] = least, best


@inner
def put(bases, used, begin, last, half):
    """Let one bin, or two, begin where numbers up to the last one have fewer raw bits than bits."""
    bases[used] = begin
    used += ONE
    if last - begin >= half:
        bases[used] = begin + half
        used += ONE
    return used


@kernel
def fit(ordered, top, bin_bits, bases):
    """Find bins for numbers.

    Parameters
    ----------
    ordered : uint64[n]
        At least one and at most 2^15, in ascending order: a sample of all.
    top : uint64
        The greatest number there may be, one less than a power of two.
    bin_bits : float
        What it takes to write a bin.
    bases : uint64[256]
        Becomes where each begins, in ascending order, the first with 0: there are also bins
        for what the sample lacks.

    Returns
    -------
    How many bins there are.
    """
    first, last = np.empty(MOST_PIECES, np.uint64), np.empty(MOST_PIECES, np.uint64)
    ends, before = np.empty(MOST_PIECES, np.uint64), np.empty(MOST_PIECES, np.uint64)
    bits, found = np.empty(MOST_PIECES), np.empty(MOST_PIECES << ONE, np.uint64)
    half = (top >> ONE) + ONE
    pieces = cut(ordered, first, last, ends)
    while True:
        join(first, last, ends, pieces, bin_bits, bits, before)
        joined, end = ZERO, pieces
        while end:  # from the last bin to the first, which are put where they are no longer needed
            begin = before[end - ONE]
            joined += ONE
            first[MOST_PIECES - joined] = first[begin]
            last[MOST_PIECES - joined] = last[end - ONE]
            end = begin
        used, covered, full = ZERO, ZERO, False
        for k in range(MOST_PIECES - joined, MOST_PIECES):
            if not full and first[k] > covered:
                used = put(found, used, covered, first[k] - ONE, half)
            used = put(found, used, first[k], last[k], half)
            span = last[k] - first[k]
            reach = top if span >= half else (ONE << np.uint64(bit_length(span))) - ONE
            full = full or reach >= top - first[k]
            covered = first[k] + reach + ONE
        if not full:
            used = put(found, used, covered, top, half)
        if used <= U_MAX_BINS:
            break
        bin_bits *= 2
    for k in range(used):
        bases[k] = found[k]
    return used


@kernel
def sort_out(numbers, bases, count, tokens, seen):
    """Fill the bin of each number.

    Parameters
    ----------
    numbers : uint8[n], uint16[n], uint32[n] or uint64[n]
    bases : uint64[256]
        Where bins begin, in ascending order, the first with 0.
    count : uint64
        How many there are.
    tokens : uint8[n]
    seen : uint64[2, 256]
        Zero. If numbers are in a bin, 1 and all bits of twice how far they are from where it
        begins; apart for every second one, as none waits for the one before then.
    """
    found = np.empty(BLOCK, numbers.dtype)
    number, n = numbers.dtype.type, np.uint64(numbers.size)
    for begin in range(ZERO, n, U_BLOCK):
        size = min(n - begin, U_BLOCK)
        found[:] = 0
        # As vectors, to compare with all of the few bins is faster than a search among them.
        for k in range(ONE, count):
            base = number(bases[k])
            for i in range(size):
                found[i] += numbers[begin + i] >= base
        for i in range(size):
            token = np.uint64(found[i])
            tokens[begin + i] = token
            away = np.uint64(numbers[begin + i]) - bases[token]
            seen[i & ONE, token] |= away << ONE | ONE


@sampling_kernel
def bits_in_bins(ordered, numbers, top, bin_bits, once):
    """Bits a number in bins that are found by others.

    Parameters
    ----------
    ordered, top, bin_bits
        Those of `fit`.
    numbers : uint64[n]
        At least one.
    once : float
        What a number pays for each bin that any is in.
    """
    bases, tokens = np.empty(U_MAX_BINS, np.uint64), np.empty(numbers.size, np.uint8)
    seen, counts = np.zeros((2, MAX_BINS), np.uint64), np.zeros(U_MAX_BINS, np.uint32)
    sort_out(numbers, bases, fit(ordered, top, bin_bits, bases), tokens, seen)
    for token in tokens:
        counts[token] += np.uint32(1)
    size, bits, used = float(numbers.size), 0.0, 0
    for k in range(U_MAX_BINS):
        if counts[k]:
            width = bit_length(seen[0, k] | seen[1, k]) - ONE
            bits += float(counts[k]) * (float(width) - np.log2(float(counts[k]) / size))
            used += 1
    return bits / size + once * used


@kernel
def encode(numbers, bins, bases, widths, renamed, tokens, out):
    """Write the raw bits, give tokens the numbers of bins that are in use, and count bits.

    Parameters
    ----------
    numbers : uint8[n], uint16[n], uint32[n] or uint64[n]
    bins, tokens : uint8[n]
        What `sort_out` fills, and what is to be filled.
    bases, widths, renamed : uint64[256]
        Where bins begin, how many raw bits their numbers have, fewer than they have bits, and the
        tokens that they get.
    out : uint64[m]
        With room for all bits of all numbers and a word more.
    """
    n, field = np.uint64(numbers.size), item_bits(numbers)
    words, word_widths = blank(field, n), blank(field, n)
    rest, own = words.view(numbers.dtype), word_widths.view(numbers.dtype)
    at = last = ZERO
    for begin in range(ZERO, n, U_BLOCK):
        size = min(n - begin, U_BLOCK)
        for i in range(size):
            k = np.uint64(bins[begin + i])
            rest[i] = np.uint64(numbers[begin + i]) - bases[k]
            own[i] = widths[k]
            tokens[begin + i] = renamed[k]
        own[size:] = 0
        rest[size:] = 0
        merge(words, word_widths, field)
        at, last = append(words, word_widths, at, last, out)
    out[at >> WORD_SHIFT] = last
    return at


@inner
def join_block(tokens, begin, end, data, at, bases, widths, words, word_widths, out):
    """Decode a block of ``out[begin:end]``; the bit after the last one. `words` are `blank`s."""
    size, field = end - begin, item_bits(out)
    rest, own = words.view(out.dtype), word_widths.view(out.dtype)
    for i in range(size):
        own[i] = widths[tokens[begin + i]]
    own[size:] = 0
    add_up(word_widths, field)
    at = fetch(data, at, word_widths, field, words)
    part(words, word_widths, field)
    for i in range(size):
        k = np.uint64(tokens[begin + i])
        out[begin + i] = bases[k] + (np.uint64(rest[i]) & (ONE << widths[k]) - ONE)
    return at


@inner
def join_few(tokens, begin, end, data, at, bases, widths, out):
    """The same of the numbers that are left when all rows are done, one after the other."""
    for i in range(begin, end):
        k = np.uint64(tokens[i])
        out[i] = bases[k] + (bits_from(data, at) & (ONE << widths[k]) - ONE)
        at += widths[k]
    return at


@functools.cache
def decoder(isa: str | None) -> Callable[..., Any]:
    """The kernel ``decode(tokens, data, bases, widths, out, plan)``.

    It undoes `encode`, does with the numbers what a plan says, and returns the number of raw bits
    that belong to the tokens.

    Parameters
    ----------
    isa : str or None
        That of `log.decoder`; None if numbers have fewer than 32 bits.
    tokens : uint8[n]
    data : uint8[m]
        The raw bits. Numbers may be any if there are too few.
    bases, widths : uint64[256]
        By token.
    out : uint8[n], uint16[n], uint32[n] or uint64[n]
    plan : uint64[]
        That of `finish`.
    """
    rows = None if isa is None else Rows(isa)

    @kernel
    def decode(tokens, data, bases, widths, out, plan):
        n, totals, at = np.uint64(tokens.size), no_totals(out), ZERO
        if rows is None:
            words, word_widths = blank(item_bits(out), n), blank(item_bits(out), n)
        else:
            tail, first = end_of(data)
        for begin in range(ZERO, n, U_BLOCK):
            end = min(n, begin + U_BLOCK)
            if rows is None:
                told = bases, widths, words, word_widths, out
                at = join_block(tokens, begin, end, data, at, *told)
            else:
                told = bases, widths, out, rows
                done, at = bins_rows(tokens, begin, end, data, ZERO, at, *told)
                done, at = bins_rows(tokens, done, end, tail, first, at, *told)
                at = join_few(tokens, done, end, data, at, bases, widths, out)
            finish_block(out, plan, totals, begin, end)
        finish_block(out, plan, totals, n, n)
        return at

    return decode
