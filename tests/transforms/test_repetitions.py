"""Recipes for numbers that come again: soon, after a period, or far away."""

import numpy as np
import pytest

import ansflow
from ansflow.transforms.choosing.periods import periods
from ansflow.transforms.choosing.sample import boxes


def recipe(array, level=3):
    return str(ansflow.plan(array, level=level).recipe)


@pytest.mark.parametrize("level", [3, 6])
def test_pairs_are_runs(level):
    """Half of all numbers are as the one before, and it is known which ones."""
    rng = np.random.default_rng(0)
    pairs = np.repeat(rng.integers(-5000, 5000, 60_000), 2)
    assert recipe(pairs, level).startswith("runs(")
    lone = pairs.copy()
    lone[1::8] = rng.integers(-5000, 5000, lone[1::8].size)  # 3 in 8 are repeated
    assert "runs" not in recipe(lone, level)


def stamps(series, size, step=10_000_000):
    """Times of several series that tick together."""
    rng = np.random.default_rng(series)
    noise = rng.normal(0, 8, size).clip(-30, 30).astype(np.int64)
    return 1_700_000_000_000_000_000 + np.arange(size) // series * step + 1000 * noise


@pytest.mark.parametrize("series", [3, 4])
@pytest.mark.parametrize("level", [3, 6])
def test_the_first_row_of_a_period_is_far_from_what_is_left_of_others(series, level):
    """So that linear tokens of its length would be too coarse for all others."""
    times = stamps(series, 120_000)
    found = recipe(times, level)
    assert "period" in found
    assert "lin" not in found
    coarse = ansflow.Plan(recipe="affine(period[90](delta[0, rising](lin[256]), delta[0](log)))")
    found = len(ansflow.compress(times, level=level))
    assert found < 0.9 * len(ansflow.compress(times, plan=coarse))


def test_the_shortest_period_that_is_about_as_good_is_told():
    """Of many multiples of one, some correlate a bit more by chance."""
    told = []
    for size in range(100_000, 108_000, 1000):
        sample = boxes((stamps(3, size) // 1000).view(np.uint64), 1 << 13, 8)
        told.append(dict(periods(sample, 0.5, 1, 1024)))
    assert all(3 in found for found in told)
