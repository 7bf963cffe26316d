"""How models are made, and what is refused."""

import numpy as np
import pytest
from scipy import stats

from ansflow.errors import ModelError
from ansflow.models import (
    Bernoulli,
    Categorical,
    Conditional,
    Mixture,
    Quantized,
    Uniform,
    quantize,
)
from ansflow.models.quantized import bin_probabilities


def test_uniform_is_exact_for_powers_of_two_and_off_by_one_elsewhere():
    assert set(Uniform(64).freq) == {64}
    assert set(Uniform(100, precision=10).freq) == {10, 11}
    assert Uniform(5000).precision == 13


def test_fit_numbers_from_zero_or_from_the_smallest():
    assert Categorical.fit([5, 9]).low == 0
    assert Categorical.fit([-5, 9]).low == -5
    assert Categorical.fit([70_000, 70_001]).low == 70_000
    assert Categorical.fit(np.array([True, False])).freq.size == 2


def test_fit_is_optimal_for_its_data():
    data = np.random.default_rng(0).geometric(0.2, 5000)
    fitted = Categorical.fit(data, precision=8)
    assert fitted.code_length(data) <= Categorical.from_probs(
        np.append(0, stats.geom(0.2).pmf(np.arange(1, data.max() + 1)) + 1e-9)
        / (1 + 1e-9 * data.max() - stats.geom(0.2).sf(data.max())),
        precision=8,
    ).code_length(data)


def test_quantized_masses_are_differences_of_the_cdf():
    dist = stats.norm(0.3, 4)
    model = Quantized(dist, -20, 20, precision=31)
    edges = np.arange(-20, 20) + 0.5
    masses = np.diff(np.concatenate([[0], dist.cdf(edges), [1]]))
    assert model.freq / 2.0**31 == pytest.approx(masses, abs=1e-8)


def test_far_tails_are_symmetric():
    # Computed from the cdf alone, the right tail would vanish in rounding: 1 - 1e-17 is 1.
    probs = bin_probabilities(stats.norm(0, 1), -30, 30)
    assert probs == pytest.approx(probs[::-1], rel=1e-9)
    assert probs[-1] == pytest.approx(stats.norm(0, 1).sf(29.5), rel=1e-9)
    assert (probs > 0).all()
    assert np.diff(probs[30:]).max() < 0


def test_every_integer_of_the_support_can_be_coded():
    assert Quantized(stats.norm(0, 0.01), -1000, 1000).freq.min() == 1


def test_discrete_distributions_keep_their_masses():
    model = Quantized(stats.poisson(3), 0, 20, precision=24)
    assert model.freq[:10] / 2.0**24 == pytest.approx(stats.poisson(3).pmf(range(10)), abs=1e-6)


def test_mixture_is_the_weighted_sum_over_the_union():
    parts = [Uniform(4, low=-2), Uniform(4)]
    model = Mixture(parts, [3, 1], precision=8)
    assert model.low == -2
    assert model.freq.tolist() == [48, 48, 64, 64, 16, 16]


def test_weights_of_all_sizes_keep_their_symbols():
    assert quantize([1e300, 1e-300, 0], 4).tolist() == [15, 1, 0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: quantize([], 8), "vector|rows"),
        (lambda: quantize([[[1]]], 8), "rows"),
        (lambda: quantize([1, -1], 8), "not negative"),
        (lambda: quantize([1, np.nan], 8), "finite"),
        (lambda: quantize([1, np.inf], 8), "finite"),
        (lambda: quantize([0, 0], 8), "zero"),
        (lambda: quantize([1, 1, 1], 1), "at least 2 bits"),
        (lambda: quantize([1], 0), "precision"),
        (lambda: quantize([1], 32), "precision"),
        (lambda: quantize(np.ones(65_537), 20), "65536"),
        (lambda: Categorical([1, 2]), "power of two .*from_counts"),
        (lambda: Categorical([1]), "power of two"),
        (lambda: Categorical([-1, 3]), "outside"),
        (lambda: Categorical([0.5, 0.5]), "integers"),
        (lambda: Categorical([[1, 1]]), "Conditional"),
        (lambda: Categorical([1 << 31, 1 << 31]), "power of two"),
        (lambda: Categorical.from_probs([0.5, 0.4]), "sum to"),
        (lambda: Categorical.from_probs([0.5, np.nan]), "sum to"),
        (lambda: Categorical.fit([]), "the data is empty"),
        (lambda: Categorical.fit([0, 100_000]), "span"),
        (lambda: Uniform(0), "symbols"),
        (lambda: Uniform(65_537), "symbols"),
        (lambda: Uniform(5, precision=2), "at least 3 bits"),
        (lambda: Bernoulli(0.0), "strictly"),
        (lambda: Bernoulli(float("nan")), "strictly"),
        (lambda: Quantized(stats.norm(), 5, 4), "symbols"),
        (lambda: Quantized(stats.norm(), 0, 70_000), "symbols"),
        (lambda: Quantized(stats.norm(np.nan, 1), 0, 5), "probabilities"),
        (lambda: Quantized(stats.norm([[0.0], [1.0]], 1), 0, 5), "Conditional"),
        (lambda: Mixture([]), "at least one model"),
        (lambda: Mixture([Uniform(2)], [1, 2]), "positive weights"),
        (lambda: Mixture([Uniform(2)], [0]), "positive weights"),
        (lambda: Mixture([Uniform(2), Uniform(2, low=70_000)]), "span"),
        (lambda: Conditional([1, 1]), "matrix"),
        (lambda: Conditional([[1, 1], [1, 3]]), "row 1"),
        (lambda: Conditional([[1, 1]], [0, 1]), "index"),
        (lambda: Conditional([[1, 1]], [-1]), "index"),
        (lambda: Conditional([[1, 1]], [0.0]), "integers"),
        (lambda: Conditional.from_models([Uniform(2), Uniform(3)]), "same support and precision"),
        (lambda: Conditional.from_models([]), "same support and precision"),
        (lambda: Conditional.from_dist(stats.norm(), 0, 5), "shape"),
    ],
)
def test_unusable_models_are_refused(make, message):
    with pytest.raises(ModelError, match=message):
        make()


def test_fit_refuses_floats():
    with pytest.raises(TypeError, match="integers"):
        Categorical.fit([0.5])
