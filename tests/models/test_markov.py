"""Markov models: rows that may be missing, and code lengths that depend on segments."""

import naive
import numpy as np
import pytest
from hypothesis import given, strategies as st

from ansflow.errors import ModelError
from ansflow.models.markov import Markov, pair_counts

TEXT = b"the rain in spain stays mainly in the plain; " * 20


def test_attributes():
    model = Markov([[3, 1], [0, 4]])
    assert model.precision == 2
    assert model.contexts == "previous"
    assert model.freq.dtype == np.uint32
    assert model.cdf.tolist() == [[0, 3, 4], [0, 0, 4]]
    assert not model.freq.flags.writeable
    assert not model.cdf.flags.writeable
    assert repr(model) == "Markov(2 contexts, precision=2)"


@given(st.binary(min_size=1, max_size=500), st.sampled_from([1, 2, 16, 64]), st.integers(9, 12))
def test_code_length_is_a_sum_over_contexts(data, lanes, precision):
    model = Markov.fit(data, lanes=lanes, precision=precision)
    pairs = zip(naive.order1_contexts(list(data), lanes), data, strict=True)
    expected = sum(precision - np.log2(model.freq[pair]) for pair in pairs)
    assert model.code_length(data, lanes) == pytest.approx(expected)
    assert np.isfinite(expected)


def test_fit_takes_what_holds_bytes():
    array = np.frombuffer(TEXT, np.uint8)
    expected = Markov.fit(TEXT).freq
    for data in (bytearray(TEXT), memoryview(TEXT), array, array.reshape(20, -1)):
        assert np.array_equal(Markov.fit(data).freq, expected)
    with pytest.raises(TypeError, match="uint8"):
        Markov.fit(array.astype(np.int32))
    with pytest.raises(ModelError, match="the data is empty"):
        Markov.fit(b"")


def test_a_context_is_worth_its_bits():
    order0 = -sum(TEXT.count(c) * np.log2(TEXT.count(c) / len(TEXT)) for c in set(TEXT))
    assert Markov.fit(TEXT, lanes=1).code_length(TEXT, lanes=1) < order0 / 3


def test_code_length_without_a_frequency():
    model = Markov([[4, 0], [2, 2]])
    assert model.code_length([]) == 0
    assert model.code_length([0, 0]) == 0
    for symbols in ([0, 1], [0, 2], [-1], [256], [1]):
        assert model.code_length(symbols, lanes=1) == np.inf


def test_a_symbol_that_nothing_follows_gets_a_row():
    model = Markov.fit(b"\1\2", lanes=1, precision=4)
    assert model.freq[0, 1] == model.freq[1, 2] == model.freq[2, 0] == 16
    assert np.count_nonzero(model.freq) == 3
    assert model.code_length(b"\1\2", lanes=1) == 0


def test_rows_of_contexts_that_never_occur_may_be_zero():
    freq = np.zeros((5, 5), int)
    freq[0, 3] = freq[3, 3] = freq[3, 0] = 8
    freq[0, 0] = 8
    assert Markov(freq).precision == 4


@pytest.mark.parametrize(
    ("freq", "message"),
    [
        ([4], "square"),
        ([[4, 4, 8]], "square"),
        (np.zeros((2, 2), int), "non-empty"),
        ([[2, 2], [0, 0]], "context 1 can occur"),
        ([[0, 0], [0, 4]], "context 0 can occur"),
        ([[4, 0], [0, 8]], "sum"),
        ([[3]], "power of two"),
        ([[4.0]], "integers"),
        ([[1 << 13]], "at most 12"),
        (np.full((257, 257), 1), "at most 256"),
    ],
)
def test_unusable_frequencies(freq, message):
    with pytest.raises(ModelError, match=message):
        Markov(freq)


@pytest.mark.parametrize(
    ("counts", "precision", "message"),
    [
        (np.ones((3, 2)), 12, "square"),
        (np.zeros((0, 0)), 12, "square"),
        (-np.ones((2, 2)), 12, "negative"),
        (np.ones((256, 256)), 7, "at least 8 bits"),
        (np.ones((2, 2)), 13, "at most 12"),
    ],
)
def test_unusable_counts(counts, precision, message):
    with pytest.raises(ModelError, match=message):
        Markov.from_counts(counts, precision=precision)


def test_lanes_are_checked():
    for lanes in (0, 3, 128):
        with pytest.raises(ValueError, match="lanes"):
            Markov.fit(TEXT, lanes=lanes)


@pytest.mark.parametrize("lanes", [1, 64])
def test_samples_are_distributed_as_the_model_says(lanes):
    freq = np.array([[10, 3, 3], [1, 14, 1], [0, 8, 8]])
    model = Markov(freq)
    counts = np.zeros((3, 3))
    for seed in range(20):
        sample = model.sample((30, 100), rng=seed, lanes=lanes)
        assert sample.shape == (30, 100)
        counts += pair_counts(sample.reshape(-1), lanes)[:3, :3]
    rows = counts.sum(axis=1, keepdims=True)
    assert counts.sum() == 20 * 3000
    deviation = np.sqrt(rows * freq / 16 * (1 - freq / 16))
    assert (np.abs(counts - rows * freq / 16) <= 5 * deviation).all()
