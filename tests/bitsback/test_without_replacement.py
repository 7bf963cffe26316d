"""Sampling without replacement, and permutations."""

from itertools import permutations
from math import factorial, log2

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ansflow.bitsback import Permutation, Stack, WithoutReplacement
from ansflow.errors import ModelError, StackUnderflowError


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=8), st.data())
def test_samples_go_back(counts, data):
    draws = data.draw(st.integers(0, sum(counts)))
    codec = WithoutReplacement(counts, draws)
    stack = Stack(data.draw(st.integers(1, 3)), seed=1)
    before, start = stack.copy(), stack.mark()
    sample = codec.pop(stack)
    assert (np.bincount(sample, minlength=len(counts)) <= counts).all()
    assert stack.rates(start).net == pytest.approx(-codec.bits(sample), abs=1e-4)
    codec.push(stack, sample)
    assert stack == before


def test_all_permutations_are_equally_likely():
    for order in permutations(range(4)):
        stack = Stack()
        Permutation(4).push(stack, order)
        assert stack.bits - 32 == pytest.approx(log2(factorial(4)), abs=1e-6)
        assert tuple(Permutation(4).pop(stack)) == order
        assert stack == Stack()


def test_the_ideal_of_large_permutations():
    order = np.random.default_rng(0).permutation(20_000)
    stack = Stack()
    codec = Permutation(order.size)
    codec.push(stack, order)
    assert stack.bits - 32 == pytest.approx(codec.bits(order), abs=1e-3)
    assert np.array_equal(codec.pop(stack), order)


def test_what_is_not_there_cannot_be_drawn():
    stack = Stack()
    for symbols, message in (
        ([0, 1, 0], "symbol 0 at position 2"),
        ([0, 1, 2], "symbol 2 at position 2"),
        ([-1, 1, 1], "symbol -1 at position 0"),
    ):
        with pytest.raises(ModelError, match=message):
            WithoutReplacement([1, 2]).push(stack, symbols)
    with pytest.raises(ModelError, match="a count must be"):
        WithoutReplacement([1, -1])
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        Permutation(3).push(stack, [0, 1])
    with pytest.raises(StackUnderflowError):
        Permutation(30).pop(stack)
    assert stack == Stack()
