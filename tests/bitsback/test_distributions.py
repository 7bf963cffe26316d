"""Parameters become the oracle's integers, and those are close to what the parameters mean."""

import naive_stack as oracle
import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import special, stats

from ansflow.bitsback import (
    Bernoulli,
    BetaBinomial,
    Buckets,
    Categorical,
    Gaussian,
    LocationScale,
    Logistic,
    Stack,
)
from ansflow.bitsback.distributions.families import family, power_table
from ansflow.bitsback.distributions.mixture import mixture_shares
from ansflow.errors import ModelError
from ansflow.kernels.distributions import cdf_rows as kernels
from ansflow.kernels.distributions.location_scale import cumulative, standard_cdfs

RNGS = st.integers(0, 2**32).map(np.random.default_rng)
NAMES = st.sampled_from(["gaussian", "logistic"])


def checked(cdf, precision, least=1):
    """A CDF's frequencies, all at least 1, that sum to 2^precision."""
    freq = np.diff(np.asarray(cdf, np.int64))
    assert cdf[0] == 0
    assert cdf[-1] == 1 << precision
    assert freq.min() >= least
    return freq


# The standard CDF


@given(NAMES, RNGS)
def test_the_standard_cdf_equals_the_oracle_and_ascends(name, rng):
    chosen = family(name)
    anywhere = rng.uniform(-1.1, 1.1, 50) * 2.0**27
    points = np.round(anywhere / 2**16) * 2**16
    steps = np.concatenate([points + d for d in (-1.0, -0.5, -1e-9, 0.0, 0.5, 1.0)])
    large = np.array([0.0, -0.0, 2.0**27, -(2.0**27), 1e300, -1e300, np.inf, -np.inf, 1e-320])
    positions = np.sort(np.concatenate([anywhere, steps, large]))
    out = np.empty(positions.size, np.uint64)
    standard_cdfs(chosen.table, positions, out)
    assert out.tolist() == [oracle.standard_cdf(chosen.table, x) for x in positions.tolist()]
    assert (np.diff(out.astype(np.int64)) >= 0).all()
    assert out[0] == chosen.table[0]
    assert out[-1] == chosen.table[-1]


@pytest.mark.parametrize(("name", "most"), [("gaussian", 5e-7), ("logistic", 3e-6)])
def test_between_the_tables_points_the_cdf_is_nearly_exact(name, most):
    chosen = family(name)
    x = np.linspace(-9, 9, 10_001)
    out = np.empty(x.size, np.uint64)
    standard_cdfs(chosen.table, x * chosen.rate, out)
    assert np.abs(out / 2**31 - chosen.cdf(x)).max() < most


# Locations and scales


def kernel_cdf(codec, i=0):
    """The i-th distribution of a codec, from the very function that the coder calls."""
    components, edges, table, *numbers, _ = codec._params
    params = components, edges, table, *map(np.uint64, numbers)
    return [int(cumulative(np.uint64(i), np.uint64(s), *params)) for s in range(edges.size)]


@st.composite
def parameters(draw, most=1):
    """Means and scales of all magnitudes."""
    rng, components = draw(RNGS), draw(st.integers(1, most))
    means = rng.normal(0, 1, components) * 10.0 ** rng.uniform(-5, 5, components)
    scales = 10.0 ** rng.uniform(-12, 12, components)
    extremes = st.sampled_from([None, 1e-320, 2.0**-24, 2.0**24, 1e308])
    extreme = draw(extremes)
    if extreme is not None:
        scales[0] = extreme
        near_an_edge = st.sampled_from([-0.5 - 2.0**-23, 0.5 + 2.0**-24, 0.5 - 3 * 2.0**-23])
        anywhere = st.sampled_from([0.0, -0.5, 127.5, 1e308, -1e308])
        means[-1] = draw(near_an_edge | anywhere)
    return means, scales


@given(parameters(), st.sampled_from([Gaussian, Logistic]), st.sampled_from([1, 9, 200]), RNGS)
def test_integers_under_a_distribution_equal_the_oracle(given, kind, high, rng):
    (mean,), (scale,) = given
    low, precision = int(rng.integers(-200, high)), int(rng.integers(9, 32))
    codec = kind(mean, scale, low, high, precision=precision)
    edges = np.arange(low, high + 2) - 0.5
    expected = oracle.location_scale(
        family(kind.family_name), [mean], [scale], [2**16], edges, precision
    )
    assert kernel_cdf(codec) == expected.cdf
    checked(expected.cdf, precision)


@given(parameters(5), st.sampled_from([Gaussian, Logistic]), RNGS)
def test_integers_under_a_mixture_equal_the_oracle(given, kind, rng):
    means, scales = given
    logits = rng.normal(0, 10.0 ** rng.uniform(-2, 2), means.size)
    codec = kind.mixture(logits, means, scales, -20, 30, precision=20)
    fixed = np.rint(np.maximum((logits - logits.max()) * LOG2_E, -32) * 4096).astype(int)
    shares = oracle.mixture_shares(power_table(), fixed.tolist())
    edges = np.arange(-20, 32) - 0.5
    expected = oracle.location_scale(family(kind.family_name), means, scales, shares, edges, 20)
    assert kernel_cdf(codec) == expected.cdf
    checked(expected.cdf, 20)


@given(parameters(), NAMES, NAMES, st.integers(1, 8), st.integers(1, 31), st.booleans())
def test_buckets_equal_the_oracle(given, prior, name, bits, precision, posterior):
    """A posterior has no floor, and a likelihood has one."""
    (mean,), (scale,) = given
    buckets = Buckets(bits, prior)
    precision = precision if posterior else max(bits, precision)
    method = buckets.posterior if posterior else buckets.likelihood
    codec, least = method(mean, scale, name, precision), 0 if posterior else 1
    cdf = oracle.location_scale(
        family(name), [mean], [scale], [2**16], buckets.edges, precision, least
    ).cdf
    assert kernel_cdf(codec) == cdf
    checked(cdf, precision, least)


@pytest.mark.parametrize("prior", ["gaussian", "logistic"])
@pytest.mark.parametrize("bits", [4, 8, 12])
def test_the_prior_itself_gives_all_buckets_nearly_the_same(prior, bits):
    codec = Buckets(bits, prior).posterior(0.0, 1.0, prior, precision=28)
    freq = checked(kernel_cdf(codec), 28)
    assert np.abs(freq / 2 ** (28 - bits) - 1).max() < 0.01


def test_samples_of_a_posterior_are_near_its_mean():
    """However many buckets there are: none is likelier than 2^-28, six deviations from the mean."""
    buckets = Buckets(16)
    freq = np.diff(kernel_cdf(buckets.posterior(0.5, 2.0**-6)))
    assert np.abs(buckets.centres[freq > 0] - 0.5).max() < 6.5 * 2.0**-6
    everywhere = checked(kernel_cdf(buckets.likelihood(0.5, 2.0**-6)), 28)
    assert (everywhere == 1).sum() > 60_000


@pytest.mark.parametrize("kind", [Gaussian, Logistic])
def test_without_full_support_improbable_integers_have_no_slots(kind):
    given = (2.5, 3.0, -(2**15), 2**15 - 1)
    codec, floored = kind(*given, full_support=False), kind(*given)
    freq = checked(kernel_cdf(codec), 24, least=0)
    near = np.flatnonzero(freq) - 2**15
    assert np.abs(near - 2.5).max() < 3 * 24  # where 2^-24 of a logistic is left
    assert checked(kernel_cdf(floored), 24).min() == 1
    stack = Stack(seed=1)
    for symbol in (near.max() + 9, 2**15 - 1, 2**15):
        with pytest.raises(ModelError, match=f"symbol {symbol} at position "):
            codec.push(stack, symbol)
    codec.push(stack, near.max())
    assert codec.pop(stack) == near.max()
    assert stack == Stack(seed=1)


def test_the_prior_refuses_what_is_no_bucket():
    prior = Buckets(4).prior(3)
    stack = Stack(2, seed=1)
    illegal = [([0, 16, 1], ModelError), ([0, -1, 1], ModelError), ([0.0, 1, 2], TypeError)]
    for numbers, error in [*illegal, ([1, 2], ValueError), ([[1, 2, 3]], ValueError)]:
        with pytest.raises(error):
            prior.push(stack, numbers)
        assert stack == Stack(2, seed=1)


def test_the_ends_of_a_support_hold_what_lies_beyond():
    freq = checked(kernel_cdf(Gaussian(0.0, 10.0, -5, 5)), 24)
    expected = np.diff([0, *special.ndtr((np.arange(-4, 6) - 0.5) / 10), 1])
    assert np.abs(freq / 2**24 - expected).max() < 2e-6


def test_distributions_are_close_to_what_they_mean():
    edges = np.arange(-100, 102) - 0.5
    for mean, scale in ((0.0, 1.0), (3.3, 0.2), (-50.0, 7.0), (99.0, 30.0), (0.25, 100.0)):
        for kind in (Gaussian, Logistic):
            freq = checked(kernel_cdf(kind(mean, scale, -100, 100, precision=28)), 28)
            cdf = family(kind.family_name).cdf((edges[1:-1] - mean) / scale)
            assert np.abs(freq / 2**28 - np.diff([0, *cdf, 1])).max() < 5e-6


def test_a_narrow_distribution_gives_its_symbol_nearly_all_slots():
    for kind in (Gaussian, Logistic):
        freq = checked(kernel_cdf(kind(7.1, 1e-9, 0, 255, precision=24)), 24)
        assert freq[7] == 2**24 - 255
        assert (np.delete(freq, 7) == 1).all()


def test_scales_are_clipped():
    for kind in (Gaussian, Logistic):
        for clipped, scale in ((2.0**-24, 2.0**-25), (2.0**24, 2.0**25)):
            for mean in (0.5, 0.5 + 2.0**-23, 0.5 - 2.0**-24):
                same, other = kind(mean, clipped, -2, 3), kind(mean, scale, -2, 3)
                assert kernel_cdf(same) == kernel_cdf(other)
        narrow, wide = (kernel_cdf(kind(0.5 + 2.0**-23, 2.0**-e, -2, 3)) for e in (24, 23))
        assert narrow != wide


def test_shares_may_be_one_row_for_all_symbols():
    shares = np.array([2**14, 3 * 2**14], np.uint32)
    edges, means = np.arange(5.0), np.array([[0.0, 3.0], [1.0, 2.0]])
    one = LocationScale("logistic", means, [[1.0, 0.5]], edges, shares=shares)
    each = LocationScale("logistic", means, [[1.0, 0.5]], edges, shares=np.stack([shares] * 2))
    for i in range(2):
        assert kernel_cdf(one, i) == kernel_cdf(each, i)
    assert one.pop(Stack(seed=3)).tolist() == each.pop(Stack(seed=3)).tolist()


# Logits

LOG2_E = 1.4426950408889634


def logits_of(rng, shape):
    logits = rng.normal(0, 10.0 ** rng.uniform(-3, 3), shape)
    if rng.random() < 0.3:
        logits[rng.random(shape) < 0.3] = rng.choice([1e308, -1e308, 0.0, -32.0, 1 / 8192])
    return logits


@given(RNGS, st.integers(1, 4), st.sampled_from([2, 3, 7, 256, 257]))
def test_categorical_distributions_equal_the_oracle(rng, rows, alphabet):
    logits = logits_of(rng, (rows, alphabet))
    precision = int(rng.integers(9, 32))
    codec = Categorical(logits, precision)
    bits = min(31, 32 - (alphabet - 1).bit_length())
    for row, cdf in zip(logits, codec.cdf, strict=True):
        gaps = [round(max((float(x) - float(max(row))) * LOG2_E, -32.0) * 4096) for x in row]
        weights = oracle.softmax(power_table(), gaps, bits)
        assert cdf.tolist() == oracle.cumulated(weights, precision).cdf
        checked(cdf, precision)


def test_categorical_distributions_are_close_to_what_they_mean():
    logits = np.random.default_rng(3).normal(0, 2, (50, 9))
    freq = np.stack([checked(cdf, 28) for cdf in Categorical(logits, 28).cdf])
    expected = special.softmax(logits, axis=1)
    assert np.abs(freq / 2**28 / expected - 1).max() < 2e-3  # logits are in units of 2^-12
    assert np.array_equal(Categorical(logits).cdf, Categorical(logits + 64).cdf)


def cost(codec, symbols):
    """Bits that one symbol costs on average."""
    stack = Stack(seed=0)
    start = stack.mark()
    codec.push(stack, symbols)
    return stack.rates(start).net / symbols.size


def test_logits_are_natural_logarithms():
    """Of probabilities they cost the entropy; binary logarithms would cost half as much more."""
    p = np.array([0.95, 0.04, 0.01])
    symbols = np.repeat([0, 1, 2], [95, 4, 1])
    entropy = -(p * np.log2(p)).sum()
    many = np.tile(np.log(p), (100, 1))
    assert cost(Categorical(many), symbols) == pytest.approx(entropy, rel=1e-3)
    narrow = Logistic.mixture(many, [0.0, 1.0, 2.0], 0.01, 0, 2)
    assert cost(narrow, symbols) == pytest.approx(entropy, rel=1e-3)
    coins = Bernoulli.from_logits(np.full(100, np.log(0.05 / 0.95)))
    entropy = -(0.95 * np.log2(0.95) + 0.05 * np.log2(0.05))
    assert cost(coins, np.minimum(symbols, 1)) == pytest.approx(entropy, rel=1e-3)


@given(RNGS, st.integers(1, 256))
def test_mixture_shares_equal_the_oracle_and_sum_to_one(rng, components):
    log2_weights = rng.integers(-(2**17), 1, (3, components), np.int32)
    log2_weights[:, rng.integers(components)] = 0
    shares = mixture_shares(log2_weights)
    assert shares.dtype == np.uint32
    assert (shares.sum(axis=1) == 1 << 16).all()
    for row, share in zip(log2_weights.tolist(), shares.tolist(), strict=True):
        assert share == oracle.mixture_shares(power_table(), row)


@given(st.lists(st.integers(-(2**20), 2**20), max_size=20), st.sampled_from([1.0, 2.0**-12, 64.0]))
def test_powers_are_those_of_the_table(exponents, unit):
    out = np.empty(len(exponents))
    kernels.powers(power_table(), np.array(exponents, np.int64), unit, out)
    for exponent, value in zip(exponents, out.tolist(), strict=True):
        whole, fraction = divmod(exponent, 4096)
        assert value == int(power_table()[fraction]) * 2.0 ** (-whole - 31) * unit
        assert value == pytest.approx(unit * 2.0 ** (-exponent / 4096), rel=1e-9)


# Weights


def weights_of(rng, shape):
    weights = rng.random(shape) ** rng.integers(1, 40)
    if rng.random() < 0.5:
        weights[rng.random(shape) < 0.4] = rng.choice([0.0, 5e-324, 1e300, 1.0])
        weights[..., -1] += 1e-300
    return weights


@given(RNGS, st.integers(1, 4), st.sampled_from([2, 3, 7, 257]))
def test_distributions_of_weights_equal_the_oracle(rng, rows, alphabet):
    weights = weights_of(rng, (rows, alphabet))
    precision = int(rng.integers(9, 32))
    codec = Categorical.from_weights(weights, precision)
    for row, cdf in zip(weights.tolist(), codec.cdf, strict=True):
        assert cdf.tolist() == oracle.proportional(row, precision).cdf
        checked(cdf, precision)


def test_distributions_of_weights_are_close_to_what_they_mean():
    weights = np.random.default_rng(3).random((50, 9))
    freq = np.stack([checked(cdf, 28) for cdf in Categorical.from_weights(weights, 28).cdf])
    expected = weights / weights.sum(axis=1, keepdims=True)
    assert np.abs(freq / 2**28 - expected).max() < 2**-24
    counts = np.array([5, 0, 3, 8])  # of which only the proportions count
    assert np.array_equal(
        Categorical.from_weights(counts).cdf, Categorical.from_weights(counts * 2.0**900).cdf
    )


# Coins


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.integers(1, 31))
def test_probabilities_are_rounded_to_slots(probabilities, precision):
    freqs = Bernoulli(probabilities, precision=precision).freqs.tolist()
    total = 2**precision
    expected = [min(max(round(p * total), 1), total - 1) for p in probabilities]
    assert freqs == expected


@given(st.lists(st.floats(-1e308, 1e308), min_size=1, max_size=9), st.integers(1, 31))
def test_log_odds_equal_the_oracle(odds, precision):
    chosen = family("logistic")
    freqs = Bernoulli.from_logits(odds, precision).freqs.tolist()
    for logit, freq in zip(odds, freqs, strict=True):
        position = min(max(logit, -32.0), 32.0) * chosen.rate
        slots = oracle.standard_cdf(chosen.table, position) // 2 ** (31 - precision)
        assert freq == min(max(slots, 1), 2**precision - 1)


def test_log_odds_are_close_to_what_they_mean():
    odds = np.linspace(-10, 10, 101)
    freqs = Bernoulli.from_logits(odds, 31).freqs
    assert np.abs(freqs / 2**31 - special.expit(odds)).max() < 3e-6


# Counts


@given(RNGS, st.sampled_from([1, 2, 5, 255, 300]))
def test_beta_binomials_equal_the_oracle(rng, n):
    alpha, beta = 10.0 ** rng.uniform(-8, 8, (2, 2))
    precision = int(rng.integers(9, 32))
    codec = BetaBinomial(alpha, beta, n, precision)
    bits = min(31, 32 - n.bit_length())
    for a, b, cdf in zip(alpha.tolist(), beta.tolist(), codec.cdf, strict=True):
        clipped = (min(max(x, 2.0**-20), 2.0**20) for x in (a, b))
        weights = oracle.beta_binomial(*clipped, n, bits)
        assert cdf.tolist() == oracle.cumulated(weights, precision).cdf
        checked(cdf, precision)


@pytest.mark.parametrize("n", [1, 7, 255])
@pytest.mark.parametrize(("alpha", "beta"), [(1, 1), (0.01, 0.02), (3, 50), (5000, 5000)])
def test_beta_binomials_are_close_to_what_they_mean(alpha, beta, n):
    cdf = BetaBinomial(float(alpha), float(beta), n, 31).cdf[0]
    expected = stats.betabinom(n, alpha, beta).pmf(np.arange(n + 1))
    assert np.abs(checked(cdf, 31) / 2**31 - expected).max() < 1e-5


@pytest.mark.parametrize(("alpha", "beta"), [(2.0**20, 2.0**-20), (2.0**20, 2.0**20), (1.0, 1e-6)])
def test_beta_binomials_of_the_largest_alphabet(alpha, beta):
    """Ratios multiply up to far more than a double holds."""
    cdf = BetaBinomial(alpha, beta, 2**16 - 1, 31).cdf[0]
    freq = checked(cdf, 31)
    mean = alpha / (alpha + beta) * (2**16 - 1)
    assert freq @ np.arange(2.0**16) / 2**31 == pytest.approx(mean, rel=2e-3)
