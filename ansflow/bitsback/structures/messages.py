"""Graphs, clusters and permutations to bytes, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, symbol_array
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.combinators.serial import Serial
from ansflow.bitsback.message import decode, encode
from ansflow.bitsback.structures.clusters import Clusters
from ansflow.bitsback.structures.graph import MAX_VERTICES, Graph
from ansflow.bitsback.structures.random_edges import MAX_EDGES, RandomEdges
from ansflow.bitsback.structures.sealed import check_limits, seal, unseal
from ansflow.bitsback.structures.shuffled import Shuffled
from ansflow.bitsback.structures.with_values import WithValues
from ansflow.bitsback.structures.without_replacement import MAX_DRAWS, Permutation
from ansflow.buffers import BytesLike, bytes_of
from ansflow.errors import CorruptDataError, ModelError
from ansflow.limits import DEFAULT_LIMITS, Limits

__all__ = [
    "compress_clusters",
    "compress_graphs",
    "compress_permutation",
    "decompress_clusters",
    "decompress_graphs",
    "decompress_permutation",
]

LABELLED, UNLABELLED, CLUSTERS, PERMUTATION = 1, 2, 3, 4  # kinds
VALUES = 4  # more than the kind of the same graphs without values
CodecOfMany = Callable[[int], Codec]

ROUNDS = 5  # of refinement: part of the format

# Bytes that decoders hold for a vertex, an edge, and an element of a permutation or of clusters.
MEMORY_PER_VERTEX, MEMORY_PER_EDGE, MEMORY_PER_ELEMENT = 64, 80, 24
NUMBER, PAIR = 8, 16


def compress_graphs(
    graphs: Iterable[Any],
    *,
    labels: bool = True,
    vertices: CodecOfMany | None = None,
    edges: CodecOfMany | None = None,
) -> bytes:
    """Compress undirected graphs.

    Parameters
    ----------
    graphs : iterable
        Of what `Graph.of` takes: graphs, edge arrays, sparse matrices or graphs of networkx. The
        order of edges is not kept. Loops, and edges that occur several times, are.
    labels : bool
        If False, the vertices of each graph are popped with other numbers (`Shuffled`), and take
        less the more graphs there are: the labels of one are chosen with bits of those before it,
        and the first has none before it.
    vertices, edges : callable, optional
        From a number of values to the codec of an array of so many, if vertices or edges have
        values, as in `WithValues`. The message does not say which codecs these are.

    Returns
    -------
    bytes
        Some 25 bytes more than the graphs take by `RandomEdges`, and 2 or more for each.

    Raises
    ------
    ModelError
        If a graph has other values than there are codecs, or too many edges.

    Examples
    --------
    >>> from ansflow import bitsback
    >>> data = bitsback.compress_graphs([[(0, 1), (1, 2), (2, 0)], [(0, 1)]])
    >>> bitsback.decompress_graphs(data)
    [Graph(3 vertices, 3 edges), Graph(2 vertices, 1 edges)]

    Edges of four kinds:

    >>> bonds = bitsback.Graph(3, [(0, 1), (0, 2)], edge_values=[1, 2])
    >>> codec = {"edges": lambda count: bitsback.Uniform(4, count)}
    >>> data = bitsback.compress_graphs([bonds], **codec)
    >>> bitsback.decompress_graphs(data, **codec)[0] == bonds
    True
    """
    given = [Graph.of(graph) for graph in graphs]
    for graph in given:
        if len(graph.edges) > MAX_EDGES:
            raise ModelError(
                f"a graph has {len(graph.edges)} edges; up to {MAX_EDGES} are possible"
            )
    sizes = [size for graph in given for size in (graph.n, len(graph.edges))]
    message = encode(given, _graphs(sizes, labels, vertices, edges))
    kind = (LABELLED if labels else UNLABELLED) + VALUES * _has_values(vertices, edges)
    return seal(kind, sizes, message)


def decompress_graphs(
    data: BytesLike,
    *,
    vertices: CodecOfMany | None = None,
    edges: CodecOfMany | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Graph]:
    """Undo `compress_graphs`.

    Parameters
    ----------
    data : bytes-like
    vertices, edges : callable, optional
        Those of `compress_graphs`.
    limits : Limits
        A vertex counts as 8 bytes of output, an edge as 16, and a value as 8.

    Raises
    ------
    TruncatedError, CorruptDataError, UnsupportedError
        If this is no message of graphs.
    ModelError
        If it has values and no codecs are given, or the other way round.
    LimitError
        If the graphs, or decoding them, would take more bytes than allowed.

    Examples
    --------
    >>> from ansflow import bitsback
    >>> (graph,) = bitsback.decompress_graphs(bitsback.compress_graphs([[(0, 2), (1, 2)]]))
    >>> graph.edges
    array([[0, 2],
           [1, 2]])
    """
    plain = LABELLED, UNLABELLED
    kinds = *plain, *[kind + VALUES for kind in plain]
    kind, sizes, message = unseal(bytes_of(data).data, "graphs", kinds)
    if (kind not in plain) != _has_values(vertices, edges):
        raise ModelError(
            "codecs of values are given, but the graphs have none"
            if kind in plain
            else "the graphs have values: give their codecs, vertices= or edges= or both"
        )
    ns, ms = sizes[::2], sizes[1::2]
    if len(ns) != len(ms):
        raise CorruptDataError(f"graphs have two sizes each, but there are {len(sizes)}")
    for n, m in zip(ns, ms, strict=True):
        if n > MAX_VERTICES or m > (MAX_EDGES if n else 0):
            raise CorruptDataError(
                f"a graph of {n} vertices has {m} edges, which is not possible; legal are up to "
                f"{MAX_VERTICES} and {MAX_EDGES}"
            )
    vertex_size = NUMBER + NUMBER * (vertices is not None)
    edge_size = PAIR + NUMBER * (edges is not None)
    check_limits(
        vertex_size * sum(ns) + edge_size * sum(ms),
        MEMORY_PER_VERTEX * max(ns, default=0) + MEMORY_PER_EDGE * max(ms, default=0),
        limits,
        "graphs",
    )
    labels = kind in (LABELLED, LABELLED + VALUES)
    return list(decode(message, _graphs(sizes, labels, vertices, edges)))


def compress_clusters(labels: npt.ArrayLike) -> bytes:
    """Compress what belongs together, by a label for each element: see `Clusters`.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Of any kind; they are not kept, but numbered in the order in which they first occur.

    Raises
    ------
    TypeError, ValueError
        If the labels have more than one axis, or are masked.

    Examples
    --------
    >>> from ansflow import bitsback
    >>> bitsback.decompress_clusters(bitsback.compress_clusters(["b", "a", "b"]))
    array([0, 1, 0])
    """
    given = as_array(labels, "labels")
    return seal(CLUSTERS, [given.size], encode(given, Clusters(given.size)))


def decompress_clusters(
    data: BytesLike, *, limits: Limits = DEFAULT_LIMITS
) -> npt.NDArray[np.int64]:
    """Undo `compress_clusters`; arguments and errors as of `decompress_graphs`.

    Returns
    -------
    ndarray of int64, shape (n,)

    Examples
    --------
    >>> from ansflow import bitsback
    >>> bitsback.decompress_clusters(bitsback.compress_clusters([7, 7, 3]))
    array([0, 0, 1])
    """
    n, message = _elements(data, "clusters", CLUSTERS, limits)
    labels: npt.NDArray[np.int64] = decode(message, Clusters(n))
    return labels


def compress_permutation(order: npt.ArrayLike) -> bytes:
    """Compress a permutation of the numbers from 0 to n - 1, in log2(n!) bits.

    Parameters
    ----------
    order : array_like of int, shape (n,)

    Raises
    ------
    ModelError
        If it is none.

    Examples
    --------
    >>> from ansflow import bitsback
    >>> bitsback.decompress_permutation(bitsback.compress_permutation([2, 0, 1]))
    array([2, 0, 1])
    """
    given = symbol_array(order, "order") if np.size(order) else np.empty(0, np.int64)
    return seal(PERMUTATION, [given.size], encode(given, Permutation(given.size)))


def decompress_permutation(
    data: BytesLike, *, limits: Limits = DEFAULT_LIMITS
) -> npt.NDArray[np.int64]:
    """Undo `compress_permutation`; arguments and errors as of `decompress_graphs`.

    Returns
    -------
    ndarray of int64, shape (n,)

    Examples
    --------
    >>> from ansflow import bitsback
    >>> bitsback.decompress_permutation(bitsback.compress_permutation([1, 0]))
    array([1, 0])
    """
    n, message = _elements(data, "a permutation", PERMUTATION, limits)
    order: npt.NDArray[np.int64] = decode(message, Permutation(n))
    return order


def _has_values(vertices: CodecOfMany | None, edges: CodecOfMany | None) -> bool:
    return vertices is not None or edges is not None


def _graphs(
    sizes: list[int], labels: bool, vertices: CodecOfMany | None, edges: CodecOfMany | None
) -> Codec:
    codecs: list[Codec] = []
    for n, m in zip(sizes[::2], sizes[1::2], strict=True):
        codec: Codec = RandomEdges(n, m)
        if _has_values(vertices, edges):
            codec = WithValues(codec, None if vertices is None else vertices(n), edges)
        codecs.append(codec if labels else Shuffled(codec, rounds=ROUNDS))
    return Serial(codecs)


def _elements(data: BytesLike, name: str, kind: int, limits: Limits) -> tuple[int, memoryview]:
    """How many elements there are, and their message."""
    _, sizes, message = unseal(bytes_of(data).data, name, (kind,))
    if len(sizes) != 1 or sizes[0] > MAX_DRAWS:
        raise CorruptDataError(
            f"the sizes of {name} are {sizes[:4]}; legal is one, up to {MAX_DRAWS}"
        )
    (n,) = sizes
    check_limits(NUMBER * n, MEMORY_PER_ELEMENT * n, limits, name)
    return n, message
