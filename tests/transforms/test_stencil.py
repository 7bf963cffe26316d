"""Weighted sums of neighbours, and what is left."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from single_transforms import through, undo

from ansflow.errors import CorruptDataError
from ansflow.transforms.layout import Layout
from ansflow.transforms.stencil import Stencil, Sums, distances, fitted, neighbours
from ansflow.transforms.transform import Unsuitable
from ansflow.varints import ByteReader

RNG = np.random.default_rng(0)
STENCIL = Stencil()
WIDTHS = [1, 2, 4]


def magnitude(left, width):
    """The mean of the absolute values of what is left."""
    return float(np.mean((left.view(f"<u{width}").astype(np.uint64) + 1) // 2))


def image(width, rows=60, columns=70, noise=2.0):
    y, x = np.mgrid[:rows, :columns]
    smooth = 100 + 50 * np.sin(x / 20) * np.cos(y / 15)
    return np.rint(smooth + RNG.normal(0, noise, smooth.shape)).astype(f"u{width}")


@given(st.data())
@settings(max_examples=60)
def test_any_numbers_come_back(data):
    axes = data.draw(st.sampled_from([2, 3]))
    width = data.draw(st.sampled_from(WIDTHS))
    shape = data.draw(st.lists(st.integers(1, 7), min_size=axes - 1, max_size=3))
    shape = (*shape, data.draw(st.integers(9, 40)))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**64 - 1)))
    numbers = rng.integers(0, 1 << (8 * width), shape, f"u{width}")
    numbers >>= numbers.dtype.type(rng.integers(8 * width))
    (offsets, weights), _ = through(STENCIL, numbers, settings=(axes,))
    assert len(offsets) == len(weights)
    assert offsets[0] == 1
    assert sum(weights) == 1 << 14


@given(st.data())
@settings(max_examples=40)
def test_anything_that_is_left_is_undone_as_the_format_says(data):
    width = data.draw(st.sampled_from(WIDTHS))
    size = data.draw(st.integers(1, 2500))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**64 - 1)))
    far = rng.integers(8, max(9, size), data.draw(st.integers(0, 6))) if size > 8 else []
    near = {2} if size > 1 and data.draw(st.booleans()) else set()
    offsets = tuple(sorted({1, *near, *map(int, far)}))
    weights = tuple(int(w) for w in rng.integers(-(1 << 17), 1 << 17, len(offsets)))
    left = rng.integers(0, 1 << (8 * width), size, f"u{width}")
    out = undo(STENCIL, Sums(offsets, weights), [left.view(np.uint8)], Layout(width, (size,)))
    x = []
    for i, z in enumerate(left.tolist()):
        values = (x[i - d if d <= i else i - 1] if i else 0 for d in offsets)
        expected = (8192 + sum(w * v for w, v in zip(weights, values, strict=True))) >> 14
        x.append((expected + (-(z + 1) // 2 if z % 2 else z // 2)) % (1 << (8 * width)))
    assert out.view(f"<u{width}").tolist() == x


@pytest.mark.parametrize("width", WIDTHS)
def test_noise_is_averaged(width):
    numbers = image(width)
    _, (left,) = through(STENCIL, numbers)
    signed = numbers.astype(np.int64)
    for axis in (0, 1):
        assert magnitude(left, width) < 0.95 * np.abs(np.diff(signed, axis=axis)).mean()


def test_the_plane_before():
    planes = image(2)[np.newaxis] + np.zeros((9, 1, 1), np.uint16)
    planes += RNG.integers(0, 2, planes.shape, np.uint16)
    (offsets, _), (left,) = through(STENCIL, planes, settings=(3,))
    assert offsets == (1, 2, 69, 70, 71, 140, 4200, 4201)
    _, (without,) = through(STENCIL, planes)
    assert magnitude(left, 2) < magnitude(without, 2) / 1.3


def test_planes_that_are_sums_are_nearly_known():
    y, x = np.mgrid[:50, :60]
    numbers = (7 * x + 90 * y).astype(np.uint16)
    _, (left,) = through(STENCIL, numbers)
    assert (left.view("<u2").reshape(50, 60)[2:, 2:-1] <= 2).mean() > 0.99


@pytest.mark.parametrize("value", [0, 255])
def test_numbers_that_are_all_the_same(value):
    _, (left,) = through(STENCIL, np.full((20, 30), value, np.uint8))
    assert not left[1:].any()


def test_outliers_do_not_move_weights():
    numbers = image(4, noise=1.0) + np.uint32(1 << 20)
    clean = magnitude(through(STENCIL, numbers)[1][0], 4)
    places = RNG.random(numbers.shape) < 0.005
    spoilt = np.where(places, np.uint32(0xFFFFFFF0), numbers)
    _, (left,) = through(STENCIL, spoilt)
    usual = np.median((left.view("<u4").astype(np.uint64) + 1) // 2)
    assert usual < 2 * clean + 1


def test_numbers_that_only_the_row_above_is_near_to():
    # As coordinates of atoms are, in the order of floats: those around 0 are far from each other.
    rng = np.random.default_rng(3)
    places = rng.normal(0, 5, 900) + np.cumsum(rng.normal(0, 0.1, (60, 900)), axis=0)
    floats = places.astype(np.float32).view(np.uint32)
    numbers = np.where(floats >> 31, ~floats, floats | 1 << 31)
    _, (left,) = through(STENCIL, numbers)
    far = (left.view("<u4").reshape(numbers.shape)[2:] + 1.0) // 2
    above = np.abs(np.diff(numbers.astype(np.int64), axis=0))[1:]
    assert np.log2(far + 1).mean() < np.log2(above + 1).mean() + 0.05


def test_weights_that_are_told_leave_what_kernels_leave():
    numbers = image(2, 12, 40)
    (offsets, weights), (left,) = through(STENCIL, numbers)
    x = numbers.reshape(-1).astype(np.int64)
    places = np.arange(offsets[-1], x.size)
    before = x[places - 1]
    differences = np.array([x[places - offset] - before for offset in offsets[1:]])
    assert fitted(differences, x[places] - before) == weights
    found = distances(weights, differences, x[places] - before)
    folded = np.where(found < 0, -2 * found - 1, 2 * found)
    assert np.array_equal(folded, left.view("<u2")[places])


def test_weights_that_would_be_too_large_are_not_taken():
    wanted = np.arange(-500, 500) * 1000
    assert fitted(wanted[np.newaxis] // 1000, wanted) == (1 << 14, 0)
    assert fitted(np.empty((5, 0), np.int64), np.empty(0, np.int64)) == (1 << 14, *[0] * 5)


def test_neighbours_are_before():
    for axes in (2, 3):
        for steps in neighbours(axes):
            assert sum(step * lag for step, lag in zip(steps, (1, 9, 9), strict=False)) > 0


@pytest.mark.parametrize("told", [(1,), (4,), (2, 3), (2.0,), ("float",)])
def test_settings_that_are_refused(told):
    with pytest.raises(ValueError, match="takes the number of axes, 2 or 3"):
        STENCIL.check(*told)


@pytest.mark.parametrize(("shape", "axes"), [((99,), 2), ((20, 30), 3), ((20, 8), 2)])
def test_items_that_do_not_suit(shape, axes):
    with pytest.raises(Unsuitable, match=f"has no {axes} axes"):
        through(STENCIL, np.zeros(shape, np.uint8), settings=(axes,))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\0", "has 0 neighbours"),
        (b"\x09", "has 9 neighbours"),
        (b"\1\0\0", "a neighbour 0 items before"),
        (b"\1\2\0", "a neighbour 2 items before"),
        (b"\2\1\0\1\0", "a neighbour 1 items before"),
        (b"\2\1\0\7\0", "a neighbour 7 items before"),
        (b"\3\1\0\x09\0\x09\0", "a neighbour 9 items before"),
        (b"\2\1\0\x65\0", "a neighbour 101 items before, of 100"),
        (b"\1\1\x80\x80\x10", "written as 262144, not below 262144"),
        (b"\2\1\0", "end too early"),
    ],
)
def test_parameters_that_are_refused(data, message):
    with pytest.raises(CorruptDataError, match=message):
        STENCIL.parse(ByteReader(data), Layout(2, (100,)))


def test_layouts():
    assert [width for width in range(1, 65) if STENCIL.accepts(Layout(width, (3,)))] == WIDTHS
    assert not STENCIL.accepts(Layout(4, (3, 0)))
