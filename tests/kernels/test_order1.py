"""Order-1 kernels code what the reference codes; their tables come back or are refused."""

import naive
import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from ansflow.kernels.coders import order1
from ansflow.kernels.tables import (
    context_code as contexts,
    context_levels as levels,
    order1 as order1_tables,
)
from ansflow.kernels.tables.records import reciprocals_of
from ansflow.models import quantize

LANES = st.sampled_from([1, 2, 4, 8, 16, 32, 64])
LOW = 1 << 15


def frozen(array):
    """A view that cannot be written to, as models have it: kernels are compiled once."""
    view = array.view()
    view.setflags(write=False)
    return view


@st.composite
def matrices(draw, precisions=None):
    """``(freq, precision)``: square, each row a distribution, some of them deterministic."""
    if precisions is None:
        precisions = st.integers(1, 12)
    precision = draw(precisions)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    alphabet = draw(st.sampled_from([n for n in (1, 2, 3, 7, 100, 256) if n <= 1 << precision]))
    weights = rng.random((alphabet, alphabet)) ** draw(st.sampled_from([0.0, 1.0, 8.0]))
    weights[rng.random(weights.shape) < draw(st.sampled_from([0.0, 0.5, 0.99]))] = 0
    for row in np.flatnonzero(rng.random(alphabet) < draw(st.sampled_from([0.0, 0.3, 1.0]))):
        weights[row] = 0
    weights[~weights.any(axis=1), rng.integers(0, alphabet)] = 1
    return quantize(weights, precision), precision


@st.composite
def cases(draw):
    """Symbols too, walked through the matrix in coding order."""
    freq, precision = draw(matrices())
    lanes = draw(LANES)
    n = draw(st.sampled_from([0, 1, lanes - 1, lanes, lanes + 1, 8 * lanes, 19 * lanes + 5]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    possible = [np.flatnonzero(row) for row in freq]
    symbols = np.zeros(n, np.uint8)
    for begin, end in naive.order1_segments(n, lanes):
        context = 0
        for i in range(begin, end):
            context = symbols[i] = rng.choice(possible[context])
    return symbols, freq, precision, lanes


def encode(symbols, freq, precision, lanes):
    records = np.zeros((freq.shape[0], 256), np.uint64)
    assert order1_tables.fill_record_rows(
        frozen(freq), np.uint64(precision), reciprocals_of(precision), records
    )
    words = np.full(symbols.size + 1, 0xBEEF, np.uint16)
    states = np.full(lanes, LOW, np.uint32)
    cursor = order1.encode(symbols, states, records, np.uint64(precision), words, np.uint64(0))
    return states, words[int(cursor) :].copy()


def decode(states, words, freq, precision, n):
    """The symbols, the states left and the cursor."""
    slots = np.zeros((freq.shape[0], 1 << precision), np.uint32)
    assert order1_tables.fill_slot_rows(frozen(freq), slots)
    words = words.view()
    words.setflags(write=False, align=False)  # as the coder has it: kernels are compiled once
    states, last = states.copy(), np.zeros(states.size, np.uint32)
    out = np.zeros(n, np.uint8)
    p, zero = np.uint64(precision), np.uint64(0)
    done, cursor = order1.decode_rows(words, zero, states, last, slots, p, out)
    assert done <= n // states.size
    done, cursor = np.uint64(done), np.uint64(cursor)
    cursor = order1.decode_rest(words, cursor, states, last, slots, p, out, done)
    return out, states, int(cursor)


@given(cases())
@example((np.zeros(300, np.uint8), np.array([[4096]], np.uint32), 12, 16))
@example((np.arange(300, dtype=np.uint8) % 2, np.array([[1, 4095], [4096, 0]], np.uint32), 12, 2))
@example((np.zeros(300, np.uint8), np.array([[1, 4095], [1, 4095]], np.uint32), 12, 4))
def test_words_are_the_references(case):
    symbols, freq, precision, lanes = case
    states, words = encode(symbols, freq, precision, lanes)
    expected = naive.order1_stream(symbols.tolist(), freq.tolist(), precision, lanes)
    assert naive.split(states.tolist(), 2) + words.tolist() == expected
    out, left, cursor = decode(states, words, freq, precision, symbols.size)
    assert np.array_equal(out, symbols)
    assert left.tolist() == [LOW] * lanes
    assert cursor == words.size


@given(matrices(), st.binary(max_size=3000), st.integers(0, 700), st.integers(0, 2**32))
def test_random_words_decode_to_possible_symbols(matrix, data, n, seed):
    freq, precision = matrix
    words = np.frombuffer(data[: len(data) & ~1], np.uint16)
    states = np.random.default_rng(seed).integers(LOW, LOW << 16, 16, np.uint32)
    out, states, cursor = decode(states, words, freq, precision, n)
    assert cursor >= 0
    assert ((states >= LOW) | (cursor > words.size)).all()
    before = naive.order1_contexts(out.tolist(), 16)
    assert all(freq[c, s] for c, s in zip(before, out.tolist(), strict=True))


def test_a_cut_stream_moves_the_cursor_beyond_its_end():
    rng = np.random.default_rng(3)
    freq = quantize(rng.random((9, 9)) ** 4, 10)
    symbols = rng.integers(0, 9, 2000).astype(np.uint8)
    states, words = encode(symbols, freq, 10, 32)
    for cut in (0, 1, 31, 32, 255, 256, words.size - 1):
        _, _, cursor = decode(states, words[:cut].copy(), freq, 10, symbols.size)
        assert cursor > cut


@given(st.binary(max_size=700), LANES)
@example(b"\0" * 100, 64)
def test_pairs_are_counted_in_coding_order(data, lanes):
    counts = np.zeros((256, 256), np.uint32)
    order1.count_pairs(np.frombuffer(data, np.uint8), np.uint64(lanes), counts)
    expected = np.zeros((256, 256), np.uint32)
    for pair in zip(naive.order1_contexts(list(data), lanes), data, strict=True):
        expected[pair] += 1
    assert np.array_equal(counts, expected)


@pytest.mark.parametrize("n", [0, 1, 5, 64, 1000])
@pytest.mark.parametrize("lanes", [1, 8, 64])
def test_segments_start_where_the_reference_says(n, lanes):
    starts = [
        int(order1.segment_start(np.uint64(j), np.uint64(n), np.uint64(lanes)))
        for j in range(lanes)
    ]
    assert starts == [begin for begin, _ in naive.order1_segments(n, lanes)]


@pytest.mark.parametrize(
    ("rows", "complete"),
    [
        ([[4, 0, 0], [0, 0, 0], [0, 0, 0]], True),
        ([[2, 0, 2], [0, 0, 0], [0, 0, 4]], True),
        ([[2, 0, 2], [0, 4, 0], [0, 0, 0]], False),
        ([[4, 0, 0], [0, 0, 4], [0, 0, 0]], True),
        ([[0, 0, 4], [0, 0, 0], [0, 4, 0]], False),
        ([[0, 0, 0], [0, 4, 0], [0, 0, 4]], False),
        ([[2, 2, 0], [3, 0, 0], [0, 0, 4]], False),
        ([[2, 2, 0], [4, 4, 0], [0, 0, 4]], False),
    ],
)
def test_every_context_that_can_occur_must_have_a_row(rows, complete):
    freq = np.array(rows, np.uint32)
    assert order1_tables.fill_slot_rows(frozen(freq), np.zeros((3, 4), np.uint32)) is complete
    records = np.zeros((3, 256), np.uint64)
    assert (
        order1_tables.fill_record_rows(frozen(freq), np.uint64(2), reciprocals_of(2), records)
        is complete
    )


@pytest.mark.parametrize("precision", range(1, 13))
def test_division_is_exact_at_both_ends_of_every_multiple(precision):
    """Where the product could first be too large: at multiples of f, and one below."""
    total = 1 << precision
    frequencies = np.arange(1, total + 1)
    for f in frequencies[:: max(1, total // 200)]:
        freq = np.array([[f, total - f], [f, total - f]], np.uint32)
        if total == f:
            freq[1] = [total, 0]
        records = np.zeros((2, 256), np.uint64)
        order1_tables.fill_record_rows(
            frozen(freq), np.uint64(precision), reciprocals_of(precision), records
        )
        record = int(records[0, 0])
        m, shift = record & 0xFFFFFFFF, record >> 58
        most = int(f) * 2 ** (31 - precision) - 1
        for q in {1, 2, 3, most // int(f) - 1, most // int(f)}:
            for x in (q * int(f) - 1, q * int(f), most):
                if 0 <= x <= most:
                    assert x * m >> shift == x // int(f)


def written(freq, precision):
    used = max(1, np.count_nonzero(freq.any(axis=1)))
    bits = (used + 2) * (used + 1) * contexts.MAX_BITS_PER_FREQUENCY + freq.shape[0]
    room = np.zeros(bits // 8 + 1, np.uint8)
    size = int(contexts.write_contexts(freq, np.uint64(precision), room))
    assert not room[size:].any()
    return room[:size].copy()


def read(data, precision, alphabet):
    freq = np.full((alphabet, alphabet), 12345, np.uint32)
    return int(contexts.read_contexts(data, np.uint64(precision), freq)), freq


def check_table(freq, precision):
    """What holds for each matrix that is read: rows are whole, and none is missing."""
    rows = freq.any(axis=1)
    assert (freq.sum(axis=1)[rows] == 1 << precision).all()
    assert rows[0]
    assert rows[freq.any(axis=0)].all()


@given(matrices())
def test_tables_come_back(matrix):
    freq, precision = matrix
    data = written(freq, precision)
    size, back = read(data, precision, freq.shape[0])
    assert size == data.size
    assert np.array_equal(back, freq)
    size, back = read(np.append(data, np.uint8(255)), precision, freq.shape[0])
    assert size == data.size
    assert np.array_equal(back, freq)


@given(st.integers(1, 12), st.integers(1, 256), st.integers(0, 3000), st.integers(0, 2**32))
def test_quantized_contexts_code_all_that_occurs(precision, alphabet, n, seed):
    alphabet = min(alphabet, 1 << precision)
    rng = np.random.default_rng(seed)
    symbols = (rng.random(n) ** 3 * alphabet).astype(np.uint8)
    counts = np.zeros((256, 256), np.uint32)
    order1.count_pairs(symbols, np.uint64(8), counts)
    freq = np.full((256, 256), 12345, np.uint32)
    levels.quantize_contexts(counts, np.uint64(precision), freq)
    check_table(freq, precision)
    assert (freq[counts > 0] > 0).all()
    data = written(freq, precision)
    size, back = read(data, precision, 256)
    assert size == data.size
    assert np.array_equal(back, freq)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(5)
    symbols = (rng.random(3000) ** 3 * 20).astype(np.uint8)
    counts = np.zeros((256, 256), np.uint32)
    order1.count_pairs(symbols, np.uint64(8), counts)
    freq = np.zeros((256, 256), np.uint32)
    levels.quantize_contexts(counts, np.uint64(11), freq)
    return written(freq, 11)


def test_every_cut_of_a_table_is_noticed(table):
    for end in range(table.size):
        assert read(table[:end].copy(), 11, 256)[0] == 0


def test_every_flip_of_a_table_gives_another_table_or_none(table):
    for bit in range(8 * table.size):
        damaged = table.copy()
        damaged[bit // 8] ^= 1 << bit % 8
        size, freq = read(damaged, 11, 256)
        if size:
            check_table(freq, 11)
            # One form only: what is read is what would be written.
            assert np.array_equal(written(freq, 11), damaged[:size])


@given(
    st.integers(1, 12),
    st.sampled_from([1, 2, 5, 8, 256]),
    st.sets(st.integers(0, 255)),
    st.binary(max_size=400),
)
def test_random_bytes_give_a_whole_table_or_none(precision, alphabet, used, rest):
    marks = np.zeros(max(alphabet, 8), np.uint8)
    marks[[s for s in {0, *used} if s < alphabet]] = 1
    start = np.packbits(marks, bitorder="little")
    data = np.concatenate([start, np.frombuffer(rest, np.uint8)])
    size, freq = read(data, precision, alphabet)
    assert size <= data.size
    if size:
        check_table(freq, precision)
        assert np.array_equal(written(freq, precision), data[:size])


def test_certain_rows_are_cheap():
    """A row of one symbol takes its level, 4 bits, and a gap."""
    counts = np.zeros((256, 256), np.uint32)
    counts[np.arange(64), (np.arange(64) + 1) % 64] = 1000
    freq = np.zeros((256, 256), np.uint32)
    levels.quantize_contexts(counts, np.uint64(12), freq)
    assert written(freq, 12).size < 32 + 64 * 2
