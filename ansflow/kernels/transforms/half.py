"""binary16, which neither Numba nor all processors know, as binary64 and back."""

import numpy as np

from ansflow.kernels.constants import ONE
from ansflow.kernels.jit import kernel
from ansflow.kernels.transforms.words import seen_as

__all__ = ["from_half", "to_half"]

MAGNITUDE_16, SIGN_16 = np.uint16(0x7FFF), np.uint16(0x8000)
MAGNITUDE_64 = np.uint64((1 << 63) - 1)

# A mantissa has 10 bits or 52; the biases of the exponents are 15 and 1023.
MANTISSA_SHIFT = np.uint64(52 - 10)
BIAS = np.uint64((1023 - 15) << 52)
SIGN_SHIFT = np.uint64(63 - 15)

# Below the smallest normal number, numbers are multiples of 2^-24.
SMALLEST_NORMAL = 2.0**-14
SMALLEST_FIELDS = np.uint64((1023 - 14) << 52)  # of it as binary64
NORMAL_FROM = np.uint16(1 << 10)  # its bits as binary16

INFINITY = np.uint16(31 << 10)
OVERFLOW_FROM = 65520.0  # is nearer to 2^16 than to 65504, or as near, and 2^16 is even

# Adding less than half a unit of what is cut off, or just half if the last bit is odd, rounds to
# nearest, ties to even.
BELOW_HALF = np.uint64((1 << 41) - 1)

# The last bit of 2^28 is worth 2^-24: the sum with a small number is rounded as that has to be.
ROUNDER = 2.0**28


@kernel
def from_half(item):
    """A binary16 number as binary64; NaNs become infinities."""
    magnitude = np.uint16(item & MAGNITUDE_16)
    fields = np.uint64(magnitude) << MANTISSA_SHIFT
    value = seen_as(np.uint64(fields + BIAS), np.float64)
    if magnitude < NORMAL_FROM:
        value = seen_as(np.uint64(fields | SMALLEST_FIELDS), np.float64) - SMALLEST_NORMAL
    if magnitude >= INFINITY:
        value = np.inf
    return -value if item & SIGN_16 else value


@kernel
def to_half(value):
    """The binary16 number nearest to a binary64 number that is not a NaN, ties to even."""
    fields = seen_as(np.float64(value), np.uint64)
    magnitude = np.uint64(fields & MAGNITUDE_64)
    size = seen_as(magnitude, np.float64)
    odd = (magnitude >> MANTISSA_SHIFT) & ONE
    item = (magnitude + BELOW_HALF + odd - BIAS) >> MANTISSA_SHIFT
    if size < SMALLEST_NORMAL:
        item = seen_as(np.float64(size + ROUNDER), np.uint64)
    if size >= OVERFLOW_FROM:
        item = np.uint64(INFINITY)
    sign = (fields >> SIGN_SHIFT) & np.uint64(SIGN_16)
    return np.uint16((item & np.uint64(MAGNITUDE_16)) | sign)
