"""Where content changes, so does the recipe: but not often, and in the same way on all threads."""

import io
import math

import numpy as np
import pytest

import ansflow
from ansflow.engine import at_once, encoder, rechoosing
from ansflow.engine.options import Options
from ansflow.engine.plan import Plan
from ansflow.engine.rechoosing import Rechooser
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe

RNG = np.random.default_rng(0)
CHUNK = 4096
N = 24 * CHUNK
SMOOTH = np.round(np.cumsum(RNG.normal(0, 1, N)), 2)
NOISY = RNG.normal(0, 1000, N)
COUNTS = np.cumsum(RNG.integers(-5, 6, N)).astype("f8")

PARTS = {
    "smooth, noisy": [SMOOTH, NOISY],
    "noisy, smooth": [NOISY, SMOOTH],
    "smooth, noisy, smooth, counts": [SMOOTH, NOISY, SMOOTH, COUNTS],
    "walk, noise, as float32": [np.cumsum(NOISY).astype("f4"), NOISY.astype("f4")],
}


@pytest.fixture(autouse=True)
def small_units(monkeypatch):
    """A chunk each, so that there are many of them."""
    for module in (encoder, at_once):
        monkeypatch.setattr(module, "TASK_SIZE", 1 << 15)


def recipes(blob):
    return ansflow.describe(io.BytesIO(blob), ideal=False)["frames"][0]["recipes"]


def one_shot(array, **told):
    return ansflow.compress(array, chunk_size=CHUNK * array.itemsize, **told)


def written(array, rows=5000, **told):
    file = io.BytesIO()
    told = {"chunk_size": CHUNK * array.itemsize} | told
    with ansflow.ArrayWriter(file, array.dtype, array.shape[1:], **told) as writer:
        for begin in range(0, len(array), rows):
            writer.append(array[begin : begin + rows])
    return file.getvalue()


@pytest.mark.parametrize("write", [one_shot, written])
@pytest.mark.parametrize("name", PARTS)
def test_content_that_changes(name, write):
    """It is smaller than with one plan, whatever that was chosen on."""
    parts = PARTS[name]
    array = np.concatenate(parts)
    blob = write(array)
    assert ansflow.decompress(blob).tobytes() == array.tobytes()
    apart = sum(len(write(part)) for part in parts)
    assert len(blob) < 1.06 * apart
    with_one = len(write(array, plan=ansflow.plan(array)))
    assert len(blob) < 0.97 * with_one
    if "float32" not in name:
        assert len(blob) < 0.94 * with_one
    assert 2 <= len(recipes(blob)) <= len(parts) + 1


@pytest.mark.parametrize("level", [1, 3, 6])
def test_neither_threads_nor_pieces_matter(level):
    array = np.concatenate(PARTS["smooth, noisy, smooth, counts"])
    blob = one_shot(array, level=level, threads=1)
    for threads in (2, 8):
        assert one_shot(array, level=level, threads=threads) == blob
    stream = written(array, level=level, threads=1)
    assert len(recipes(stream)) > 2
    for rows, threads in ((100, 2), (CHUNK + 1, 8)):
        assert written(array, rows, level=level, threads=threads) == stream


def test_bytes_that_are_numbers():
    array = np.concatenate([SMOOTH, NOISY])
    data = array.tobytes() + b"end"
    blob = ansflow.compress(data, dtype="f8", chunk_size=CHUNK * 8)
    assert ansflow.decompress(blob) == data
    assert len(blob) < 1.02 * len(one_shot(array)) + 500
    compressor = ansflow.Compressor(dtype="f8", chunk_size=CHUNK * 8)
    stream = compressor.compress(data) + compressor.finish()
    assert ansflow.decompress(stream) == data
    assert len(stream) < 1.02 * len(one_shot(array)) + 500


def test_items_that_become_numbers():
    """There was no recipe for the first of them, and there is room for larger chunks later."""
    noise = RNG.bytes(N * 4)
    data = noise + np.arange(N, dtype="<u4").tobytes()
    blob = ansflow.compress(data, dtype="<u4", chunk_size=CHUNK * 4)
    assert ansflow.decompress(blob) == data
    assert len(blob) < len(noise) * 1.1


def test_whoever_has_a_plan_keeps_it():
    array = np.concatenate([np.cumsum(NOISY), NOISY])
    for told in ({"plan": ansflow.plan(array[:N])}, {"recipe": "ordered[float](delta[0](log))"}):
        assert len(recipes(one_shot(array, **told))) == 1
    models = [ansflow.models.Uniform(256, precision=8)]
    assert recipes(one_shot(array, tables=models)).keys() == {"planes"}


def test_it_is_not_chosen_too_often(monkeypatch):
    """Of numbers that vary, but are all the same to the recipe; and of those that always change."""
    chosen = []
    rechosen = Plan.rechosen
    monkeypatch.setattr(Plan, "rechosen", lambda *told: chosen.append(0) or rechosen(*told))
    scales = 2.0 ** RNG.integers(0, 20, 48).repeat(CHUNK)
    one_shot(RNG.normal(0, 1, scales.size).cumsum() * 1e3 + scales)
    assert len(chosen) <= 4
    chosen.clear()
    # All chunks of these suit both recipes.
    both = NOISY, NOISY.cumsum()
    changing = np.concatenate(
        [part[i : i + 4 * CHUNK] for i in range(0, N, 4 * CHUNK) for part in both]
    )
    blob = one_shot(changing)
    looks = len(changing) / CHUNK / rechoosing.EVERY
    assert 1 <= len(chosen) <= 1 + math.ceil(looks * rechoosing.CREDIT) + 1
    assert ansflow.decompress(blob).tobytes() == changing.tobytes()


def test_units_between_are_not_looked_at():
    looked = Rechooser(Options(recipe="planes"), np.dtype("f8"), first=False)
    layout = Layout(8, (CHUNK,))
    smooth = SMOOTH[:CHUNK].view("u1")
    found = [looked.look(smooth, layout) for _ in range(2 * rechoosing.EVERY + 1)]
    # Nothing is known of what that recipe promises.
    assert found == [None] * len(found)
    options = Options().chosen(NOISY[:CHUNK].view("u1"), layout, np.dtype("f8"))
    looked = Rechooser(options, np.dtype("f8"), first=True)
    found = [looked.look(smooth, layout) for _ in range(rechoosing.EVERY)]
    assert found[0].recipe.name == "decimal"
    assert found[1:] == [None] * (rechoosing.EVERY - 1)


def test_arrays_with_many_axes():
    array = np.concatenate([SMOOTH, NOISY]).reshape((1,) * 33 + (-1,))
    blob = one_shot(array)
    assert ansflow.decompress(blob).tobytes() == array.tobytes()


@pytest.mark.parametrize("order", ["C", "F"])
def test_tiles(order):
    array = np.concatenate([SMOOTH, NOISY]).reshape(2 * 24, 64, 64)
    array = np.asarray(array, order=order)
    blob = ansflow.compress(array, chunks=(2, 64, 16))
    assert ansflow.decompress(blob).tobytes() == array.tobytes()
    assert ansflow.compress(array, chunks=(2, 64, 16), threads=1) == blob


def test_a_table_is_looked_at_by_whole_rows():
    """Of parts of its rows nobody could tell what its recipe makes."""
    rng, places = np.random.default_rng(0), np.arange(150)
    table = rng.integers(0, 3 ** (places % 9 + 1), (2000, 150)) / 2.0 ** (places % 7)
    columns = "columns(" + ", ".join(["ordered[float](lin[256])"] * 150) + ")"
    for recipe in (ansflow.plan(table).recipe, Recipe.of(columns)):
        assert recipe.name in ("columns", "groups")
        layout = Layout(8, table.shape)
        bits = rechoosing._bits(recipe, table.reshape(-1).view(np.uint8), layout)
        assert bits < math.inf
