"""One head: push, pop, and the word that it may take from the tail."""

import numpy as np

from ansflow.kernels.constants import (
    ONE,
    U_STACK_LOW,
    U_STACK_STATE_BITS,
    U_STACK_WORD_BITS,
    U_STACK_WORD_MASK,
    ZERO,
)
from ansflow.kernels.jit import inlined, kernel

__all__ = ["IMPOSSIBLE", "UNDERFLOW", "following", "pop_head", "preceding", "push_head", "refill"]

UNDERFLOW = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
IMPOSSIBLE = np.uint64(0xFFFF_FFFF_FFFF_FFFE)


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


@inlined
def refill(x, tail, size):
    """Head and size of the tail after taking a word if one is due; the size may be `UNDERFLOW`."""
    if x < U_STACK_LOW:
        if size == ZERO:
            return x, UNDERFLOW
        size -= ONE
        x = (x << U_STACK_WORD_BITS) | np.uint64(tail[size])
    return x, size


@kernel
def preceding(lane, lanes):
    """The lane before `lane`, cyclically."""
    return (lane if lane > ZERO else lanes) - ONE


@kernel
def following(lane, lanes):
    """The lane after `lane`, cyclically."""
    lane += ONE
    return lane if lane < lanes else ZERO
