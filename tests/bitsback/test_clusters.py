"""Random cycle coding: which elements belong together."""

from math import log2

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ansflow.bitsback import Clusters, Stack
from ansflow.errors import StackUnderflowError


def partitions(n):
    """All of n elements, numbered as they first occur."""
    if n == 0:
        yield []
        return
    for labels in partitions(n - 1):
        for label in range(max(labels, default=-1) + 2):
            yield [*labels, label]


def test_all_partitions_of_five():
    codec, total = Clusters(5), 0.0
    for labels in partitions(5):
        stack = Stack()
        codec.push(stack, labels)
        assert stack.bits - 32 == pytest.approx(codec.bits(labels), abs=1e-6)
        total += 2 ** -codec.bits(labels)
        assert codec.pop(stack).tolist() == labels
        assert stack == Stack()
    assert total == pytest.approx(1)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-3, 9), max_size=40), st.integers(1, 3))
def test_any_labels(labels, lanes):
    codec, stack = Clusters(len(labels)), Stack(lanes, seed=2)
    before = stack.copy()
    codec.push(stack, labels)
    found = codec.pop(stack)
    assert stack == before
    assert len(set(labels)) == len(set(zip(labels, found.tolist(), strict=True)))
    assert len(set(labels)) == found.max(initial=-1) + 1
    sample = codec.pop(stack)
    codec.push(stack, sample)
    assert stack == before


@pytest.mark.parametrize("clusters", [1, 30, 20_000])
def test_the_ideal_of_many_elements(clusters):
    labels = np.random.default_rng(0).integers(0, clusters, 20_000)
    codec, stack = Clusters(labels.size), Stack()
    codec.push(stack, labels)
    assert stack.bits - 32 == pytest.approx(codec.bits(labels), abs=1e-2)
    if clusters == 1:
        assert codec.bits(labels) == pytest.approx(log2(labels.size))
    assert codec.pop(stack).max() + 1 == np.unique(labels).size
    assert stack == Stack()


def test_golden():
    stack = Stack()
    Clusters(30).push(stack, np.arange(30) ** 2 % 11)
    assert (int(stack.heads[0]), stack.words.tolist()) == (155122216284959, [1591459860, 586357807])


def test_refusals():
    with pytest.raises(ValueError, match=r"shape \(3,\), not \(2,\)"):
        Clusters(3).push(Stack(), [0, 1])
    with pytest.raises(StackUnderflowError):
        Clusters(50).pop(Stack())
