"""Recipes that have been read are recognised, and only those."""

import numpy as np
import pytest

from ansflow.errors import AnsflowError, CorruptDataError
from ansflow.transforms import Recipe, node
from ansflow.transforms.layout import Layout
from ansflow.varints import ByteReader

RNG = np.random.default_rng(0)
LAYOUT = Layout(8, (500,))
TEXT = "ordered[float](delta[0](log))"


@pytest.fixture(autouse=True)
def kept(monkeypatch):
    monkeypatch.setattr(node, "_kept", {})
    return node._kept


def written(text=TEXT, layout=LAYOUT, scale=1.0):
    items = (RNG.normal(size=layout.items) * scale).view(np.uint8)
    return Recipe.of(text).forward(items, layout)[0]


def read(data, layout=LAYOUT):
    """What is read, and how many bytes that takes."""
    reader = ByteReader(memoryview(data))
    return *node.read_recipe(reader, layout), reader.at


def test_what_was_read_is_recognised():
    recipe = written()
    root, streams, end = read(recipe)
    assert end == len(recipe)
    # Behind it is something else, at another place, and it is the same recipe.
    padded = recipe + bytes(node.FIRST_BYTES)
    first, second = read(padded), read(padded)
    assert first == second == (root, streams, end)
    assert first[0] is second[0]
    reader = ByteReader(b"123" + padded)
    reader.at = 3
    assert node.read_recipe(reader, LAYOUT)[0] is first[0]
    assert reader.at == 3 + end


def test_recipes_that_begin_alike():
    """They differ behind the bytes that they are found by: both are read as they are."""
    text = f"{'ordered[float](' * 4}log{')' * 4}"
    one, other = written(text), written(text, scale=1e6)
    assert one[: node.FIRST_BYTES] == other[: node.FIRST_BYTES]
    assert one != other
    for data in (one, other) * 2:
        root, streams, end = read(data)
        assert end == len(data)
        while root.outputs[0].transform is not None:
            root = root.outputs[0]
        assert streams[1].shape == (root.parameters,)


def test_of_other_items_it_is_another():
    recipe = written() + bytes(node.FIRST_BYTES)
    read(recipe)
    assert read(recipe, Layout(8, (5, 100)))[0].layout.shape == (5, 100)
    with pytest.raises(CorruptDataError, match="raw bits of 10 numbers take"):
        read(recipe, Layout(8, (10,)))


def test_what_is_cut_off_or_wrong_is_no_other_time(kept):
    """Nothing that cannot be read is kept, nor is a recipe that ends too early one that was."""
    text = f"{'ordered[float](' * 5}log{')' * 5}"
    recipe = written(text)
    assert len(recipe) > node.FIRST_BYTES
    read(recipe)
    cut, count = recipe[:-1], len(kept)
    wrong = bytearray(recipe)
    wrong[-3] = 0x7F
    for data, match in (cut, "cut off"), (wrong, None):
        for _ in range(2):
            with pytest.raises(AnsflowError, match=match):
                read(bytes(data))
    assert len(kept) == count


def test_little_is_kept(kept):
    for count in range(2 * node.KEPT):
        read(written(layout=Layout(8, (500 + count,))), Layout(8, (500 + count,)))
        assert len(kept) <= node.KEPT
    for text, layout in (
        (f"columns({', '.join(['log'] * 200)})", Layout(8, (3, 200))),  # many streams
        (f"columns({', '.join(['planes'] * 40)})", Layout(8, (3, 40))),  # in few bytes
        (TEXT, Layout(8, (2,) * (node.MOST_AXES + 1))),  # many axes
    ):
        kept.clear()
        read(written(text, layout), layout)
        assert not kept
