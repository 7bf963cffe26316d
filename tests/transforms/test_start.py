"""What is done with numbers first is the same in the loop that takes them, and on its own."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ansflow.transforms.layout import Layout
from ansflow.transforms.lin import Lin
from ansflow.transforms.log import Log
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.start import UNTOUCHED, Start
from ansflow.transforms.transform import Misfit

# Around the blocks of kernels, and far from them.
SIZES = [0, 1, 2, 17, 1023, 1024, 1025, 2048, 2049, 5000]
LAGS = st.lists(st.sampled_from([1, 2, 3, 16, 40, 1000, 1024, 3000, 1 << 40]), max_size=4)


def naive(items, width, start):
    """What the plan says, number by number."""
    bits = 8 * width
    x = [int(item) for item in items]
    x = [item ^ (start.if_set if item >> (bits - 1) else start.if_clear) for item in x]
    for k, lag in reversed([*enumerate(start.lags)]):
        before = [0] * min(lag, len(x)) + x[: max(0, len(x) - lag)]
        if k == 0:  # those before it have no other neighbour
            before[1:lag] = x[: len(x) - 1][: lag - 1]
        x = [a - b for a, b in zip(x, before, strict=True)]
    x = [difference % (1 << bits) for difference in x]
    if start.lags:
        x = [2 * d if d < 1 << (bits - 1) else 2 * ((1 << bits) - d) - 1 for d in x]
    return x


@given(
    st.sampled_from([1, 2, 4, 8]), st.sampled_from(SIZES), LAGS.map(sorted), st.integers(0, 2**32)
)
@settings(max_examples=75)
def test_any_plan(width, size, lags, seed):
    rng, bits = np.random.default_rng(seed), 8 * width
    clear, set_ = (int(x) % (1 << bits) for x in rng.integers(1 << 63, size=2))
    if seed % 2:
        clear = set_ = 0
    start, layout = Start(clear, set_, tuple(lags)), Layout(width, (size,))
    numbers = rng.integers(0, 1 << bits, size, f"<u{width}")
    items = (numbers >> rng.integers(0, bits, size).astype(numbers.dtype)).view(np.uint8)
    alone = start.apply(items, width)
    assert alone.view(f"<u{width}").tolist() == naive(items.view(f"<u{width}"), width, start)
    for transform, told in ((Log(), ()), (Lin(), (256,))):
        used, outputs = transform.forward(items, layout, *told, start=start)
        expected, others = transform.forward(alone, layout, *told)
        assert used == expected
        for found, other in zip(outputs, others, strict=True):
            assert np.array_equal(found, other)


@pytest.mark.parametrize(
    "inner",
    [
        "log",
        "delta[0](log)",
        "delta[1, 0](log)",
        "delta[0](delta[0](log))",
        "delta[0, rising](log)",
        "lin[256]",
        "delta[0](lin[256])",
    ],
)
def test_whatever_comes_first_is_written_as_if_it_took_a_turn(inner):
    rng = np.random.default_rng(0)
    items, layout = rng.integers(0, 256, 4 * 3000).astype(np.uint8), Layout(4, (60, 50))
    written, streams = Recipe.of(f"ordered[signed]({inner})").forward(items, layout)
    turned = (items.view("<u4") ^ np.uint32(1 << 31)).view(np.uint8)
    told, expected = Recipe.of(inner).forward(turned, layout)
    assert written[-len(told) :] == told
    for stream, other in zip(streams, expected, strict=True):
        assert np.array_equal(stream.symbols, other.symbols)


def test_shapes_that_do_not_fit_are_noticed_at_once():
    with pytest.raises(Misfit, match="no axis 1"):
        Recipe.of("delta[1](log)").forward(np.zeros(8, np.uint8), Layout(4, (2,)))


def test_plans_are_kept():
    assert Start(1, 2, (3,)).plan is Start(1, 2, (3,)).plan
    assert UNTOUCHED.plan.tolist() == [0, 0]
