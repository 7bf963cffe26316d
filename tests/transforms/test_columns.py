"""Columns of tables, as they are or as differences from the one before."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from single_transforms import odd, through

from ansflow.errors import CorruptDataError
from ansflow.transforms.columns import Columns
from ansflow.transforms.layout import Layout
from ansflow.transforms.transform import Unsuitable
from ansflow.varints import ByteReader, pack_varint

RNG = np.random.default_rng(0)
COLUMNS = Columns()
WIDTHS = [1, 2, 4, 8]


@given(
    st.sampled_from(WIDTHS),
    st.lists(st.integers(0, 9), max_size=2) | st.tuples(st.integers(1, 3000)),
    st.sampled_from([2, 3, 4, 5, 8, 16, 64, 65, 256]),
    st.integers(0, 0xFFFF) | st.integers(1 << 62, (1 << 64) - 1),
)
def test_columns_are_those_of_the_reference(width, others, count, chosen):
    numbers = RNG.integers(0, 1 << (8 * width), (*others, count), f"u{width}")
    differenced = [j for j in range(1, min(count, 64)) if chosen >> j & 1]
    parameter, columns = through(COLUMNS, numbers, settings=differenced)
    assert COLUMNS.describe(parameter) == differenced
    table = numbers.reshape(-1, count)
    for j, column in enumerate(columns):
        expected = table[:, j] - table[:, j - 1] if j in differenced else table[:, j]
        assert np.array_equal(column.view(numbers.dtype), expected)
    layout = Layout(width, tuple(others))
    assert COLUMNS.outputs(parameter, Layout(width, numbers.shape)) == [layout] * count


@pytest.mark.parametrize("order", [lambda columns: columns, lambda columns: columns[::-1]])
def test_columns_that_are_elsewhere(order):
    """Other buffers than those that were offered, and rows of such in another order."""
    numbers = RNG.integers(0, 256, (100, 3), np.uint8)
    layout = Layout(1, numbers.shape)
    parameter, columns = COLUMNS.forward(numbers.reshape(-1), layout, 2)
    matrix = np.array(order(columns))
    out = np.empty(300, np.uint8)
    for buffers in (order(list(matrix)), [odd(column) for column in columns]):
        COLUMNS.inverse(parameter, buffers, layout, out)
        assert np.array_equal(out, numbers.reshape(-1))


def test_columns_that_are_not_there():
    with pytest.raises(Unsuitable, match="only 3 columns, and no column 4"):
        through(COLUMNS, np.zeros((5, 3), np.uint8), settings=(1, 4, 2))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((0,), "numbers from 1 to 63, not 0"),
        ((1, 64), "not 64"),
        ((1.0,), "not 1.0"),
        (("all",), "not all"),
        ((3, 2, 3), "a column once, not 3, 2, 3"),
    ],
)
def test_settings_that_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        COLUMNS.check(*settings)


@pytest.mark.parametrize(
    ("parameter", "message"),
    [(1, "a column before the first"), (8, "differences of more than 3"), (1 << 60, "more than 3")],
)
def test_parameters_that_are_refused(parameter, message):
    with pytest.raises(CorruptDataError, match=message):
        COLUMNS.parse(ByteReader(pack_varint(parameter)), Layout(4, (5, 3)))
    assert COLUMNS.parse(ByteReader(b"\6"), Layout(4, (5, 3))) == 6


def test_layouts():
    assert [width for width in range(1, 65) if COLUMNS.accepts(Layout(width, (3,)))] == WIDTHS
    counts = [count for count in range(300) if COLUMNS.accepts(Layout(4, (count, count)))]
    assert counts == list(range(2, 257))
    assert not COLUMNS.accepts(Layout(4, ()))
