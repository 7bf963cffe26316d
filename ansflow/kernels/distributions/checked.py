"""Parameters as users give them: checked, and made what other kernels take, in one pass.

A codec that is built for each symbol may cost no more than the symbol, and each call of NumPy
costs as much as one of these kernels. They return False if a parameter is illegal; what they have
filled is undefined then. All arithmetic is exact or rounded as IEEE 754 says, in a fixed order.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.distributions.cdf_rows import in_shares, log2_below, power, row_maximum
from ansflow.kernels.distributions.location_scale import CDF_BITS, WEIGHT_BITS, standard_cdf
from ansflow.kernels.jit import inlined, kernel

__all__ = [
    "highest_of",
    "logistic_slots",
    "means_and_rates",
    "mixtures",
    "rounded_slots",
    "row_numbers",
]

U_CDF_BITS = np.uint64(CDF_BITS)
U_WEIGHT_BITS = np.uint64(WEIGHT_BITS)
WHOLE = float(1 << WEIGHT_BITS)
MAX_LOGIT = 32.0  # natural: the end of the logistic table

# The smallest and largest scale, in the unit of a distribution's edges.
SMALLEST_SCALE, LARGEST_SCALE = 2.0**-24, 2.0**24


@kernel
def highest_of(numbers, limit, last):
    """Fill `last` with ``numbers - 1``; return whether all are from 1 to `limit`, and the highest.

    Parameters
    ----------
    numbers, last : uint64[n]
    limit : uint64
    """
    legal = True
    highest = ZERO
    for i in range(last.size):
        legal &= (numbers[i] >= ONE) & (numbers[i] <= limit)
        last[i] = numbers[i] - min(numbers[i], ONE)
        highest = max(highest, last[i])
    return legal, highest


@kernel
def rounded_slots(probabilities, precision, freqs):
    """Fill `freqs` with multiples of 2^-precision, from 1 to all slots but 1.

    Parameters
    ----------
    probabilities : float64[n]
        From 0 to 1.
    precision : uint64
        1 to 31.
    freqs : uint32[n]
    """
    legal = True
    total = float(ONE << precision)
    for i in range(freqs.size):
        p = probabilities[i]
        inside = (p >= 0.0) & (p <= 1.0)
        legal &= inside
        freqs[i] = np.uint32(min(max(np.rint(p * total), 1.0), total - 1.0) if inside else 1.0)
    return legal


@kernel
def logistic_slots(logits, table, rate, precision, freqs):
    """`rounded_slots` of a table of the logistic function, but rounded down.

    Parameters
    ----------
    logits : float64[n]
        Finite; clipped to -32 to 32.
    table : uint32[STEPS + 2]
    rate : float64
        Of the table for each unit of the logits.
    precision, freqs
    """
    legal = True
    total = ONE << precision
    for i in range(freqs.size):
        logit = logits[i]
        finite = np.isfinite(logit)
        legal &= finite
        clipped = min(max(logit, -MAX_LOGIT), MAX_LOGIT) if finite else 0.0
        at = standard_cdf(table, clipped * rate)
        freqs[i] = min(max(at >> (U_CDF_BITS - precision), ONE), total - ONE)
    return legal


@kernel
def row_numbers(given, rows, out):
    """Fill `out`, uint32[n], with row numbers, int64[n], each below `rows`, an int64."""
    outside = ZERO
    for i in range(given.size):
        row = np.uint64(given[i])
        outside |= np.uint64(row >= np.uint64(rows))
        out[i] = row
    return outside == ZERO


@inlined
def put_component(components, i, k, mean, scale, rate):
    """Set mean and rate of component k of the i-th symbol; return whether they are legal."""
    components[i, k, 0] = mean
    components[i, k, 1] = rate / min(max(scale, SMALLEST_SCALE), LARGEST_SCALE)
    return np.isfinite(mean) & np.isfinite(scale) & (scale > 0.0)


@kernel
def means_and_rates(means, scales, rate, components):
    """Fill `components` with means, and ``rate / scale`` for scales clipped to 2^-24 to 2^24.

    Each gets the whole share, 2^16, as if it were the only one.

    Parameters
    ----------
    means, scales : float64[n * k]
        Means must be finite, scales positive and finite.
    rate : float64
        Of the standard distribution.
    components : float64[n, k, 3]
    """
    legal = True
    place = ZERO
    for i in range(components.shape[0]):
        for k in range(components.shape[1]):
            legal &= put_component(components, i, k, means[place], scales[place], rate)
            components[i, k, 2] = WHOLE
            place += ONE
    return legal


@kernel
def mixtures(table, logits, means, scales, rate, components):
    """`means_and_rates` of mixtures, and their shares in proportion to e^logit, of 2^16 each.

    Parameters
    ----------
    table : uint32[4096]
        Of powers (`cdf_rows`).
    logits, means, scales : float64[n, k]
        All must be finite, scales positive; k is 1 to 256.
    rate : float64
    components : float64[n, k, 3]
        Filled. The logits are read once, as another thread may change them.
    """
    shares = components[:, :, 2]
    for i in range(shares.shape[0]):
        legal = True
        for k in range(shares.shape[1]):
            shares[i, k] = logits[i, k]
            legal &= put_component(components, i, k, means[i, k], scales[i, k], rate)
        largest, finite = row_maximum(shares, i)
        if not (legal & finite):
            return False
        for k in range(shares.shape[1]):
            shares[i, k] = power(table, np.uint64(log2_below(shares[i, k], largest)))
        in_shares(shares, i, U_WEIGHT_BITS)
    return True
