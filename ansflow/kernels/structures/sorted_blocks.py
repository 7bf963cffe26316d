"""A growing sorted sequence of integers, which tells how many are below a new one.

The integers, or *keys*, are in blocks, each sorted, and the blocks are sorted, too. A block that is
full is cut in half. To insert a key, half of a block is moved by one place, and half of the sums
over blocks grow by one: with about as many blocks as a block has keys, both are a few instructions
on long vectors, and a search in either is binary, without a branch to predict.

| array | |
|---|---|
| keys | uint64[blocks, width] |
| filled | uint32[blocks]: how many keys a block has |
| order | uint32[blocks]: the number of the block at each place |
| largest | uint64[blocks]: the largest key of the block at each place |
| sums | uint32[blocks + 1]: how many keys are before each place, and in all |

A search may also be for a key less the number of keys before it. If all keys are different, these
are the numbers that are not there and are below a key, which is how a number is found by its rank
among those that are not there.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, inner

__all__ = ["blocks_for", "find", "find_place", "gather", "insert", "start"]

SIGN = np.uint64(63)


def blocks_for(count: int) -> tuple[int, int]:
    """How many blocks of what width are needed for `count` integers at most."""
    width = 1 << max(4, (count.bit_length() + 1) // 2)
    return 2 * count // width + 2, width


@inlined
def start(filled, order, sums):
    """Make the first block, which is empty."""
    filled[0] = 0
    order[0] = 0
    sums[0] = 0
    sums[1] = 0


@inlined
def below(a, b):
    """1 if a < b, otherwise 0, for numbers of up to 63 bits.

    The difference wraps around. A comparison would become a branch, which cannot be predicted.
    """
    return (a - b) >> SIGN


@inner
def find_place(largest, sums, used, bound, weight):
    """The place of the block that has the first key for which `find` is asked, or the last one."""
    place, rest = ZERO, used - ONE  # the last block takes what the others do not
    while rest > ZERO:
        half = (rest + ONE) >> ONE
        middle = place + half - ONE
        ahead = bound + weight * np.uint64(sums[middle + ONE]) - weight
        place += half * below(largest[middle], ahead)
        rest -= half
    return place


@inner
def find(keys, filled, order, sums, place, bound, weight):
    """The index in a block of the first key for which ``key - weight * rank`` is at least `bound`.

    `rank` is the number of keys before it in all blocks, and the weight is 0 or 1. If there is no
    such key, the index is where it would be.
    """
    block = np.uint64(order[place])
    before = np.uint64(sums[place])
    within, rest = ZERO, np.uint64(filled[block])
    while rest > ZERO:
        half = (rest + ONE) >> ONE
        middle = within + half - ONE
        within += half * below(keys[block, middle], bound + weight * (before + middle))
        rest -= half
    return within


@inner
def insert(keys, filled, order, largest, sums, used, place, within, key):
    """Insert a key where it belongs; return how many blocks are in use then."""
    block = np.uint64(order[place])
    size = np.uint64(filled[block])
    k = size
    while k > within:
        keys[block, k] = keys[block, k - ONE]
        k -= ONE
    keys[block, within] = key
    size += ONE
    filled[block] = size
    largest[place] = keys[block, size - ONE]
    for p in range(place & ~np.uint64(63), used + ONE):
        sums[p] += np.uint32(p > place)
    if size < np.uint64(keys.shape[1]):
        return used
    half = size >> ONE
    for k in range(half, size):
        keys[used, k - half] = keys[block, k]
    p = used
    while p > place:
        order[p], largest[p], sums[p + ONE] = order[p - ONE], largest[p - ONE], sums[p]
        p -= ONE
    order[place + ONE] = used
    largest[place] = keys[block, half - ONE]
    sums[place + ONE] = sums[place] + np.uint32(half)
    filled[block], filled[used] = half, size - half
    return used + ONE


@inlined
def gather(keys, filled, order, used, out):
    """Write all keys, sorted, into `out`."""
    at = ZERO
    for place in range(used):
        block = np.uint64(order[place])
        for k in range(np.uint64(filled[block])):
            out[at] = keys[block, k]
            at += ONE
