"""Multiples of a step above a base, and the step that numbers have in common.

A step is 2^k s with an odd s, which has an inverse modulo 2^W. A multiple is divided by taking
k zeros off its end, and by a product. Of what is no multiple, the product is larger than any
quotient is. So this is a loop that LLVM makes vectors of, without a division.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, kernel

__all__ = ["bounds", "common_step", "divide", "multiply"]

BLOCK = np.uint64(1024)
NEWTON_STEPS = 5  # from 3 bits that are right to 6, 12, ... 96


@kernel
def bounds(items):
    """The smallest and the largest of items, of which there is one at least."""
    number = items.dtype.type
    low = high = items[0]
    for i in range(np.uint64(items.size)):
        low = number(min(low, items[i]))
        high = number(max(high, items[i]))
    return np.uint64(low), np.uint64(high)


@inner
def inverse_of(odd):
    """What an odd number has to be multiplied with to give 1, modulo 2^64."""
    inverse = odd
    for _ in range(NEWTON_STEPS):
        inverse *= np.uint64(2) - odd * inverse
    return inverse


@kernel
def divide(items, base, step, out):
    """Fill `out` with ``(items - base) / step``.

    Parameters
    ----------
    items : uint[n]
    base : uint64
        Not above any item.
    step : uint64
        At least 1, of the width of an item.
    out : uint[n], of the same width

    Returns
    -------
    bool
        Whether all of these are integers; otherwise they are nothing in particular.
    """
    number = out.dtype.type
    shift = ZERO
    while (step >> shift) & ONE == ZERO:
        shift += ONE
    odd = step >> shift
    first, factor = number(base), number(inverse_of(odd))
    most = (np.uint64(number(~number(0))) >> shift) // odd
    lost = largest = number(ZERO)
    for i in range(np.uint64(items.size)):
        above = number(items[i] - first)
        lost |= above
        product = number(above * factor)
        largest = number(max(largest, product))
        out[i] = product >> shift
    return lost & ((ONE << shift) - ONE) == ZERO and np.uint64(largest) >> shift <= most


@kernel
def common_step(items, base, scratch):
    """The greatest common divisor of ``items - base``, or 0 if those are all 0.

    Parameters
    ----------
    items : uint[n]
    base : uint64
        Not above any item.
    scratch : uint[n], of the same width
    """
    size = np.uint64(items.size)
    step = ZERO
    begin = ZERO
    while begin < size and step != ONE:
        end = min(begin + BLOCK, size)
        # Euclid's algorithm at least halves the step where it changes it, so that only few blocks
        # need it.
        if step == ZERO or not divide(items[begin:end], base, step, scratch[begin:end]):
            for i in range(begin, end):
                left = np.uint64(items[i]) - base
                while left != ZERO:
                    step, left = left, step % left
        begin = end
    return step


@kernel
def multiply(items, base, step):
    """Undo `divide` in place."""
    number = items.dtype.type
    first, factor = number(base), number(step)
    for i in range(np.uint64(items.size)):
        items[i] = first + number(factor * items[i])
