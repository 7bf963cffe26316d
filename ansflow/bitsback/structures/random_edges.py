"""Large graphs with labelled vertices: random edge coding."""

from __future__ import annotations

from math import log
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from ansflow.arguments import integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.stack.stack import Stack
from ansflow.bitsback.structures.graph import MAX_VERTICES, Graph
from ansflow.errors import ModelError
from ansflow.kernels.stack import random_edges as kernels
from ansflow.kernels.structures.fenwick import size_for
from ansflow.kernels.structures.sorted_blocks import blocks_for

__all__ = ["MAX_EDGES", "RandomEdges", "check_size"]

MAX_EDGES = 1 << 27


class RandomEdges(Codec):
    """Graphs of n labelled vertices and so many edges: random edge coding.

    The model is Polya's urn: the more edges a vertex has, the more probable it is that it has
    another one, as in many graphs that have grown. It has no parameters. Loops and edges that occur
    several times are possible.

    Parameters
    ----------
    n : int
        The number of vertices, 0 to 2^28.
    edges : int
        The number of edges, 0 to 2^27.

    Raises
    ------
    ValueError
        If a number is out of range, or there are edges without vertices.

    Notes
    -----
    The two ends of all m edges are 2 m draws from the urn. They have the probability
    ``product of d! * (n - 1)! / (n - 1 + 2 m)!`` for degrees d, in any order; and the graph that of
    all its orders, which are ``m! * 2^(m - loops)`` if no edge occurs twice. `bits` is the
    logarithm. A push pops the order of the edges as it goes, so that one word of initial bits is
    enough, and takes time proportional to m log m. What it pops is exactly uniform: the net cost
    does not depend on the bits that it is popped from, and these are not stirred.

    Examples
    --------
    >>> from ansflow.bitsback import Graph, RandomEdges, Stack
    >>> star = Graph(1000, [(0, i) for i in range(1, 1000)])
    >>> codec = RandomEdges(1000, 999)
    >>> stack = Stack(seed=0)
    >>> start = stack.mark()
    >>> codec.push(stack, star)
    >>> round(stack.rates(start).net, 2), round(codec.bits(star), 2)
    (3739.31, 3739.31)
    >>> codec.pop(stack) == star, stack == Stack(seed=0)
    (True, True)

    References
    ----------
    Severo, Townsend, Khisti & Makhzani 2023, "Random edge coding: one-shot bits-back coding of
    large labeled graphs", arXiv:2305.09705.
    """

    def __init__(self, n: SupportsIndex, edges: SupportsIndex) -> None:
        self.n = integer(n, "n", 0, MAX_VERTICES)
        self.count = integer(edges, "edges", 0, MAX_EDGES if self.n else 0)

    def push(self, stack: Stack, x: Any) -> None:
        graph = self._checked(x)
        keys, copies = np.unique(graph.keys, return_counts=True)
        balls = (graph.degrees + 1).astype(np.uint32)
        lowest = np.empty(1, np.uint64)
        stack.run_pop(
            kernels.push,
            self.count,
            *(keys, copies.astype(np.uint32), _empty_sums(keys.size)),
            *(balls, _empty_sums(self.n), np.uint64(self.count), lowest),
            room=3 * self.count,
            lowest=lowest,
        )

    def pop(self, stack: Stack) -> Graph:
        blocks, width = blocks_for(self.count)
        keys, lowest = np.empty(self.count, np.uint64), np.empty(1, np.uint64)
        stack.run_pop(
            kernels.pop,
            2 * self.count,
            np.empty((blocks, width), np.uint64),
            *(np.empty(blocks, np.uint32), np.empty(blocks, np.uint32)),
            *(np.empty(blocks, np.uint64), np.empty(blocks + 1, np.uint32)),
            *(np.ones(self.n, np.uint32), _empty_sums(self.n), lowest, keys),
            room=self.count,
            lowest=lowest,
        )
        return Graph.from_keys(self.n, keys)

    def bits(self, x: Any) -> float:
        """What a graph costs: log2 of one over its probability."""
        graph, m, n = self._checked(x), self.count, self.n
        if not m:
            return 0.0
        _, copies = np.unique(graph.keys, return_counts=True)
        loops = int((graph.edges[:, 0] == graph.edges[:, 1]).sum())
        draws = gammaln(n + 2 * m) - gammaln(n) - gammaln(graph.degrees + 1.0).sum()
        orders = gammaln(m + 1) - gammaln(copies[copies > 1] + 1.0).sum()
        return float(draws - orders) / log(2) - (m - loops)

    def _checked(self, x: Any) -> Graph:
        graph = Graph.of(x, self.n)
        check_size(graph, self.n)
        if len(graph.edges) != self.count:
            raise ValueError(f"the codec takes {self.count} edges, not {len(graph.edges)}")
        return graph


def check_size(graph: Graph, n: int) -> None:
    """Check that a graph has n vertices, and no values, which need a codec of their own."""
    if graph.n != n:
        raise ValueError(f"the codec takes graphs of {n} vertices, not of {graph.n}")
    if graph.vertex_values is not None or graph.edge_values is not None:
        raise ModelError("the graph has values of vertices or edges: code them with WithValues")


def _empty_sums(symbols: int) -> npt.NDArray[np.uint32]:
    return np.empty(size_for(symbols), np.uint32)
