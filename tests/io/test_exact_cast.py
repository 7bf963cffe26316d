"""What is cast is what it was, or refused; only floating-point numbers are rounded."""

import io

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

import ansflow
from ansflow.io.exact_cast import exact_cast

ml_dtypes = pytest.importorskip("ml_dtypes")

INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
UNITS = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"]


def cast(array, dtype):
    """As `ArrayWriter` does it; the array that comes back."""
    array, dtype = np.asarray(array), np.dtype(dtype)
    out = io.BytesIO()
    with ansflow.ArrayWriter(out, dtype, array.shape[1:]) as writer:
        writer.append(array)
    back = ansflow.decompress(out.getvalue())
    assert back.dtype == dtype
    return back


@given(st.data(), st.sampled_from(INTEGERS), st.sampled_from([*INTEGERS, "?", "f2", "f4", "f8"]))
def test_integers_are_exact_or_refused(data, given_dtype, dtype):
    info = np.iinfo(given_dtype)
    near = [n for b in (0, 7, 8, 11, 15, 16, 24, 31, 32, 53, 63, 64) for n in (1 << b, -(1 << b))]
    near = sorted({n + i for n in near for i in (-1, 0, 1) if info.min <= n + i <= info.max})
    values = data.draw(st.lists(st.sampled_from(near), min_size=1, max_size=5))
    array = np.array(values, given_dtype)
    try:
        back = exact_cast(array, np.dtype(dtype))
    except TypeError:
        assert dtype == "?"
        return
    except ValueError:
        with np.errstate(all="ignore"):
            assert not all(is_integer(v, values[i]) for i, v in enumerate(array.astype(dtype)))
    else:
        assert all(is_integer(v, values[i]) for i, v in enumerate(back))


def is_integer(item, value):
    """Compared as Python's integers."""
    return np.isfinite(item) and int(item) == value


@given(st.data(), st.sampled_from(UNITS), st.sampled_from(UNITS), st.sampled_from("mM"))
def test_times_are_exact_or_refused(data, given_unit, unit, kind):
    greatest = st.integers(-(1 << 63), (1 << 63) - 1)
    values = data.draw(st.lists(greatest | st.integers(-4000, 4000), min_size=1, max_size=4))
    array = np.array(values, "i8").view(f"{kind}8[{given_unit}]")
    try:
        back = exact_cast(array, np.dtype(f"{kind}8[{unit}]"))
    except (ValueError, TypeError):
        return
    assert np.array_equal(np.isnat(back), np.isnat(array))
    if kind == "m" and "Y" not in given_unit + unit and "M" not in given_unit + unit:
        steps = dict(zip(UNITS[2:], [604800, 86400, 3600, 60, 1], strict=False))
        steps |= {u: 10.0 ** -(3 * i) for i, u in enumerate(UNITS[6:])}
        ours, theirs = (
            [float(v) * steps[u] for v in a.view("i8").tolist()]
            for a, u in ((back, unit), (array, given_unit))
        )
        present = ~np.isnat(array)
        np.testing.assert_allclose(np.array(ours)[present], np.array(theirs)[present], rtol=1e-12)


@given(hnp.arrays("f8", 3, elements=st.floats()), st.sampled_from(["f2", "f4", ">f4", "c8", "c16"]))
def test_floats_are_rounded_but_not_to_infinity(array, dtype):
    with np.errstate(over="ignore"):
        expected = array.astype(dtype)
    if np.array_equal(np.isinf(expected), np.isinf(array)):
        assert exact_cast(array, np.dtype(dtype)).tobytes() == expected.tobytes()
    else:
        with pytest.raises(ValueError, match="cannot be represented"):
            exact_cast(array, np.dtype(dtype))


@given(st.lists(st.text(st.characters(max_codepoint=300), max_size=6), min_size=1, max_size=4))
def test_text_is_whole_or_refused(values):
    array = np.array(values, "U6")
    for size in (1, 3, 6, 9):
        try:
            back = exact_cast(array, np.dtype(f"U{size}"))
        except ValueError:
            assert max(map(len, array.tolist())) > size
        else:
            assert back.tolist() == array.tolist()


@pytest.mark.parametrize(
    ("dtype", "rows"),
    [
        ("M8[ns]", np.array(["2500-01-01"], "M8[s]")),
        ("M8[ns]", np.array(["1600-01-01", "NaT"], "M8[D]")),
        ("M8[us]", np.array([2**62], "M8[Y]")),
        ("M8[D]", np.array(["2020-01-01T00:00:01"], "M8[s]")),
        ("m8[as]", np.array([10], "m8[s]")),
        ("m8[h]", np.array([90], "m8[m]")),
        (">M8[ns]", np.array(["2500-01-01"], "<M8[s]")),
        ("f4", np.array([1e39])),
        ("f4", np.array([1, -1e39, np.nan])),
        ("f2", np.array([70000])),
        ("f2", np.array([-(2**31)], "i4")),
        ("f2", np.array([-(2**63)])),
        ("f2", np.array([2**64 - 1], "u8")),
        ("f2", np.array([70000], "f4")),
        ("c8", np.array([1e39j])),
        ("c8", np.array([complex(1e39, np.inf)])),
        ("f4", np.array([2**24 + 1])),
        ("f8", np.array([2**53 + 1])),
        ("f8", np.array([2**63 - 1])),
        ("f8", np.array([2**64 - 1], "u8")),
        ("c16", np.array([2**53 + 1])),
        ("i8", np.array([2**63], "u8")),
        ("u8", np.array([-1])),
        (">u2", np.array([-1, 5])),
        ("U5", np.array(["abcdef"])),
        ("S5", np.array([b"abcdef"])),
        ("U5", np.array([b"abcdef"])),
        ("U5", np.array([b"\xff"])),
        ([("a", "u1"), ("b", "f4")], np.array([(256, 1)], [("a", "i4"), ("b", "f8")])),
        ([("a", "u1", (2,))], np.array([([1, 300],)], [("a", "i4", (2,))])),
    ],
)
def test_values_that_do_not_fit(dtype, rows):
    with pytest.raises(ValueError, match="cannot be represented"):
        cast(rows, dtype)


@pytest.mark.parametrize(
    ("dtype", "rows"),
    [
        ("f8", np.array([1j])),
        ("i8", np.array([1.0])),
        ("i8", np.array([1], "m8[s]")),
        ("m8[s]", np.array([1])),
        ("m8[s]", np.array([2**63], "u8")),
        ("M8[s]", np.array([1], "m8[s]")),
        ("m8[D]", np.array([1], "m8[Y]")),
        ("?", np.array([0, 1])),
        ("?", np.array([0.0])),
        ("U21", np.array([5])),
        ("S21", np.array([5])),
        ("U32", np.array([1.5])),
        ("S5", np.array(["abc"])),
        ("U5", np.array([True])),
        ("U30", np.array(["2020"], "M8[s]")),
        ("f8", np.array(["1.5"])),
        ("f8", np.array([1.5, None])),
        ("i8", [2**70]),
        ("V4", np.array([b"abc"], "V3")),
        ("V3", np.array([b"abcd"], "V4")),
        ("V4", np.array([1], "i4")),
        ("S4", np.array([b"abcd"], "V4")),
        ("f4", np.array([b"abcd"], "V4")),
        ("f2", np.array([1.5], ml_dtypes.bfloat16)),
        ("i4", np.array([(1,)], [("a", "i4")])),
        ([("a", "i4")], np.array([1], "i4")),
        ([("a", "i4")], np.array([(1,)], [("b", "i4")])),
        ([("a", "i4"), ("b", "i4")], np.array([(1, 2)], [("b", "i4"), ("a", "i4")])),
        ([("a", "i4"), ("b", "i4")], np.array([(1,)], [("a", "i4")])),
        ([("a", "i4", (2,))], np.array([([1, 2, 3],)], [("a", "i4", (3,))])),
        ([("a", "i4", (2,))], np.array([(1,)], [("a", "i4")])),
        ([("a", "i4")], np.array([(1.5,)], [("a", "f4")])),
        ("i1", np.array([1], ml_dtypes.int4)),
        ("i8", np.array([1.5], ml_dtypes.bfloat16)),
        ("f4", np.ma.masked_array([1.0], [False])),
        ("f4", [np.ma.masked_array([1.0], True)[0], 2.0]),
    ],
)
def test_values_of_another_kind(dtype, rows):
    with (
        ansflow.ArrayWriter(io.BytesIO(), dtype) as writer,
        pytest.raises(TypeError, match=r"kind|fields|shape|masked"),
    ):
        writer.append(rows)


@pytest.mark.parametrize(
    ("dtype", "rows"),
    [
        ("M8[ns]", np.array(["2000-01-01", "NaT"], "M8[D]")),
        ("M8[D]", np.array(["2020-01-01", "NaT"], "M8[s]")),
        ("M8[s]", np.array(["NaT"], "M8")),
        ("M8[Y]", np.array(["2020-01-01"], ">M8[D]")),
        ("m8[ns]", np.array([-5, "NaT"], "m8[D]")),
        ("f8", np.array([2**53, -(2**63)])),
        ("f8", np.array([2**63], "u8")),
        ("f4", np.array([True, False])),
        ("c8", np.array([3])),
        ("f2", np.array([np.inf, -np.inf, np.nan, 1e-300])),
        (">f4", np.array([0.1])),
        ("f4", np.array([1e-50, -0.0], "g")),
        ("u1", np.array([True])),
        ("U5", np.array(["abcde"], ">U10")),
        ("U5", np.array([b"abcde"])),
        ("S3", np.array([b"abc\0\0"])),
        ("f4", np.array([1.5, np.nan], ml_dtypes.bfloat16)),
        ("f8", np.array([1.5], ml_dtypes.float8_e4m3fn)),
    ],
)
def test_values_that_fit(dtype, rows):
    back = cast(rows, dtype)
    assert back.tobytes() == rows.astype(dtype).tobytes()


def test_fields_are_cast_one_by_one():
    rows = np.array([(1, [0.5, np.nan], ("2020",))] * 3, "i8, (2,)f8, (1,)M8[D]")
    back = cast(rows, "u1, (2,)f4, (1,)M8[s]")
    assert back["f0"].tolist() == [1, 1, 1]
    np.testing.assert_array_equal(back["f1"], rows["f1"])
    np.testing.assert_array_equal(back["f2"], rows["f2"])
    nested = np.array([((1, 2.0),)], [("a", [("b", "i8"), ("c", "f8")])])
    back = cast(nested, [("a", [("b", "u1"), ("c", "f4")])])
    assert back.tolist() == nested.tolist()
    with pytest.raises(ValueError, match="cannot be represented"):
        cast(np.array([((-1, 2.0),)], nested.dtype), back.dtype)


def test_gaps_between_fields_are_zeros():
    dtype = np.dtype({"names": ["a", "b"], "formats": ["u1", "u1"], "offsets": [0, 4]})
    rows = np.array([(1, 2)] * 1000, "i4, i4")
    rows.dtype.names = ("a", "b")
    assert set(np.delete(exact_cast(rows, dtype).view("u1").reshape(-1, 5), [0, 4], 1).flat) == {0}


def test_what_has_the_dtype_is_not_copied():
    for dtype in ("f8", ">i2", "M8[ns]", "U3", "V5", "i4, f8"):
        array = np.zeros(3, dtype)
        assert exact_cast(array, np.dtype(dtype)) is array
