"""Every kernel's words are those of the big-integer reference, lane for lane."""

import naive
import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from ansflow.coding import streams
from ansflow.coding.tables import Tables
from ansflow.models import quantize

LANES = st.sampled_from([1, 2, 4, 8, 16, 32, 64])


@st.composite
def cases(draw, precisions, rows=1):
    """Tables, symbols that they can code, and the row of each."""
    precision = draw(precisions)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    alphabet = draw(st.sampled_from([n for n in (1, 2, 3, 7, 256, 300) if n <= 2**precision]))
    skew = draw(st.sampled_from([0.0, 1.0, 8.0]))
    weights = rng.random((rows, alphabet)) ** skew
    if draw(st.booleans()) and alphabet > 2:
        weights[:, rng.integers(0, alphabet)] = 0
    tables = Tables(quantize(weights if rows > 1 else weights[0], precision), precision)
    size = draw(st.sampled_from([0, 1, 2, 31, 64, 65, 200]))
    index = rng.integers(0, rows, size).astype(np.uint32)
    # Uniform over what is possible, not by the model: rare symbols must occur too.
    possible = [np.flatnonzero(row) for row in tables.freq]
    symbols = np.array([rng.choice(possible[r]) for r in index], tables.symbol_dtype)
    return tables, symbols, index


def distributions(tables, index):
    rows = [naive.Intervals(freq) for freq in tables.freq]
    return [rows[i] for i in index]


def check(words, expected, tables, symbols, **options):
    assert words.tolist() == expected
    out = np.empty_like(symbols)
    streams.decode_symbols(words, tables, out, **options)
    assert np.array_equal(out, symbols)


@given(cases(st.integers(1, 16)), LANES)
@example((Tables([0, 65536], 16), np.ones(100, np.uint8), np.zeros(100, int)), 4)
@example((Tables([1, 65535], 16), np.array([0, 1] * 50, np.uint8), np.zeros(100, int)), 1)
@example((Tables([4096], 12), np.zeros(100, np.uint8), np.zeros(100, int)), 64)
def test_one_distribution(case, lanes):
    tables, symbols, index = case
    words = streams.encode_symbols(symbols, tables, lanes=lanes)
    dists = distributions(tables, index)
    expected = naive.fast_stream(symbols.tolist(), dists, tables.precision, lanes)
    check(words, expected, tables, symbols, lanes=lanes)


@pytest.mark.parametrize("slot_bytes", [0, 1 << 30], ids=["by search", "by slots"])
@given(case=cases(st.integers(1, 16), rows=3), lanes=LANES)
def test_rows(slot_bytes, case, lanes):
    tables, symbols, index = case
    words = streams.encode_symbols(symbols, tables, index=index, lanes=lanes)
    dists = distributions(tables, index)
    expected = naive.fast_stream(symbols.tolist(), dists, tables.precision, lanes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "SLOT_TABLES_BYTES", slot_bytes)
        check(words, expected, tables, symbols, index=index, lanes=lanes)


@given(cases(st.integers(17, 31), rows=2), LANES, st.booleans())
def test_wide(case, lanes, one_row):
    tables, symbols, index = case
    if one_row:
        tables = Tables(tables.freq[0], tables.precision)
        symbols = np.full_like(symbols, np.argmax(tables.freq[0]))
        index = None
    words = streams.encode_symbols(symbols, tables, index=index, lanes=lanes)
    dists = distributions(tables, np.zeros(symbols.size, int) if one_row else index)
    expected = naive.wide_stream(symbols.tolist(), dists, tables.precision, lanes)
    check(words, expected, tables, symbols, index=index, lanes=lanes)


@given(cases(st.integers(1, 14)), LANES)
def test_alias(case, lanes):
    tables, symbols, _ = case
    words = streams.encode_symbols(symbols, tables, lanes=lanes, method="alias")
    # The reference gets each slot's owner from the decoder's tables and numbers ranks itself.
    found = tables.alias
    capacity = 1 << found.column_shift
    halves = [
        2 * (slot // capacity) + int(slot >= found.divider[slot // capacity])
        for slot in range(1 << tables.precision)
    ]
    columns = naive.Columns(tables.freq[0], [int(found.halves[half]) & 0xFFFF for half in halves])
    expected = naive.fast_stream(
        symbols.tolist(), [columns] * symbols.size, tables.precision, lanes
    )
    check(words, expected, tables, symbols, lanes=lanes, method="alias")


def test_the_reference_decodes_what_it_encodes():
    dists = [naive.Intervals([3, 5, 8, 4, 12])] * 40
    symbols = [i * i % 5 for i in range(40)]
    states, words = naive.encode(symbols, dists, 5, 4, 2**15, 16)
    assert naive.decode(states, words, dists, 5, 2**15, 16) == symbols
