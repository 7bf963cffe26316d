"""Graphs without labels: shuffle coding."""

from __future__ import annotations

from math import lgamma, log
from typing import Any, NamedTuple, SupportsIndex

import numpy as np
import numpy.typing as npt

from ansflow.arguments import integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.distributions.uniform import Uniform
from ansflow.bitsback.stack.stack import Stack
from ansflow.bitsback.structures.canonical import Automorphisms, Canonical
from ansflow.bitsback.structures.colours import Colours, refined
from ansflow.bitsback.structures.graph import Graph
from ansflow.bitsback.structures.without_replacement import Permutation, WithoutReplacement

__all__ = ["Discount", "Shuffled"]

ROUNDS = 5
MAX_ROUNDS = 1 << 10

Labels = npt.NDArray[np.int64]


class Discount(NamedTuple):
    """What a graph costs less without labels.

    Attributes
    ----------
    bits : float
    complete : bool
        Whether it is known to be all that is possible, log2 of the number of different labelled
        graphs that the graph can be made. If not, it may be, but nobody has looked.
    """

    bits: float
    complete: bool


class Shuffled(Codec):
    """Graphs whose labels carry no information: shuffle coding.

    A push pops labels from the stack, one of the orders of the vertices, and pushes the graph with
    these labels. A pop finds out from the graph what they were, as far as that is possible.

    By default it tells vertices apart by *colour refinement*, in time proportional to the size of
    the graph: a few rounds, in each of which a vertex gets a colour that depends on those of its
    neighbours. Vertices of the same colour stay in the order that they have in the graph that is
    pushed, and those orders are not given back: the discount is ``log2(n! / product of c!)`` for
    colours of c vertices. Most often that is all or nearly all that is possible.

    If `exact`, the discount is complete: ``log2(n! / |Aut|)``, where ``|Aut|`` is the number of
    automorphisms.

    Parameters
    ----------
    codec : Codec
        Of labelled graphs, such as `RandomEdges`, `ErdosRenyi` or `WithValues`.
    exact : bool
        Find the canonical form of the graph. For up to 256 vertices, unless the graph is very
        regular.
    rounds : int
        Rounds of refinement, 0 to 1024, if not `exact`.

    Raises
    ------
    ModelError
        When a graph is pushed, if values of its vertices or edges are not numbers, or its canonical
        form takes too long to find.

    Notes
    -----
    What is popped is not the graph that was pushed, but `representative` of it: the same up to
    labels. With `exact` it is the same for all labels. What is popped as labels is exactly uniform,
    and not stirred. As many initial bits are needed as the discount has, or log2(n!) if `exact`.

    Values of vertices and edges (`WithValues`) are part of the colours.

    Examples
    --------
    >>> from ansflow.bitsback import ErdosRenyi, Graph, Shuffled, Stack
    >>> path = Graph(4, [(2, 0), (0, 3), (3, 1)])
    >>> stack, codec = Stack(seed=0), Shuffled(ErdosRenyi(4, 0.5), exact=True)
    >>> start = stack.mark()
    >>> codec.push(stack, path)
    >>> round(stack.rates(start).net, 3), round(codec.discount(path).bits, 3)
    (2.415, 3.585)
    >>> codec.pop(stack).edges.tolist()
    [[0, 1], [0, 3], [1, 2]]

    References
    ----------
    Kunze, Severo, Zani, van de Meent & Townsend 2024, "Entropy coding of unordered data
    structures", ICLR 2024, arXiv:2408.08837; Kunze, Severo, van de Meent & Townsend 2024,
    "Practical shuffle coding", NeurIPS 2024.
    """

    def __init__(self, codec: Any, *, exact: bool = False, rounds: SupportsIndex = ROUNDS) -> None:
        self.n: int = codec.n
        self.codec: Codec = codec
        self.exact = exact
        self.rounds = integer(rounds, "rounds", 0, MAX_ROUNDS)

    def push(self, stack: Stack, x: Any) -> None:
        graph = self.representative(x)
        with stack.atomic():
            if self.exact:
                labels = Permutation(graph.n).pop(stack)
                labelled = graph.relabelled(labels)
                found, automorphisms = self._search(labelled)
                numbers = automorphisms.numbers(found[labels])
                Uniform(automorphisms.sizes or [1]).push(stack, numbers or [0])
            else:
                _, sizes = np.unique(refined(graph, self.rounds), return_counts=True)
                arrangement = WithoutReplacement(sizes).pop(stack)
                labelled = graph.relabelled(np.argsort(arrangement, kind="stable"))
            self.codec.push(stack, labelled)

    def pop(self, stack: Stack) -> Graph:
        with stack.atomic():
            labelled: Graph = self.codec.pop(stack)
            if self.exact:
                found, automorphisms = self._search(labelled)
                numbers = Uniform(automorphisms.sizes or [1]).pop(stack)
                chosen = automorphisms.automorphism(numbers[: len(automorphisms.sizes)].tolist())
                Permutation(labelled.n).push(stack, np.argsort(found)[chosen])
                return labelled.relabelled(found)
            colours = refined(labelled, self.rounds)
            _, arrangement, sizes = np.unique(colours, return_inverse=True, return_counts=True)
            WithoutReplacement(sizes).push(stack, arrangement)
            return labelled.relabelled(_sorting(colours))

    def representative(self, x: Any) -> Graph:
        """The graph, with the labels that it has when it is popped."""
        graph = Graph.of(x, self.n)
        if self.exact:
            return Canonical(graph).form()
        return graph.relabelled(_sorting(refined(graph, self.rounds)))

    def discount(self, x: Any) -> Discount:
        """How many bits fewer a graph costs than labelled, and whether that is all there is."""
        graph = Graph.of(x, self.n)
        if self.exact:
            order = Canonical(graph).automorphisms().order
            return Discount((lgamma(graph.n + 1) - log(order)) / log(2), True)
        _, sizes = np.unique(refined(graph, self.rounds), return_counts=True)
        bits = (lgamma(graph.n + 1) - sum(lgamma(c + 1) for c in sizes.tolist())) / log(2)
        return Discount(bits, sizes.size == graph.n)

    def _search(self, labelled: Graph) -> tuple[Labels, Automorphisms]:
        """Labels that make a graph its canonical form, and the automorphisms of that."""
        canonical = Canonical(labelled)
        return canonical.labels, Canonical(canonical.form()).automorphisms()


def _sorting(colours: Colours) -> Labels:
    """Labels in the order of colours, and within a colour in the order that there is."""
    labels = np.empty(colours.size, np.int64)
    labels[np.argsort(colours, kind="stable")] = np.arange(colours.size)
    return labels
