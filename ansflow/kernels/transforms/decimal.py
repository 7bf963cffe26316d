"""Floats to integers by a factor, ``x = d / c`` or ``x = d * c``, where that is x bit for bit.

All arithmetic is that of binary64, one correctly rounded operation after the other, and then one
rounding to the format of the items. So the results are the same on all machines; nothing here
may be compiled with fast-math.

Sixty-four items at a time are converted without a branch, and those that don't come back are noted
in a word of bits. What is done for these exceptions takes no time where there are none.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.transforms.bits import WORD_BITS, lowest
from ansflow.kernels.transforms.half import from_half, to_half

__all__ = ["from_integers", "put_exceptions", "to_integers"]


@functools.cache
def formats(width: int) -> tuple[Any, Any, Callable[..., Any], Callable[..., Any]]:
    """For floats of `width` bytes the types of their bits and of d; bits to binary64 and back."""
    if width == 2:
        return np.uint16, np.int16, from_half, to_half
    unsigned: Any = np.uint32 if width == 4 else np.uint64
    signed: Any = np.int32 if width == 4 else np.int64
    floating: Any = np.float32 if width == 4 else np.float64

    @kernel
    def to_double(item):
        return np.float64(unsigned(item).view(floating))

    @kernel
    def from_double(value):
        return floating(value).view(unsigned)

    return unsigned, signed, to_double, from_double


@functools.cache
def from_integers(width: int) -> Callable[..., Any]:
    """The kernel ``from_integers(items, c, times)`` for floats of `width` bytes.

    It puts the floats in the place of the integers, which are d + 2^(8 width - 1).
    """
    unsigned, signed, _, from_double = formats(width)
    zero = unsigned(1 << (8 * width - 1))

    @kernel
    def from_integers(items, c, times):
        for i in range(np.uint64(items.size)):
            d = np.float64(signed(items[i] ^ zero))
            items[i] = from_double(d * c if times else d / c)

    return from_integers


@functools.cache
def to_integers(width: int) -> Callable[..., Any]:
    """The kernel ``to_integers(items, c, times, integers, places)`` for floats of `width` bytes.

    It fills `integers` with d + 2^(8 width - 1), and `places` with the places of the exceptions,
    where d is that of the item before, or, in front of all others, that of the first that is none.
    Returns how many there are, or more than `places` has room for; that has to be less
    than there are items.
    """
    unsigned, signed, to_double, from_double = formats(width)
    zero = unsigned(1 << (8 * width - 1))
    low, high = -(2.0 ** (8 * width - 1)), 2.0 ** (8 * width - 1)

    @kernel
    def to_integers(items, c, times, integers, places):
        n = np.uint64(items.size)
        found, room = ZERO, np.uint64(places.size)
        for begin in range(ZERO, n, WORD_BITS):
            exceptions = ZERO
            for j in range(min(WORD_BITS, n - begin)):
                i = begin + j
                x = to_double(items[i])
                d = np.rint(x / c if times else x * c)
                # As an integer, that is without the sign of a zero.
                d = d + 0.0 if (d >= low) & (d < high) else 0.0
                integers[i] = unsigned(signed(d)) ^ zero
                differs = from_double(d * c if times else d / c) != items[i]
                exceptions |= np.uint64(differs) << j
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
