"""Quantised frequencies minimise the expected code length; nothing beats them."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from ansflow.models import quantize


def cost(weights, freq):
    """Bits, up to the constant precision * sum(weights)."""
    weights, freq = np.asarray(weights, float), np.asarray(freq, float)
    used = weights > 0
    return float(-np.sum(weights[used] * np.log2(freq[used])))


def rounded(weights, precision):
    """Plain rounding, the remainder on the largest: what most coders do."""
    weights = np.asarray(weights, float)
    freq = np.rint(weights / weights.sum() * (1 << precision)).astype(np.int64)
    freq = np.maximum(freq, weights > 0)
    freq[np.argmax(freq)] += (1 << precision) - freq.sum()
    return freq


def check_valid(weights, freq, precision):
    assert int(freq.sum(dtype=np.uint64)) == 1 << precision
    assert np.array_equal(freq > 0, np.asarray(weights) > 0)


@given(st.lists(st.integers(0, 60).map(lambda n: n**3), min_size=1, max_size=4).filter(any))
@example([1, 1, 1])
@example([10**9, 1, 1, 0])
def test_equals_brute_force(weights):
    precision = 4
    freq = quantize(weights, precision)
    check_valid(weights, freq, precision)
    present = [i for i, weight in enumerate(weights) if weight]
    best = min(
        cost([weights[i] for i in present], parts)
        for parts in itertools.product(range(1, 17), repeat=len(present))
        if sum(parts) == 16
    )
    assert cost(weights, freq) == pytest.approx(best, rel=1e-12, abs=1e-9)


@given(
    st.integers(1, 400), st.integers(9, 31), st.floats(0, 30), st.integers(0, 2**32), st.booleans()
)
def test_no_exchange_of_a_unit_improves(n, precision, skew, seed, holes):
    # For a separable concave objective, that is the same as being optimal.
    rng = np.random.default_rng(seed)
    weights = rng.random(n) ** skew
    if holes:
        weights[rng.random(n) < 0.5] = 0
        weights[0] = 1
    freq = quantize(weights, precision)
    check_valid(weights, freq, precision)
    used = weights > 0
    w, f = weights[used], freq[used].astype(float)
    gain = w * np.log1p(1 / f)
    with np.errstate(divide="ignore", invalid="ignore"):
        loss = np.where(f > 1, w * np.log1p(1 / (f - 1)), np.inf)
    assert gain.max() <= loss.min() * (1 + 1e-9)
    plain = rounded(weights, precision)
    if (plain[used] > 0).all():
        others = cost(weights, plain)
        assert cost(weights, freq) <= others + 1e-12 * abs(others)


def test_beats_rounding_on_skewed_bytes_at_12_bits():
    counts = np.bincount(
        np.minimum(np.random.default_rng(0).geometric(0.15, 1 << 18) - 1, 255), minlength=256
    )
    assert cost(counts, quantize(counts, 12)) < cost(counts, rounded(counts, 12))


@pytest.mark.parametrize(
    ("weights", "precision"),
    [
        (1 / np.arange(1, 65537.0) ** 3, 31),
        (np.ones(65536), 16),
        (0.99 ** np.arange(65536.0), 20),
        ([1e300, 1e300, 1.0, 5e-324], 8),
        ([5e-324, 0.0, 5e-324], 1),
        ([1.0], 1),
        ([1.0], 31),
        (np.r_[1e9, np.ones(32767)], 15),
    ],
)
def test_extremes(weights, precision):
    check_valid(weights, quantize(weights, precision), precision)


def test_rows_are_quantised_one_by_one():
    weights = np.random.default_rng(1).random((5, 40)) ** 6
    rows = quantize(weights, 10)
    assert np.array_equal(rows, [quantize(row, 10) for row in weights])
