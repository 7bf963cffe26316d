"""One symbol per lane, whatever its distribution: intervals that the caller has worked out."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.stack.heads import UNDERFLOW, pop_head, push_head, refill

__all__ = ["peek", "pop", "push"]


@kernel
def push(heads, tail, size, starts, freqs, precision):
    """Push one symbol on each lane; return the new size of the tail.

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
    size = np.uint64(size)
    lane = np.uint64(min(heads.size, starts.size))
    while lane > ZERO:
        lane -= ONE
        start, freq = np.uint64(starts[lane]), np.uint64(freqs[lane])
        heads[lane], size = push_head(heads[lane], start, freq, precision, tail, size)
    return size


@kernel
def peek(heads, precision, slots):
    """Write each lane's slot, ``head mod 2^precision``, into ``slots``, int64[lanes]."""
    mask = (ONE << precision) - ONE
    for lane in range(min(heads.size, slots.size)):
        slots[lane] = heads[lane] & mask


@kernel
def pop(heads, tail, size, starts, freqs, precision):
    """Undo `push`; return the new size of the tail, or `UNDERFLOW`.

    The intervals are those of the symbols that `peek` named: ``starts <= slot < starts +
    freqs`` on every lane.
    """
    size = np.uint64(size)
    for lane in range(min(heads.size, starts.size)):
        start, freq = np.uint64(starts[lane]), np.uint64(freqs[lane])
        x = pop_head(heads[lane], start, freq, precision)
        heads[lane], size = refill(x, tail, size)
        if size == UNDERFLOW:
            return size
    return size
