"""Chunks of any size without a frame: cut, without padding, and read in parts."""

import numpy as np
import pytest
from stored_arrays import DTYPES, array_of, awkward, nans

import ansflow
from ansflow.errors import AnsflowError, CorruptDataError, TruncatedError
from ansflow.integrations.pieces import Pieces, Rows, encode, leading, within

PLAN = ansflow.Plan(level=1)

# A chunk of two pieces, four rows of eight of which are no padding; written once, read for ever.
GOLDEN = bytes.fromhex(
    "0104000000050000000e00000081000100010203040506070809008100010a0b0c0d0e0f1011121300"
)


def decode(data, shape, fill, size, items=None):
    """The items of a range along the first axis, from nothing but the data that it takes."""
    items = range(shape[0] if shape else 1) if items is None else items
    found = Pieces.read(memoryview(data), shape, fill.dtype.itemsize, size)
    needed = found.of(items)
    ends = [*found.starts, len(data)]
    part = data[ends[needed.start] : ends[needed.stop]] if needed else b""
    return found.decode(memoryview(part), needed, items, fill)


def test_what_was_written_once_is_read():
    expected = np.full((8, 6), 7, "<u2")
    expected[:4, :5] = np.arange(20).reshape(4, 5)
    found = decode(GOLDEN, (8, 6), np.array(7, "<u2"), 20)
    assert np.array_equal(found, expected)


def test_a_recipe_by_hand_is_for_whole_pieces():
    plan, fill = ansflow.Plan(recipe="columns(log, log, log)"), np.array(7, "u2")
    whole = array_of("u2", (40, 3))
    assert encode(whole, fill, 4 << 20, plan)[1:] == ansflow.encode_chunk(whole, plan)
    padded = np.full((40, 3), fill)
    padded[:, :2] = whole[:, :2]
    for size in (20, 4 << 20):
        data = encode(padded, fill, size, plan)
        assert np.array_equal(decode(data, padded.shape, fill, size), padded)
    with pytest.raises(ValueError, match="not for such items"):
        encode(whole.reshape(60, 2), fill, 4 << 20, plan)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 90, 4 << 20])
def test_every_dtype(dtype, size):
    array = array_of(dtype, (6, 5, 4))
    fill = np.zeros((), dtype)
    data = encode(array, fill, size, PLAN)
    back = decode(data, array.shape, fill, size)
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize("kind", awkward())
def test_awkward_arrays(kind):
    array = np.array(awkward()[kind], order="C")
    fill = np.array(np.nan, array.dtype)
    back = decode(encode(array, fill, 64, PLAN), array.shape, fill, 64)
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize("size", [1, 7, 24, 100, 1000])
def test_parts_are_read_alone(size):
    array = array_of("u2", (9, 4, 3))
    padded = np.full((12, 4, 5), 999, "u2")
    padded[:9, :, :3] = array
    fill = np.array(999, "u2")
    for whole in (array, padded):
        data = encode(whole, fill, size, PLAN)
        before = Pieces.most_before(whole.shape, 2, size)
        found = Pieces.read(memoryview(data), whole.shape, 2, size)
        assert not before or found.starts[0] <= before
        for begin in range(len(whole)):
            for end in range(begin + 1, len(whole) + 1):
                part = decode(data, whole.shape, fill, size, range(begin, end))
                assert np.array_equal(part, whole[begin:end])


def test_padding_is_left_out():
    array = np.sin(np.arange(6000.0)).reshape(60, 100)
    for fill in (0.0, np.nan, -0.0):
        padded = np.full((100, 128), fill)
        padded[:60, :100] = array
        data = encode(padded, np.array(fill), 4 << 20, PLAN)
        assert len(data) == len(encode(array, np.array(fill), 4 << 20, PLAN)) + 8
        assert decode(data, padded.shape, np.array(fill), 4 << 20).tobytes() == padded.tobytes()


def test_fill_values_are_compared_bit_by_bit():
    for values in (nans(), np.array([0.0, -0.0] * 20, "f4")):
        for fill in (np.array(np.nan, "f4"), np.zeros((), "f4")):
            back = decode(encode(values, fill, 4 << 20, PLAN), values.shape, fill, 4 << 20)
            assert back.tobytes() == values.tobytes()


def test_nothing_but_fill_values():
    fill = np.array(3, "i4")
    array = np.full((5, 6), fill)
    data = encode(array, fill, 16, PLAN)
    assert len(data) == 9
    assert np.array_equal(decode(data, (5, 6), fill, 16), array)
    assert np.array_equal(decode(data, (5, 6), fill, 16, range(2, 3)), array[2:3])


def test_pieces_are_as_large_as_they_may_be():
    assert Rows.of((100, 10, 10), 4, 4 << 20) == (100, (10, 10), 100)
    assert Rows.of((100, 10, 10), 4, 8000) == (100, (10, 10), 20)
    assert Rows.of((100, 10, 10), 4, 390) == (1000, (10,), 9)
    assert Rows.of((100,), 4, 1) == (100, (), 1)
    rows = Rows.of((101,), 1, 100)
    assert (rows.each, rows.pieces) == (51, 2)


def test_shorter_arrays_have_no_more_pieces():
    """So that what is before the pieces is never longer than `most_before` says."""
    rng = np.random.default_rng(0)
    for _ in range(3000):
        shape = rng.integers(1, rng.choice([3, 12, 60]), rng.integers(1, 5))
        kept = rng.integers(0, shape + 1)
        size = int(rng.integers(1, 600))
        pieces = Rows.of(shape.tolist(), 4, size).pieces
        assert Rows.of(kept.tolist(), 4, size).pieces <= pieces


@pytest.mark.parametrize(
    "selection",
    [
        np.s_[3],
        np.s_[2:7],
        np.s_[1:9:3],
        np.s_[8:2:-2],
        np.s_[5:5],
        np.s_[-1],
        [4, 2, 2],
        [[6], [3]],
        [-1, 0],
        [False, True, True] * 3,
    ],
    ids=str,
)
def test_what_is_around_a_selection(selection):
    array = array_of("i4", (9, 4))
    first = np.array(selection) if isinstance(selection, list) else selection
    wanted = leading((first, slice(1, 3)), array.shape)
    assert wanted
    if len(wanted) < len(array):
        inner = array[wanted.start : wanted.stop][(within(first, wanted), slice(1, 3))]
        assert np.array_equal(inner, array[(first, slice(1, 3))])


def test_damage_never_goes_further():
    fill = np.zeros((), "u2")
    array = np.zeros((12, 8), "u2")
    array[:9, :7] = array_of("u2", (9, 7))
    data = encode(array, fill, 40, PLAN)
    rng = np.random.default_rng(0)
    for at in range(len(data)):
        for damaged in (data[:at], _with(data, at, rng.integers(256)), _with(data, at, 255)):
            try:
                back = decode(damaged, array.shape, fill, 40)
            except AnsflowError:
                continue
            assert (back.dtype, back.shape) == (array.dtype, array.shape)


def _with(data, at, byte):
    changed = bytearray(data)
    changed[at] = byte
    return bytes(changed)


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (b"", CorruptDataError, "empty"),
        (b"\2", CorruptDataError, "begin with 0 or 1"),
        (b"\1\1\0", TruncatedError, "first few bytes"),
        (b"\0\1\0", TruncatedError, "first few bytes"),
        (b"\1" + np.array([4, 3], "<u4").tobytes(), CorruptDataError, "more than"),
    ],
)
def test_beginnings_are_checked(data, error, said):
    with pytest.raises(error, match=said):
        Pieces.read(memoryview(data), (3, 4), 2, 8)
