"""Kinds of arrays whose recipes were once chosen for the wrong reason, and others are like them."""

import math

import numpy as np
import pytest

import ansflow
from ansflow.engine.trial import tried
from ansflow.frame.streams.sample import StreamCoding
from ansflow.transforms.choosing import columns
from ansflow.transforms.choosing.choice import Choice
from ansflow.transforms.choosing.detect import have_gaps
from ansflow.transforms.choosing.dictionary import Dictionary
from ansflow.transforms.choosing.effort import effort_of
from ansflow.transforms.choosing.factors import Factor, decimal_factors
from ansflow.transforms.choosing.mapped import Kind
from ansflow.transforms.choosing.maps import likely_factors, mapped
from ansflow.transforms.choosing.predictors import Prediction
from ansflow.transforms.choosing.sample import boxes
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe

RNG = np.random.default_rng(20261128)


def recipe_of(array, level=3):
    """The recipe of an array, which comes back as it was."""
    plan = ansflow.plan(array, level=level)
    data = ansflow.compress(array, plan=plan)
    assert ansflow.decompress(data).tobytes() == array.tobytes()
    return str(plan.recipe)


def test_columns_are_not_compared_by_unequal_parts_of_a_sample(monkeypatch):
    """A column by itself may seem to take less only because it was measured by fewer numbers."""
    told = {
        True: Choice(Recipe.of("columns[1, 2](stream, stream, stream)"), 2.2),
        False: Choice(Recipe.of("stream"), 2.1),
    }
    monkeypatch.setattr(columns, "_shared", lambda *told: [])
    monkeypatch.setattr(
        columns, "choose_numbers", lambda raw, *others, **settings: told[raw.ndim == 4]
    )
    picture = RNG.integers(0, 9, (2, 30, 40, 3)).astype("u1")
    kind = Kind("unsigned", False, effort_of(3), 1 << 20)
    assert columns.by_neighbours(picture, kind) is told[True]


def test_prices_beside_how_much_was_sold():
    """These are decimals of another factor, and of that of the prices, too."""
    n = 9000
    close = 50 + RNG.normal(0, 0.3, n).cumsum()
    low, high = close - RNG.exponential(0.05, n), close + RNG.exponential(0.05, n)
    prices = np.round([low, high, close, (low + high) / 2], 2)
    table = np.column_stack([*prices, RNG.integers(1, 900_000, n)])
    assert recipe_of(table).startswith("decimal[100.0](columns[1, 2, 3](")


@pytest.mark.parametrize("shape", [(15, 100, 100), (9, 8, 70, 200)])
def test_boxes_are_not_too_short_along_an_axis(shape):
    sample = boxes(np.zeros(shape, "f4"), math.prod(shape) // 16, 16)
    assert 4 <= len(sample) < 16
    assert min(sample.shape[2:]) >= 6


def test_slopes_of_two_of_three_axes():
    """Differences along three axes are better than along two, and slopes along two are best."""
    z, y, x = np.meshgrid(np.arange(20), np.arange(40), np.arange(50), indexing="ij")
    field = np.rint((20_000 + 3000 * np.sin(y)) * np.sin(z / 5) * np.cos(x / 9))
    prediction = Prediction(field.astype("i4").view("u4")[np.newaxis], field.size)
    prediction.try_all()
    assert prediction.way == (2, 2, 3, 3)


@pytest.mark.parametrize("told", [True, False])
def test_decimals_that_another_program_made(told):
    """They are not what a decimal says. If each integer has one float, they are no more values."""
    y, x = np.mgrid[:64, :128]
    smooth = 9000 + 8000 * np.sin(y / 20) * np.cos(x / 30)
    thousandths = np.rint(smooth + RNG.normal(0, 9, y.shape)).astype("i4")
    aside = np.rint(RNG.normal(0, 4, 20_000)).astype("i4")
    aside = aside[thousandths] if told else aside[: y.size].reshape(y.shape)
    floats = (thousandths / 1000).astype("f4").view("i4") + aside
    kind = Kind("float", False, effort_of(3), 1 << 20)
    most = {one.most for one in mapped(floats.view("u4")[np.newaxis], kind) if one.is_dict}
    assert most <= {np.ptp(thousandths) + 1 if told else math.inf}
    assert most or not told


def test_a_dictionary_has_no_more_values_than_is_known():
    codes = RNG.permutation(4000).astype("u4")
    values = np.arange(4000, dtype="u4")
    assert Dictionary(codes, values, 1e6).expected > 1e5
    assert Dictionary(codes, values, 1e6, 9000.0).expected == 9000
    assert Dictionary(codes, values, 1e6, 10.0).expected == 4000


@pytest.mark.parametrize("dtype", ["<u2", ">u2", "<i2"])
def test_a_picture_whose_contrast_was_stretched(dtype):
    y, x = np.mgrid[:300, :400]
    picture = np.rint(1800 + 900 * np.sin(y / 50) * np.cos(x / 40) + RNG.normal(0, 9, y.shape))
    stretched = np.rint(picture * 11.7 - 1000).astype(dtype)
    assert "dict(delta" in recipe_of(stretched)
    assert "dict" not in recipe_of(picture.astype(dtype))


def test_gaps_between_integers():
    some = np.rint(RNG.normal(30_000, 3000, 8192))
    assert not have_gaps(some.astype("u2"))
    assert have_gaps((some // 3 * 3).astype("u2"))


def test_times_with_rare_gaps():
    """What is left is the same but for so few places that lengths of runs between take more."""
    steps = np.where(RNG.random(200_000) < 1e-3, RNG.integers(2, 900, 200_000), 1)
    assert recipe_of(10_000_000 * steps.cumsum()).endswith("(bins)))")


def test_a_trial_of_all_content_does_not_ask_what_was_expected():
    items = RNG.integers(0, 4, 4096).cumsum().astype("u4")
    better, worse = Recipe.of("delta[0](log)"), Recipe.of("log")
    choice = Choice(worse, 1.0).beside([Choice(better, 90.0)], 1)
    told = choice, items.view("u1"), Layout(4, (4096,)), StreamCoding(12, 64, 0)
    assert tried(*told, 1 << 16, 1 << 16).recipe == better
    assert tried(*told, 64, 64).recipe == better  # which a part says by far more than estimates may


def test_coordinates_as_fine_as_most_floats():
    """Three of four are so large that floats between multiples of 2^-17 are few, if any."""
    places = 45 + 20 * np.sin(np.arange(90_000) / 7000) + RNG.normal(0, 1e-3, 90_000).cumsum()
    floats = (np.rint(places * 2**17) / 2**17).astype("f4")
    assert "decimal[131072.0]" in recipe_of(floats)
    assert "decimal" not in recipe_of(places.astype("f4"))


def test_floats_that_are_finer_where_few_of_them_are_looked_at():
    floats = np.rint(RNG.uniform(24, 48, 4096) * 2**17).astype("f4") / np.float32(2**17)
    finer = np.append(floats, RNG.uniform(0, 1, 100).astype("f4"))
    assert decimal_factors(floats, every=lambda: floats) == [Factor(2.0**17, False, 0.0)]
    assert decimal_factors(floats, every=lambda: finer) == decimal_factors(floats) == []


def test_tables_of_sixteen_columns():
    rows = 3000
    table = np.empty((rows, 16))
    for j in range(16):
        table[:, j] = np.round(RNG.normal(0, 10.0 ** (j % 4), rows), j % 3)
    recipe = Recipe.of(recipe_of(table))
    assert recipe.name == "columns"
    assert len(set(map(str, recipe.outputs))) > 3


def test_factors_that_make_far_longer_integers_are_not_tried():
    """What few exceptions gain is less; where there are more of them, it may be worth it."""
    kind = Kind("float", False, effort_of(3), 1 << 20)
    rng = np.random.default_rng(4)
    for share, expected in ((0.005, [100.0]), (0.08, [100.0, 10_000.0])):
        values = rng.integers(1000, 9000, 4096) / 100
        values[rng.random(4096) < share] = 12.3456
        assert [one.factor for one in decimal_factors(values)] == [100.0, 10_000.0]
        assert [one.factor for one in likely_factors(values.view("u8"), kind)] == expected


@pytest.mark.parametrize(
    ("columns", "begin"), [(100, "columns(ordered[float](lpc"), (300, "groups")]
)
def test_many_columns_that_are_alike(columns, begin):
    """They are more boxes of one sample than weighted sums have segments, which were refused."""
    rng = np.random.default_rng(1)
    t, scales = np.arange(1600)[:, None], np.exp(rng.normal(0, 3, columns))
    waves = np.sin(t / rng.uniform(5, 40, columns)) + rng.normal(0, 1e-3, (1600, columns))
    assert recipe_of((waves * scales).astype("f4"), level=6).startswith(begin)


def test_values_of_a_dictionary_that_are_multiples_but_for_their_last_bits():
    """Coordinates that were printed with 15 digits: the gaps between these are in bins."""
    rng = np.random.default_rng(2)
    corners = np.round(np.float32(rng.integers(-9000, 9000, 5000) / 4096), 13)
    lines = corners[rng.integers(0, 5000, 12_000)]
    recipe = recipe_of(lines)
    assert "dict(" in recipe
    assert recipe.endswith("delta[0, rising](bins)))")


def test_prices_that_were_adjusted_seldom():
    """Where each column has maps of its own, one that repeats another takes next to nothing."""
    rng = np.random.default_rng(4)
    close = np.round(np.float32(9000 + rng.normal(0, 60, 4000).cumsum()), 6)
    table = np.column_stack([close + 12.5, close, close, np.round(rng.exponential(1e6, 4000))])
    table[rng.random(4000) < 0.05] = np.nan
    alone = len(ansflow.compress(np.ascontiguousarray(table[:, [0, 1, 3]])))
    assert "columns[2](" in recipe_of(table)
    assert len(ansflow.compress(table)) < alone + 200


def test_integers_in_a_dictionary_are_not_masked_before():
    """Theirs is the same; floats that stood for no number may be in the way of decimals."""
    names = RNG.choice(RNG.integers(1, 1 << 40, 300), 9000)
    names[RNG.random(9000) < 0.3] = 0
    kind = Kind("unsigned", False, effort_of(3), 1 << 20)
    found = [[one.name for one in tried.maps] for tried in mapped(names.view("u8")[None], kind)]
    assert found.count(["dict"]) == 1
    assert ["mask"] in found
    assert ["mask", "dict"] not in found


def maps_tried(raw, name, items=1 << 20):
    """The names of maps that are worth trying of numbers in one box."""
    kind = Kind(name, False, effort_of(3), items)
    return [[one.name for one in tried.maps] for tried in mapped(raw[np.newaxis], kind)]


def test_zeros_that_come_as_no_surprise_are_not_masked():
    """Sound is often silent, but its other numbers are near to 0; those of a depth are not."""
    rng = np.random.default_rng(6)
    sound = np.rint(rng.laplace(0, 200, 9000)).astype("i2")
    depth = np.rint(rng.normal(2000, 300, 9000)).astype("i2")
    for numbers in sound, depth:
        numbers[rng.random(9000) < 0.1] = 0
    assert ["mask"] not in [maps[:1] for maps in maps_tried(sound.view("u2"), "signed")]
    assert ["mask"] in [maps[:1] for maps in maps_tried(depth.view("u2"), "signed")]


def test_frequent_floats_beside_decimals_without_gaps():
    """Codes would be much the same as the decimals: neither all numbers have any, nor these."""
    rng = np.random.default_rng(8)
    floats = np.round(rng.normal(35, 0.7, 9000), 3).astype("f4")
    floats[rng.random(9000) < 0.3] = -1e30
    assert not any("dict" in maps for maps in maps_tried(floats.view("u4"), "float"))
    floats = np.round(floats * 25) / 25 * np.float32(np.pi)
    assert any("dict" in maps for maps in maps_tried(floats.view("u4"), "float"))
