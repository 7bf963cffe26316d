"""How many values a dictionary is expected to have, by those that a sample has."""

import numpy as np
import pytest

from ansflow.transforms.choosing.dictionary import Dictionary, coded
from ansflow.transforms.layout import Layout
from ansflow.transforms.registry import by_name

RNG = np.random.default_rng(0)


def test_codes_are_counted_in_runs():
    codes = np.repeat(RNG.integers(0, 90, 500), RNG.integers(1, 4, 500)).astype("u2")
    found = coded(codes).drawn
    runs = codes[np.append(True, codes[1:] != codes[:-1])]
    _, counts = np.unique(runs, return_counts=True)
    assert found.codes == runs.size
    assert found.once == np.count_nonzero(counts == 1)
    assert found.often == np.bincount(codes).max() / codes.size
    for step, distinct in ((1, found.distinct), (2, found.of_half), (4, found.of_quarter)):
        assert distinct == np.mean([np.unique(runs[i::step]).size for i in range(step)])


@pytest.mark.parametrize("width", [2, 4, 8])
@pytest.mark.parametrize("distinct", [1, 2, 256, 257, 5000])
def test_codes_of_a_sample_are_those_that_the_transform_makes(width, distinct):
    numbers = RNG.integers(0, 1 << 8 * width, distinct, f"u{width}")[
        RNG.integers(0, distinct, 9999)
    ]
    found = coded(numbers.reshape(3, -1))
    layout = Layout(width, numbers.shape)
    count, (codes, values) = by_name("dict").forward(numbers.view(np.uint8), layout)
    assert found.codes.shape == (3, 3333)
    np.testing.assert_array_equal(found.codes.reshape(-1), codes.view(found.codes.dtype))
    np.testing.assert_array_equal(found.values, values.view(numbers.dtype))
    assert found.drawn.distinct == count


@pytest.mark.parametrize("values", [50, 3000])
def test_values_that_are_equally_likely(values):
    codes = np.unique(RNG.integers(0, values, 8000), return_inverse=True)[1].astype("u4")
    expected = values * (1 - np.exp(-100_000 / values))
    found = coded(codes).drawn.values_of(100_000 / 8000)
    assert found == pytest.approx(expected, rel=0.3)


def test_no_more_values_than_a_sample_has_where_all_were_drawn():
    codes = np.tile(np.arange(7, dtype="u2"), 99)
    assert coded(codes).drawn.values_of(1e3) == 7
    dictionary = Dictionary(coded(codes * np.uint64(1000)), 1e5)
    assert dictionary.expected == 7
    assert not dictionary.is_large
    assert 0 < dictionary.bits(7) < dictionary.bits(50)
