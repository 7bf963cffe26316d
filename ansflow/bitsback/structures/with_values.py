"""Graphs with values of vertices and edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansflow.bitsback.codec import Codec
from ansflow.bitsback.stack.stack import Stack
from ansflow.bitsback.structures.graph import Graph
from ansflow.errors import ModelError

__all__ = ["WithValues"]


class WithValues(Codec):
    """Graphs whose vertices, edges or both have values, each coded with a codec of any kind.

    Parameters
    ----------
    codec : Codec
        Of graphs without values, such as `RandomEdges`.
    vertices : Codec, optional
        Of the `Graph.vertex_values`, an array of shape (n,).
    edges : callable, optional
        From the number of edges to the codec of `Graph.edge_values`, an array of that shape.

    Raises
    ------
    ModelError
        When a graph is pushed, if it has other values than there are codecs.

    Examples
    --------
    >>> from ansflow.bitsback import Graph, RandomEdges, Stack, Uniform, WithValues
    >>> water = Graph(3, [(0, 1), (0, 2)], vertex_values=[8, 1, 1], edge_values=[1, 1])
    >>> codec = WithValues(RandomEdges(3, 2), Uniform(100, 3), lambda count: Uniform(4, count))
    >>> stack = Stack(seed=0)
    >>> codec.push(stack, water)
    >>> codec.pop(stack) == water
    True
    """

    def __init__(
        self,
        codec: Any,
        vertices: Codec | None = None,
        edges: Callable[[int], Codec] | None = None,
    ) -> None:
        self.n: int = codec.n
        self.codec: Codec = codec
        self.vertices = vertices
        self.edges = edges

    def push(self, stack: Stack, x: Any) -> None:
        graph = Graph.of(x, self.n)
        for name, values, codec in (
            ("vertices", graph.vertex_values, self.vertices),
            ("edges", graph.edge_values, self.edges),
        ):
            if (values is None) != (codec is None):
                raise ModelError(
                    f"the {name} have values, but no codec for them was given"
                    if codec is None
                    else f"there is a codec for values of {name}, but they have none"
                )
        with stack.atomic():
            if self.vertices is not None:
                self.vertices.push(stack, graph.vertex_values)
            if self.edges is not None:
                self.edges(len(graph.edges)).push(stack, graph.edge_values)
            self.codec.push(stack, Graph.from_keys(graph.n, graph.keys))

    def pop(self, stack: Stack) -> Graph:
        graph = self.codec.pop(stack)
        edge_values = None if self.edges is None else self.edges(len(graph.edges)).pop(stack)
        vertex_values = None if self.vertices is None else self.vertices.pop(stack)
        return Graph(graph.n, graph.edges, vertex_values, edge_values)
