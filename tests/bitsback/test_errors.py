"""What codecs refuse: they say so, and leave the stack as it was."""

import numpy as np
import pytest
from naive_stack import contents
from scipy import stats

from ansflow import models
from ansflow.bitsback import (
    Autoregressive,
    Bernoulli,
    BetaBinomial,
    Buckets,
    Categorical,
    FromIterable,
    Gaussian,
    LocationScale,
    Logistic,
    Parallel,
    Repeat,
    Scan,
    Serial,
    Stack,
    Substack,
    Symbols,
    Uniform,
)
from ansflow.errors import AnsflowError, ModelError, StackUnderflowError

N = 12  # symbols of each codec below, which are 0 to 9 unless named otherwise
CODECS = {
    "uniform": Uniform(10, N),
    "uniform, each its own": Uniform([10] * N),
    "uniform, large": Uniform(2**40 + 1, N),
    "uniform, largest": Uniform(2**64, N),
    "symbols": Symbols(models.Categorical([1] * 9 + [7]), N),
    "symbols with holes": Symbols(models.Categorical([4, 0, 4, 4, 2, 0, 0, 0, 0, 0, 2]), N),
    "symbols below zero": Symbols(models.Quantized(stats.norm(0, 2), -5, 4), N),
    "conditional": Symbols(models.Conditional([[1] * 9 + [7]] * 2, [0, 1] * (N // 2))),
    "bernoulli": Bernoulli(0.3, N),
    "bernoulli, each its own": Bernoulli([0.3] * N),
    "categorical": Categorical(np.zeros((N, 10))),
    "beta-binomial": BetaBinomial(np.ones(N), 1.0, 9),
    "gaussian": Gaussian(np.ones(N), 3.0, 0, 9),
    "gaussian below zero": Gaussian(np.ones(N), 3.0, -5, 4),
    "logistic": Logistic(np.ones(N), 3.0, 0, 9),
    "mixture": Logistic.mixture(np.zeros((N, 2)), np.ones((N, 2)), 3.0, 0, 9),
    "buckets": Buckets(3).posterior(np.zeros(N), 1.0),
    "large alphabet": Gaussian(np.ones(N), 3.0, 0, 65535),
}
SUPPORTS = {
    "uniform, large": (0, 2**40),
    "uniform, largest": (0, 2**64 - 1),
    "symbols with holes": (0, 10),
    "symbols below zero": (-5, 4),
    "bernoulli": (0, 1),
    "bernoulli, each its own": (0, 1),
    "gaussian below zero": (-5, 4),
    "buckets": (0, 7),
    "large alphabet": (0, 65535),
}


def stacks():
    for stack in (Stack(), Stack(5), Stack(12), Stack(3, seed=1)):
        Uniform(2**32, 4).push(stack, [1, 2, 3, 2**32 - 1])
        yield stack
    yield Stack(2, seed=4)


def refused(codec, data, error):
    for stack in stacks():
        before = contents(stack)
        with pytest.raises(error):
            codec.push(stack, data)
        assert contents(stack) == before


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("place", [0, 5, N - 1])
def test_symbols_without_probability(name, place):
    low, high = SUPPORTS.get(name, (0, 9))
    for symbol in (low - 1, high + 1, -(2**63), 2**63 - 1, high + 256, high + 2**16, low - 256):
        if low <= symbol <= high:
            continue
        if -(2**63) <= symbol < 2**63:
            data = np.full(N, low)
            data[place] = symbol
            refused(CODECS[name], data, ModelError)
    if name == "symbols with holes":
        refused(CODECS[name], [0] * place + [1] + [0] * (N - 1 - place), ModelError)


@pytest.mark.parametrize("name", CODECS)
def test_symbols_without_probability_in_the_kernels_own_type(name):
    """Vectors of that type are handed to the kernel as they are."""
    low, high = SUPPORTS.get(name, (0, 9))
    for dtype in (np.uint8, np.uint16, np.uint32, np.uint64):
        most = np.iinfo(dtype).max
        if low == 0 and most > high:
            data = np.zeros(N, dtype)
            data[3] = most
            refused(CODECS[name], data, ModelError)


@pytest.mark.parametrize("name", CODECS)
def test_arrays_of_other_shapes(name):
    low = SUPPORTS.get(name, (0, 9))[0]
    for shape in ((), (1,), (N - 1,), (N + 1,), (N, 1), (1, N), (3, 4), (0,), (2, N)):
        for dtype in (np.int64, np.uint8, np.uint16, np.uint64):
            if low == 0 or dtype is np.int64:
                refused(CODECS[name], np.full(shape, low, dtype), ValueError)


def test_as_many_symbols_as_lanes_are_no_shape_without_axes():
    for codec in (
        Uniform(9, ()),
        Bernoulli(0.3, ()),
        Gaussian(0.0, 1.0, 0, 9),
        Buckets(2).prior(()),
    ):
        for dtype in (np.int64, np.uint8, np.uint16, np.uint64):
            for lanes in (1, 5):
                with pytest.raises(ValueError, match="shape"):
                    codec.push(Stack(lanes), np.zeros(lanes, dtype))


@pytest.mark.parametrize("name", CODECS)
def test_symbols_that_are_no_integers(name):
    for data in (np.zeros(N), ["a"] * N, [None] * N, np.zeros(N, complex), None, [2**70] * N):
        refused(CODECS[name], data, TypeError)


@pytest.mark.parametrize("name", CODECS)
def test_pops_of_an_empty_stack(name):
    for lanes in (1, 2, 5, N, 64):
        stack = Stack(lanes)
        with pytest.raises(StackUnderflowError):
            Repeat(CODECS[name], 200).pop(stack)


@pytest.mark.parametrize("name", CODECS)
def test_pops_that_find_too_few_words_change_nothing(name):
    """At every depth of the tail, up to one that is enough."""
    codec = CODECS[name]
    rng = np.random.default_rng(3)
    for lanes in (1, 2, 5, N, 30):
        heads = rng.integers(2**32, 2**35, lanes)
        failed = 0
        for depth in range(N * 4 + 1):
            words = rng.integers(0, 2**32, depth)
            stack = Stack.from_parts(heads, words)
            try:
                codec.pop(stack)
            except StackUnderflowError:
                failed += 1
                assert stack.heads.tolist() == heads.tolist()
                assert stack.words.tolist() == words.tolist()
        assert failed <= depth  # with the most words that a codec can take, it succeeds
        if name.startswith("uniform, la"):
            assert failed


def raises(error, make):
    with pytest.raises(error):
        make()


NAN, INF = np.nan, np.inf


@pytest.mark.parametrize("n", [0, -1, 2**64 + 1, [3, 0], [3, -1], [2**64 + 1]])
def test_illegal_uniform_distributions(n):
    raises(ModelError, lambda: Uniform(n))


@pytest.mark.parametrize("n", [2.0, [2.5], "a", None, True, np.array([True]), [3, 4.0]])
def test_uniform_distributions_below_no_integer(n):
    raises(TypeError, lambda: Uniform(n))


def test_n_of_another_shape_than_the_numbers():
    for shape in ((), 3, (2, 1), (1, 2)):
        raises(ValueError, lambda shape=shape: Uniform([3, 4], shape))
    raises(ValueError, lambda: Uniform(3, -1))
    raises(ValueError, lambda: Uniform(3, (2, -1)))
    raises(TypeError, lambda: Uniform(3, 2.5))
    raises(TypeError, lambda: Uniform(3, (2.5,)))


def test_all_n_that_are_documented_can_be_given():
    assert Uniform(np.int64(9)).shape is None
    assert Uniform(np.array(9)).shape is None
    assert Uniform(9, [2, 3]).shape == (2, 3)
    mixed = Uniform([2**64, 2**63, 1])
    assert mixed.last.tolist() == [2**64 - 1, 2**63 - 1, 0]


@pytest.mark.parametrize("probability", [NAN, [0.5, NAN], -1e-9, 1 + 1e-9, INF, [-INF]])
def test_illegal_probabilities(probability):
    raises(ModelError, lambda: Bernoulli(probability))


@pytest.mark.parametrize("logits", [NAN, [0.5, NAN], INF, [-INF]])
def test_illegal_log_odds(logits):
    raises(ModelError, lambda: Bernoulli.from_logits(logits))


@pytest.mark.parametrize("precision", [0, -1, 32, 64])
def test_illegal_precision(precision):
    raises(ModelError, lambda: Bernoulli(0.5, precision=precision))
    raises(ModelError, lambda: Bernoulli.from_logits([0.5], precision=precision))
    raises(ModelError, lambda: Categorical([0.0, 1.0], precision=precision))
    raises(ModelError, lambda: Categorical.from_weights([0.0, 1.0], precision=precision))
    raises(ModelError, lambda: BetaBinomial(1.0, 1.0, 1, precision=precision))
    raises(ModelError, lambda: Gaussian(0.0, 1.0, 0, 1, precision=precision))
    raises(ModelError, lambda: Logistic.mixture([0.0], [0.0], [1.0], 0, 1, precision=precision))
    raises(ModelError, lambda: Buckets(1).posterior(0.0, 1.0, precision=precision))


@pytest.mark.parametrize("precision", [20.5, 20.0, "20"])
def test_precision_that_is_no_integer(precision):
    makers = [
        lambda: Bernoulli(0.5, precision=precision),
        lambda: Categorical([0.0, 1.0], precision=precision),
        lambda: BetaBinomial(1.0, 1.0, 1, precision=precision),
        lambda: Gaussian(0.0, 1.0, 0, 1, precision=precision),
        lambda: Buckets(1).posterior(0.0, 1.0, precision=precision),
    ]
    for make in makers:
        raises((TypeError, ModelError), make)


def test_supports_that_are_no_integers():
    raises((TypeError, ModelError), lambda: Gaussian(0.0, 1.0, 0.5, 3.5))
    raises((TypeError, ModelError), lambda: Logistic.mixture([0.0], 0.0, 1.0, 0, 3.5))
    raises((TypeError, ModelError), lambda: Buckets(2.5))


def test_precision_without_a_slot_for_each_symbol():
    raises(ModelError, lambda: Categorical(np.zeros(9), precision=3))
    raises(ModelError, lambda: BetaBinomial(1.0, 1.0, 8, precision=3))
    raises(ModelError, lambda: Gaussian(0.0, 1.0, 0, 8, precision=3))
    raises(ModelError, lambda: Buckets(4).likelihood(0.0, 1.0, precision=3))
    raises(ModelError, lambda: Buckets(4).posterior(0.0, 1.0, precision=0))


def test_probabilities_of_another_shape_than_the_bits():
    raises(ValueError, lambda: Bernoulli([0.3, 0.4], 3))
    raises(ValueError, lambda: Bernoulli([[0.3, 0.4]], 2))


@pytest.mark.parametrize(
    "logits", [NAN, 1.0, [], [[]], [0.0, NAN], [[0.0, INF]], [0.0, -INF], [0.0], [[1.0], [2.0]]]
)
def test_illegal_logits(logits):
    raises(ModelError, lambda: Categorical(logits))


@pytest.mark.parametrize(
    "weights",
    [
        NAN,
        1.0,
        [],
        [[]],
        [1.0, NAN],
        [[1.0, INF]],
        [1.0, -1e-9],
        [3.0],
        [[1, 0], [0, 0]],
        [1e308] * 2,
    ],
)
def test_illegal_weights(weights):
    raises(ModelError, lambda: Categorical.from_weights(weights))


def test_rows_that_a_table_does_not_have():
    table = Categorical.from_weights(np.eye(3))
    for rows in (3, -1, 2**63, [0, 3], [[-1]], np.array([2**64 - 1], np.uint64)):
        raises(ModelError, lambda rows=rows: table.at(rows))
    for rows in (1.0, [0.5], None, True, 2**80):
        raises(TypeError, lambda rows=rows: table.at(rows))
    stack = Stack(seed=1)
    with pytest.raises(ModelError, match="symbol 3 at position 1 has no probability"):
        table.at([0, 2]).push(stack, [0, 3])
    assert stack == Stack(seed=1)


@pytest.mark.parametrize(
    ("alpha", "beta"), [(NAN, 1.0), (1.0, NAN), (INF, 1.0), ([1.0, 0.0], 1.0), (1.0, -1.0)]
)
def test_illegal_counts(alpha, beta):
    raises(ModelError, lambda: BetaBinomial(alpha, beta, 9))


def test_illegal_numbers_of_trials():
    for n in (0, -1, 2**16, 2**40):
        raises(ModelError, lambda n=n: BetaBinomial(1.0, 1.0, n, precision=31))
    raises(TypeError, lambda: BetaBinomial(1.0, 1.0, 5.5))
    raises(ValueError, lambda: BetaBinomial([1.0, 1.0], [1.0, 1.0, 1.0], 5))


@pytest.mark.parametrize(
    ("mean", "scale"),
    [(NAN, 1.0), ([0.0, INF], 1.0), (0.0, NAN), (0.0, [1.0, INF]), (0.0, 0.0), (0.0, [1.0, -1.0])],
)
@pytest.mark.parametrize("kind", [Gaussian, Logistic])
def test_illegal_means_and_scales(kind, mean, scale):
    raises(ModelError, lambda: kind(mean, scale, 0, 9))
    two = np.zeros(2)
    mean, scale = (np.broadcast_to(x, 2) for x in (mean, scale))
    raises(ModelError, lambda: kind.mixture(two, mean, scale, 0, 9))
    raises(ModelError, lambda: Buckets(3).posterior(mean, scale, kind.family_name))


@pytest.mark.parametrize("kind", [Gaussian, Logistic])
def test_illegal_mixtures(kind):
    for logits in ([NAN, 0.0], [0.0, INF], [-INF, 0.0]):
        raises(ModelError, lambda logits=logits: kind.mixture(logits, [0.0] * 2, 1.0, 0, 9))
    raises(ModelError, lambda: kind.mixture(np.zeros(257), 0.0, 1.0, 0, 9))
    raises(ModelError, lambda: kind.mixture(np.zeros((3, 0)), 0.0, 1.0, 0, 9))
    raises(ValueError, lambda: kind.mixture([0.0] * 2, [0.0] * 3, 1.0, 0, 9))


@pytest.mark.parametrize(
    ("low", "high"), [(0, 0), (5, 4), (0, 2**16), (-(2**52), 5 - 2**52), (2**52 - 3, 2**52)]
)
@pytest.mark.parametrize("kind", [Gaussian, Logistic])
def test_illegal_supports(kind, low, high):
    raises(ModelError, lambda: kind(0.0, 1.0, low, high))


@pytest.mark.parametrize(
    "edges",
    [
        [],
        [1.0],
        [3.0, 2.0],
        [1.0, 1.0, 2.0],
        [1.0, NAN, 2.0],
        [NAN, 1.0],
        [0.0, 1.0, NAN],
        [[0.0, 1.0]],
        np.arange(2.0**16 + 2),
    ],
)
def test_illegal_edges(edges):
    edges = np.array(edges, float)
    raises(ModelError, lambda: LocationScale("gaussian", [[0.0]], [[1.0]], edges, precision=31))


def test_illegal_intervals():
    edges = np.arange(5.0)
    raises(ModelError, lambda: LocationScale("gaussian", [[0.0]], [[1.0]], np.arange(5)))
    raises(ModelError, lambda: LocationScale("gaussian", 0.0, 1.0, edges))
    raises(ModelError, lambda: LocationScale("gaussian", [[0.0, 1.0]], [[1.0, 1.0]], edges))
    raises(ValueError, lambda: LocationScale("cauchy", [[0.0]], [[1.0]], edges))
    illegal = ([2**15, 2**15 + 1], [2**16], [2**15] * 3, [2**31 + 2**15, 2**31 + 2**15])
    illegal += ([2**15, 2**15 - 1], [0, 0], [1, 0])
    wrong_type = np.array([2**15, 2**15])
    for weights in (*(np.array(shares, np.uint32) for shares in illegal), wrong_type):
        with pytest.raises(ModelError):
            LocationScale("gaussian", [[0.0, 1.0]], [[1.0, 1.0]], edges, shares=weights)


def test_illegal_buckets():
    for bits in (0, -1, 17):
        raises(ModelError, lambda bits=bits: Buckets(bits))
    raises(ValueError, lambda: Buckets(4, "cauchy"))
    raises(ValueError, lambda: Buckets(4).posterior(0.0, 1.0, "cauchy"))


def test_illegal_models():
    raises(ModelError, lambda: Symbols(models.Markov.from_counts(np.ones((256, 256)))))
    conditional = models.Conditional([[2, 2], [3, 1]], [[0, 1], [1, 1]])
    raises(ModelError, lambda: Symbols(conditional, 3))
    raises(ModelError, lambda: Symbols(conditional, (4,)))


def test_sequences_of_a_wrong_length():
    uniform = Uniform(9, 2)
    codecs = {
        "serial": Serial([uniform] * 3),
        "repeat": Repeat(uniform, 3),
        "from iterable": FromIterable(lambda: [uniform] * 3),
        "autoregressive": Autoregressive(lambda items: uniform, 3),
        "scan": Scan(lambda state: uniform, lambda state, item: state, None, 3),
        "parallel": Parallel([uniform] * 3, [1, 1, 1]),
    }
    for codec in codecs.values():
        for count in (0, 1, 2, 4, 9):
            stack = Stack(3, seed=1)
            with pytest.raises(ValueError, match=rf"^the codec takes 3 items, not {count}$"):
                codec.push(stack, [[1, 2]] * count)
            assert stack == Stack(3, seed=1)


def test_lanes_that_do_not_exist():
    uniform = Uniform(9)
    stack = Stack(3, seed=1)
    for start, stop in ((2, 4), (-1, 2), (1, 1), (3, 5)):
        with pytest.raises(ValueError, match="lanes"):
            Substack(uniform, start, stop).push(stack, [1])
        with pytest.raises(ValueError, match="lanes"):
            Substack(uniform, start, stop).pop(stack)
        assert stack == Stack(3, seed=1)
    with pytest.raises(ValueError, match=r"^there are 3 numbers of lanes for 2 codecs$"):
        Parallel([uniform] * 2, [1, 1, 1])


def test_errors_can_be_caught_as_one():
    assert issubclass(ModelError, AnsflowError)
    assert issubclass(StackUnderflowError, AnsflowError)
