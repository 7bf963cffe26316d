"""Columns of tables in groups, one after the other."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from single_transforms import odd, through

import ansflow
from ansflow.errors import CorruptDataError
from ansflow.transforms import Recipe
from ansflow.transforms.groups import Groups
from ansflow.transforms.layout import Layout
from ansflow.transforms.transform import Unsuitable
from ansflow.varints import ByteReader

RNG = np.random.default_rng(0)
GROUPS = Groups()
WIDTHS = [1, 2, 4, 8]


def in_order_of_columns(groups):
    """Groups with other numbers, in the order of their first columns."""
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    return tuple([numbers[group] for group in groups])


@given(
    st.sampled_from(WIDTHS),
    st.lists(st.integers(0, 9), min_size=1, max_size=3) | st.tuples(st.integers(1, 700)),
    st.lists(st.integers(0, 9), min_size=2, max_size=300) | st.just([*range(300)]),
)
def test_groups_are_their_columns_one_after_the_other(width, others, told):
    told = in_order_of_columns(told)
    numbers = RNG.integers(0, 1 << (8 * width), (*others, len(told)), f"u{width}")
    parameters, vectors = through(GROUPS, numbers, settings=told)
    assert GROUPS.describe(parameters) == parameters == told
    table = numbers.reshape(-1, len(told))
    for group, vector in enumerate(vectors):
        columns = [table[:, j] for j in range(len(told)) if told[j] == group]
        assert np.array_equal(vector.view(numbers.dtype), np.concatenate(columns))
    layouts = GROUPS.outputs(parameters, Layout(width, numbers.shape))
    counts = [told.count(group) for group in range(len(vectors))]
    first, *inner = others
    assert layouts == [Layout(width, (count * first, *inner)) for count in counts]


def test_vectors_that_are_elsewhere():
    """Other buffers than those that were offered, and some of these in another order."""
    numbers = RNG.integers(0, 256, (100, 4), np.uint8)
    layout = Layout(1, numbers.shape)
    parameters, vectors = GROUPS.forward(numbers.reshape(-1), layout, 0, 1, 0, 1)
    out = np.empty(400, np.uint8)
    swapped = np.concatenate(vectors[::-1]).reshape(2, -1)
    for buffers in ([swapped[1], swapped[0]], [odd(vector) for vector in vectors]):
        out[:] = 0
        GROUPS.inverse(parameters, buffers, layout, out)
        assert np.array_equal(out, numbers.reshape(-1))


def test_columns_that_are_not_there():
    with pytest.raises(Unsuitable, match="3 columns, and groups of 4"):
        through(GROUPS, np.zeros((5, 3), np.uint8), settings=(0, 1, 0, 0))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((), "each of 2 to 4096 columns, not for 0"),
        ((0,), "not for 1"),
        ((0,) * 4097, "not for 4097"),
        ((1, 0), "in the order of their first columns, not 1, 0"),
        ((0, 2, 1), "not 0, 2, 1"),
        ((0, -1), "not 0, -1"),
        ((0, 1.0), "not 0, 1.0"),
        ((0, "all"), "not 0, all"),
    ],
)
def test_settings_that_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        GROUPS.check(*settings)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (b"\0", "has 0 for 3 columns"),
        (b"\4\0", "has 4 for 3 columns"),
        (b"\2\x08", "groups of more columns"),
        (b"\2\1", "not in the order"),
        (b"\2\0", "without a column"),
        (b"\3\x18", "not in the order"),
    ],
)
def test_parameters_that_are_refused(written, message):
    with pytest.raises(CorruptDataError, match=message):
        GROUPS.parse(ByteReader(written), Layout(4, (5, 3)))
    assert GROUPS.parse(ByteReader(b"\3\x24"), Layout(4, (5, 3))) == (0, 1, 2)
    assert GROUPS.parse(ByteReader(b"\1"), Layout(4, (5, 3))) == (0, 0, 0)


def test_layouts():
    assert [width for width in range(1, 65) if GROUPS.accepts(Layout(width, (3, 3)))] == WIDTHS
    counts = [count for count in range(5000) if GROUPS.accepts(Layout(4, (1, count)))]
    assert counts == list(range(2, 4097))
    assert not GROUPS.accepts(Layout(4, (9,)))


def test_a_recipe_of_groups_is_text():
    recipe = Recipe.of("groups[0, 1, 0](delta[0](log), planes)")
    assert recipe.settings == (0, 1, 0)
    assert str(recipe) == "groups[0, 1, 0](delta[0](log), planes)"
    array = RNG.integers(0, 9, (500, 3), np.int32)
    blob = ansflow.compress(array, recipe=str(recipe), chunks=(200, 3))
    assert np.array_equal(ansflow.decompress(blob), array)


def test_a_group_that_its_recipe_is_not_for_leaves_the_others_theirs():
    """In a later chunk, other numbers than those the recipe was made for."""
    array = RNG.integers(0, 9, (400, 4)).astype(float)
    array[200:, 1::2] = RNG.normal(size=(200, 2))
    decimal = "decimal[1.0](lin[256], log, bytes)"
    recipe = f"groups[0, 1, 0, 1]({decimal}, {decimal})"
    blob = ansflow.compress(array, recipe=recipe, chunks=(200, 4))
    assert np.array_equal(ansflow.decompress(blob), array)
    assert len(blob) < 1800 + 2 * 8 * 200
