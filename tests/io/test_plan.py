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
    assert plan.items == "<i4"
    assert ansflow.Plan(recipe=str(plan.recipe), items="<i4") == plan != ansflow.Plan()
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


OTHERS = {
    "a walk": WALK,
    "noise": np.random.default_rng(0).integers(-(2**31), 2**31, (50, 60), np.int32),
    "one axis": WALK.ravel()[:3000],
    "three axes": WALK[:400].reshape(4, 100, -1),
    "few columns": WALK.ravel()[:3000].reshape(-1, 3),
    "a number": WALK[0, 0],
    "nothing": WALK[:0],
    "constant": np.full(WALK.shape, 7, "i4"),
}


@pytest.mark.parametrize("used", OTHERS)
@pytest.mark.parametrize("planned", ["a walk", "few columns", "three axes"])
def test_a_plan_for_other_arrays(planned, used):
    """Another recipe is taken where the one that was chosen does not suit them."""
    array, plan = OTHERS[used], ansflow.plan(OTHERS[planned])
    blob = ansflow.compress(array, plan=plan)
    assert ansflow.decompress(blob).tobytes() == array.tobytes()
    assert len(blob) <= array.nbytes * 1.001 + 400
    chunk, out = ansflow.encode_chunk(array, plan), np.empty_like(array)
    ansflow.decode_chunk(chunk, plan, out)
    assert out.tobytes() == array.tobytes()


RECORDS = np.zeros(500, [("a", "<i4"), ("b", "<f4")])
RECORDS["a"] = WALK.ravel()[:500]


@pytest.mark.parametrize(
    ("planned", "used", "message"),
    [
        (WALK, WALK.astype("i8"), "for items of <i4, not <i8"),
        (WALK, WALK.astype(">i4"), "for items of <i4, not >i4"),
        (WALK, WALK.astype("u4"), "for items of <i4, not <u4"),
        (WALK, WALK.tobytes(), "for items of <i4, not bytes"),
        (WALK, RECORDS, r"for items of <i4, not \[<i4, <f4\]"),
        (RECORDS, WALK, r"for items of \[<i4, <f4\], not <i4"),
        (RECORDS, RECORDS.astype([("a", "<i4"), ("b", ">f4")]), "not .<i4, >f4.: choose one"),
    ],
)
def test_a_plan_for_other_items(planned, used, message):
    """It says which ones it is for, everywhere, and also if it was kept as text."""
    plan = ansflow.Plan.from_json(ansflow.plan(planned).to_json())
    for write in (
        lambda: ansflow.compress(used, plan=plan),
        lambda: ansflow.encode_chunk(used, plan),
    ):
        with pytest.raises(ValueError, match=message):
            write()
    for write in (
        lambda: ansflow.Compressor(plan=plan),
        lambda: ansflow.open(io.BytesIO(), "w", plan=plan),
        lambda: ansflow.ArrayWriter(io.BytesIO(), "f8", plan=plan),
    ):
        with pytest.raises(ValueError, match="the plan is for items of"):
            write()
    blob = ansflow.compress(used, plan=plan, recipe=None)
    assert blob == ansflow.compress(used)


def test_a_plan_for_items_that_are_as_good():
    """Dates are integers, and names of fields say nothing."""
    times = WALK.ravel().astype("<i8") * 1000
    plan = ansflow.plan(times)
    for dtype in ("<i8", "M8[s]", "m8[ns]"):
        blob = ansflow.compress(times.view(dtype), plan=plan)
        assert np.array_equal(ansflow.decompress(blob), times.view(dtype))
        assert len(blob) == pytest.approx(len(ansflow.compress(times, plan=plan)), abs=10)
    renamed = RECORDS.view([("x", "<i4"), ("y", "<f4")])
    ansflow.compress(renamed, plan=ansflow.plan(RECORDS))
    halves = WALK.astype("f4").view("<u2")[:, 1::2]
    ansflow.compress(halves, plan=ansflow.plan(halves, dtype="bfloat16"))


def test_more_streams_than_a_small_chunk_has_room_for():
    """Their heads alone take more than a body may be larger than its content: it is bytes then."""
    array = RNG.integers(0, 1 << 62, (3, 256))
    recipe = f"columns({', '.join(['planes'] * 256)})"
    blob = ansflow.compress(array, recipe=recipe)
    assert np.array_equal(ansflow.decompress(blob), array)
    (frame,) = ansflow.describe(io.BytesIO(blob))["frames"]
    assert frame["recipes"] == {"bytes": 1}
    assert len(blob) < array.nbytes + 100


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("delta[2](log)", "has no axis 2"),
        ("delta[0, 99](log)", "has no axis 99"),
        (
            "planes(columns, columns, columns, columns)",
            "'columns' is not defined for items of 1 byte",
        ),
        ("fields[1, 2](stream, stream)", "the fields take 3 bytes, and the items have 4"),
        (f"mask[{2**40}](planes, stream)", "has more than 32 bits"),
        ("ordered[float, 40](planes)", "don't have 40 low bits"),
        ("stream", "cannot be symbols"),
        ("items[4](planes, stream)", "'items' is not defined"),
        ("delta[0](log, log)", "outputs"),
    ],
)
def test_recipes_that_can_never_fit(recipe, message):
    """Whatever the items are: no other is taken in secret."""
    for write in (
        lambda: ansflow.compress(WALK, recipe=recipe),
        lambda: ansflow.compress(WALK, recipe=recipe, chunks=(70, 90), threads=2),
        lambda: ansflow.encode_chunk(WALK, ansflow.Plan(recipe=recipe)),
    ):
        with pytest.raises(ValueError, match=message):
            write()


@pytest.mark.parametrize(
    "recipe",
    ["decimal[3.0](delta[0](log), log, bytes)", "mask[77](planes, stream)", "runs(log, log)"],
)
def test_recipes_that_do_not_suit_the_items(recipe):
    """Others are taken: the next chunk may be another matter."""
    floats = (WALK + np.random.default_rng(0).random(WALK.shape)).astype("f4") * np.float32(0.1)
    blob = ansflow.compress(floats, recipe=recipe)
    assert ansflow.decompress(blob).tobytes() == floats.tobytes()


def test_recipes_for_most_chunks():
    """At the end of the last axis, chunks have one column: that is not the recipe's fault."""
    pixels = np.resize(WALK, (60, 7)).astype("u2")
    blob = ansflow.compress(pixels, recipe="columns", chunks=(20, 3))
    assert np.array_equal(ansflow.decompress(blob), pixels)
    found = ansflow.describe(io.BytesIO(blob))["frames"][0]["recipes"]
    assert found["columns"] == 6
    assert len(found) == 2


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
