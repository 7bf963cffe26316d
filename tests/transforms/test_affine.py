"""Numbers as multiples of a step, which is told or found."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from single_transforms import through, undo

from ansflow.errors import CorruptDataError
from ansflow.transforms.affine import Affine, Line
from ansflow.transforms.layout import Layout
from ansflow.transforms.transform import Unsuitable
from ansflow.varints import ByteReader, pack_varint

RNG = np.random.default_rng(0)
AFFINE = Affine()
WIDTHS = [1, 2, 4, 8]


def multiples(width, step, n):
    """Numbers that are multiples of a step above a base, small ones and some of the largest."""
    most = (1 << (8 * width)) - 1
    base = int(RNG.integers(0, min(most, 1000), endpoint=True))
    steps = RNG.integers(0, (most - base) // step, n, f"u{width}", endpoint=True)
    steps[: n // 2] %= 9
    return steps * np.asarray(step).astype(steps.dtype) + np.asarray(base).astype(steps.dtype)


@given(st.sampled_from(WIDTHS), st.integers(0, 63), st.integers(0, 2**64), st.integers(1, 3000))
def test_any_step(width, bits, number, n):
    step = 1 + number % (1 << bits % (8 * width))
    numbers = multiples(width, step, n)
    low = int(numbers.min())
    line, (out,) = through(AFFINE, numbers, settings=(step,))
    assert line == (low, step)
    assert AFFINE.describe(line) == [step]
    above = [number - low for number in numbers.tolist()]
    assert out.view(f"<u{width}").tolist() == [number // step for number in above]
    common = math.gcd(*above)
    if common > 1:
        assert through(AFFINE, numbers)[0] == (low, common)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("step", [2, 5, 12, 128, 255])
def test_one_number_that_is_no_multiple(width, step):
    """Wherever it is, and whatever it is."""
    numbers = multiples(width, step, 1100)  # more than a block
    numbers[1] = numbers.min()
    room = (1 << 8 * width) - 1 - int(numbers[1])
    for place in (0, 3, 1024, 1099):
        for more in {1, 2, step // 2, step - 1} - {step}:
            if more > room:
                continue  # it would be a smaller number
            other = numbers.copy()
            other[place] = np.asarray(int(numbers[1]) + more).astype(numbers.dtype)
            with pytest.raises(Unsuitable, match=f"not all multiples of {step} above"):
                through(AFFINE, other, settings=(step,))
            common = math.gcd(*(int(number) - int(other.min()) for number in other))
            if common > 1:
                assert through(AFFINE, other)[0].step == common


def test_steps_that_become_smaller():
    """Each block of numbers has another divisor."""
    numbers = np.repeat(2 ** np.arange(40, 5, -1, dtype=np.uint64), 1500) * np.uint64(3)
    assert through(AFFINE, np.append(numbers, [np.uint64(0)]))[0] == (0, 3 << 6)
    numbers[-1] = 7
    with pytest.raises(Unsuitable, match="no step in common"):
        through(AFFINE, numbers - np.uint64(7))


def test_no_gain():
    for numbers in ([0, 0, 0], [0, 1, 2, 200], [5, 6, 14], []):
        with pytest.raises(Unsuitable, match="no step in common, and start near 0"):
            through(AFFINE, np.array(numbers, np.uint8))
    assert through(AFFINE, np.array([250, 251, 255], np.uint8))[0] == (250, 1)
    assert through(AFFINE, np.array([7, 7, 7], np.uint16))[0] == (7, 1)
    assert through(AFFINE, np.array([], np.uint16), settings=(5,))[0] == (0, 5)


def test_steps_that_are_too_large_for_the_numbers():
    with pytest.raises(Unsuitable, match="not all multiples of 256"):
        through(AFFINE, np.zeros(5, np.uint8), settings=(256,))
    most = (1 << 64) - 1
    numbers = np.array([0, most], np.uint64)
    assert through(AFFINE, numbers)[0] == (0, most)


@pytest.mark.parametrize("width", WIDTHS)
def test_any_multiples_are_undone_modulo_the_width(width):
    numbers = RNG.integers(0, 1 << (8 * width), 300, f"u{width}")
    most = (1 << (8 * width)) - 1
    out = undo(AFFINE, Line(most, most - 2), [numbers.view(np.uint8)], Layout(width, (300,)))
    expected = [(most + (most - 2) * number) & most for number in numbers.tolist()]
    assert out.view(numbers.dtype).tolist() == expected


@pytest.mark.parametrize("settings", [(0,), (-5,), (1 << 64,), (2.0,), ("gcd",), (2, 3)])
def test_settings_that_are_refused(settings):
    with pytest.raises(ValueError, match="takes the step, an integer above 0"):
        AFFINE.check(*settings)


@pytest.mark.parametrize(("base", "step"), [(0, 0), (256, 1), (0, 256), (1 << 63, 1 << 63)])
def test_parameters_that_are_refused(base, step):
    data = pack_varint(base) + pack_varint(step)
    with pytest.raises(CorruptDataError, match=f"the base {base} and the step {step} for"):
        AFFINE.parse(ByteReader(data), Layout(1, (5,)))
    assert AFFINE.parse(ByteReader(b"\xff\x01\xff\x01"), Layout(1, (5,))) == (255, 255)


def test_layouts():
    assert [width for width in range(1, 65) if AFFINE.accepts(Layout(width, ()))] == WIDTHS
