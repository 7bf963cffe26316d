"""Rows with classes: words are the reference's, and classes are found where there are some."""

import math

import naive
import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from ansflow.coding.coders.row_classes import RowClassCoder
from ansflow.errors import CorruptDataError, TruncatedError
from ansflow.kernels.jit import kernel
from ansflow.kernels.tables import class_code, class_merging, row_classes
from ansflow.kernels.tables.slots import read_slots
from ansflow.kernels.vector import lengths as vector_lengths
from ansflow.models import quantize

LANES = st.sampled_from([1, 2, 4, 8, 16, 32, 64])
ROW = 64

# Scratch, and none.
NO_CLASSES = np.empty(0, np.uint8)
TOTALS, PAIRS = np.empty(8, np.uint16), np.empty((8, 8), np.uint64)


def frozen(array):
    """As encoders and decoders have it: kernels are compiled once."""
    array.setflags(write=False)
    return array


def random_case(rng, precision, number, size, skew):
    """Frequencies, classes, and symbols that are possible in them, however rare."""
    alphabet = min(256, 1 << precision)
    freq = np.zeros((number, 256), np.uint32)
    for row in freq:
        present = rng.permutation(alphabet)[: rng.integers(1, alphabet + 1)]
        row[present] = quantize(rng.random(present.size) ** skew + 1e-9, precision)
    classes = rng.integers(0, number, -(-size // ROW)).astype(np.uint8)
    symbols = np.empty(size, np.uint8)
    for i in range(size):
        symbols[i] = rng.choice(np.flatnonzero(freq[classes[i // ROW]]))
    return freq, classes, symbols


@st.composite
def cases(draw):
    precision = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    number, size = draw(st.integers(1, 8)), draw(st.sampled_from([0, 1, 63, 64, 65, 128, 200, 450]))
    freq, classes, symbols = random_case(
        rng, precision, number, size, draw(st.sampled_from([1, 8]))
    )
    return precision, freq, classes, symbols


@given(cases(), LANES)
def test_words_are_those_of_the_reference(case, lanes):
    precision, freq, classes, symbols = case
    rows = [naive.Intervals(row) for row in freq]
    taken = [rows[classes[i // ROW]] for i in range(symbols.size)]
    coder = RowClassCoder(freq, classes, precision)
    words = coder.encode(frozen(symbols), lanes)
    assert words.tolist() == naive.fast_stream(symbols.tolist(), taken, precision, lanes)
    assert coder.first_impossible(symbols, lanes) == symbols.size
    out = np.empty_like(symbols)
    coder.decode(words, out, lanes)
    assert np.array_equal(out, symbols)


def test_symbols_that_their_class_does_not_have_are_found():
    freq = np.zeros((2, 256), np.uint32)
    freq[0, 3], freq[1, 5] = 256, 256
    symbols = np.repeat([3, 5, 3], [64, 64, 10]).astype(np.uint8)
    coder = RowClassCoder(freq, np.array([0, 1, 0], np.uint8), 8)
    assert coder.first_impossible(symbols, 4) == symbols.size
    symbols[130] = 5
    assert coder.first_impossible(symbols, 4) == 130
    assert coder.place(130) == " in class 0"
    for lanes in (4, 64):
        coder.encode(frozen(symbols), lanes)  # nothing but wrong words comes of it


@pytest.mark.parametrize("lanes", [2, 64])
def test_streams_that_end_early_or_late(lanes):
    freq, classes, symbols = random_case(np.random.default_rng(0), 11, 3, 5000, 4)
    coder = RowClassCoder(freq, classes, 11)
    words = coder.encode(frozen(symbols), lanes)
    out = np.empty_like(symbols)
    for end in (*range(0, words.size, 97), words.size - 1):
        with pytest.raises(TruncatedError):
            coder.decode(words[:end], out, lanes)
    with pytest.raises(CorruptDataError):
        coder.decode(np.append(words, words[:1]), out, lanes)


# Tables and classes as they are written


@given(st.integers(0, 2**32), st.integers(1, 8), st.integers(8, 12))
def test_tables_come_back(seed, number, precision):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 1 << 20, (number, 256)).astype(np.uint32)
    counts[rng.random(counts.shape) < rng.random()] = 0
    counts[:, 7] += 1
    freq = np.empty((number, 256), np.uint32)
    out = np.full(class_code.TABLE_ROOM * number, 255, np.uint8)
    used, bits = class_code.fit_tables(counts, precision, freq, out)
    for row, count in zip(freq, counts, strict=True):
        assert np.array_equal(row, quantize(count, precision))
    lengths = precision - np.log2(np.maximum(freq, 1))
    assert bits == pytest.approx((counts * lengths).sum())
    back, slots = np.empty_like(freq), np.empty((number, 1 << precision), np.uint32)
    data = frozen(out[:used].copy())
    assert read_slots(data, 1 << precision, back, slots) == used
    assert np.array_equal(back, freq)
    assert np.array_equal(slots, RowClassCoder(freq, NO_CLASSES, precision).slots)
    assert read_slots(frozen(data[:-1].copy()), 1 << precision, back, slots) == 0


@given(st.integers(2, 8), st.lists(st.integers(0, 7), max_size=50))
def test_classes_come_back_from_their_differences(number, values):
    classes = np.array(values, np.uint8) % number
    differences = np.empty_like(classes)
    class_code.subtract_classes(classes, np.uint64(number), differences)
    expected = np.diff(classes.astype(int), prepend=0) % number
    assert np.array_equal(differences, expected)
    assert class_code.add_classes(differences, np.uint64(number), differences)
    assert np.array_equal(differences, classes)


@pytest.mark.parametrize("number", range(2, 9))
def test_differences_of_too_much_are_noticed(number):
    for difference in (number, 2 * number - 1, 255):
        differences = np.array([0, number - 1, difference, 0], np.uint8)
        assert not class_code.add_classes(differences, np.uint64(number), differences)


# Finding classes


@pytest.mark.parametrize("rows", [1, 10])
def test_sums_of_rows(rows):
    symbols = frozen(np.random.default_rng(rows).integers(0, 256, rows * ROW).astype(np.uint8))
    sums = np.empty(rows, np.uint32)
    row_classes.sum_rows(symbols, sums)
    assert np.array_equal(sums, symbols.reshape(rows, ROW).sum(axis=1, dtype=int) // 4)
    assert sums.max() < row_classes.SUMS


@given(st.lists(st.integers(0, row_classes.SUMS - 1), min_size=1, max_size=300))
@example([0] * 1000 + list(range(100)))
@example([row_classes.SUMS - 1])
def test_rows_are_split_in_the_order_of_their_sums(values):
    sums = np.array(values, np.uint32)
    classes = np.empty(sums.size, np.uint8)
    row_classes.split_rows(sums, np.empty(row_classes.SUMS, np.uint32), classes)
    order = np.argsort(sums, kind="stable")
    steps = np.diff(classes[order].astype(int), prepend=0)
    assert set(steps) <= {0, 1}
    assert classes.max() < 8
    assert not steps[1:][np.diff(sums[order].astype(int)) == 0].any()  # equals stay together


def test_rows_without_information_leave_classes_to_the_others():
    sums = np.concatenate([np.zeros(1000), np.arange(1, 71)]).astype(np.uint32)
    classes = np.empty(sums.size, np.uint8)
    row_classes.split_rows(sums, np.empty(row_classes.SUMS, np.uint32), classes)
    assert np.bincount(classes).tolist() == [1000] + [10] * 7


def counted(symbols, classes):
    """Symbols of each class, by NumPy."""
    own = np.repeat(classes, ROW)[: symbols.size].astype(int)
    return np.bincount(256 * own + symbols, minlength=2048).reshape(8, 256)


@pytest.mark.parametrize("size", [1, 64, 100, 5000])
def test_symbols_of_classes_are_counted(size):
    rng = np.random.default_rng(size)
    symbols = frozen(rng.integers(0, 256, size).astype(np.uint8))
    classes = rng.integers(0, 8, -(-size // ROW)).astype(np.uint8)
    counts = np.empty((8, 256), np.uint32)
    partial = np.empty((*row_classes.PARTIALS, 256), np.uint32)
    row_classes.count_rows(symbols, classes, partial, counts)
    assert np.array_equal(counts, counted(symbols, classes))


def test_lengths_of_a_row_are_added_up():
    rng = np.random.default_rng(0)
    lengths = rng.integers(0, 1024, (256, 8)).astype(np.uint16)
    lengths[255] = 1023
    symbols = rng.integers(0, 256, 300).astype(np.uint8)
    symbols[200:264] = 255
    totals = np.empty(8, np.uint16)

    @kernel
    def call(symbols, at, lengths, totals):
        vector_lengths.add_lengths(symbols, at, lengths, totals)

    for at in (0, 1, 77, 200, 236):
        call(frozen(symbols), np.uint64(at), lengths, totals)
        assert np.array_equal(totals, lengths[symbols[at : at + ROW]].sum(axis=0))
        vector_lengths._add_lengths(symbols, at, lengths, totals)
        assert np.array_equal(totals, lengths[symbols[at : at + ROW]].sum(axis=0))


def test_lengths_are_those_of_the_counts():
    counts = np.zeros((8, 256), np.uint32)
    counts[0, :4] = 8, 4, 2, 2
    counts[1, 0] = 1 << 20
    lengths = np.empty((256, 8), np.uint16)
    row_classes.fill_lengths(counts, lengths)
    assert lengths[:4, 0].tolist() == [64, 128, 192, 192]
    assert lengths[0, 1] == 0
    assert (lengths[4:, 0] > 5 * 64).all()
    assert (lengths[1:, 1] == row_classes.LONGEST).all()
    assert (lengths[:, 2:] == row_classes.LONGEST).all()


@given(st.integers(0, 2**32), st.sampled_from([1, 64, 100, 700]), st.integers(1, 8))
def test_rows_get_the_class_under_which_they_are_shortest(seed, size, number):
    rng = np.random.default_rng(seed)
    symbols = frozen(rng.integers(0, 256, size).astype(np.uint8))
    lengths = rng.integers(0, 1024, (256, 8)).astype(np.uint16)
    moves = rng.integers(0, 500, 8).astype(np.uint64)
    classes = np.empty(-(-size // ROW), np.uint8)
    choose_classes(symbols, lengths, moves, np.uint64(number), TOTALS, classes)
    before = 0
    for i, found in enumerate(classes):
        row = lengths[symbols[i * ROW : (i + 1) * ROW]].sum(axis=0, dtype=int)
        prices = [int(row[k]) + int(moves[(k - before) % number]) for k in range(number)]
        assert found == prices.index(min(prices))
        before = int(found)


def bits_of(counts):
    counts = np.asarray(counts, float).reshape(-1)
    counts = counts[counts > 0]
    return float((counts * np.log2(counts.sum() / counts)).sum())


@given(st.integers(0, 2**32), st.integers(1, 8))
def test_merging_leaves_classes_that_differ(seed, different):
    """Of classes that are copies of a few distributions, in order, those few are left."""
    rng = np.random.default_rng(seed)
    kinds = np.sort(np.append(np.arange(different), rng.integers(0, different, 8 - different)))
    classes = rng.integers(0, 8, 4000).astype(np.uint8)
    symbols = (8 * kinds[np.repeat(classes, ROW)] + rng.integers(0, 8, classes.size * ROW)).astype(
        np.uint8
    )
    counts = counted(symbols, classes).astype(np.uint32)
    moves = np.empty(8, np.uint64)
    expected = kinds[classes]
    number, bits, of_all = class_merging.merge_classes(counts, classes, 1.0, moves, PAIRS)
    assert number == different
    assert np.array_equal(classes, expected)
    assert np.array_equal(counts, counted(symbols, classes))
    found = np.bincount(np.diff(classes.astype(int), prepend=0) % different, minlength=8)
    assert np.array_equal(moves, found)
    assert bits == pytest.approx(bits_of(found), abs=1e-6)
    tables = class_merging.SYMBOL_COST * np.count_nonzero(counts)
    expected_bits = bits + tables + sum(map(bits_of, counts))
    assert of_all == pytest.approx(expected_bits, rel=1e-9)


def test_merging_leaves_no_class_without_symbols():
    classes = np.array([0, 2, 5, 7] * 50, np.uint8)
    symbols = np.repeat(classes * 8, ROW)
    counts = counted(symbols, classes).astype(np.uint32)
    number, *_ = class_merging.merge_classes(counts, classes, 1.0, np.empty(8, np.uint64), PAIRS)
    assert number == 4
    assert classes.tolist() == [0, 1, 2, 3] * 50
    assert counts.any(axis=1).tolist() == [True] * 4 + [False] * 4


choose_classes = kernel(row_classes.choose_classes)  # a test is no kernel


def classify(symbols, sample=None, most=math.inf):
    classes = np.empty(-(-symbols.size // ROW), np.uint8)
    counts = np.empty((8, 256), np.uint32)
    sample = symbols[: symbols.size // ROW * ROW] if sample is None else sample
    number, bits = 1, 0
    if row_classes.are_dispersed(sample):
        number, bits = row_classes.classify(symbols, sample, most, counts, classes)
    return int(number), float(bits), counts, classes


def noise_of_changing_width(rng, size):
    """Rows of wide and of narrow distributions."""
    scale = 2.0 ** rng.integers(0, 5, -(-size // (8 * ROW))).repeat(8 * ROW)[:size]
    return frozen(np.minimum(rng.exponential(scale), 255).astype(np.uint8))


@pytest.mark.parametrize("size", [64 * 32, 20_000, 64 * 1000 + 1])
def test_classes_are_found_where_there_are_some(size):
    symbols = noise_of_changing_width(np.random.default_rng(size), size)
    sample = symbols[: max(size // 2, 2048) // ROW * ROW]
    number, bits, counts, classes = classify(symbols, sample)
    assert 2 <= number <= 8
    assert classes.max() == number - 1
    assert np.array_equal(counts, counted(symbols, classes))
    assert counts[:number].any(axis=1).all()
    assert bits < 3 * classes.size
    after = sum(map(bits_of, counts)) + bits
    assert after < 0.97 * bits_of(np.bincount(symbols))


def test_symbols_above_those_of_the_sample_are_counted():
    symbols = noise_of_changing_width(np.random.default_rng(1), 64 * 1000)
    sample, above = symbols[: symbols.size // 2], symbols.copy()
    above[-64:] = 255
    number, _, counts, classes = classify(frozen(above), sample)
    assert sample.max() < 255
    assert number > 1
    assert np.array_equal(counts, counted(above, classes))


@pytest.mark.parametrize("size", [64 * 32, 100_000])
def test_no_classes_are_found_where_all_rows_are_alike(size):
    rng = np.random.default_rng(size)
    symbols = frozen(np.minimum(rng.exponential(3.0, size), 255).astype(np.uint8))
    assert classify(symbols)[0] == 1


def test_no_classes_are_found_where_a_sample_promises_no_fewer_bits():
    symbols = noise_of_changing_width(np.random.default_rng(7), 64 * 1000)
    sample = symbols[: symbols.size // 4]
    number, bits, counts, _ = classify(symbols, sample)
    after = sum(map(bits_of, counts)) + bits
    assert classify(symbols, sample, 1.1 * after)[0] == number
    assert classify(symbols, sample, 0.9 * after)[0] == 1


@pytest.mark.parametrize(("quiet", "number"), [(200, 1), (1000, 2)])
def test_classes_are_left_alone_that_hardly_gain_anything(quiet, number):
    symbols = np.random.default_rng(2).integers(0, 256, (4000, ROW)).astype(np.uint8)
    symbols[-quiet:] //= 2  # these rows take a bit less for each symbol
    symbols = frozen(symbols.reshape(-1))
    classes = np.repeat([0, 1], [4000 - quiet, quiet])
    gain = 1 - sum(map(bits_of, counted(symbols, classes))) / bits_of(np.bincount(symbols))
    assert (gain > 1 - row_classes.WORTH_CLASSES) == (number > 1)
    assert classify(symbols)[0] == number


def test_one_row_makes_no_classes():
    assert classify(frozen(np.zeros(64, np.uint8)))[0] == 1
    assert classify(frozen(np.arange(64, dtype=np.uint8)))[0] == 1


def test_the_price_of_a_change_keeps_classes_together():
    lengths = np.full((256, 8), 1023, np.uint16)
    lengths[:, 0], lengths[0, 1], lengths[1, 1] = 100, 99, 101
    symbols = frozen(np.tile(np.repeat([0, 1], ROW), 5).astype(np.uint8))
    classes = np.empty(10, np.uint8)
    free, dear = np.zeros(8, np.uint64), np.array([0] + [1000] * 7, np.uint64)
    choose_classes(symbols, lengths, free, np.uint64(2), TOTALS, classes)
    assert classes.tolist() == [1, 0] * 5
    choose_classes(symbols, lengths, dear, np.uint64(2), TOTALS, classes)
    assert classes.tolist() == [0] * 10
