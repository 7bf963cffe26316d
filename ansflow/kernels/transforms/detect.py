"""What numbers of a sample have in common: a divisor, a step."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.transforms.bits import lowest

__all__ = ["common_divisor", "count_binary_places", "count_codes", "narrow_step", "pair_steps"]

# Runs of codes are dealt out to four parts.
TWO, THREE, LAST_PART = np.uint64(2), np.uint64(3), np.uint64(3)
# What is known of a code: bits of parts, then how many runs it has, and how often it occurs.
PARTS, RUNS, ALL_RUNS, COUNT = np.uint64(15), np.uint64(4), np.uint64((1 << 28) - 1), np.uint64(32)

# binary64: the fields of exponent and mantissa.
EXPONENT = np.uint64(0x7FF << 52)
MANTISSA = np.uint64((1 << 52) - 1)
MANTISSA_BITS = np.uint64(52)
IMPLIED = np.uint64(1 << 52)
EXPONENT_OF_ONE = np.uint64(1023)

# What is left of a pair of numbers after so many steps of Euclid's algorithm is noise.
MOST_STEPS = 64
# A step is of no use if it is not known to this share of it.
TOO_VAGUE = 2.0**-5


@kernel
def common_divisor(numbers):
    """The greatest common divisor of all differences; 0 if there are none but 0."""
    divisor = ZERO
    for i in range(ONE, np.uint64(numbers.size)):
        a, b = np.uint64(numbers[i]), np.uint64(numbers[i - ONE])
        a, b = max(a, b) - min(a, b), divisor
        while b:
            a, b = b, a % b
        divisor = a
        if divisor == ONE:
            break
    return divisor


@kernel
def count_codes(codes, seen):
    """Count codes, runs of them, and codes that have one run; and distinct codes in three ways.

    Parameters
    ----------
    codes : uint32[n]
        At least one, and fewer than 2^28.
    seen : uint64[m]
        Zeros; all codes are below m. They are filled with how often each code occurs, its runs,
        and a bit for each of the four parts that runs are dealt out to in turn: 32, 28 and 4 bits.

    Returns
    -------
    tuple of uint64
        Runs; codes with one of them; distinct codes; their sums for the two halves of the runs,
        and for the four quarters; how often the most frequent code occurs.
    """
    drawn, before = ZERO, codes[0]
    for i in range(np.uint64(codes.size)):
        code = codes[i]
        new = np.uint64(i == ZERO) | np.uint64(code != before)
        seen[code] = seen[code] + (ONE << COUNT) + (new << RUNS) | new << (drawn & LAST_PART)
        drawn += new
        before = code
    once = distinct = of_halves = of_quarters = most = ZERO
    for i in range(np.uint64(seen.size)):
        part = seen[i] & PARTS
        half = (part | part >> TWO) & THREE
        once += np.uint64(seen[i] >> RUNS & ALL_RUNS == ONE)
        distinct += np.uint64(part > ZERO)
        of_halves += (half & ONE) + (half >> ONE)
        of_quarters += (part & ONE) + (part >> ONE & ONE) + (part >> TWO & ONE) + (part >> THREE)
        most = max(most, seen[i] >> COUNT)
    return drawn, once, distinct, of_halves, of_quarters, most


@kernel
def count_binary_places(values, counts):
    """Count numbers by how many binary places they have behind the point.

    The last count is of all that have as many as that or more, with NaNs and infinities.
    """
    last = np.uint64(counts.size) - ONE
    for value in values:
        fields = np.float64(value).view(np.uint64)
        exponent = (fields & EXPONENT) >> MANTISSA_BITS
        mantissa = fields & MANTISSA
        places = ZERO
        if exponent == ZERO:  # zero, or below 2^-1022
            places = last if mantissa else ZERO
        elif exponent == EXPONENT >> MANTISSA_BITS:
            places = last
        else:
            # The lowest bit that is set is worth 2^(exponent - 1023 - 52 + its number).
            weight = exponent + lowest(mantissa | IMPLIED)
            if weight < EXPONENT_OF_ONE + MANTISSA_BITS:
                places = min(EXPONENT_OF_ONE + MANTISSA_BITS - weight, last)
        counts[places] += ONE


@kernel
def pair_steps(a, b, a_errors, b_errors, steps):
    """Find what two numbers are multiples of, for several pairs of positive numbers.

    Euclid's algorithm on real numbers: the error of each number adds to that of the remainder, and
    a remainder that is no larger than its error is 0. Fills `steps`, with 0 where there is
    none, and their errors in the place of `b_errors`.
    """
    for i in range(np.uint64(steps.size)):
        x, y, x_error, y_error = a[i], b[i], a_errors[i], b_errors[i]
        steps[i] = 0.0
        for _ in range(MOST_STEPS):
            if y_error > y * TOO_VAGUE:
                break
            times = np.rint(x / y)
            rest = abs(x - times * y)
            error = x_error + times * y_error
            if rest <= error:
                steps[i], b_errors[i] = y, y_error
                break
            x, y, x_error, y_error = y, rest, y_error, error


@kernel
def narrow_step(values, half_unit, low, high):
    """Narrow the interval for a step by numbers, positive and ascending, that are multiples of it.

    A float with the exponent e is within `half_unit` 2^e of the number it stands for. Numbers that
    contradict those before are ignored; the first that may be one multiple or another
    ends it. Returns the interval.
    """
    for value in values:
        middle = (low + high) / 2
        times = np.rint(value / middle)
        if times < 1.0:
            continue
        if times * (high - low) > middle / 2:
            break
        exponent = np.uint64(np.float64(value).view(np.uint64) & EXPONENT).view(np.float64)
        error = exponent * half_unit
        least, most = (value - error) / times, (value + error) / times
        if least <= high and most >= low:
            low, high = max(low, least), min(high, most)
    return low, high
