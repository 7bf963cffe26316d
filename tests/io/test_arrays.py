"""`ArrayReader` gives what NumPy's indexing does, and decodes no more than it must."""

import gc
import io
import itertools
import operator
import os
import tracemalloc

import naive_examples as examples
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

import ansflow
from ansflow.engine.encoder import FrameEncoder
from ansflow.errors import AnsflowError, CorruptDataError, LimitError
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.constants import HEAD

RNG = np.random.default_rng(0)
CUBE = RNG.integers(-1000, 1000, (40, 5, 6)).astype("<i4")
RECORD = np.dtype([("a", "<i2"), ("b", ">f8", (2,)), ("c", [("x", "u1"), ("y", "S3")])])


def written(array, *, cuts=(), flush=False, **options):
    """The file of an array that is written row by row."""
    out = io.BytesIO()
    with ansflow.ArrayWriter(out, array.dtype, array.shape[1:], **options) as writer:
        begin = 0
        for end in [*sorted(cuts), len(array)]:
            writer.append(array[begin:end])
            begin = max(begin, end)
            if flush:
                writer.flush()
        assert writer.shape == array.shape
    return out.getvalue()


def reader_of(blob, **options):
    return ansflow.ArrayReader(io.BytesIO(blob), **options)


def same(a, b):
    """Also where they're NaN, and of which type. Padding doesn't count."""
    one, other = np.asarray(a), np.asarray(b)
    return (
        type(a) is type(b)
        and one.dtype == other.dtype
        and one.shape == other.shape
        and (one.tobytes() == other.tobytes() or (one.dtype.names and (one == other).all()))
    )


def check_key(reader, array, key):
    """The same result, or the same error."""
    try:
        expected = array[key]
    except IndexError:
        with pytest.raises(IndexError):
            reader[key]
    else:
        assert same(reader[key], expected), key


DTYPES = (
    hnp.boolean_dtypes()
    | hnp.integer_dtypes()
    | hnp.unsigned_integer_dtypes()
    | hnp.floating_dtypes()
    | hnp.complex_number_dtypes()
    | hnp.datetime64_dtypes()
    | hnp.timedelta64_dtypes()
    | hnp.byte_string_dtypes(min_len=1)
    | hnp.unicode_string_dtypes(min_len=1)
    | st.sampled_from([RECORD, np.dtype("V5"), np.dtype([("x", ">u2")]), np.dtype("S70")])
)


@st.composite
def arrays(draw, dtypes=DTYPES):
    """Any items: what counts is their bytes."""
    dtype = np.dtype(draw(dtypes))
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5))
    length = draw(st.integers(0, 40))
    count = length * int(np.prod(shape[1:]))
    if dtype.kind in "Ub":  # not all bytes are text or true
        array = np.zeros(count, dtype)
        array[:] = [draw(st.sampled_from(["a", "", "0"])) for _ in range(min(count, 1))] * count
    else:
        array = np.frombuffer(RNG.bytes(count * dtype.itemsize), dtype)
    return array.reshape(length, *shape[1:])


@given(
    arrays(),
    st.lists(st.integers(0, 40), max_size=5),
    st.integers(1, 200),
    st.booleans(),
    st.data(),
)
def test_any_array_and_any_basic_key(array, cuts, chunk_size, flush, data):
    blob = written(array, cuts=cuts, flush=flush, chunk_size=chunk_size, threads=1)
    assert same(ansflow.decompress(blob), array)
    with reader_of(blob, threads=data.draw(st.sampled_from([1, 2]))) as reader:
        assert (reader.dtype, reader.shape) == (array.dtype, array.shape)
        for _ in range(4):
            check_key(reader, array, data.draw(hnp.basic_indices(array.shape, allow_newaxis=True)))
        assert same(np.asarray(reader), array)


SLICES = st.slices(60) | st.builds(
    slice, *[st.none() | st.integers(-50, 50)] * 2, st.none() | st.sampled_from([-7, -1, 1, 2, 100])
)
FIRST = (
    st.integers(-45, 45)
    | SLICES
    | st.sampled_from([..., None, True, False, np.int8(3), np.uint64(3), np.True_, np.array(2)])
    | st.lists(st.integers(-45, 45), max_size=4)
    | st.lists(st.booleans(), min_size=40, max_size=40).map(np.array)
    | st.just(np.zeros(40, bool))
    | st.just(CUBE > 0)
    | st.just((CUBE > 0)[:, :, 0])
    | st.lists(st.integers(0, 39), min_size=2, max_size=2).map(lambda x: np.array([x]))
)
REST = st.sampled_from(
    [..., None, 0, -1, 5, 7, slice(None), slice(4, 1, -2), [0, 2], [4, 4], np.array([0, 1])]
)


@given(FIRST | st.tuples(FIRST) | st.tuples(FIRST, REST) | st.tuples(FIRST, REST, REST))
@settings(max_examples=40)
def test_any_key(key):
    with reader_of(CUBE_FILE) as reader:
        check_key(reader, CUBE, key)


CUBE_FILE = written(CUBE, cuts=[3, 17], flush=True, chunk_size=64)


@pytest.mark.parametrize("key", [1.5, "x", b"y", 1j, (0, "x"), [1.5], (0, 0, 0, 0), object()])
def test_what_is_no_key(key):
    with pytest.raises((IndexError, TypeError)), reader_of(CUBE_FILE) as reader:
        reader[key]


def test_fields_are_keys():
    array = np.frombuffer(RNG.bytes(30 * RECORD.itemsize), RECORD)
    with reader_of(ansflow.compress(array, chunk_size=100)) as reader:
        assert same(reader["b"], array["b"])
        assert same(reader[["a", "c"]], array[["a", "c"]])
        assert same(reader[3:9]["c"]["y"], array[3:9]["c"]["y"])


def test_what_is_returned_may_be_changed():
    with reader_of(CUBE_FILE) as reader:
        for key in (3, slice(2, 9), ..., slice(5, 5), [1, 2]):
            part = reader[key]
            part[...] = 7
            check_key(reader, CUBE, key)


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("order", [0, 1])
def test_rows_of_any_cut(threads, order):
    expected = ansflow.decompress(written(CUBE, chunk_size=100, order=order, threads=1))
    blobs = {
        written(CUBE, cuts=cuts, chunk_size=100, order=order, threads=threads)
        for cuts in ((), range(40), (0, 0, 40), (1, 39))
    }
    assert len(blobs) == 1
    assert same(ansflow.decompress(blobs.pop()), expected)


def test_rows_of_all_layouts():
    for array in (
        *(np.asfortranarray(CUBE), CUBE[::-2], CUBE[:, ::-1], CUBE.transpose(1, 2, 0)),
        *(np.broadcast_to(CUBE[0], (7, 5, 6)), CUBE[3:3], CUBE[:, :, :1]),
    ):
        assert same(ansflow.decompress(written(array)), np.ascontiguousarray(array))


def test_lists_and_scalars_of_rows():
    out = io.BytesIO()
    with ansflow.ArrayWriter(out, "f4", (2,)) as writer:
        writer.append([[1, 2], [3, 4]])
        writer.append(np.ones((1, 2), ">f8"))
        writer.append(np.empty((0, 2), "f2"))
    assert same(ansflow.decompress(out.getvalue()), np.array([[1, 2], [3, 4], [1, 1]], "f4"))


def test_what_has_no_loss_is_converted():
    for dtype, rows in [
        ("u1", [0, 255]),
        ("i1", np.array([-128, 127])),
        ("u8", np.array([0, 2**63 - 1])),
        (">i2", np.array([1, 2], "<i4")),
        ("M8[D]", np.array(["2020-01-01", "NaT"], "M8[s]")),
        ("f4", [1, np.nan, np.inf]),
        ("c8", [1, 2.5, 1j]),
        ("S3", np.array([b"abc", b""], "S10")),
        ("f4", np.array([0.1])),  # but for rounding
    ]:
        out = io.BytesIO()
        with ansflow.ArrayWriter(out, dtype) as writer:
            writer.append(rows)
        assert same(ansflow.decompress(out.getvalue()), np.asarray(rows).astype(dtype))


def test_rows_may_be_changed_after_the_call():
    out, rows = io.BytesIO(), np.zeros((50_000, 3), "<u2")
    with ansflow.ArrayWriter(out, "<u2", (3,), threads=3) as writer:
        for i in range(20):
            rows[:] = i
            writer.append(rows)
            rows[:] = 999
    expected = np.repeat(np.arange(20, dtype="<u2"), 150_000).reshape(-1, 3)
    assert same(ansflow.decompress(out.getvalue()), expected)


def test_nothing_appended():
    with reader_of(written(CUBE[:0])) as reader:
        assert reader.shape == (0, 5, 6)
        assert len(reader) == reader.size == reader.nbytes == 0
        assert same(reader[:], CUBE[:0])
        assert list(reader) == []
        with pytest.raises(IndexError):
            reader[0]


def test_all_that_an_array_tells():
    with reader_of(written(CUBE, metadata={"unit": "K"})) as reader:
        assert reader.shape == (40, 5, 6)
        assert (reader.ndim, reader.size, reader.nbytes) == (3, 1200, 4800)
        assert reader.dtype == CUBE.dtype
        assert reader.metadata == {"unit": "K"}
        assert len(reader) == 40
        assert all(same(row, other) for row, other in zip(reader, CUBE, strict=True))


def test_conversion():
    with reader_of(CUBE_FILE) as reader:
        assert same(np.asarray(reader), CUBE)
        assert same(np.array(reader), CUBE)
        assert same(np.asarray(reader, "f8"), CUBE.astype("f8"))
        assert np.mean(reader) == CUBE.mean()
        with pytest.raises(ValueError, match="copy"):
            np.array(reader, copy=False)


def test_arrays_without_axes():
    with reader_of(ansflow.compress(np.array(3.5))) as reader:
        assert reader.shape == ()
        assert reader[()] == 3.5
        assert reader[...] == 3.5
        assert same(np.asarray(reader), np.array(3.5))
        with pytest.raises(TypeError):
            len(reader)
        with pytest.raises(TypeError):
            iter(reader)
        for key in (0, slice(None)):
            with pytest.raises(IndexError):
                reader[key]


@pytest.mark.parametrize("array", [np.zeros((3, 0, 2)), np.zeros((0, 3)), np.zeros(4, "S0")])
def test_arrays_without_bytes(array):
    with reader_of(ansflow.compress(array)) as reader:
        assert reader.shape == array.shape
        for key in (..., 0, slice(1, 3), (slice(None), None)):
            check_key(reader, array, key)


def test_fortran_order():
    array = np.asfortranarray(CUBE)
    with reader_of(ansflow.compress(array, chunk_size=100)) as reader:
        assert reader[:].flags.f_contiguous
        for key in (0, slice(3, 9), (..., 2), ([1, 2], 0), None):
            check_key(reader, array, key)


@pytest.mark.parametrize("name", sorted(examples.CONTENTS))
def test_whatever_the_oracle_wrote(name):
    blob = examples.FILES[name]
    if examples.CONTENTS[name].dtype is None:
        with pytest.raises(CorruptDataError, match="bytes"):
            reader_of(blob)
        return
    expected = ansflow.decompress(blob)
    with reader_of(blob) as reader:
        for key in (..., 0, slice(3, None), slice(None, None, -3), (slice(1, 9), None)):
            check_key(reader, expected, key)


# Files


def test_paths(tmp_path):
    path = tmp_path / "array.ans"
    for name in (path, str(path), os.fsencode(path)):
        with ansflow.ArrayWriter(name, CUBE.dtype, CUBE.shape[1:]) as writer:
            writer.append(CUBE)
        with ansflow.ArrayReader(name) as reader:
            assert same(reader[:], CUBE)


def test_file_objects_are_read_from_their_position_and_not_closed():
    file = io.BytesIO(b"before")
    file.seek(6)
    with ansflow.ArrayWriter(file, CUBE.dtype, CUBE.shape[1:]) as writer:
        writer.append(CUBE)
    file.seek(6)
    with ansflow.ArrayReader(file) as reader:
        assert same(reader[5], CUBE[5])
    assert not file.closed


def test_use_after_close(tmp_path):
    path = tmp_path / "file"
    writer = ansflow.ArrayWriter(path, "u1")
    writer.append([1, 2, 3])
    writer.close()
    writer.close()
    for call in (lambda: writer.append([4]), writer.flush):
        with pytest.raises(ValueError, match="closed"):
            call()
    reader = ansflow.ArrayReader(path)
    assert list(reader) == [1, 2, 3]
    reader.close()
    reader.close()
    for key in (0, ...):
        with pytest.raises(ValueError, match="closed"):
            reader[key]


def test_an_exception_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(CUBE_FILE)
    for mode in ("w", "a"):
        with (  # noqa: PT012
            pytest.raises(ZeroDivisionError),
            ansflow.ArrayWriter(path, CUBE.dtype, CUBE.shape[1:], mode=mode) as writer,
        ):
            writer.append(CUBE)
            raise ZeroDivisionError
    assert path.read_bytes() == CUBE_FILE
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.filterwarnings("always")
def test_what_is_never_closed_is_discarded_with_a_warning(tmp_path):
    writer = ansflow.ArrayWriter(tmp_path / "file", "u1")
    writer.append([1])
    with pytest.warns(ResourceWarning, match="never closed"):  # noqa: PT031
        del writer
        gc.collect()
    assert os.listdir(tmp_path) == []


def test_frames_one_after_the_other():
    blob = written(CUBE[:7]) + ansflow.compress(CUBE[7:8]) + written(CUBE[:0]) + written(CUBE[8:])
    with reader_of(blob) as reader:
        assert reader.shape == CUBE.shape
        for key in (7, 8, slice(5, 12), slice(None), slice(None, None, -3), [1, 7, 30]):
            check_key(reader, CUBE, key)
    assert same(ansflow.decompress(blob), CUBE)


@pytest.mark.parametrize(
    "other",
    [
        *(CUBE.astype(">i4"), CUBE.astype("u4"), CUBE[:, :4], CUBE[0], np.array(1, "<i4")),
        *(np.asfortranarray(CUBE), CUBE.tobytes()),
    ],
)
def test_frames_that_make_no_array(other):
    for blob in (
        ansflow.compress(CUBE) + ansflow.compress(other),
        ansflow.compress(other) + ansflow.compress(CUBE),
    ):
        with pytest.raises(CorruptDataError):
            reader_of(blob)
        with pytest.raises(CorruptDataError):
            ansflow.decompress(blob)


def test_append_mode(tmp_path):
    path = tmp_path / "file"
    for begin, end in ((0, 3), (3, 3), (3, 20), (20, 40)):
        with ansflow.ArrayWriter(path, "<i4", (5, 6), mode="a", chunk_size=50) as writer:
            writer.append(CUBE[begin:end])
            assert writer.shape == (end - begin, 5, 6)
    with ansflow.ArrayReader(path) as reader:
        assert same(reader[:], CUBE)


UNFIT = {
    "dtype": (ansflow.compress(CUBE.astype("<i2")), (5, 6)),
    "byte order": (ansflow.compress(CUBE.astype(">i4")), (5, 6)),
    "rows": (ansflow.compress(CUBE[:, 0]), (5, 6)),
    "vectors": (ansflow.compress(CUBE), ()),
    "fortran": (ansflow.compress(np.asfortranarray(CUBE)), (5, 6)),
    "scalar": (ansflow.compress(np.array(1, "<i4")), ()),
    "bytes": (ansflow.compress(b"bytes"), ()),
    "garbage": (b"garbage", ()),
    "cut in a trailer": (CUBE_FILE[:-1], (5, 6)),
    "cut in a block": (CUBE_FILE[:500], (5, 6)),
    "cut in a header": (CUBE_FILE[:50], (5, 6)),
}


@pytest.mark.parametrize("name", UNFIT)
def test_nothing_is_appended_where_it_does_not_fit(tmp_path, name):
    """The file stays as it is, rather than one that nobody can read."""
    path, (old, row) = tmp_path / "file", UNFIT[name]
    dtype = "<i4"
    path.write_bytes(old)
    with (
        pytest.raises((ValueError, AnsflowError)),
        ansflow.ArrayWriter(path, dtype, row, mode="a") as writer,
    ):
        writer.append(np.zeros((1, *row), dtype))
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["file"]


def test_an_empty_file_is_appended_to_like_a_new_one(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with ansflow.ArrayWriter(path, CUBE.dtype, CUBE.shape[1:], mode="a") as writer:
        writer.append(CUBE)
    with ansflow.ArrayReader(path) as reader:
        assert same(reader[:], CUBE)


def test_exclusive_mode(tmp_path):
    with ansflow.ArrayWriter(tmp_path / "file", "u1", mode="x") as writer:
        writer.append([1])
    with pytest.raises(FileExistsError):
        ansflow.ArrayWriter(tmp_path / "file", "u1", mode="x")


@pytest.mark.parametrize("mode", ["r", "wb", "", "q", "ww"])
def test_bad_modes(tmp_path, mode):
    with pytest.raises(ValueError, match="mode"):
        ansflow.ArrayWriter(tmp_path / "file", "u1", mode=mode)
    assert os.listdir(tmp_path) == []


# What doesn't fit


@pytest.mark.parametrize(
    "rows", [CUBE[0], CUBE[:, :4], CUBE[..., None], CUBE[:, 0], np.int32(1), [], 5]
)
def test_rows_of_another_shape(rows):
    out = io.BytesIO()
    with ansflow.ArrayWriter(out, CUBE.dtype, (5, 6)) as writer:
        with pytest.raises(ValueError, match="shape"):
            writer.append(rows)
        writer.append(CUBE)
    assert same(ansflow.decompress(out.getvalue()), CUBE)


@pytest.mark.parametrize(
    ("dtype", "rows"),
    [
        ("i4", [1.5]),
        ("f4", [1j]),
        ("u1", ["a"]),
        ("u1", [b"a"]),
        ("u1", [None]),
        ("M8[s]", [1.5]),
        ("i4", np.array(["2020-01-01"], "M8[D]")),
        ("f8", np.ma.masked_array([1.0, 2.0], [True, False])),
        ("f8", np.zeros(2, RECORD)),
    ],
)
def test_rows_of_another_kind(dtype, rows):
    out = io.BytesIO()
    with ansflow.ArrayWriter(out, dtype) as writer, pytest.raises(TypeError):
        writer.append(rows)
    assert ansflow.decompress(out.getvalue()).shape == (0,)


@pytest.mark.parametrize(
    ("dtype", "rows"),
    [
        ("i1", np.array([300])),
        ("u1", np.array([256], "u2")),
        ("i8", np.array([2**63], "u8")),
        ("u8", np.array([-1])),
        ("S1", [15]),
        ("V3", np.array([b"abcd"], "V4")),
        ("S3", np.array([b"abcd"])),
        ("U1", np.array(["ab"])),
        ("M8[D]", np.array(["2020-01-01T12:00"], "M8[m]")),
    ],
)
def test_rows_that_would_lose_values(dtype, rows):
    with (
        ansflow.ArrayWriter(io.BytesIO(), dtype) as writer,
        pytest.raises((ValueError, TypeError, OverflowError)),
    ):
        writer.append(rows)


@pytest.mark.parametrize(
    ("dtype", "shape", "error"),
    [
        ("O", (), TypeError),
        ([("a", "O")], (), TypeError),
        ("no such", (), TypeError),
        ({"names": ["a", "b"], "formats": ["<i4", "<i4"], "offsets": [0, 2]}, (), TypeError),
        ("S0", (), ValueError),
        ("f8", (0,), ValueError),
        ("f8", (3, 0), ValueError),
        ("f8", (-1,), ValueError),
        ("f8", (1.5,), TypeError),
        ("f8", ("a",), TypeError),
        ("f8", (2**40, 2**40), ValueError),
    ],
)
def test_arrays_that_cannot_be_written(tmp_path, dtype, shape, error):
    with pytest.raises(error):
        ansflow.ArrayWriter(tmp_path / "file", dtype, shape)
    gc.collect()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("file", [None, 5, [], object()])
def test_what_is_no_file(file):
    with pytest.raises(TypeError):
        ansflow.ArrayReader(file)
    with pytest.raises(TypeError):
        ansflow.ArrayWriter(file, "u1")


@pytest.mark.parametrize(
    "blob", [b"", b"garbage", ansflow.compress(b"bytes"), CUBE_FILE[:-1], CUBE_FILE + b"x"]
)
def test_what_is_no_array(tmp_path, blob):
    path = tmp_path / "file"
    path.write_bytes(blob)
    with pytest.raises(CorruptDataError):
        ansflow.ArrayReader(path)


def test_bytes_are_no_array():
    with pytest.raises(CorruptDataError, match="bytes"):
        reader_of(ansflow.compress(b"bytes"))


# Only what is needed


class Counting(io.BytesIO):
    """Counts the bytes that are read from it."""

    count = 0

    def read(self, size=-1):
        data = super().read(size)
        self.count += len(data)
        return data


NOISE = RNG.integers(0, 1 << 32, (1000, 100), "<u4")
NOISE_FILE = written(NOISE, chunk_size=4000, recipe="planes")
CHUNK = HEAD.size + 1 + 4 + 4 * 1000  # a recipe, and four stored streams


@pytest.mark.parametrize("threads", [1, 2])
def test_only_the_chunks_that_are_needed_are_read(threads):
    file = Counting(NOISE_FILE)
    with ansflow.ArrayReader(file, threads=threads) as reader:
        assert file.count < 20_000
        for key, chunks in [
            (500, 1),
            (-1, 1),
            (slice(100, 110), 1),
            (slice(205, 235), 4),
            (slice(300, 200, -1), 11),
            (slice(7, 7), 0),
            ((300, slice(None), None), 1),
            (slice(10_000, None), 0),
        ]:
            file.count = 0
            check_key(reader, NOISE, key)
            assert file.count <= chunks * CHUNK


@pytest.mark.parametrize("threads", [1, 2])
def test_damage_elsewhere_is_not_noticed(threads):
    first = NOISE_FILE.index(NOISE[0].tobytes()[0::4])
    damaged = bytearray(NOISE_FILE)
    for chunk in range(100):
        if chunk not in (50, 51, 52):
            damaged[first + chunk * CHUNK + 500] ^= 1
    with reader_of(damaged, threads=threads) as reader:
        for key in (500, 515, slice(500, 530), slice(529, 499, -2), (510, 5)):
            check_key(reader, NOISE, key)
        for key in (499, 530, slice(499, 502), slice(520, 531), ...):
            with pytest.raises(CorruptDataError):
                reader[key]
        check_key(reader, NOISE, slice(500, 530))


def test_rows_in_order_are_decoded_once():
    file = Counting(NOISE_FILE)
    for threads in (1, 2):
        with ansflow.ArrayReader(file, threads=threads) as reader:
            file.count = 0
            for row, expected in zip(reader, NOISE, strict=True):
                assert same(row, expected)
            assert file.count <= 100 * CHUNK
        file.seek(0)


def test_limits_are_those_of_a_slice():
    row = NOISE[0].nbytes
    with reader_of(NOISE_FILE, limits=ansflow.Limits(max_output=10 * row)) as reader:
        for key in (3, slice(20, 30), slice(20, 10, -1), slice(5, 5)):
            check_key(reader, NOISE, key)
        for key in (slice(20, 31), slice(None, None, 100), ..., [1, 2]):
            with pytest.raises(LimitError, match="max_output"):
                reader[key]
        with pytest.raises(LimitError):
            np.asarray(reader)


def test_limits_of_dimensions_and_memory():
    with pytest.raises(LimitError, match="max_dimensions"):
        reader_of(CUBE_FILE, limits=ansflow.Limits(max_dimensions=2))
    with pytest.raises(LimitError, match="max_memory"):
        reader_of(NOISE_FILE, limits=ansflow.Limits(max_memory=7000))


@pytest.mark.parametrize("threads", [1, 2])
def test_large_arrays_in_little_memory(tmp_path, threads):
    """256 MiB are written in pieces and read in others."""
    path = tmp_path / "file"
    rows = RNG.integers(0, 50, (64, 1 << 16), np.uint32)
    options = {"chunk_size": 2 << 20}
    with ansflow.ArrayWriter(io.BytesIO(), "<u4", (1 << 16,), **options) as writer:
        writer.append(rows[:8])
    tracemalloc.start()
    with ansflow.ArrayWriter(path, "<u4", (1 << 16,), threads=threads, **options) as writer:
        for _ in range(16):
            for at in range(0, 64, 4):
                writer.append(rows[at : at + 4])
    _, peak = tracemalloc.get_traced_memory()
    assert peak < 24 << 20
    tracemalloc.reset_peak()
    with ansflow.ArrayReader(path, threads=threads) as reader:
        assert reader.shape == (1024, 1 << 16)
        for at in range(0, 1024, 32):
            assert np.array_equal(reader[at], rows[at % 64])
            assert operator.index(reader[at + 1, 17]) == rows[(at + 1) % 64, 17]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24 << 20


# Integers, and what is almost one


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


INDICES = [0, 5, -1, -40, 39, np.int8(-3), np.uint8(39), np.uint64(7), np.array(5), Index(6)]


@pytest.mark.parametrize("key", INDICES)
def test_integers_decode_one_row(key, monkeypatch):
    boxes = []
    with reader_of(CUBE_FILE) as reader:
        read = reader._box
        monkeypatch.setattr(reader, "_box", lambda box: boxes.append(box) or read(box))
        assert same(reader[key], CUBE[key])
        assert same(reader[key, 2], CUBE[key, 2])
        assert same(reader[key, ..., 1], CUBE[key, ..., 1])
    assert [list(map(len, box)) for box in boxes] == [
        [1, *CUBE.shape[1:]],
        [1, 1, CUBE.shape[2]],
        [1, CUBE.shape[1], 1],
    ]


@pytest.mark.parametrize("key", [True, False, np.True_, np.array(True), np.array([True] * 40)])
def test_bools_are_masks(key):
    with reader_of(CUBE_FILE) as reader:
        assert same(reader[key], CUBE[key])


@pytest.mark.parametrize(
    "key", [40, -41, np.int8(-41), np.uint64(2**64 - 1), 2**70, -(2**70), Index(40), np.array(-41)]
)
def test_indices_out_of_bounds(key):
    with reader_of(CUBE_FILE) as reader:
        for whole in (key, (key, 0)):
            with pytest.raises(IndexError):
                reader[whole]


@pytest.mark.parametrize("key", [1.0, np.float64(1), "a", 1j, slice(0.0, 2), slice(None, "a")])
def test_keys_that_are_no_integers(key):
    with reader_of(CUBE_FILE) as reader, pytest.raises((IndexError, TypeError)):
        reader[key]


@pytest.mark.parametrize("stop", [np.uint8(3), np.int64(-1), Index(7), 2**70, -(2**70), None])
@pytest.mark.parametrize("step", [np.int8(2), np.int8(-3), Index(1), 2**70])
def test_slices_of_any_integers(stop, step):
    with reader_of(CUBE_FILE) as reader:
        assert same(reader[:stop:step], CUBE[:stop:step])
        assert same(reader[stop::step], CUBE[stop::step])


@pytest.mark.parametrize(
    "shape", [[5, 6], (np.uint8(5), np.int64(6)), np.array([5, 6]), iter((5, 6)), (Index(5), 6)]
)
def test_shapes_of_any_integers(shape):
    out = io.BytesIO()
    with ansflow.ArrayWriter(out, CUBE.dtype, shape) as writer:
        writer.append(CUBE)
        assert writer.shape == (40, 5, 6)
    assert same(ansflow.decompress(out.getvalue()), CUBE)


@pytest.mark.parametrize("shape", [6, np.uint8(6), np.array(6)])
def test_a_size_is_a_shape(shape):
    out = io.BytesIO()
    with ansflow.ArrayWriter(out, "u1", shape) as writer:
        writer.append(np.ones((2, 6), "u1"))
    assert ansflow.decompress(out.getvalue()).shape == (2, 6)


@pytest.mark.parametrize("shape", [(5.0, 6), (True, 6), (np.True_,), (np.float32(5),), 5.0, "56"])
def test_shapes_that_are_no_integers(shape):
    with pytest.raises(TypeError, match="axis of shape must be an integer"):
        ansflow.ArrayWriter(io.BytesIO(), "u1", shape)


@pytest.mark.parametrize("shape", [(np.int8(-1),), -1, (3, -(2**70))])
def test_shapes_out_of_bounds(shape):
    with pytest.raises(ValueError, match="the axes of shape must be at least 0"):
        ansflow.ArrayWriter(io.BytesIO(), "u1", shape)


# Shapes that are huge, and empty


@pytest.mark.parametrize(
    "shape", [(2**62, 0), (0, 2**62), (2**31, 0, 2**31), (2**63 - 1, 0), (0, 2**63 - 1)]
)
def test_arrays_that_are_huge_and_empty(shape):
    array = np.empty(shape, "u1")
    with reader_of(ansflow.compress(array)) as reader:
        assert (reader.shape, reader.size, reader.nbytes) == (shape, 0, 0)
        assert len(reader) == shape[0]
        assert np.asarray(reader).shape == reader[...].shape == shape
        assert reader[3:5].shape == array[3:5].shape
        assert reader[::-1].shape == shape
        for row in itertools.islice(reader, 3):
            assert row.shape == shape[1:]
        for key in (shape[0], -shape[0] - 1):
            with pytest.raises(IndexError):
                reader[key]
        if shape[0]:
            assert reader[-1].shape == reader[shape[0] - 1].shape == shape[1:]


@pytest.mark.parametrize("lengths", [(2**62, 2**62), (2**63 - 1, 1), (2**63 - 1, 2**63 - 1)])
@pytest.mark.parametrize("use", [ansflow.decompress, lambda blob: reader_of(blob)])
def test_frames_that_make_too_long_an_array(lengths, use):
    blob = b"".join(ansflow.compress(np.empty((length, 0), "u1")) for length in lengths)
    with pytest.raises(CorruptDataError, match="too large for NumPy"):
        use(blob)
    whole = b"".join(ansflow.compress(np.empty((length, 0), "u1")) for length in (2**62, 2**61))
    assert use(whole).shape == (2**62 + 2**61, 0)


@pytest.mark.parametrize("axes", [[2**62, 4, 0], [0, 2**40, 2**40], [2**62, 2**62], [2**63 - 1, 3]])
def test_shapes_that_no_array_can_have(axes):
    """As nothing but a forged header says; the itemsize is 0 where the shape isn't empty."""
    dtype = np.dtype("u1") if 0 in axes else np.dtype("V0")
    encoder = FrameEncoder(
        ansflow.Options(), 1, content_size=0, array=ArraySpec(dtype, tuple(axes), False)
    )
    blob = b"".join(encoder.finish())
    for use in (ansflow.decompress, reader_of):
        with pytest.raises(CorruptDataError):
            use(blob)
