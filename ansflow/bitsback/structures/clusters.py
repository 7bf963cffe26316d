"""Clusters without labels."""

from __future__ import annotations

from math import log
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from ansflow.arguments import as_array, integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.stack.stack import Stack
from ansflow.kernels.stack import clusters as kernels
from ansflow.kernels.structures.fenwick import size_for

__all__ = ["Clusters", "numbered"]

MAX_ELEMENTS = 1 << 28


class Clusters(Codec):
    """Which of n elements belong together: random cycle coding.

    An array has a label for each element. What the labels are carries no information: they are
    popped as numbers from 0 on, in the order in which they first occur.

    Parameters
    ----------
    n : int
        The number of elements, 0 to 2^28.

    Raises
    ------
    TypeError, ValueError
        If `n` is not an integer in that range; a push also if the labels do not have the shape
        (n,), or are masked.

    Notes
    -----
    The model is a random permutation whose cycles are the clusters: clusters of sizes c cost
    ``log2(n! / product of (c - 1)!)`` bits. No initial bits are needed.

    Examples
    --------
    >>> from ansflow.bitsback import Clusters, Stack
    >>> stack, codec = Stack(), Clusters(6)
    >>> codec.push(stack, ["cat", "dog", "cat", "cat", "cow", "dog"])
    >>> round(stack.bits - 32, 3)  # log2(6! / 2!)
    8.492
    >>> codec.pop(stack)
    array([0, 1, 0, 0, 2, 1])

    References
    ----------
    Severo, Khisti & Makhzani 2024, "Random cycle coding: lossless compression of cluster
    assignments via bits-back coding", NeurIPS 2024.
    """

    def __init__(self, n: SupportsIndex) -> None:
        self.n = integer(n, "n", 0, MAX_ELEMENTS)

    def push(self, stack: Stack, x: npt.ArrayLike) -> None:
        labels, counts = self._checked(x)
        sums = np.empty(size_for(self.n), np.uint32)
        stack.run_push(kernels.push, self.n, labels, counts, sums)

    def pop(self, stack: Stack) -> npt.NDArray[np.int64]:
        labels, counts = np.empty(self.n, np.int64), np.zeros(self.n, np.uint32)
        sums = np.empty(size_for(self.n), np.uint32)
        stack.run_pop(kernels.pop, self.n, counts, sums, labels)
        return labels

    def bits(self, x: npt.ArrayLike) -> float:
        """What clusters cost: log2 of one over their probability."""
        _, counts = self._checked(x)
        return float(gammaln(self.n + 1) - gammaln(counts[counts > 0]).sum()) / log(2)

    def _checked(self, x: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
        """Labels as they are popped, and how often each occurs, shape (n,)."""
        given = as_array(x, "labels")
        if given.shape != (self.n,):
            raise ValueError(f"the codec takes labels of shape ({self.n},), not {given.shape}")
        labels = numbered(given)
        return labels, np.bincount(labels, minlength=self.n).astype(np.uint32)


def numbered(labels: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    """Labels as numbers from 0 on, in the order in which they first occur."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    ranks = np.empty(first.size, np.int64)
    ranks[np.argsort(first)] = np.arange(first.size)
    return ranks[inverse]
