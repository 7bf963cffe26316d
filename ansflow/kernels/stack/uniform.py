"""Uniform numbers below any n: push is ``x -> n * x + u``, pop is ``divmod(x, n)``.

n need not be a power of two. Then heads in [2^32, 2^64) cannot be used directly: whether
n * x + u still fits 64 bits can depend on u, which the decoder does not know yet. So the head's
interval is changed for the step. With c = floor(2^32 / n):

    [2^32, 2^64)  ->  [c, c * 2^32)      a word is put on the tail if x >= c * 2^32
    [c, c * 2^32) ->  [cn, cn * 2^32)    x -> n * x + u, for any u < n
    [cn, cn * 2^32)  ->  [2^32, 2^64)    a word is taken from the tail if x < 2^32

Each line is a bijection of heads and tails, as the intervals' ends are a factor of 2^32 apart; so a
push is exactly undone by the lines backwards. A word is taken at the end of a push only if one was
put at its beginning, and so a push never finds the tail empty. If n is a power of two,
cn is 2^32, and the last line does nothing.

c must not be small for the coder to be efficient, so numbers of more than 16 bits are cut in
*digits*: the 16 bits from the highest one of the largest number down, then the next 16, ... A
digit's range is all 2^16, unless the digits above it are those of the largest number: then its
own is the limit. The first digit is uniform, which makes the numbers under its largest value more
probable than the others; those cost 2^-15 * log2(e) bits more than log2 n at most.
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
from ansflow.kernels.stack.heads import IMPOSSIBLE, UNDERFLOW, following, preceding, refill

__all__ = ["DIGIT_BITS", "digits", "pop", "push"]

DIGIT_BITS = 16
U_DIGIT_BITS = np.uint64(DIGIT_BITS)


def digits(last: int) -> int:
    """How many words a number up to and including `last` can at most take from the tail."""
    return max(1, -(-last.bit_length() // DIGIT_BITS))


@inlined
def push_digit(x, u, n, tail, size):
    """Push u < n on head `x`, for n up to 2^16; ``tail[size]`` is overwritten.

    A word is due from an empty tail only if x is not a valid head, because another thread has
    changed it; then none is taken.
    """
    if n == ONE:
        return x, size
    c = U_STACK_LOW // n
    due = np.uint64(x >= c << U_STACK_WORD_BITS)
    tail[size] = x & U_STACK_WORD_MASK
    x >>= due * U_STACK_WORD_BITS
    after, left = refill(n * x + u, tail, size + due)
    return after, ZERO if left == UNDERFLOW else left


@inlined
def pop_digit(x, n, tail, size):
    """Pop a number below n, up to 2^16; return it, the head and the size of the tail."""
    if n == ONE:
        return ZERO, x, size
    c = U_STACK_LOW // n
    due = np.uint64((x >> U_STACK_WORD_BITS) >= c * n)
    tail[size] = x & U_STACK_WORD_MASK
    x >>= due * U_STACK_WORD_BITS
    quotient = x // n
    u = x - n * quotient
    x, size = refill(quotient, tail, size + due)
    return u, x, size


@inlined
def bits_below(last):
    """How many bits of the numbers up to `last` are below their first digit."""
    bits = ZERO
    while last >> bits >> U_DIGIT_BITS > ZERO:
        bits += ONE
    return bits


@inlined
def digit_range(last, above, shift, width):
    """How many values the digit of `width` bits at `shift` has, if those above it are `above`."""
    end = shift + width
    mask = (ONE << width) - ONE
    return (last >> shift & mask) + ONE if above == last >> end else mask + ONE


@inlined
def push_number(x, u, last, tail, size):
    """Push u on head `x`, uniform from 0 to `last`: its lowest digit first."""
    bits = bits_below(last)
    shift = ZERO
    while shift < bits:
        width = (bits - shift - ONE) % U_DIGIT_BITS + ONE
        n = digit_range(last, u >> shift >> width, shift, width)
        x, size = push_digit(x, u >> shift & ((ONE << width) - ONE), n, tail, size)
        shift += width
    return push_digit(x, u >> bits, (last >> bits) + ONE, tail, size)


@inlined
def pop_number(x, last, tail, size):
    """Undo `push_number`; return the number, the head and the size of the tail."""
    bits = bits_below(last)
    u, x, size = pop_digit(x, (last >> bits) + ONE, tail, size)
    while bits > ZERO and size != UNDERFLOW:
        width = min(bits, U_DIGIT_BITS)
        bits -= width
        digit, x, size = pop_digit(x, digit_range(last, u, bits, width), tail, size)
        u = u << width | digit
    return u, x, size


@kernel
def push(heads, tail, size, numbers, last):
    """Push `numbers`; return the size of the tail, or `IMPOSSIBLE`.

    Parameters
    ----------
    heads : uint64[lanes]
        Updated in place.
    tail : uint32[]
        At least one longer than `size` and the `digits` of all numbers.
    size : uint64
    numbers : int64[n] or uint64[n]
    last : uint64[n] or uint64[1]
        The highest number possible at each place, or at all.
    """
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    each = np.uint64(last.size > 1)
    i = np.uint64(numbers.size)
    for j in range(i):
        if np.uint64(numbers[j]) > last[j * each]:
            return IMPOSSIBLE
    lane = i % lanes
    while i > ZERO:
        i -= ONE
        lane = preceding(lane, lanes)
        u = np.uint64(numbers[i])
        heads[lane], size = push_number(heads[lane], u, last[i * each], tail, size)
    return size


@kernel
def pop(heads, tail, size, last, out):
    """Pop all numbers of `out`, int64[n] or uint64[n]; return the size of the tail, or `UNDERFLOW`.

    ``tail[size]`` may be overwritten.
    """
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    each = np.uint64(last.size > 1)
    lane = ZERO
    for i in range(out.size):
        out[i], heads[lane], size = pop_number(heads[lane], last[np.uint64(i) * each], tail, size)
        if size == UNDERFLOW:
            return size
        lane = following(lane, lanes)
    return size
