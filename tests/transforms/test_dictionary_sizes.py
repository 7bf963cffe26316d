"""How many values a dictionary is expected to have, by those that a sample has."""

import numpy as np
import pytest

from ansflow.transforms.choosing.dictionary import Dictionary, drawn

RNG = np.random.default_rng(0)


def test_codes_are_counted_in_runs():
    codes = np.repeat(RNG.integers(0, 90, 500), RNG.integers(1, 4, 500)).astype("u2")
    found = drawn(codes, 90)
    runs = codes[np.append(True, codes[1:] != codes[:-1])]
    _, counts = np.unique(runs, return_counts=True)
    assert found.codes == runs.size
    assert found.once == np.count_nonzero(counts == 1)
    assert found.often == np.bincount(codes).max() / codes.size
    for step, distinct in ((1, found.distinct), (2, found.of_half), (4, found.of_quarter)):
        assert distinct == np.mean([np.unique(runs[i::step]).size for i in range(step)])


@pytest.mark.parametrize("values", [50, 3000])
def test_values_that_are_equally_likely(values):
    codes = np.unique(RNG.integers(0, values, 8000), return_inverse=True)[1]
    expected = values * (1 - np.exp(-100_000 / values))
    found = drawn(codes, int(codes.max()) + 1).values_of(100_000 / 8000)
    assert found == pytest.approx(expected, rel=0.3)


def test_no_more_values_than_a_sample_has_where_all_were_drawn():
    codes = np.tile(np.arange(7, dtype="u1"), 99)
    assert drawn(codes, 7).values_of(1e3) == 7
    dictionary = Dictionary(codes, np.arange(7, dtype="u8") * 1000, 1e5)
    assert dictionary.expected == 7
    assert not dictionary.is_large
    assert 0 < dictionary.bits(7) < dictionary.bits(50)
