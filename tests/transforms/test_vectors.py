"""Vectors that follow each other are taken as they are."""

import numpy as np
import pytest

from ansflow.transforms import Recipe, vectors
from ansflow.transforms.layout import Layout
from ansflow.transforms.node import read_recipe
from ansflow.transforms.vectors import Vectors, memory_of
from ansflow.varints import ByteReader

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("planes", (50,)),
        ("columns[1](log, planes, log)", (20, 3)),
        ("groups[0, 1, 0](planes, delta[0](log))", (20, 3)),
        ("fields[2, 2](log, planes)", (20,)),
        ("planes", (0,)),
    ],
)
def test_they_are_not_copied(text, shape, monkeypatch):
    layout = Layout(4, shape)
    items = RNG.integers(0, 256, layout.nbytes, np.uint8)
    written, streams = Recipe.of(text).forward(items, layout)
    root, _ = read_recipe(ByteReader(written), layout)
    left = iter(streams)

    def decode(buffer):
        symbols = next(left).symbols
        if buffer is None:
            return symbols
        buffer[:] = symbols
        return buffer

    monkeypatch.setattr(vectors, "np", None)  # which has what would copy them
    assert root.inverse(None, decode).tobytes() == items.tobytes()


def test_others_are():
    memory = np.arange(6, dtype=np.uint8)
    parts = [memory[:2], memory[2:]]
    assert memory_of(Vectors(parts, memory)) is memory
    assert memory_of(parts).tobytes() == memory.tobytes()
    assert memory_of(parts[::-1]).tolist() == [2, 3, 4, 5, 0, 1]
