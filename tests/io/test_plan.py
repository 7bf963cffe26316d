"""Plans: chosen once, printed, written, and taken by everything that compresses."""

import io
from itertools import pairwise

import numpy as np
import pytest

import ansflow

RNG = np.random.default_rng(3)
PRICES = np.round(100 + RNG.normal(0, 0.05, 40_000).cumsum(), 2)
WALK = RNG.integers(-5, 6, (300, 100)).cumsum(axis=0).astype("<i4")


@pytest.fixture(scope="module")
def plan():
    return ansflow.plan(PRICES)


def test_a_plan_says_what_each_stage_gains(plan):
    bits = [gain.bits for gain in plan.gains]
    assert bits[0] == 64
    assert bits[-1] < 10
    assert all(after <= before for before, after in pairwise(bits))
    lines = str(plan).splitlines()
    assert len(lines) == 3 + len(plan.gains)
    assert lines[0].split() == ["level", "3"]
    assert lines[1].split(None, 1) == ["recipe", str(plan.recipe)]
    assert max(map(len, lines)) <= 80
    assert "64.000" in lines[3]
    assert len(ansflow.compress(PRICES, plan=plan)) * 8 / PRICES.size == pytest.approx(
        bits[-1], rel=0.1
    )


def test_a_plan_that_has_not_chosen():
    assert "chosen when the plan is used" in str(ansflow.Plan(level=6))


@pytest.mark.parametrize(
    "plan",
    [ansflow.Plan(), ansflow.Plan(level=7, precision=13, lanes=8, order=1), ansflow.plan(WALK)],
    ids=["default", "by hand", "chosen"],
)
def test_plans_are_text_and_back(plan):
    assert ansflow.Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize("text", ["[]", "5", '{"recipe": null, "levels": 3}', "{", '{"level": 10}'])
def test_text_of_no_plan(text):
    with pytest.raises(ValueError):  # noqa: PT011  (those of json are of many kinds)
        ansflow.Plan.from_json(text)


def test_plans_with_tables_are_no_text():
    model = ansflow.models.Categorical.fit(np.arange(256) % 7, precision=12)
    with pytest.raises(ValueError, match="a plan with tables"):
        ansflow.Plan(tables=[model]).to_json()


def test_a_plan_is_taken_by_everything_that_compresses(plan, tmp_path):
    blob = ansflow.compress(PRICES, plan=plan)
    assert blob == ansflow.compress(PRICES)
    file = io.BytesIO()
    with ansflow.ArrayWriter(file, PRICES.dtype, plan=plan) as writer:
        writer.append(PRICES)
    assert np.array_equal(ansflow.decompress(file.getvalue()), PRICES)
    assert len(file.getvalue()) < 1.05 * len(blob)
    content = PRICES.tobytes()
    items = ansflow.plan(content, dtype="<f8")
    assert items.recipe.name == "items"
    for told in ({"plan": items}, {"dtype": "<f8"}, {"typesize": 8}):
        compressor = ansflow.Compressor(**told)
        small = compressor.compress(content) + compressor.finish()
        assert ansflow.decompress(small) == content
        assert len(small) < len(content) / 2
        path = tmp_path / "bytes.ans"
        with ansflow.open(path, "wb", **told) as stream:
            stream.write(content)
        with ansflow.open(path) as stream:
            assert stream.read() == content
        assert path.stat().st_size < len(content) / 2
    chunk = ansflow.encode_chunk(PRICES, plan)
    out = np.empty_like(PRICES)
    ansflow.decode_chunk(chunk, plan, out)
    assert np.array_equal(out, PRICES)
    assert len(chunk) < len(blob)


def test_options_beside_a_plan_override_it(plan):
    blob = ansflow.compress(PRICES, plan=plan, recipe="planes")
    assert blob == ansflow.compress(PRICES, recipe="planes")
    with pytest.raises(TypeError, match=r"plan must be an ansflow\.Plan"):
        ansflow.compress(PRICES, plan="planes")


@pytest.mark.parametrize(
    "other",
    [
        WALK,
        WALK.astype("<f8"),
        RNG.random(5000),
        PRICES[:0],
        np.float64(5),
        PRICES.reshape(200, -1),
    ],
    ids=["int32", "whole", "random", "none", "scalar", "matrix"],
)
def test_a_plan_for_other_numbers_is_still_exact(plan, other):
    if other.dtype.itemsize == 8:
        back = ansflow.decompress(ansflow.compress(other, plan=plan))
        assert back.tobytes() == other.tobytes()
    else:
        back = ansflow.decompress(ansflow.compress(other, plan=plan, recipe=None))
        assert np.array_equal(back, other)


def test_a_plan_by_hand():
    plan = ansflow.Plan(recipe="ordered[signed](delta[0](log))", level=6)
    assert len(ansflow.compress(WALK, plan=plan)) < WALK.nbytes / 4
    assert np.array_equal(ansflow.decompress(ansflow.compress(WALK, plan=plan)), WALK)


@pytest.mark.parametrize("level", [0, 10, -1])
def test_levels_outside_their_range(level):
    for call in (
        ansflow.Plan,
        ansflow.Compressor,
        lambda level: ansflow.compress(WALK, level=level),
    ):
        with pytest.raises(ValueError, match="level"):
            call(level=level)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("delta", "axis|axes|settings"),
        ("ordered[double]", "not double"),
        ("delta[0](log", "closing parenthesis"),
        ("linear", "no transform is called 'linear'"),
        ("decimal[0.0]", "above 0"),
    ],
)
def test_recipes_that_are_none(recipe, message):
    with pytest.raises(ValueError, match=message):
        ansflow.Plan(recipe=recipe)


def test_what_no_numbers_can_be_made_of():
    assert ansflow.plan(b"some text").recipe is None
    assert ansflow.plan(np.zeros(0)).recipe is None
    assert ansflow.plan(np.array(["text"] * 99)).recipe is None
    with pytest.raises(TypeError):
        ansflow.plan(np.array([object()]))
