"""What is done with numbers first: their order, and differences along axes. Block by block.

This does what `finish` undoes. Kernels that take numbers do it while these are in the first level
of the cache; `ordered.order` and `delta.difference` do it alone.

An array is flat here, and an axis is the *lag* between neighbours along it. The difference with a
lag h is the array minus itself, h places later, with zeros before its begin. So the differences
along several axes don't depend on their order; those with lags g and h together are

    x[i] - x[i - g] - x[i - h] + x[i - g - h]        (the Lorenzo predictor)

and undone by two sums, in any order. Items before the smallest lag have no neighbour: they are
predicted by the item before.

*Folded*, differences that are negative become odd: 0, -1, 1, -2, ... are 0, 1, 2, 3, ... Kernels
are told whether by a mask of all bits, or of none.

Masks that invert more than the highest bit, those of floats, are slow with lags: each item would be
put in order again for each of its neighbours.

The *plan* is an array of uint64: `IF_CLEAR` and `IF_SET`, the masks of `ordered.order`, and from
`LAGS` on lags in ascending order, none to `finish.MAX_LAGS` of at least 1.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner

__all__ = ["IF_CLEAR", "IF_SET", "LAGS", "start_block"]

IF_CLEAR, IF_SET, LAGS = range(3)

MOST_IN_ONE_LOOP = np.uint64(3)


@inner
def turned(item, half, clear, set_):
    """An item in the order of the numbers."""
    return item ^ (set_ if item > half else clear)


@inner
def folded(difference, half, fold):
    """A difference, folded if the mask is."""
    sign = ZERO - np.uint64(difference > half)
    number = type(fold)
    return number(difference + (difference & fold)) ^ (number(sign) & fold)


@inner
def differences(items, clear, set_, lags, begin, end, out):
    """Fill `out` with a block of differences, not folded, wherever it is, with any lags."""
    number = out.dtype.type
    half = number(~number(0)) >> ONE
    for i in range(end - begin):
        out[i] = 0
    # The items, as much later as each sum of lags; negative, if it is of an odd number.
    for subset in range(ONE << np.uint64(lags.size)):
        later, odd = ZERO, ZERO
        for k in range(lags.size):
            if (subset >> np.uint64(k)) & ONE:
                later += lags[k]
                odd = ~odd
        flip = number(odd)
        for i in range(max(begin, later), end):
            own = turned(items[i - later], half, clear, set_)
            out[i - begin] += number(own ^ flip) - flip
    for i in range(max(begin, ONE), min(end, lags[ZERO])):
        out[i - begin] -= turned(items[i - ONE], half, clear, set_)


@inner
def step(items, at, lag):
    """The difference of an item and the one a lag before."""
    return items[at] - items[at - lag]


@inner
def second_step(items, at, lag, later):
    """That difference, minus the one another lag before."""
    number = items.dtype.type
    return number(step(items, at, lag)) - number(step(items, at - later, lag))


@inner
def lagged(items, lags, count, fold, begin, size, out):
    """`start_block` for one to three lags, with all neighbours there: what most items take."""
    number = out.dtype.type
    half = number(~number(0)) >> ONE
    last = count - ONE
    # Read now: what is written might be lags, for all that LLVM knows.
    first, second, third = lags[ZERO], lags[min(ONE, last)], lags[last]
    if last == ZERO:
        for i in range(size):
            y = number(step(items, begin + i, first))
            out[i] = folded(y, half, fold)
    elif last == ONE:
        for i in range(size):
            y = number(second_step(items, begin + i, first, second))
            out[i] = folded(y, half, fold)
    else:
        for i in range(size):
            before = number(second_step(items, begin + i - third, first, second))
            y = number(second_step(items, begin + i, first, second)) - before
            out[i] = folded(number(y), half, fold)


@inner
def start_block(items, clear, set_, lags, fold, begin, end, out):
    """Fill `out` with what becomes of a block of items.

    Parameters
    ----------
    items : uint[n]
    clear, set_ : uint, of the same width
        The masks of `ordered.order`.
    lags : uint64[0 to `finish.MAX_LAGS`]
    fold : uint, of the same width
        All bits set if differences are to be folded, else 0.
    begin, end : uint64
    out : uint[end - begin], of the same width
    """
    number = out.dtype.type
    half = number(~number(0)) >> ONE
    size = end - begin
    # Those of ascending lags that reach from an item before the end to another.
    count, farthest = ZERO, ZERO
    while count < np.uint64(lags.size) and lags[count] < end:
        farthest += lags[count]
        count += ONE
    # A mask of at most the highest bit is undone by a difference.
    undone = clear == set_ and clear & half == ZERO
    if lags.size == 0:
        for i in range(size):
            out[i] = turned(items[begin + i], half, clear, set_)
    elif undone and ZERO < count <= MOST_IN_ONE_LOOP and begin >= farthest:
        lagged(items, lags, count, fold, begin, size, out)
    else:
        differences(items, clear, set_, lags, begin, end, out)
        for i in range(size):
            out[i] = folded(out[i], half, fold)
