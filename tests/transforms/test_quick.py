"""What levels 1 and 2 leave out, as it takes longer to code or to look for than it gains there."""

import numpy as np
import pytest

import ansflow

RNG = np.random.default_rng(1)
SIZE = 60_000

STEPS = np.cumsum(np.where(RNG.random(SIZE) < 0.5, 3, 1_000_000)).astype("i8")
LATE = 1000 * np.arange(SIZE) + RNG.normal(2**40, 100, SIZE).astype("i8")


def chosen(array, level):
    return str(ansflow.plan(array, level=level).recipe)


@pytest.mark.parametrize(("numbers", "slow"), [(STEPS, "bins"), (LATE, "ramp")])
def test_bins_and_lines(numbers, slow):
    assert slow in chosen(numbers, level=3)
    assert slow not in chosen(numbers, level=1)


def names(count, dtype):
    return RNG.choice(RNG.integers(1 << 60, size=count).astype(dtype), SIZE)


@pytest.mark.parametrize(("count", "at_level_1"), [(50, True), (2000, False)])
def test_dictionaries_of_integers_are_for_few_names(count, at_level_1):
    numbers = names(count, "i8")
    assert "dict" in chosen(numbers, level=3)
    assert ("dict" in chosen(numbers, level=1)) == at_level_1


def test_dictionaries_of_floats_are_for_those_that_are_no_decimals():
    floats = RNG.choice(RNG.normal(size=2000), SIZE)
    assert "dict" in chosen(floats, level=1)
    decimals = RNG.choice(np.round(RNG.normal(0, 1e4, 2000), 2), SIZE)
    assert "dict" in chosen(decimals, level=3)
    assert chosen(decimals, level=1).startswith("decimal[100.0](l")
    # Of few, which lie far apart, codes take so much less that it pays.
    assert "dict" in chosen(RNG.choice(decimals[:50], SIZE), level=1)


def test_masks_of_integers_are_for_what_lies_far_away():
    missing, walk = RNG.random(SIZE) < 0.3, np.cumsum(RNG.integers(-5, 6, SIZE)).astype("i4")
    far, near = (np.where(missing, walk.max() + by, walk) for by in (1 << 20, 1))
    assert chosen(near, level=3).startswith("sparse")
    assert not chosen(near, level=1).startswith("sparse")
    assert chosen(far, level=1).startswith("sparse")
    assert chosen(np.where(missing, np.nan, walk), level=1).startswith("sparse")


def test_columns_have_one_map_if_there_is_one_for_all():
    steps = RNG.integers(-9, 10, (SIZE // 4, 4)) * [1, 25, 1, 100]
    prices = np.cumsum(steps, axis=0) / 100
    assert chosen(prices, level=3).startswith("columns(decimal[100.0]")
    assert chosen(prices, level=1).startswith("decimal[100.0](")
    prices[:, 2] = RNG.normal(size=len(prices))
    assert chosen(prices, level=1).startswith("columns(decimal[100.0]")


def test_ranges_of_differences_are_told_by_some_of_them():
    """A counter begins again where level 3 looks, and level 1 doesn't."""
    steps = RNG.integers(1000, 1100, 200_000)
    steps[100_000] = -(10**9)
    numbers = np.cumsum(steps) + 10**10
    assert "lin" not in chosen(numbers, level=3)
    assert "lin" in chosen(numbers, level=1)


def test_level_2_chooses_as_level_1_does_but_codes_as_level_3():
    for numbers in (STEPS, LATE, names(2000, "i8")):
        assert chosen(numbers, level=2) == chosen(numbers, level=1)
    loud = RNG.normal(0, np.exp(2 * np.sin(np.arange(SIZE) / 3000))) * 100
    sizes = [len(ansflow.compress(loud.astype("i4"), level=level)) for level in (1, 2, 3)]
    assert max(sizes[1:]) < 0.99 * sizes[0]
