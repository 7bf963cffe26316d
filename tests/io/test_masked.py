"""Masked arrays come back with all that they are: values, mask, fill value, and which kind."""

import io

import naive_frame as naive
import naive_writer
import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

import ansflow
from ansflow.errors import CorruptDataError, LimitError

RNG = np.random.default_rng(0)
WALK = np.round(np.cumsum(RNG.normal(0, 1, 60_000)), 2).reshape(200, 300)
HOLES = RNG.random(WALK.shape) < 0.2
FIELD = np.ma.MaskedArray(WALK, HOLES, fill_value=-999.5)


def check_same(found, array):
    assert type(found) is np.ma.MaskedArray
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert np.ma.getdata(found).tobytes() == np.ma.getdata(array).tobytes()
    assert (found.mask is np.ma.nomask) == (array.mask is np.ma.nomask)
    assert np.array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(array))
    assert found.hardmask == array.hardmask
    ours, theirs = fill_value_of(found), fill_value_of(array)
    assert (ours.dtype, ours.tobytes()) == (theirs.dtype, theirs.tobytes())


def fill_value_of(array):
    """As an array: the property makes a str of what need not be text."""
    kept = array._fill_value
    return np.asarray(array.fill_value) if kept is None else kept


DTYPES = ["?", "i1", ">u2", "<f2", "f4", ">f8", "c8", "S3", ">U2", "U30", "M8[s]", "m8[ns]", "V3"]
DTYPES += ["g", "bfloat16"]
SHAPES = [(), (0,), (1,), (33,), (300, 4), (3, 0, 2), (5, 6, 7)]


def dtype_of(name):
    if name == "bfloat16":
        return np.dtype(pytest.importorskip("ml_dtypes").bfloat16)
    return np.dtype(name)


@given(
    st.sampled_from(DTYPES),
    st.sampled_from(SHAPES),
    st.sampled_from(["C", "F", "reversed", "every other"]),
    st.sampled_from([None, 0.0, 0.3, 1.0]),
    st.booleans(),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 3]),
)
@example("f4", (300, 4), "C", 0.3, True, 0, 3)
@example(">U2", (0,), "C", None, False, 30, 1)  # a fill value of code points that there aren't
@settings(max_examples=30, deadline=None)
def test_any_masked_array(name, shape, order, share, hard, seed, level):
    dtype, rng = dtype_of(name), np.random.default_rng(seed)
    n = int(np.prod(shape)) + 1
    raw = rng.integers(0, 2, 2 * n * dtype.itemsize, np.uint8) * np.uint8(rng.integers(1, 100))
    values = np.ndarray(shape, dtype, raw)
    if order == "every other" and shape:
        values = np.ndarray((2 * shape[0], *shape[1:]), dtype, raw)[::2]
    elif order == "reversed" and shape:
        values = values[::-1]
    elif order == "F":
        values = np.asfortranarray(values)
    mask = np.ma.nomask if share is None else rng.random(shape) < share
    array = np.ma.MaskedArray(values, mask, hard_mask=hard)
    if n % 2:
        array.fill_value = np.ndarray((), dtype, raw)
    blob = ansflow.compress(array, level=level)
    found = ansflow.decompress(blob)
    check_same(found, array)
    fortran = values.flags.f_contiguous and not values.flags.c_contiguous
    for part in (np.ma.getdata(found), *([] if share is None else [found.mask])):
        assert part.flags.f_contiguous if fortran else part.flags.c_contiguous
    naive.read(blob)
    with ansflow.ArrayReader(io.BytesIO(blob)) as reader:
        assert (reader.dtype, reader.shape, reader.nbytes) == (dtype, array.shape, array.nbytes)
        check_same(reader[...], array)
    out = np.ma.empty(array.shape, dtype)
    assert ansflow.decompress(blob, out=out) is out
    assert fill_value_of(out).tobytes() == fill_value_of(array).tobytes()


def test_nan_patterns_below_a_mask():
    bits = np.array([0x7FF8000000000123, 0xFFF0000000000001, 1 << 63, 5], "u8")
    array = np.ma.MaskedArray(bits.view("f8"), [1, 0, 1, 1], fill_value=bits.view("f8")[0])
    check_same(ansflow.decompress(ansflow.compress(array)), array)


def test_the_masked_constant():
    found = ansflow.decompress(ansflow.compress(np.ma.masked))
    assert (found.shape, found.dtype, bool(found.mask)) == ((), np.float64, True)


def test_a_default_fill_value_is_not_stored():
    """Whether anybody has asked for it or not."""
    array = np.ma.MaskedArray(np.arange(9, dtype="i2"), [True] * 9)
    before = ansflow.compress(array)
    assert array.fill_value == 999999
    assert ansflow.compress(array) == before
    assert naive.read(before).description["masked"] == {"hard": False, "fill_value": None}


@pytest.mark.parametrize("threads", [1, 2])
def test_values_are_predicted_as_without_a_mask(threads):
    plain = len(ansflow.compress(WALK)) + len(ansflow.compress(HOLES))
    blob = ansflow.compress(FIELD, threads=threads, chunk_size=100_000)
    assert len(blob) < 1.05 * plain
    check_same(ansflow.decompress(blob, threads=threads), FIELD)
    plan = ansflow.plan(FIELD)
    assert plan.recipe.name == "fields"
    assert ansflow.compress(FIELD, plan=plan, chunk_size=100_000) == blob


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("chunks", [None, (30, 70)])
def test_slices(order, chunks):
    array = np.ma.MaskedArray(np.array(WALK, order=order), HOLES, fill_value=-1.0)
    blob = ansflow.compress(array, chunks=chunks)
    with ansflow.ArrayReader(io.BytesIO(blob)) as reader:
        for key in (
            np.s_[3:50],
            np.s_[:, 20:90],
            np.s_[-7],
            np.s_[5:9, ::3],
            np.s_[[1, 5, 7]],
            np.s_[100:20:-9, None, 4],
        ):
            check_same(reader[key], array[key])
        where = tuple(int(i) for i in np.argwhere(HOLES)[0])
        assert reader[where] is np.ma.masked
        where = tuple(int(i) for i in np.argwhere(~HOLES)[0])
        assert reader[where] == array[where]
        rows = list(reader)
        check_same(rows[11], array[11])


def test_slices_are_limited():
    blob = ansflow.compress(FIELD)
    limits = ansflow.Limits(max_memory=2 << 20)
    with ansflow.ArrayReader(io.BytesIO(blob), limits=limits) as reader:
        check_same(reader[:9], FIELD[:9])
    tight = ansflow.Limits(max_output=300 * 9 * 10 - 1)
    with ansflow.ArrayReader(io.BytesIO(blob), limits=tight) as reader:
        check_same(reader[:9], FIELD[:9])
        with pytest.raises(LimitError, match="select less"):
            reader[:10]


def test_written_row_by_row(tmp_path):
    path = tmp_path / "field.ans"
    with ansflow.ArrayWriter(path, "f8", 300, masked=True) as writer:
        for begin in range(0, 150, 50):
            writer.append(FIELD[begin : begin + 50])
    with ansflow.ArrayWriter(path, "f8", 300, masked=True, mode="a") as writer:
        writer.append(WALK[150:])  # nothing of these is masked
        writer.append(np.ma.MaskedArray(np.arange(600).reshape(2, 300), fill_value=3))
        with pytest.raises(TypeError, match="masked"):
            writer.append([[np.ma.masked, 2.0] * 150])
    with ansflow.ArrayReader(path) as reader:
        assert reader.shape == (202, 300)
        check_same(reader[:150].copy(), np.ma.MaskedArray(WALK[:150], HOLES[:150]))
        assert not reader[150:].mask.any()
        assert np.array_equal(reader[150:200], WALK[150:])
        assert reader[201, 299] == 599
        check_same(reader[100:180], ansflow.decompress(path.read_bytes())[100:180])


def test_only_masked_rows_are_added_to_masked_ones(tmp_path):
    path = tmp_path / "field.ans"
    with ansflow.ArrayWriter(path, "f8", 3, masked=True) as writer:
        writer.append(np.zeros((5, 3)))
    items = [("data", "f8"), ("mask", "?")]
    for dtype in ("f8", items):
        with pytest.raises(ValueError, match="cannot be appended"):
            ansflow.ArrayWriter(path, dtype, 3, mode="a")
    with (
        ansflow.ArrayWriter(tmp_path / "plain.ans", "f8", 3) as writer,
        pytest.raises(TypeError, match="mask"),
    ):
        writer.append(np.ma.zeros((2, 3)))
    with pytest.raises(TypeError, match="fields"):
        ansflow.ArrayWriter(tmp_path / "other.ans", items, 3, masked=True)


def test_frames_are_joined():
    """Their rows are; what else the array is, the first says."""
    first = ansflow.compress(FIELD[:50])
    second = ansflow.compress(np.ma.MaskedArray(FIELD[50:], fill_value=2.0, hard_mask=True))
    check_same(ansflow.decompress(first + second), FIELD)
    items = np.zeros((3, 300), [("data", "f8"), ("mask", "?")])
    for other in (WALK, items, np.ma.MaskedArray(WALK)):
        with pytest.raises(CorruptDataError, match="cannot be joined"):
            ansflow.decompress(first + ansflow.compress(other))


def test_structures_are_refused():
    array = np.ma.zeros(5, [("a", "i4"), ("b", "f8")])
    for write in (ansflow.compress, ansflow.plan):
        with pytest.raises(TypeError, match="each field by itself"):
            write(array)
    with pytest.raises(TypeError, match="objects"):
        ansflow.compress(np.ma.MaskedArray([object()], [True]))


@pytest.mark.parametrize("hard", [False, True])
def test_into_an_array_of_the_callers(hard):
    for array in (
        np.ma.MaskedArray(WALK, HOLES, fill_value=4.0, hard_mask=hard),
        np.ma.MaskedArray(WALK, fill_value=5.0, hard_mask=hard),
        np.ma.MaskedArray(np.asfortranarray(WALK), HOLES, hard_mask=hard),
    ):
        blob = ansflow.compress(array)
        for out in (
            np.ma.zeros(WALK.shape),
            np.ma.MaskedArray(np.ones(WALK.shape, order="F"), True, hard_mask=True),
        ):
            assert ansflow.decompress(blob, out=out) is out
            assert np.array_equal(np.ma.getdata(out), WALK)
            assert np.array_equal(np.ma.getmaskarray(out), np.ma.getmaskarray(array))
            assert (out.hardmask, out.fill_value) == (hard, array.fill_value)
    for out, error in (
        (np.zeros(WALK.shape), TypeError),
        (np.ma.zeros(WALK.shape, "f4"), ValueError),
    ):
        with pytest.raises(error, match="out must be"):
            ansflow.decompress(blob, out=out)


def test_the_bytes_of_items():
    small = FIELD[:2]
    blob = ansflow.compress(small)
    items = np.zeros(small.shape, [("data", "f8"), ("mask", "?")])
    items["data"], items["mask"] = np.ma.getdata(small), small.mask
    for out in (bytearray(items.nbytes), np.empty(items.nbytes, "u1")):
        ansflow.decompress(blob, out=out)
        assert bytes(out) == items.tobytes()
    with ansflow.open(io.BytesIO(blob)) as file:
        assert file.read() == items.tobytes()


def test_numbers_that_numpy_lacks():
    """`dtype=` says what the values are."""
    steps = np.cumsum(RNG.normal(0, 0.1, 30_000)).astype("f4").view("u2")[1::2]
    array = np.ma.MaskedArray(steps, RNG.random(30_000) < 0.1)
    plan = ansflow.plan(array, dtype="bfloat16")
    assert "ordered[float]" in str(plan.recipe)
    blob = ansflow.compress(array, plan=plan)
    assert blob == ansflow.compress(array, dtype="bfloat16")
    check_same(ansflow.decompress(blob), array)


MASKED = [["data", "<i2"], ["mask", "|b1"]]


@pytest.mark.parametrize(
    ("dtype", "masked"),
    [
        (MASKED, None),
        (MASKED, {}),
        (MASKED, {"hard": 1, "fill_value": None}),
        (MASKED, {"hard": True, "fill_value": 5}),
        (MASKED, {"hard": True, "fill_value": "00"}),
        (MASKED, {"hard": True, "fill_value": "000000"}),
        (MASKED, {"hard": True, "fill_value": "00FF"}),
        (MASKED, {"hard": True, "fill_value": "0 0f"}),
        (MASKED, {"hard": True, "fill_value": None, "soft": False}),
        ([["data", "<i2"], ["mask", "|i1"]], {"hard": True, "fill_value": None}),
        ([["mask", "|b1"], ["data", "<i2"]], {"hard": True, "fill_value": None}),
        ([["data", "<i2"], ["mask", "|b1"], ["", "|V1"]], {"hard": True, "fill_value": None}),
        ([["data", "<i2", [2]], ["mask", "|b1"]], {"hard": True, "fill_value": None}),
        ([["data", [["a", "<i2"]]], ["mask", "|b1"]], {"hard": True, "fill_value": None}),
        ([["data", "<i2"]], {"hard": True, "fill_value": None}),
    ],
)
def test_impossible_descriptions(dtype, masked):
    size = naive.attempt(lambda: naive_writer.item_size(dtype))
    description = {"dtype": dtype, "shape": [1], "masked": masked}
    header = naive_writer.write_header(size, description, [1], array=True)
    body = naive_writer.write_body(bytes(size), size)
    blob = naive_writer.assemble(
        header, [naive_writer.write_chunk(header, 0, bytes(size), body, size)]
    )
    assert naive.attempt(naive.read, blob) is None
    with pytest.raises(CorruptDataError, match="description of the array"):
        ansflow.decompress(blob)


def test_bytes_are_not_masked():
    header = naive_writer.write_header(0, {"masked": {"hard": True, "fill_value": None}}, [1])
    with pytest.raises(CorruptDataError, match="describes an array"):
        ansflow.decompress(naive_writer.assemble(header, []))


def test_recovered(tmp_path):
    """What is lost is zero, and not masked; the rest is as it was."""
    blob = bytearray(ansflow.compress(FIELD, chunk_size=50_000))
    blob[len(blob) // 2] ^= 1
    (tmp_path / "damaged.ans").write_bytes(blob[:-40])
    found = ansflow.recover(tmp_path / "damaged.ans", tmp_path / "rescued.ans")
    assert found.lost_chunks == 1
    [(begin, end)] = found.lost
    rescued = ansflow.decompress((tmp_path / "rescued.ans").read_bytes())
    rows = slice(begin // (300 * 9), end // (300 * 9))
    expected = FIELD.copy()
    expected[rows] = 0
    check_same(rescued, expected)
