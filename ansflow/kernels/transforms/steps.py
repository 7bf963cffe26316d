"""A step that real numbers are multiples of, but for what they were rounded by."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, kernel
from ansflow.kernels.transforms.words import seen_as

__all__ = ["agreed_step", "keep_distinct", "narrow_step", "sizes_between"]

EXPONENT = np.uint64(0x7FF << 52)  # the field of binary64

# A step is looked for in so many pairs of gaps, of which one lies elsewhere than the other, and a
# share of them has to agree on it.
PAIRS = 64
U_PAIRS = np.uint64(PAIRS)
ELSEWHERE = 0.382
AGREEING = 0.25

# What is left of a pair of numbers after so many steps of Euclid's algorithm is noise.
MOST_STEPS = 64
# A step is of no use if it is not known to this share of it.
TOO_VAGUE = 2.0**-5


@kernel
def sizes_between(values, low, high, out):
    """Fill `out` with the sizes of values that have one in an interval; returns how many."""
    found = ZERO
    for value in values:
        size = abs(value)
        out[found] = size
        found += np.uint64(size >= low and size <= high)
        if found == np.uint64(out.size):
            break
    return found


@kernel
def keep_distinct(ascending):
    """Move the distinct ones to the front; returns how many there are."""
    found = ZERO
    for i in range(np.uint64(ascending.size)):
        if found == ZERO or ascending[i] != ascending[found - ONE]:
            ascending[found] = ascending[i]
            found += ONE
    return found


@inlined
def step_of(x, y, x_error, y_error):
    """What two positive numbers are multiples of, and the error of that; 0 if there is none.

    Euclid's algorithm on real numbers: the error of each number adds to that of the remainder, and
    a remainder that is no larger than its error is 0.
    """
    for _ in range(MOST_STEPS):
        if y_error > y * TOO_VAGUE:
            break
        times = np.rint(x / y)
        rest = abs(x - times * y)
        error = x_error + times * y_error
        if rest <= error:
            return y, y_error
        x, y, x_error, y_error = y, rest, y_error, error
    return 0.0, 0.0


@kernel
def agreed_step(values, half_unit):
    """A step that the gaps between many of some ascending numbers agree on, and an error; or 0.

    There are at least two values. Each is within so much of itself of the number it stands for.
    """
    size = np.uint64(values.size) - ONE
    every, beyond = size // U_PAIRS | ONE, np.uint64(float(size) * ELSEWHERE) + ONE
    steps, errors, found = np.empty(2 * PAIRS), np.empty(2 * PAIRS), ZERO  # fewer than that
    pairs = (size + every - ONE) // every
    for pair in range(pairs):
        i = pair * every
        k = (i + beyond) % size
        step, error = step_of(
            values[i + ONE] - values[i],
            values[k + ONE] - values[k],
            half_unit * (values[i + ONE] + values[i]),
            half_unit * (values[k + ONE] + values[k]),
        )
        steps[found], errors[found] = step, error
        found += np.uint64(step > 0.0)
    most, best, least = ZERO, ZERO, AGREEING * float(pairs)
    if float(found) < least:
        return 0.0, 0.0
    for k in range(found):
        votes = ZERO
        for i in range(found):
            votes += np.uint64(abs(steps[i] - steps[k]) <= errors[i] + errors[k])
        if votes > most:
            most, best = votes, np.uint64(k)
    if float(most) < least:
        return 0.0, 0.0
    step, error, middle, vague = 0.0, 0.0, steps[best], errors[best]
    for i in range(found):
        if abs(steps[i] - middle) <= errors[i] + vague:
            step += steps[i]
            error += errors[i]
    return step / float(most), 4.0 * error / float(most) ** 1.5


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
        exponent = seen_as(seen_as(np.float64(value), np.uint64) & EXPONENT, np.float64)
        error = exponent * half_unit
        least, most = (value - error) / times, (value + error) / times
        if least <= high and most >= low:
            low, high = max(low, least), min(high, most)
    return low, high
