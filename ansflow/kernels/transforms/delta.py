"""Differences along axes, as small unsigned integers: see `ansflow.kernels.transforms.start`.

Arrays are worked on in blocks that stay in the first level of the cache.
"""

import numpy as np

from ansflow.kernels.constants import ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.transforms.start import start_block

__all__ = ["difference"]

BLOCK = np.uint64(2048)


@kernel
def difference(items, lags, folded, out):
    """Fill `out` with the differences.

    Parameters
    ----------
    items : uint[n]
    lags : uint64[1 to `finish.MAX_LAGS`]
        In ascending order, at least 1.
    folded : uint64
        All bits set if differences are to be folded, else 0.
    out : uint[n], of the same width
    """
    number = out.dtype.type
    none, fold = number(0), number(folded)
    size = np.uint64(items.size)
    for begin in range(ZERO, size, BLOCK):
        end = min(begin + BLOCK, size)
        start_block(items, none, none, lags, fold, begin, end, out[begin:end])
