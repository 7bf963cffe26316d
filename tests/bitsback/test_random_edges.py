"""Random edge coding: exact inverses, rates as in the closed form, any multigraph."""

from math import factorial, log2

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ansflow.bitsback import Graph, RandomEdges, Stack
from ansflow.errors import ModelError, StackUnderflowError


@st.composite
def multigraphs(draw):
    n = draw(st.integers(1, 12))
    vertex = st.integers(0, n - 1)
    return Graph(n, np.array(draw(st.lists(st.tuples(vertex, vertex), max_size=30))).reshape(-1, 2))


def probability(graph):
    """Of the graph, counted: draws from the urn, times the number of their orders."""
    balls, total = [1] * graph.n, graph.n
    draws = orders = 1
    for a, b in graph.edges.tolist():
        for vertex in (a, b):
            draws *= balls[vertex] / total
            balls[vertex] += 1
            total += 1
        orders *= 1 if a == b else 2
    edges = [tuple(edge) for edge in graph.edges.tolist()]
    orders *= factorial(len(edges))
    for edge in set(edges):
        orders //= factorial(edges.count(edge))
    return draws * orders


def check(graph, lanes=1):
    """The net rate of the graph, which comes back, and the stack with it."""
    codec = RandomEdges(graph.n, len(graph.edges))
    stack = Stack(lanes, seed=3)
    before, start = stack.copy(), stack.mark()
    codec.push(stack, graph)
    rates = stack.rates(start)
    assert codec.pop(stack) == graph
    assert stack == before
    sample = codec.pop(stack)
    codec.push(stack, sample)
    assert stack == before
    return rates


@settings(max_examples=40, deadline=None)
@given(multigraphs(), st.integers(1, 3))
def test_any_multigraph(graph, lanes):
    rates = check(graph, lanes)
    codec = RandomEdges(graph.n, len(graph.edges))
    assert codec.bits(graph) == pytest.approx(-log2(probability(graph)), abs=1e-9)
    assert rates.net == pytest.approx(codec.bits(graph), abs=1e-5)


@pytest.mark.parametrize("edges", [10**2, 10**4])
def test_the_rate_of_large_graphs(edges):
    rng = np.random.default_rng(edges)
    n = edges // 3
    graph = Graph(
        n, np.stack([rng.integers(0, n, edges), n * rng.random(edges) ** 3], 1).astype(int)
    )
    rates = check(graph)
    assert abs(rates.net - RandomEdges(n, edges).bits(graph)) < 2e-6 * edges
    assert rates.used - rates.net < 64 + 2  # a head and a word


def test_a_star_and_equal_edges_are_no_slower_in_principle():
    n = 3000
    check(Graph(n, [(n - 1, i) for i in range(n - 1)]))
    check(Graph(2, [(0, 1)] * n))
    check(Graph(1, [(0, 0)] * n))


def test_golden():
    stack = Stack(seed=0)
    RandomEdges(6, 5).push(stack, [(0, 1), (0, 2), (3, 3), (4, 1), (5, 0)])
    assert (int(stack.heads[0]), stack.words[stack.drawn :].tolist()) == (1843126636066049, [])


def test_graphs_of_other_sizes_are_refused():
    stack = Stack(seed=0)
    with pytest.raises(ValueError, match="3 edges, not 1"):
        RandomEdges(2, 3).push(stack, [(0, 1)])
    with pytest.raises(ValueError, match="graphs of 3 vertices, not of 2"):
        RandomEdges(3, 1).push(stack, Graph(2, [(0, 1)]))
    with pytest.raises(ModelError, match="WithValues"):
        RandomEdges(2, 1).push(stack, Graph(2, [(0, 1)], [7, 8]))
    assert stack == Stack(seed=0)


def test_an_empty_stack_stays_as_it_was():
    stack = Stack()
    with pytest.raises(StackUnderflowError):
        RandomEdges(50, 40).pop(stack)
    assert stack == Stack()
