"""Fields of structures."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from single_transforms import through

from ansflow.errors import CorruptDataError
from ansflow.transforms.fields import Fields
from ansflow.transforms.layout import Layout
from ansflow.transforms.transform import Unsuitable
from ansflow.varints import ByteReader

RNG = np.random.default_rng(0)
FIELDS = Fields()


@given(
    st.lists(st.integers(1, 20) | st.sampled_from([1, 2, 4, 8]), min_size=2, max_size=64)
    | st.sampled_from([[1] * 64, [2] * 7, [4, 4], [8] * 4, [3] * 5]),
    st.lists(st.integers(0, 9), max_size=2) | st.just([500]),
)
def test_fields_are_bytes_of_all_items(sizes, shape):
    items = RNG.integers(0, 256, (*shape, sum(sizes)), np.uint8)
    array = items.view(f"V{sum(sizes)}").reshape(shape)
    found, fields = through(FIELDS, array, settings=sizes)
    assert found == FIELDS.describe(found) == tuple(sizes)
    assert FIELDS.outputs(found, Layout(sum(sizes), tuple(shape))) == [
        Layout(size, tuple(shape)) for size in sizes
    ]
    at = 0
    for size, field in zip(sizes, fields, strict=True):
        assert field.tobytes() == items[..., at : at + size].tobytes()
        at += size


def test_real_and_imaginary_parts():
    numbers = (RNG.random(300) + 1j * RNG.random(300)).astype("<c8")
    _, (real, imaginary) = through(FIELDS, numbers, settings=(4, 4))
    assert np.array_equal(real.view("<f4"), numbers.real)
    assert np.array_equal(imaginary.view("<f4"), numbers.imag)


def test_other_items():
    with pytest.raises(Unsuitable, match="take 6 bytes, and the items have 8"):
        through(FIELDS, np.zeros(5, np.uint64), settings=(4, 2))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((), "2 to 64 fields, not of 0"),
        ((4,), "not of 1"),
        ((1,) * 65, "not of 65"),
        ((4, 0), "at least 1, not 0"),
        ((4, 4.0), "not 4.0"),
        (("real", "imaginary"), "not real"),
    ],
)
def test_settings_that_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        FIELDS.check(*settings)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\0", "has 0 fields, not 2 to 64"),
        (b"\1\4", "has 1 fields"),
        (b"\x41" + b"\1" * 65, "has 65 fields"),
        (b"\2\2\1", "sum to 3"),
        (b"\2\4\4", "sum to 8"),
        (b"\3\2\2\0", "or are 0"),
        (b"\2" + b"\xff" * 9 + b"\1\5", "items of 4 bytes"),
        (b"\2\4", "cut off"),
    ],
)
def test_parameters_that_are_refused(data, message):
    with pytest.raises(CorruptDataError, match=message):
        FIELDS.parse(ByteReader(data), Layout(4, (5,)))


def test_layouts():
    assert [width for width in range(1, 70) if FIELDS.accepts(Layout(width, ()))] == [*range(2, 70)]
