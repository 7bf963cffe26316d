"""Codecs made of functions: certain and mapped things, intervals of one's own, latent slots."""

import naive_stack as oracle
import numpy as np
import pytest
from hypothesis import given, strategies as st
from naive_stack import contents

from ansflow.bitsback import Certain, Intervals, Mapped, Repeat, Serial, Stack, Uniform
from ansflow.bitsback.models.latent_categorical import (
    categorical_by_alias,
    categorical_by_cdf,
    columns,
)
from ansflow.errors import ModelError, StackUnderflowError


def check(codec, stack, data):
    before = contents(stack)
    codec.push(stack, data)
    assert np.array_equal(codec.pop(stack), data)
    assert contents(stack) == before
    codec.push(stack, codec.pop(stack))
    assert contents(stack) == before


def test_what_is_certain_takes_no_bits():
    for value in (3, "text", None, [1, 2], np.arange(5)):
        stack = Stack(2)
        codec = Certain(value)
        codec.push(stack, value)
        assert codec.pop(stack) is value
        assert stack == Stack(2)
        with pytest.raises(ModelError, match="no probability"):
            codec.push(stack, 4)


def test_mapped_things_cost_what_the_others_cost():
    letters = Mapped(
        Uniform(26, 5),
        pushed=lambda text: np.frombuffer(text.encode(), np.uint8) - 97,
        popped=lambda numbers: bytes(numbers.astype(np.uint8) + 97).decode(),
    )
    stack, other = Stack(seed=1), Stack(seed=1)
    letters.push(stack, "hello")
    Uniform(26, 5).push(other, [7, 4, 11, 11, 14])
    assert stack == other
    assert letters.pop(stack) == "hello"
    assert stack == Stack(seed=1)


# Intervals


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


# Latent slots


MASSES = st.lists(st.integers(0, 40), min_size=1, max_size=12).filter(any)


@given(MASSES, st.integers(0, 2**32))
def test_a_symbol_by_its_slots(masses, seed):
    codec = categorical_by_cdf(masses)
    possible = [s for s, mass in enumerate(masses) if mass]
    data = possible[seed % len(possible)]
    check(codec, Stack(seed=seed), data)
    check(codec, Stack.from_initial_bits(bytes(range(100))), data)


@given(MASSES, st.integers(0, 2**32))
def test_a_symbol_by_columns_and_switches(masses, seed):
    masses[-1] += -sum(masses) % len(masses)
    codec = categorical_by_alias(masses)
    possible = [s for s, mass in enumerate(masses) if mass]
    data = possible[seed % len(possible)]
    check(codec, Stack(seed=seed), data)
    dividers, aliases, capacity = columns(masses)
    owned = list(dividers)
    for column, other in enumerate(aliases):
        owned[other] += capacity - dividers[column]
    assert owned == masses


@pytest.mark.parametrize("make", [categorical_by_cdf, categorical_by_alias])
def test_latent_slots_cost_nothing(make):
    masses = [3, 5, 8, 4]
    codec = Repeat(make(masses), 2000)
    data = Repeat(make(masses), 2000).pop(Stack(seed=9))
    counts = np.bincount(data, minlength=4)
    assert np.abs(counts / 2000 - np.array(masses) / 20).max() < 0.05
    stack = Stack(seed=2)
    start = stack.mark()
    codec.push(stack, data)
    expected = -np.log2(np.array(masses)[data] / 20).sum()
    assert stack.rates(start).net == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("masses", [[], [0], [0, 0], [-1, 3], [2**31, 1], [2.0, 2.0]])
def test_illegal_masses(masses):
    for make in (categorical_by_cdf, categorical_by_alias, columns):
        with pytest.raises((ModelError, TypeError)):
            make(masses)


def test_masses_that_do_not_fill_equal_columns():
    with pytest.raises(ModelError, match="multiple of their number, 3, but it is 16"):
        categorical_by_alias([3, 5, 8])


@pytest.mark.parametrize("symbol", [-1, 1, 3, 100])
def test_symbols_without_mass(symbol):
    for make in (categorical_by_cdf, categorical_by_alias):
        stack = Stack(seed=1)
        with pytest.raises(ModelError, match="no probability"):
            Serial([make([3, 0, 3])]).push(stack, [symbol])
        assert stack == Stack(seed=1)
