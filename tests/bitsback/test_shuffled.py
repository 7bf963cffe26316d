"""Shuffle coding: graphs without labels cost what their labels would have told less."""

from itertools import permutations
from math import factorial, log2

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from small_graphs import FLORENTINE, KARATE, simple_graphs

from ansflow.bitsback import (
    ErdosRenyi,
    Graph,
    RandomEdges,
    Shuffled,
    Stack,
    Uniform,
    WithValues,
)
from ansflow.bitsback.structures.canonical import Canonical
from ansflow.errors import ModelError


def density(graph):
    return 2 * len(graph.edges) / max(1, graph.n * (graph.n - 1))


def net(codec, graph):
    """The net rate of a graph; its representative comes back, and the stack with it."""
    stack = Stack(seed=5)
    before, start = stack.copy(), stack.mark()
    codec.push(stack, graph)
    rate = stack.rates(start).net
    assert codec.pop(stack) == codec.representative(graph)
    assert stack == before
    return rate


def automorphisms(graph):
    """How many there are, by trying all permutations."""
    return sum(graph.relabelled(np.array(p)) == graph for p in permutations(range(graph.n)))


@pytest.mark.parametrize(
    ("graph", "labelled", "most"),
    [(KARATE, 326.349, 118.888), (FLORENTINE, 73.760, 40.250)],
    ids=["karate", "florentine"],
)
def test_known_graphs(graph, labelled, most):
    codec = ErdosRenyi(graph.n, density(graph))
    assert codec.bits(graph) == pytest.approx(labelled, abs=0.02)
    exact, quick = Shuffled(codec, exact=True), Shuffled(codec)
    assert exact.discount(graph).bits == pytest.approx(most, abs=1e-3)
    assert exact.discount(graph).complete
    assert most - 1.01 < quick.discount(graph).bits < most + 1e-3
    assert net(exact, graph) == pytest.approx(labelled - most, abs=0.3)
    assert net(quick, graph) == pytest.approx(labelled - quick.discount(graph).bits, abs=0.3)


def test_automorphisms_of_the_karate_club():
    found = Canonical(KARATE).automorphisms()
    assert found.order == 480
    for numbers in np.ndindex(*found.sizes):
        one = found.automorphism(list(numbers))
        assert KARATE.relabelled(one) == KARATE
        assert found.numbers(one) == list(numbers)


@settings(max_examples=25, deadline=None)
@given(simple_graphs(6), st.randoms(use_true_random=False))
def test_the_exact_form_of_any_graph(graph, random):
    codec = Shuffled(ErdosRenyi(graph.n, 0.5), exact=True)
    order = automorphisms(graph)
    assert codec.discount(graph).bits == pytest.approx(log2(factorial(graph.n) / order))
    labels = list(range(graph.n))
    random.shuffle(labels)
    shuffled = graph.relabelled(np.array(labels, int))
    assert codec.representative(shuffled) == codec.representative(graph)
    assert net(codec, graph) == pytest.approx(
        graph.n * (graph.n - 1) / 2 - codec.discount(graph).bits, abs=0.1
    )


@settings(max_examples=25, deadline=None)
@given(simple_graphs(), st.booleans(), st.integers(0, 3))
def test_any_sample_goes_back(graph, exact, rounds):
    codec = Shuffled(RandomEdges(graph.n, len(graph.edges)), exact=exact, rounds=rounds)
    assert net(codec, graph) == pytest.approx(
        codec.codec.bits(graph) - codec.discount(graph).bits, abs=0.1
    )
    stack = Stack(seed=6)
    sample = codec.pop(stack)
    codec.push(stack, sample)
    assert stack == Stack(seed=6)


@pytest.mark.parametrize("exact", [False, True])
def test_values_tell_vertices_apart(exact):
    ring = [(i, (i + 1) % 8) for i in range(8)]
    plain = Shuffled(RandomEdges(8, 8), exact=exact)
    valued = Shuffled(
        WithValues(RandomEdges(8, 8), Uniform(100, 8), lambda count: Uniform(9, count)),
        exact=exact,
    )
    graph = Graph(8, ring, [7, 0, 0, 0, 0, 0, 0, 0], np.arange(8))
    assert plain.discount(Graph(8, ring)).bits == pytest.approx(
        log2(factorial(8) / 16) if exact else 0
    )
    assert valued.discount(graph).bits == pytest.approx(log2(factorial(8)))
    labels = np.random.default_rng(0).permutation(8)
    assert valued.representative(graph.relabelled(labels)) == valued.representative(graph)
    net(valued, graph)


@pytest.mark.parametrize("n", [0, 1, 2, 20])
@pytest.mark.parametrize("complete", [False, True])
def test_empty_and_complete_graphs(n, complete):
    edges = np.argwhere(np.tri(n, k=-1)) if complete else []
    codec = Shuffled(ErdosRenyi(n, float(complete)), exact=True)
    assert codec.discount(Graph(n, edges)).bits == pytest.approx(0, abs=1e-9)
    assert net(codec, Graph(n, edges)) == pytest.approx(0, abs=0.01)


def test_many_components_that_are_alike():
    """Each can be turned around, and they can change places."""
    pairs = Canonical(Graph(64, np.arange(64).reshape(32, 2)))
    assert pairs.automorphisms().order == 2**32 * factorial(32)
    assert Canonical(pairs.form()).form() == pairs.form()


def test_what_a_model_does_not_allow_is_said():
    stack = Stack(seed=0)
    for edges in ([(1, 1)], [(0, 1), (1, 0)]):
        with pytest.raises(ModelError, match="RandomEdges does"):
            Shuffled(ErdosRenyi(2, 0.5)).push(stack, edges)
    with pytest.raises(ModelError, match="no codec"):
        WithValues(RandomEdges(2, 1)).push(stack, Graph(2, [(0, 1)], [1, 2]))
    with pytest.raises(ModelError, match="integers, booleans or floats"):
        Shuffled(RandomEdges(2, 1)).push(stack, Graph(2, [(0, 1)], ["a", "b"]))
    with pytest.raises(ModelError, match="up to 256 vertices"):
        Shuffled(ErdosRenyi(300, 0.5), exact=True).push(stack, Graph(300, []))
    assert stack == Stack(seed=0)


def test_golden():
    stack = Stack(seed=0)
    Shuffled(RandomEdges(15, 20)).push(stack, FLORENTINE)
    Shuffled(ErdosRenyi(15, 0.2), exact=True).push(stack, FLORENTINE)
    assert (int(stack.heads[0]), stack.words[stack.drawn :].tolist()) == (
        54580791797959,
        [1007146194, 3572958664],
    )
