"""Any array, at any level: it comes back to the last bit, and takes hardly more than it has."""

import io

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

import ansflow
from ansflow.buffers import opaque

DTYPES = [
    *("?", "i1", "u1", "<i2", ">u2", "<i4", ">i4", "<u8", ">i8"),
    *("<f2", ">f4", "<f4", "<f8", ">f8", "<c8", ">c16", "<M8[s]", ">m8[ns]"),
    [("at", "<M8[s]"), ("price", "<f8"), ("size", ">i4"), ("flag", "?")],
    [("a", "u1"), ("b", "<f4"), ("c", ">u2")],
    "V3",
    np.dtype([("a", "i1"), ("b", "<f8"), ("c", ">u2", (3,)), ("d", "?")], align=True),
    [("x", [("y", ">i2"), ("z", "<f4")]), ("w", "V3")],
    "bfloat16",
    "float8_e4m3fn",
]
SHAPES = [
    (),
    (0,),
    (1,),
    (33,),
    (700,),
    (4097,),
    (3, 0, 2),
    (40, 30),
    (300, 3),
    (9, 8, 7),
    (20, 5, 2),
]
SPECIAL = {
    2: [0x7E01, 0xFE00, 0x7D55, 0x8000, 0, 1, 0x7C00, 0xFC00],
    4: [0x7FC00001, 0xFFC00000, 0x7F800055, 0x80000000, 0, 1, 0x7F800000, 0xFF800000],
    8: [0x7FF8000000000001, 0xFFF8000000000000, 0x7FF0000000000055, 1 << 63, 0, 1, 0x7FF << 52],
}

# What a frame takes besides the content, and how much more each chunk may.
FRAME, SHARE = 250, 0.001


def bits_of(rng, pattern, n, width):
    """Items of so many bytes, as unsigned integers."""
    top = 1 << (8 * width)
    random = rng.integers(0, top, n, f"u{width}", endpoint=False)
    match pattern:
        case "random":
            return random
        case "constant":
            return np.full(n, random[:1].sum(), random.dtype)
        case "walk":
            return np.cumsum(rng.integers(-9, 10, n)).astype(random.dtype)
        case "few":
            return random[:5].repeat(n // 5 + 1)[:n][rng.permutation(n)]
        case "runs":
            return random[rng.integers(0, 9, n).cumsum() // 60 % max(n, 1)]
        case "sorted":
            return np.sort(random)
        case "steps":
            return (np.arange(n) * 3600 + 77).astype(random.dtype)
        case "high":
            return random << random.dtype.type(4 * width)
    raise ValueError(pattern)


def floats_of(rng, pattern, n, width):
    values = np.round(100 + rng.normal(0, 1, n).cumsum(), 2)
    floats = values.astype(f"f{width}")
    bits = floats.view(f"u{width}")
    where = rng.random(n) < 0.1
    match pattern:
        case "prices":
            pass
        case "gaps":
            bits[where] = SPECIAL[width][0]
        case "special":
            bits[where] = rng.choice(np.array(SPECIAL[width], bits.dtype), where.sum())
        case "near":
            bits += rng.integers(0, 3, n).astype(bits.dtype)
        case _:
            raise ValueError(pattern)
    return bits


PATTERNS = ["random", "constant", "walk", "few", "runs", "sorted", "steps", "high"]
FLOATS = ["prices", "gaps", "special", "near"]


def array_of(dtype, shape, pattern, seed):
    """An array with this pattern in all its fields, and any bytes between them."""
    if dtype in ("bfloat16", "float8_e4m3fn"):
        dtype = np.dtype(getattr(pytest.importorskip("ml_dtypes"), dtype))
        return array_of(f"<u{dtype.itemsize}", shape, pattern, seed).view(dtype)
    dtype, rng = np.dtype(dtype), np.random.default_rng(seed)
    n = int(np.prod(shape))
    if dtype.names is not None or dtype.kind == "c" or dtype.itemsize == 3:
        octets = rng.integers(0, 256, (n, dtype.itemsize), np.uint8)
        if pattern != "random":
            octets[:] = octets[:1]
        array = octets.reshape(-1).view(dtype).copy()
        for name in dtype.names or ():
            field = dtype.fields[name][0]
            if field.subdtype is not None or field.names is not None:
                continue  # random, or all the same
            array[name] = array_of(field, (n,), pattern, seed)
        if dtype.kind == "c":
            part = np.dtype(f"{dtype.byteorder}f{dtype.itemsize // 2}")
            array = array_of(part, (2 * n,), pattern, seed).view(dtype)
        return array.reshape(shape)
    if dtype.kind == "b":
        return (bits_of(rng, pattern if pattern in PATTERNS else "few", n, 1) % 2 > 0).reshape(
            shape
        )
    width = dtype.itemsize
    if pattern in FLOATS and width > 1:
        bits = floats_of(rng, pattern, n, width)
    else:
        bits = bits_of(rng, pattern if pattern in PATTERNS else "few", n, width)
    order = ">" if dtype.byteorder == ">" else "<"
    return bits.astype(f"{order}u{width}").view(dtype).reshape(shape)


def same(one, other):
    assert (one.dtype, one.shape) == (other.dtype, other.shape)
    assert opaque(one).tobytes() == opaque(other).tobytes()


@given(
    st.sampled_from(DTYPES),
    st.sampled_from(SHAPES),
    st.sampled_from(PATTERNS + FLOATS),
    st.integers(1, 9),
    st.sampled_from(["C", "F", "reversed", "backwards", "every other", "turned"]),
    st.integers(0, 99),
)
@example(">u2", (9, 8, 7), "special", 7, "every other", 9202)  # symbols of 16 bits, but few
@settings(max_examples=80)
def test_any_array(dtype, shape, pattern, level, order, seed):
    array = array_of(dtype, shape, pattern, seed)
    match order:
        case "F":
            array = np.asfortranarray(array)
        case "reversed":
            array = array[::-1] if array.ndim else array
        case "every other":
            array = array[..., ::2] if array.ndim else array
        case "backwards":
            array = array[..., ::-1] if array.ndim else array
        case "turned":  # of three axes, neither in C nor in Fortran order
            array = np.moveaxis(array, 0, -1) if array.ndim else array
    blob = ansflow.compress(array, level=level)
    same(ansflow.decompress(blob), array)
    assert len(blob) <= array.nbytes * (1 + SHARE) + FRAME + (60 if array.dtype.names else 0)
    with ansflow.ArrayReader(io.BytesIO(blob)) as reader:
        same(np.asarray(reader[...]), array)
        if array.ndim and array.flags.c_contiguous:
            same(np.asarray(reader[1::2]), array[1::2])


@given(
    st.sampled_from(DTYPES[:18]),
    st.sampled_from(PATTERNS + FLOATS),
    st.integers(1, 9),
    st.integers(60, 70),
    st.integers(-2, 2),
    st.sampled_from([1, 4, 64]),
)
@settings(max_examples=30)
def test_lengths_around_the_borders_of_chunks_and_rows(dtype, pattern, level, few, more, chunks):
    array = array_of(dtype, (few * chunks + more,), pattern, few)
    size = 64 * array.itemsize
    blob = ansflow.compress(array, level=level, chunk_size=size)
    same(ansflow.decompress(blob), array)
    with ansflow.ArrayReader(io.BytesIO(blob)) as reader:
        for key in (slice(62, 67), slice(-3, None), slice(None, None, 63), -1):
            same(np.asarray(reader[key]), np.asarray(array[key]))


@pytest.mark.parametrize("level", range(1, 10))
def test_higher_levels_are_hardly_larger(level):
    """On what the sample of each level stands for."""
    array = array_of("<f4", (60_000,), "prices", 1)
    first, blob = (ansflow.compress(array, level=given) for given in (1, level))
    assert len(blob) <= 1.01 * len(first)
    assert len(blob) < 0.5 * array.nbytes


@pytest.mark.parametrize("pattern", ["random", "high"])
@pytest.mark.parametrize("dtype", ["<u2", "<f4", ">f8", "<c16"])
def test_random_bits_are_not_much_larger(dtype, pattern):
    array = array_of(dtype, (300_000,), pattern, 5)
    blob = ansflow.compress(array)
    assert len(blob) <= array.nbytes * (1 + SHARE) + FRAME
    same(ansflow.decompress(blob), array)


def test_bfloat16_as_uint16():
    weights = np.random.default_rng(1).normal(0, 0.02, 50_000).astype("<f4").view("<u2")[1::2]
    plan = ansflow.plan(weights, dtype="bfloat16")
    blob = ansflow.compress(weights, plan=plan)
    same(ansflow.decompress(blob), weights)
    assert len(blob) < 0.8 * weights.nbytes
