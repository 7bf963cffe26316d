"""rANS as a latent-variable model: slots, columns and switches."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from naive_stack import contents

from ansflow.bitsback import Repeat, Serial, Stack
from ansflow.bitsback.models.latent_categorical import (
    categorical_by_alias,
    categorical_by_cdf,
    columns,
)
from ansflow.errors import ModelError


def check(codec, stack, data):
    before = contents(stack)
    codec.push(stack, data)
    assert np.array_equal(codec.pop(stack), data)
    assert contents(stack) == before
    codec.push(stack, codec.pop(stack))
    assert contents(stack) == before


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
