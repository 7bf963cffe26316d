"""What every model promises, checked on all families alike."""

import numpy as np
import pytest
from scipy import stats

from ansflow.models import Bernoulli, Categorical, Mixture, Model, Quantized, Uniform

MODELS = [
    Uniform(1),
    Uniform(7, low=-3),
    Uniform(65_536),
    Bernoulli(0.01),
    Bernoulli(0.5, precision=1),
    Categorical([0, 3, 0, 5]),
    Categorical.from_counts([5, 0, 2, 9], low=100, precision=14),
    Categorical.from_probs([0.25, 0.5, 0.25], precision=31),
    Categorical.fit([3, 3, 3, 1, 0, 7]),
    Quantized(stats.norm(3, 20), -100, 100),
    Quantized(stats.logistic(0, 2), -50, 50, precision=16),
    Quantized(stats.laplace(0, 5), -128, 127),
    Quantized(stats.t(2), -500, 500, precision=20),
    Quantized(stats.poisson(4), 0, 30),
    Quantized(stats.binom(20, 0.3), 0, 20),
    Mixture([Uniform(256), Quantized(stats.norm(100, 3), 0, 255)], [0.1, 0.9]),
]


@pytest.fixture(params=MODELS, ids=lambda model: repr(model))
def model(request):
    return request.param


def test_is_a_model(model):
    assert isinstance(model, Model)


def test_frequencies_sum_exactly_and_cdf_agrees(model):
    assert model.freq.dtype == model.cdf.dtype == np.uint32
    assert int(model.freq.sum(dtype=np.uint64)) == 1 << model.precision
    assert model.cdf[0] == 0
    assert model.cdf[-1] == 1 << model.precision
    assert np.array_equal(np.diff(model.cdf), model.freq)


def test_arrays_are_read_only(model):
    for array in (model.freq, model.cdf):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_entropy_and_code_length(model):
    probs = model.freq / 2.0**model.precision
    used = np.flatnonzero(probs)
    bits = -np.log2(probs[used])
    assert model.entropy == pytest.approx(np.sum(probs[used] * bits), abs=1e-12)
    symbols = np.repeat(used, 2) + model.low
    assert model.code_length(symbols) == pytest.approx(2 * bits.sum(), rel=1e-12, abs=1e-9)
    assert model.code_length(symbols.reshape(2, -1).T) == model.code_length(symbols)
    assert model.code_length([]) == 0
    assert model.code_length([model.low - 1]) == np.inf
    assert model.code_length([model.low + model.freq.size]) == np.inf
    for hole in np.flatnonzero(model.freq == 0)[:1]:
        assert model.code_length([model.low + int(hole)]) == np.inf


def test_samples_follow_the_frequencies(model):
    n = 20_000
    draws = model.sample((n // 10, 10), 1)
    assert draws.shape == (n // 10, 10)
    assert draws.dtype.kind in "iu"
    counts = np.bincount(draws.reshape(-1).astype(np.int64) - model.low, minlength=model.freq.size)
    assert counts.size == model.freq.size
    assert not counts[model.freq == 0].any()
    # Symbols too rare for the chi-square approximation are pooled.
    expected = n * (model.freq / 2.0**model.precision)
    rare = expected < 5
    observed = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    keep = expected > 0
    if keep.sum() > 1 and expected[keep].min() > 1:
        assert stats.chisquare(observed[keep], expected[keep]).pvalue > 1e-4


def test_samples_depend_on_the_seed_only(model):
    assert np.array_equal(model.sample(50, 3), model.sample(50, np.random.default_rng(3)))
    assert model.sample(rng=3).shape == ()
