"""Differences along axes, as small unsigned integers.

An array is flat here, and an axis is the *lag* between neighbours along it. The difference with a
lag h is the array minus itself, h places later, with zeros before its begin. So the differences
along several axes don't depend on their order; those with lags g and h together are

    x[i] - x[i - g] - x[i - h] + x[i - g - h]        (the Lorenzo predictor)

and undone by two sums, in any order, which is what `finish` does. Items before the smallest lag
have no neighbour: they are predicted by the item before.

*Folded*, differences that are negative become odd: 0, -1, 1, -2, ... are 0, 1, 2, 3, ... Kernels
are told whether by a mask of all bits, or of none.

Arrays are worked on in blocks that stay in the first level of the cache.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, kernel

__all__ = ["difference"]

BLOCK = np.uint64(2048)


@inlined
def differences(items, lags, begin, end, out):
    """Fill a block of `out` with differences, not folded, wherever it is, with any lags."""
    number = out.dtype.type
    lag = lags[0]
    others = np.uint64(lags.size) - ONE
    if begin < lag:
        out[begin] = items[begin] - (items[begin - ONE] if begin > ZERO else ZERO)
    for i in range(begin + ONE, min(end, lag)):
        out[i] = items[i] - items[i - ONE]
    for i in range(max(begin, lag), end):
        out[i] = items[i] - items[i - lag]
    # The same, as much later as each sum of other lags; negative, if it is of an odd number.
    for subset in range(ONE, ONE << others):
        later, sign = ZERO, ZERO
        for k in range(others):
            if (subset >> k) & ONE:
                later += lags[k + ONE]
                sign = ~sign
        flip = number(sign)
        for i in range(max(begin, later), min(end, later + lag)):
            out[i] += number(items[i - later] ^ flip) - flip
        for i in range(max(begin, later + lag), end):
            out[i] += number(number(items[i - later] - items[i - later - lag]) ^ flip) - flip


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
    half, fold = number(~number(0)) >> ONE, number(folded)
    size = np.uint64(items.size)
    lag, later = lags[0], lags[lags.size - 1]
    begin = ZERO
    while begin < size:
        end = min(begin + BLOCK, size)
        # Most items, in one loop.
        if lags.size == 1 and begin >= lag:
            for i in range(begin, end):
                y = number(items[i] - items[i - lag])
                out[i] = number(y + (y & fold)) ^ (number(ZERO - np.uint64(y > half)) & fold)
        elif lags.size == 2 and begin >= lag + later:
            for i in range(begin, end):
                before = number(items[i - later] - items[i - later - lag])
                y = number(number(items[i] - items[i - lag]) - before)
                out[i] = number(y + (y & fold)) ^ (number(ZERO - np.uint64(y > half)) & fold)
        else:
            differences(items, lags, begin, end, out)
            for i in range(begin, end):
                y = out[i]
                out[i] = number(y + (y & fold)) ^ (number(ZERO - np.uint64(y > half)) & fold)
        begin = end
