"""Integers of 64 bits as binary64, rounded once.

AVX2 has no instruction for several of them at once. There the halves h and l of an unsigned integer
become the lowest bits of two numbers, 2^84 + h 2^32 and 2^52 + l. From the first one all that is
too much is taken away, which is exact, and the sum of both is what is rounded.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ansflow.kernels.jit import inlined
from ansflow.kernels.transforms.words import seen_as
from ansflow.kernels.vector.isa import compiled_features

__all__ = ["from_offset"]

HALF, LOW_HALF = np.uint64(32), np.uint64(0xFFFF_FFFF)
OFFSET = np.uint64(1 << 63)
# The bits of 2^52 and 2^84; both and the offset.
LOW_BITS, HIGH_BITS = np.uint64(0x433 << 52), np.uint64(0x453 << 52)
TOO_MUCH = 2.0**52 + 2.0**84 + 2.0**63


@functools.cache
def from_offset() -> Callable[..., Any]:
    """The function ``from_offset(item)``: d, for an integer d + 2^63, as uint64."""

    @inlined
    def by_instruction(item):
        return np.float64(np.int64(item ^ OFFSET))

    @inlined
    def by_halves(item):
        low = seen_as(np.uint64((item & LOW_HALF) | LOW_BITS), np.float64)
        high = seen_as(np.uint64((item >> HALF) | HIGH_BITS), np.float64)
        return (high - TOO_MUCH) + low

    features = compiled_features()
    return by_halves if "avx2" in features and "avx512dq" not in features else by_instruction
