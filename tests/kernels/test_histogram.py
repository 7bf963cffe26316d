"""Counts are exact whatever the length, the address and the runs."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from ansflow.kernels.tables import histogram as module
from ansflow.kernels.tables.histogram import PARTIALS, count_symbols, histogram


def expected(symbols):
    return np.bincount(symbols, minlength=1 << (8 * symbols.itemsize))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 1003])
@pytest.mark.parametrize("span", [1, 2, 1 << 16])
def test_equals_bincount(dtype, size, span):
    symbols = np.random.default_rng(size).integers(0, span, size).astype(dtype)
    counts = histogram(symbols)
    assert counts.dtype == np.uint64
    assert counts.shape == (np.iinfo(dtype).max + 1,)
    assert np.array_equal(counts, expected(symbols))


@pytest.mark.parametrize("alphabet", [1, 2, 300, 65536])
def test_symbols_of_any_alphabet(alphabet):
    symbols = np.random.default_rng(0).integers(0, alphabet, 1003).astype(np.uint16)
    counts = np.full(alphabet, np.nan)
    count_symbols(symbols, np.empty(PARTIALS * alphabet, np.uint32), counts)
    assert np.array_equal(counts, np.bincount(symbols, minlength=alphabet))
    count_symbols(symbols | np.uint16(0x8000), np.empty(PARTIALS, np.uint32), counts[:1])
    assert counts[0] == symbols.size


@pytest.mark.parametrize("offset", range(8))
def test_every_address_and_length_around_a_word(offset):
    room = np.random.default_rng(offset).integers(0, 256, 64, np.uint8)
    for size in range(40):
        symbols = room[offset : offset + size]
        assert np.array_equal(histogram(symbols), expected(symbols))


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(1, 50)), max_size=20))
def test_runs(runs):
    symbols = np.array([value for value, length in runs for _ in range(length)], np.uint8)
    assert np.array_equal(histogram(symbols), expected(symbols))


@given(st.lists(st.integers(0, 2), max_size=30), st.integers(0, 7))
def test_words_that_repeat(words, offset):
    """Equal words are counted together; the first may equal what comes before all words."""
    each = np.array([[0] * 8, [255] * 8, range(8)], np.uint8)
    symbols = np.r_[np.zeros(offset, np.uint8), each[words].reshape(-1)][offset:]
    assert np.array_equal(histogram(symbols), expected(symbols))


def test_read_only_bytes():
    symbols = np.frombuffer(b"abracadabra" * 9, np.uint8)
    assert np.array_equal(histogram(symbols), expected(symbols))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_more_symbols_than_are_counted_at_a_time(dtype, monkeypatch):
    monkeypatch.setattr(module, "MAX_SYMBOLS", 100)
    symbols = np.random.default_rng(0).integers(0, 9, 1234).astype(dtype)
    assert np.array_equal(histogram(symbols), expected(symbols))
