"""Arrays that take few bytes are looked at to the last item, and coded in runs if that pays."""

import naive_frame as naive
import numpy as np
import pytest

import ansflow
from ansflow.engine import few
from ansflow.engine.few import takes_few
from ansflow.transforms.choosing.choice import Choice
from ansflow.transforms.choosing.choose import CHUNK_ITEMS
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe

INDEX = np.arange(60_000)
BREAKS = np.cumsum(np.arange(40) * 137 % 1999 + 500)
STEP = np.searchsorted(BREAKS, INDEX, "right")
SIZES = (STEP + 1) ** 2 % 23 / 4
TIMES = 1_600_000_000 + np.cumsum(np.array([10, 60, 25])[INDEX // 20_001])
FLAGS = np.zeros((300, 400), "u1")
FLAGS[50:120, 30:200] = FLAGS[100:250, 90:350] = 1

# Arrays, what their recipes begin with, and bytes that they take at most, all in all.
KNOWN = {
    "years": (1990 + STEP, "runs(", 80),
    "years, big-endian": ((1990 + STEP).astype(">i4"), "runs(", 95),
    "floats": (SIZES, "runs(", 140),
    "times with other steps": (TIMES, "affine(delta[0, rising](runs(", 72),
    "two values": ((STEP % 2).astype("u1"), "runs(", 80),
    "two values, in a plane": ((STEP % 2).astype("?").reshape(200, 300), "runs(", 80),
    "two rectangles": (FLAGS, "delta[0, rising](", 70),
}


@pytest.mark.parametrize("level", [3, 6])
@pytest.mark.parametrize("name", KNOWN)
def test_a_few_changes_take_a_few_bytes(name, level):
    array, begin, most = KNOWN[name]
    blob = ansflow.compress(array, level=level)
    assert len(blob) <= most
    assert naive.read(blob).content == array.tobytes()
    assert np.array_equal(ansflow.decompress(blob), array)
    plan = ansflow.plan(array, level=level)
    assert str(plan.recipe).startswith(begin)
    assert ansflow.compress(array, plan=plan) == blob
    if "runs" in begin:
        assert plan.gains[-1].bits <= 8 * most / array.size


@pytest.mark.parametrize("name", [name for name, known in KNOWN.items() if "runs" in known[1]])
def test_runs_take_less_than_what_a_sample_tells(name):
    """Level 2 has nothing but a sample."""
    array, _, most = KNOWN[name]
    assert len(ansflow.compress(array, level=2)) > most


@pytest.mark.parametrize(
    ("array", "most"),
    [(np.zeros(9000), 36), (np.full((90, 90), 7, "u4"), 40), (INDEX + 1, 40), (INDEX / 4, 62)],
    ids=["zeros", "sevens", "integers", "quarters"],
)
def test_what_never_changes_has_no_runs(array, most):
    blob = ansflow.compress(array)
    assert len(blob) <= most
    assert "runs" not in str(ansflow.plan(array).recipe)
    assert naive.read(blob).content == array.tobytes()


def test_the_first_of_very_many_items_tell():
    """Chunks have the same recipe, also where it was not told by their items."""
    array = np.repeat(np.arange(300, dtype="i2") % 77, 2 * CHUNK_ITEMS // 300)
    blob = ansflow.compress(array, threads=1)
    assert str(ansflow.plan(array).recipe).startswith("runs(")
    assert len(blob) < 1000
    assert np.array_equal(ansflow.decompress(blob), array)


def test_only_what_takes_few_bytes_is_looked_at():
    def told(bits, *shape, itemsize=8):
        return takes_few(Choice(Recipe("log"), bits), Layout(itemsize, shape))

    assert told(0.1, 100, 1000)
    assert told(0.0, 10**9)
    assert not told(0.1, 10**7)
    assert not told(1.5, 5000)
    assert not told(0.1, 1000)
    assert not told(0.1, 9000, itemsize=16)


@pytest.mark.parametrize("dtype", [">f8", "<f8", ">f4", ">i4"])
def test_bytes_that_are_numbers(dtype):
    """What maps make of numbers, they don't make of bytes."""
    content = (INDEX // 700 * 0.1).astype(dtype).tobytes()
    assert ansflow.decompress(ansflow.compress(content, dtype=dtype)) == content


@pytest.mark.parametrize(
    "text",
    ["digits[256](delta[0](log), log)", "columns(delta[0](log), log)", "items[4](delta[0](log))"],
)
def test_outputs_side_by_side_are_not_put_in_runs(text):
    """The first of them alone would be."""
    assert few._predictors(Recipe.of(text)) == ()
    assert few._predictors(Recipe.of("delta[0](log)")) != ()


def test_what_surely_takes_less_is_told_without_coding_all_items(monkeypatch):
    """Runs are a few thousand numbers, and all items very many."""
    tried, size = [], few._size

    def seen(recipe, numbers, coding):
        tried.append(numbers.size)
        return size(recipe, numbers, coding)

    monkeypatch.setattr(few, "_size", seen)
    assert ansflow.plan(INDEX // 20 % 31).recipe.name == "runs"
    assert tried
    assert max(tried) == INDEX.size // 20


def test_differences_are_tried_only_where_they_may_take_less():
    def told(*numbers):
        ways = few._likely(few.OF_NUMBERS, np.array(numbers, "u8"))
        return {(way.name, len(way.settings)) for way in ways} - {("log", 0), ("bins", 0)}

    lin, delta, rising = ("lin", 1), ("delta", 1), ("delta", 2)
    assert told(*[*[0] * 9, 1 << 60] * 4000) == {lin}
    assert told(*range(1000)) == {lin, delta, rising}
    assert told(*range(1000, 0, -1)) == {lin, delta}
    assert told(7) == {lin}


@pytest.mark.parametrize(
    ("value", "dtype", "most"), [(7, "i8", 25), (0, "f8", 25), (-3, "i2", 25), (3.14159, "f4", 29)]
)
def test_what_is_all_the_same_takes_little_but_a_header(value, dtype, most):
    array = np.full(5000, value, dtype)
    data = ansflow.compress(array)
    assert len(data) <= most
    assert ansflow.decompress(data).tobytes() == array.tobytes()
