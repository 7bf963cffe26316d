"""Intervals of 2^p slots for rows of floating-point probabilities, by a closed form.

A probability becomes the integer ``floor(2^30 probability)``, its *weight*. Multiplying by a power
of two and cutting are exact, whatever the machine and the type of float, and so are sums of
integers, in any order. Each of n symbols has one of the slots, and shares in the others by weight:

    scale  = ceil((2^p - n) 2^(62 - p) / sum of all weights)
    cdf[s] = s + floor((sum of the weights before s) scale / 2^(62 - p))

Behind the last symbol this is 2^p, since rounding the scale up adds less than one slot.

With W for the sum of all weights, a weight w gets more than (2^p - n) w / W slots, and at least
one. So a symbol takes at most ``-log2(1 - n / 2^p)`` bits more than ``log2(W / w)``. Cutting costs
less: ``log2(x / (x - 1)) <= 2 / x`` for x = 2^30 probability >= 2, so on average at most n / 2^29
bits; what is smaller has its slot.

In rows that `first_unsound` accepts, weights sum to about 2^30, to less than 2^31. Others, which
another thread may make of them later, get wrong intervals, but some within the 2^p slots.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, kernel

__all__ = [
    "TOLERANCE_BITS",
    "WEIGHT_BITS",
    "cumulate",
    "first_unsound",
    "intervals",
    "rest_of",
    "scale_of",
    "share",
    "weight",
]

WEIGHT_BITS = 30
WEIGHT_OF_ONE = 2.0**WEIGHT_BITS
# The largest number below 2^31 in float32, and in float64 one that is as good.
MOST = 2.0**31 - 2.0**7

# The sum of a row is 1, give or take 2^-6: numbers of eight bits, as of bfloat16, stay within that.
TOLERANCE_BITS = 6

SCALE_BITS = np.uint64(62)
NOTHING = np.uint32(0)


@inlined
def weight(row, symbol):
    """The weight of a symbol, 0 to 2^31 - 2^7; that of NaN is 0.

    As comparisons with numbers of the row's own type, which is all that LLVM needs for vectors.
    """
    kind = row.dtype.type
    scaled = row[symbol] * kind(WEIGHT_OF_ONE)
    scaled = scaled if scaled > kind(0.0) else kind(0.0)
    scaled = scaled if scaled < kind(MOST) else kind(MOST)
    return np.uint32(np.int32(scaled))


@inlined
def rest_of(symbols, precision):
    """``(slots that are shared, the binary places of a scale)``."""
    return (ONE << precision) - symbols, SCALE_BITS - precision


@inlined
def scale_of(total, slots, places):
    """What a weight is multiplied by to be its share of the slots, rounded up."""
    divisor = max(np.uint64(total), ONE)
    return ((slots << places) + divisor - ONE) // divisor


@inlined
def share(below, scale, places):
    """Slots that symbols of the weight `below` have, besides the one that each has."""
    return np.uint64(below) * scale >> places


@kernel
def first_unsound(probs):
    """The first row with a negative number or NaN, or whose sum is not about 1; else their number.

    Parameters
    ----------
    probs : float32[rows, alphabet] or float64[rows, alphabet]
    """
    kind = probs.dtype.type
    tolerance = np.int64(1 << (WEIGHT_BITS - TOLERANCE_BITS))
    for i in range(probs.shape[0]):
        row = probs[i]
        is_sound = True
        total = ZERO
        for j in range(row.size):
            is_sound &= row[j] >= kind(0.0)
            total += np.uint64(weight(row, j))
        if not is_sound or abs(np.int64(total) - (1 << WEIGHT_BITS)) > tolerance:
            return i
    return probs.shape[0]


@kernel
def intervals(symbols, probs, precision, starts, freqs):
    """Fill in the interval that each symbol has in its row.

    Parameters
    ----------
    symbols : uint8[n] or uint16[n]
        Below `alphabet`.
    probs : float32[n, alphabet] or float64[n, alphabet]
        A row for each symbol. Not more than 2^`precision` columns.
    precision : uint64
        1 to 31.
    starts, freqs : uint32[n]
        Filled.
    """
    slots, places = rest_of(np.uint64(probs.shape[1]), precision)
    for i in range(symbols.size):
        row = probs[i]
        symbol = np.uint64(symbols[i])
        # Both sums in one loop of a constant length, which has no rest behind its vectors.
        last = np.uint32(symbol)
        below, total = NOTHING, NOTHING
        for j in range(np.uint32(row.size)):
            each = weight(row, j)
            total += each
            below += each if np.uint32(j) < last else NOTHING
        scale = scale_of(total, slots, places)
        start = min(share(below, scale, places), slots)
        end = min(max(share(below + weight(row, symbol), scale, places), start), slots)
        starts[i] = start + symbol
        freqs[i] = end - start + ONE


@kernel
def cumulate(probs, precision, weights, cdf):
    """Fill in the cumulative frequencies of all rows.

    Parameters
    ----------
    probs : float32[rows, alphabet] or float64[rows, alphabet]
    precision : uint64
    weights : uint32[alphabet]
        Scratch.
    cdf : uint32[rows, alphabet + 1]
        Filled.
    """
    slots, places = rest_of(np.uint64(probs.shape[1]), precision)
    for i in range(probs.shape[0]):
        row, sums = probs[i], cdf[i]
        total = ZERO
        for j in range(row.size):
            weights[j] = weight(row, j)
            total += np.uint64(weights[j])
        scale = scale_of(total, slots, places)
        below = ZERO
        for j in range(row.size):
            sums[j] = min(share(below, scale, places), slots) + np.uint64(j)
            below += np.uint64(weights[j])
        sums[row.size] = ONE << precision
