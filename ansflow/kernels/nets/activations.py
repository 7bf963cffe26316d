"""Activation functions in integers: a rectifier, and a table of what it lacks."""

import numpy as np

from ansflow.kernels.jit import kernel

__all__ = ["activate"]

I_ZERO = np.int32(0)


@kernel
def activate(x, table, even, out):
    """Add to rectified values the entries of a table.

    Parameters
    ----------
    x : int32[n]
        Magnitudes below 2^31.
    table : int16[m]
        Not empty. The last entry counts for all values beyond it.
    even : bool
        Whether entries are those of magnitudes, or those of negative values alone.
    out : int32[n]
        Filled.
    """
    last = np.int32(table.size - 1)
    for i in range(x.size):
        value = x[i]
        index = abs(value) if even else max(-value, I_ZERO)
        out[i] = max(value, I_ZERO) + table[np.uint32(min(index, last))]
