"""One head: slots of any total, and numbers below any bound, on a tail that may end.

The steps are those of `ansflow.kernels.stack.intervals` and `ansflow.kernels.stack.uniform`, which
say why they are exact inverses. But here c is not floor(2^32 / total), but a power of two that is
no larger. It must be the same when a slot is popped and pushed, and is found without a division.

And the caller says what to do when a word is due and the tail is empty. `empty` is the size that is
returned then:

`heads.UNDERFLOW`
    if the stack has a lower end, so that there is nothing more to pop;
0
    if the stack is a number, on which nothing was pushed before the data. The head is then as small
    as it is, below 2^32, and no words are there: a pop takes the quotient of a small number. The
    steps remain inverses: such a head is below all limits from which on it would give a word away.

Numbers of more than 20 bits are cut in a first digit of 20 bits and others of up to 16. A first
digit that is uniform makes numbers cost up to 2^-19 * log2(e) bits more than the logarithm of their
bound.
"""

import numpy as np

from ansflow.kernels.constants import (
    ONE,
    U_STACK_LOW,
    U_STACK_WORD_BITS,
    U_STACK_WORD_MASK,
    ZERO,
)
from ansflow.kernels.jit import inlined
from ansflow.kernels.stack.heads import UNDERFLOW
from ansflow.kernels.stack.uniform import U_DIGIT_BITS, digit_range

__all__ = [
    "bits_below_first",
    "digits",
    "divide",
    "pop_below",
    "push_below",
    "put_slot",
    "refill",
    "scale_of",
]

FIRST_BITS = 20


def bits_below_first(last: int) -> int:
    """How many bits of the numbers up to `last` are below their first digit."""
    return max(0, last.bit_length() - FIRST_BITS)


def digits(last: int) -> int:
    """How many words a number up to `last` can at most take from the tail."""
    return 1 + -(-bits_below_first(last) // int(U_DIGIT_BITS))


@inlined
def refill(x, tail, size, empty):
    """Head and size of the tail after taking a word if one is due, and there is one.

    Whether one is due cannot be predicted, so this has no branch for it.
    """
    due = np.uint64(x < U_STACK_LOW)
    if due > size:
        return x, empty
    size -= due
    return x << due * U_STACK_WORD_BITS | due * np.uint64(tail[size]), size


@inlined
def spill(x, limit, tail, size):
    """Head and size of the tail after putting a word if the head is at least limit * 2^32."""
    due = np.uint64((x >> U_STACK_WORD_BITS) >= limit)
    tail[size] = x & U_STACK_WORD_MASK
    return x >> due * U_STACK_WORD_BITS, size + due


@inlined
def scale_of(total):
    """The largest power of two c for which c * total is at most 2^32; total is at most that."""
    c = ONE
    while (c + c) * total <= U_STACK_LOW:
        c += c
    return c


@inlined
def divide(x, c, total, tail, size):
    """Quotient and slot of a head: the first half of popping a slot of `total`.

    The second half is ``refill(quotient * freq + slot - start, ...)``.
    """
    x, size = spill(x, c * total, tail, size)
    quotient = x // total
    return quotient, x - quotient * total, size


@inlined
def put_slot(x, c, start, freq, total, tail, size):
    """Undo both halves: push `freq` of `total` slots, from `start` on.

    A word is due from an empty tail only if it was when the slot was popped, or if the head is not
    valid, because another thread has changed it; then none is taken.
    """
    x, size = spill(x, c * freq, tail, size)
    if freq == ONE:  # most of the time, and divisions are slow
        x = x * total + start
    else:
        quotient = x // freq
        x = quotient * total + start + (x - quotient * freq)
    return refill(x, tail, size, ZERO)


@inlined
def push_below(x, u, last, shift, c, tail, size):
    """Push u on head `x`, uniform from 0 to `last`.

    There are `shift` bits below the first digit, and `c` is the scale of that.
    """
    at = ZERO
    while at < shift:
        width = (shift - at - ONE) % U_DIGIT_BITS + ONE
        total = digit_range(last, u >> at >> width, at, width)
        digit = u >> at & ((ONE << width) - ONE)
        x, size = put_slot(x, U_STACK_LOW >> width, digit, ONE, total, tail, size)
        at += width
    return put_slot(x, c, u >> shift, ONE, (last >> shift) + ONE, tail, size)


@inlined
def pop_below(x, last, shift, c, tail, size, empty):
    """Undo `push_below`; return the number, the head and the size of the tail."""
    x, u, size = divide(x, c, (last >> shift) + ONE, tail, size)
    x, size = refill(x, tail, size, empty)
    while shift > ZERO and size != UNDERFLOW:
        width = min(shift, U_DIGIT_BITS)
        shift -= width
        total = digit_range(last, u, shift, width)
        x, digit, size = divide(x, U_STACK_LOW >> width, total, tail, size)
        x, size = refill(x, tail, size, empty)
        u = u << width | digit
    return u, x, size
