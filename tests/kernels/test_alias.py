"""Alias tables are exact: to the unit, for any number of symbols."""

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from ansflow.coding.coders.alias import AliasCoder
from ansflow.kernels.coders import alias
from ansflow.models import quantize


def build(mass, capacity):
    n = len(mass)
    divider, owner = np.empty(n, np.uint64), np.empty(n, np.uint32)
    scratch = np.empty(n, np.uint32)
    alias.build(np.array(mass, np.uint64), np.uint64(capacity), divider, owner, scratch)
    return divider.astype(int), owner.astype(int)


def column_sums(divider, owner, capacity):
    sums = divider.copy()
    np.add.at(sums, owner, capacity - divider)
    return sums


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=70).filter(any))
@example([0, 0, 7])
@example([1] * 64)
@example([1, 0, 0, 0, 0])
def test_columns_reproduce_the_masses(freq):
    # Masses n * f over columns of sum(f) divide evenly for every n.
    n, total = len(freq), sum(freq)
    divider, owner = build([n * f for f in freq], total)
    assert (divider <= total).all()
    assert column_sums(divider, owner, total).tolist() == [n * f for f in freq]


@pytest.mark.parametrize("n", [1, 2, 257, 10_007, 65_536])
def test_large_alphabets(n):
    freq = quantize(np.random.default_rng(n).random(n) ** 20, 31).astype(np.uint64)
    divider, owner = build(freq * np.uint64(n), 1 << 31)
    assert np.array_equal(column_sums(divider, owner, 1 << 31), freq.astype(int) * n)


def test_the_talks_table():
    # Townsend's example: masses 3, 5, 8, 4 of 20 in four columns of 5.
    divider, owner = build([3, 5, 8, 4], 5)
    assert column_sums(divider, owner, 5).tolist() == [3, 5, 8, 4]
    assert divider.tolist() == [3, 5, 5, 4]
    assert owner[[0, 3]].tolist() == [2, 2]


@given(st.integers(1, 16), st.integers(1, 300), st.integers(0, 2**32))
def test_coding_tables_are_a_permutation_of_the_slots(precision, n, seed):
    n = min(n, 1 << precision)
    freq = quantize(np.random.default_rng(seed).random(n) ** 4, precision)
    divider, halves, inverse, shift = AliasCoder(freq, precision).tables
    assert np.array_equal(np.sort(inverse), np.arange(1 << precision))
    # A slot's symbol and rank lead back to the slot.
    slots = np.arange(1 << precision)
    column = slots >> shift
    entry = halves[2 * column + (slots >= divider[column])].astype(np.int64)
    symbol = entry & 0xFFFF
    rank = (slots + (entry >> 16)) & 0xFFFF
    assert (rank < freq[symbol]).all()
    assert np.array_equal(entry >> 32, freq[symbol])
    starts = np.cumsum(freq, dtype=np.int64) - freq
    assert np.array_equal(inverse[starts[symbol] + rank], slots)
