"""Every transform is what FORMAT.md says: what is written is read by the oracle, and vice versa."""

import math
import random

import naive_recipe
import random_recipes
from hypothesis import given, settings, strategies as st
from naive_numbers import WHOLE

SHAPES = st.lists(st.integers(0, 9), max_size=3) | st.lists(st.integers(1, 300), max_size=1)


@st.composite
def some_items(draw, widths):
    """A source of randomness, w, a shape, and the content of items in it."""
    rng, w, shape = random.Random(draw(st.integers(0, 2**64 - 1))), draw(widths), draw(SHAPES)
    return rng, w, shape, random_recipes.some_items(rng, math.prod(shape), w)


@given(some_items(st.integers(1, 64) | st.sampled_from(WHOLE)), st.integers(1, 8))
@settings(max_examples=200)
def test_the_oracle_undoes_what_it_makes(case, deepest):
    rng, w, shape, content = case
    if w > 2 and deepest < 2:
        return
    grow = random_recipes.grow(rng, list(naive_recipe.KINDS), min(deepest, 4))
    node, streams = grow(w, shape, content)
    written = naive_recipe.write_recipe(node)
    assert naive_recipe.read_recipe(written, 0, w, shape) == (node, len(written))
    said = naive_recipe.streams(node, w, shape)
    assert [width * n for width, n in said] == [len(stream) for stream in streams]
    assert naive_recipe.undo(node, w, shape, iter(streams)) == content
