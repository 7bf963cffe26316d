"""Whatever dtype is written is read as the same one; what wouldn't be is refused by the writer."""

import io
import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as arrays

import ansflow


def extension():
    """A dtype that somebody else has registered: kind V, and NumPy writes it as `<V8`."""
    return np.dtype(pytest.importorskip("numpy._core._rational_tests").rational)


def brain_float():
    return np.dtype(pytest.importorskip("ml_dtypes").bfloat16)


def four_bits():
    """This one is written as `|V1`, or as good as."""
    return np.dtype(pytest.importorskip("ml_dtypes").int4)


def strings():
    return np.dtypes.StringDType()


def structure(**told):
    return np.dtype(told)


TITLED = np.dtype("<i4", metadata={"unit": "m"})

REFUSED = {
    "extension": extension,
    "brain float": brain_float,
    "four bits": four_bits,
    "strings": strings,
    "a field of an extension": lambda: np.dtype([("a", "u1"), ("b", extension(), (2,))]),
    "metadata": lambda: TITLED,
    "metadata of a field": lambda: np.dtype([("a", TITLED)]),
    "metadata of items of a field": lambda: np.dtype([("a", TITLED, (2, 1))]),
    "metadata far inside": lambda: np.dtype([("a", [("b", [("c", TITLED)])])]),
    "metadata of a structure": lambda: np.dtype([("a", "<i4")], metadata={"unit": "m"}),
    "fields out of order": lambda: structure(
        names=["a", "b"], formats=["i4", "i4"], offsets=[4, 0]
    ),
    "fields that overlap": lambda: structure(
        names=["a", "b"], formats=["i4", "i4"], offsets=[0, 2]
    ),
    "a title that is no text": lambda: np.dtype([((5, "a"), "i4")]),
    "a field that looks like padding": lambda: structure(
        names=["", "b"], formats=["V4", "i4"], offsets=[0, 4]
    ),
    "fields of a number": lambda: np.dtype(("i4", [("x", "i2"), ("y", "i2")])),
    "objects": lambda: np.dtype(object),
    "a field of objects": lambda: np.dtype([("a", object)]),
    "a unit of ten digits": lambda: np.dtype("M8[2147483647s]"),
}

TAKEN = [
    *("|b1", "<i2", ">i8", "|u1", "<f2", ">f4", "<c8", np.longdouble, np.clongdouble),
    *("|S0", "|S3", "<U0", ">U2", "|V0", "|V3", "<M8", ">M8[ns]", "<m8[25s]", "<M8[7D]"),
    np.dtype([("a", "i1"), ("b", "f8")], align=True),
    structure(names=["a"], formats=["i4"], offsets=[4], itemsize=16),
    structure(names=[], formats=[], itemsize=8),
    np.dtype([(("a title", "a"), "<i4"), (("", "b"), "|S1")]),
    np.dtype([("\ud800", "<i4"), ("a\0b", "u1"), ("é\n", ">U1"), ("\U0001f600", "?")]),
    np.dtype([("a", [("b", ">M8[ns]", (2, 3)), ("c", "|V0")], (0,)), ("d", "<f4")]),
    np.dtype((np.record, [("a", "<i4")])),
]


def written(dtype):
    """Zeros of that dtype in all ways to write an array."""
    yield lambda: ansflow.compress(np.zeros(3, dtype))
    yield lambda: ansflow.compress(np.zeros((), dtype))
    yield lambda: ansflow.compress(np.zeros((0, 2), dtype))

    def in_rows():
        file = io.BytesIO()
        with ansflow.ArrayWriter(file, dtype, (2,)) as writer:
            writer.append(np.zeros((3, 2), dtype))
        return file.getvalue()

    yield in_rows


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_not_be_read_is_refused(name):
    dtype = REFUSED[name]()
    for write in written(dtype):
        with pytest.raises(TypeError, match=r"cannot be|metadata"):
            write()


def test_a_structure_of_nothing_is_refused():
    with pytest.raises(TypeError, match="cannot be"):
        ansflow.compress(np.zeros(3, np.dtype([])))


def test_a_writer_takes_items_without_axes_of_their_own():
    with pytest.raises(TypeError, match="another"):
        ansflow.ArrayWriter(io.BytesIO(), "(2,3)f4")


def test_the_file_stays_as_it_is(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"there")
    with pytest.raises(TypeError, match="metadata"):
        ansflow.ArrayWriter(path, TITLED)
    assert path.read_bytes() == b"there"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_the_error_says_what_to_do():
    data = np.ones(1000, brain_float())
    with pytest.raises(TypeError, match=r"bfloat16.* uint16"):
        ansflow.compress(data)
    back = ansflow.decompress(ansflow.compress(data.view(np.uint16)))
    assert np.array_equal(back.view(data.dtype), data)


def check(array):
    """It comes back, or it is refused at once."""
    try:
        blob = ansflow.compress(array)
    except TypeError:
        return False
    back = ansflow.decompress(blob)
    assert back.dtype == array.dtype
    assert json.dumps(_names(back.dtype)) == json.dumps(_names(array.dtype))
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()
    return True


def _names(dtype):
    """Fields and titles, in order, as far as it goes."""
    if dtype.subdtype is not None:
        return [*dtype.subdtype[1], _names(dtype.subdtype[0])]
    if dtype.fields is None:
        return dtype.str
    return [[name, dtype.fields[name][1:], _names(dtype[name])] for name in dtype.names]


@pytest.mark.parametrize("dtype", TAKEN, ids=str)
def test_what_is_read_as_the_same_is_taken(dtype):
    dtype = np.dtype(dtype)
    raw = np.arange(5 * max(1, dtype.itemsize), dtype=np.uint8) % 2
    assert check(np.zeros((2, 0, 3), dtype))
    assert check(np.ndarray((5,), dtype, raw))


DTYPES = st.one_of(
    arrays.scalar_dtypes(),
    arrays.datetime64_dtypes(),
    arrays.timedelta64_dtypes(),
    arrays.nested_dtypes(),
    arrays.array_dtypes(allow_subarrays=True),
)


@given(DTYPES, arrays.array_shapes(min_dims=0, min_side=0, max_dims=2, max_side=3))
@settings(max_examples=150)
def test_any_dtype(dtype, shape):
    assert check(np.zeros(shape, dtype))
