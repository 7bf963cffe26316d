"""Random cycle coding: clusters as the cycles of a permutation.

A permutation of n numbers is built by putting each number in a cycle: number i behind one of the
i numbers before it, or in a new cycle, which is i + 1 ways, all equally likely. The cycles are the
clusters. Behind which number of its cluster a number comes is a latent, and its posterior is
uniform: to pop it and to push the way is the same as to push one slot of a cluster's, which has one
for each of its numbers so far.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import kernel
from ansflow.kernels.stack.draws import FEWER, MORE, divide, put_slot
from ansflow.kernels.stack.heads import UNDERFLOW, following, preceding, refill
from ansflow.kernels.structures.fenwick import change, change_at, fill

__all__ = ["pop", "push"]


@kernel
def push(heads, tail, size, labels, counts, sums):
    """Push the clusters of numbers; return the size of the tail.

    Parameters
    ----------
    heads : uint64[lanes]
        Updated in place.
    tail : uint32[]
        At least ``1 + n`` longer than `size`.
    size : uint64
    labels : int64[n]
        The cluster of each number; clusters are numbered as they first occur.
    counts : uint32[n]
        How many numbers each cluster has; 0 at the end.
    sums : uint32[]
        Room for a `fenwick` tree of them.
    """
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    i = np.uint64(labels.size)
    lane = i % lanes
    fill(counts, sums)
    while i > ZERO:
        lane = preceding(lane, lanes)
        cluster = np.uint64(labels[i - ONE])
        counts[cluster] -= MORE
        start, freq = change(sums, cluster, FEWER), np.uint64(counts[cluster])
        if freq == ZERO:
            start, freq = i - ONE, ONE
        heads[lane], size = put_slot(heads[lane], start, freq, i, tail, size)
        i -= ONE
    return size


@kernel
def pop(heads, tail, size, counts, sums, labels):
    """Pop the clusters of all numbers; return the size of the tail, or `UNDERFLOW`.

    As `push`, but that `counts` are 0 at first.
    """
    size = np.uint64(size)
    lanes = np.uint64(heads.size)
    lane, clusters = ZERO, ZERO
    fill(counts, sums)
    for i in range(np.uint64(labels.size)):
        quotient, slot, size = divide(heads[lane], i + ONE, tail, size)
        if slot == i:
            cluster, within, freq = clusters, ZERO, ONE
            change(sums, cluster, MORE)
            clusters += ONE
        else:
            cluster, within = change_at(sums, slot, MORE)
            freq = np.uint64(counts[cluster])
        x, size = refill(quotient * freq + within, tail, size)
        if size == UNDERFLOW:
            return size
        counts[cluster] += MORE
        heads[lane], labels[i] = x, cluster
        lane = following(lane, lanes)
    return size
