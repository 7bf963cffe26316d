"""A matrix of distributions and an index are as good as one model for each symbol."""

import numpy as np
import pytest
from scipy import stats

from ansflow.models import Categorical, Conditional, Quantized

MEANS = np.array([[-4.0], [0.0], [4.0]])


@pytest.fixture
def rows():
    return Conditional.from_dist(stats.norm(MEANS, 2.0), -16, 15, [0, 1, 1, 2], precision=20)


def test_rows_are_those_of_single_models(rows):
    for mean, freq in zip(MEANS[:, 0], rows.freq, strict=True):
        assert np.array_equal(freq, Quantized(stats.norm(mean, 2.0), -16, 15, precision=20).freq)
    assert np.array_equal(np.diff(rows.cdf, axis=1), rows.freq)


def test_code_length_and_entropy_are_sums_over_rows(rows):
    models = [Categorical(freq, low=-16) for freq in rows.freq]
    symbols = [-5, 0, 1, 3]
    one_by_one = [models[r].code_length([s]) for r, s in zip(rows.index, symbols, strict=True)]
    assert rows.code_length(symbols) == pytest.approx(sum(one_by_one))
    assert rows.entropies == pytest.approx([model.entropy for model in models])
    assert rows.entropy == pytest.approx(np.mean(rows.entropies[[0, 1, 1, 2]]))
    assert rows.code_length([-5, 0, 1, 99]) == np.inf
    assert Conditional([[4, 0], [2, 2]]).code_length([1, 0]) == np.inf


def test_at_shares_the_matrix(rows):
    other = rows.at(np.zeros((5, 7), int))
    assert other.freq is rows.freq
    assert other.index.shape == (5, 7)
    assert rows.index.shape == (4,)


def test_by_default_symbol_i_has_row_i():
    assert Conditional([[1, 1], [2, 0]]).index.tolist() == [0, 1]


def test_samples_follow_their_rows(rows):
    draws = rows.at(np.arange(3)).sample((4000, 3), 0)
    assert draws.dtype == np.int8
    assert draws.mean(axis=0) == pytest.approx(MEANS[:, 0], abs=0.2)
    assert draws.std(axis=0) == pytest.approx([2, 2, 2], abs=0.2)
