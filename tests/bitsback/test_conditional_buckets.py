"""Buckets that are equally likely under a distribution for each latent."""

import pickle

import naive_stack as oracle
import numpy as np
import pytest
from hypothesis import given, strategies as st

from ansflow.bitsback import Buckets, ConditionalBuckets, Stack
from ansflow.bitsback.distributions.families import family
from ansflow.errors import ModelError
from ansflow.kernels.distributions.location_scale import cumulative

NAMES = st.sampled_from(["gaussian", "logistic"])
MEANS, SCALES = st.floats(-1e3, 1e3), st.floats(1e-3, 1e3)


def cdf_of(codec, i=0):
    """The i-th distribution of a codec, from the very function that the coder calls."""
    components, edges, table, *numbers, low = codec._params
    assert low == 0
    params = components, edges, table, *map(np.uint64, numbers)
    return [int(cumulative(np.uint64(i), np.uint64(s), *params)) for s in range(edges.size)]


@given(MEANS, SCALES, MEANS, SCALES, NAMES, NAMES, st.integers(1, 7), st.integers(1, 31))
def test_centres_and_posteriors_equal_the_oracle(m, s, mean, scale, prior, name, bits, precision):
    """In Python's floats, which are rounded as IEEE 754 says."""
    buckets = Buckets(bits, prior)
    own = ConditionalBuckets(buckets, m, s)
    cdf = oracle.location_scale(
        family(name), [(mean - m) / s], [scale / s], [2**16], buckets.edges, precision, least=0
    ).cdf
    assert cdf_of(own.posterior(mean, scale, name, precision)) == cdf
    expected = [m + s * centre for centre in buckets.centres.tolist()]
    assert [float(own.centres(b)) for b in range(2**bits)] == expected


@pytest.mark.parametrize("name", ["gaussian", "logistic"])
def test_buckets_are_equally_likely_under_the_prior(name):
    own = ConditionalBuckets(Buckets(8, name), [300.0, -2.0], [1000.0, 0.01])
    codec = own.posterior(own.mean, own.scale, name)
    for i in range(2):
        assert np.abs(np.diff(cdf_of(codec, i)) / 2**20 - 1).max() < 0.01
    assert own.prior.shape == (2,)
    assert own.prior.last.tolist() == [255]


def divergence(codec, prior):
    """KL(q || p) in bits, of distributions over buckets that are given by their slots."""
    q, p = (np.diff(cdf) / 2**28 for cdf in (codec, prior))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nansum(q * np.log2(q / p))


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("narrower", [0.25, 0.7, 1.0])
def test_few_of_them_cost_what_continuous_latents_cost(shift, narrower):
    """256 for a prior that knows much, where 4,096 of the marginal distribution are no better."""
    mean, scale = 1.2, 0.02
    exact = ((narrower**2 + shift**2 - 1) / 2 - np.log(narrower)) / np.log(2)
    q = mean + shift * scale, narrower * scale
    own = ConditionalBuckets(Buckets(8), mean, scale)
    uniform = np.arange(0, 2**28 + 1, 2**20)
    conditional = abs(divergence(cdf_of(own.posterior(*q)), uniform) - exact)
    marginal = Buckets(12)
    cdfs = cdf_of(marginal.posterior(*q)), cdf_of(marginal.likelihood(mean, scale))
    assert conditional < 0.005
    assert conditional < abs(divergence(*cdfs) - exact) + 0.005


def test_shapes_are_those_of_the_prior():
    own = ConditionalBuckets(Buckets(6), np.zeros((3, 1)), [1.0, 2.0])
    stack = Stack(2, seed=1)
    b = own.posterior(0.5, 0.25).pop(stack)
    assert b.shape == own.prior.shape == own.centres(b).shape == (3, 2)
    own.prior.push(stack, b)
    assert np.abs(own.centres(own.prior.pop(stack)) - 0.5).max() < 1.5


def test_they_can_be_pickled():
    own = ConditionalBuckets(Buckets(6), [1.0, 2.0], 3.0)
    again = pickle.loads(pickle.dumps(own))
    b = own.posterior(1.5, 0.5).pop(Stack(seed=1))
    assert np.array_equal(again.posterior(1.5, 0.5).pop(Stack(seed=1)), b)
    assert np.array_equal(again.centres(b), own.centres(b))
    assert not again.mean.flags.writeable


def test_parameters_that_are_refused():
    buckets = Buckets(6)
    for mean, scale in ((np.nan, 1.0), (np.inf, 1.0), (0.0, 0.0), (0.0, -1.0), (0.0, np.inf)):
        with pytest.raises(ModelError):
            ConditionalBuckets(buckets, mean, scale)
        with pytest.raises(ModelError):
            ConditionalBuckets(buckets, 0.0, 1.0).posterior(mean, scale)
    with pytest.raises(ValueError, match=r"mean.*scale"):
        ConditionalBuckets(buckets, [0.0] * 2, [1.0] * 3)
    with pytest.raises(ValueError, match="prior"):
        ConditionalBuckets(buckets, [0.0] * 2, 1.0).posterior([0.0] * 3, 1.0)
    extreme = ConditionalBuckets(buckets, 1e308, 1e-300)
    with pytest.raises(ModelError):
        extreme.posterior(-1e308, 1.0)
