"""Plans: chosen once, printed, written as text, and taken by all that compresses."""

import io

import numpy as np
import pytest

import ansflow
from ansflow.transforms.recipe import Recipe

RNG = np.random.default_rng(0)
WALK = np.cumsum(RNG.integers(-3, 4, (400, 50)), 0).astype("<i4")
PRICES = np.round(100 + RNG.normal(size=5000), 2)
ARRAYS = {
    "walk": WALK,
    "prices": PRICES,
    "columns": RNG.normal(size=(2000, 3)).astype("f4"),
    "complex": RNG.normal(size=3000).astype("c16"),
    "records": np.zeros(3000, [("a", "<i2"), ("b", ">f8", (2,)), ("c", "<M8[s]")]),
    "strings": np.zeros(3000, "S4"),
    "many": np.rec.fromarrays([WALK[:, i] * 1.01 for i in range(6)]).view(np.ndarray),
}


@pytest.mark.parametrize("level", [1, 3, 9])
@pytest.mark.parametrize("name", ARRAYS)
def test_a_plan_is_printed_and_written(name, level):
    array = ARRAYS[name]
    plan = ansflow.plan(array, level=level)
    lines = str(plan).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["level", str(level)]
    again = ansflow.Plan.from_json(plan.to_json())
    assert again == plan
    assert again.recipe == plan.recipe
    blob = ansflow.compress(array, plan=again)
    assert blob == ansflow.compress(array, plan=plan)
    assert ansflow.decompress(blob).tobytes() == array.tobytes()


def test_what_a_plan_says():
    plan = ansflow.plan(WALK)
    assert isinstance(plan.recipe, Recipe)
    assert str(plan.recipe) in str(plan)
    assert plan.gains[-1].bits < plan.gains[0].bits == 32
    assert ansflow.Plan(recipe=str(plan.recipe)) == plan != ansflow.Plan()
    assert "chosen when the plan is used" in str(ansflow.Plan(level=2))


def test_everything_takes_a_plan():
    plan = ansflow.plan(WALK)
    blob = ansflow.compress(WALK, plan=plan)
    assert len(blob) < WALK.nbytes / 4
    out = io.BytesIO()
    with ansflow.ArrayWriter(out, WALK.dtype, WALK.shape[1:], plan=plan) as writer:
        writer.append(WALK)
    assert np.array_equal(ansflow.decompress(out.getvalue()), WALK)
    chunk, back = ansflow.encode_chunk(WALK, plan), np.empty_like(WALK)
    ansflow.decode_chunk(chunk, plan, back)
    assert np.array_equal(back, WALK)
    assert len(chunk) < WALK.nbytes / 4


def test_bytes_that_are_numbers():
    data = WALK.ravel().tobytes()
    plan = ansflow.plan(data, dtype="<i4")
    plain = len(ansflow.compress(data))
    out = io.BytesIO()
    with ansflow.open(out, "wb", plan=plan, dtype="<i4") as file:
        file.write(data)
    compressor = ansflow.Compressor(plan=plan, dtype="<i4")
    for blob in (
        *(ansflow.compress(data, plan=plan), ansflow.compress(data, dtype="<i4")),
        *(ansflow.compress(data, typesize=4), out.getvalue()),
        compressor.compress(data) + compressor.finish(),
    ):
        assert len(blob) < plain
        assert ansflow.decompress(blob) == data
    for size in range(10):
        assert ansflow.decompress(ansflow.compress(data[:size], typesize=4)) == data[:size]


@pytest.mark.parametrize("used", ARRAYS)
@pytest.mark.parametrize("planned", ["walk", "prices", "columns", "records"])
def test_a_plan_for_other_arrays(planned, used):
    """Another recipe is taken where it does not suit them; items of other sizes may be refused."""
    array, plan = ARRAYS[used], ansflow.plan(ARRAYS[planned])
    if planned != "records" and array.itemsize not in (4, 8):
        with pytest.raises(ValueError, match="not defined for items of"):
            ansflow.compress(array, plan=plan)
        return
    blob = ansflow.compress(array, plan=plan)
    assert ansflow.decompress(blob).tobytes() == array.tobytes()
    assert len(blob) <= array.nbytes * 1.001 + 400


def test_a_plan_by_hand():
    plan = ansflow.Plan(recipe="ordered[signed](delta[0](log))", level=6)
    blob = ansflow.compress(WALK, plan=plan)
    assert len(blob) < WALK.nbytes / 4
    assert np.array_equal(ansflow.decompress(blob), WALK)


def test_options_override_a_plan():
    plan = ansflow.plan(WALK)
    blob = ansflow.compress(WALK, plan=plan, recipe="planes")
    assert blob == ansflow.compress(WALK, recipe="planes")
    assert ansflow.compress(WALK, plan=None) == ansflow.compress(WALK)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"level": 0}, ValueError, "level must be 1 to 9, not 0"),
        ({"level": 10}, ValueError, "level must be 1 to 9, not 10"),
        ({"level": 1.5}, TypeError, "level must be an integer"),
        ({"level": "3"}, TypeError, "level must be an integer"),
        ({"recipe": "nope"}, ValueError, "no transform is called 'nope'"),
        ({"recipe": "delta(nope)"}, ValueError, "no transform is called 'nope'"),
        ({"recipe": "decimal[x]"}, ValueError, "must be a finite number above 0"),
        ({"recipe": 5}, TypeError, "recipe must be text or a Recipe, not int"),
        ({"plan": "delta"}, TypeError, "plan must be an ansflow.Plan, not str"),
        ({"typesize": 3}, ValueError, "typesize must be 1, 2, 4 or 8, not 3"),
        ({"typesize": 2, "dtype": "u2"}, ValueError, "give one"),
        ({"dtype": "V0"}, TypeError, "at least one byte"),
        ({"dtype": "O"}, TypeError, "Python objects"),
    ],
)
def test_what_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        ansflow.compress(WALK, **options)


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[]", '{"x": 1}', "[" * 100_000])
def test_what_is_not_the_text_of_a_plan(text):
    with pytest.raises(ValueError, match="this is not the text of a plan"):
        ansflow.Plan.from_json(text)


def test_plans_that_are_no_text():
    model = ansflow.models.Uniform(256)
    with pytest.raises(ValueError, match="cannot be written as text"):
        ansflow.Plan(tables=[model]).to_json()
