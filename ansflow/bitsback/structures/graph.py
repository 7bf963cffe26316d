"""Graphs as arrays, and what else users have them as: sparse matrices and networkx graphs."""

from __future__ import annotations

from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer, symbol_array
from ansflow.bitsback.read_only import ReadOnly
from ansflow.extras import extra

__all__ = ["MAX_VERTICES", "Graph"]

MAX_VERTICES = 1 << 28  # so that sums of degrees are no more than slots can be

KEY_BITS = np.uint64(32)
KEY_MASK = np.uint64(0xFFFF_FFFF)


class Graph(ReadOnly):
    """An undirected graph whose vertices are numbers from 0 on.

    Parameters
    ----------
    n : int
        The number of vertices, 0 to 2^28; some may have no edges.
    edges : array_like of int, shape (m, 2)
        Two vertices each. Neither the order of the edges nor that of their vertices matters. An
        edge may occur several times, and may lead from a vertex to itself; codecs say if they take
        such graphs.
    vertex_values : array_like, shape (n,), optional
        A value for each vertex.
    edge_values : array_like, shape (m,), optional
        A value for each edge.

    Attributes
    ----------
    edges : ndarray of int64, shape (m, 2)
        Sorted, the smaller vertex of each edge first.
    vertex_values, edge_values : ndarray or None
        Those of edges are in the order of `edges`.

    Raises
    ------
    ValueError
        If shapes do not fit, or a vertex is not below n.

    Examples
    --------
    >>> from ansflow.bitsback import Graph
    >>> square = Graph(4, [(0, 1), (1, 2), (2, 3), (3, 0)])
    >>> square.edges.tolist()
    [[0, 1], [0, 3], [1, 2], [2, 3]]
    >>> square == Graph(4, [(3, 2), (1, 0), (0, 3), (1, 2)])
    True
    """

    def __init__(
        self,
        n: SupportsIndex,
        edges: npt.ArrayLike,
        vertex_values: npt.ArrayLike | None = None,
        edge_values: npt.ArrayLike | None = None,
    ) -> None:
        self.n = integer(n, "n", 0, MAX_VERTICES)
        pairs = _pairs(edges, self.n)
        keys = np.minimum(pairs[:, 0], pairs[:, 1]) << KEY_BITS
        keys |= np.maximum(pairs[:, 0], pairs[:, 1])
        self.edge_values = None
        if edge_values is None:
            keys.sort()
        else:
            values = _values(edge_values, "edge_values", keys.size)
            order = (
                np.lexsort((values, keys)) if _sortable(values) else np.argsort(keys, kind="stable")
            )
            keys, self.edge_values = keys[order], values[order]
        self._set(keys)
        self.vertex_values = (
            None if vertex_values is None else _values(vertex_values, "vertex_values", self.n)
        )

    def _set(self, keys: npt.NDArray[np.uint64]) -> None:
        self.edges = np.empty((keys.size, 2), np.int64)
        self.edges[:, 0], self.edges[:, 1] = keys >> KEY_BITS, keys & KEY_MASK
        self.edges.setflags(write=False)

    @classmethod
    def from_keys(cls, n: int, keys: npt.NDArray[np.uint64]) -> Graph:
        """A graph whose edges are sorted already, as `keys`."""
        graph = cls.__new__(cls)
        graph.n, graph.vertex_values, graph.edge_values = n, None, None
        graph._set(keys)
        return graph

    @property
    def keys(self) -> npt.NDArray[np.uint64]:
        """The edges as integers, a * 2^32 + b for vertices a <= b, shape (m,)."""
        pairs = self.edges.view(np.uint64)
        return pairs[:, 0] << KEY_BITS | pairs[:, 1]

    @property
    def degrees(self) -> npt.NDArray[np.int64]:
        """How many ends of edges each vertex has, shape (n,); a loop has both."""
        return np.bincount(self.edges.ravel(), minlength=self.n)

    @property
    def is_simple(self) -> bool:
        """Whether no edge is a loop or occurs twice."""
        keys = self.keys
        loops = self.edges[:, 0] == self.edges[:, 1]
        return not (loops.any() or (keys[1:] == keys[:-1]).any())

    def __repr__(self) -> str:
        return f"Graph({self.n} vertices, {len(self.edges)} edges)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Graph):
            return NotImplemented
        return (
            self.n == other.n
            and np.array_equal(self.edges, other.edges)
            and _same(self.vertex_values, other.vertex_values)
            and _same(self.edge_values, other.edge_values)
        )

    __hash__ = None  # type: ignore[assignment]

    def relabelled(self, labels: npt.NDArray[np.int64]) -> Graph:
        """The graph whose vertex ``labels[v]`` is this one's vertex v."""
        values = self.vertex_values
        if values is not None:
            values = np.empty_like(values)
            values[labels] = self.vertex_values
        return Graph(self.n, labels[self.edges], values, self.edge_values)

    @classmethod
    def of(cls, graph: Any, n: int | None = None) -> Graph:
        """What users have as a graph.

        Parameters
        ----------
        graph : Graph, scipy.sparse matrix or array, networkx.Graph, or array_like, shape (m, 2)
            The entries of a matrix that are not zero are edges. It must be symmetric; values other
            than 1 become `edge_values`. The vertices of a networkx graph are numbered in its order,
            and its attributes are left out.
        n : int, optional
            The number of vertices of an edge array; by default they are those up to the largest.

        Raises
        ------
        TypeError
            If edges are not integers.
        ValueError
            If a graph is directed, a matrix is not square or not symmetric, or the edges are not
            those of a graph of `n` vertices.

        Examples
        --------
        >>> from ansflow.bitsback import Graph
        >>> from scipy import sparse
        >>> Graph.of(sparse.csr_array([[0, 1, 1], [1, 0, 0], [1, 0, 0]])).edges.tolist()
        [[0, 1], [0, 2]]
        """
        if isinstance(graph, Graph):
            return graph
        if hasattr(graph, "tocoo"):
            return cls._of_matrix(graph.tocoo())
        if hasattr(graph, "adj") and hasattr(graph, "is_directed"):
            if graph.is_directed():
                raise ValueError("the graph is directed; give graph.to_undirected()")
            number = {vertex: i for i, vertex in enumerate(graph)}
            edges = [(number[a], number[b]) for a, b in graph.edges()]
            return cls(len(number), np.array(edges, np.int64).reshape(-1, 2))
        array = as_array(graph, "edges")
        if n is None:
            n = int(array.max()) + 1 if array.size else 0
        return cls(n, array)

    @classmethod
    def _of_matrix(cls, matrix: Any) -> Graph:
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise ValueError(
                f"the matrix of a graph is square, but this one has shape {matrix.shape}"
            )
        matrix.sum_duplicates()
        rows, columns = matrix.row.astype(np.int64), matrix.col.astype(np.int64)
        there = matrix.data != 0
        upper, lower = there & (rows <= columns), there & (rows >= columns)
        graph, mirrored = (
            cls(matrix.shape[0], np.stack([rows[half], columns[half]], 1), None, matrix.data[half])
            for half in (upper, lower)
        )
        if graph != mirrored:
            raise ValueError("the matrix of an undirected graph is symmetric, but this one is not")
        if graph.edge_values is not None and (graph.edge_values == 1).all():
            return cls.from_keys(graph.n, graph.keys)
        return graph

    def to_sparse(self) -> Any:
        """The adjacency matrix, a ``scipy.sparse.csr_array`` of shape (n, n).

        It has `edge_values` if there are any, otherwise how often each edge occurs.
        """
        from scipy import sparse

        values = self.edge_values
        if values is None:
            values = np.ones(len(self.edges), np.int64)
        a, b = self.edges.T
        both = np.flatnonzero(a != b)
        ends = np.concatenate([a, b[both]]), np.concatenate([b, a[both]])
        return sparse.coo_array(
            (np.concatenate([values, values[both]]), ends), shape=(self.n, self.n)
        ).tocsr()

    def to_networkx(self) -> Any:
        """A ``networkx.Graph``, or a ``MultiGraph`` if an edge occurs twice.

        Values are the attributes ``value``.
        """
        with extra("graphs"):
            import networkx

        keys = self.keys
        graph = networkx.MultiGraph() if (keys[1:] == keys[:-1]).any() else networkx.Graph()
        graph.add_nodes_from(range(self.n))
        if self.vertex_values is not None:
            networkx.set_node_attributes(graph, dict(enumerate(self.vertex_values)), "value")
        if self.edge_values is None:
            graph.add_edges_from(self.edges.tolist())
        else:
            for (a, b), value in zip(self.edges.tolist(), self.edge_values, strict=True):
                graph.add_edge(a, b, value=value)
        return graph


def _pairs(edges: npt.ArrayLike, n: int) -> npt.NDArray[np.uint64]:
    array = as_array(edges, "edges")
    if not array.size:
        return np.empty((0, 2), np.uint64)
    pairs = symbol_array(edges, "edges")
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ValueError(f"edges have shape (m, 2), two vertices each, not {pairs.shape}")
    for vertex in (int(pairs.min()), int(pairs.max())):
        if not 0 <= vertex < n:
            raise ValueError(f"vertex {vertex} is not one of the graph's {n}, which count from 0")
    return pairs.astype(np.uint64)


def _values(values: npt.ArrayLike, name: str, count: int) -> npt.NDArray[Any]:
    array = np.array(values)
    if array.shape != (count,):
        raise ValueError(f"{name} must have shape ({count},), not {array.shape}")
    array.setflags(write=False)
    return array


def _sortable(values: npt.NDArray[Any]) -> bool:
    return values.dtype.kind in "biufSU"


def _same(mine: npt.NDArray[Any] | None, theirs: npt.NDArray[Any] | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return np.array_equal(mine, theirs)
