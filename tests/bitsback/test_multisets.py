"""Multisets cost what their elements do, less the log2 of the number of their orders."""

from math import comb, factorial, lgamma, log, log2

import naive_multisets as oracle
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from naive_stack import contents

from ansflow import models
from ansflow.bitsback import (
    IntegerMultiset,
    IntegerSet,
    Mapped,
    Multiset,
    Stack,
    SymbolMultiset,
    Uniform,
)
from ansflow.errors import ModelError, StackUnderflowError

TABLE = models.Categorical([8, 4, 2, 0, 1, 1], low=-2)
BITS = -np.log2(np.array([8, 4, 2, 0, 1, 1]) / 16, where=[1, 1, 1, 0, 1, 1], out=np.zeros(6))


def orders(x):
    """log2 of the number of orders, exactly."""
    number = factorial(len(x))
    for count in np.unique(x, return_counts=True)[1].tolist():
        number //= factorial(count)
    return log2(number)


def net(codec, x, lanes=1):
    """The net rate, when everything is restored."""
    stack = Stack(lanes, seed=3)
    before, start = contents(stack), stack.mark()
    codec.push(stack, x)
    rate, drawn = stack.rates(start).net, stack.drawn
    assert drawn <= 32 + lanes
    popped = codec.pop(stack)
    assert np.array_equal(popped, np.sort(x))
    assert contents(stack) == before
    codec.push(stack, codec.pop(stack))  # a sample: the inverse in the other direction
    assert contents(stack) == before
    return rate


arrays = st.lists(st.integers(0, 29) | st.integers(0, 2), max_size=60)


@settings(max_examples=40)
@given(arrays, st.integers(1, 3))
def test_multisets_of_integers(x, lanes):
    x = np.array(x, np.int64)
    for n in (30, 2**20 + 3, 2**45, 2**62):
        codec = IntegerMultiset(n, x.size)
        expected = x.size * log2(n) - orders(x)
        assert codec.bits(x) == pytest.approx(expected, abs=1e-9, rel=1e-12)
        assert net(codec, x, lanes) == pytest.approx(expected, abs=1e-2)


@settings(max_examples=30)
@given(st.sets(st.integers(0, 69), max_size=70), st.integers(1, 2))
def test_sets_of_integers(x, lanes):
    x = np.array(list(x), np.int64)[::-1]
    for n in (70, 2**21 + 1):
        codec = IntegerSet(n, x.size)
        expected = log2(comb(n, x.size))
        assert codec.bits(x) == pytest.approx(expected, abs=1e-8)
        assert net(codec, x, lanes) == pytest.approx(expected, abs=1e-2)


@settings(max_examples=20)
@given(st.lists(st.sampled_from([0, 0, 1, 2, 4, 5]), max_size=80), st.integers(1, 3))
def test_multisets_of_symbols(x, lanes):
    x = np.array(x, np.int64)
    codec, expected = SymbolMultiset(TABLE, x.size), BITS[x].sum() - orders(x)
    assert codec.bits(x - 2) == pytest.approx(expected, abs=1e-9)
    assert net(codec, x - 2, lanes) == pytest.approx(expected, abs=1e-4)


@settings(max_examples=20)
@given(arrays, st.integers(1, 3))
def test_multisets_of_any_codec(x, lanes):
    x = np.array(x, np.int64)
    codec = Multiset(lambda size: Uniform(1000, size), x.size)
    assert net(codec, x, lanes) == pytest.approx(x.size * log2(1000) - orders(x), abs=1e-4)


@pytest.mark.parametrize("count", [1000, 10_000, 100_000, 1_000_000])
def test_all_of_the_orders_come_back(count):
    """To a millionth, in closed form; and it takes two words to begin with, a head and another."""
    x = np.random.default_rng(0).integers(0, 1 << 32, count)
    _, counts = np.unique(x, return_counts=True)
    ideal = (lgamma(count + 1) - sum(lgamma(c + 1) for c in counts.tolist())) / log(2)
    codec, stack = IntegerMultiset(1 << 32, count), Stack(seed=0)
    start = stack.mark()
    codec.push(stack, x)
    assert 32 * count - stack.rates(start).net == pytest.approx(ideal, rel=1e-6)
    assert stack.drawn <= 1
    assert np.array_equal(codec.pop(stack), np.sort(x))
    assert stack == Stack(seed=0)


def test_the_general_one_saves_all_of_it_too():
    x = np.random.default_rng(0).integers(0, 1 << 16, 1000) // 40
    codec, stack = Multiset(lambda size: Uniform(1 << 16, size), 1000), Stack(seed=0)
    start = stack.mark()
    codec.push(stack, x)
    assert 16_000 - stack.rates(start).net == pytest.approx(orders(x), rel=1e-6)
    assert stack.drawn <= 2


def test_orders_are_exact_posteriors():
    """What is pushed costs the same, whatever bits the order is popped from: nothing to stir."""
    x = np.arange(500) % 7
    codec = SymbolMultiset(models.Categorical([1, 9, 2, 2, 2]), 500)
    rates = []
    for seed in range(5):
        stack = Stack(seed=seed)
        Uniform(1 << 16, 40).push(stack, np.full(40, 3 * (seed > 2)))  # bits that are not random
        start = stack.mark()
        codec.push(stack, x % 5)
        rates.append(stack.rates(start).net)
    assert rates == pytest.approx([codec.bits(x % 5)] * 5, abs=1e-3)


def test_the_order_of_the_input_is_nothing():
    x = np.random.default_rng(0).integers(0, 50, 300)
    for codec in (
        IntegerMultiset(50, 300),
        SymbolMultiset(models.Categorical.from_counts([1] * 50), 300),
        Multiset(lambda size: Uniform(50, size), 300),
    ):
        stacks = []
        for same in (x, np.sort(x), np.sort(x)[::-1], x.astype(np.uint8)):
            stacks.append(Stack(seed=0))
            codec.push(stacks[-1], same)
        assert stacks == stacks[:1] * 4


@pytest.mark.parametrize("different", [False, True])
def test_stacks_are_those_of_the_oracle(different):
    for n in (40, 2**20 + 5, 2**37 + 11):
        x = np.random.default_rng(n).permutation(30) + (n - 30)
        if not different:
            x[::3] = x[0]
        codec = (IntegerSet if different else IntegerMultiset)(n, x.size)
        head, words = 2**63 + 12345, range(9)
        number, stack = oracle.Number(head, words), Stack.from_parts([head], words)
        oracle.push(number, x.tolist(), n, different)
        codec.push(stack, x)
        assert (stack.heads.tolist(), stack.words.tolist()) == ([number.head], number.words)
        assert oracle.pop(number, x.size, n, different) == sorted(x.tolist())


def test_elements_may_be_anything_with_an_order():
    words = [b"tree", b"leaf", b"tree", b"", b"root"]
    text = Mapped(Uniform(5, ()), words.index, lambda i: words[int(i)])
    codec, stack = Multiset(text, 5), Stack(seed=0)
    codec.push(stack, words[::-1])
    assert codec.pop(stack) == sorted(words)
    assert stack == Stack(seed=0)


@pytest.mark.parametrize(
    ("codec", "x", "error"),
    [
        (IntegerMultiset(10, 2), [1, 10], ModelError),
        (IntegerMultiset(10, 2), [1, -1], ModelError),
        (IntegerMultiset(10, 2), [1], ValueError),
        (IntegerMultiset(10, 2), [1.0, 2.0], TypeError),
        (IntegerSet(10, 2), [3, 3], ModelError),
        (SymbolMultiset(TABLE, 2), [1, 0], ModelError),
        (SymbolMultiset(TABLE, 2), [0, 4], ModelError),
        (SymbolMultiset(TABLE, 2), [0], ValueError),
        (Multiset(lambda size: Uniform(10, size), 2), [1, 10], ModelError),
        (Multiset(lambda size: Uniform(10, size), 2), [1, 2, 3], ValueError),
    ],
)
def test_what_cannot_be_pushed_leaves_the_stack_alone(codec, x, error):
    stack = Stack(seed=0)
    with pytest.raises(error):
        codec.push(stack, x)
    assert contents(stack) == contents(Stack(seed=0))


def test_parameters_out_of_range():
    for make in (
        lambda: IntegerMultiset(0, 1),
        lambda: IntegerMultiset(2**62 + 1, 1),
        lambda: IntegerMultiset(5, 2**28 + 1),
        lambda: IntegerSet(5, 6),
        lambda: SymbolMultiset(TABLE, -1),
        lambda: SymbolMultiset(models.Conditional([[1, 3], [3, 1]], index=[0, 1]), 2),
        lambda: Multiset(Uniform(5), -1),
    ):
        with pytest.raises(ValueError, match=r"must be|one distribution"):
            make()


def test_a_stack_without_bits_is_left_as_it_was():
    for codec in (
        IntegerSet(40, 40),
        SymbolMultiset(models.Categorical([1, 1]), 40),
        Multiset(lambda size: Uniform(40, size), 40),
    ):
        x = np.arange(40) % 2 if isinstance(codec, SymbolMultiset) else np.arange(40)
        stack = Stack()
        with pytest.raises(StackUnderflowError):
            codec.push(stack, x)
        assert contents(stack) == contents(Stack())
        with pytest.raises(StackUnderflowError):
            codec.pop(stack)
        assert contents(stack) == contents(Stack())
