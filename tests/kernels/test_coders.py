"""Every kernel's words are those of the big-integer reference, lane for lane."""

import naive
import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from ansflow.coding.coders import rows as rows_coder
from ansflow.coding.coders.alias import AliasCoder
from ansflow.coding.coders.rows import RowsCoder, RowTables
from ansflow.coding.coders.single import SingleCoder
from ansflow.coding.coders.wide import WideCoder
from ansflow.kernels.coders.rans import finished, take_states
from ansflow.kernels.coders.single import decode, decode_stream
from ansflow.models import quantize
from ansflow.models.frequencies import cumulative

LANES = st.sampled_from([1, 2, 4, 8, 16, 32, 64])


def symbols_of(values, alphabet):
    return np.array(values, np.uint8 if alphabet <= 256 else np.uint16)


@st.composite
def cases(draw, precisions, rows=1):
    """Precision, frequencies, symbols that they can code, and the row of each."""
    precision = draw(precisions)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    alphabet = draw(st.sampled_from([n for n in (1, 2, 3, 7, 256, 300) if n <= 2**precision]))
    skew = draw(st.sampled_from([0.0, 1.0, 8.0]))
    weights = rng.random((rows, alphabet)) ** skew
    if draw(st.booleans()) and alphabet > 2:
        weights[:, rng.integers(0, alphabet)] = 0
    freq = quantize(weights, precision)
    size = draw(st.sampled_from([0, 1, 2, 31, 64, 65, 200]))
    index = rng.integers(0, rows, size).astype(np.uint32)
    # Uniform over what is possible, not by the model: rare symbols must occur too.
    possible = [np.flatnonzero(row) for row in freq]
    symbols = symbols_of([rng.choice(possible[r]) for r in index], alphabet)
    return precision, freq, symbols, index


def distributions(freq, index):
    rows = [naive.Intervals(row) for row in freq]
    return [rows[i] for i in index]


def check(coder, symbols, lanes, expected):
    words = coder.encode(symbols, lanes)
    assert words.tolist() == expected
    out = np.empty_like(symbols)
    coder.decode(words, out, lanes)
    assert np.array_equal(out, symbols)


def example_of(freq, precision, symbols):
    freq = np.array([freq], np.uint32)
    symbols = symbols_of(symbols, freq.shape[1])
    return precision, freq, symbols, np.zeros(symbols.size, np.uint32)


@given(cases(st.integers(1, 16)), LANES)
@example(example_of([0, 65536], 16, [1] * 100), 4)
@example(example_of([1, 65535], 16, [0, 1] * 50), 1)
@example(example_of([4096], 12, [0] * 100), 64)
@example(example_of([1] * 65536, 16, [0, 255, 256, 65535] * 30), 4)
def test_one_distribution(case, lanes):
    precision, freq, symbols, index = case
    expected = naive.fast_stream(symbols.tolist(), distributions(freq, index), precision, lanes)
    check(SingleCoder(freq[0], precision), symbols, lanes, expected)


@pytest.mark.parametrize("slot_bytes", [0, 1 << 30], ids=["by search", "by slots"])
@given(case=cases(st.integers(1, 16), rows=3), lanes=LANES)
def test_rows(slot_bytes, case, lanes):
    precision, freq, symbols, index = case
    expected = naive.fast_stream(symbols.tolist(), distributions(freq, index), precision, lanes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_coder, "SLOT_TABLES_BYTES", slot_bytes)
        tables = RowTables(freq, cumulative(freq), precision)
        check(RowsCoder(tables, index), symbols, lanes, expected)


@given(cases(st.integers(17, 31), rows=2), LANES, st.booleans())
def test_wide(case, lanes, one_row):
    precision, freq, symbols, index = case
    if one_row:
        symbols = np.full_like(symbols, np.argmax(freq[0]))
        index = np.zeros_like(index)
    expected = naive.wide_stream(symbols.tolist(), distributions(freq, index), precision, lanes)
    coder = WideCoder(cumulative(freq), precision, None if one_row else index)
    check(coder, symbols, lanes, expected)


@given(cases(st.integers(1, 14)), LANES)
def test_alias(case, lanes):
    precision, freq, symbols, _ = case
    coder = AliasCoder(freq[0], precision)
    # The reference gets each slot's owner from the decoder's tables and numbers ranks itself.
    found = coder.tables
    capacity = 1 << found.column_shift
    halves = [
        2 * (slot // capacity) + int(slot >= found.divider[slot // capacity])
        for slot in range(1 << precision)
    ]
    columns = naive.Columns(freq[0], [int(found.halves[half]) & 0xFFFF for half in halves])
    expected = naive.fast_stream(symbols.tolist(), [columns] * symbols.size, precision, lanes)
    check(coder, symbols, lanes, expected)


def test_the_reference_decodes_what_it_encodes():
    dists = [naive.Intervals([3, 5, 8, 4, 12])] * 40
    symbols = [i * i % 5 for i in range(40)]
    states, words = naive.encode(symbols, dists, 5, 4, 2**15, 16)
    assert naive.decode(states, words, dists, 5, 2**15, 16) == symbols


@pytest.mark.parametrize("precision", [12, 14])
@pytest.mark.parametrize("share", [0.0, 1e-3, 0.1, 0.5])
def test_two_lanes_are_decoded_as_any_number_of_them(precision, share):
    """One symbol goes on without a look at its slot: words end early, are cut, or are noise."""
    rng = np.random.default_rng(0)
    freq = quantize(np.array([[share / 2 + 1e-9, 1 - share + 1e-9, share / 2 + 1e-9]]), precision)
    coder, size = SingleCoder(freq[0], precision), 5001
    symbols = rng.choice(3, size, p=[share / 2, 1 - share, share / 2]).astype(np.uint8)
    words = coder.encode(symbols, 2)
    noise = rng.integers(0, 1 << 16, words.size).astype(np.uint16)
    noise[:4] = words[:4]
    precision, low = np.uint64(precision), coder._low
    cut = words[: max(4, words.size - 1)]  # kernels are given all states
    for some in (words, cut, words[:5], np.append(words, words), noise):
        at_once, in_turn = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
        end = decode_stream(some, 2, coder.slots, precision, low, at_once)
        states = np.empty(2, np.uint32)
        assert take_states(some, low, states)
        cursor = decode(some, np.uint64(4), states, coder.slots, precision, low, in_turn)
        assert end == finished(some, np.uint64(cursor), states, low)
        assert np.array_equal(at_once, in_turn)
        assert some is not words or np.array_equal(at_once, symbols)
