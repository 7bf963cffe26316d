"""Floats as integers over a factor: exact, or an exception."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given, strategies as st
from single_transforms import through, undo

from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.decimal import count_exceptions
from ansflow.kernels.transforms.half import from_half, to_half
from ansflow.kernels.transforms.quotient import goes_by_product
from ansflow.transforms import Recipe
from ansflow.transforms.decimal import Decimal, Decimals
from ansflow.transforms.layout import Layout
from ansflow.transforms.node import read_recipe
from ansflow.transforms.transform import Unsuitable
from ansflow.varints import ByteReader

RNG = np.random.default_rng(0)
DECIMAL = Decimal()
CODES = {2: "e", 4: "f", 8: "d"}
ODD = [math.nan, math.inf, -math.inf, -0.0, 5e-324, 1e-40, 1e300, 65504.0, 6e-8, math.pi]


def rounded(value, width):
    """The bytes of a number in a narrower format, as `struct` rounds it."""
    try:
        return struct.pack("<" + CODES[width], value)
    except OverflowError:
        return struct.pack("<" + CODES[width], math.copysign(math.inf, value))


def size_of(words, width):
    """Bytes of a correction."""
    return width if "far" in words else int("near" in words)


def integer_of(item, factor, times, size, width):
    """d for the bytes of a number, and the correction; None if it is an exception."""
    (x,) = struct.unpack("<" + CODES[width], item)
    scaled = x / factor if times else x * factor
    half = 1 << (8 * width - 1)
    d = round(scaled) if math.isfinite(scaled) else half
    if not -half <= d < half:
        d = 0
    y = rounded(float(d) * factor if times else float(d) / factor, width)
    difference = int.from_bytes(item, "little") - int.from_bytes(y, "little")
    correction = (difference + half) % (2 * half) - half
    code = 2 * correction if correction >= 0 else -2 * correction - 1
    bits = min(8 * size, np.finfo(f"f{width}").nmant + 2)
    return (d, code) if code < 1 << bits else None


def reference(array, factor, times, size):
    """Integers, gaps, exceptions and corrections, an item at a time; None if they are too many.

    Without exceptions there are no outputs for them.
    """
    width, data = array.dtype.itemsize, array.astype(array.dtype.newbyteorder("<")).tobytes()
    items = [data[i : i + width] for i in range(0, len(data), width)]
    found = [integer_of(item, factor, times, size, width) for item in items]
    if 10 * found.count(None) > len(found):
        return None
    previous = next((one[0] for one in found if one is not None), None)
    integers, gaps, exceptions, corrections, last = [], [], [], [], -1
    for i, one in enumerate(found):
        if one is None:
            gaps.append(i - last - 1)
            exceptions.append(i)
            last = i
        else:
            previous = one[0]
        corrections.append(one[1] if one else 0)
        integers.append(previous + (1 << (8 * width - 1)))
    of_exceptions = np.array(gaps, "<u4").tobytes(), array.reshape(-1)[exceptions].tobytes()
    return [
        np.array(integers, f"<u{width}").tobytes(),
        *(of_exceptions if gaps else ()),
        *[np.array(corrections, f"<u{size or 1}").tobytes()] * (size > 0),
    ]


@given(
    st.sampled_from([2, 4, 8]),
    st.sampled_from([1.0, 10.0, 100.0, 3.0, 0.1, 2.0**-20, 1e6, 7e-5]),
    st.tuples(st.booleans(), st.sampled_from([(), ("near",), ("far",)]), st.booleans()),
    st.lists(st.tuples(st.integers(0, 400), st.sampled_from(ODD)), max_size=40),
    st.integers(0, 400),
    st.sampled_from([0, 1, 130, 1 << 15, 1 << 27, 1 << 51]),
)
def test_all_that_is_written_is_that_of_the_reference(width, factor, how, others, n, off):
    times, corrected, big = how
    values = RNG.integers(-1000, 1000, n)
    with np.errstate(over="ignore"):
        array = (values * factor if times else values / factor).astype(f"f{width}")
        for place, value in others:
            if place < n:
                array[place] = value
    off &= (1 << 8 * width - 1) - 1
    array.view(f"i{width}")[...] += RNG.integers(-off, off, n, endpoint=True).astype(f"i{width}")
    array = array.astype(array.dtype.newbyteorder(">" if big else "<"))
    settings = [factor, *["times"] * times, *corrected, *["big"] * big]
    expected = reference(array, factor, times, size_of(corrected, width))
    if expected is None:
        with pytest.raises(Unsuitable, match="more than one in 10"):
            through(DECIMAL, array, settings=settings)
        return
    parameters, outputs = through(DECIMAL, array, settings=settings)
    near, far = (word in corrected for word in ("near", "far"))
    found = len(expected[1]) // 4 if len(expected) > 2 else 0
    whole = factor == int(factor)
    assert parameters == (factor, times, near, far, big, found, not found, whole)
    assert [output.tobytes() for output in outputs] == expected


@pytest.mark.parametrize("width", [2, 4, 8])
@pytest.mark.parametrize("share", [0, 0.05])
@pytest.mark.parametrize("words", [(), ("near",), ("far",)])
def test_many_items(width, share, words):
    array = (RNG.integers(-3000, 3000, (7, 131, 5)) / 10).astype(f"f{width}")
    array[RNG.random(array.shape) < share] = np.nan
    parameters, outputs = through(DECIMAL, array, settings=(10.0, *words))
    expected = reference(array, 10.0, False, size_of(words, width))
    assert [output.tobytes() for output in outputs] == expected
    assert parameters.exceptions == np.count_nonzero(np.isnan(array))


def test_exceptions_in_front_repeat_the_first_integer():
    array = np.full(100, 12.25)
    array[[0, 1, 2, 50]] = np.nan, -0.0, np.inf, math.pi
    _, (integers, gaps, exceptions) = through(DECIMAL, array, settings=(4,))
    assert set(integers.view("<u8").tolist()) == {49 + (1 << 63)}
    assert gaps.view("<u4").tolist() == [0, 0, 0, 47]
    assert exceptions.tobytes() == array[[0, 1, 2, 50]].tobytes()


def test_integers_that_fill_the_width():
    for width, edge in ((2, 1 << 15), (4, 1 << 31), (8, 1 << 63)):
        array = np.full(30, -edge, f"f{width}")
        array[7], array[8] = edge, np.nextafter(array.dtype.type(edge), array.dtype.type(0))
        parameters, _ = through(DECIMAL, array, settings=(1,))
        assert parameters.exceptions == 1


def test_all_halves():
    every = np.arange(1 << 16).astype(np.uint16)
    values = every.view(np.float16).astype(np.float64)
    finite = np.isfinite(values)
    assert [from_half(item) for item in every[finite]] == values[finite].tolist()
    assert {from_half(item) for item in every[~finite]} == {math.inf, -math.inf}
    ordered = np.sort(values[finite & (values >= 0)])
    middles = (ordered[1:] + ordered[:-1]) / 2
    edges = [np.nextafter(middles, 0), middles, np.nextafter(middles, np.inf)]
    more = [65519.99, 65520.0, 1e300, math.inf, 5e-324]
    for value in np.concatenate([values[~np.isnan(values)], *edges, more]).tolist():
        assert np.uint16(to_half(value)).tobytes() == rounded(value, 2)
        assert np.uint16(to_half(-value)).tobytes() == rounded(-value, 2)


@given(
    st.floats(0, exclude_min=True, allow_infinity=False),
    st.booleans(),
    st.sampled_from([(), ("near",), ("far",)]),
    st.sampled_from([2, 4, 8]),
)
def test_any_integers_become_what_the_format_says(factor, times, words, width):
    """Those of damaged data, too: with overflows, underflows and zeros."""
    edges = [0, 1, (1 << (8 * width - 1)) - 1]
    integers = np.concatenate([RNG.integers(0, 1 << (8 * width - 1), 9), edges]).astype(f"i{width}")
    integers = np.concatenate([integers, ~integers])
    stored = (integers ^ np.array(-1 << (8 * width - 1), f"i{width}")).view(np.uint8)
    near, far = (word in words for word in ("near", "far"))
    parameters = Decimals(factor, times, near, far, False, 0)
    layout, nothing = Layout(width, (integers.size,)), np.empty(0, np.uint8)
    kind = np.dtype(f"u{size_of(words, width) or 1}")
    corrections = RNG.integers(0, 1 << 8 * kind.itemsize, integers.size, kind)
    others = [corrections.view(np.uint8)] * (near or far)
    out = undo(DECIMAL, parameters, [stored, nothing, nothing, *others], layout)
    exact = undo(DECIMAL, parameters._replace(exact=True), [stored, *others], layout)
    assert exact.tobytes() == out.tobytes()
    expected = b""
    for d, code in zip(integers.tolist(), corrections.tolist(), strict=True):
        item = rounded(float(d) * factor if times else divided(float(d), factor), width)
        correction = (near or far) * (-(code + 1) // 2 if code % 2 else code // 2)
        bits = int.from_bytes(item, "little") + correction
        expected += (bits % (1 << (8 * width))).to_bytes(width, "little")
    assert out.tobytes() == expected


def test_numbers_that_a_parser_has_read_inexactly():
    values = RNG.integers(-(10**7), 10**7, 5000) / 10**5
    values[::3] = np.nextafter(values[::3], np.inf)
    with pytest.raises(Unsuitable):
        through(DECIMAL, values, settings=(1e5,))
    parameters, (integers, corrections) = through(DECIMAL, values, settings=(1e5, "near"))
    assert parameters.exceptions == 0
    expected = np.rint(values * 1e5).astype(np.int64)
    assert np.array_equal((integers.view("<u8") ^ (1 << 63)).view(np.int64), expected)
    assert set(corrections.tolist()) == {0, 1, 2}


def test_some_numbers_that_are_finer_than_the_others():
    values = RNG.integers(-(10**7), 10**7, 5000) / 10**5
    finer = RNG.random(5000) < 0.4
    values[finer] = RNG.normal(0, 100, np.count_nonzero(finer))
    values[7], values[8] = math.nan, 1e-9  # which no integer stands for
    with pytest.raises(Unsuitable):
        through(DECIMAL, values, settings=(1e5, "near"))
    parameters, (integers, _, _, codes) = through(DECIMAL, values, settings=(1e5, "far"))
    assert parameters.exceptions == 2
    held = np.delete(np.rint(values * 1e5), [7, 8]).astype(np.int64)
    found = (integers.view("<u8") ^ (1 << 63)).view(np.int64)
    assert np.array_equal(np.delete(found, [7, 8]), held)
    assert np.count_nonzero(codes.view("<u8")) == np.count_nonzero(np.delete(finer, [7, 8]))


@pytest.mark.parametrize(
    ("factor", "size"), [(1.0, 2), (1e6, 4), (2.0**49 - 1, 8), (2.0**49, 9), (0.1, 9), (1e300, 9)]
)
@pytest.mark.parametrize("words", [(), ("near",), ("far",)])
def test_nothing_is_said_of_exceptions_where_there_are_none(factor, size, words):
    """And a factor takes the bytes of an integer where it is one that is not too large."""
    words_of_factor = ("times",) if factor > 1e9 else ()
    items = (np.arange(40) * factor if words_of_factor else np.arange(40) / factor).tobytes()
    recipe = Recipe.of(
        f"decimal[{', '.join(map(str, (factor, *words_of_factor, *words)))}]"
        f"(log, log, bytes{', planes' if 'far' in words else ', stream' * len(words)})"
    )
    layout = Layout(8, (40,))
    written, streams = recipe.forward(np.frombuffer(items, np.uint8), layout)
    assert len(streams) == 2 + (8 if "far" in words else len(words))
    root, layouts = read_recipe(ByteReader(written), layout)
    assert layouts == [stream.layout for stream in streams]
    assert str(root) == str(recipe)
    assert len(DECIMAL.pack(root.parameters)) == size
    left = iter(streams)
    assert root.inverse(None, lambda out: put(next(left).symbols, out)).tobytes() == items


@pytest.mark.parametrize("outputs", ["(log)", "(log, stream)", "(log, log, bytes, stream)"])
def test_recipes_name_all_outputs_whatever_the_items_are(outputs):
    items, recipe = np.arange(9.0), Recipe.of(f"decimal[1.0]{outputs}")
    with pytest.raises(ValueError, match="has 3 outputs here"):
        recipe.forward(items.view(np.uint8), Layout(8, items.shape))


def put(symbols, out):
    """Where symbols of a stream are to be."""
    if out is None:
        return symbols
    out[:] = symbols
    return out


def divided(value, factor):
    with np.errstate(over="ignore", under="ignore"):
        return float(np.float64(value) / np.float64(factor))


@pytest.mark.parametrize(
    "settings",
    [
        *[(), ("times",), (0,), (0.0,), (-1.0,), (math.inf,), (math.nan,), (10**400,), (True,)],
        *[
            (1.0, "big", "times"),
            (1.0, "small"),
            (1.0, 2.0),
            (1.0, "times", "times"),
            (1.0, "big", "near"),
            (1.0, "near", "far"),
        ],
    ],
)
def test_settings_that_are_refused(settings):
    with pytest.raises(ValueError, match="decimal"):
        DECIMAL.check(*settings)


def test_settings_come_from_text():
    recipe = Recipe.of("decimal[100.0, times, near, big](planes, planes, planes, stream)")
    assert str(recipe) == "decimal[100.0, times, near, big](planes, planes, planes, stream)"
    assert list(DECIMAL.describe(Decimals(1.0, False, True, False, False, 0))) == [1.0, "near"]
    told = DECIMAL.describe(Decimals(0.1, True, False, True, True, 3))
    assert list(told) == [0.1, "times", "far", "big"]


def test_layouts():
    accepted = [width for width in range(1, 17) if DECIMAL.accepts(Layout(width, (3,)))]
    assert accepted == [2, 4, 8]


@pytest.mark.parametrize(
    ("first", "factor", "exceptions", "message"),
    [
        (12, 1.0, 0, "begins with the byte 12"),
        (64, 1.0, 0, "begins with the byte 64"),
        (255, 1.0, 0, "begins with the byte 255"),
        (0, 0.0, 0, "finite and above"),
        (0, -1.0, 0, "finite and above"),
        (0, math.inf, 0, "finite and above"),
        (0, math.nan, 0, "finite and above"),
        (0, 1.0, 101, "101 exceptions among 100 items"),
    ],
)
def test_parameters_that_are_refused(first, factor, exceptions, message):
    data = bytes([first]) + struct.pack("<d", factor) + bytes([exceptions])
    with pytest.raises(CorruptDataError, match=message):
        DECIMAL.parse(ByteReader(data), Layout(4, (100,)))


@pytest.mark.parametrize("whole", [False, True])
def test_parameters_that_are_cut(whole):
    data = DECIMAL.pack(Decimals(100.0, False, False, True, False, 300, False, whole))
    assert len(data) == (4 if whole else 11)
    for size in range(len(data)):
        with pytest.raises(CorruptDataError, match="cut off"):
            DECIMAL.parse(ByteReader(data[:size]), Layout(4, (1000,)))


@pytest.mark.parametrize("gaps", [[5], [0, 4], [4, 0], [2**32 - 1], [0, 2**32 - 1, 0]])
def test_exceptions_behind_the_end_are_refused(gaps):
    layout, n = Layout(2, (5,)), len(gaps)
    outputs = [np.zeros(10, np.uint8), np.array(gaps, "<u4").view(np.uint8), np.zeros(2 * n, "u1")]
    with pytest.raises(CorruptDataError, match="a place that 5 items do not have"):
        undo(DECIMAL, Decimals(1.0, False, False, False, False, n), outputs, layout)


def test_factors_that_are_far_too_fine_are_given_up():
    """Any number is an integer over such a factor, and takes its time to be looked at."""
    numbers = np.arange(4096, dtype="f4")
    numbers[-100:] = 2.0**22
    numbers[7] = 0.4
    factors, found = np.array([1.0, 10.0]), np.zeros((2, 3), np.uint64)
    count = count_exceptions(4, goes_by_product(1.0, 10.0))
    told = 0, 0, 0.1, 0.5, 2.0**22
    assert count(numbers.view("u4"), factors, False, *told, found) == 2
    assert found.tolist() == [[0, 1, 0], [1, 0, 0]]
    assert count(numbers[::-1].copy().view("u4"), factors, False, *told, found) == 0
