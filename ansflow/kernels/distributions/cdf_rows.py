"""Parameters of discrete distributions to rows of a CDF, by steps that are exact everywhere.

Integers, or doubles under +, *, / alone, each rounded as IEEE 754 says, in a fixed order: see
`ansflow.kernels.distributions.location_scale`. Powers of two come from a table of 2^(31 - f /
4096).
"""

import math

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, kernel

__all__ = [
    "POWER_BITS",
    "WEIGHT_SUM_BITS",
    "beta_binomial",
    "categorical",
    "in_shares",
    "log2_below",
    "mixture_weights",
    "power",
    "powers",
    "proportional",
    "row_maximum",
]

POWER_BITS = 12
POWER_TOP_BITS = 31
U_POWER_BITS = np.uint64(POWER_BITS)
U_63 = np.uint64(63)
POWER_MASK = np.uint64((1 << POWER_BITS) - 1)
WEIGHT_SUM_BITS = 32

LOWEST_LOG2 = -32.0
LOG2_E = 1.4426950408889634  # the same double on all machines

# Exact powers of two that keep products of ratios within range.
HUGE = 2.0**500
TINY = 2.0**-500

# What alpha and beta of a beta-binomial are clipped to.
SMALLEST_COUNT, LARGEST_COUNT = 2.0**-20, 2.0**20


@inlined
def power(table, exponent):
    """2^31 * 2^(-exponent / 4096), rounded down; `exponent` is unsigned."""
    return np.uint64(table[exponent & POWER_MASK]) >> min(exponent >> U_POWER_BITS, U_63)


@kernel
def powers(table, exponents, unit, out):
    """Fill `out` with unit * 2^(-exponent / 4096).

    Parameters
    ----------
    table : uint32[4096]
    exponents : int64[n]
        From -2^20 to 2^20.
    unit : float64
        A power of two.
    out : float64[n]
    """
    for i in range(out.size):
        whole = exponents[i] >> POWER_BITS
        fraction = exponents[i] - (whole << POWER_BITS)
        # Both factors are powers of two, or a 32-bit integer: nothing is rounded.
        scale = math.ldexp(unit, -int(whole) - POWER_TOP_BITS)
        out[i] = np.float64(table[np.uint64(fraction)]) * scale


@inlined
def log2_below(logit, largest):
    """By how much a natural logarithm is below the largest: binary, in units of 2^-12, up to 32."""
    relative = max((logit - largest) * LOG2_E, LOWEST_LOG2)
    return np.int64(np.rint(-relative * float(1 << POWER_BITS)))


@inlined
def row_maximum(logits, i):
    """The largest of a row, and whether all are finite."""
    largest = logits[i, 0]
    finite = True
    for s in range(logits.shape[1]):
        finite &= np.isfinite(logits[i, s])
        largest = max(largest, logits[i, s])
    return largest, finite


@inlined
def cumulate(cdf, i, precision):
    """Row i of a CDF in place of weights: a slot for each symbol, the others shared by weight.

    Column s + 1 holds the weight of symbol s, whose sum is 1 to 2^32. The alphabet is no larger
    than ``2^precision``.
    """
    alphabet = np.uint64(cdf.shape[1]) - ONE
    slots = (ONE << precision) - alphabet
    total = ZERO
    for s in range(alphabet):
        total += np.uint64(cdf[i, np.uint64(s) + ONE])
    below = ZERO
    for s in range(alphabet):
        symbol = np.uint64(s)
        weight = np.uint64(cdf[i, symbol + ONE])
        cdf[i, symbol] = below * slots // total + symbol
        below += weight
    cdf[i, alphabet] = ONE << precision


@kernel
def categorical(table, logits, bits, precision, cdf):
    """CDFs whose weights are in proportion to e^logit, the largest 2^bits.

    Parameters
    ----------
    table : uint32[4096]
    logits : float64[n, alphabet]
    bits : uint64
        At most 31, and 32 with those of the size of the alphabet.
    precision : uint64
        At most 31; the alphabet is no larger than ``2^precision``.
    cdf : uint32[n, alphabet + 1]
        Filled.

    Returns
    -------
    bool
        Whether all logits are finite; if not, `cdf` is undefined.
    """
    shift = np.uint64(POWER_TOP_BITS) - bits
    for i in range(logits.shape[0]):
        largest, finite = row_maximum(logits, i)
        if not finite:
            return False
        for s in range(logits.shape[1]):
            exponent = np.uint64(log2_below(logits[i, s], largest))
            cdf[i, s + 1] = power(table, exponent) >> shift
        cumulate(cdf, i, precision)
    return True


@kernel
def proportional(weights, precision, cdf):
    """CDFs in proportion to weights: a slot for each symbol, and the others shared by weight.

    The sums are those of doubles, from the first symbol to the last: each is at least as large as
    the one before, and so is its share of the slots.

    Parameters
    ----------
    weights : float64[n, alphabet]
    precision : uint64
        At most 31; the alphabet is no larger than ``2^precision``.
    cdf : uint32[n, alphabet + 1]
        Filled.

    Returns
    -------
    bool
        Whether all weights are at least 0 and finite, and so is the sum of each row, which is not
        0; if not, `cdf` is undefined.
    """
    alphabet = weights.shape[1]
    slots = float((ONE << precision) - np.uint64(alphabet))
    for i in range(weights.shape[0]):
        total = 0.0
        legal = True
        for s in range(alphabet):
            legal &= weights[i, s] >= 0.0
            total += weights[i, s]
        if not (legal and total > 0.0 and np.isfinite(total)):
            return False
        below = 0.0
        for s in range(alphabet):
            cdf[i, s] = np.uint32(below / total * slots) + np.uint32(s)
            below += weights[i, s]
        cdf[i, alphabet] = ONE << precision
    return True


@inlined
def softmax(table, logits, i, weights):
    """Row i of weights in proportion to 2^(logit / 4096), the largest 2^31."""
    largest = logits[i, 0]
    for s in range(logits.shape[1]):
        largest = max(largest, logits[i, s])
    for s in range(logits.shape[1]):
        exponent = np.uint64(np.int64(largest) - np.int64(logits[i, s]))
        weights[i, s] = power(table, exponent)


@inlined
def in_shares(weights, i, bits):
    """Row i of weights, the largest 2^31, scaled to sum to 2^bits.

    The remainder of rounding down goes to the first of the largest.
    """
    total = ZERO
    largest = 0
    for k in range(weights.shape[1]):
        total += np.uint64(weights[i, k])
        if weights[i, k] > weights[i, largest]:
            largest = k
    left = ONE << bits
    for k in range(weights.shape[1]):
        share = (np.uint64(weights[i, k]) << bits) // total
        weights[i, k] = share
        left -= share
    weights[i, largest] += np.uint32(left)


@kernel
def mixture_weights(table, logits, bits, weights):
    """Weights in proportion to 2^(logit / 4096), which sum to 2^bits (`in_shares`).

    Parameters
    ----------
    table : uint32[4096]
    logits : int32[n, components]
        At most 2^8 components.
    bits : uint64
        At most 16.
    weights : uint32[n, components]
        Filled.
    """
    for i in range(weights.shape[0]):
        softmax(table, logits, i, weights)
        in_shares(weights, i, bits)


@kernel
def beta_binomial(alpha, beta, bits, precision, row, cdf):
    """CDFs of 0 to n under beta-binomials, whose largest weights are 2^bits.

    From each number to the next, the probability changes by

        (n - k) (alpha + k) / ((k + 1) (beta + n - k - 1))

    Parameters
    ----------
    alpha, beta : float64[m]
        Clipped to 2^-20 to 2^20.
    bits, precision : uint64
        As those of `categorical`.
    row : float64[n + 1]
        Scratch.
    cdf : uint32[m, n + 2]
        Filled.

    Returns
    -------
    bool
        Whether alpha and beta are all positive and finite; if not, `cdf` is undefined.
    """
    n = row.size - 1
    for i in range(alpha.size):
        a, b = alpha[i], beta[i]
        if not (a > 0.0 and b > 0.0 and np.isfinite(a) and np.isfinite(b)):
            return False
        a = min(max(a, SMALLEST_COUNT), LARGEST_COUNT)
        b = min(max(b, SMALLEST_COUNT), LARGEST_COUNT)
        row[0] = 1.0
        largest = 1.0
        for k in range(n):
            ratio = (float(n - k) * (a + float(k))) / (float(k + 1) * (b + float(n - k - 1)))
            row[k + 1] = row[k] * ratio
            largest = max(largest, row[k + 1])
            if largest > HUGE:
                for j in range(k + 2):
                    row[j] *= TINY
                largest *= TINY
        unit = float(ONE << bits)
        for k in range(n + 1):
            cdf[i, k + 1] = np.uint32(row[k] / largest * unit)
        cumulate(cdf, i, precision)
    return True
