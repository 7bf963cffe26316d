"""Messages are as long as the model says, on however many lanes."""

import numpy as np
import pytest
from scipy import stats

from ansflow import models
from ansflow.bitsback import (
    Bernoulli,
    BetaBinomial,
    BitsBack,
    Buckets,
    Categorical,
    FromIterable,
    Gaussian,
    Logistic,
    Serial,
    Stack,
    Symbols,
    Unfolded,
    Uniform,
)
from ansflow.kernels.distributions.location_scale import cumulative

N = 1 << 18
KINDS = 16  # of distributions, in turn
RNG = np.random.default_rng(11)
MEANS, SCALES = RNG.normal(0, 20, KINDS), np.exp(RNG.uniform(0, 4, KINDS))
LOGITS = RNG.normal(0, 2, (KINDS, 6))


def in_turn(values):
    return np.tile(values, (N // KINDS,) + (1,) * (np.ndim(values) - 1))


def uniform_bits(codec, data):
    return np.log2(codec.last.astype(float) + 1).sum() * (data.size / codec.last.size)


def coin_bits(codec, data):
    ones = codec.freqs / 2**codec.precision
    return -np.log2(np.where(data, ones, 1 - ones)).sum()


def table_bits(codec, data):
    rows = np.broadcast_to(codec.rows, data.shape)
    freq = np.diff(codec.cdf.astype(np.int64), axis=1)
    return -np.log2(freq[rows, data.astype(int) - codec.low] / 2.0**codec.precision).sum()


def line_bits(codec, data):
    components, edges, table, *numbers, _ = codec._params
    params = components, edges, table, *map(np.uint64, numbers)
    cdf = [
        [int(cumulative(np.uint64(i), np.uint64(s), *params)) for s in range(edges.size)]
        for i in range(KINDS)
    ]
    freq = np.diff(np.array(cdf), axis=1)
    rows = np.arange(data.size) % KINDS
    return -np.log2(freq[rows, data.astype(int) - codec.low] / 2.0**codec.precision).sum()


ROWS = models.Conditional.from_dist(
    stats.norm(MEANS[:, None], SCALES[:, None]), -128, 127, in_turn(np.arange(KINDS)), precision=18
)
CODECS = {
    "uniform, 2": (lambda: Uniform(2, N), uniform_bits),
    "uniform, 3": (lambda: Uniform(3, N), uniform_bits),
    "uniform, 1000": (lambda: Uniform(1000, N), uniform_bits),
    "uniform, 2^16 - 1": (lambda: Uniform(2**16 - 1, N), uniform_bits),
    "uniform, 2^16 + 1": (lambda: Uniform(2**16 + 1, N), uniform_bits),
    "uniform, 2^63 - 1": (lambda: Uniform(2**63 - 1, N), uniform_bits),
    "uniform, each its own": (lambda: Uniform(in_turn(np.arange(2, 18) ** 9)), uniform_bits),
    "quantized": (lambda: Symbols(models.Quantized(stats.norm(3, 20), 0, 255), N), table_bits),
    "conditional": (lambda: Symbols(ROWS), table_bits),
    "bernoulli": (lambda: Bernoulli(0.1, N), coin_bits),
    "bernoulli, each its own": (lambda: Bernoulli.from_logits(in_turn(MEANS / 10)), coin_bits),
    "categorical": (lambda: Categorical(in_turn(LOGITS)), table_bits),
    "beta-binomial": (lambda: BetaBinomial(in_turn(SCALES), 3.0, 20), table_bits),
    "gaussian": (lambda: Gaussian(in_turn(MEANS), in_turn(SCALES), -128, 127), line_bits),
    "logistic": (lambda: Logistic(in_turn(MEANS), in_turn(SCALES), -128, 127), line_bits),
    "mixture": (
        lambda: Logistic.mixture(in_turn(LOGITS), in_turn(LOGITS * 20), 3.0, -128, 127),
        line_bits,
    ),
    "buckets": (lambda: Buckets(10).posterior(in_turn(MEANS / 20), 0.1, precision=28), line_bits),
    "buckets, 30 bits": (
        lambda: Buckets(10).posterior(in_turn(MEANS / 20), 0.1, precision=30),
        line_bits,
    ),
}


@pytest.mark.parametrize("name", CODECS)
def test_size_is_the_code_length(name):
    make, code_length = CODECS[name]
    codec = make()
    data = codec.pop(Stack(seed=5))
    expected = code_length(codec, data)
    # Heads of 32 bits and more are rounded by some 2^(precision - 32) of themselves.
    tolerance = 1e-4 if "30 bits" in name else 1e-5
    for lanes in (1, 1024):
        stack = Stack(lanes, seed=1)  # heads as they are in the middle of a message
        start = stack.mark()
        codec.push(stack, data)
        rates = stack.rates(start)
        assert rates.net == pytest.approx(expected, rel=tolerance)
        assert rates.used == rates.total == stack.bits


def test_bits_back_costs_the_free_energy():
    """With the exact posterior that is the entropy of the data, the latent summed over."""
    n, k = 1 << 18, 8
    shape = (n,)
    joint = np.random.default_rng(4).integers(1, 100, (k, 16)).astype(float)
    joint *= (2.0**-12) / joint.sum(axis=1, keepdims=True)  # all z have the same probability
    likelihoods, posteriors = np.log(joint), np.log(joint.T)
    codec = BitsBack(
        Uniform(k, shape),
        lambda z: Categorical(likelihoods[z], 24),
        lambda x: Categorical(posteriors[x], 24),
    )
    data = Categorical(np.log(np.tile(joint.sum(axis=0), (n, 1))), 24).pop(Stack(seed=1))
    evidence = joint.sum(axis=0) / joint.sum()
    stack = Stack.from_initial_bits(np.random.default_rng(5).bytes(n), 64)
    start = stack.mark()
    codec.push(stack, data)
    assert stack.rates(start).net == pytest.approx(-np.log2(evidence[data]).sum(), rel=1e-3)


def test_a_permutation_costs_its_logarithm():
    deck = FromIterable(lambda: (Uniform(n, 1) for n in range(1000, 0, -1)))
    stack = Stack(seed=3)
    start = stack.mark()
    deck.push(stack, [[0]] * 1000)
    assert stack.rates(start).net == pytest.approx(np.log2(np.arange(1, 1001)).sum(), rel=1e-6)


def test_folding_many_lanes_costs_little():
    stack = Stack.from_initial_bits(np.random.default_rng(2).bytes(200_000), 1024)
    Uniform(256).pop(stack)
    Uniform(10**9, 28_000).push(stack, np.arange(28_000))
    message = 28_000 * np.log2(10**9)
    before = stack.bits
    stack.fold()
    assert 0 < stack.bits - before < 0.01 * message


def test_unfolded_lanes_cost_nearly_nothing():
    """Once a message has begun; lanes of their own from the start would cost 32 bits each."""
    first = Gaussian(np.zeros(40_000), 30.0, -128, 127)
    rest = Gaussian(np.zeros(80_000), 30.0, -128, 127)
    source = Stack(seed=8)
    data = rest.pop(source), first.pop(source)
    one, many, apart = Stack(), Stack(), Stack(1024)
    Serial([rest, first]).push(one, data)
    codec = Serial([Unfolded(rest, 1024), first])
    codec.push(many, data)
    Serial([rest, first]).push(apart, data)
    assert 90_000 < one.bits / 8 < 110_000
    assert many.bits == pytest.approx(one.bits, rel=1e-3)
    assert apart.fold().bits > 1.03 * one.bits
    assert all(map(np.array_equal, codec.pop(many), data))
    assert many == Stack()


@pytest.mark.parametrize("lanes", [1, 2, 64])
def test_push_after_push_costs_the_sum(lanes):
    """No push leaves a gap behind it."""
    stack = Stack(lanes, seed=2)
    start = stack.mark()
    for i in range(1000):
        Uniform(3, 1).push(stack, [i % 3])
        Bernoulli(0.5, 1).push(stack, [i % 2])
    expected = 1000 * (np.log2(3) + 1)
    assert stack.rates(start).net == pytest.approx(expected, rel=1e-6)
