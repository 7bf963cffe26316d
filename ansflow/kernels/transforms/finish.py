"""What is done with numbers last: sums along axes, a scale, their signs. In place, block by block.

This undoes `delta.difference`, `affine.divide` and `ordered.order`. Kernels that make numbers do it
while these are in the first level of the cache; where none does, `finish` does it alone.

The *plan* of it is an array of uint64, so that kernels have one argument more, and not eight:

==========  ====================================================================================
`FIRST`     what is added to the first item
`FOLDED`    1 if odd numbers are negative: 0, 1, 2, 3, ... are 0, -1, 1, -2, ...
`STEP`      what numbers are multiplied by then,
`BASE`      and what is added to them
`IF_CLEAR`  the bits to be inverted then, of numbers whose highest bit is 0,
`IF_SET`    and of those where it is 1
`LAGS` on   lags in ascending order, none to `MAX_LAGS` of at least 1
==========  ====================================================================================
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, kernel
from ansflow.kernels.transforms.running_sums import REGISTER_BYTES, running_sums, sum_of
from ansflow.kernels.transforms.words import item_bits

__all__ = ["BASE", "FIRST", "FOLDED", "IF_CLEAR", "IF_SET", "LAGS", "MAX_LAGS", "STEP", "finish"]
__all__ += ["finish_block", "finish_items", "no_totals"]

MAX_LAGS = 4
FIRST, FOLDED, STEP, BASE, IF_CLEAR, IF_SET, LAGS = range(7)

U_LAGS = np.uint64(LAGS)
BLOCK = np.uint64(2048)
SHORTEST_RUN = np.uint64(16)


@inner
def add_up(items, total, folded, clear, set_, begin, end):
    """Make of items their running sums, from `total` on; the last of these.

    If `folded` is 1, odd items are negative, and so many bits of sums are inverted then; otherwise
    these three are 0.
    """
    half = items.dtype.type(~items.dtype.type(0)) >> ONE
    whole = end - (end - begin) % (np.uint64(REGISTER_BYTES) // np.uint64(items.itemsize))
    if folded:
        total = running_sums(items, begin, whole, total, (clear, set_))
    else:
        total = running_sums(items, begin, whole, total, None)
    for i in range(whole, end):
        total = sum_of(total, items[i], folded)
        items[i] = total ^ (set_ if total > half else clear)
    return total


@inner
def add_lagged(items, lag, begin, end):
    """Add to each item the sum that is already there, `lag` places before."""
    number = items.dtype.type
    if lag < SHORTEST_RUN:
        # Every so many items are a sum of their own: it is kept in a register.
        for first in range(begin, min(begin + lag, end)):
            total = items[first - lag]
            for i in range(first, end, lag):
                total = number(total + items[i])
                items[i] = total
    else:
        while begin < end:
            # These don't overlap, as LLVM's test finds, so that it may take vectors.
            stop = min(begin + lag, end)
            for i in range(begin, stop):
                items[i] += items[i - lag]
            begin = stop


@inner
def unfold(items, begin, end):
    """Make odd numbers negative."""
    number = items.dtype.type
    for i in range(begin, end):
        z = items[i]
        items[i] = number(z >> ONE) ^ number(ZERO - np.uint64(z & ONE))


@inner
def told(plan, place, items):
    """What a plan says, as large as items in memory: LLVM would choose between masks of 64 bits."""
    return plan.view(items.dtype)[np.uint64(place) * (np.uint64(64) // item_bits(items))]


@inner
def finish_items(items, plan, begin, end):
    """Do what depends on each item alone: undo `affine.divide`, and then `ordered.order`."""
    number = items.dtype.type
    half = number(~number(0)) >> ONE
    step, base = told(plan, STEP, items), told(plan, BASE, items)
    clear, set_ = told(plan, IF_CLEAR, items), told(plan, IF_SET, items)
    if step != ONE or base:
        for i in range(begin, end):
            items[i] = number(items[i] * step) + base
    if clear | set_:
        for i in range(begin, end):
            items[i] ^= set_ if items[i] > half else clear


@inner
def reach(plan):
    """How far back items are that are still asked for without their signs."""
    lag = plan[plan.size - 1] if np.uint64(plan.size) > U_LAGS else ZERO
    return lag if lag > ONE else ZERO


@inner
def no_totals(items):
    """What `finish_block` keeps from block to block: the running sums for lags of 1."""
    return np.zeros(MAX_LAGS, items.dtype)


@inner
def finish_block(items, plan, totals, begin, end):
    """Do what can be done with a block of items, those before it being done; or the rest.

    That comes when all blocks are done, with an empty one behind all items.

    Parameters
    ----------
    items : uint[n]
    plan : uint64[m]
    totals : uint[`MAX_LAGS`], of the same width
        Those of `no_totals`, and what came before.
    begin, end : uint64
    """
    number = items.dtype.type
    last = np.uint64(plan.size)
    if begin == ZERO and end > ZERO:
        items[0] += number(plan[FIRST])
    far, k = reach(plan), U_LAGS
    folded, clear, set_ = number(0), number(0), number(0)
    unscaled = not plan[BASE] and plan[STEP] == ONE
    all_in_sums = unscaled and plan[FOLDED] and last == U_LAGS + ONE and plan[LAGS] == ONE
    if all_in_sums:
        # What most numbers need is done in one loop.
        folded = number(1)
        clear, set_ = told(plan, IF_CLEAR, items), told(plan, IF_SET, items)
    elif plan[FOLDED]:
        unfold(items, begin, end)
    while k < last and plan[k] == ONE:
        masks = folded, clear, set_
        totals[k - U_LAGS] = add_up(items, totals[k - U_LAGS], *masks, begin, end)
        k += ONE
    if all_in_sums:
        return
    if far and k == U_LAGS:  # items before the least lag have that of the item before
        for i in range(max(begin, ONE), min(end, plan[LAGS])):
            items[i] += items[i - ONE]
    has_others = far > ZERO and k + ONE < last  # lags, each of which takes all items
    done = max(begin, far) - far
    stop = done if has_others else max(end, far) - far
    start, first, behind = begin, last - np.uint64(far > ZERO), last
    if begin == end:
        start, stop, first, behind = ZERO, end, U_LAGS, max(last, U_LAGS + ONE) - ONE
    for k in range(first, behind):
        if plan[k] > ONE:
            add_lagged(items, plan[k], max(start, plan[k]), end)
            done = min(done, start)
    finish_items(items, plan, done, stop)


@kernel
def finish(items, plan):
    """Do with numbers what the plan says.

    Parameters
    ----------
    items : uint8[n], uint16[n], uint32[n] or uint64[n]
    plan : uint64[m]
    """
    totals, size = no_totals(items), np.uint64(items.size)
    for begin in range(ZERO, size, BLOCK):
        finish_block(items, plan, totals, begin, min(begin + BLOCK, size))
    finish_block(items, plan, totals, size, size)
