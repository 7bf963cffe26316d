"""The canonical form of a small graph, and its automorphisms.

Individualisation and refinement (McKay 1981, "Practical graph isomorphism"): if refinement leaves
vertices with the same colour, one of them after the other gets a colour of its own, until all
colours are different. They are new labels then. Of all graphs that are found in this way, the
smallest is the canonical form. Two sequences of choices that lead to the same graph are exchanged
by an automorphism; then neither the rest of the second one has to be searched, nor choices that are
exchanged by the automorphisms that are known.

The automorphisms that are found generate all, level by level: those that leave the choices of the
first sequence before the i-th as they are generate all such. So an automorphism is a sequence of
numbers, one for each level: which of the vertices it can make of the i-th choice it does.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.structures.colours import edge_numbers, vertex_numbers
from ansflow.bitsback.structures.graph import Graph
from ansflow.errors import ModelError
from ansflow.kernels.structures.refinement import refine

__all__ = ["MAX_EXACT", "Automorphisms", "Canonical"]

MAX_EXACT = 256  # vertices
MAX_STEPS = 1 << 16

Labels = npt.NDArray[np.int64]


class Automorphisms(NamedTuple):
    """The automorphisms of a graph: the ways from each choice to the vertices of its orbit."""

    n: int
    choices: list[int]
    ways: list[dict[int, Labels]]

    @property
    def sizes(self) -> list[int]:
        """How many vertices there are at each level; their product is the number of all."""
        return [len(way) for way in self.ways]

    @property
    def order(self) -> int:
        return prod(self.sizes)

    def numbers(self, automorphism: Labels) -> list[int]:
        """The number of an automorphism at each level."""
        numbers = []
        for choice, ways in zip(self.choices, self.ways, strict=True):
            vertex = int(automorphism[choice])
            numbers.append(sorted(ways).index(vertex))
            automorphism = np.argsort(ways[vertex])[automorphism]
        return numbers

    def automorphism(self, numbers: list[int]) -> Labels:
        """Undo `numbers`."""
        automorphism = np.arange(self.n)
        for number, ways in zip(reversed(numbers), reversed(self.ways), strict=True):
            automorphism = ways[sorted(ways)[number]][automorphism]
        return automorphism


class Canonical:
    """The search for the canonical form of a graph.

    Parameters
    ----------
    graph : Graph

    Attributes
    ----------
    labels : ndarray of int64, shape (n,)
        ``graph.relabelled(labels)`` is the canonical form.

    Raises
    ------
    ModelError
        If the graph has more than 256 vertices, or is so regular that the search takes too long.
    """

    def __init__(self, graph: Graph) -> None:
        if graph.n > MAX_EXACT:
            raise ModelError(
                f"canonical forms are for up to {MAX_EXACT} vertices, not {graph.n}; use "
                "Shuffled(codec) without exact"
            )
        self._graph, self._values = graph, edge_numbers(graph)
        self._steps = 0
        self._leaves: dict[bytes, tuple[list[int], Labels]] = {}
        self._generators: list[Labels] = []
        self._first: list[int] | None = None
        start = np.unique(vertex_numbers(graph), return_inverse=True)[1].astype(np.int64)
        self._search(start, [])
        self.labels = self._leaves[min(self._leaves)][1]

    def form(self) -> Graph:
        """The canonical form."""
        return self._graph.relabelled(self.labels)

    def automorphisms(self) -> Automorphisms:
        """Those of the graph itself, not of its form."""
        assert self._first is not None
        ways = [self._orbit(self._first[:i], v) for i, v in enumerate(self._first)]
        return Automorphisms(self._graph.n, self._first, ways)

    def _search(self, colours: Labels, path: list[int]) -> int:
        """Search below a sequence of choices; return the length up to which it is still of use."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise ModelError(
                "the graph is so regular that its canonical form takes too long to find; use "
                "Shuffled(codec) without exact"
            )
        colours = self._stable(colours)
        sizes = np.bincount(colours, minlength=self._graph.n)
        if self._graph.n == 0 or sizes.max() == 1:
            return self._leaf(colours, path)
        sizes[sizes == 1] = sizes.max() + 1
        sizes[sizes == 0] = sizes.max()
        tried, orbits, known = list[int](), np.arange(self._graph.n), 0
        for vertex in np.flatnonzero(colours == np.argmin(sizes)).tolist():
            if tried and known < len(self._generators):
                orbits, known = self._orbits(path), len(self._generators)
            if orbits[vertex] in orbits[tried]:
                continue
            tried.append(vertex)
            chosen = 2 * colours + 1
            chosen[vertex] -= 1
            useful = self._search(chosen, [*path, vertex])
            if useful < len(path):
                return useful
        return len(path)

    def _leaf(self, labels: Labels, path: list[int]) -> int:
        if self._first is None:
            self._first = path
        leaf = self._graph.relabelled(labels)
        parts = (leaf.edges, leaf.vertex_values, leaf.edge_values)
        content = b"".join(part.tobytes() for part in parts if part is not None)
        if content not in self._leaves:
            self._leaves[content] = path, labels
            return len(path)
        earlier, known = self._leaves[content]
        self._generators.append(np.argsort(labels)[known])
        return next(i for i, (a, b) in enumerate(zip(earlier, path, strict=True)) if a != b)

    def _stable(self, colours: Labels) -> Labels:
        """Refine until no colour is split any more, and number the colours."""
        numbers = np.unique(colours, return_inverse=True)[1].astype(np.int64)
        count, sums = numbers.max(initial=0), np.empty(self._graph.n, np.uint64)
        while True:
            mixed = numbers.astype(np.uint64)
            refine(mixed, self._graph.edges, self._values, sums)
            order = np.lexsort((mixed, numbers))
            steps = (np.diff(numbers[order]) != 0) | (np.diff(mixed[order]) != 0)
            refined = np.empty_like(numbers)
            refined[order[:1]], refined[order[1:]] = 0, np.cumsum(steps)
            if refined.max(initial=0) == count:
                return refined
            numbers, count = refined, refined.max(initial=0)

    def _fixing(self, fixed: list[int]) -> Labels:
        """Those of the known automorphisms that fix some vertices, one in each row."""
        known: Labels = np.array(self._generators, np.int64).reshape(-1, self._graph.n)
        fix: npt.NDArray[np.bool] = (known[:, fixed] == fixed).all(axis=1)
        return known[fix]

    def _orbits(self, fixed: list[int]) -> Labels:
        """The least vertex of the orbit of each, under automorphisms that fix some others."""
        generators, least = self._fixing(fixed), np.arange(self._graph.n)
        before = least - 1
        while (least != before).any():
            before = least
            for g in generators:
                least = np.minimum(least, least[g])
            least = least[least]
        return least

    def _orbit(self, fixed: list[int], vertex: int) -> dict[int, Labels]:
        """What becomes of a vertex under automorphisms that fix some others, and by which."""
        generators = self._fixing(fixed)
        ways = {vertex: np.arange(self._graph.n)}
        open_ = [vertex]
        for v in open_:
            for g in generators:
                w = int(g[v])
                if w not in ways:
                    ways[w] = g[ways[v]]
                    open_.append(w)
        return ways
