"""Arrays of any kind come back bit for bit at each level, and never much larger than they are."""

import io

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

import ansflow

RECORD = np.dtype([("a", "<i2"), ("b", ">f8", (2,)), ("c", [("x", "u1"), ("y", "S3")])])
DTYPES = [np.dtype(f"{order}{kind}{size}") for order in "<>" for kind in "iu" for size in (2, 4, 8)]
DTYPES += [np.dtype(f"{order}{name}") for order in "<>" for name in ("f2", "f4", "f8", "c8", "c16")]
DTYPES += [np.dtype(name) for name in ("?", "i1", "u1", "<M8[ns]", ">M8[D]", "<m8[s]", "V3", "S5")]
DTYPES += [RECORD, np.dtype([("t", "<M8[us]"), ("v", "<f4")])]
SHAPES = [(), (0,), (3, 0), (1,), (31,), (32,), (257,), (1000,), (40, 33), (300, 3), (7, 9, 11)]
FILL = -9999.0


def _numbers(draw, count):
    """Numbers that arrays of any type may be made of."""
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    walk = np.cumsum(rng.integers(-3, 4, count))
    decimals = np.round(20 + walk / 10 + rng.random(count), 2)
    return {
        "constant": np.full(count, 7),
        "few": rng.choice([3, 17, 90], count),
        "walk": walk,
        "runs": np.repeat(rng.integers(0, 100, count // 9 + 1), 9)[:count],
        "sorted": np.sort(rng.integers(0, 1 << 30, count)),
        "regular": 1_600_000_000 + 60 * np.arange(count),
        "decimals": np.where(rng.random(count) < 0.1, FILL, decimals),
        "special": rng.choice([0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, 1e-310, 1.5], count),
    }[draw(st.sampled_from(PATTERNS))]


PATTERNS = ("constant", "few", "walk", "runs", "sorted", "regular", "decimals", "special")


@st.composite
def arrays(draw, dtypes=tuple(DTYPES), shapes=tuple(SHAPES)):
    """Numbers of the dtype, or any bytes: NaN payloads, NaT, bools that are neither 0 nor 1."""
    dtype, shape = draw(st.sampled_from(dtypes)), draw(st.sampled_from(shapes))
    count = int(np.prod(shape))
    if dtype.kind not in "VS" and draw(st.integers(0, 3)):
        with np.errstate(all="ignore"):
            integers = "i8" if dtype.kind in "mM" else dtype
            array = _numbers(draw, count).astype(integers).astype(dtype)
    else:
        rng = np.random.default_rng(draw(st.integers(0, 99)))
        most = draw(st.sampled_from([1, 4, 256]))
        array = rng.integers(0, most, count * dtype.itemsize, np.uint8).view(dtype)
    array = array.reshape(shape)
    return np.asfortranarray(array) if draw(st.booleans()) else array


def check(array, **options):
    blob = ansflow.compress(array, threads=1, **options)
    back = ansflow.decompress(blob, threads=1)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()
    return blob


@pytest.mark.parametrize("level", range(1, 10))
@settings(max_examples=25)
@given(array=arrays())
def test_any_array_at_any_level(level, array):
    blob = check(array, level=level)
    names = len(repr(array.dtype.descr))
    assert len(blob) <= array.nbytes * 1.001 + 200 + names


NUMBERS = tuple(dtype for dtype in DTYPES if dtype.kind in "iufM")


@given(
    arrays(dtypes=NUMBERS, shapes=((1000,), (300, 3), (40, 33))),
    st.integers(1, 2100),
    st.sampled_from([1, 3, 6]),
    st.data(),
)
def test_chunks_of_any_size_and_slices(array, chunk_size, level, data):
    blob = check(array, chunk_size=chunk_size, level=level)
    with ansflow.ArrayReader(io.BytesIO(blob), threads=1) as reader:
        for _ in range(3):
            key = data.draw(hnp.basic_indices(array.shape))
            assert np.asarray(reader[key]).tobytes() == np.asarray(array[key]).tobytes()


@pytest.mark.parametrize("length", [1, 31, 32, 33, 255, 256, 257, 511, 512, 513, 1023, 1025])
@pytest.mark.parametrize("level", [1, 3, 9])
def test_lengths_around_the_borders_of_chunks(length, level):
    rng = np.random.default_rng(length)
    for dtype in ("<u2", ">i4", "<f8"):
        check(np.cumsum(rng.integers(0, 9, length)).astype(dtype), level=level, chunk_size=2048)


@pytest.mark.parametrize("level", [1, 3, 6])
def test_other_floats(level):
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    values = np.cumsum(np.random.default_rng(0).normal(size=5000)).astype(bfloat16)
    bits = values.view("u2")
    blob = check(bits, level=level, dtype="bfloat16")
    assert len(blob) < bits.nbytes


def test_numbers_near_the_largest():
    """No sum of them overflows on the way to a recipe."""
    for seed in range(20):
        check(np.random.default_rng(seed).integers(0, 256, 8 * 1320, np.uint8).view("<f8"), level=8)
    check(np.linspace(1e308, 1.7e308, 1000), level=9)
