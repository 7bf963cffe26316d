"""What is done with numbers last is the same in the loop that makes them, and on its own."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ansflow.transforms.bins import Bins
from ansflow.transforms.finish import NOTHING, Finish
from ansflow.transforms.layout import Layout
from ansflow.transforms.lin import Lin
from ansflow.transforms.log import Log
from ansflow.transforms.node import read_recipe
from ansflow.transforms.recipe import Recipe
from ansflow.varints import ByteReader

# Around the blocks of kernels, and far from them.
SIZES = [0, 1, 2, 17, 1023, 1024, 1025, 2048, 2049, 5000]
LAGS = st.lists(st.sampled_from([1, 2, 3, 15, 16, 40, 1000, 1024, 3000, 1 << 40]), max_size=4)


def naive(numbers, width, finish):
    """What the plan says, number by number."""
    bits = 8 * width
    y = [int(z) for z in numbers]
    if y:
        y[0] += finish.first
    if finish.folded:
        y = [-(z % (1 << bits) + 1) // 2 if z % 2 else z % (1 << bits) // 2 for z in y]
    for k, lag in enumerate(finish.lags):
        if k == 0:  # those before it have no other neighbour
            for i in range(1, min(lag, len(y))):
                y[i] += y[i - 1]
        for i in range(lag, len(y)):
            y[i] += y[i - lag]
    y = [(z * finish.step + finish.base) % (1 << bits) for z in y]
    return [z ^ (finish.if_set if z >> (bits - 1) else finish.if_clear) for z in y]


@given(
    st.sampled_from([1, 2, 4, 8]),
    st.sampled_from(SIZES),
    LAGS.map(sorted),
    st.booleans(),
    st.sampled_from([(1, 0), (8, 0), (1, 77), (60, 12), (3**30, 3**34)]),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=75)
@pytest.mark.parametrize("transform", [Log(), Lin(), Bins()], ids=["log", "lin", "bins"])
def test_any_plan(transform, width, size, lags, folded, line, seed):
    rng, bits = np.random.default_rng(seed), 8 * width
    first, clear, set_ = (int(x) % (1 << bits) for x in rng.integers(1 << 63, size=3))
    if seed % 2:
        clear = set_ = 0
    step, base = (number % (1 << bits) for number in line)
    finish = Finish(first * bool(lags), folded, step, base, clear, set_, tuple(lags))
    layout = Layout(width, (size,))
    numbers = rng.integers(0, 1 << bits, size, f"<u{width}")
    items = (numbers >> rng.integers(0, bits, size).astype(numbers.dtype)).view(np.uint8)
    expected = naive(items.view(f"<u{width}"), width, finish)

    alone = np.append(np.uint8(0), items)[1:]
    finish.apply(alone, width)
    assert alone.view(f"<u{width}").tolist() == expected

    parameters, outputs = transform.forward(items, layout, *[16] * (transform.name == "lin"))
    out = np.empty(items.size + 1, np.uint8)[1:]
    transform.inverse(parameters, outputs, layout, out, finish)
    assert out.view(f"<u{width}").tolist() == expected


@pytest.mark.parametrize(
    "text",
    [
        "ordered[float](delta[0](log))",
        "ordered[float, 3](delta[0, 1, rising](lin[256]))",
        "ordered[signed, big](delta[1](log))",
        "ordered[float](ordered[signed](delta[0](log)))",
        "delta[0](ordered[signed](log))",
        "delta[0](delta[1](log))",
        "ordered[signed](delta[0, 0](stream))",
        "delta[1](affine[1](delta[0](log)))",
        "ordered[signed, 1](affine[2](affine[2](delta[0](log))))",
        "ordered[float](affine[8](ramp(log, log, log)))",
        "affine[8](dict(stream, log))",
    ],
)
@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (40, 70), (2, 2100)])
def test_transforms_behind_each_other(text, shape):
    """Those that are joined, and those that are not, come in the order of the recipe."""
    width = 2
    layout = Layout(width, shape)
    items = (np.random.default_rng(0).integers(0, 99, shape) << 3).astype(f"<u{width}")
    content = items.reshape(-1).view(np.uint8)
    written, streams = Recipe.of(text).forward(content, layout)
    root, layouts = read_recipe(ByteReader(written), layout)
    assert [stream.layout for stream in streams] == layouts
    left, out = iter(streams), np.empty(content.size, np.uint8)

    def decode(buffer):
        symbols = next(left).symbols
        if buffer is None:
            return symbols
        buffer[:] = symbols
        return buffer

    root.inverse(out, decode)
    assert out.tobytes() == content.tobytes()


def test_nothing_is_done_where_nothing_is_to_be_done():
    out = np.arange(64, dtype=np.uint8)
    NOTHING.apply(out, 8)
    assert out.tolist() == list(range(64))
