"""Differences along any axes, and the sums that undo them."""

import math
from itertools import accumulate, combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, strategies as st
from single_transforms import through, undo

from ansflow.errors import CorruptDataError
from ansflow.kernels.jit import kernel
from ansflow.kernels.transforms.delta import BLOCK
from ansflow.kernels.transforms.running_sums import REGISTER_BYTES, running_sums
from ansflow.transforms.delta import Delta, Differences
from ansflow.transforms.finish import Finish
from ansflow.transforms.layout import Layout
from ansflow.transforms.transform import Unsuitable
from ansflow.varints import ByteReader

RNG = np.random.default_rng(0)
DELTA = Delta()
WIDTHS = [1, 2, 4, 8]


def reference(numbers, axes, shape, width):
    """Folded differences, an item at a time."""
    n, left = len(numbers), list(numbers)
    lags = [math.prod(shape[axis + 1 :]) for axis in axes]
    for lag in lags:
        for i in reversed(range(lag, n)):
            left[i] -= left[i - lag]
    for i in reversed(range(1, min(n, *lags, n))):
        left[i] -= left[i - 1]
    half = 1 << (8 * width - 1)
    signed = [(difference + half) % (2 * half) - half for difference in left]
    return [2 * number if number >= 0 else -2 * number - 1 for number in signed]


def check(shape, axes, width):
    numbers = RNG.integers(0, 1 << (8 * width), shape, f"u{width}")
    found, (out,) = through(DELTA, numbers, settings=axes)
    assert found == (axes, None)
    assert DELTA.describe(found) == axes
    flat = numbers.reshape(-1).tolist()
    folded = reference(flat, axes, shape, width)
    assert out.view(f"<u{width}").tolist() == folded
    found, (out,) = through(DELTA, numbers, settings=(*axes, "rising"))
    assert DELTA.describe(found) == (*axes, "rising")
    unfolded = [-(z + 1) // 2 if z % 2 else z // 2 for z in folded]
    usual = unfolded[-1] if len(flat) > 1 else 0
    half = 1 << (8 * width - 1)
    assert found == (axes, (flat[0] - usual + half) % (2 * half) - half if flat else 0)
    unfolded[:1] = [usual] * len(unfolded[:1])
    assert out.view(f"<i{width}").tolist() == unfolded


@given(st.data())
def test_differences_are_those_of_the_reference(data):
    shape = tuple(data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=4)))
    axes = data.draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, max_size=4))
    check(shape, tuple(axes), data.draw(st.sampled_from(WIDTHS)))


BORDER = int(BLOCK)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "shape",
    [
        (0,),
        (3, 0),
        (0, 3),
        (1,),
        (BORDER - 1,),
        (BORDER + 1,),
        (2 * BORDER + REGISTER_BYTES - 1,),
        (1, 1, 300),
        (300, 1),
        (3, BORDER + 5),
        (BORDER // 3, 7),
        (180, 15),
        (140, 16),
        (129, 33),
        (5, 30, 31),
        (2, 2, 5, 300),
    ],
)
def test_blocks_registers_and_rows(shape, width):
    """Arrays that end before, at and behind all that loops work on at once."""
    for count in (1, 2, 4):
        choices = list(combinations_with_replacement(range(len(shape)), count))
        for number in RNG.permutation(len(choices))[:3]:
            check(shape, choices[number], width)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_order_of_axes_is_kept_but_makes_no_difference(width):
    numbers = RNG.integers(0, 256, (5, 6, 70), np.uint8).astype(f"u{width}")
    first, (there,) = through(DELTA, numbers, settings=(0, 2, 1, 2))
    second, (back,) = through(DELTA, numbers, settings=(2, 2, 1, 0))
    assert (first.axes, second.axes) == ((0, 2, 1, 2), (2, 2, 1, 0))
    assert np.array_equal(there, back)


def test_the_first_number_may_lack_what_others_have_more():
    found, (out,) = through(DELTA, np.arange(0, 5000, 5, "<i8"), settings=(0, "rising"))
    assert found == ((0,), -5)
    assert set(out.view("<i8")) == {5}
    assert DELTA.pack(found) == b"\x11\0\5"


def test_lines_and_planes_vanish():
    line = np.arange(1000) * 70_000 - 12_345_678
    _, (out,) = through(DELTA, line.astype("<i8"), settings=(0, 0))
    assert not out.view("<u8")[2:].any()
    plane = line[:40, np.newaxis] * 5 + line**2
    _, (out,) = through(DELTA, plane.astype("<i8"), settings=(0, 1))
    assert not out.view("<u8").reshape(plane.shape)[1:, 1:].any()


@pytest.mark.parametrize("width", WIDTHS)
def test_any_output_is_undone_as_the_format_says(width):
    shape, n = (3, 41), 123
    layout, half = Layout(width, shape), 1 << (8 * width - 1)
    for axes in [(0,), (1,), (0, 1), (1, 1, 0), (0, 0)]:
        folded = RNG.integers(0, 2 * half, n, f"u{width}")
        y = [-(z + 1) // 2 if z % 2 else z // 2 for z in folded.tolist()]
        lags = [math.prod(shape[axis + 1 :]) for axis in axes]
        if min(lags) > 1:
            y[: min(lags)] = accumulate(y[: min(lags)])
        for lag in reversed(lags):
            for i in range(lag, n):
                y[i] += y[i - lag]
        out = undo(DELTA, Differences(axes), [folded.view(np.uint8)], layout)
        assert out.view(f"<u{width}").tolist() == [number % (2 * half) for number in y]


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
def test_sums_in_registers(width, inverted):
    """Compiled, they are those of the loop that stands there for Python."""
    begin, end = np.uint64(5), np.uint64(5 + 3 * REGISTER_BYTES // width)
    numbers = RNG.integers(0, 1 << (8 * width), int(end) + 9, f"u{width}")
    total, uncompiled = numbers[0], numbers.copy()
    masks = (numbers[1], numbers[2]) if inverted else None

    @kernel
    def compiled(items, begin, end, total, masks):
        return running_sums(items, begin, end, total, masks)

    with np.errstate(over="ignore"):
        last = running_sums(uncompiled, begin, end, total, masks)
        assert compiled(numbers, begin, begin, total, masks) == total
    assert compiled(numbers, begin, end, total, masks) == last
    assert np.array_equal(numbers, uncompiled)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 5000])
def test_what_is_done_in_one_loop_is_what_is_done_in_turn(width, size):
    numbers = RNG.integers(0, 1 << (8 * width), size, f"u{width}")
    masks = [int(mask) for mask in RNG.integers(0, 1 << (8 * width), 2, f"u{width}")]
    at_once, in_turn = numbers.view(np.uint8).copy(), numbers.view(np.uint8).copy()
    Finish(3, True, 1, 0, *masks, (1,)).apply(at_once, width)
    for one in (Finish(3, True), Finish(lags=(1,)), Finish(0, False, 1, 0, *masks)):
        one.apply(in_turn, width)
    assert np.array_equal(at_once, in_turn)


def test_axes_that_are_not_there():
    with pytest.raises(Unsuitable, match=r"shape \(3, 4\) has no axis 2"):
        through(DELTA, np.zeros((3, 4), np.uint8), settings=(0, 2))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((), "takes 1 to 4 axes, not 0"),
        ((0,) * 5, "takes 1 to 4 axes, not 5"),
        ((255,), "from 0 to 254, not 255"),
        ((0, -1), "not -1"),
        ((0.0,), "not 0.0"),
        (("rows",), "not rows"),
        (("rising",), "takes 1 to 4 axes, not 0"),
        (("rising", 0), "not rising"),
    ],
)
def test_settings_that_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        DELTA.check(*settings)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\0", "has 0 axes, not 1 to 4"),
        (b"\5\0\0\0\0\0", "has 5 axes"),
        (b"\1\2", "has axis 2 of an array with 2"),
        (b"\2\0\xff", "has axis 255"),
        (b"\x21\0", "has 33 axes"),
        (b"\x09\0\x80\x80\x80\x80\x10", "is off by 4294967296, not a number that 4 bytes"),
        (b"\x11\0\x80\x80\x80\x80\x10", "is off by 4294967296, not a number that 4 bytes"),
        (b"\x11\0\0", "is off by 0"),
        (b"\x19\0\1", "is both more and less"),
        (b"\2\0", "cut off"),
        (b"", "cut off"),
    ],
)
def test_parameters_that_are_refused(data, message):
    with pytest.raises(CorruptDataError, match=message):
        DELTA.parse(ByteReader(data), Layout(4, (5, 5)))


def test_layouts():
    assert [width for width in range(1, 65) if DELTA.accepts(Layout(width, (3,)))] == WIDTHS
    assert not DELTA.accepts(Layout(4, ()))
    assert DELTA.accepts(Layout(4, (1,) * 255))
    assert not DELTA.accepts(Layout(4, (1,) * 256))
