"""Parameters as users give them: checked, and made what other kernels take, in one pass.

A codec that is built for each symbol may cost no more than the symbol, and each call of NumPy
costs as much as one of these kernels. They return False if a parameter is illegal; what they have
filled is undefined then. All arithmetic is exact or rounded as IEEE 754 says, in a fixed order.
"""

import numpy as np

from ansflow.kernels.jit import kernel

__all__ = ["table_rates"]

# The smallest and largest scale, in the unit of a distribution's edges.
SMALLEST_SCALE, LARGEST_SCALE = 2.0**-24, 2.0**24


@kernel
def table_rates(means, scales, rate, rates):
    """Fill `rates` with ``rate / scales``, whose scales are clipped to 2^-24 to 2^24.

    Parameters
    ----------
    means, scales, rates : float64[n, components]
        Means must be finite, scales positive and finite.
    rate : float64
        Of the standard distribution.
    """
    legal = True
    for i in range(rates.shape[0]):
        for k in range(rates.shape[1]):
            scale = scales[i, k]
            legal &= np.isfinite(means[i, k]) & np.isfinite(scale) & (scale > 0.0)
            rates[i, k] = rate / min(max(scale, SMALLEST_SCALE), LARGEST_SCALE)
    return legal
