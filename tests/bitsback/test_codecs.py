"""Every codec's pop undoes its push and its push undoes its pop: data, heads, tail, words drawn."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, strategies as st
from naive_stack import contents
from scipy import stats

from ansflow import models
from ansflow.bitsback import (
    Autoregressive,
    Bernoulli,
    BetaBinomial,
    BitsBack,
    Buckets,
    Categorical,
    ConditionalBuckets,
    FromIterable,
    Gaussian,
    HiddenMarkov,
    LinearGaussian,
    LocationScale,
    Logistic,
    Parallel,
    Repeat,
    Scan,
    Serial,
    Stack,
    StateSpace,
    Substack,
    Symbols,
    Unfolded,
    Uniform,
)

RNG = np.random.default_rng(2019)
MEANS, SCALES = RNG.normal(0, 30, (3, 7)), np.exp(RNG.normal(1, 2, (3, 7)))
LOGITS = RNG.normal(0, 3, (3, 7, 5))
NS = [1, 2, 3, 7, 2**16, 2**16 + 1, 2**31 - 1, 2**31, 2**32, 2**40 + 1, 2**63 - 1]
ROWS = models.Conditional.from_dist(
    stats.norm([[-40], [0], [9]], 7.0), -64, 63, RNG.integers(0, 3, (5, 4)), precision=18
)
OWN = ConditionalBuckets(Buckets(8), MEANS, SCALES + 9)
NORMAL = models.Quantized(stats.norm(3, 20), 0, 255)
HIDDEN = HiddenMarkov(
    models.Categorical.from_counts(RNG.random(7) ** 4),
    models.Conditional.from_counts(RNG.random((7, 7)) ** 9),
    models.Conditional.from_counts(RNG.random((7, 30)) ** 9, low=-9),
    40,
)


def bits_back(shape=9):
    """A continuous latent for each symbol, with a posterior that is wrong but possible."""
    buckets = Buckets(10)
    return BitsBack(
        prior=buckets.prior(shape),
        likelihood=lambda z: Gaussian(20 * buckets.centres[z], np.full(shape, 5.0), -100, 100),
        posterior=lambda x: buckets.posterior(x / 20, np.full(shape, 0.3)),
    )


ARRAY_CODECS = {
    "uniform": Uniform(1000),
    "uniform, power of two": Uniform(2**12, (4, 3)),
    "uniform, certain": Uniform(1, 9),
    "uniform, 32 bits": Uniform(2**32, 9),
    "uniform, 63 bits": Uniform(2**63 - 25, 9),
    "uniform, 64 bits": Uniform(2**64, 9),
    "uniform, each its own": Uniform(NS),
    "uniform, matrix": Uniform(np.arange(1, 41).reshape(8, 5) ** 6),
    "bernoulli model": Symbols(models.Bernoulli(0.1), 200),
    "categorical model": Symbols(models.Categorical([3, 5, 8, 4, 4, 40]), (5, 30)),
    "categorical model with holes": Symbols(models.Categorical([3, 0, 8, 0, 0, 5]), (5, 30)),
    "quantized model": Symbols(NORMAL),
    "quantized model of 16 bits": Symbols(models.Quantized(stats.norm(500, 300), 0, 2000), 80),
    "quantized model below zero": Symbols(models.Quantized(stats.norm(-3, 2), -20, 5), 80),
    "categorical model far away": Symbols(models.Categorical([1, 2, 5], low=2**40), 80),
    "conditional model": Symbols(ROWS),
    "bernoulli": Bernoulli(0.3),
    "bernoulli of one bit": Bernoulli(0.3, 40, precision=1),
    "bernoulli, extreme": Bernoulli([[0.0, 1.0, 1e-9], [0.5, 1 - 1e-9, 0.2]], precision=31),
    "bernoulli of logits": Bernoulli.from_logits(np.linspace(-40, 40, 30).reshape(5, 6)),
    "categorical": Categorical(LOGITS),
    "categorical, extreme": Categorical(LOGITS * 40, precision=31),
    "categorical of weights": Categorical.from_weights(np.exp(LOGITS)),
    "rows of a table": Categorical(LOGITS).at([[20, 3, 3], [0, 0, 7]]),
    "a row of a table": Symbols(ROWS).at(2),
    "rows below zero": Symbols(models.Conditional([[3, 1], [1, 3]], low=-5)).at([1, 0, 1]),
    "categorical, narrow": Categorical(np.zeros((20, 4)), precision=2),
    "beta-binomial": BetaBinomial([[0.3, 2.0], [90.0, 1e-9]], [[0.4, 2.0], [5.0, 1e9]], 255),
    "beta-binomial of two": BetaBinomial([0.3] * 70, [0.4] * 70, 1, precision=1),
    "gaussian": Gaussian(MEANS, SCALES, -100, 100),
    "gaussian of 16 bits": Gaussian(MEANS * 100, SCALES * 100, -32768, 32767),
    "gaussian, narrow": Gaussian(np.zeros(40), 3.0, -4, 3, precision=3),
    "gaussian, extreme": Gaussian([1e300, -1e300, 0.0, 5.0], [1e-300, 1e300, 1e-9, 1e9], 0, 255),
    "gaussian far away": Gaussian(np.full(30, 1e12), 3.0, 10**12 - 9, 10**12 + 9),
    "gaussian of one number": Gaussian(3.0, 2.0, 0, 10),
    "logistic": Logistic(MEANS, SCALES, -100, 100, precision=31),
    "mixture of gaussians": Gaussian.mixture(
        LOGITS, MEANS[..., None] + 5 * LOGITS, SCALES[..., None], -100, 100
    ),
    "mixture of logistics": Logistic.mixture(
        LOGITS * 20, MEANS[..., None] + 5 * LOGITS, SCALES[..., None], 0, 255
    ),
    "mixture of one": Logistic.mixture([[0.0]] * 9, [[4.0]] * 9, [[1.0]] * 9, 0, 9),
    "intervals": LocationScale("logistic", [[0.5]] * 9, [[2.0]] * 9, np.array([-1.0, 0.5, 2, 9])),
    "buckets": Buckets(12).posterior(MEANS / 30, 0.1),
    "buckets, given other latents": Buckets(12).likelihood(MEANS / 30, 0.1),
    "buckets of their own": OWN.posterior(OWN.mean + 3, 20.0),
    "buckets, logistic prior": Buckets(8, "logistic").posterior(MEANS / 30, SCALES / 30),
    "buckets, logistic posterior": Buckets(8).posterior(MEANS / 30, SCALES, "logistic", 20),
    "buckets, all logistic": Buckets(5, "logistic").posterior(MEANS, SCALES, "logistic", 31),
    "hidden markov": HIDDEN,
}

COMBINATORS = {
    "prior of buckets of their own": OWN.prior,
    "buckets' prior": Buckets(9).prior((5, 3)),
    "bits back": bits_back(),
    "bits back, nested": BitsBack(
        prior=bits_back(),
        likelihood=lambda z: Logistic(np.asarray(z, float), np.full(9, 3.0), -200, 200),
        posterior=lambda x: Gaussian(np.asarray(x, float), np.full(9, 2.0), -100, 100),
    ),
    "serial": Serial([Uniform(5), Bernoulli([0.1] * 9), Serial([]), bits_back()]),
    "repeat": Repeat(Categorical(LOGITS), 3),
    "repeat, never": Repeat(Uniform(7), 0),
    "from iterable": FromIterable(lambda: (Uniform(n, 3) for n in range(30, 0, -1))),
    "autoregressive": Autoregressive(
        lambda items: Gaussian(np.mean([[0.0] * 5, *items], axis=0), np.full(5, 4.0), -50, 50), 6
    ),
    "scan": Scan(
        lambda mean: Gaussian(mean, np.full(5, 4.0), -50, 50),
        lambda mean, x: 0.5 * mean + 0.5 * x,
        np.zeros(5),
        6,
    ),
    "scan of nothing": Scan(lambda state: Uniform(state), lambda state, x: state, 9, 0),
    "state space, finite": StateSpace(HIDDEN.model, 12),
    "state space, linear": StateSpace(
        LinearGaussian(
            [[0.9]], [1.0], [[3.0], [1.0]], [2.0, 5.0], [2.0], low=-99, high=99, cell=0.2
        ),
        5,
    ),
    "substack": Substack(Uniform(1000, 10), 1, 3),
    "substack of a view": Substack(Substack(Serial([Uniform(9), Bernoulli(0.2)]), 1, 2), 1, 4),
    "substack, by lanes": Substack(Symbols(NORMAL), 0, 5),
    "parallel": Parallel([Uniform(1000, 10), Repeat(Bernoulli(0.3), 4), bits_back(6)], [1, 3, 1]),
    "unfolded": Unfolded(Serial([Symbols(NORMAL), Uniform(2**40)]), 70),
    "unfolded twice": Unfolded(Serial([Uniform(77), Unfolded(bits_back(), 71)]), 64),
    "unfolded views": Unfolded(Parallel([Uniform(9), bits_back()], [60, 10]), 70),
}
CODECS = ARRAY_CODECS | COMBINATORS

LANES = [1, 2, 3, 5, 64]
LANES_FOR_VIEWS = [5, 8, 64]


def lanes_for(name):
    return LANES_FOR_VIEWS if name.startswith(("substack", "parallel")) else LANES


def stacks(lanes):
    """Stacks of many kinds, by name."""
    rng = np.random.default_rng(lanes)

    def pushed(stack, count):
        Uniform(2**32, count).push(stack, rng.integers(0, 2**32, count))
        return stack

    made = {
        "initial bits": Stack.from_initial_bits(rng.bytes(40_000), lanes),
        "no seed": pushed(Stack(lanes), 9000),
        "a seed": pushed(Stack(lanes, seed=3), 9000),
        "fresh": Stack(lanes, seed=4),
        "unfolded from a seed": Stack(1, seed=2**64 - 1).unfold(lanes),
    }
    for count in (1, 2, 7):
        made[f"{count} numbers above the seed"] = pushed(Stack(lanes, seed=count), count)
    borrowed = Stack(lanes, seed=6)
    Uniform(2**40, 5).pop(borrowed)
    made["borrowed"] = borrowed
    return made


def same(x, y):
    if isinstance(x, list | tuple):
        return type(x) is type(y) and len(x) == len(y) and all(map(same, x, y))
    return x.dtype == y.dtype and x.shape == y.shape and np.array_equal(x, y)


def check(codec, stack, data):
    """Both inverses, from this stack and with that data."""
    before, copy = contents(stack), stack.copy()
    codec.push(stack, data)
    assert (stack.heads >= 1 << 32).all()
    assert same(codec.pop(stack), data)
    assert contents(stack) == before
    assert stack == copy
    sample = codec.pop(stack)
    assert (stack.heads >= 1 << 32).all()
    codec.push(stack, sample)
    assert contents(stack) == before
    assert stack == copy


@pytest.mark.parametrize("name", CODECS)
def test_pop_and_push_are_inverses(name):
    codec = CODECS[name]
    for lanes in lanes_for(name):
        source = Stack(lanes, seed=77)
        for stack in stacks(lanes).values():
            check(codec, stack, codec.pop(source))


@pytest.mark.parametrize("name", CODECS)
def test_many_in_a_row_are_undone_in_order(name):
    codec = CODECS[name]
    lanes = lanes_for(name)[-2]
    stack = Stack(lanes, seed=0)
    source = Stack(lanes, seed=5)
    items, states = [], []
    for _ in range(5):
        items.append(codec.pop(source))
        states.append(contents(stack))
        codec.push(stack, items[-1])
    for item, before in zip(reversed(items), reversed(states), strict=True):
        assert same(codec.pop(stack), item)
        assert contents(stack) == before


def supports():
    """Codecs in which every symbol has a slot, and the range of each symbol."""
    return st.sampled_from(
        [
            (Uniform(1000, 33), 0, 999),
            (Uniform(2**63 - 1, 33), 0, 2**63 - 2),
            (Bernoulli(np.linspace(0, 1, 33)), 0, 1),
            (Symbols(models.Quantized(stats.norm(0, 3), -128, 127), 33), -128, 127),
            (Categorical(LOGITS * 9), 0, 4),
            (BetaBinomial(np.full(33, 0.5), 9.0, 300), 0, 300),
            (Gaussian(MEANS, SCALES, -1000, 1000), -1000, 1000),
            (Logistic(MEANS, SCALES, -1000, 1000, precision=11), -1000, 1000),
            (Gaussian.mixture(LOGITS, LOGITS * 9, LOGITS**2 + 1e-9, 0, 255), 0, 255),
            (Buckets(14).likelihood(MEANS, SCALES / 99), 0, 2**14 - 1),
            (Buckets(14, "logistic").likelihood(MEANS, SCALES / 99, "logistic"), 0, 2**14 - 1),
        ]
    )


@given(supports(), st.sampled_from(LANES), st.integers(0, 2**32), st.integers(0, 9))
def test_improbable_symbols_come_back_too(case, lanes, seed, count):
    codec, low, high = case
    rng = np.random.default_rng(seed)
    stack = Stack(lanes, seed=seed)
    Uniform(2**32, count).push(stack, rng.integers(0, 2**32, count))
    data = rng.integers(low, high + 1, codec.shape)
    data[rng.random(codec.shape) < 0.2] = rng.choice([low, high])
    before = contents(stack)
    codec.push(stack, data)
    assert np.array_equal(codec.pop(stack), data)
    assert contents(stack) == before


@pytest.mark.parametrize("name", ARRAY_CODECS)
def test_popped_arrays_have_a_type_to_calculate_with_and_the_codecs_shape(name):
    codec = ARRAY_CODECS[name]
    popped = codec.pop(Stack(5, seed=1))
    assert popped.shape == ((5,) if codec.shape is None else codec.shape)
    assert popped.dtype is np.dtype(np.uint64 if name == "uniform, 64 bits" else np.int64)
    assert popped.flags.c_contiguous
    assert popped.flags.writeable


def test_types_hold_all_numbers():
    assert Uniform(2**63).pop(Stack(seed=1)).dtype == np.int64
    assert Uniform(2**63 + 1).pop(Stack(seed=1)).dtype == np.uint64
    for n in (2**63, 2**63 + 1, 2**64):
        stack = Stack(seed=1)
        Uniform(n, 1).push(stack, [n - 1])
        assert Uniform(n, 1).pop(stack).tolist() == [n - 1]


def forms(data):
    """The same symbols in memory of other kinds."""
    wide = np.repeat(data[..., None], 2, axis=-1)
    read_only = data.copy()
    read_only.setflags(write=False)
    yield from (data.tolist(), wide[..., 1], read_only, np.asfortranarray(data))
    yield from (data.astype(">i8"), data.astype(np.int32), data.astype(np.uint64))
    if data.max() < 256:
        yield data.astype(np.uint8)
    if data.max() < 2:
        yield data.astype(bool)


@pytest.mark.parametrize(
    ("codec", "shape", "n"),
    [
        (Uniform(9, (5, 3)), (5, 3), 9),
        (Uniform(9, 15), (15,), 9),
        (Bernoulli(0.3, (5, 3)), (5, 3), 2),
        (Bernoulli(0.3, 15), (15,), 2),
        (Categorical(LOGITS), (3, 7), 5),
        (Symbols(NORMAL, 15), (15,), 256),
        (BetaBinomial(np.ones(15), 2.0, 400), (15,), 401),
        (Gaussian(np.ones(15), 2.0, 0, 400), (15,), 401),
        (Gaussian(np.ones((5, 3)), 2.0, 0, 9), (5, 3), 10),
    ],
)
def test_symbols_may_have_any_integer_type_and_layout(codec, shape, n):
    data = np.random.default_rng(8).integers(0, n, shape)
    expected = Stack(3)
    codec.push(expected, data)
    for form in forms(data):
        stack = Stack(3)
        codec.push(stack, form)
        assert stack == expected


def test_none_for_a_shape_is_one_symbol_a_lane():
    for codec in (Uniform(1), Uniform(9), Bernoulli(0.5), Symbols(NORMAL)):
        for lanes in (1, 2, 7):
            assert codec.pop(Stack(lanes, seed=0)).shape == (lanes,)


def test_a_shape_without_axes_is_one_symbol():
    for codec in (Uniform(9, ()), Bernoulli(0.5, ()), Symbols(NORMAL, ()), Gaussian(0.0, 1, 0, 3)):
        for lanes in (1, 2, 7):
            stack = Stack(lanes, seed=0)
            symbol = codec.pop(stack)
            assert symbol.shape == ()
            codec.push(stack, int(symbol))
            assert stack == Stack(lanes, seed=0)


def test_a_symbol_below_zero_without_axes_is_an_array_too():
    for codec in (Gaussian(0.0, 1.0, -3, 3), Symbols(models.Categorical([3, 1], low=-5), ())):
        symbol = codec.pop(Stack(2, seed=0))
        assert isinstance(symbol, np.ndarray)
        assert symbol.shape == ()
        stack = Stack(2)
        codec.push(stack, symbol)
        assert codec.pop(stack) == symbol


def test_empty_arrays_take_nothing():
    empty = np.empty(0, int)
    for codec in (Uniform(9, 0), Bernoulli([]), Symbols(NORMAL, (0,)), Gaussian(empty, 1.0, 0, 3)):
        stack = Stack(2)
        codec.push(stack, empty)
        assert codec.pop(stack).size == 0
        assert stack == Stack(2)
    nothing = Serial([])
    nothing.push(stack, [])
    assert nothing.pop(stack) == ()
    assert stack == Stack(2)


def test_symbols_are_dealt_to_the_lanes_in_turn():
    together, apart = Stack(3), Stack(3)
    data = np.arange(9) * 7 + 1
    Uniform(100, 9).push(together, data)
    for row in data.reshape(3, 3)[::-1]:
        for lane in (2, 1, 0):
            Uniform(100, 1).push(apart.view(lane, lane + 1), row[lane : lane + 1])
    assert together == apart


def test_substacks_leave_the_other_lanes_alone():
    stack = Stack(5, seed=8)
    before = stack.heads.copy()
    Substack(Uniform(1000, 40), 1, 3).pop(stack)
    assert np.array_equal(stack.heads[[0, 3, 4]], before[[0, 3, 4]])
    assert (stack.heads[1:3] != before[1:3]).all()


def test_items_of_parallel_have_lanes_of_their_own():
    a, b = Uniform(10, 4), Bernoulli(0.3, 6)
    stack, other = Stack(5, seed=8), Stack(5, seed=8)
    x, y = Parallel([a, b], [2, 3]).pop(stack)
    assert np.array_equal(x, a.pop(other.view(0, 2)))
    assert np.array_equal(y, b.pop(other.view(2, 5)))
    assert stack == other


def test_autoregressive_codecs_see_the_items_before():
    seen = []

    def codec_after(items):
        seen.append([item.tolist() for item in items])
        return Uniform(1 + sum(int(item[0]) for item in items) + 3, 1)

    codec = Autoregressive(codec_after, 4)
    stack = Stack(seed=1)
    items = codec.pop(stack)
    values = [item.tolist() for item in items]
    assert seen == [values[:i] for i in range(4)]
    seen.clear()
    codec.push(stack, items)
    assert seen == [values[:i] for i in (3, 2, 1, 0)]
    assert stack == Stack(seed=1)


def test_scans_step_once_an_item_and_equal_autoregressive_codecs():
    steps, codecs = [], []

    def update(state, item):
        steps.append((state, int(item)))
        return state + int(item)

    def codec_of(state):
        codecs.append(state)
        return Uniform(state + 3, ())

    scan = Scan(codec_of, update, 0, 5)
    whole = Autoregressive(lambda items: Uniform(sum(map(int, items)) + 3, ()), 5)
    stack = Stack(seed=1)
    items = scan.pop(stack)
    assert whole.pop(Stack(seed=1)) == items
    sums = np.cumsum([0, *map(int, items)]).tolist()
    expected = list(zip(sums, map(int, items[:-1]), strict=False))
    assert (steps, codecs) == (expected, sums[:-1])
    steps.clear(), codecs.clear()
    scan.push(stack, items)
    assert (steps, codecs) == (expected, sums[-2::-1])
    assert stack == Stack(seed=1)


def test_bits_back_is_three_steps():
    codec, by_hand, stack = bits_back(), Stack(2, seed=9), Stack(2, seed=9)
    x = np.arange(9) * 10 - 40
    codec.push(stack, x)
    with by_hand.stirred():
        z = codec.layer.posterior(x).pop(by_hand)
    codec.layer.likelihood(z).push(by_hand, x)
    codec.prior.push(by_hand, z)
    assert stack == by_hand


def test_samples_follow_their_distribution():
    n = 20_000
    stack = Stack(16, seed=1)
    x = Gaussian(np.full(n, 2.5), 20.0, -100, 100).pop(stack)
    assert abs(x.mean() - 2.5) < 0.6
    assert abs(x.std() - 20) < 0.4
    x = Logistic(np.full(n, -9.0), 5.0, -100, 100).pop(stack)
    assert abs(x.mean() + 9) < 0.4
    assert abs(x.std() - 5 * np.pi / 3**0.5) < 0.3
    x = BetaBinomial(np.full(n, 2.0), 3.0, 50).pop(stack)
    assert abs(x.mean() - 20) < 0.4
    x = Categorical(np.broadcast_to(np.log([0.5, 0.2, 0.3]), (n, 3))).pop(stack)
    assert np.abs(np.bincount(x) / n - [0.5, 0.2, 0.3]).max() < 0.02
    x = Bernoulli(0.03, n).pop(stack)
    assert abs(x.mean() - 0.03) < 0.005
    x = Uniform(2**33, n).pop(stack) / 2**33
    assert abs(x.mean() - 0.5) < 0.01
    x = Uniform(3, n).pop(stack)
    assert np.abs(np.bincount(x) / n - 1 / 3).max() < 0.02


def test_threads_share_codecs():
    codecs = [codec for name, codec in CODECS.items() if lanes_for(name) == LANES]

    def job(seed):
        stack = Stack(5, seed=seed)
        for codec in codecs:
            codec.pop(stack)
        return contents(stack)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(job, range(24))) == [job(seed) for seed in range(24)]
