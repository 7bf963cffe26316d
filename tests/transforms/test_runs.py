"""Runs: values, and how often each is repeated."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, strategies as st
from single_transforms import through, undo

from ansflow.errors import CorruptDataError
from ansflow.transforms.layout import Layout
from ansflow.transforms.runs import Runs
from ansflow.transforms.transform import Unsuitable
from ansflow.varints import ByteReader, pack_varint

RNG = np.random.default_rng(0)
RUNS = Runs()


def check(array):
    """Against `itertools`."""
    width = array.dtype.itemsize
    expected = [(value, len(list(run)) - 1) for value, run in groupby(array.reshape(-1).tolist())]
    if 8 * len(expected) > 5 * array.size:
        with pytest.raises(Unsuitable, match=f"{len(expected)} runs, too many"):
            through(RUNS, array)
        return
    count, (values, repeats) = through(RUNS, array)
    assert count == len(expected)
    assert values.view(f"<u{width}").tolist() == [value for value, _ in expected]
    assert repeats.view("<u4").tolist() == [repeat for _, repeat in expected]


@given(
    st.sampled_from([1, 2, 4, 8]),
    st.lists(st.sampled_from([1, 2, 3, 9, 15, 16, 17, 18, 33, 64, 65, 200]), max_size=60),
)
def test_any_lengths(width, lengths):
    values = RNG.integers(0, 1 << (8 * width), len(lengths), f"u{width}")
    check(np.repeat(values, lengths))


@given(
    st.sampled_from([1, 2, 4, 8]),
    st.lists(st.sampled_from([0, 0, 0, 1, 2, 7, 8, 9, 30]), min_size=1, max_size=60),
)
def test_more_runs_than_an_encoder_makes(width, repeats):
    """Equal neighbours, and runs of a single item: the values lie where items are put."""
    values = RNG.integers(0, 1 << (8 * width), len(repeats), f"u{width}")
    expected = np.repeat(values, np.array(repeats) + 1)
    outputs = [values.view(np.uint8), np.array(repeats, "<u4").view(np.uint8)]
    layout = Layout(width, (expected.size,))
    assert undo(RUNS, values.size, outputs, layout).tobytes() == expected.tobytes()


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_shapes(width):
    for shape in ((0,), (3, 0), (), (1,), (2,), (3,), (64,), (65,), (129,), (5, 7, 100)):
        check(np.full(shape, 7, f"u{width}"))
    check(np.repeat(np.arange(100), 2).astype(f"u{width}"))
    check(np.append(np.repeat(np.arange(100), 2), 9).astype(f"u{width}"))


def test_patterns_that_are_equal_as_numbers_are_two_runs():
    zeros = np.repeat([0.0, -0.0, np.nan], 5)
    assert through(RUNS, zeros)[0] == 3


@pytest.mark.parametrize(("runs", "items"), [(0, 1), (1, 0), (6, 5), (1 << 63, 5)])
def test_parameters_that_are_refused(runs, items):
    with pytest.raises(CorruptDataError, match=f"{runs} runs of {items} items"):
        RUNS.parse(ByteReader(pack_varint(runs)), Layout(4, (items,)))


@pytest.mark.parametrize(
    "repeats", [[0], [3], [5], [2**32 - 1], [0, 0], [0, 4], [2**32 - 1, 4], [2**32 - 1] * 5]
)
def test_lengths_of_another_sum_are_refused(repeats):
    layout, n = Layout(2, (5,)), len(repeats)
    outputs = [np.zeros(2 * n, np.uint8), np.array(repeats, "<u4").view(np.uint8)]
    with pytest.raises(CorruptDataError, match=f"{n} runs .* do not have 5 items"):
        undo(RUNS, n, outputs, layout)


def test_layouts_and_settings():
    accepted = [width for width in range(1, 17) if RUNS.accepts(Layout(width, (3,)))]
    assert accepted == [1, 2, 4, 8]
    with pytest.raises(ValueError, match="takes no settings"):
        RUNS.check(1)
