"""One symbol per lane, whatever its distribution: intervals that the caller has worked out.

A symbol has `freq` of `total` slots, from `start` on. The total need not be a power of two. As in
`ansflow.kernels.stack.uniform`, the head's interval is changed for the step: with
c = floor(2^32 / total),

    [2^32, 2^64)  ->  [cf, cf * 2^32)      a word is put on the tail if x >= cf * 2^32
    [cf, cf * 2^32)  ->  [ct, ct * 2^32)   x -> x // f * t + start + x mod f
    [ct, ct * 2^32)  ->  [2^32, 2^64)      a word is taken from the tail if x < 2^32

Each line is a bijection of heads and tails, and a push is exactly undone by the lines backwards. A
word is taken at the end of a push only if one was put at its beginning. If the total is a power of
two, ct is 2^32, and these are the steps of `ansflow.kernels.stack.heads`.
"""

import numpy as np

from ansflow.kernels.constants import (
    ONE,
    U_STACK_LOW,
    U_STACK_WORD_BITS,
    U_STACK_WORD_MASK,
    ZERO,
)
from ansflow.kernels.jit import inlined, kernel
from ansflow.kernels.stack.heads import IMPOSSIBLE, UNDERFLOW, refill

__all__ = ["peek", "pop", "push"]


@inlined
def spill(x, limit, tail, size):
    """Head and size of the tail after putting a word if the head is at least limit * 2^32."""
    due = np.uint64((x >> U_STACK_WORD_BITS) >= limit)
    tail[size] = x & U_STACK_WORD_MASK
    return x >> due * U_STACK_WORD_BITS, size + due


@inlined
def slot_of(x, total):
    """The slot that a pop finds on head `x`."""
    limit = U_STACK_LOW // total * total
    due = np.uint64((x >> U_STACK_WORD_BITS) >= limit)
    return (x >> due * U_STACK_WORD_BITS) % total


@inlined
def legal(starts, freqs, totals):
    """Whether all intervals have a slot, and lie within the total."""
    each = np.uint64(totals.size > 1)
    outside = ZERO
    for i in range(np.uint64(starts.size)):
        start, freq, total = np.uint64(starts[i]), np.uint64(freqs[i]), totals[i * each]
        outside |= np.uint64(start >= total) | np.uint64(freq == ZERO)
        outside |= np.uint64(freq > total) | np.uint64(start + freq > total)
    return outside == ZERO


@kernel
def push(heads, tail, size, starts, freqs, totals):
    """Push one symbol on each lane; return the new size of the tail, or `IMPOSSIBLE`.

    Parameters
    ----------
    heads : uint64[lanes]
        Each in [2^32, 2^64); updated in place.
    tail : uint32[]
        At least ``size + n + 1`` long.
    size : uint64
        Words in use.
    starts, freqs : int64[n]
        Interval of the symbol of each lane, from the first on: ``freqs >= 1`` and
        ``starts + freqs <= total``, or nothing is pushed.
    totals : uint64[n] or uint64[1]
        1 to 2^32.
    """
    size = np.uint64(size)
    each = np.uint64(totals.size > 1)
    if not legal(starts, freqs, totals):
        return IMPOSSIBLE
    lane = np.uint64(min(heads.size, starts.size))
    while lane > ZERO:
        lane -= ONE
        start, freq, total = np.uint64(starts[lane]), np.uint64(freqs[lane]), totals[lane * each]
        x, size = spill(heads[lane], U_STACK_LOW // total * freq, tail, size)
        quotient = x // freq
        x, left = refill(quotient * total + start + (x - quotient * freq), tail, size)
        # No word is due from an empty tail, unless another thread has changed the head.
        heads[lane], size = x, ZERO if left == UNDERFLOW else left
    return size


@kernel
def peek(heads, totals, slots):
    """Write each lane's slot, 0 to ``total - 1``, into ``slots``, int64[n]."""
    each = np.uint64(totals.size > 1)
    for lane in range(np.uint64(min(heads.size, slots.size))):
        slots[lane] = slot_of(heads[lane], totals[lane * each])


@kernel
def pop(heads, tail, size, starts, freqs, totals):
    """Undo `push`; return the new size of the tail, `UNDERFLOW` or `IMPOSSIBLE`.

    The intervals are those of the symbols that `peek` named: ``starts <= slot < starts + freqs`` on
    every lane, or nothing is popped. ``tail[size]`` may be overwritten.
    """
    size = np.uint64(size)
    each = np.uint64(totals.size > 1)
    lanes = np.uint64(min(heads.size, starts.size))
    if not legal(starts, freqs, totals):
        return IMPOSSIBLE
    for lane in range(lanes):
        slot = slot_of(heads[lane], totals[lane * each])
        if slot - np.uint64(starts[lane]) >= np.uint64(freqs[lane]):
            return IMPOSSIBLE
    for lane in range(lanes):
        start, freq, total = np.uint64(starts[lane]), np.uint64(freqs[lane]), totals[lane * each]
        x, size = spill(heads[lane], U_STACK_LOW // total * total, tail, size)
        quotient = x // total
        heads[lane], size = refill(quotient * freq + (x - quotient * total) - start, tail, size)
        if size == UNDERFLOW:
            return size
    return size
