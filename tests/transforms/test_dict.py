"""Dictionaries: sorted distinct values, and the number of each item among them."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from single_transforms import through, undo

import ansflow
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.dict import rank
from ansflow.transforms.dict import Dict
from ansflow.transforms.layout import Layout
from ansflow.transforms.transform import Unsuitable
from ansflow.varints import ByteReader, pack_varint

RNG = np.random.default_rng(0)
DICT = Dict()


def check(array):
    """Against NumPy's own way."""
    width = array.dtype.itemsize
    count, (codes, values) = through(DICT, array)
    expected = np.unique(array.reshape(-1).view(f"u{width}"), return_inverse=True)
    assert count == expected[0].size
    assert np.array_equal(values.view(f"<u{width}"), expected[0])
    assert np.array_equal(codes.view(code_type(count)), expected[1])


def code_type(count):
    return "u1" if count <= 256 else "<u2" if count <= 65536 else "<u4"


@given(
    st.sampled_from([2, 4, 8]),
    st.lists(st.integers(0, 40), max_size=3),
    st.sampled_from([1, 2, 255, 256, 257, 1000]),
)
def test_any_shape(width, shape, distinct):
    values = RNG.integers(0, 1 << (8 * width), distinct, f"u{width}")
    check(RNG.choice(values, shape))


@pytest.mark.parametrize("width", [2, 4, 8])
def test_as_many_values_as_there_may_be(width):
    """Around all sizes at which tables and codes grow."""
    for distinct in (255, 256, 257, 258, 4095, 4096, 4097, 4098, 65535, 65536):
        values = np.unique(RNG.integers(0, 1 << (8 * width), 70_000, f"u{width}"))
        if width == 2:
            values = np.arange(1 << 16, dtype=np.uint16)
        values = RNG.permutation(values)[:distinct]
        check(RNG.permutation(np.concatenate([values, values[:1000]])))


@pytest.mark.parametrize("width", [4, 8])
def test_codes_of_four_bytes(width):
    for distinct in (65537, (1 << 18) - 1, (1 << 18) + 1):
        values = RNG.permutation(np.arange(distinct, dtype=f"u{width}") * 3)
        array = np.append(values, values[:9])
        count, outputs = through(DICT, array)
        assert count == distinct
        assert np.array_equal(outputs[0].view("<u4"), array // 3)
        undone = undo(DICT, count, outputs, Layout(width, array.shape))
        assert np.array_equal(undone.view(array.dtype), array)


@pytest.mark.parametrize("width", [4, 8])
def test_more_values_are_too_many(width):
    values = np.arange((1 << 20) + 1).astype(f"u{width}")
    with pytest.raises(Unsuitable, match="more than 1048576 distinct"):
        through(DICT, np.concatenate([np.zeros(1000, values.dtype), values]))
    count, _ = through(DICT, values[1:])
    assert count == 1 << 20


def check_rows(array):
    """The same for items of any size, which are in the order of their bytes."""
    width = array.dtype.itemsize
    count, (codes, values) = through(DICT, array)
    expected = sorted({*array.reshape(-1).view(f"V{width}").tolist()})
    assert values.tobytes() == b"".join(expected)
    assert count == len(expected)
    back = [expected[code] for code in codes.view(code_type(count))]
    assert b"".join(back) == array.tobytes()
    undone = undo(DICT, count, [codes, values], Layout(width, array.shape))
    assert undone.tobytes() == array.tobytes()


@given(
    st.sampled_from([3, 5, 12, 16, 20, 70]),
    st.lists(st.integers(0, 40), max_size=3),
    st.sampled_from([1, 2, 255, 256, 257, 1000]),
)
def test_any_shape_of_rows(width, shape, distinct):
    # Some differ by one byte only, the first or the last one.
    values = np.zeros((distinct, width), np.uint8)
    values[:, 0 if distinct % 2 else -1] = np.arange(distinct) % 256
    values[:, 1] = RNG.integers(0, 256, distinct) * (distinct > 256)
    check_rows(RNG.choice(values.view(f"V{width}").reshape(-1), shape))


@pytest.mark.parametrize("width", [3, 12, 5])
def test_as_many_rows_as_tables_have(width):
    for distinct in (255, 256, 257, 4095, 4096, 4097, 65535, 65536, 65537, 70_000):
        numbers = np.arange(distinct, dtype="<u8")[:, np.newaxis].view(np.uint8)[:, :3]
        values = np.zeros((distinct, width), np.uint8)
        values[:, -3:] = numbers
        items = RNG.permutation(np.concatenate([values, values[:1000]])).view(f"V{width}")
        if width == 3 and distinct > 65536:
            with pytest.raises(Unsuitable, match="more than 65536 distinct"):
                through(DICT, items.reshape(-1))
        else:
            check_rows(items.reshape(-1))


def test_values_that_differ_in_some_bits_only():
    numbers = np.arange(1000, dtype=np.uint64)
    for shift in (0, 20, 40, 54):
        check(RNG.permutation(np.repeat(numbers << np.uint64(shift), 3)))
    check(np.append(RNG.normal(size=2000), [np.nan, np.nan, -np.nan, -0.0, 0.0, np.inf]))


@pytest.mark.parametrize(("values", "items"), [(0, 1), (1, 0), (6, 5), ((1 << 20) + 1, 1 << 21)])
def test_parameters_that_are_refused(values, items):
    with pytest.raises(CorruptDataError, match=f"{values} values for {items} items"):
        DICT.parse(ByteReader(pack_varint(values)), Layout(4, (items,)))


@pytest.mark.parametrize("width", [2, 3, 4, 8, 12])
def test_codes_without_a_value_are_refused(width):
    for values, layout in ((3, Layout(width, (70,))), (300, Layout(width, (2, 200)))):
        codes = np.zeros(layout.items, "u1" if values <= 256 else "<u2")
        entries = RNG.integers(0, 256, values * width, np.uint8)
        assert undo(DICT, values, [codes.view("u1"), entries], layout).size == layout.nbytes
        for place in (0, 33, layout.items - 1):
            for code in (values, int(np.iinfo(codes.dtype).max)):
                damaged = codes.copy()
                damaged[place] = code
                with pytest.raises(CorruptDataError, match=f"none of its {values} values"):
                    undo(DICT, values, [damaged.view("u1"), entries], layout)


def test_layouts_and_settings():
    accepted = [width for width in range(1, 17) if DICT.accepts(Layout(width, (3,)))]
    assert accepted == [*range(2, 17)]
    with pytest.raises(ValueError, match="takes no settings"):
        DICT.check(1)


@pytest.mark.parametrize("width", [4, 8])
@pytest.mark.parametrize("size", [0, 1, 2, 300])
def test_values_are_ranked_whichever_bytes_tell_them_apart(width, size):
    for low, high in ((0, 8 * width), (0, 12), (8 * width - 10, 8 * width), (7, 9)):
        numbers = RNG.integers(0, 1 << 63, size, np.uint64) >> np.uint64(max(0, 63 - (high - low)))
        values = np.unique(numbers << np.uint64(low)).astype(f"u{width}")
        RNG.shuffle(values)
        ascending, names = np.empty_like(values), np.empty(values.size, np.uint32)
        rank(values, ascending, names)
        assert np.array_equal(ascending, np.sort(values))
        assert np.array_equal(ascending[names], values)


def test_a_frame_stays_as_it_is():
    """Values that are stored there are not put in order there."""
    floats = RNG.normal(size=30).astype("f2")[RNG.integers(0, 30, 3000)]
    blob = bytearray(ansflow.compress(floats, recipe="ordered[float](dict)"))
    before = bytes(blob)
    for _ in range(2):
        assert np.array_equal(ansflow.decompress(blob), floats)
    assert blob == before
