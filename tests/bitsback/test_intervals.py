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


@given(
    st.lists(st.integers(1, 2**27), min_size=1, max_size=9),
    st.sampled_from([1, 2, 5, 64]),
    st.integers(0, 2**32),
)
def test_intervals_of_any_total_equal_the_oracle(counts, lanes, seed):
    rng = np.random.default_rng(seed)
    starts = np.cumsum([0, *counts])
    heads, words = oracle.heads_of(rng, lanes, []), oracle.some_words(rng, 70)
    data = rng.integers(0, len(counts), lanes)
    stack = Stack.from_parts(np.array(heads, np.uint64), words)
    each = Intervals(
        lambda x: (starts[x], np.diff(starts)[x]),
        lambda slots: np.searchsorted(starts, slots, side="right") - 1,
        total=np.full(lanes, sum(counts)) if seed % 2 else sum(counts),
    )
    check(each, stack, data)
    each.push(stack, data)
    freqs = np.diff(starts)[data]
    by_definition = oracle.Stack(heads, words).push(
        data, oracle.intervals(starts[data], freqs, sum(counts))
    )
    assert contents(stack)[:2] == (by_definition.heads, by_definition.words)


def test_totals_that_are_powers_of_two_are_precisions():
    stacks = Stack(3, seed=1), Stack(3, seed=1)
    for how, stack in zip(({"precision": 9}, {"total": 512}), stacks, strict=True):
        Intervals(lambda x: (x, x + 1), lambda slots: slots // 2, **how).push(
            stack, np.array([7, 0, 255])
        )
    assert stacks[0] == stacks[1]


def test_each_lane_may_have_a_total_of_its_own():
    totals = np.array([1, 7, 2**32, 1000])
    codec = Intervals(lambda x: (x, np.ones(4, int)), lambda slots: slots, total=totals)
    stack = Stack(4)
    codec.push(stack, np.zeros(4, int))
    assert stack.bits - 128 == pytest.approx(np.log2(totals).sum(), abs=1e-6)
    check(codec, stack, totals - 1)
    with pytest.raises(ModelError, match="4 totals, but the stack has 3 lanes"):
        codec.pop(Stack(3, seed=1))


@pytest.mark.parametrize("lanes", [1, 3])
def test_counts_of_what_was_coded_before(lanes):
    """A step-by-step adaptive model, with integers in place of arrays: the closed-form rate."""
    counts = [1, 1, 1]

    def codec():
        return Intervals(
            lambda s: (sum(counts[:s]), counts[s]),
            lambda slot: next(s for s in range(3) if slot < sum(counts[: s + 1])),
            total=sum(counts),
            shape=(),
        )

    data = [0, 2, 2, 1, 2, 2, 2, 0] * 5
    stack, codecs, bits = Stack(lanes), [], 0.0
    start = stack.mark()
    for symbol in data:
        codecs.append((codec(), counts.copy()))
        bits += np.log2(sum(counts) / counts[symbol])
        counts[symbol] += 1
    for symbol in reversed(data):
        one, counts[:] = codecs.pop()
        one.push(stack, symbol)
    assert stack.rates(start).net == pytest.approx(bits, abs=1e-6)
    for symbol in data:
        popped = codec().pop(stack)
        assert popped == symbol
        counts[popped] += 1
    assert stack == Stack(lanes)


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


@pytest.mark.parametrize("total", [0, -1, 2**32 + 1, [3, 0], [3, -1], [2**32 + 1]])
def test_illegal_totals(total):
    with pytest.raises(ModelError):
        Intervals(lambda x: x, lambda slots: slots, total=total)


def test_totals_and_shapes_of_another_kind():
    for how in ({}, {"precision": 3, "total": 8}, {"total": 8.0}, {"total": [[3]]}):
        with pytest.raises(TypeError):
            Intervals(lambda x: x, lambda slots: slots, **how)
    with pytest.raises(ValueError, match="one symbol for each lane"):
        Intervals(lambda x: x, lambda slots: slots, 3, shape=4)


@pytest.mark.parametrize("interval", [(0, 0), (-1, 2), (9, 1), (2**63, 1), (0.0, 1), (0, None)])
def test_illegal_intervals_of_one_symbol(interval):
    codec = Intervals(lambda s: interval, lambda slot: None, total=9, shape=())
    stack = Stack(2, seed=1)
    for change in (lambda: codec.push(stack, None), lambda: codec.pop(stack)):
        with pytest.raises(ModelError):
            change()
        assert stack == Stack(2, seed=1)


def test_intervals_that_find_too_few_words_change_nothing():
    codec = intervals_of([0, 1, 2**20], 20)
    for depth in range(4):
        heads = np.full(4, 2**40, np.uint64)  # slot 0, and so the rare symbol, on each lane
        stack = Stack.from_parts(heads, np.arange(depth))
        before = contents(stack)
        with pytest.raises(StackUnderflowError):
            codec.pop(stack)
        assert contents(stack) == before
