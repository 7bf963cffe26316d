"""Contexts from neighbours: words are the reference's, and limits are chosen where they help."""

import naive
import naive_payload
import numba
import numpy as np
import pytest
from hypothesis import given, strategies as st

from ansflow.coding.coders.neighbours import NeighbourCoder
from ansflow.errors import CorruptDataError, TruncatedError
from ansflow.kernels.coders import neighbours as coding
from ansflow.kernels.tables import neighbours as tables
from ansflow.models import quantize

# What only kernels call is not compiled otherwise.
fill_contexts = numba.njit(coding.fill_contexts)
join_intervals = numba.njit(tables.join_intervals)

LANES = st.sampled_from([1, 2, 4, 8, 16, 32, 64])


def frozen(array):
    """As encoders and decoders have it: kernels are compiled once."""
    array.setflags(write=False)
    return array


def padded(limits):
    """Limits as kernels have them."""
    return np.append(limits, [255] * (coding.LIMITS - len(limits))).astype(np.uint8)


def contexts_of(symbols, row, plane, limits):
    where = naive_payload.Neighbours(row, plane, tuple(limits))
    values = [int(value) for value in symbols]
    return np.array([where.context(values, i) for i in range(len(values))], int)


@st.composite
def cases(draw, most=700):
    """A coder, and symbols that are possible in their contexts, however rare."""
    precision = draw(st.integers(1, 12))
    row = draw(st.integers(65, 300))
    plane = draw(st.just(0) | st.integers(row + 1, 600))
    limits = sorted(draw(st.sets(st.integers(0, 254), min_size=1, max_size=15)))
    size = draw(st.sampled_from([0, 1, 64, 65, 66, 128, 200, 450, most]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    alphabet = min(256, 1 << precision)
    freq = np.zeros((len(limits) + 1, 256), np.uint32)
    common = rng.integers(0, alphabet)  # so that all contexts can go on
    for own in freq:
        present = np.union1d(rng.permutation(alphabet)[: rng.integers(0, alphabet)], [common])
        own[present] = quantize(rng.random(present.size) ** 8 + 1e-9, precision)
    where, symbols = naive_payload.Neighbours(row, plane, tuple(limits)), []
    for i in range(size):
        symbols.append(int(rng.choice(np.flatnonzero(freq[where.context(symbols, i)]))))
    return NeighbourCoder(freq, row, plane, padded(limits), precision), np.array(symbols, np.uint8)


@given(cases(), LANES)
def test_words_are_those_of_the_reference(case, lanes):
    coder, symbols = case
    limits = [int(limit) for limit in coder.limits if limit < 255]
    contexts = contexts_of(symbols, int(coder.row), int(coder.plane), limits)
    rows = [naive.Intervals(row) for row in coder.freq]
    taken = [rows[context] for context in contexts]
    words = coder.encode(frozen(symbols), lanes)
    expected = naive.fast_stream(symbols.tolist(), taken, coder.precision, lanes)
    assert words.tolist() == expected
    assert coder.first_impossible(frozen(symbols), lanes) == symbols.size
    out = np.empty_like(symbols)
    coder.decode(words, out, lanes)
    assert np.array_equal(out, symbols)


def test_symbols_that_their_context_does_not_have_are_found():
    freq = np.zeros((2, 256), np.uint32)
    freq[0, 0], freq[0, 9], freq[1, 9] = 255, 1, 256
    symbols = np.zeros(5000, np.uint8)
    coder = NeighbourCoder(freq, 100, 0, padded([3]), 8)
    assert coder.first_impossible(frozen(symbols), 4) == symbols.size
    symbols = symbols.copy()
    symbols[4200] = 9
    assert coder.first_impossible(frozen(symbols), 4) == 4299
    for lanes in (4, 64):
        coder.encode(symbols, lanes)  # nothing but wrong words comes of it


@pytest.mark.parametrize("lanes", [2, 64])
def test_streams_that_end_early_or_late(lanes):
    rng = np.random.default_rng(0)
    freq = quantize(rng.random((4, 256)) ** 4, 11)
    symbols = rng.choice(np.flatnonzero(freq.all(axis=0)), 6000).astype(np.uint8)
    coder = NeighbourCoder(freq, 100, 1000, padded([10, 50, 200]), 11)
    words = coder.encode(frozen(symbols), lanes)
    out = np.empty_like(symbols)
    for end in (*range(0, words.size, 97), words.size - 1):
        with pytest.raises(TruncatedError):
            coder.decode(words[:end], out, lanes)
    with pytest.raises(CorruptDataError):
        coder.decode(np.append(words, words[:1]), out, lanes)


@pytest.mark.parametrize("rare", [0, 1, 40, 300])
def test_many_symbols_of_few_words(rare):
    """Where fewer words than lanes are left, of thousands of symbols."""
    rng = np.random.default_rng(rare)
    freq = np.zeros((2, 256), np.uint32)
    freq[0, :2], freq[1, :2] = (2047, 1), (1024, 1024)
    symbols = np.zeros(20_001, np.uint8)
    symbols[rng.integers(0, symbols.size, rare)] = 1
    coder = NeighbourCoder(freq, 100, 1000, padded([0]), 11)
    words = coder.encode(frozen(symbols), 64)
    assert (words.size < 192) == (rare < 300)
    out = np.empty_like(symbols)
    coder.decode(words, out, 64)
    assert np.array_equal(out, symbols)
    for end in range(128, words.size):
        with pytest.raises(TruncatedError):
            coder.decode(words[:end], out, 64)
    with pytest.raises(CorruptDataError):
        coder.decode(np.append(words, words[:1]), out, 64)


@pytest.mark.parametrize("plane", [0, 67, 1000, 4000])
@pytest.mark.parametrize("row", [65, 66, 500])
def test_contexts_of_a_block(row, plane):
    if 0 < plane <= row:
        plane += row
    rng = np.random.default_rng(row)
    symbols = frozen((rng.integers(0, 256, 5000) >> rng.integers(0, 8, 5000)).astype(np.uint8))
    limits = np.append(np.arange(14) ** 2, 254)
    for ends in (limits, limits[:3], limits[:5], limits[:6]):
        expected = contexts_of(symbols, row, plane, ends)
        for begin, end in (
            (0, 1),
            (0, 64),
            (64, 66),
            (60, 70),
            (490, 510),
            (1, 4000),
            (4990, 5000),
        ):
            found = np.full(end - begin + 1, 99, np.uint8)
            told = np.uint64(begin), np.uint64(end), np.uint64(row), np.uint64(plane)
            fill_contexts(symbols, *told, padded(ends), np.empty_like(found), found)
            assert np.array_equal(found[:-1], expected[begin:end])
            assert found[-1] == 99


# Choosing limits


def scales(rng, shape):
    """Symbols of an array whose spread changes slowly along both axes."""
    y, x = np.indices(shape[-2:])
    spread = 2.0 ** (2 + 2 * np.sin(x / 30) + 1.5 * np.cos(y / 20))
    return np.minimum(rng.exponential(spread, shape), 255).astype(np.uint8)


def choose(symbols, row, plane=0, every=1):
    limits = np.empty(coding.LIMITS, np.uint8)
    counts = np.empty((256, 256), np.uint32)
    told = np.uint64(row), np.uint64(plane), np.uint64(every)
    number, bits = tables.choose_limits(frozen(symbols.reshape(-1)), *told, counts, limits)
    return int(number), float(bits), limits


def bits_of(symbols, contexts):
    counts = np.bincount(256 * contexts + symbols, minlength=1 << 12).reshape(-1, 256)
    with np.errstate(all="ignore"):
        bits = counts * np.log2(counts.sum(axis=1, keepdims=True) / counts)
    return float(np.nansum(bits))


@pytest.mark.parametrize("every", [1, 3])
def test_limits_are_found_where_spread_changes(every):
    symbols = scales(np.random.default_rng(0), (120, 300))
    number, bits, limits = choose(symbols, 300, every=every)
    assert 4 <= number <= 16
    assert (np.diff(limits[: number - 1].astype(int)) > 0).all()
    assert (limits[number - 1 :] == 255).all()
    flat = symbols.reshape(-1)
    contexts = contexts_of(flat, 300, 0, limits[: number - 1])
    assert set(contexts) == set(range(number))
    told = bits_of(flat, contexts)
    assert told < 0.96 * bits_of(flat, 0 * contexts)
    assert 0.97 * told < bits < 1.04 * told


@pytest.mark.parametrize(("quiet", "number"), [(60, 1), (150, 2)])
def test_contexts_are_left_alone_that_hardly_gain_anything(quiet, number):
    """By those of the sum of two neighbours, which is hardly less where these are quiet."""
    symbols = np.random.default_rng(2).integers(0, 256, (800, 300)).astype(np.uint8)
    symbols[-quiet:] //= 2
    found, bits, limits = choose(symbols, 300)
    assert found == number
    assert (limits[found - 1 :] == 255).all()
    alone = bits_of(symbols.reshape(-1), np.zeros(symbols.size, int))
    contexts = contexts_of(symbols.reshape(-1), 300, 0, [int(limits[0])])
    told = bits_of(symbols.reshape(-1), contexts)
    assert (told < tables.WORTH * alone) == (found > 1)
    assert bits == pytest.approx(told if found > 1 else alone, rel=0.003)


@pytest.mark.parametrize("number", [2, 3, 12, 16])  # with four sub-histograms each, or two
def test_symbols_are_counted_in_their_contexts(number):
    symbols = scales(np.random.default_rng(0), (120, 300)).reshape(-1)
    limits = np.full(15, 255, np.uint8)
    limits[: number - 1] = np.arange(number - 1)
    contexts = contexts_of(symbols, 300, 900, limits[: number - 1])
    partial = np.empty(tables.PARTIALS, np.uint32)
    counts, found = np.empty((number, 256), np.uint32), np.empty_like(symbols)
    for size in (symbols.size, 4097, 1003, 101):
        part = frozen(symbols[:size].copy())
        told = np.uint64(300), np.uint64(900), limits, partial
        tables.count_contexts(part, *told, found[:size], counts)
        assert np.array_equal(found[:size], contexts[:size])
        expected = np.bincount(256 * contexts[:size] + part, minlength=256 * number)
        assert np.array_equal(counts.reshape(-1), expected)


def test_one_context_is_left_where_all_symbols_are_alike():
    rng = np.random.default_rng(1)
    alike = np.minimum(rng.exponential(3, 60_000), 255).astype(np.uint8)
    for symbols in (alike, np.zeros(60_000, np.uint8)):
        number, _, limits = choose(symbols, 200)
        assert number == 1
        assert (limits == 255).all()


@given(st.integers(0, 2**32), st.sampled_from([0, 3, 40]))
def test_intervals_have_symbols_and_are_in_order(seed, zeros):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 100, (256, 256)).astype(np.uint32)
    counts[rng.random(256) < rng.random()] = 0
    counts[rng.integers(0, 256)] += np.uint32(1 + 1000 * zeros)
    before, tops = counts.copy(), np.empty(32, np.uint8)
    number = int(join_intervals(counts, tops, np.uint64(before.sum())))
    assert 1 <= number <= 32
    begin = 0
    for own, top in zip(counts[:number], tops[:number], strict=True):
        assert own.any()
        assert np.array_equal(own, before[begin : int(top) + 1].sum(axis=0))
        begin = int(top) + 1
    assert not before[begin:].any()
