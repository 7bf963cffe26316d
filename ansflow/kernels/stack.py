"""The stack coder: push and pop of one symbol per lane on 64-bit heads and a shared tail.

The same rANS as `ansflow.kernels.rans` with a state (*head*) in [2^32, 2^64), 32-bit words and
precision up to 31 bits, and used both ways: words go to and come from the same end of the
*tail*, so pushes and pops can be mixed at will, as bits-back coding does.

Push takes the lanes from last to first and pop from first to last, which makes them exact
inverses on the tail too.
"""

import numpy as np

from ansflow.kernels.constants import (
    ONE,
    U_STACK_LOW,
    U_STACK_STATE_BITS,
    U_STACK_WORD_BITS,
    U_STACK_WORD_MASK,
    ZERO,
)
from ansflow.kernels.jit import kernel

__all__ = ["UNDERFLOW", "peek", "pop", "pop_head", "push", "push_head"]

UNDERFLOW = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


@kernel
def push_head(x, start, freq, precision, tail, size):
    """Push one symbol on head `x`; return the head and the size of the tail.

    ``tail[size]`` is overwritten whether or not a word is due.
    x in [2^32, 2^64) in; x in [2^32 * freq / 2^p, 2^64 * freq / 2^p) before the division;
    x in [2^32, 2^64) out. The comparison shifts x and not freq: freq may be 2^p.
    """
    due = np.uint64((x >> (U_STACK_STATE_BITS - precision)) >= freq)
    tail[size] = x & U_STACK_WORD_MASK
    x >>= due * U_STACK_WORD_BITS
    quotient = x // freq
    return (quotient << precision) + start + (x - quotient * freq), size + due


@kernel
def pop_head(x, start, freq, precision):
    """The head after popping the symbol its slot named, before it takes a word.

    x in [2^32, 2^64) in, x in [2^(32 - p), 2^64) out; a word is due if x < 2^32.
    """
    return freq * (x >> precision) + (x & ((ONE << precision) - ONE)) - start


@kernel
def push(heads, tail, size, starts, freqs, precision):
    """Push one symbol on each lane, last lane first; return the new size of the tail.

    Parameters
    ----------
    heads : uint64[lanes]
        Each in [2^32, 2^64); updated in place.
    tail : uint32[]
        At least ``size + lanes + 1`` long.
    size : uint64
        Words in use.
    starts, freqs : uint32[lanes]
        Interval of each lane's symbol: ``freqs >= 1``, ``starts + freqs <= 2^precision``.
    precision : uint64
        1 to 31.
    """
    lane = np.uint64(heads.size)
    while lane > ZERO:
        lane -= ONE
        heads[lane], size = push_head(
            heads[lane],
            np.uint64(starts[lane]),
            np.uint64(freqs[lane]),
            precision,
            tail,
            size,
        )
    return size


@kernel
def peek(heads, precision, slots):
    """Write each lane's slot, ``head mod 2^precision``, into ``slots``, uint32[lanes]."""
    mask = (ONE << precision) - ONE
    for lane in range(heads.size):
        slots[lane] = heads[lane] & mask


@kernel
def pop(heads, tail, size, starts, freqs, precision):
    """Undo `push`; return the new size of the tail, or `UNDERFLOW` having changed nothing.

    The intervals are those of the symbols that `peek` named: ``starts <= slot < starts +
    freqs`` on every lane.
    """
    if size < np.uint64(heads.size):
        due = ZERO
        for lane in range(heads.size):
            x = pop_head(heads[lane], np.uint64(starts[lane]), np.uint64(freqs[lane]), precision)
            due += np.uint64(x < U_STACK_LOW)
        if due > size:
            return UNDERFLOW
    for lane in range(heads.size):
        x = pop_head(heads[lane], np.uint64(starts[lane]), np.uint64(freqs[lane]), precision)
        if x < U_STACK_LOW:
            size -= ONE
            x = (x << U_STACK_WORD_BITS) | np.uint64(tail[size])
        heads[lane] = x
    return size
