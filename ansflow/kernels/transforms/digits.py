"""The last digit of numbers, whatever its base: taken off, and put on again.

A base that is a power of two makes of it a shift and a mask, in a loop of vectors.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel

__all__ = ["put_on", "take_off"]


@kernel
def take_off(numbers, base, digits):
    """Fill `digits` with ``numbers % base``, and divide the numbers by the base.

    Parameters
    ----------
    numbers : uint[n]
    base : uint64
        At least 1, of the width of a number.
    digits : uint[n]
        As wide as numbers or narrower, and wide enough.
    """
    size, number, digit = np.uint64(numbers.size), numbers.dtype.type, digits.dtype.type
    mask = base - ONE
    if base & mask == ZERO:
        shift = ZERO
        while base >> shift != ONE:
            shift += ONE
        for i in range(size):
            digits[i] = digit(np.uint64(numbers[i]) & mask)
            numbers[i] = np.uint64(numbers[i]) >> shift
    else:
        divisor = number(base)
        for i in range(size):
            rest = number(numbers[i] // divisor)
            digits[i] = number(numbers[i] - rest * divisor)
            numbers[i] = rest


@kernel
def put_on(numbers, base, digits):
    """Undo `take_off`, modulo 2^W: multiply numbers by the base, and add the digits."""
    number = numbers.dtype.type
    factor = number(base)
    for i in range(np.uint64(numbers.size)):
        numbers[i] = number(numbers[i] * factor) + number(digits[i])
