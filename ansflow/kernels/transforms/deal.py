"""Floats of a sample, dealt out, and what is known of them at a glance."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, kernel
from ansflow.kernels.transforms.bits import lowest
from ansflow.kernels.transforms.decimal import formats

__all__ = ["MOST_PLACES", "deal"]

# binary64: the fields of exponent and mantissa.
EXPONENT, EXPONENT_OF_ONE = np.uint64(0x7FF), np.uint64(1023)
MANTISSA_BITS = np.uint64(52)
MANTISSA, IMPLIED = np.uint64((1 << 52) - 1), np.uint64(1 << 52)

MOST_PLACES = 64
LAST = np.uint64(MOST_PLACES - 1)


@inlined
def binary_places(value):
    """Binary places behind the point of a number; `LAST` if there are more, or it is none."""
    fields = np.float64(value).view(np.uint64)
    exponent, mantissa = fields >> MANTISSA_BITS & EXPONENT, fields & MANTISSA
    if exponent == ZERO:  # zero, or below 2^-1022
        return LAST if mantissa else ZERO
    if exponent == EXPONENT:
        return LAST
    # The lowest bit that is set is worth 2^(exponent - 1023 - 52 + its number).
    weight = exponent + lowest(mantissa | IMPLIED)
    one = EXPONENT_OF_ONE + MANTISSA_BITS
    return min(one - weight, LAST) if weight < one else ZERO


@functools.cache
def deal(width: int) -> Callable[..., Any]:
    """The kernel ``deal(items, parts, dealt, many, few)`` for floats of `width` bytes.

    It fills `dealt` with one of each of as many equal parts in turn, so that the first ones are
    from all over, and `few`, binary64, with sizes of some that are as far apart as there is room
    for.

    It returns how many are NaNs, infinities or negative zeros; the fewest binary places that are
    enough for `many` of them, and for all; and the middle one of the sizes but 0, or 0 if there is
    none, or it is none itself.
    """
    unsigned, _, to_double, _ = formats(width)
    sign = unsigned(1 << (8 * width - 1))

    @kernel
    def deal(items, parts, dealt, many, few):
        n = np.uint64(dealt.size)
        length, step = n // parts, (n - ONE) // np.uint64(few.size) + ONE
        for part in range(parts):
            for k in range(length):
                dealt[k * parts + part] = items[part * length + k]
        counts = np.zeros(MOST_PLACES, np.uint64)
        odd = sizes = ZERO
        for i in range(n):
            value = to_double(dealt[i])
            counts[binary_places(value)] += ONE
            odd += np.uint64(dealt[i] == sign or not abs(value) < np.inf)
        for i in range(ZERO, n, step):
            size = abs(to_double(dealt[i]))
            if size > 0.0:
                # Inserted where it belongs.
                at = sizes
                sizes += ONE
                while at > ZERO and few[at - ONE] > size:
                    few[at] = few[at - ONE]
                    at -= ONE
                few[at] = size
        enough, for_all, seen = LAST, ZERO, ZERO
        for places in range(np.uint64(MOST_PLACES)):
            seen += counts[places]
            if float(seen) >= many:
                enough = min(enough, places)
            for_all = places if counts[places] else for_all
        return odd, enough, for_all, few[sizes >> ONE] if sizes else 0.0

    return deal
