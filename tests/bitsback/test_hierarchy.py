"""Hierarchies of latents: BB-ANS and Bit-Swap cost the bound, also with posteriors that are wrong.

The chain has standard Gaussians in all layers, each correlated with the one above by 0.8. Data are
those of the lowest layer times 20, rounded. Its posteriors are Gaussians, too.
"""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from naive_stack import contents
from random_stacks import stacks
from scipy import stats

from ansflow.bitsback import BitsBack, Buckets, Gaussian, Hierarchy, Stack
from ansflow.errors import CorruptDataError

BUCKETS = Buckets(12)
SCALE, CORRELATION, DEVIATION = 20, 0.8, 0.6
LOW, HIGH = -200, 200


def chain(depth, shape=64, offset=0.0, stretch=1.0):
    """The chain, and posteriors whose means are too large by `offset`, and deviations too wide."""
    zeros = np.zeros(shape)

    def data_given(z):
        mean = SCALE * CORRELATION * BUCKETS.centres[z]
        return Gaussian(mean, SCALE * DEVIATION + zeros, LOW, HIGH)

    def below(z):
        return BUCKETS.likelihood(CORRELATION * BUCKETS.centres[z], DEVIATION + zeros)

    def above(value):
        mean = CORRELATION * value + offset
        return BUCKETS.posterior(mean, stretch * DEVIATION + zeros)

    return Hierarchy(
        BUCKETS.prior(shape),
        [data_given, *[below] * (depth - 1)],
        [lambda x: above(x / SCALE), *[lambda z: above(BUCKETS.centres[z])] * (depth - 1)],
    )


def wrong(depth):
    return chain(depth, offset=0.15, stretch=1.25)


ORDERS = {"BB-ANS": Hierarchy.bb_ans, "Bit-Swap": Hierarchy.bit_swap}
both_orders = pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)


def data_of(rng, *shape):
    return np.clip(np.rint(SCALE * rng.standard_normal(shape)), LOW, HIGH).astype(np.int64)


def information(x):
    """-log2 p(x), exactly."""
    cdf = stats.norm(0, SCALE).cdf
    return -np.log2(cdf(x + 0.5) - cdf(x - 0.5)).sum()


# Inverses


SHAPES = st.sampled_from([(), (3,), (2, 5), (0,)])


@given(stacks(), st.integers(1, 5), SHAPES, st.sampled_from([*ORDERS.values()]), st.integers(0, 99))
@settings(max_examples=40)
def test_pushes_and_pops_undo_each_other(stack, depth, shape, order, seed):
    stack = stack if stack.seed is not None else Stack(stack.lanes, seed=seed)
    codec = order(chain(depth, shape, stretch=1.25))  # so wide that no sample is excluded
    x = data_of(np.random.default_rng(seed), *shape)
    before = contents(stack)
    codec.push(stack, x)
    assert np.array_equal(codec.pop(stack), x)
    assert contents(stack) == before
    sample = codec.pop(stack)
    assert sample.shape == shape
    codec.push(stack, sample)
    assert contents(stack) == before


def test_orders_are_what_they_are_called():
    """Layer by layer, or all latents first."""
    hierarchy, x = chain(3), data_of(np.random.default_rng(0), 64)
    swap, first = Stack(seed=1), Stack(seed=1)
    layer = x
    for likelihood, posterior in zip(hierarchy.likelihoods, hierarchy.posteriors, strict=True):
        with swap.stirred():
            z = posterior(layer).pop(swap)
        likelihood(z).push(swap, layer)
        layer = z
    hierarchy.prior.push(swap, layer)
    layers = [x]
    with first.stirred():
        for posterior in hierarchy.posteriors:
            layers.append(posterior(layers[-1]).pop(first))
    for likelihood, below, z in zip(hierarchy.likelihoods, layers, layers[1:], strict=False):
        likelihood(z).push(first, below)
    hierarchy.prior.push(first, layers[-1])
    for codec, by_hand in ((hierarchy.bit_swap(), swap), (hierarchy.bb_ans(), first)):
        stack = Stack(seed=1)
        codec.push(stack, x)
        assert stack == by_hand


GOLDEN = {
    "BB-ANS": (
        "01010200000003000000000000000600000000000000d025780602000000e88eb5a798766846acf3"
        "9d0ce955a06516dd9128770e421e51c825c55e93bc2adb8a67655c4a8841"
    ),
    "Bit-Swap": (
        "0101020000000300000000000000030000000000000090ce4f050200000007bb8f2f4774efdb5b9d"
        "b26a5069b5e6ab96d0f2bd6eea5ad2be276b"
    ),
}


@pytest.mark.parametrize("name", ORDERS)
def test_messages_never_change(name):
    stack = Stack(2, seed=3)
    codec = ORDERS[name](chain(3, 4))
    codec.push(stack, np.array([5, -30, 0, 41]))
    assert stack.to_bytes().hex() == GOLDEN[name]
    assert codec.pop(Stack.from_bytes(bytes.fromhex(GOLDEN[name]))).tolist() == [5, -30, 0, 41]


@both_orders
def test_stacks_that_hold_no_data_are_refused(order):
    """A posterior without any overlap with the prior: no push could have left such latents."""
    codec = order(chain(2, offset=3.0, stretch=1e-3))
    with pytest.raises(CorruptDataError, match="posterior"):
        codec.pop(Stack(seed=0))


def test_descriptions_that_are_refused():
    prior = BUCKETS.prior(3)
    for likelihoods, posteriors in (([], []), ([len], []), ([len], [len, len])):
        with pytest.raises(ValueError, match="a likelihood and a posterior for each layer"):
            Hierarchy(prior, likelihoods, posteriors)


# Rates


def net(codec, data, lanes):
    stack = Stack.from_initial_bits(np.random.default_rng(1).bytes(9000), lanes)
    start = stack.mark()
    for x in data:
        codec.push(stack, x)
    return stack.rates(start).net


def net_with_fresh_bits(hierarchy, data):
    """All latents drawn with random bits that nothing has been pushed on."""
    size = 16 * (hierarchy.depth + 1) * data.size // 8
    bits = Stack.from_initial_bits(np.random.default_rng(2).bytes(size))
    stack = Stack()
    starts = bits.mark(), stack.mark()
    for x in data:
        layer = x
        for likelihood, posterior in zip(hierarchy.likelihoods, hierarchy.posteriors, strict=True):
            z = posterior(layer).pop(bits)
            likelihood(z).push(stack, layer)
            layer = z
        hierarchy.prior.push(stack, layer)
    return bits.rates(starts[0]).net + stack.rates(starts[1]).net


@both_orders
@pytest.mark.parametrize("lanes", [1, 64])
def test_with_exact_posteriors_data_cost_their_information(order, lanes):
    data = data_of(np.random.default_rng(3), 30, 64)
    assert net(order(chain(4)), data, lanes) == pytest.approx(information(data), rel=1e-3)


@both_orders
@pytest.mark.parametrize("lanes", [1, 64])
def test_with_wrong_posteriors_data_cost_the_bound(order, lanes):
    """Without stirring they would cost 3 to 9% more."""
    data = data_of(np.random.default_rng(3), 300, 64)
    expected = net_with_fresh_bits(wrong(4), data)
    assert expected > 1.05 * information(data)
    assert net(order(wrong(4)), data, lanes) == pytest.approx(expected, rel=1e-2)


@pytest.mark.slow
@both_orders
@pytest.mark.parametrize("depth", [2, 4, 8])
def test_rates_of_deep_chains(order, depth):
    data = data_of(np.random.default_rng(4), 4000, 64)
    expected = net_with_fresh_bits(wrong(depth), data)
    for lanes in (1, 16, 64):
        assert net(order(chain(depth)), data, lanes) == pytest.approx(information(data), rel=5e-4)
        assert net(order(wrong(depth)), data, lanes) == pytest.approx(expected, rel=2e-3)


def test_initial_bits_of_bit_swap_do_not_depend_on_the_depth():
    x = data_of(np.random.default_rng(5), 64)

    def initial_bits(codec):
        stack = Stack(seed=0)
        codec.push(stack, x)
        return 32 * stack.drawn

    depths = 1, 2, 4, 8
    first, *others = (initial_bits(chain(depth).bit_swap()) for depth in depths)
    assert 600 < first < 800
    assert max(others) < first + 500
    for depth in depths:
        assert abs(initial_bits(chain(depth).bb_ans()) - depth * first) < 100 * depth


def test_bit_swap_is_bits_back_in_bits_back():
    for depth in (1, 3):
        hierarchy, x = chain(depth), data_of(np.random.default_rng(6), 64)
        nested = hierarchy.prior
        for i in reversed(range(depth)):
            nested = BitsBack(nested, hierarchy.likelihoods[i], hierarchy.posteriors[i])
        stacks = Stack(seed=1), Stack(seed=1)
        for stack, codec in zip(stacks, (hierarchy.bit_swap(), nested), strict=True):
            codec.push(stack, x)
        assert stacks[0] == stacks[1]
