"""Floats to integers by a factor, ``x = d / c`` or ``x = d * c``, where that is x bit for bit.

All arithmetic is that of binary64, one correctly rounded operation after the other, and then one
rounding to the format of the items. So the results are the same on all machines; nothing here
may be compiled with fast-math. With `by_product`, which `goes_by_product` says of factors, d / c is
found without a division.

Sixty-four items at a time are converted without a branch. Only where some of them don't come back,
these are noted in a word of bits: what is done for exceptions takes no time where there are none.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, kernel, sampling_kernel
from ansflow.kernels.transforms import binary64
from ansflow.kernels.transforms.bits import WORD_BITS, lowest
from ansflow.kernels.transforms.byte_order import swap_bytes
from ansflow.kernels.transforms.half import from_half, to_half
from ansflow.kernels.transforms.quotient import quotient
from ansflow.kernels.transforms.words import seen_as

__all__ = ["count_exceptions", "from_integers", "put_exceptions", "to_integers"]

LARGE = 8  # bytes
COUNTED_AT_ONCE = np.uint64(64)
FAR_MORE = np.uint64(3)  # times as many exceptions as may be
FAR_TOO_FINE = 7 / 8  # the share of the first items from which on a factor is of no use


@functools.cache
def formats(width: int) -> tuple[Any, Any, Callable[..., Any], Callable[..., Any]]:
    """For floats of `width` bytes the types of their bits and of d; bits to binary64 and back."""
    if width == 2:
        return np.uint16, np.int16, from_half, to_half
    unsigned: Any = np.uint32 if width == 4 else np.uint64
    signed: Any = np.int32 if width == 4 else np.int64
    floating: Any = np.float32 if width == 4 else np.float64

    @inlined
    def to_double(item):
        return np.float64(seen_as(unsigned(item), floating))

    @inlined
    def from_double(value):
        return seen_as(floating(value), unsigned)

    return unsigned, signed, to_double, from_double


@functools.cache
def from_integers(width: int, big: bool, near: bool, by_product: bool) -> Callable[..., Any]:
    """The kernel ``from_integers(items, c, times, corrections)`` for floats of `width` bytes.

    It puts the floats in the place of the integers, which are d + 2^(8 width - 1). Only if `near`,
    there are corrections.
    """
    unsigned, signed, _, from_double = formats(width)
    zero = unsigned(1 << (8 * width - 1))
    one, over = unsigned(1), quotient(by_product)

    @inlined
    def from_offset(item):
        return np.float64(signed(item ^ zero))

    number = binary64.from_offset() if width == LARGE else from_offset

    @kernel
    def from_integers(items, c, times, corrections):
        r = 1.0 / c
        for i in range(np.uint64(items.size)):
            d = number(items[i])
            item = from_double(d * c if times else over(d, c, r))
            if near:
                code = unsigned(corrections[i])
                item = unsigned(item + ((code >> one) ^ -(code & one)))
            items[i] = swap_bytes(item) if big else item

    return from_integers


@functools.cache
def nearest_integer(width: int, by_product: bool) -> Callable[..., Any]:
    """The function ``nearest_integer(item, c, r, times)`` for floats of `width` bytes; r is 1 / c.

    It returns d, a binary64 number, and the difference of the bits of an item from those of the
    float that d stands for, in zigzag code: 0, 1, 2, 3 is no difference, -1, 1, -2.
    """
    unsigned, _, to_double, from_double = formats(width)
    low, high = -(2.0 ** (8 * width - 1)), 2.0 ** (8 * width - 1)
    one, sign, over = unsigned(1), unsigned(8 * width - 1), quotient(by_product)

    @inlined
    def nearest_integer(item, c, r, times):
        x = to_double(item)
        d = np.rint(x / c if times else x * c)
        # As an integer, that is without the sign of a zero.
        d = d + 0.0 if (d >= low) & (d < high) else 0.0
        difference = unsigned(item - from_double(d * c if times else over(d, c, r)))
        return d, unsigned((difference << one) ^ -(difference >> sign))

    return nearest_integer


def most_code(width: int, size: int) -> int:
    """The highest code of a correction of `size` bytes, all of whose bits are ones.

    A float is at most half as many floats away from an integer over a factor, other than 0, as
    there are from a power of two to the next. What is further away has no such integer.
    """
    floats = np.finfo(f"f{width}").nmant
    return (1 << min(8 * size, floats + 2)) - 1


@functools.cache
def to_integers(width: int, big: bool, size: int, by_product: bool) -> Callable[..., Any]:
    """The kernel ``to_integers(items, c, times, integers, corrections, places)``.

    Items are floats of `width` bytes. It fills `integers` with d + 2^(8 width - 1), `corrections`,
    which have `size` bytes, unless that is 0, and `places` with the places of the exceptions, where
    d is that of the item before, or, in front of all others, that of the first that is none.
    Returns how many there are, or more than `places` has room for; that has to be less than there
    are items.
    """
    unsigned, signed, _, _ = formats(width)
    nearest = nearest_integer(width, by_product)
    zero = unsigned(1 << (8 * width - 1))
    most = unsigned(most_code(width, size))

    @kernel
    def to_integers(items, c, times, integers, corrections, places):
        n = np.uint64(items.size)
        found, room = ZERO, np.uint64(places.size)
        r = 1.0 / c
        codes = np.empty(WORD_BITS, unsigned)
        for begin in range(ZERO, n, WORD_BITS):
            count, worst = min(WORD_BITS, n - begin), unsigned(0)
            for j in range(count):
                i = begin + j
                d, code = nearest(swap_bytes(items[i]) if big else items[i], c, r, times)
                integers[i] = unsigned(signed(d)) ^ zero
                codes[j] = code
            for j in range(count):
                worst |= codes[j]
            if size:
                for j in range(count):
                    corrections[begin + j] = codes[j] if codes[j] <= most else unsigned(0)
            if worst <= most:
                continue
            exceptions = ZERO
            for j in range(count):
                exceptions |= np.uint64(codes[j] > most) << j
            while exceptions:
                if found == room:
                    return found + ONE
                i = begin + lowest(exceptions)
                places[found] = i
                found += ONE
                integers[i] = integers[max(i, ONE) - ONE]
                exceptions &= exceptions - ONE
        leading = ZERO
        while leading < found and places[leading] == leading:
            leading += ONE
        for i in range(leading):
            integers[i] = integers[leading]
        return found

    return to_integers


@functools.cache
def count_exceptions(width: int, by_product: bool) -> Callable[..., Any]:
    """The kernel ``count_exceptions(items, factors, times, highest, fewest, *most, found)``.

    Items are floats of `width` bytes, and exceptions those whose correction has a higher code than
    `highest`, or for which d is 0 but they aren't.

    At most such shares are exceptions, with corrections also of items but those for which d is 0,
    and are not exceptions but have a d that isn't 0, but `many` or more: `most` has these three. A
    row of `found` is filled for each factor that is so: its number, how many items are exceptions,
    and how many others need a correction. Returns how many rows there are.

    Counting ends soon after there are more exceptions, or a far larger share of the first ones, so
    that these should be from all over, and so if nearly all of these are `many` or more. It ends
    altogether with a factor that has no more than the `fewest` exceptions that any has.
    """
    nearest = nearest_integer(width, by_product)

    @sampling_kernel
    def count_exceptions(items, factors, times, highest, fewest, share, fine_share, many, found):
        n, rows = np.uint64(items.size), ZERO
        highest, fewest = np.uint64(highest), np.uint64(fewest)
        most = np.uint64(share * float(n))
        for k in range(np.uint64(factors.size)):
            c = factors[k]
            r = 1.0 / c
            exceptions, corrected, zeros, fine = ZERO, ZERO, ZERO, ZERO
            for begin in range(ZERO, n, COUNTED_AT_ONCE):
                end = min(begin + COUNTED_AT_ONCE, n)
                for i in range(begin, end):
                    d, code = nearest(items[i], c, r, times)
                    held = (np.uint64(code) <= highest) & ((code == 0) | (d != 0.0))
                    exceptions += np.uint64(not held)
                    corrected += np.uint64(held & (code > 0))
                    zeros += np.uint64(held & (d == 0.0))
                    fine += np.uint64(held & (abs(d) >= many))
                is_too_fine = float(fine) > FAR_TOO_FINE * float(end)
                if exceptions > most or exceptions * n > FAR_MORE * most * end or is_too_fine:
                    exceptions = max(exceptions, most + ONE)
                    break
            few = highest == ZERO or float(exceptions) <= share * float(n - zeros)
            is_coarse = float(fine) <= fine_share * (float(n) - float(exceptions + zeros))
            if exceptions <= most and few and is_coarse:
                found[rows, 0], found[rows, 1], found[rows, 2] = k, exceptions, corrected
                rows += ONE
            if exceptions <= fewest:
                break
        return rows

    return count_exceptions


@kernel
def put_exceptions(items, gaps, exceptions):
    """Put items at places with such gaps before them; False if they don't all fit."""
    at, n = ZERO, np.uint64(items.size)
    for j in range(np.uint64(gaps.size)):
        at += gaps[j]
        if at >= n:
            return False
        items[at] = exceptions[j]
        at += ONE
    return True
