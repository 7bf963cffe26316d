"""Factors that make integers of the floats of a sample: which of the usual ones are of use.

That is one kernel, as most of the time would be that of calls: what is tried depends on what was.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.transforms.deal import MOST_PLACES, deal
from ansflow.kernels.transforms.decimal import count_exceptions

__all__ = ["BITS_OF_CODES", "EXCEPTIONS_UP_TO", "FEW", "FINE_UP_TO", "HIGHEST_CODE"]
__all__ += ["MANTISSA_BITS", "NEAR_FROM_BYTES", "SPARE_BITS", "WORTH_IT", "finest", "try_factors"]

# By the bytes of a float; NumPy takes its time to say so.
MANTISSA_BITS = {2: 10, 4: 23, 8: 52}

# The share of numbers that may be exceptions.
EXCEPTIONS_UP_TO = 0.1
# Integers with nearly as many bits as the mantissa of a float are as fine as the floats, so that
# any number is one of them. This is how many bits fewer they must have, and for how many numbers
# but 0 it may be otherwise.
SPARE_BITS = 2
FINE_UP_TO = 0.5
# What a finer factor must save in exceptions, or corrections, as a share of all numbers.
WORTH_IT = 0.002

# The highest code of a correction, by up to eight units in the last place. Integers must then have
# so many more bits fewer than the mantissa; a float of 16 bits doesn't have as many.
HIGHEST_CODE = 15
BITS_OF_CODES = HIGHEST_CODE.bit_length()
NEAR_FROM_BYTES = 4
# Numbers by which something is guessed, and room for a guess at how fine they may be that is wrong.
FEW, ROOM = 64, 4.0

# Kinds of factors, in the order in which they are tried: powers of ten, powers of two, scales that
# integers are multiplied by, and powers of ten with corrections. What is nearly an integer over a
# power is one over any finer power, as long as not all are: the finest of them is tried first.
TENS, TWOS, SCALES, FINEST, NEAR = map(np.uint64, range(5))
KINDS = NEAR + ONE


def finest(width: int, *, near: bool) -> float:
    """The first integer that is nearly as fine as floats of so many bytes."""
    return 2.0 ** (MANTISSA_BITS[width] + 1 - SPARE_BITS - near * BITS_OF_CODES)


@functools.cache
def try_factors(width: int, by_product: bool) -> Callable[..., Any]:
    """The kernel ``try_factors(items, parts, tens, scales, dealt, found, counts, ends)``.

    Items are floats of `width` bytes, which it deals out as `deal` does. `tens` are powers of ten,
    ascending, and `scales` what integers may be multiplied by. It fills `found` with factors
    that are of use; and a row of `counts` with how many items are exceptions, and how many need a
    correction. There are at most as many as all tens twice, all scales and two. `ends` becomes
    how many of them are no scales, how many have no corrections, and how many there are.

    It returns how many items are exceptions whatever the factor is.
    """
    deal_out, count = deal(width), count_exceptions(width, by_product)
    many, many_near = finest(width, near=False), finest(width, near=True)
    highest = np.uint64(HIGHEST_CODE)

    @kernel
    def try_factors(items, parts, tens, scales, dealt, found, counts, ends):
        size = float(dealt.size)
        told = deal_out(items, parts, dealt, (1.0 - EXCEPTIONS_UP_TO) * size, np.empty(FEW))
        fewest, few_places, places, middle = told
        ends[:], end, most = 0, ZERO, np.uint64(EXCEPTIONS_UP_TO * size)
        if float(fewest) / size > EXCEPTIONS_UP_TO:
            return fewest
        enough = float(fewest) / size + WORTH_IT
        least, rows = 1.0, np.empty((tens.size + scales.size + 2, 4), np.uint64)
        twos, some = np.empty(2), ZERO
        for kind in range(KINDS):
            tried, times, near = tens, kind == SCALES, kind >= FINEST
            if kind == TWOS:
                for exponent in (few_places, places):
                    power = float(ONE << exponent)
                    # If others are good enough, they are only better if they are coarser.
                    coarse = least > enough or power < found[end - ONE]
                    new = some == ZERO or power > twos[0]
                    if ZERO < exponent < MOST_PLACES - 1 and coarse and new:
                        twos[some] = power
                        some += ONE
                tried = twos[:some]
            elif kind == SCALES:
                tried = scales if least > enough else scales[:0]
            elif kind == FINEST:
                if not (least > float(fewest) / size and width >= NEAR_FROM_BYTES and middle > 0.0):
                    break
                some = ZERO
                while some < np.uint64(tens.size) and tens[some] < many_near / (ROOM * middle):
                    some += ONE
                tried = tens[max(some, ONE) - ONE : some]
            elif kind == NEAR:
                tried = tens[:some]
            allowed, fine = (highest, many_near) if near else (ZERO, many)
            done = count(dealt, tried, times, allowed, fewest, most, fine, rows)
            begin = end
            for row in range(np.uint64(done)):
                exceptions, left = rows[row, 0], size - float(rows[row, 0]) - float(rows[row, 2])
                if exceptions <= most and float(rows[row, 3]) <= FINE_UP_TO * left:
                    found[end] = tried[row]
                    counts[end, 0], counts[end, 1] = exceptions, rows[row, 1]
                    end += ONE
                    least = least if near else min(least, float(exceptions) / size)
            if kind < FINEST:
                ends[kind >> ONE] = end
            elif kind == FINEST:
                if end == begin:
                    break
                end = begin
        ends[2] = end
        return fewest

    return try_factors
