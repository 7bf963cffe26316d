"""Bits, each with its own probability: two-symbol tables without the tables."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.stack.heads import (
    IMPOSSIBLE,
    UNDERFLOW,
    following,
    pop_head,
    preceding,
    push_head,
    refill,
)

__all__ = ["pop", "push"]


@kernel
def push(heads, tail, size, bits, freqs, precision):
    """Push `bits`; return the size of the tail, or `IMPOSSIBLE`.

    Parameters
    ----------
    heads : uint64[lanes]
        Updated in place.
    tail : uint32[]
        At least ``size + n + 1`` long.
    size : uint64
    bits : int64[n]
        0 or 1.
    freqs : uint32[n] or uint32[1]
        Frequency of a 1 at each place, or at all: 1 to 2^precision - 1. Zeros have the slots
        below, as in the CDF of a two-symbol alphabet.
    precision : uint64
        1 to 31.
    """
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    total = ONE << precision
    each = np.uint64(freqs.size > 1)
    seen = ZERO
    for bit in bits:
        seen |= np.uint64(bit)
    if seen > ONE:
        return IMPOSSIBLE
    i = np.uint64(bits.size)
    lane = i % lanes
    while i > ZERO:
        i -= ONE
        lane = preceding(lane, lanes)
        ones = np.uint64(freqs[i * each])
        zeros = total - ones
        is_one = bits[i] != 0
        start = zeros if is_one else ZERO
        freq = ones if is_one else zeros
        heads[lane], size = push_head(heads[lane], start, freq, precision, tail, size)
    return size


@kernel
def pop(heads, tail, size, freqs, precision, out):
    """Pop all bits of `out`, int64[n]; return the size of the tail, or `UNDERFLOW`."""
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    total = ONE << precision
    each = np.uint64(freqs.size > 1)
    lane = ZERO
    for i in range(out.size):
        ones = np.uint64(freqs[np.uint64(i) * each])
        zeros = total - ones
        x = heads[lane]
        is_one = (x & (total - ONE)) >= zeros
        start = zeros if is_one else ZERO
        freq = ones if is_one else zeros
        heads[lane], size = refill(pop_head(x, start, freq, precision), tail, size)
        if size == UNDERFLOW:
            return size
        out[i] = is_one
        lane = following(lane, lanes)
    return size
