"""What takes long to look at is left out where it says little: the time to choose is bounded."""

import numpy as np
import pytest

import ansflow
from ansflow.transforms.choosing import (
    digits,
    far,
    mapped,
    maps,
    numbers,
    predicted,
    predictors,
)
from ansflow.transforms.choosing.choice import Choice
from ansflow.transforms.choosing.effort import effort_of
from ansflow.transforms.choosing.mapped import Kind
from ansflow.transforms.choosing.predicted import predict_periods
from ansflow.transforms.choosing.predictors import Prediction
from ansflow.transforms.recipe import Recipe

RNG = np.random.default_rng(0)


def test_no_dictionary_of_all_items_is_made_to_look_for_outliers(monkeypatch):
    told, finalists = [], numbers._finalists

    def seen(close, *others):
        for one in close:
            one.prediction.try_all = watched(one.mapped.is_dict, one.prediction.try_all)
        return finalists(close, *others)

    def watched(is_dict, try_all):
        def tried(every=None, **options):
            told.append((is_dict, every is None))
            return try_all(every, **options)

        return tried

    monkeypatch.setattr(numbers, "_finalists", seen)
    ansflow.plan(RNG.normal(size=80_000).round(3) * np.pi)
    ansflow.plan(RNG.normal(size=80_000))
    assert {(True, True), (False, False)} == set(told)


def test_no_dictionary_is_made_of_what_hardly_comes_again(monkeypatch):
    monkeypatch.setattr(mapped, "coded", None)
    floats = RNG.normal(size=300_000)
    ansflow.plan(RNG.choice(floats, floats.size))


def test_a_dictionary_that_hardly_gains_anything_is_not_tried_with_all_predictors(monkeypatch):
    tried, finalists = [], numbers._finalists

    def seen(close, *others):
        tried.append(any(one.mapped.is_dict for one in close))
        return finalists(close, *others)

    monkeypatch.setattr(numbers, "_finalists", seen)
    rng = np.random.default_rng(0)
    ansflow.plan((30 * rng.gamma(1, size=100_000)).astype("i2"))  # the highest are far apart
    ansflow.plan(rng.choice(rng.integers(0, 1 << 20, 500), 100_000))
    monkeypatch.setattr(numbers, "WORTH_DICT", 0)
    ansflow.plan((30 * rng.gamma(1, size=100_000)).astype("i2"))
    assert tried == [False, True, True]


def test_linear_tokens_are_told_by_a_part_of_a_sample():
    rng = np.random.default_rng(0)
    for length, clear in (2048, True), (512, False):
        part = Prediction(rng.integers(0, 200, (4, length), "u4"), 1e6)
        part.try_all()
        assert part.best.tokens > 0
        assert part.is_clear == clear


def test_a_part_of_a_sample_is_enough_unless_its_numbers_hardly_differ():
    """It may say that one axis is a bit better than another, which costs next to nothing."""
    steps = np.random.default_rng(0).integers(0, 90, (4, 40, 50))
    slopes = (steps.cumsum(axis=1) + steps.cumsum(axis=2)).astype("u4")
    for surface, clear in (slopes, True), (slopes // slopes.max(), False):
        part = Prediction(surface, 1e6)
        part.try_all()
        assert part.is_clear == clear


def test_digits_that_gain_nothing_by_a_few_numbers_are_not_tried_by_more(monkeypatch):
    """The sign of floats is as random as any bit below it, of which some change less often."""
    sizes, simplest = [], digits.Prediction
    monkeypatch.setattr(
        digits, "Prediction", lambda some, items: sizes.append(some.size) or simplest(some, items)
    )
    floats = np.random.default_rng(1).normal(size=200_000).astype("f4")
    ansflow.plan((floats.view("u4") >> 16).astype("u2"))
    assert set(sizes) == {digits.FEW}


def test_periods_that_are_not_as_good_as_the_best_are_left_out(monkeypatch):
    tried, try_all = [], Prediction.try_all

    def seen(self, *others, **options):
        tried.append(self.numbers.shape[2])
        return try_all(self, *others, **options)

    row = RNG.integers(0, 1 << 20, 25)
    steps = np.tile(row, 400) + RNG.integers(0, 1 << 8, 10_000)
    steps[::2] += np.tile(RNG.integers(0, 1 << 18, 50), 100)
    numbers = (steps.cumsum() + (1 << 40)).reshape(1, -1).view("u8")
    kind = Kind("unsigned", False, effort_of(3), 10_000)
    prediction = Prediction(numbers, 10_000)
    found = Choice(Recipe("log"), prediction.try_all())
    monkeypatch.setattr(Prediction, "try_all", seen)
    best = predict_periods(prediction, found, kind, (), [(25, 0.9), (50, 0.9)])
    assert str(best.recipe).startswith("period[50]")
    assert tried == [50]


def test_columns_have_no_periods_if_all_together_have_none(monkeypatch):
    monkeypatch.setattr(numbers, "likely_periods", lambda *_: [])
    monkeypatch.setattr(predicted, "likely_periods", None)
    rng = np.random.default_rng(0)
    grey = rng.normal(0, 3, (90, 120, 1)).cumsum(axis=0).cumsum(axis=1)
    picture = (grey + rng.normal(0, 2, (90, 120, 3))).astype("i2")
    assert "columns" in str(ansflow.plan(picture).recipe)


def test_lines_are_not_looked_for_in_noise_around_a_level(monkeypatch):
    noise = RNG.normal(10_000, 400, (1, 9000)).astype("i8")
    monkeypatch.setattr(predictors, "are_near_a_line", None)
    Prediction(noise.view("u8"), 9000).try_all()
    with pytest.raises(TypeError):
        Prediction((noise + np.arange(9000)).view("u8"), 9000).try_all()


def test_no_dictionary_is_made_of_integers_that_lie_close_together(monkeypatch):
    """Codes of so many values would be half a bit shorter."""
    codes = RNG.integers(0, 4000, 100_000)
    apart, close = (np.sort(RNG.choice(most, 4000, replace=False)) for most in (1 << 24, 5600))
    assert "dict" in str(ansflow.plan(apart[codes]).recipe)
    monkeypatch.setattr(mapped, "coded", None)
    ansflow.plan(close[codes])


def test_numbers_that_take_few_bits_are_not_looked_back_to(monkeypatch):
    monkeypatch.setattr(far, "_lengths", None)
    ansflow.plan(RNG.integers(0, 20, 100_000))
    with pytest.raises(TypeError):
        ansflow.plan(RNG.integers(0, 2000, 100_000))


def test_maps_of_a_small_array_are_looked_for_once(monkeypatch):
    looked, asked, factors, of = [], [], maps.likely_factors, far._maps_of

    def seen(few, kind):
        looked.append(few.size)
        return factors(few, kind)

    monkeypatch.setattr(maps, "likely_factors", seen)
    monkeypatch.setattr(far, "_maps_of", lambda *told: asked.append(1) or of(*told))
    ansflow.plan(RNG.normal(size=1000).cumsum())
    assert len(looked) == len(asked) == 1
