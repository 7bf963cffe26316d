"""Tables of frequencies come back, and damaged ones are never misread."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from ansflow.kernels.tables.frequency_code import (
    MAX_BITS_PER_FREQUENCY,
    fit_table,
    read_frequencies,
    write_frequencies,
)
from ansflow.models import quantize

ALPHABETS = st.sampled_from([1, 2, 3, 255, 256, 257, 1000, 65536])


def reference_table(freq):
    """The table's bytes, by the rules of FORMAT.md in Python integers."""
    bits = ""
    left, mean, previous = sum(freq), 0, 0
    for f in freq:
        if not left:
            break
        k = 0 if previous == 0 or mean < 4 else (mean // 4).bit_length() - 1
        u = f + (1 << k)
        b = u.bit_length() - 1
        bits += "0" * (b - k) + f"{u:b}"
        mean += f - mean // 4
        previous = f
        left -= f
    padded = bits + "0" * (-len(bits) % 8)
    return bytes(int(padded[i : i + 8][::-1], 2) for i in range(0, len(padded), 8))


def write(freq):
    total = int(np.sum(freq, dtype=np.uint64))
    room = np.zeros(len(freq) * MAX_BITS_PER_FREQUENCY // 8, np.uint8)
    used = write_frequencies(np.array(freq, np.uint32), total, room)
    assert not room[used:].any()
    return room[:used], total


def read(data, total, n):
    freq = np.full(n, 12345, np.uint32)
    return read_frequencies(data, total, freq), freq


@given(st.integers(1, 16), ALPHABETS, st.floats(0, 20), st.integers(0, 2**32))
def test_round_trip(precision, n, skew, seed):
    rng = np.random.default_rng(seed)
    weights = np.maximum(rng.random(n) ** skew, 1e-300)
    weights[rng.permutation(n)[1 << precision :]] = 0
    freq = quantize(weights, precision)
    data, total = write(freq)
    assert data.tobytes() == reference_table(freq.tolist())
    used, back = read(data, total, freq.size)
    assert used == data.size
    assert np.array_equal(back, freq)
    used, back = read(np.append(data, np.uint8(255)), total, freq.size + 1)
    assert used == data.size
    assert back[-1] == 0


@given(st.integers(1, 16), ALPHABETS, st.floats(0, 20), st.integers(0, 2**32))
def test_fitting_is_quantising_and_writing(precision, n, skew, seed):
    rng = np.random.default_rng(seed)
    counts = np.ceil(1000 * rng.random(n) ** skew)
    counts[1::3] = 0
    counts[rng.permutation(n)[1 << precision :]] = 0
    counts[0] += 1
    counts[np.flatnonzero(counts)[1 << precision :]] = 0
    freq, keys = np.full(n, 12345, np.uint32), np.empty(n)
    room = np.full(8 * n, 255, np.uint8)
    present, used, bits = fit_table(
        counts.copy(), precision, freq, keys, np.empty(n, np.uint32), room
    )
    assert np.array_equal(freq, quantize(counts, precision))
    data, _ = write(freq)
    assert np.array_equal(room[:used], data)
    assert present == np.count_nonzero(counts)
    used = counts > 0
    assert bits == pytest.approx(np.sum(counts[used] * (precision - np.log2(freq[used]))))


def test_more_symbols_than_slots_have_no_table():
    scratch = np.empty(300, np.uint32), np.empty(300), np.empty(300, np.uint32)
    present, used, bits = fit_table(np.ones(300), 8, *scratch, np.empty(2400, np.uint8))
    assert (present, used, bits) == (300, 0, np.inf)


@pytest.mark.parametrize(
    "freq",
    [
        [4096],
        [0] * 255 + [65536],
        [16] * 256,
        [1, 4094, 1],
        [1] * 65536,
        [0] * 65535 + [256],
        [1, 0] * 32768,
        [2**31],
        [2**30, 0, 2**30],
    ],
)
def test_extreme_tables(freq):
    data, total = write(freq)
    assert np.array_equal(read(data, total, len(freq))[1], freq)


def test_every_cut_is_noticed():
    freq = quantize(0.9 ** np.arange(256), 12)
    data, total = write(freq)
    for end in range(data.size):
        assert read(data[:end].copy(), total, 256)[0] == 0


@given(st.binary(max_size=300), st.integers(1, 31), ALPHABETS)
def test_random_bytes_give_a_whole_table_or_none(data, precision, alphabet):
    used, freq = read(np.frombuffer(data, np.uint8), 1 << precision, alphabet)
    assert used <= len(data)
    if used:
        assert int(freq.sum()) == 1 << precision
        assert reference_table(freq.tolist()) == data[:used]


def test_a_text_table_costs_about_60_bytes():
    letters = 0.85 ** np.arange(64)
    counts = np.zeros(256)
    counts[32:96] = np.random.default_rng(0).permutation(letters)
    assert write(quantize(counts, 12))[0].size < 80
