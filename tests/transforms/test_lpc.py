"""Weighted sums of the numbers before, and what is left."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from single_transforms import through, undo

from ansflow.errors import CorruptDataError
from ansflow.transforms.layout import Layout
from ansflow.transforms.lpc import KINDS, Lpc, Weighted, lanes_of
from ansflow.transforms.ordered import Ordered
from ansflow.transforms.transform import Unsuitable
from ansflow.varints import ByteReader

RNG = np.random.default_rng(0)
LPC, ORDERED = Lpc(), Ordered()
WIDTHS = [1, 2, 4, 8]
SPECIAL = [
    0.0,
    -0.0,
    1.0,
    5e-324,
    1e-45,
    1e-310,
    3e38,
    -3e38,
    1e308,
    np.inf,
    -np.inf,
    np.nan,
    -np.nan,
]


def ordered(floats):
    """The integers that stand for floats in their order."""
    layout = Layout(floats.itemsize, floats.shape)
    _, (out,) = ORDERED.forward(floats.reshape(-1).view(np.uint8), layout, "float")
    return out.view(f"<u{floats.itemsize}").reshape(floats.shape)


def magnitude(output, width):
    """The median of the absolute values of what is left."""
    return float(np.median((output.view(f"<u{width}").astype(np.uint64) + 1) // 2))


@given(st.data())
@settings(max_examples=60)
def test_any_numbers_come_back(data):
    kind = data.draw(st.sampled_from(list(KINDS)))
    width = data.draw(st.sampled_from(KINDS[kind]))
    shape = tuple(data.draw(st.lists(st.integers(1, 12), min_size=1, max_size=3)))
    axis = data.draw(st.integers(0, len(shape) - 1))
    room = int(np.prod(shape[: axis + 1]))
    order = data.draw(st.integers(1, min(32, room)))
    segments = data.draw(st.integers(1, min(64, room // order)))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**64 - 1)))
    numbers = rng.integers(0, 1 << (8 * width), shape, f"u{width}")
    numbers >>= numbers.dtype.type(rng.integers(8 * width))
    told = (kind, order, axis, segments)
    parameters, _ = through(LPC, numbers, settings=told)
    assert parameters == (kind, axis, order, segments)
    assert tuple(LPC.describe(parameters)) == told


@pytest.mark.parametrize("width", [4, 8])
@pytest.mark.parametrize("share", [0.02, 0.5, 1])
def test_floats_that_are_no_numbers_to_calculate_with(width, share):
    with np.errstate(over="ignore"):
        special = np.array(SPECIAL).astype(f"f{width}")
    floats = np.sin(np.arange(3000) / 9).astype(f"f{width}")
    places = RNG.random(3000) < share
    floats[places] = RNG.choice(special, 3000)[places]
    bits = floats.view(f"u{width}")
    bits[places] ^= RNG.integers(0, 4, 3000, bits.dtype)[places]
    for order in (1, 4, 13):
        through(LPC, ordered(floats), settings=("float", order))


@pytest.mark.parametrize("width", [4, 8])
def test_sines_are_nearly_known_whatever_their_signs(width):
    """Two numbers tell the next one, but for how they are rounded."""
    floats = np.sin(np.arange(20_000) * 0.05).astype(f"f{width}")
    numbers = ordered(floats)
    _, (left, _) = through(LPC, numbers, settings=("float", 2))
    differences = np.diff(numbers.view(f"i{width}").astype("f8"))
    assert magnitude(left, width) < np.median(np.abs(differences)) / 1000


@pytest.mark.parametrize("width", [2, 4, 8])
def test_sums_of_integers(width):
    swings = np.sin(np.arange(20_000) * 0.3) * 10_000 + RNG.normal(0, 3, 20_000)
    numbers = np.rint(swings).astype(f"i{width}").view(f"u{width}")
    numbers ^= numbers.dtype.type(1 << (8 * width - 1))
    _, (left, _) = through(LPC, numbers, settings=("integer", 8))
    assert magnitude(left, width) < 6


def test_what_is_quiet_counts_as_much_as_what_is_loud():
    """Two sounds, one after the other in each lane: weights are fitted to both."""
    steps = np.arange(40_000)
    loud, quiet = (np.sin(steps * pitch) for pitch in (0.3, 0.8))
    sound = np.where(steps % 2000 < 400, 9000 * loud, 90 * quiet) + RNG.normal(0, 0.5, steps.size)
    numbers = np.rint(sound).astype("i2").view("u2") ^ np.uint16(1 << 15)
    _, (left, _) = through(LPC, numbers, settings=("integer", 2, 0, 4))
    rest = left.view("<u2")[steps % 2000 > 500]
    assert magnitude(rest, 2) < 27  # least squares alone leave 32


def test_along_the_first_axis_each_place_has_its_own_weights():
    steps = np.arange(900)[:, None] * np.array([0.1, 0.3, 1.1, 2.0])
    numbers = ordered(np.sin(steps))
    parameters, (_, weights) = through(LPC, numbers, settings=("float", 2, 0, 1))
    found = weights.view("<f8").reshape(2, 4)
    assert np.allclose(found[0], 2 * np.cos([0.1, 0.3, 1.1, 2.0]), atol=1e-6)
    assert np.allclose(found[1], -1, atol=1e-6)
    assert parameters == ("float", 0, 2, 1)


@pytest.mark.parametrize("number", [0, 255, 128])
def test_numbers_that_are_all_the_same(number):
    _, (left, weights) = through(LPC, np.full(500, number, np.uint8), settings=("integer", 3))
    assert np.isfinite(weights.view("<f4")).all()
    assert magnitude(left[100:], 1) < 1


def test_squares_that_overflow():
    floats = np.where(np.arange(500) % 2, 1e308, -1e308)
    _, (_, weights) = through(LPC, ordered(floats), settings=("float", 2, 0, 1))
    assert weights.view("<f8").tolist() == [1, 0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weights", [np.nan, np.inf, -np.inf, 1e308, -1e-320, 2.0**60])
def test_hostile_weights(kind, weights):
    layout = Layout(8, (300,))
    told = Weighted(kind, 0, 3, 2)
    outputs = [RNG.integers(0, 256, 2400, np.uint8), np.full(6, weights).view(np.uint8)]
    assert undo(LPC, told, outputs, layout).tobytes() == undo(LPC, told, outputs, layout).tobytes()


def test_weights_that_say_nothing_expect_zero():
    layout = Layout(4, (64,))
    zeros, nan = np.zeros(256, np.uint8), np.full(2, np.nan, "<f4").view(np.uint8)
    for kind in KINDS:
        out = undo(LPC, Weighted(kind, 0, 1, 2), [zeros, nan], layout)
        assert out.view("<u4").tolist() == [1 << 31] * 64


def test_segments():
    assert lanes_of(1000, 1) == 1
    assert lanes_of(1 << 18, 1) == 56
    assert lanes_of(1 << 18, 3) == 63
    assert lanes_of(1 << 18, 10_000) == 10_000
    parameters, _ = through(LPC, np.arange(9000, dtype=np.uint16), settings=("integer", 2))
    assert parameters.segments == 2


@pytest.mark.parametrize(
    "told",
    [
        (),
        ("integer",),
        ("real", 3),
        (3, 3),
        ("float", 0),
        ("float", 33),
        ("float", 2, -1),
        ("float", 2, 255),
        ("float", 2, 0, 0),
        ("float", 2, 0, 65),
        ("float", 2.0),
        ("float", 2, 0, 1, 1),
    ],
)
def test_settings_that_are_refused(told):
    with pytest.raises(ValueError, match="takes integer or float, an order from 1 to 32"):
        LPC.check(*told)


def test_items_that_do_not_suit():
    for array, told, message in [
        (np.zeros(9, np.uint16), ("float", 2), "no float numbers of 2 bytes"),
        (np.zeros(9, np.uint16), ("integer", 2, 1), "axis 1 of an array with 1"),
        (np.zeros(9, np.uint16), ("integer", 10), "10 weights for 9 items"),
    ]:
        with pytest.raises(Unsuitable, match=message):
            through(LPC, array, settings=told)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\2\0\1\1", "unknown kind 2"),
        (b"\1\0\1\1", "no float numbers of 2 bytes"),
        (b"\0\1\1\1", "axis 1 of an array with 1"),
        (b"\0\0\0\1", "the order 0 and 1 segments"),
        (b"\0\0\x21\1", "the order 33"),
        (b"\0\0\1\0", "0 segments"),
        (b"\0\0\1\x41", "65 segments"),
        (b"\0\0\x20\x20", "1024 weights for 900 items"),
        (b"\0\0\1", "cut off"),
    ],
)
def test_parameters_that_are_refused(data, message):
    with pytest.raises(CorruptDataError, match=message):
        LPC.parse(ByteReader(data), Layout(2, (900,)))


def test_layouts():
    assert [width for width in range(1, 65) if LPC.accepts(Layout(width, (3,)))] == WIDTHS
    assert not LPC.accepts(Layout(4, ()))
    assert not LPC.accepts(Layout(4, (3, 0)))
