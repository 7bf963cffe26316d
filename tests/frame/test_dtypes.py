"""Whatever dtype is written is read as the same one; what wouldn't be is refused by the writer."""

import io
import json
import subprocess
import sys

import naive_writer
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as arrays

import ansflow
from ansflow.errors import CorruptDataError, UnsupportedError
from ansflow.extension_dtypes import STAND_INS


def extension():
    """A dtype that somebody else has registered: kind V, and NumPy writes it as `<V8`."""
    return np.dtype(pytest.importorskip("numpy._core._rational_tests").rational)


def ml(name):
    """Of a package that NumPy doesn't know: it would write this as `<V2`, or `<V1`."""
    return np.dtype(getattr(pytest.importorskip("ml_dtypes"), name))


def brain_float():
    return ml("bfloat16")


def strings():
    return np.dtypes.StringDType()


def structure(**told):
    return np.dtype(told)


TITLED = np.dtype("<i4", metadata={"unit": "m"})

REFUSED = {
    "extension": extension,
    "metadata of items that NumPy lacks": lambda: np.dtype(brain_float(), metadata={"unit": "m"}),
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
        with pytest.raises(TypeError, match=r"cannot be|another|metadata"):
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


ML_DTYPES = {
    "bfloat16": brain_float,
    "four bits": lambda: ml("int4"),
    "a field": lambda: np.dtype([("a", "u1"), (("title", "b"), brain_float(), (2,))]),
    "with padding": lambda: np.dtype([("a", "i1"), ("b", brain_float()), ("c", "f8")], align=True),
    "fields of fields": lambda: np.dtype([("a", [("b", ml("float8_e5m2"), (2, 3))], (2,))]),
    "complex parts in a field": lambda: structure(
        names=["x", "y"], formats=[ml("float8_e4m3fn"), brain_float()], offsets=[3, 4], itemsize=9
    ),
}


@pytest.mark.parametrize("name", ML_DTYPES)
def test_dtypes_of_ml_dtypes(name):
    dtype = ML_DTYPES[name]()
    raw = (np.arange(300 * dtype.itemsize) ** 2 // 7 % 251).astype("u1")
    assert check(np.ndarray((300,), dtype, raw))
    assert check(np.ndarray((12, 25), dtype, raw, order="F"))
    for write in written(dtype):
        assert ansflow.decompress(write()).dtype == dtype
    with ansflow.ArrayReader(
        io.BytesIO(ansflow.compress(np.ndarray((300,), dtype, raw)))
    ) as reader:
        assert reader.dtype == dtype
        assert reader[7:90].dtype == dtype
        assert reader[7:90].tobytes() == raw[7 * dtype.itemsize : 90 * dtype.itemsize].tobytes()


def test_all_names_are_those_of_ml_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    kinds = [kind for kind in vars(ml_dtypes).values() if isinstance(kind, type)]
    dtypes = [np.dtype(kind) for kind in kinds if issubclass(kind, np.generic)]
    assert dtypes
    for dtype in dtypes:
        raw = np.resize(np.arange(256, dtype="u1"), 64 * dtype.itemsize)
        assert check(np.ndarray((64,), dtype, raw))


def test_they_are_numbers():
    """As floats of 16 bits, and as bytes."""
    steps = np.random.default_rng(0).normal(0, 0.1, 50_000)
    walk = np.cumsum(steps).astype(brain_float())
    assert ansflow.plan(walk).recipe == ansflow.plan(walk.view("u2"), dtype="bfloat16").recipe
    assert ansflow.plan(walk).recipe.name == "ordered"
    assert len(ansflow.compress(walk)) < 0.5 * walk.nbytes
    eighths = steps.astype(ml("float8_e4m3fn"))
    assert len(ansflow.compress(eighths)) < 0.8 * eighths.nbytes
    assert ansflow.plan(eighths.tobytes(), dtype="float8_e4m3fn").recipe is not None


@pytest.mark.parametrize("name", sorted(STAND_INS))
def test_bytes_that_are_such_numbers(name):
    """For that, the package isn't needed."""
    walk = np.cumsum(np.random.default_rng(1).normal(0, 0.1, 5000)).astype("<f2").tobytes()
    for content in (walk, walk + b"end"):
        assert ansflow.decompress(ansflow.compress(content, dtype=name)) == content


def test_the_package_is_imported_only_if_need_be():
    code = (
        "import ansflow, numpy, sys; "
        "ansflow.decompress(ansflow.compress(numpy.zeros(99, [('a', 'f8'), ('b', 'V3')]))); "
        "sys.exit('ml_dtypes' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_without_the_package(monkeypatch):
    """The array cannot be made, but its bytes are there."""
    dtype = np.dtype([("a", "u1"), ("b", brain_float())])
    array = np.ndarray((50,), dtype, np.arange(150, dtype="u1"))
    blob = ansflow.compress(array)
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    same_size = np.empty(50, "V3")
    for read in (
        lambda: ansflow.decompress(blob),
        lambda: ansflow.decompress(blob, out=same_size),
        lambda: ansflow.ArrayReader(io.BytesIO(blob)),
    ):
        with pytest.raises(UnsupportedError, match=r"bfloat16.*install ml_dtypes"):
            read()
    out = np.empty(150, "u1")
    ansflow.decompress(blob, out=out)
    assert out.tobytes() == array.tobytes()
    with ansflow.open(io.BytesIO(blob)) as file:
        assert file.read() == array.tobytes()
    described = ansflow.describe(io.BytesIO(blob))["frames"][0]["dtype"]
    assert json.loads(json.dumps(described)) == [["a", "|u1"], ["b", "bfloat16"]]
    twice = ansflow.Decompressor()
    assert twice.decompress(blob) == array.tobytes()


def test_rows_cannot_be_added_without_the_package(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(ansflow.compress(np.zeros(3, brain_float())))
    with ansflow.ArrayWriter(path, brain_float(), mode="a") as writer:
        writer.append(np.ones(2, brain_float()))
    assert ansflow.decompress(path.read_bytes()).tolist() == [0, 0, 0, 1, 1]
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(ValueError, match="cannot be appended"):
        ansflow.ArrayWriter(path, "V2", mode="a")


@pytest.mark.parametrize("name", ["bfloat", "bfloat16 ", ">bfloat16", "float128", "finfo", "V2"])
def test_unknown_names_are_refused(name):
    header = naive_writer.write_header(4, {"dtype": name, "shape": [2]}, [2], array=True)
    body = naive_writer.write_body(bytes(4), 2)
    blob = naive_writer.assemble(header, [naive_writer.write_chunk(header, 0, bytes(4), body, 2)])
    with pytest.raises(CorruptDataError, match="dtype"):
        ansflow.decompress(blob)


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
    assert back.tobytes("A") == array.tobytes("A")
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
@settings(max_examples=60)
def test_any_dtype(dtype, shape):
    assert check(np.zeros(shape, dtype))
