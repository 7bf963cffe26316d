"""Numbers that others far back predict, and which these are."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, strategies as st
from single_transforms import through, undo

from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.lookback import RECENT
from ansflow.transforms.layout import Layout
from ansflow.transforms.lookback import Far, Lookback, looked_back

RNG = np.random.default_rng(0)
LOOKBACK = Lookback()
WIDTHS = [1, 2, 4, 8]


@given(
    st.sampled_from(WIDTHS),
    st.integers(0, 300),
    st.integers(0, 2**64 - 1),
    st.sampled_from([(), (1,), (2,), (3,), (255,)]),
)
def test_any_numbers_come_back(width, n, seed, settings):
    """Random ones, and some that come again."""
    rng = np.random.default_rng(seed)
    numbers = rng.integers(0, 1 << (8 * width), n, f"u{width}") >> np.uint8(seed % (8 * width))
    through(LOOKBACK, numbers, settings=settings)
    if n:
        again = rng.choice(numbers[: 1 + n // 4], n) + rng.integers(0, 2, n, f"u{width}")
        through(LOOKBACK, again, settings=settings)


@pytest.mark.parametrize("width", [2, 4, 8])
def test_series_that_take_turns(width):
    """Each number is one more than the last one of its series, which is a few numbers back."""
    starts, count = np.array([7, 20_000, 45_000, 60_000]), np.zeros(4, int)
    numbers = np.empty(3000, f"u{width}")
    for i in range(numbers.size):
        series = RNG.integers(0, 4)
        numbers[i] = starts[series] + count[series]
        count[series] += 1
    _, (distances, kinds, lags) = through(LOOKBACK, numbers)
    assert np.mean(distances.view(f"u{width}") == 2) > 0.9
    assert np.mean(kinds < RECENT) > 0.8
    assert lags.size == 4 * np.count_nonzero(kinds == RECENT)


@pytest.mark.parametrize(("width", "row"), [(1, 1), (4, 2), (8, 3)])
def test_what_comes_again_vanishes(width, row):
    """A copy has one lag, however long it is and wherever it comes from."""
    part = RNG.integers(0, 1 << (8 * width), 500 * row, f"u{width}")
    between = RNG.integers(0, 1 << (8 * width), 333 * row, f"u{width}")
    numbers = np.concatenate([part, between, part])
    _, (distances, kinds, lags) = through(LOOKBACK, numbers, settings=(row,))
    if width > 1:  # there are few others
        assert not distances[-part.size * width :].any()
        assert not kinds[-499:].any()
        assert lags.view("<u4")[-1] == 833


def test_a_new_lag_is_taken_where_it_is_of_use_from_then_on():
    """Quantities side by side, each of which changes by more than some of the others differ."""
    rng = np.random.default_rng(1)
    begin, steps = rng.integers(0, 4000, 14), rng.integers(-300, 301, (1500, 14))
    numbers = (10**5 + begin + steps.cumsum(axis=0)).reshape(-1)
    found = looked_back(numbers.astype("u8"), 1)
    assert found.lags.tolist() == [14]
    assert np.median(found.distances) < 700


def test_rows_share_lags():
    _, (_, kinds, _) = through(LOOKBACK, np.arange(1000, dtype="u4"), settings=(7,))
    assert kinds.size == 143


KINDS = np.array([0, 0, 8, 1, 2, 0, 8, 7], np.uint8)
LAGS = np.array([2, 6], "<u4")


def test_outputs_are_undone_as_the_format_says():
    """Kinds that are recent lags, and new ones, which push the last recent one out."""
    distances = np.array([20, 4, 1, 3, 0, 6, 2, 8], "u1")  # 10, 2, -1, -2, 0, 3, 1, 4
    out = undo(LOOKBACK, Far(1, 2), [distances, KINDS, LAGS.view(np.uint8)], Layout(1, (8,)))
    # The lags are 1, 1, 2 (which is new, and there twice), 1, 2, 2, 6 (new), and 6 (now the last).
    assert out.tolist() == [10, 12, 9, 7, 9, 10, 11, 16]


@pytest.mark.parametrize(
    ("kinds", "lags"),
    [
        ([0, 9], []),
        ([0, 255], []),
        ([0, 1], []),  # 2, of one number before
        ([0, 8], []),
        ([0, 8], [0]),
        ([0, 8], [2]),
        ([0, 8], [2**32 - 1]),
        ([0, 0], [1]),
        ([8, 0], [0]),
        ([9, 0], []),
    ],
)
@pytest.mark.parametrize("row", [1, 3])
def test_outputs_that_are_refused(kinds, lags, row):
    layout, lags = Layout(2, (2 * row,)), np.array(lags, "<u4").view(np.uint8)
    outputs = [np.zeros(layout.nbytes, np.uint8), np.array(kinds, np.uint8), lags]
    with pytest.raises(CorruptDataError, match="'lookback' are illegal"):
        undo(LOOKBACK, Far(row, lags.size // 4), outputs, layout)


@given(st.sampled_from(WIDTHS), st.integers(0, 2**64 - 1), st.integers(1, 4))
def test_any_outputs_are_undone_or_refused(width, seed, row):
    rng = np.random.default_rng(seed)
    layout = Layout(width, (90,))
    kinds = rng.choice(np.array([0, 1, 2, 7, 8, 9], np.uint8), -(-90 // row), p=[0.8, *[0.04] * 5])
    lags = rng.integers(0, 30, rng.integers(0, kinds.size + 1)).astype("<u4").view(np.uint8)
    outputs = [rng.integers(0, 256, layout.nbytes, np.uint8), kinds, lags]
    with contextlib.suppress(CorruptDataError):
        undo(LOOKBACK, Far(row, lags.size // 4), outputs, layout)


def test_settings_and_layouts():
    for settings in [(0,), (256,), (1, 1), ("wide",), (1.0,)]:
        with pytest.raises(ValueError, match="'lookback' takes"):
            LOOKBACK.check(*settings)
    assert [width for width in range(1, 65) if LOOKBACK.accepts(Layout(width, ()))] == WIDTHS
