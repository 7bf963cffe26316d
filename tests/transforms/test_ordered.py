"""Integers in the order of the numbers, for every pattern of bits."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from single_transforms import odd, through, undo

from ansflow.errors import CorruptDataError
from ansflow.transforms.layout import Layout
from ansflow.transforms.ordered import Order, Ordered
from ansflow.transforms.transform import Unsuitable
from ansflow.varints import ByteReader

RNG = np.random.default_rng(0)
ORDERED = Ordered()
KINDS = {"unsigned": "u", "signed": "i", "float": "f"}


def reference(kind, bits, number):
    """The integer for a number of so many bits, which is given as its bits."""
    sign = 1 << (bits - 1)
    if kind == "unsigned":
        return number
    if kind == "float" and number >= sign:
        return (1 << bits) - 1 - number
    return number ^ sign


@given(
    st.sampled_from([1, 2, 4, 8]),
    st.sampled_from(list(KINDS)),
    st.booleans(),
    st.integers(0, 63),
    st.sampled_from([0, 1, 5, 300]),
)
def test_numbers_are_those_of_the_reference(width, kind, big, shift, n):
    big, shift = big and width > 1, shift % (8 * width)
    numbers = RNG.integers(0, 1 << (8 * width), n, f"u{width}") >> shift << shift
    array = numbers.astype(f">u{width}" if big else f"<u{width}")
    told = (kind, *["big"] * big, *[shift] * (shift > 0))
    order, (out,) = through(ORDERED, array, settings=told)
    assert ORDERED.describe(order) == list(told)
    bits = 8 * width - shift
    expected = [reference(kind, bits, number >> shift) for number in numbers.tolist()]
    assert out.view(f"<u{width}").tolist() == expected


@pytest.mark.parametrize("dtype", ["u1", "i1", "<u2", "<i2", "<f2", "<i4", "<f4", "<u8", "<f8"])
def test_the_order_is_that_of_the_numbers(dtype):
    kind = next(kind for kind, letter in KINDS.items() if letter in dtype)
    numbers = RNG.integers(0, 256, 32_000, np.uint8).view(dtype)
    if kind == "float":
        special = np.array([0.0, -0.0, np.inf, -np.inf, 6e-8, -6e-8], dtype)
        numbers = np.concatenate((numbers[~np.isnan(numbers)], special))
    _, (out,) = through(ORDERED, numbers, settings=(kind,))
    in_order = numbers[np.argsort(out.view(f"<u{numbers.itemsize}"))]
    assert (in_order[1:] >= in_order[:-1]).all()


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_every_pattern_has_a_number_of_its_own(kind, width):
    """Those of NaN and of the negative zero, too."""
    numbers = np.arange(1 << (8 * width), dtype=f"<u{width}")
    _, (out,) = through(ORDERED, numbers, settings=(kind,))
    assert np.array_equal(np.sort(out.view(numbers.dtype)), numbers)


def test_what_is_ordered_already_is_a_view():
    items = odd(RNG.integers(0, 256, 80, np.uint8))
    _, (out,) = ORDERED.forward(items, Layout(8, (10,)), "unsigned")
    assert np.shares_memory(out, items)


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_too_large_integers_make_some_numbers(kind):
    """A decoder may meet integers that have more bits than are left."""
    numbers = RNG.integers(0, 1 << 16, 99, np.uint16)
    out = undo(ORDERED, Order(kind, False, 7), [numbers.view(np.uint8)], Layout(2, (99,)))
    assert (out.view("<u2") % (1 << 7) == 0).all()


def test_as_many_bits_are_taken_off_as_are_0():
    numbers = np.full(1000, 64, np.uint32)
    for told, kept in [(0, 0), (5, 5), (6, 6), (7, 6), (31, 6)]:
        parameters, _ = through(ORDERED, numbers, settings=("signed", told))
        assert parameters.shift == kept
    numbers[[0, 999]] = 0, 65
    parameters, _ = through(ORDERED, numbers, settings=("unsigned", 4))
    assert parameters.shift == 0
    parameters, _ = through(ORDERED, np.zeros(9, np.uint32), settings=("unsigned", 31))
    assert parameters.shift == 31


def test_bits_that_some_numbers_far_behind_others_have():
    numbers = (RNG.integers(0, 1 << 20, 20_000, np.uint32) << 6) | 64
    for place, bit in [(5_000, 5), (10_000, 2), (10_001, 4), (19_999, 3)]:
        numbers[place] |= 1 << bit
    parameters, (out,) = through(ORDERED, numbers, settings=("unsigned", 6))
    assert parameters.shift == 2
    assert np.array_equal(out.view("<u4"), numbers >> 2)


def test_numbers_that_do_not_fit():
    with pytest.raises(Unsuitable, match="of 32 bits don't have 32 low bits"):
        through(ORDERED, np.zeros(9, np.uint32), settings=("signed", 32))
    with pytest.raises(Unsuitable, match="one byte are not big-endian"):
        through(ORDERED, np.zeros(9, np.uint8), settings=("signed", "big"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((), "the first setting of 'ordered' is unsigned, signed or float"),
        (("double",), "not double"),
        ((3,), "not 3"),
        (("float", "little"), "'big' and a shift from 0 to 63, not little"),
        (("float", 64), "not 64"),
        (("float", -1), "not -1"),
        (("float", 1.0), "not 1.0"),
        (("float", 3, "big"), "not 3, big"),
        (("float", "big", 3, 4), "not big, 3, 4"),
    ],
)
def test_settings_that_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ORDERED.check(*settings)


@pytest.mark.parametrize(
    ("data", "width", "message"),
    [
        (b"\3\0", 4, "no kind of numbers 3"),
        (b"\7\0", 4, "no kind of numbers 7"),
        (b"\x08\0", 4, "no kind of numbers 8"),
        (b"\x80\0", 4, "no kind of numbers 128"),
        (b"\4\0", 1, "one byte big-endian"),
        (b"\2\x20", 4, "takes 32 low bits off numbers that have 32"),
        (b"\2\xff", 8, "takes 255"),
        (b"\2", 8, "cut off"),
    ],
)
def test_parameters_that_are_refused(data, width, message):
    with pytest.raises(CorruptDataError, match=message):
        ORDERED.parse(ByteReader(data), Layout(width, (5,)))


def test_layouts():
    assert [width for width in range(1, 65) if ORDERED.accepts(Layout(width, ()))] == [1, 2, 4, 8]
