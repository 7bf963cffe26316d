"""What is known of floats of a sample at a glance."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, sampling_kernel
from ansflow.kernels.transforms.bits import lowest
from ansflow.kernels.transforms.words import seen_as

__all__ = ["MOST_PLACES", "glance"]

# binary64: the fields of exponent and mantissa.
EXPONENT, EXPONENT_OF_ONE = np.uint64(0x7FF), np.uint64(1023)
MANTISSA_BITS = np.uint64(52)
MANTISSA, IMPLIED = np.uint64((1 << 52) - 1), np.uint64(1 << 52)
NEGATIVE_ZERO = np.uint64(1 << 63)

MOST_PLACES = 64
LAST = np.uint64(MOST_PLACES - 1)


@inlined
def binary_places(fields):
    """Binary places behind the point of a number; `LAST` if there are more, or it is none."""
    exponent, mantissa = fields >> MANTISSA_BITS & EXPONENT, fields & MANTISSA
    if exponent == ZERO:  # zero, or below 2^-1022
        return LAST if mantissa else ZERO
    if exponent == EXPONENT:
        return LAST
    # The lowest bit that is set is worth 2^(exponent - 1023 - 52 + its number).
    weight = exponent + lowest(mantissa | IMPLIED)
    one = EXPONENT_OF_ONE + MANTISSA_BITS
    return min(one - weight, LAST) if weight < one else ZERO


@sampling_kernel
def glance(values, many, few):
    """How many of some values are odd, how fine they are, and how large.

    Parameters
    ----------
    values : float64[n]
        At least one.
    many : float64
    few : float64[m]
        Filled with sizes of some that are as far apart as there is room for.

    Returns
    -------
    How many are NaNs, infinities or negative zeros; the fewest binary places that are enough for
    `many` of them, and for all; and the middle one of the sizes but 0, or 0 if there is none, or it
    is none itself.
    """
    n = np.uint64(values.size)
    step = (n - ONE) // np.uint64(few.size) + ONE
    counts = np.zeros(MOST_PLACES, np.uint64)
    odd = sizes = ZERO
    for i in range(n):
        fields = seen_as(values[i], np.uint64)
        counts[binary_places(fields)] += ONE
        odd += np.uint64(fields == NEGATIVE_ZERO or not abs(values[i]) < np.inf)
    for i in range(ZERO, n, step):
        size = abs(values[i])
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
