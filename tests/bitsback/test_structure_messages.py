"""Graphs, clusters and permutations as bytes: damage is noticed, and limits hold."""

import numpy as np
import pytest
from scipy import sparse
from small_graphs import FLORENTINE, KARATE

from ansflow import bitsback
from ansflow.bitsback import Graph, RandomEdges, Shuffled, Uniform
from ansflow.bitsback.structures.sealed import seal
from ansflow.errors import (
    AnsflowError,
    CorruptDataError,
    LimitError,
    ModelError,
    TruncatedError,
    UnsupportedError,
)
from ansflow.limits import Limits

GRAPHS = [KARATE, FLORENTINE, Graph(0, []), Graph(7, []), Graph(2, [(0, 0), (0, 1), (0, 1)])]
LABELS = np.arange(40) ** 2 % 7
ORDER = np.arange(40) * 7 % 40


def messages():
    yield bitsback.compress_graphs(GRAPHS), bitsback.decompress_graphs
    yield bitsback.compress_graphs(GRAPHS, labels=False), bitsback.decompress_graphs
    yield bitsback.compress_clusters(LABELS), bitsback.decompress_clusters
    yield bitsback.compress_permutation(ORDER), bitsback.decompress_permutation


def test_labelled_graphs():
    data = bitsback.compress_graphs(GRAPHS)
    assert bitsback.decompress_graphs(data) == GRAPHS
    ideal = sum(RandomEdges(g.n, len(g.edges)).bits(g) for g in GRAPHS)
    assert 8 * len(data) < ideal + 8 * (26 + 2 * len(GRAPHS)) + 64


def test_unlabelled_graphs_take_less_the_more_there_are():
    data = bitsback.compress_graphs(GRAPHS, labels=False)
    for graph, found in zip(GRAPHS, bitsback.decompress_graphs(data), strict=True):
        assert found == Shuffled(RandomEdges(graph.n, len(graph.edges))).representative(graph)
    one, more = (len(bitsback.compress_graphs([KARATE] * count, labels=False)) for count in (1, 11))
    codec = RandomEdges(34, 78)
    net = codec.bits(KARATE) - Shuffled(codec).discount(KARATE).bits
    assert 8 * (more - one) == pytest.approx(10 * (net + 16), abs=64)


VALUED = [
    Graph(4, [(0, 1), (1, 2), (3, 3)], [7, 0, 7, 9], [1, 3, 2]),
    Graph(2, [(0, 1), (0, 1)], [1, 1], [0, 2]),
]


@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize("only", [None, "vertices", "edges"])
def test_graphs_with_values(labels, only):
    codecs = {
        "vertices": lambda count: Uniform(10, count),
        "edges": lambda count: Uniform(4, count),
    }
    graphs = VALUED
    if only is not None:
        codecs = {only: codecs[only]}
        kept = [
            (g.vertex_values, None) if only == "vertices" else (None, g.edge_values) for g in VALUED
        ]
        graphs = [Graph(g.n, g.edges, *v) for g, v in zip(VALUED, kept, strict=True)]
    data = bitsback.compress_graphs(graphs, labels=labels, **codecs)
    found = bitsback.decompress_graphs(data, **codecs)
    if labels:
        assert found == graphs
    else:
        for graph, other in zip(graphs, found, strict=True):
            codec = Shuffled(RandomEdges(graph.n, len(graph.edges)))
            assert other == codec.representative(graph)
    for size in range(len(data)):
        with pytest.raises(CorruptDataError):
            bitsback.decompress_graphs(data[:size], **codecs)
    with pytest.raises(ModelError, match="give their codecs"):
        bitsback.decompress_graphs(data)
    with pytest.raises(ModelError, match="have none"):
        bitsback.decompress_graphs(bitsback.compress_graphs(GRAPHS), **codecs)
    with pytest.raises(ModelError, match="have none"):
        bitsback.compress_graphs(GRAPHS, **codecs)


def test_clusters_and_permutations():
    found = bitsback.decompress_clusters(bitsback.compress_clusters(LABELS))
    assert len({*zip(LABELS.tolist(), found.tolist(), strict=True)}) == len({*LABELS.tolist()})
    assert np.array_equal(
        bitsback.decompress_permutation(bitsback.compress_permutation(ORDER)), ORDER
    )
    assert bitsback.decompress_permutation(bitsback.compress_permutation([])).size == 0
    with pytest.raises(ModelError, match="symbol 1 at position 2"):
        bitsback.compress_permutation([0, 1, 1])


@pytest.mark.parametrize("kind", range(4))
def test_damage_is_noticed(kind):
    data, decompress = list(messages())[kind]
    for size in range(len(data)):
        with pytest.raises(CorruptDataError):
            decompress(data[:size])
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << at % 8
        with pytest.raises(CorruptDataError):
            decompress(damaged)


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_forged_messages_are_decoded_or_refused(kind):
    rng = np.random.default_rng(kind)
    decompress = [
        *[bitsback.decompress_graphs] * 2,
        bitsback.decompress_clusters,
        bitsback.decompress_permutation,
    ][kind - 1]
    for sizes in ([], [3], [3, 4], [5, 0], [0, 5], [2**60, 1], [1, 2**60], [9, 9, 9, 9], [300]):
        for words in range(0, 40, 3):
            data = seal(kind, sizes, rng.bytes(4 * words))
            try:
                found = decompress(data)
            except AnsflowError:
                continue
            assert not len(found)  # there is nothing else to forge without the initial bits


def test_limits():
    many = seal(1, [1 << 28, 1 << 27], bytes(8))
    with pytest.raises(LimitError, match="max_memory"):
        bitsback.decompress_graphs(many)
    data = bitsback.compress_graphs([KARATE])
    size = 8 * 34 + 16 * 78
    with pytest.raises(LimitError, match=f"take {size} bytes"):
        bitsback.decompress_graphs(data, limits=Limits(max_output=size - 1))
    assert bitsback.decompress_graphs(data, limits=Limits(max_output=size)) == [KARATE]
    with pytest.raises(LimitError, match="a permutation"):
        bitsback.decompress_permutation(
            bitsback.compress_permutation(ORDER), limits=Limits(max_memory=100)
        )


def test_messages_of_another_kind():
    with pytest.raises(UnsupportedError, match="kind 3, which is not graphs"):
        bitsback.decompress_graphs(bitsback.compress_clusters(LABELS))
    with pytest.raises(UnsupportedError, match="begins with"):
        bitsback.decompress_graphs(bytes(50))
    with pytest.raises(TruncatedError, match="at least 14 bytes"):
        bitsback.decompress_graphs(b"")
    with pytest.raises(ModelError, match="WithValues"):
        bitsback.compress_graphs([Graph(2, [(0, 1)], [1, 2])])


def test_golden():
    assert bitsback.compress_graphs([FLORENTINE]).hex() == (
        "4146530101020f14327e63f96121140009b99618d0e5369723dfb8ec173df9ae4acd1402"
    )
    assert bitsback.compress_graphs([FLORENTINE], labels=False).hex() == (
        "4146530102020f14171c080aed100000251b952e45028c13c78db6b1cd003ea9e58da0fb"
    )
    assert bitsback.compress_clusters(LABELS).hex() == (
        "414653010301281f28a642a26a1300e94a3c5d859d962856760cba23a54cb7"
    )
    assert bitsback.compress_permutation(ORDER).hex() == (
        "41465301040128e0e65703010000008606528ed14d2436a440d223adcb5d62d67461860dec821bf3f92e66"
    )


def test_golden_values():
    codecs = {
        "vertices": lambda count: Uniform(10, count),
        "edges": lambda count: Uniform(4, count),
    }
    assert [bitsback.compress_graphs(VALUED, labels=x, **codecs).hex() for x in (True, False)] == [
        "4146530105040403020263a5c53cfc070000bbbfd9c205a2d052ab174eb7",
        "414653010604040302029be7322d550000007160b6b0d8fb5a2a12bebdf7",
    ]


def test_sparse_matrices():
    matrix = KARATE.to_sparse()
    assert matrix.shape == (34, 34)
    assert matrix.sum() == 2 * 78
    for layout in ("csr", "csc", "coo", "lil"):
        assert Graph.of(matrix.asformat(layout)) == KARATE
    weighted = Graph(3, [(0, 1), (2, 2)], edge_values=[5, 7])
    assert Graph.of(weighted.to_sparse()) == weighted
    with pytest.raises(ValueError, match="symmetric"):
        Graph.of(sparse.csr_array([[0, 1], [0, 0]]))
    with pytest.raises(ValueError, match="square"):
        Graph.of(sparse.csr_array([[0, 1, 0]]))


def test_networkx():
    networkx = pytest.importorskip("networkx")
    assert Graph.of(networkx.karate_club_graph()) == KARATE
    assert Graph.of(KARATE.to_networkx()) == KARATE
    multigraph = GRAPHS[-1].to_networkx()
    assert Graph.of(multigraph) == GRAPHS[-1]
    valued = Graph(3, [(0, 1), (1, 2)], [1, 2, 3], [4, 5]).to_networkx()
    assert valued.nodes[2]["value"] == 3
    assert valued.edges[1, 2]["value"] == 5
    with pytest.raises(ValueError, match="to_undirected"):
        Graph.of(networkx.DiGraph([(0, 1)]))


def test_edges_that_are_none():
    with pytest.raises(ValueError, match="vertex 2 is not one of the graph's 2"):
        Graph(2, [(0, 2)])
    with pytest.raises(ValueError, match=r"shape \(m, 2\)"):
        Graph(2, [0, 1])
    with pytest.raises(TypeError):
        Graph(2, [(0.5, 1.0)])
    with pytest.raises(ValueError, match=r"edge_values must have shape \(1,\)"):
        Graph(2, [(0, 1)], edge_values=[1, 2])


@pytest.mark.parametrize("seed", range(12))
def test_words_that_come_back_as_they_were_are_in_the_message(seed):
    # A kernel pops a word of the seed and pushes the same again; who pops that needs it.
    for graph in GRAPHS:
        codec = RandomEdges(graph.n, len(graph.edges))
        data = bitsback.encode(graph, codec, seed=seed)
        assert bitsback.decode(data, codec, seed=seed) == graph
