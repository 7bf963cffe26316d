"""Frequencies that sum to 2^p and minimise the expected code length, exactly.

For counts c and integer frequencies f >= 1 of the present symbols, the code length is
``sum(c * (p - log2 f))``. One more unit for a symbol at f saves ``c * log2(1 + 1/f)`` bits, less
with each unit: the objective is separable and concave, and then handing out units one by one,
always to the largest saving, is optimal (Gross 1956; Ibaraki & Katoh, "Resource Allocation
Problems", 1988, section 4.2).

Handing out 2^p units takes long, so the kernel starts from the greedy solution for *some*
total: all units that save more than a threshold have been handed out exactly if

    f = max(1, ceil(1 / (e^(1 / (c * scale)) - 1)))

for a common scale (1 / (threshold * ln 2)). The scale is chosen to make the total nearly
right, and then the greedy rule adds or takes back the few units that are missing or too
many. Every step of that is a greedy solution, and so is the last.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inlined, inner, kernel

__all__ = ["quantize_rows", "scale_rows"]

# Each Newton step quarters (residual * slope), and that product starts at no more than
# 2^31 units * 2^16 symbols: 24 steps leave less than a unit.
NEWTON_STEPS = 24

# log(1 + 1/f) of small f; that of 0, which no symbol has, is never used.
STEPS = np.concatenate([[np.inf], np.log1p(1.0 / np.arange(1, 4097))])

# Relative rounding errors, with much to spare.
MARGIN = 1e-12


@kernel
def scale_rows(counts, bits, least):
    """Divide each row by its largest count, in place, so that sums cannot overflow.

    Parameters
    ----------
    counts : float64[rows, n]
        What is positive stays so, as `least` at least.
    bits : int64[rows, n]
        A view of the counts: those of positive numbers are in the order of the numbers, and the
        largest of integers is found by vectors.
    least : float64
        The smallest positive count.

    Returns
    -------
    bool
        Whether all counts are finite and not negative.
    uint64, uint64
        The smallest and the largest number of positive counts in a row.
    """
    is_sound, fewest, most = True, np.uint64(counts.shape[1]), ZERO
    for i in range(counts.shape[0]):
        row = counts[i]
        present, at, largest = ZERO, 0, np.int64(0)
        for s in range(row.size):
            is_sound &= 0.0 <= row[s] < np.inf
            present += np.uint64(row[s] > 0.0)
            largest = max(largest, bits[i, s])
        for s in range(row.size):
            at = s if bits[i, s] == largest else at
        unit = row[at]
        for s in range(row.size):
            row[s] = max(row[s] / unit, least) if row[s] > 0.0 else 0.0
        fewest, most = min(fewest, present), max(most, present)
    return is_sound, fewest, most


@inlined
def water_level(counts, total):
    """Scale s with ``sum(max(1, s * c)) == total`` over counts c > 0, by Newton's method."""
    scale = np.inf
    for _ in range(NEWTON_STEPS):
        floored = 0.0
        free = 0.0
        for c in counts:  # without branches, which would be mispredicted often
            above = c * scale > 1.0
            free += c if above else 0.0
            floored += 0.0 if above else 1.0
        if free == 0.0:
            break
        closer = (total - floored) / free
        if closer >= scale:
            break
        scale = closer
    return scale


@inner
def sift_down(keys, heap, root, size):
    """Restore the heap order (smallest key on top) below `root`."""
    item = heap[root]
    key = keys[item]
    while True:
        child = ONE + root + root
        if child >= size:
            break
        if child + ONE < size:
            child += np.uint64(keys[heap[child + ONE]] < keys[heap[child]])
        if keys[heap[child]] >= key:
            break
        heap[root] = heap[child]
        root = child
    heap[root] = item


@inlined
def step_cost(f):
    """Nats between a symbol's bits at f units and at f + 1."""
    return STEPS[f] if f < np.uint64(STEPS.size) else np.log1p(1.0 / float(f))


@inner
def stake(count, freq, spare):
    """Heap key: minus the bits saved by one more unit, or the bits lost by one less."""
    f = np.uint64(freq)
    if spare:
        return -count * step_cost(f)
    if f == ONE:
        return np.inf
    return count * step_cost(f - ONE)


@inlined
def greedy_units(y):
    """The units f of a symbol whose count is y in terms of the threshold.

    That is ceil(1 / (e^(1 / y) - 1)), of which y - 1/2 is a lower and y - 1/2 + 1 / (12 y) an upper
    bound before it is rounded: most of the time they say enough.
    """
    if y <= 1.4:
        return 1.0
    below = y - 0.5
    units = np.ceil(below - MARGIN * y)
    if below + (1.0 / 12.0) / y + MARGIN * y <= units:
        return units
    return np.ceil(1.0 / np.expm1(1.0 / y))


@inner
def quantize_row(counts, total, freq, keys, heap):
    """Fill `freq` with the optimal frequencies for `counts`.

    Parameters
    ----------
    counts : float64[n]
        Finite and not negative; at least one and at most `total` of them positive.
    total : uint64
        Sum of the frequencies, at most 2^31.
    freq : uint32[n]
        Filled: 0 where the count is 0, at least 1 elsewhere.
    keys : float64[n], heap : uint32[n]
        Scratch: bits at stake in a symbol's next unit, and the symbols in heap order.
    """
    present = ZERO
    for s in range(counts.size):
        keys[present] = counts[s]
        present += np.uint64(counts[s] > 0.0)
    scale = water_level(keys[:present], float(total))
    assigned = ZERO
    present = ZERO
    for s in range(counts.size):
        freq[s] = 0
        if counts[s] > 0.0:
            freq[s] = np.uint32(min(greedy_units(counts[s] * scale), float(total)))
            assigned += np.uint64(freq[s])
            heap[present] = s
            present += ONE
    if assigned == total:
        return
    spare = assigned < total
    for i in range(present):
        s = np.uint64(heap[i])
        keys[s] = stake(counts[s], freq[s], spare)
    root, step = present >> ONE, ONE if spare else ~ZERO
    while root > ZERO or assigned != total:
        if root > ZERO:
            root -= ONE  # until all are a heap
        else:
            s = np.uint64(heap[0])
            freq[s] = np.uint64(freq[s]) + step
            assigned += step
            keys[s] = stake(counts[s], freq[s], spare)
        sift_down(keys, heap, root, present)


@kernel
def quantize_rows(counts, total, freq, keys, heap):
    """`quantize_row` for each row of `counts` and `freq`."""
    for row in range(counts.shape[0]):
        quantize_row(counts[row], total, freq[row], keys, heap)
