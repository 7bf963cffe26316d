"""Tables of frequencies come back, and damaged ones are never misread."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from ansflow.kernels.tables import frequency_code as golomb
from ansflow.models import quantize


def write(freq):
    total = int(np.sum(freq, dtype=np.uint64))
    room = np.zeros(len(freq) * golomb.MAX_BITS_PER_FREQUENCY // 8, np.uint8)
    used = golomb.write_frequencies(np.array(freq, np.uint32), np.uint64(total), room)
    assert not room[used:].any()
    return room[:used], total


def read(data, total, n):
    freq = np.full(n, 12345, np.uint32)
    return golomb.read_frequencies(data, np.uint64(total), freq), freq


@given(st.integers(1, 16), st.integers(1, 256), st.floats(0, 20), st.integers(0, 2**32))
def test_round_trip(precision, n, skew, seed):
    weights = np.random.default_rng(seed).random(min(n, 1 << precision)) ** skew
    freq = quantize(np.maximum(weights, 1e-300), precision)
    data, total = write(freq)
    used, back = read(data, total, freq.size)
    assert used == data.size
    assert np.array_equal(back, freq)
    used, back = read(np.append(data, np.uint8(255)), total, freq.size + 1)
    assert used == data.size
    assert back[-1] == 0


@given(st.integers(1, 16), st.integers(1, 256), st.floats(0, 20), st.integers(0, 2**32))
def test_fitting_is_quantising_and_writing(precision, n, skew, seed):
    n = min(n, 1 << precision)
    counts = np.ceil(1000 * np.random.default_rng(seed).random(n) ** skew)
    counts[1::3] = 0
    freq, keys = np.full(n, 12345, np.uint32), np.empty(n)
    room = np.full(8 * n, 255, np.uint8)
    present, used, bits = golomb.fit_table(
        counts.copy(), np.uint64(precision), freq, keys, np.empty(n, np.uint32), room
    )
    assert np.array_equal(freq, quantize(counts, precision))
    data, _ = write(freq)
    assert np.array_equal(room[:used], data)
    assert present == np.count_nonzero(counts)
    used = counts > 0
    assert bits == pytest.approx(np.sum(counts[used] * (precision - np.log2(freq[used]))))


@pytest.mark.parametrize("freq", [[4096], [0] * 255 + [65536], [16] * 256, [1, 4094, 1]])
def test_extreme_tables(freq):
    data, total = write(freq)
    assert np.array_equal(read(data, total, len(freq))[1], freq)


def test_every_cut_is_noticed():
    freq = quantize(0.9 ** np.arange(256), 12)
    data, total = write(freq)
    for end in range(data.size):
        assert read(data[:end].copy(), total, 256)[0] == 0


@given(st.binary(max_size=300), st.integers(1, 16))
def test_random_bytes_give_a_whole_table_or_none(data, precision):
    used, freq = read(np.frombuffer(data, np.uint8), 1 << precision, 256)
    assert used <= len(data)
    if used:
        assert int(freq.sum()) == 1 << precision


def test_a_text_table_costs_about_60_bytes():
    letters = 0.85 ** np.arange(64)
    counts = np.zeros(256)
    counts[32:96] = np.random.default_rng(0).permutation(letters)
    assert write(quantize(counts, 12))[0].size < 80
