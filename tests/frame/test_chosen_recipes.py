"""Whatever recipe is chosen for numbers, frames are what FORMAT.md says, and small."""

import io
import math
import random
from itertools import product

import naive_frame as naive
import naive_golden as golden
import numpy as np
import pytest
import random_recipes
from hypothesis import example, given, settings, strategies as st
from naive_mutations import transforms_of
from naive_numbers import (
    Affine,
    Bins,
    Columns,
    Decimal,
    Delta,
    Dict,
    Digits,
    FieldsOfItems,
    Items,
    Lookback,
    Lpc,
    Ordered,
    Period,
    Ramp,
    Runs,
    Sparse,
    Stencil,
)
from scipy.signal import lfilter

import ansflow

# Arrays, and what is made use of in them.
KNOWN = {
    "floats": (golden.FLOATS, Delta),
    "a walk": (golden.WALK, Ordered, Affine, Delta),
    "times": (golden.TIMES, Affine, Delta),
    "times that are early or late": (
        1000 * np.arange(9000) + np.random.default_rng(5).normal(2**40, 100, 9000).astype("i8"),
        Ramp,
    ),
    "prices": (golden.PRICES, Decimal, Delta),
    "prices, big-endian": (golden.PRICES.astype(">f4"), Decimal, Delta),
    "records": (golden.PAIRS, FieldsOfItems, Delta),
    "pixels": (golden.PIXELS, Columns, Delta),
    "plateaus": (golden.PLATEAUS, Runs),
    "zeros among others": (
        np.maximum(np.random.default_rng(5).normal(-0.3, 1, 20_000), 0).astype("f4"),
        Sparse,
    ),
    "a plane, in Fortran order": (np.asfortranarray(golden.PLANE), Delta),
    "few values": (
        (golden.SQUARES.astype("u8") * np.uint64(0x9E3779B97F4A7C15)).astype(">u8"),
        Dict,
    ),
}
# What level 1 does without.
SLOW = {Ramp}


def content_of(array):
    return array.tobytes("C" if array.flags.c_contiguous else "F")


def used(chunk):
    return {type(transform) for transform in transforms_of(chunk.recipe)}


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("level", [1, 3, 9])
def test_what_there_is_in_numbers_is_made_use_of(name, level):
    array, *wanted = KNOWN[name]
    blob = ansflow.compress(array, level=level)
    frame = naive.read(blob)
    assert frame.content == content_of(array)
    (chunk,) = frame.chunks
    assert used(chunk) >= set(wanted) - (SLOW if level == 1 else set())
    plain = ansflow.compress(array, recipe="planes")
    assert len(blob) < 0.8 * len(plain)
    back = ansflow.decompress(blob)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()


SWINGING = np.sin(np.arange(9000) * 0.1) + np.random.default_rng(6).normal(0, 1e-6, 9000)
# What noise sets in motion swings on for a while, but with no period.
RESONANCE = lfilter([100], [1, -1.2, 0.95], np.random.default_rng(6).normal(0, 1, 9000))


@pytest.mark.parametrize("level", [3, 6])
@pytest.mark.parametrize("dtype", ["f8", ">f4", "i4"])
def test_weighted_sums_are_for_high_levels(level, dtype):
    array = (SWINGING if "f" in dtype else RESONANCE).astype(dtype)
    blob = ansflow.compress(array, level=level)
    (chunk,) = naive.read(blob).chunks
    assert chunk.content == array.tobytes()
    assert bool(used(chunk) & {Lpc, Stencil}) == (level > 5)


YEARS, AGES = np.mgrid[:300, :21]
POPULATION = 10**5 * np.exp(-((AGES / 9.0) ** 2)) * (1 + 0.1 * np.sin(YEARS / 30.0))
POPULATION += np.random.default_rng(8).normal(0, 3, POPULATION.shape)


@pytest.mark.parametrize("level", [1, 3])
@pytest.mark.parametrize("columns", [0, 2])
def test_numbers_with_a_period_are_rows(level, columns):
    array = np.rint(POPULATION).astype("i8").reshape(-1)[:-5]
    if columns:
        array = np.stack([array, 2 * array], axis=1)
    blob = ansflow.compress(array, level=level)
    (chunk,) = naive.read(blob).chunks
    assert chunk.content == array.tobytes()
    assert (Period in used(chunk)) == (level > 2)


def test_numbers_from_several_ranges_are_in_bins():
    rng = np.random.default_rng(5)
    ports = np.where(rng.random(40_000) < 0.6, rng.choice([80, 443, 22], 40_000), 0)
    ports = np.where(ports, ports, rng.integers(32768, 61000, 40_000)).astype("u2")
    (chunk,) = naive.read(ansflow.compress(ports)).chunks
    assert chunk.content == ports.tobytes()
    assert Bins in used(chunk)


@pytest.mark.parametrize("level", [1, 3])
def test_numbers_that_come_again_are_looked_back_to(level):
    """Two counters that take turns, but now and then one of them has two; and both begin anew."""
    rng = np.random.default_rng(9)
    begins = rng.integers(0, 10**9, (2, 600)).repeat(100, axis=1)
    counters = (begins + np.arange(60_000) % 100).T.reshape(-1)[rng.random(120_000) < 0.9]
    (chunk,) = naive.read(ansflow.compress(counters.astype("i8"), level=level)).chunks
    assert chunk.content == counters.astype("i8").tobytes()
    assert (Lookback in used(chunk)) == (level > 2)


RNG = np.random.default_rng(10)
MILLISECONDS = 10**12 + np.cumsum(RNG.poisson(30, 40_000))
MACHINES = RNG.integers(0, 8, 40_000)
SNOWFLAKES = MILLISECONDS << 22 | MACHINES << 12 | RNG.integers(0, 3, 40_000)
GREY = 128 + np.cumsum(RNG.integers(-2, 3, (3, 40_000)), axis=1) % 128
COLOURS = 0xFF << 24 | GREY[0] << 16 | GREY[1] << 8 | GREY[2]
CENTS = 100_000 + np.cumsum(RNG.integers(-300, 301, 40_000)) % 200_000
TIMES_OF_DAY = RNG.integers(0, [[24], [60], [60]], (3, 40_000))

# Small numbers that were packed in one, and bases that say how, of one or another.
PACKED = {
    "ids": (SNOWFLAKES, {(1024, 4096)}),
    "ids in two columns": (SNOWFLAKES.reshape(-1, 2), {(1024, 4096)}),
    "ids, big-endian": (SNOWFLAKES.astype(">u8"), {(1024, 4096)}),
    "negative colours": (COLOURS.astype("u4").view("i4"), {(256, 256)}),
    "colours of an image": (COLOURS.astype("u4").reshape(200, 200), {(256, 256)}),
    "prices that were 32-bit floats": (
        # To six decimals, of which the last four say what these are off by.
        np.float32(CENTS / 100).astype("f8").round(6),
        {(10_000,)},
    ),
    "times of a day": (TIMES_OF_DAY.T @ [10_000, 100, 1], {(100,), (1000,), (10_000,), (100, 100)}),
}


@pytest.mark.parametrize(
    ("name", "level"),
    [*((name, 3) for name in PACKED), *product(("ids", "negative colours"), (1, 6))],
)
def test_small_numbers_that_were_packed_in_one_are_separated(name, level):
    array, bases = PACKED[name]
    blob = ansflow.compress(array, level=level)
    (chunk,) = naive.read(blob).chunks
    assert chunk.content == array.tobytes()
    found = [one.bases for one in transforms_of(chunk.recipe) if isinstance(one, Digits)]
    assert found == [] if level < 3 else set(found) <= bases and len(found) == 1
    if level > 2:  # than bins of differences, which tell of steps in each
        assert len(blob) < 0.975 * len(ansflow.compress(array, level=2))


@pytest.mark.parametrize(
    "array",
    [
        RNG.integers(0, 2**62, 20_000),
        np.cumsum(RNG.integers(0, 2**20, 20_000)),
        4096 * RNG.integers(0, 2**20, 20_000),
        RNG.integers(0, 10**9, 20_000),
        np.cumsum(RNG.integers(-300, 300, 20_000)).astype("i4"),
        (10**9 * RNG.normal(0, 1, 20_000)).astype("i8"),
    ],
)
def test_numbers_that_are_one_are_not_taken_apart(array):
    (chunk,) = naive.read(ansflow.compress(array)).chunks
    assert Digits not in used(chunk)


def test_a_counter_that_begins_again():
    """One difference, which no sample has, is far larger than all others."""
    steps = np.random.default_rng(6).poisson(50, 60_000)
    total = np.cumsum(steps)
    blobs = []
    for again in (60_000, 41_234):
        counter = total - np.where(np.arange(60_000) < again, 0, total[again - 1])
        blobs.append(ansflow.compress(counter.astype("i8")))
        assert ansflow.decompress(blobs[-1]).tobytes() == counter.astype("i8").tobytes()
    assert len(blobs[1]) < 1.02 * len(blobs[0])


Y, X = np.mgrid[:100, :120]
IMAGE = 100 + 50 * np.sin(X / 9) * np.cos(Y / 7) + np.random.default_rng(7).normal(0, 3, X.shape)


@pytest.mark.parametrize("level", [3, 6])
@pytest.mark.parametrize("dtype", ["u1", ">i2", "i4", "f4"])
def test_sums_of_neighbours_are_for_high_levels(level, dtype):
    array = np.rint(IMAGE).astype(dtype)
    blob = ansflow.compress(array, level=level)
    (chunk,) = naive.read(blob).chunks
    assert chunk.content == array.tobytes()
    assert (Stencil in used(chunk)) == (level > 5)


@pytest.mark.parametrize("told", [{"dtype": "<i8"}, {"typesize": 8}], ids=str)
def test_bytes_that_are_numbers(told):
    content = golden.WALK.tobytes() + b"end"
    blob = ansflow.compress(content, **told)
    frame = naive.read(blob)
    assert frame.content == content == ansflow.decompress(blob)
    assert frame.description == {}
    assert used(frame.chunks[0]) >= {Items, Delta}
    assert len(blob) < 0.5 * len(ansflow.compress(content))


def test_chunks_that_the_recipe_does_not_suit():
    """Neither by what is in them, nor by their shape; each is read all the same."""
    shape = (60, 30, 3)
    pixels = np.resize(golden.PIXELS, shape)
    pixels[40:] = np.random.default_rng(0).integers(0, 2**16, (20, 30, 3))
    for chunks in ((20, 30, 3), (7, 11, 2), (60, 30, 1)):
        blob = ansflow.compress(pixels, chunks=chunks)
        frame = naive.read(blob)
        assert frame.content == pixels.tobytes() == ansflow.decompress(blob).tobytes()
        assert all(len(chunk.body) <= len(chunk.content) + 512 for chunk in frame.chunks)
    prices = np.concatenate([np.tile(golden.PRICES, 5), np.sqrt(golden.INDEX[:900])])
    recipe = "decimal[100.0](delta[0](log), planes, planes)"
    blob = ansflow.compress(prices, chunk_size=7200, recipe=recipe)
    frame = naive.read(blob)
    assert frame.content == prices.tobytes() == ansflow.decompress(blob).tobytes()
    assert [Decimal in used(chunk) for chunk in frame.chunks] == [True] * 5 + [False]


DTYPES = ["u1", "i1", "<u2", ">i2", "<f2", "<u4", ">i4", "<f4", ">f4", "<i8", ">u8", "<f8", ">f8"]
DTYPES += ["?", "<M8[s]", ">m8[ms]", "<c8", ">c16"]
RECORDS = [
    [("a", "<u2"), ("b", ">f8")],
    [("a", "<i4"), ("", "V3"), ("b", [("c", "u1"), ("d", "<f4", (2,))])],
    [("a", "S3"), ("b", "<M8[s]"), ("c", "<u2", (3,))],
]


@st.composite
def arrays(draw):
    """Numbers that have some order in them, or none, in any shape."""
    dtype = np.dtype(draw(st.sampled_from([*DTYPES, *RECORDS])))
    shape = draw(st.lists(st.integers(0, 5), max_size=2))
    shape.append(draw(st.sampled_from([1, 3, 40, 300])))
    rng = random.Random(draw(st.integers(0, 2**64 - 1)))
    part = dtype.itemsize // (2 if dtype.kind == "c" else 1)
    count = math.prod(shape) * dtype.itemsize // part
    raw = random_recipes.some_items(rng, count, part)
    if dtype.kind == "b":
        raw = bytes(byte & 1 for byte in raw)
    array = np.frombuffer(raw, dtype).reshape(shape)
    return np.asfortranarray(array) if draw(st.booleans()) else array


def same(array, blob):
    frame = naive.read(blob)
    assert frame.content == content_of(array)
    assert all(len(chunk.body) <= len(chunk.content) + 512 for chunk in frame.chunks)
    back = ansflow.decompress(blob)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()


@given(arrays(), st.integers(1, 9), st.none() | st.integers(1, 3000), st.sampled_from([0, 1]))
@example(np.full(300, np.nan), 3, 1000, 0)
@example(np.zeros((3, 100), "<f4"), 3, 7, 0)
@settings(max_examples=25)
def test_any_numbers(array, level, chunk_size, order):
    same(array, ansflow.compress(array, level=level, chunk_size=chunk_size, order=order))


@given(arrays(), st.lists(st.integers(1, 50), min_size=4, max_size=4), st.integers(1, 9))
@settings(max_examples=30)
def test_any_numbers_in_tiles(array, chunks, level):
    same(array, ansflow.compress(array, chunks=chunks[: array.ndim], level=level))


@given(arrays(), st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=5))
@settings(max_examples=20)
def test_any_numbers_row_by_row(array, pieces):
    """The recipe is chosen by the first rows; others may look otherwise, and chunks be short."""
    array = np.ascontiguousarray(array)
    if not array[:1].nbytes:
        return
    file, at = io.BytesIO(), 0
    with ansflow.ArrayWriter(file, array.dtype, array.shape[1:], threads=1) as rows:
        for count, flush in pieces:
            rows.append(array[at : at + count])
            at += len(array[at : at + count])
            if flush:
                rows.flush()
    assert naive.read(file.getvalue()).content == array[:at].tobytes()
    assert ansflow.decompress(file.getvalue()).tobytes() == array[:at].tobytes()


@given(st.binary(max_size=40), arrays(), st.sampled_from(DTYPES), st.integers(1, 3000))
@settings(max_examples=20)
def test_any_bytes_as_numbers(begin, array, dtype, chunk_size):
    """Of any size, and perhaps not where such numbers begin."""
    content = begin + array.tobytes()
    blob = ansflow.compress(content, dtype=dtype, chunk_size=chunk_size)
    assert naive.read(blob).content == content == ansflow.decompress(blob)


@pytest.mark.parametrize("size", [1 << 14, 1 << 15, 100_003, 1 << 18])
def test_bytes_that_are_random_here_and_there(size):
    """Some pieces of a long stream are looked at before the rest is."""
    noise = np.random.default_rng(8).integers(0, 256, size, np.uint8)
    assert size < len(ansflow.compress(noise)) < size + 200
    for mixed in (
        np.where(np.arange(size) >> 10 & 1, noise, 7),
        np.where(np.arange(size) % 1024 < 1000, noise, 7),
    ):
        content = mixed.astype(np.uint8).tobytes()
        blob = ansflow.compress(content)
        assert naive.read(blob).content == content == ansflow.decompress(blob)
        counts = np.bincount(mixed)
        ideal = -counts @ np.log2(np.maximum(counts, 1) / size) / 8
        assert len(blob) < ideal + 0.006 * size + 300


def test_what_is_regular_takes_next_to_nothing():
    """One symbol where all steps are the same; few states where nearly all symbols are."""
    n = 1 << 18
    for array, most in (
        (np.arange(n) * 3600 + 1_600_000_000, 240),
        (np.linspace(-90, 90, 1441), 260),
        (np.arange(n) > n // 3, 260),
        (np.arange(n) % 1000, 1000),
    ):
        blob = ansflow.compress(array)
        assert np.array_equal(ansflow.decompress(blob), array)
        assert len(blob) < most


def test_smooth_curves_are_predicted_from_more_than_two_items():
    curve = np.sin(np.arange(60_000) / 50) + 0.3 * np.sin(np.arange(60_000) / 13.7)
    recipe = ansflow.plan(curve, level=3).recipe
    assert "delta[0, 0, 0, 0]" in str(recipe)
    twice = ansflow.compress(curve, recipe="ordered[float](delta[0, 0](log))")
    assert len(ansflow.compress(curve)) < 0.92 * len(twice)
