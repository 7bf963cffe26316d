"""Distributions that two functions define."""

import naive_stack as oracle
import numpy as np
import pytest
from hypothesis import given, strategies as st
from naive_stack import contents

from ansflow.bitsback import Intervals, Stack
from ansflow.errors import ModelError, StackUnderflowError


def check(codec, stack, data):
    before = contents(stack)
    codec.push(stack, data)
    assert np.array_equal(codec.pop(stack), data)
    assert contents(stack) == before
    codec.push(stack, codec.pop(stack))
    assert contents(stack) == before


def intervals_of(cdf, precision):
    cdf = np.asarray(cdf)
    return Intervals(
        lambda x: (cdf[x], np.diff(cdf)[x]),
        lambda slots: np.searchsorted(cdf, slots, side="right") - 1,
        precision,
    )


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=9),
    st.sampled_from([1, 2, 5, 64]),
    st.integers(0, 2**32),
)
def test_intervals_equal_the_oracle(freq, lanes, seed):
    rng = np.random.default_rng(seed)
    precision = max(1, (sum(freq) - 1).bit_length()) + int(rng.integers(0, 20))
    freq[-1] += 2**precision - sum(freq)
    expected = oracle.Cdf.of_frequencies(freq, precision)
    codec = intervals_of(expected.cdf, precision)
    boundaries = [h for f in freq for h in oracle.boundaries_of_interval(f, precision)]
    heads, words = oracle.heads_of(rng, lanes, boundaries), oracle.some_words(rng, 70)
    stack = Stack.from_parts(np.array(heads, np.uint64), words)
    data = rng.integers(0, len(freq), lanes)
    check(codec, stack, data)
    codec.push(stack, data)
    by_definition = oracle.Stack(heads, words).push(data, [expected] * lanes)
    assert contents(stack)[:2] == (by_definition.heads, by_definition.words)


def test_functions_that_contradict_each_other():
    stack = Stack(2, seed=1)
    codec = Intervals(lambda x: ([0, 0], [4, 4]), lambda slots: [0, 0], 4)
    heads = np.array([2**40 + 3, 2**40 + 4], np.uint64)
    stack = Stack.from_parts(heads, np.arange(9))
    before = contents(stack)
    with pytest.raises(ModelError, match="is not in the interval"):
        codec.pop(stack)
    assert contents(stack) == before


@pytest.mark.parametrize(
    ("starts", "freqs"),
    [
        ([0, 0], [4, 0]),
        ([0, -1], [4, 4]),
        ([0, 13], [4, 4]),
        ([0, 0], [17, 1]),
        ([0, 16], [4, 1]),
        ([0, 0], [4, -1]),
        ([0], [4]),
        ([0, 0, 0], [4, 4, 4]),
        ([0.0, 0.0], [4, 4]),
        ([0, 0], [4.0, 4.0]),
        ([0, 0], np.array([2**63 + 1, 4], np.uint64)),
        (np.array([2**64 - 1, 4], np.uint64), [1, 1]),
    ],
)
def test_illegal_intervals(starts, freqs):
    codec = Intervals(lambda x: (starts, freqs), lambda slots: None, 4)
    stack = Stack(2, seed=1)
    for change in (lambda: codec.push(stack, None), lambda: codec.pop(stack)):
        with pytest.raises(ModelError):
            change()
        assert stack == Stack(2, seed=1)


@pytest.mark.parametrize("precision", [0, 32, -1])
def test_illegal_precision(precision):
    with pytest.raises(ModelError):
        Intervals(lambda x: x, lambda slots: slots, precision)


def test_intervals_that_find_too_few_words_change_nothing():
    codec = intervals_of([0, 1, 2**20], 20)
    for depth in range(4):
        heads = np.full(4, 2**40, np.uint64)  # slot 0, and so the rare symbol, on each lane
        stack = Stack.from_parts(heads, np.arange(depth))
        before = contents(stack)
        with pytest.raises(StackUnderflowError):
            codec.pop(stack)
        assert contents(stack) == before
