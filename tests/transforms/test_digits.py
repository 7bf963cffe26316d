"""Small numbers that were packed in one."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from single_transforms import through, undo

from ansflow.errors import CorruptDataError
from ansflow.transforms.digits import Digits
from ansflow.transforms.layout import Layout
from ansflow.transforms.transform import Unsuitable
from ansflow.varints import ByteReader, pack_varint

RNG = np.random.default_rng(0)
DIGITS = Digits()
WIDTHS = [1, 2, 4, 8]

# Bits, decimals, and the largest ones that there may be.
BASES = {
    1: [(2,), (255,), (16,), (2,) * 7, (10, 10)],
    2: [(256,), (257, 255), (32, 64), (100, 100), (65535,)],
    4: [(256, 256, 256), (65536,), (100, 100), (2**32 - 1,), (3, 2**16 + 1)],
    8: [(1024, 4096), (2**32,), (10**9, 10**9), (2**64 - 1,), (2,) * 15, (7, 2**33, 1000)],
}


def digits_of(number, bases):
    """In Python integers, the leading one first."""
    found = []
    for base in reversed(bases):
        number, digit = divmod(number, base)
        found.append(digit)
    return [number, *reversed(found)]


@pytest.mark.parametrize(("width", "bases"), [(w, bases) for w in WIDTHS for bases in BASES[w]])
def test_digits_are_those_of_the_reference(width, bases):
    for shape in ((), (0,), (7,), (3, 50), (2049,)):
        numbers = RNG.integers(0, 1 << (8 * width), shape, f"u{width}")
        if numbers.size > 2:
            numbers.reshape(-1)[:2] = 0, (1 << (8 * width)) - 1
        found, outputs = through(DIGITS, numbers, settings=bases)
        assert found == bases
        expected = [digits_of(int(x), bases) for x in numbers.reshape(-1)]
        layouts = DIGITS.outputs(bases, Layout(width, shape))
        assert len(layouts) == len(bases) + 1
        for j, (output, layout) in enumerate(zip(outputs, layouts, strict=True)):
            assert layout.shape == shape
            assert output.view(f"<u{layout.itemsize}").tolist() == [row[j] for row in expected]


@given(st.sampled_from(WIDTHS), st.lists(st.integers(2, 2**64), min_size=1, max_size=15), st.data())
def test_any_numbers_come_back(width, told, data):
    bases, room = [], (1 << (8 * width)) - 1
    for base in told:
        if room < 2:
            break
        bases.append(2 + base % (room - 1))
        room //= bases[-1]
    numbers = data.draw(st.lists(st.integers(0, (1 << (8 * width)) - 1), max_size=70))
    through(DIGITS, np.array(numbers, f"u{width}"), settings=tuple(bases))


def test_digits_have_as_few_bytes_as_they_need():
    """Those of the largest numbers, whatever there are."""
    layout = Layout(8, (5,))
    for bases, widths in [
        ((2,), (8, 1)),
        ((256, 257), (8, 1, 2)),
        ((2**32,), (4, 4)),
        ((2**32 + 1,), (4, 8)),
        ((2**48, 65536), (1, 8, 2)),
        ((2**47, 256), (2, 8, 1)),
        ((2**64 - 1,), (1, 8)),
    ]:
        assert tuple(output.itemsize for output in DIGITS.outputs(bases, layout)) == widths


def test_digits_that_are_too_large_carry():
    """No encoder writes them, and nobody refuses them: the check of the content finds them."""
    layout = Layout(2, (3,))
    parts = [np.array([0, 200, 255], np.uint8), np.array([255, 0, 255], np.uint8)]
    out = undo(DIGITS, (200,), [parts[0].astype("<u2").view(np.uint8), parts[1]], layout)
    expected = (parts[0].astype(int) * 200 + parts[1]) % 65536
    assert out.view("<u2").tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((), "1 to 15 bases"),
        ((2,) * 16, "1 to 15 bases"),
        ((0,), "from 2 on, not 0"),
        ((10, 1), "not 10, 1"),
        ((-2,), "not -2"),
        ((10.0,), "not 10.0"),
        (("decimal",), "not decimal"),
        ((2**64,), "product below 2\\^64"),
        ((2**32, 2**32), "product below 2\\^64"),
    ],
)
def test_settings_that_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        DIGITS.check(*settings)


@pytest.mark.parametrize(("width", "bases"), [(1, (256,)), (2, (256, 256)), (4, (2**33,))])
def test_bases_that_are_too_large_for_numbers(width, bases):
    numbers = np.zeros(5, f"u{width}")
    with pytest.raises(Unsuitable, match=f"for numbers of {8 * width} bits"):
        through(DIGITS, numbers, settings=bases)
    with pytest.raises(CorruptDataError, match=f"for numbers of {8 * width} bits"):
        DIGITS.parse(ByteReader(DIGITS.pack(bases)), Layout(width, (5,)))


@pytest.mark.parametrize("count", [0, 16, 255])
def test_counts_of_bases_that_are_refused(count):
    written = bytes([count]) + pack_varint(2) * count
    with pytest.raises(CorruptDataError, match=f"{count} bases, not 1 to 15"):
        DIGITS.parse(ByteReader(written), Layout(8, (5,)))


def test_the_largest_bases_do_not_overflow():
    """Products are those of integers, however large."""
    with pytest.raises(CorruptDataError, match="of 64 bits"):
        DIGITS.parse(ByteReader(DIGITS.pack((2**63, 2**63, 4))), Layout(8, (5,)))
    assert math.prod((2**63, 2**63, 4)) % 2**64 == 0
