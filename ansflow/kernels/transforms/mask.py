"""One pattern taken out of numbers: which items have it, and numbers to put in their place.

The mask is worked on in words of 64 bits. The row above, or whatever lies `lag` bits before, is
taken from it by exclusive or, a word at a time.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.transforms.bits import WORD_BITS, ones
from ansflow.kernels.vector import strewn
from ansflow.kernels.vector.strewn import MORE_KEPT

__all__ = [
    "MORE_KEPT",
    "changes",
    "fill_in",
    "from_changes",
    "keeper",
    "put_pattern",
    "spreader",
    "to_changes",
]

WORD_SHIFT = np.uint64(6)
PLACE_MASK = WORD_BITS - ONE
SMALL = 2  # bytes


@kernel
def fill_in(items, pattern, mask, filled):
    """Set the bits of the items that are the pattern, and fill those with the item before them.

    In front of all others it is the first of these, and the pattern if there are none. Returns how
    many items are the pattern.
    """
    n, found = np.uint64(items.size), ZERO
    last = pattern
    for item in items:
        if item != pattern:
            last = item
            break
    for k in range(np.uint64(mask.size)):
        begin = k << WORD_SHIFT
        size = min(WORD_BITS, n - begin)
        word = ZERO
        for j in range(size):
            word |= np.uint64(items[begin + j] == pattern) << j
        mask[k] = word
        if not word:
            for j in range(size):
                filled[begin + j] = items[begin + j]
            last = items[begin + size - ONE]
            continue
        found += ones(word)
        for j in range(size):
            item = items[begin + j]
            last = last if item == pattern else item
            filled[begin + j] = last
    return found


@kernel
def put_pattern(mask, pattern, items):
    """Undo `fill_in`, where `items` are what it filled."""
    n = np.uint64(items.size)
    for k in range(np.uint64(mask.size)):
        begin, word = k << WORD_SHIFT, mask[k]
        if word and items.itemsize <= SMALL and begin + WORD_BITS <= n:
            strewn.put_where(word, pattern, items, begin)
        elif word:
            for j in range(min(WORD_BITS, n - begin)):
                i = begin + j
                items[i] = pattern if (word >> j) & ONE else items[i]


@functools.cache
def keeper(isa: str | None) -> Callable[..., Any]:
    """The kernel ``keep(items, pattern, mask, kept)``.

    It sets the bits of the items that are the pattern, puts the others next to each other, and
    returns how many these are. `kept` has room for `MORE_KEPT` bytes more than there are items.

    `isa` is one of `ansflow.kernels.vector.strewn.ROW_ISAS`, or None for a kernel without vectors.
    """
    keep_rows = None if isa is None else strewn.keeper(isa)

    @kernel
    def keep(items, pattern, mask, kept):
        n = np.uint64(items.size)
        done = count = ZERO
        if keep_rows is not None:
            done = n >> WORD_SHIFT
            count = keep_rows(items, pattern, mask, kept, done)
        for k in range(done, np.uint64(mask.size)):
            begin = k << WORD_SHIFT
            word = ZERO
            for j in range(min(WORD_BITS, n - begin)):
                item = items[begin + j]
                found = np.uint64(item == pattern)
                word |= found << j
                kept[count] = item
                count += ONE - found
            mask[k] = word
        return count

    return keep


@functools.cache
def spreader(isa: str | None) -> Callable[..., Any]:
    """The kernel ``spread(mask, pattern, kept, items)``.

    It undoes `keep`, or returns False if the mask does not leave as many items as were kept. What
    is kept may lie at the end of the items. `isa` is that of `keeper`.
    """
    spread_rows = None if isa is None else strewn.spreader(isa)

    @kernel
    def spread(mask, pattern, kept, items):
        n, count = np.uint64(items.size), np.uint64(items.size)
        for k in range(np.uint64(mask.size)):
            begin = k << WORD_SHIFT
            behind = WORD_BITS - min(WORD_BITS, n - begin)
            count -= ones(mask[k] << behind)
        if count != np.uint64(kept.size):
            return False
        if count == ZERO:
            items[:] = pattern
            return True
        done = at = ZERO
        if spread_rows is not None:
            done = n >> WORD_SHIFT
            at = spread_rows(mask, pattern, kept, items, done)
        last, whole = count - ONE, np.uint64(pattern)
        for k in range(done, np.uint64(mask.size)):
            begin, word = k << WORD_SHIFT, mask[k]
            for j in range(min(WORD_BITS, n - begin)):
                # Without a branch, as nobody can predict it.
                found = (word >> j) & ONE
                item = np.uint64(kept[min(at, last)])
                items[begin + j] = (whole & ~(found - ONE)) | (item & (found - ONE))
                at += found ^ ONE
        return True

    return spread


@kernel
def change(mask, k, n, whole, rest):
    """Word k of n bits, where each differs from the one 64 `whole` + `rest` bits before.

    Before the first bit lie zeros.
    """
    word = ZERO
    if k >= whole:
        word = mask[k - whole] << rest
        if rest and k > whole:
            word |= mask[k - whole - ONE] >> (WORD_BITS - rest)
    word ^= mask[k]
    behind = (k << WORD_SHIFT) + WORD_BITS
    return word if behind <= n else word & ((ONE << (n & PLACE_MASK)) - ONE)


@kernel
def changes(mask, n, lag):
    """How many of n bits differ from the one `lag` bits before, which is at least 1."""
    whole, rest, count = lag >> WORD_SHIFT, lag & PLACE_MASK, ZERO
    for k in range(np.uint64(mask.size)):
        count += ones(change(mask, k, n, whole, rest))
    return count


@kernel
def to_changes(mask, n, lag):
    """Put in place of each of n bits whether it differs from the one `lag` bits before."""
    whole, rest = lag >> WORD_SHIFT, lag & PLACE_MASK
    words = np.uint64(mask.size)
    for i in range(words):  # the last first, as words look back
        k = words - ONE - i
        mask[k] = change(mask, k, n, whole, rest)


@kernel
def from_changes(mask, n, lag):
    """Undo `to_changes`."""
    whole, rest = lag >> WORD_SHIFT, lag & PLACE_MASK
    if whole:
        for k in range(np.uint64(mask.size)):
            mask[k] = change(mask, k, n, whole, rest)
        return
    # Within a word, sums of 2, 4, 8 ... bits at that distance: as many steps as double it to 64.
    carry = ZERO
    for k in range(np.uint64(mask.size)):
        word = mask[k] ^ carry
        distance = lag
        while distance < WORD_BITS:
            word ^= word << distance
            distance += distance
        mask[k] = word
        carry = word >> (WORD_BITS - lag)
