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
    "cumulate",
    "mixture_weights",
    "powers",
    "softmax",
]

POWER_BITS = 12
POWER_TOP_BITS = 31
U_POWER_BITS = np.uint64(POWER_BITS)
U_63 = np.uint64(63)
POWER_MASK = np.uint64((1 << POWER_BITS) - 1)
WEIGHT_SUM_BITS = 32

# Exact powers of two that keep products of ratios within range.
HUGE = 2.0**500
TINY = 2.0**-500


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


@kernel
def softmax(table, logits, bits, weights):
    """Weights in proportion to 2^(logit / 4096), the largest 2^bits.

    Parameters
    ----------
    table : uint32[4096]
    logits : int32[n, alphabet]
    bits : uint64
        At most 31.
    weights : uint32[n, alphabet]
        Filled.
    """
    shift = np.uint64(POWER_TOP_BITS) - bits
    for i in range(logits.shape[0]):
        largest = logits[i, 0]
        for s in range(logits.shape[1]):
            largest = max(largest, logits[i, s])
        for s in range(logits.shape[1]):
            exponent = np.uint64(np.int64(largest) - np.int64(logits[i, s]))
            weights[i, s] = power(table, exponent) >> shift


@kernel
def mixture_weights(table, logits, bits, weights):
    """`softmax` whose rows sum to 2^bits exactly, for at most 2^8 components and 16 bits.

    The remainder of rounding down goes to the first of the largest.
    """
    softmax(table, logits, np.uint64(POWER_TOP_BITS), weights)
    for i in range(weights.shape[0]):
        total = ZERO
        for k in range(weights.shape[1]):
            total += np.uint64(weights[i, k])
        left = ONE << bits
        largest = 0
        for k in range(weights.shape[1]):
            if logits[i, k] > logits[i, largest]:
                largest = k
            share = (np.uint64(weights[i, k]) << bits) // total
            weights[i, k] = share
            left -= share
        weights[i, largest] += np.uint32(left)


@kernel
def beta_binomial(alpha, beta, bits, row, weights):
    """The n + 1 weights of 0 to n under a beta-binomial, scaled so that the largest is 2^bits.

    From each number to the next, the probability changes by

        (n - k) (alpha + k) / ((k + 1) (beta + n - k - 1))

    Parameters
    ----------
    alpha, beta : float64[m]
        Between 2^-20 and 2^20.
    bits : uint64
        At most 31.
    row : float64[n + 1]
        Scratch.
    weights : uint32[m, n + 1]
        Filled.
    """
    n = row.size - 1
    for i in range(alpha.size):
        row[0] = 1.0
        largest = 1.0
        for k in range(n):
            ratio = (float(n - k) * (alpha[i] + float(k))) / (
                float(k + 1) * (beta[i] + float(n - k - 1))
            )
            row[k + 1] = row[k] * ratio
            largest = max(largest, row[k + 1])
            if largest > HUGE:
                for j in range(k + 2):
                    row[j] *= TINY
                largest *= TINY
        unit = float(ONE << bits)
        for k in range(n + 1):
            weights[i, k] = np.uint32(row[k] / largest * unit)


@kernel
def cumulate(weights, precision, cdf):
    """CDFs of `precision` bits: each symbol has one slot, and the others are shared by weight.

    Parameters
    ----------
    weights : uint32[n, alphabet]
        Not all 0 in a row; a row sums to at most 2^32.
    precision : uint64
        At most 31; the alphabet is no larger than ``2^precision``.
    cdf : uint32[n, alphabet + 1]
        Filled.
    """
    alphabet = weights.shape[1]
    slots = (ONE << precision) - np.uint64(alphabet)
    for i in range(weights.shape[0]):
        total = ZERO
        for s in range(alphabet):
            total += np.uint64(weights[i, s])
        below = ZERO
        for s in range(alphabet):
            cdf[i, s] = below * slots // total + np.uint64(s)
            below += np.uint64(weights[i, s])
        cdf[i, alphabet] = ONE << precision
