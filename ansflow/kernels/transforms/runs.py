"""Runs of equal numbers as their values and how often each is repeated, and back."""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.transforms.bits import WORD_BITS, lowest

__all__ = ["join_runs", "split_runs"]

# Most runs are short: so many items are written without asking how many it should be, and what
# is too much is overwritten by the next run.
AHEAD = np.uint64(8)


@kernel
def split_runs(items, values, repeats):
    """Fill two arrays with the value of each run and the number of items after its first."""
    n = np.uint64(items.size)
    if n == ZERO:
        return
    values[0] = items[0]
    run, first = ZERO, ZERO
    for begin in range(ONE, n, WORD_BITS):
        changes = ZERO
        for j in range(min(WORD_BITS, n - begin)):
            i = begin + j
            changes |= np.uint64(items[i] != items[i - ONE]) << j
        while changes:
            i = begin + lowest(changes)
            repeats[run] = i - first - ONE
            first = i
            run += ONE
            values[run] = items[i]
            changes &= changes - ONE
    repeats[run] = n - first - ONE


@kernel
def join_runs(values, repeats, out):
    """Undo `split_runs`; False, with nothing done, if the runs have another number of items.

    The values may be the last items of `out`.
    """
    n, total = np.uint64(out.size), np.uint64(values.size)
    for count in repeats:
        total += np.uint64(count)
    if total != n:
        return False
    at = ZERO
    free = n - np.uint64(values.size)  # items before the next value, and so at least `at`
    for run in range(np.uint64(values.size)):
        value = values[run]
        free += ONE
        end = at + repeats[run] + ONE
        if at + AHEAD <= free:
            for j in range(AHEAD):
                out[at + j] = value
            at += AHEAD
        for i in range(at, end):
            out[i] = value
        at = end
    return True
