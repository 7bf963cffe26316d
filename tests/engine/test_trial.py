"""Recipes that seem about as good are tried by what codes them, from level 6 on."""

import itertools

import numpy as np
import pytest

import ansflow
from ansflow.engine.trial import tried
from ansflow.frame.streams.sample import StreamCoding
from ansflow.transforms import Recipe
from ansflow.transforms.choosing.choice import Choice
from ansflow.transforms.layout import Layout

CODING = StreamCoding(12, 64, 0, classes=True)


def photons(size=300):
    """Counts whose noise is louder where the field is: contexts say more than differences."""
    y, x = np.mgrid[:size, :size] / 40
    rng = np.random.default_rng(1)
    return rng.poisson(np.exp(3 + 1.5 * np.sin(x) * np.cos(y))).astype("u2")


def test_the_first_is_not_the_best():
    array = photons()
    content, layout = array.view(np.uint8).reshape(-1), Layout(2, array.shape)
    bad, good = (Choice(Recipe.of(text), 5.0) for text in ("planes", "stencil[2](log)"))
    for first, second in ((bad, good), (good, bad)):
        both = first.beside([second], 3)
        best = tried(both, content, layout, CODING, 1 << 14, 1 << 14)
        assert best.recipe == good.recipe
        assert best.gains[-1].text == "the best of 2 for a part"
        assert 0 < best.gains[-1].bits < 8


def test_a_recipe_that_is_not_for_the_items():
    array = np.arange(5000, dtype="u4")
    content, layout = array.view(np.uint8), Layout(4, array.shape)
    choice = Choice(Recipe.of("delta[0](log)"), 5.0).beside([Choice(Recipe.of("runs"), 1.0)], 3)
    assert tried(choice, content, layout, CODING, 1000, 1000).recipe == choice.recipe


@pytest.mark.parametrize("shape", [(7, 100, 9), (3,), (1, 4096)])
def test_any_shape(shape):
    array = np.random.default_rng(2).integers(0, 9, shape).astype("i4")
    content, layout = array.view(np.uint8).reshape(-1), Layout(4, shape)
    choice = Choice(Recipe.of("log"), 5.0).beside([Choice(Recipe.of("planes"), 5.0)], 1)
    assert tried(choice, content, layout, CODING, 100, 400).recipe in map(
        Recipe.of, ("log", "planes")
    )


def test_others_beside_a_choice():
    first, second, third = (Choice(Recipe.of(text), 1.0) for text in ("log", "lin[16]", "planes"))
    both = first.beside([second, first], 5)
    assert [one.recipe for one in both.others] == [second.recipe]
    all_of_them = third.beside([both], 5)
    assert [one.recipe for one in all_of_them.others] == [first.recipe, second.recipe]
    assert not any(one.others for one in all_of_them.others)
    assert len(third.beside([both], 1).others) == 1


@pytest.mark.parametrize("level", [7, 9])
def test_high_levels_say_that_recipes_were_tried(level):
    plan = ansflow.plan(photons(), level=level)
    assert plan.gains[0].bits == 16
    assert "the best of" in str(plan)


def kinds():
    rng = np.random.default_rng(3)
    yield photons()
    yield np.cumsum(rng.normal(size=60_000)).round(2)
    yield np.cumsum(rng.integers(0, 90, 60_000))
    y, x = np.mgrid[:250, :250] / 30
    yield (np.sin(x) * np.cos(y) + rng.normal(0, 1e-3, y.shape)).astype("f4")
    yield np.where(np.sin(x) > 0.2, np.sin(x * y), 0).astype("f4")
    yield np.stack([rng.normal(20, 3, 20_000).round(1), rng.integers(0, 9, 20_000)], axis=1)


@pytest.mark.parametrize("array", [*kinds()])
def test_a_higher_level_takes_no_more(array):
    sizes = [len(ansflow.compress(array, level=level)) for level in (3, 6, 7, 9)]
    assert all(high <= 1.001 * low for low, high in itertools.pairwise(sizes))


def test_level_6_takes_what_level_3_finds_if_that_is_better():
    """It found other maps for them by a larger sample, and was larger by 7%."""
    array = np.eye(12, dtype="f4")[np.random.default_rng(5).integers(0, 12, 40_000)]
    low, high = (len(ansflow.compress(array, level=level)) for level in (3, 6))
    assert high <= 1.002 * low


def test_estimates_say_something_besides():
    """What seems to be better in a part only has to be so by more, but not by very much more."""
    array = photons()
    content, layout = array.view(np.uint8).reshape(-1), Layout(2, array.shape)
    first, second, worse = map(Recipe.of, ("delta[0](log)", "delta[1](log)", "planes"))
    for other, bits, best in ((second, 5.0, second), (second, 9.0, first), (worse, 1.0, first)):
        choice = Choice(first, 7.0).beside([Choice(other, bits)], 1)
        assert tried(choice, content, layout, CODING, 1 << 14, 1 << 14).recipe == best


def test_those_that_a_part_does_not_tell_apart_are_tried_on_more():
    """The middle of these is noise, which both take as it is."""
    rng = np.random.default_rng(7)
    array = np.arange(1 << 16, dtype="u4") * 1000
    array[1 << 14 : 3 << 14] = rng.integers(0, 1 << 32, 1 << 15, dtype="u4")
    content, layout = array.view(np.uint8), Layout(4, array.shape)
    worse, better = map(Recipe.of, ("lin[256]", "delta[0](bins)"))
    for most, best in ((1 << 14, worse), (1 << 15, worse), (1 << 16, better), (1 << 20, better)):
        choice = Choice(worse, 9.0).beside([Choice(better, 9.2)], 1)
        assert tried(choice, content, layout, CODING, 1 << 14, most).recipe == best


@pytest.mark.parametrize("shape", [(3, 4000), (4, 300, 300), (40, 60, 9)])
def test_a_part_has_neighbours_along_all_axes(shape):
    """Whole rows of long ones, or planes, would hardly have any above them."""
    rng = np.random.default_rng(5)
    array = (rng.integers(0, 1 << 20, shape[1:]) + rng.integers(0, 3, shape)).astype("i4")
    content, layout = array.view(np.uint8).reshape(-1), Layout(4, shape)
    choice = Choice(Recipe.of("log"), 9.0).beside([Choice(Recipe.of("delta[0](log)"), 9.0)], 1)
    assert tried(choice, content, layout, CODING, 4096, 4096).recipe.name == "delta"


def states(size):
    """A Markov chain of 20 states, and its entropy rate in bits."""
    rng = np.random.default_rng(1)
    following = rng.dirichlet(np.full(20, 0.3), 20)
    ends, chances = following.cumsum(axis=1), rng.random(size)
    chain = np.zeros(size, np.uint8)
    for i in range(1, size):
        chain[i] = min(19, np.searchsorted(ends[chain[i - 1]], chances[i]))
    rates = -(following * np.log2(np.maximum(following, 1e-300))).sum(axis=1)
    return chain, float(rates[chain].mean())


def test_contexts_are_tried_from_level_7_on():
    chain, rate = states(100_000)
    for array in (chain, chain.astype(np.int64), chain.astype("S1")):
        assert [ansflow.plan(array, level=level).order for level in (3, 6, 7, 9)] == [0, 0, 1, 1]
        blob = ansflow.compress(array, level=7)
        assert np.array_equal(ansflow.decompress(blob), array)
        # Tokens of larger numbers share contexts.
        assert len(blob) < (1.1 if array.itemsize == 1 else 1.15) * rate * array.size / 8
    assert "order   1" in str(ansflow.plan(chain, level=7))
    assert "order" not in str(ansflow.plan(chain))
    told = ansflow.Plan.from_json(ansflow.plan(chain, level=7).to_json())
    assert len(ansflow.compress(chain, plan=told)) < 1.1 * rate * chain.size / 8


def test_contexts_are_tried_for_what_is_predicted():
    walk = np.cumsum(states(100_000)[0].astype(np.int64) - 8)
    sizes = [len(ansflow.compress(walk, level=level)) for level in (6, 7)]
    assert sizes[1] < 0.9 * sizes[0]


def test_contexts_that_gain_little_are_left_out():
    noise = np.random.default_rng(0).integers(0, 20, 100_000).astype(np.uint8)
    assert ansflow.plan(noise, level=9).order == 0
    assert ansflow.plan(states(3000)[0], level=9).order == 0
