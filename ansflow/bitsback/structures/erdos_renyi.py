"""Graphs whose edges are independent of each other."""

from __future__ import annotations

from math import log2
from typing import Any, SupportsIndex

import numpy as np

from ansflow.arguments import integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.distributions.bernoulli import Bernoulli
from ansflow.bitsback.stack.stack import Stack
from ansflow.bitsback.structures.graph import Graph
from ansflow.bitsback.structures.random_edges import check_size
from ansflow.errors import ModelError

__all__ = ["MAX_DENSE", "ErdosRenyi"]

MAX_DENSE = 1 << 13  # vertices
PRECISION = 20


class ErdosRenyi(Codec):
    """Graphs of n labelled vertices, each two of which have an edge with the same probability.

    There are no loops, and no edge occurs twice. All n * (n - 1) / 2 pairs of vertices are coded.

    Parameters
    ----------
    n : int
        The number of vertices, 0 to 2^13.
    probability : float
        Of an edge.

    Raises
    ------
    ModelError
        If the probability is not between 0 and 1.

    Examples
    --------
    >>> from ansflow.bitsback import ErdosRenyi, Stack
    >>> stack = Stack()
    >>> codec = ErdosRenyi(4, 0.5)
    >>> codec.push(stack, [(0, 1), (2, 1), (2, 3)])
    >>> round(stack.bits - 32, 3)
    6.0
    >>> codec.pop(stack).edges.tolist()
    [[0, 1], [1, 2], [2, 3]]
    """

    def __init__(self, n: SupportsIndex, probability: float) -> None:
        self.n = integer(n, "n", 0, MAX_DENSE)
        self.pairs = self.n * (self.n - 1) // 2
        self._coins = Bernoulli(float(probability), self.pairs, PRECISION)

    def push(self, stack: Stack, x: Any) -> None:
        a, b = self._checked(x).edges.T
        there = np.zeros(self.pairs, np.int64)
        there[a * (2 * self.n - a - 1) // 2 + b - a - 1] = 1
        self._coins.push(stack, there)

    def pop(self, stack: Stack) -> Graph:
        index = np.flatnonzero(self._coins.pop(stack))
        vertices = np.arange(self.n)
        ends = np.cumsum(self.n - 1 - vertices)  # of the pairs whose first vertex is up to each
        a = np.searchsorted(ends, index, side="right")
        return Graph(self.n, np.stack([a, index - ends[a] + self.n], axis=1))

    def bits(self, x: Any) -> float:
        """What a graph costs: log2 of one over its probability, as the coder rounds it."""
        edges = len(self._checked(x).edges)
        p = int(self._coins.freqs[0]) / (1 << PRECISION)
        return -edges * log2(p) - (self.pairs - edges) * log2(1 - p)

    def _checked(self, x: Any) -> Graph:
        graph = Graph.of(x, self.n)
        check_size(graph, self.n)
        if not graph.is_simple:
            raise ModelError(
                "an edge is a loop or occurs twice, which this model does not allow; RandomEdges "
                "does"
            )
        return graph
