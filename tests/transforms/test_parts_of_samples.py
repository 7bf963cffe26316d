"""What is chosen by a part of a sample is what all of it says, where that makes a difference."""

import numpy as np
import pytest

import ansflow
from ansflow.transforms.choosing.predictors import Prediction
from ansflow.transforms.choosing.sample import few_boxes, is_large

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("shape", "enough", "kept"),
    [((16, 2048), 8192, 4), ((16, 2048), 16384, 8), ((16, 2048), 1024, 4), ((4, 9999), 100, 4)],
)
def test_parts_are_boxes_spread_over_all(shape, enough, kept):
    sample = np.arange(shape[0] * shape[1], dtype="u4").reshape(shape)
    part = few_boxes(sample, enough)
    assert is_large(sample, enough) == (kept < shape[0])
    assert part.flags.c_contiguous
    numbers = (part[:, 0] // shape[1]).tolist()
    assert numbers == list(range(shape[0] // kept // 2, shape[0], shape[0] // kept))


def test_what_is_close_by_a_part_is_measured_by_all():
    sample = RNG.integers(0, 9, (16, 40, 50)).cumsum(axis=1).astype("u8")
    part = Prediction(few_boxes(sample, 8000), 1e5)
    part.try_all()
    again, whole = part.again(sample), Prediction(sample, 1e5)
    assert again.bits == whole.try_all()
    assert again.best == whole.best
    assert again.simplest == whole.simplest
    assert np.array_equal(again.left, whole.left)


def test_falls_that_a_part_lacks():
    """Numbers seem to rise in it, which would take the bit of a sign less."""
    steps = RNG.normal(40, 4, (16, 2048)).astype("i8")
    steps[8, 100:500:50] = -1_000_000
    sample = (steps.cumsum(axis=1) + 10**9).view("u8")
    part, whole = Prediction(few_boxes(sample, 8192), 1e5), Prediction(sample, 1e5)
    assert part.try_all() != whole.try_all()
    assert not part.is_clear
    assert part.again(sample).best == whole.best


def test_a_fall_among_numbers_that_rise():
    """It takes all bits of a number, and the others no sign."""
    steps = (2 ** RNG.uniform(0, 16, (16, 2048))).astype("i8")
    steps[8, 100] = -1_000_000
    prediction = Prediction((steps.cumsum(axis=1) + 10**9).view("u8"), 1e5)
    prediction.try_all()
    best = prediction.best
    assert (str(best.stage), best.tokens) == ("delta[0, rising]", 0)


def test_codes_that_are_wider_in_all_of_a_sample():
    """A part of the sample has fewer than 256 of the values, so that its codes are bytes."""
    values = RNG.integers(0, 1 << 60, 400)
    items = values[RNG.integers(0, 100, 600_000)]
    items[:60_000] = values[RNG.integers(0, 400, 60_000)]
    plan = ansflow.plan(items)
    assert str(plan.recipe).startswith("dict(l")  # tokens, and not the codes as they are
    assert np.array_equal(ansflow.decompress(ansflow.compress(items, plan=plan)), items)
