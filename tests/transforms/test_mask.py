"""Masks: which items are a pattern, and the others with what was before in its place."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from single_transforms import through, undo

from ansflow.errors import CorruptDataError
from ansflow.transforms.layout import Layout
from ansflow.transforms.mask import Mask, Masked, most_frequent
from ansflow.transforms.transform import Unsuitable
from ansflow.varints import ByteReader, pack_varint

RNG = np.random.default_rng(0)
MASK = Mask()


def packed(bits):
    """Bits in bytes, the lowest first."""
    return np.packbits(np.array(bits, bool), bitorder="little").tobytes()


def changes(bits, lag):
    """Each bit by exclusive or with the one `lag` before it."""
    return [bit ^ (bits[i - lag] if 0 < lag <= i else 0) for i, bit in enumerate(bits)]


def reference(numbers, pattern, shape):
    """Lag, filled items and mask, an item at a time."""
    valid = [number for number in numbers if number != pattern]
    last, filled = (valid or [pattern])[0], []
    for number in numbers:
        last = last if number == pattern else number
        filled.append(last)
    bits = [int(number == pattern) for number in numbers]
    lags = {0, 1, shape[-1], math.prod(shape[-2:])} - set(range(len(numbers), 10**6))
    lag = min(sorted(lags), key=lambda lag: min(ones := sum(changes(bits, lag)), len(bits) - ones))
    return lag, filled, packed(changes(bits, lag))


@given(
    st.sampled_from([1, 2, 4, 8]),
    st.lists(st.integers(1, 9), min_size=1, max_size=3) | st.tuples(st.integers(1, 700)),
    st.sampled_from([0.0, 0.02, 0.5, 0.97, 1.0]),
    st.sampled_from([1, 5, 80]),
)
def test_all_that_is_written_is_that_of_the_reference(width, shape, share, run):
    n = math.prod(shape)
    numbers = RNG.integers(0, 1 << (8 * width), n, f"u{width}")
    pattern = int(RNG.integers(0, 1 << (8 * width), dtype=f"u{width}"))
    numbers[np.repeat(RNG.random(n // run + 1) < share, run)[:n]] = pattern
    numbers[RNG.integers(n)] = pattern
    (found, lag), (filled, mask) = through(MASK, numbers.reshape(shape), settings=(pattern,))
    assert found == pattern
    expected = reference(numbers.tolist(), pattern, shape)
    assert (lag, filled.view(f"<u{width}").tolist(), mask.tobytes()) == expected


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_lags_of_rows_and_planes(width):
    """Every plane has the coast of the first, within words and across them."""
    for height, length in ((7, 9), (3, 64), (5, 131), (1, 200)):
        plane = RNG.random((height, length)) < 0.5
        planes = RNG.integers(1, 250, (4, height, length)).astype(f"u{width}")
        planes[:, plane] = 0
        (pattern, lag), (_, mask) = through(MASK, planes)
        assert (pattern, lag) == (0, plane.size)
        assert mask.tobytes() == packed([*plane.reshape(-1), *[False] * (3 * plane.size)])
        rows = RNG.integers(1, 250, (40, length)).astype(f"u{width}")
        rows[:, plane[0]] = 0
        assert through(MASK, rows)[0] == (0, length)


def test_a_run_is_two_changes():
    numbers = np.arange(1, 1001).astype(np.uint16)
    numbers[300:700] = 7
    (pattern, lag), (filled, mask) = through(MASK, numbers)
    assert (pattern, lag) == (7, 1)
    assert np.flatnonzero(np.unpackbits(mask, bitorder="little")).tolist() == [6, 7, 300, 700]
    assert (filled.view("<u2")[300:700] == 300).all()


def test_nothing_but_the_pattern():
    (pattern, lag), (filled, mask) = through(MASK, np.full((3, 5), 9, np.uint32))
    assert (pattern, lag) == (9, 0)
    assert filled.view("<u4").tolist() == [9] * 15
    assert mask.tolist() == [255, 127]


def test_the_most_frequent_pattern_is_found():
    for n in (1, 2, 3, 100, 5000, 100_000):
        numbers = RNG.integers(0, 1 << 40, n, np.uint64)
        numbers[RNG.random(n) < 0.2] = 77
        numbers[n // 2] = 77
        assert most_frequent(numbers) == 77 or n < 100
    assert most_frequent(np.empty(0, np.uint8)) == 0
    columns = np.arange(1 << 16, dtype=np.uint32).reshape(-1, 4)
    columns[:, 3] = 5
    assert most_frequent(columns.reshape(-1)) == 5


def test_a_pattern_that_does_not_occur():
    for numbers, pattern in ((np.arange(9).astype(np.uint16), 9), (np.empty(0, np.uint16), 0)):
        with pytest.raises(Unsuitable, match="does not occur"):
            through(MASK, numbers, settings=(pattern,))
    with pytest.raises(Unsuitable, match="more than 16 bits"):
        through(MASK, np.arange(9).astype(np.uint16), settings=(1 << 16,))


@pytest.mark.parametrize("settings", [(-1,), (1 << 64,), (1.0,), ("zero",), (True,), (1, 2)])
def test_settings_that_are_refused(settings):
    with pytest.raises(ValueError, match="takes one pattern"):
        MASK.check(*settings)


@pytest.mark.parametrize(
    ("pattern", "lag", "message"),
    [(1 << 16, 0, "too large for items of 2"), (0, 6, "more than the 5")],
)
def test_parameters_that_are_refused(pattern, lag, message):
    data = pack_varint(pattern) + pack_varint(lag)
    with pytest.raises(CorruptDataError, match=message):
        MASK.parse(ByteReader(data), Layout(2, (5,)))
    assert MASK.parse(ByteReader(b"\xff\xff\x03\x05"), Layout(2, (5,))) == (65535, 5)


def test_layouts():
    accepted = [width for width in range(1, 17) if MASK.accepts(Layout(width, (3,)))]
    assert accepted == [1, 2, 4, 8]


@given(st.integers(0, 300), st.data())
def test_any_mask_is_undone_as_the_format_says(n, data):
    """Also one that no encoder writes: the pattern among the filled items, bits behind the end."""
    lag, width = data.draw(st.integers(0, n)), data.draw(st.sampled_from([1, 2, 4, 8]))
    layout, size = Layout(width, (n,)), -(-n // 8)
    filled = RNG.integers(0, 3, n).astype(f"u{width}")
    mask = RNG.integers(0, 256, size, np.uint8)
    bits = np.unpackbits(mask, bitorder="little").tolist()
    if lag:
        for i in range(lag, n):
            bits[i] ^= bits[i - lag]
    expected = [2 if bit else item for bit, item in zip(bits, filled.tolist(), strict=False)]
    out = undo(MASK, Masked(2, lag), [filled.view(np.uint8), mask], layout)
    assert out.view(f"<u{width}").tolist() == expected
