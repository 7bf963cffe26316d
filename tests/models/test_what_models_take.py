"""What the models' constructors and methods take: integers, and arrays of which nothing is lost."""

import copy
import pickle

import numpy as np
import pytest
from scipy import stats

import ansflow
from ansflow import models
from ansflow.errors import ModelError
from ansflow.models.checked import frequencies_of

INTEGERS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
BYTES = np.frombuffer(b"abracadabra" * 9, np.uint8)

# Each with an integer n from 1 to 16 in place of one argument.
MAKERS = {
    "Uniform n": lambda n: models.Uniform(n),
    "Uniform low": lambda n: models.Uniform(250, low=n),
    "Uniform precision": lambda n: models.Uniform(2, precision=n),
    "Bernoulli precision": lambda n: models.Bernoulli(0.25, precision=n),
    "Categorical low": lambda n: models.Categorical([128] * 256, low=n),
    "from_counts low": lambda n: models.Categorical.from_counts([1] * 256, low=n),
    "from_counts precision": lambda n: models.Categorical.from_counts([1, 1], precision=n),
    "from_probs precision": lambda n: models.Categorical.from_probs([0.5, 0.5], precision=n),
    "fit precision": lambda n: models.Categorical.fit([0, 1, 1], precision=n),
    "Mixture precision": lambda n: models.Mixture([models.Uniform(2)], precision=n),
    "Quantized low": lambda n: models.Quantized(stats.norm(0, 50), n, 127),
    "Quantized high": lambda n: models.Quantized(stats.norm(0, 50), -120, n),
    "Quantized precision": lambda n: models.Quantized(stats.norm(0, 1), 0, 1, precision=n),
    "Conditional low": lambda n: models.Conditional([[1] * 256] * 2, low=n),
    "Conditional.from_counts": lambda n: models.Conditional.from_counts([[1, 1]], precision=n),
    "Conditional.from_dist": lambda n: models.Conditional.from_dist(
        stats.norm([[0.0]], 9), n, np.int8(127), precision=n
    ),
    "Probabilities low": lambda n: models.Probabilities([[0.5, 0.5]], low=n),
    "Probabilities precision": lambda n: models.Probabilities([[0.5, 0.5]], precision=n),
    "Markov.from_counts": lambda n: models.Markov.from_counts([[1, 1], [1, 1]], precision=n),
    "Markov.fit precision": lambda n: models.Markov.fit(b"\0\1\1", precision=n),
    "Markov.fit lanes": lambda n: models.Markov.fit(BYTES, lanes=n),
}
SIZES = {
    "sample": lambda n: models.Uniform(5).sample(n, rng=1),
    "sample shape": lambda n: models.Uniform(5).sample((n, n), rng=1),
    "Conditional.sample": lambda n: models.Conditional([[1, 1]], 0).sample(n, rng=1),
    "Markov.sample": lambda n: models.Markov([[1, 1], [1, 1]]).sample(n, rng=1),
    "Markov.sample lanes": lambda n: models.Markov([[1, 1], [1, 1]]).sample(9, rng=1, lanes=n),
    "encode lanes": lambda n: ansflow.encode([0, 1], models.Uniform(2), lanes=n),
    "decode size": lambda n: ansflow.decode(np.array([0, 1], np.uint16), ONE, n),
    "decode lanes": lambda n: ansflow.decode(np.array([0, 1] * 8, np.uint16), ONE, 9, lanes=n),
}
ONE = models.Categorical([1 << 16])


def outcome(make, n):
    made = make(n)
    return made if isinstance(made, np.ndarray) else (made.freq, getattr(made, "low", 0))


def equal(a, b):
    if isinstance(a, tuple):
        return np.array_equal(a[0], b[0]) and a[1] == b[1] and type(a[1]) is int
    return a.dtype == b.dtype and np.array_equal(a, b)


@pytest.mark.parametrize("make", (MAKERS | SIZES).values(), ids=(MAKERS | SIZES).keys())
def test_integers_by_one_rule(make):
    expected = outcome(make, 8)
    for kind in INTEGERS:
        assert equal(outcome(make, kind(8)), expected)
        assert equal(outcome(make, np.array(8, kind)), expected)
    for wrong in (8.0, np.float32(8), True, np.True_, "8", 8j):
        with pytest.raises(TypeError, match="must be an integer, not "):
            make(wrong)


@pytest.mark.parametrize("low", [1 << 63, -(1 << 63) - 1, 10**30, (1 << 63) - 1])
def test_supports_are_in_the_range_of_int64(low):
    for make in (
        lambda: models.Uniform(2, low=low),
        lambda: models.Categorical([1, 1], low=low),
        lambda: models.Conditional([[1, 1]], low=low),
    ):
        with pytest.raises(ModelError, match="int64"):
            make()
    with pytest.raises(ModelError, match=r"symbols|int64"):
        models.Quantized(stats.norm(), low, low + 1 if low > 0 else 0)


def test_values_beyond_int64_have_no_model():
    huge = np.array([2**64 - 1, 2**64 - 2], np.uint64)
    with pytest.raises(ModelError, match="int64"):
        models.Categorical.fit(huge)
    assert models.Uniform(8, low=-4).code_length(huge) == np.inf
    with pytest.raises(ModelError, match="no probability"):
        ansflow.encode(huge, models.Uniform(8, low=-4))


@pytest.mark.parametrize("kind", [bool, *INTEGERS])
def test_data_of_any_kind_of_integers(kind):
    data = np.array([0, 1, 1, 0, 1], kind)
    model = models.Categorical.fit(data)
    assert np.array_equal(model.freq, models.Categorical.fit([0, 1, 1, 0, 1]).freq)
    expected = model.code_length([0, 1, 1, 0, 1])
    assert model.code_length(data) == expected
    assert models.Conditional(model.freq[None], 0).code_length(data) == pytest.approx(expected)
    markov = models.Markov.from_counts([[1, 1], [1, 1]])
    assert markov.code_length(data) == 5
    assert np.array_equal(ansflow.decode(ansflow.encode(data, model), model, 5), data)


MASKED = np.ma.array([1, 2, 3, 1], mask=[0, 1, 0, 0])
TAKING_SYMBOLS = {
    "encode": lambda x: ansflow.encode(x, models.Uniform(8)),
    "encode low": lambda x: ansflow.encode(x, models.Uniform(8, low=1)),
    "code_length": lambda x: models.Uniform(8).code_length(x),
    "code_length low": lambda x: models.Uniform(8, low=1).code_length(x),
    "Conditional.code_length": lambda x: models.Conditional([[1] * 4], 0).code_length(x),
    "Markov.code_length": lambda x: models.Markov(np.full((4, 4), 2)).code_length(x),
    "fit": models.Categorical.fit,
}
TAKING_WEIGHTS = {
    "from_counts": models.Categorical.from_counts,
    "from_probs": lambda x: models.Categorical.from_probs(np.ma.divide(x, np.ma.sum(x))),
    "Mixture": lambda x: models.Mixture([models.Uniform(2)] * 4, x),
    "Conditional.from_counts": lambda x: models.Conditional.from_counts(x.reshape(2, 2)),
    "Markov.from_counts": lambda x: models.Markov.from_counts(x.reshape(2, 2)),
}
TAKING_OTHERS = {
    "Markov.fit": lambda x: models.Markov.fit(x.astype(np.uint8)),
    "Conditional index": lambda x: models.Conditional([[1, 1]] * 4, x),
    "Conditional.at": lambda x: models.Conditional([[1, 1]] * 4).at(x),
    "Categorical": lambda x: models.Categorical(np.ma.array([1, 2, 4, 1], mask=x.mask)),
    "decode": lambda x: ansflow.decode(x.astype(np.uint16), models.Uniform(8), 2),
}
ALL = TAKING_SYMBOLS | TAKING_WEIGHTS | TAKING_OTHERS


@pytest.mark.parametrize("take", ALL.values(), ids=ALL.keys())
def test_masks_are_not_lost(take):
    with pytest.raises(TypeError, match="masked"):
        take(MASKED)


@pytest.mark.parametrize("take", TAKING_SYMBOLS.values(), ids=TAKING_SYMBOLS.keys())
def test_symbols_are_integers(take):
    wrong = [1.0, 1.5, 1j, "1", b"1", None, np.datetime64(1, "s"), np.timedelta64(1, "s")]
    for value in wrong:
        with pytest.raises(TypeError, match="integers"):
            take(np.array([value, value]))
    take([1, 2, 1])


@pytest.mark.parametrize("take", TAKING_WEIGHTS.values(), ids=TAKING_WEIGHTS.keys())
def test_weights_are_real_numbers(take):
    for value in (1j, "1", np.timedelta64(1, "s"), None):
        with pytest.raises((TypeError, ModelError)):
            take(np.array([value] * 4))


def test_nothing_costs_nothing():
    for empty in ([], np.array([]), np.zeros((0, 3), bool)):
        assert models.Uniform(8).code_length(empty) == 0
        assert models.Markov([[1] * 2] * 2).code_length(empty) == 0
        assert (
            ansflow.decode(ansflow.encode(empty, models.Uniform(8)), models.Uniform(8), 0).size == 0
        )


def test_weights_of_any_size():
    huge = models.Mixture([models.Uniform(2), models.Uniform(4)], [1e308, 1e308])
    assert np.array_equal(huge.freq, models.Mixture([models.Uniform(2), models.Uniform(4)]).freq)
    for weights in ([1, np.inf], [1, np.nan], [1, 0], [1, -1]):
        with pytest.raises(ModelError, match="positive"):
            models.Mixture([models.Uniform(2), models.Uniform(4)], weights)
    # A component of hardly any weight can still be coded.
    tiny = models.Mixture([models.Uniform(2), models.Uniform(4)], [1, 2**-40])
    assert (tiny.freq > 0).all()


def test_an_index_broadcasts_to_the_symbols_and_not_beyond():
    model = models.Conditional([[12, 4], [8, 8]], [[0], [1]])
    symbols = [[0, 1, 0], [1, 1, 0]]
    words = ansflow.encode(symbols, model)
    assert np.array_equal(ansflow.decode(words, model, (2, 3)), symbols)
    assert model.code_length(symbols) == pytest.approx(-np.log2([0.75, 0.25, 0.75]).sum() + 3)
    for take in (lambda x: ansflow.encode(x, model), model.code_length):
        with pytest.raises(ModelError, match="does not broadcast"):
            take([0, 1])
    with pytest.raises(ModelError, match="does not broadcast"):
        model.sample(5)


MODELS = [
    models.Uniform(8),
    models.Categorical.fit([1, 2, 2]),
    models.Quantized(stats.norm(0, 3), -9, 9),
    models.Mixture([models.Uniform(3), models.Bernoulli(0.1)]),
    models.Conditional(np.full((2, 4), 4), [0, 1, 1]),
    models.Markov.fit(BYTES),
]


@pytest.mark.parametrize("model", MODELS, ids=repr)
@pytest.mark.parametrize("way", [pickle, copy.copy, copy.deepcopy], ids=lambda way: way.__name__)
def test_copies_are_read_only_as_the_original(model, way):
    again = pickle.loads(pickle.dumps(model)) if way is pickle else way(model)
    arrays = {name: a for name, a in vars(again).items() if isinstance(a, np.ndarray)}
    assert {"freq", "cdf"} <= arrays.keys()
    for name, array in arrays.items():
        assert not array.flags.writeable, name
        assert np.array_equal(array, getattr(model, name))
    assert frequencies_of(again) is frequencies_of(again)
    shape = model.index.shape if isinstance(model, models.Conditional) else 3
    assert np.array_equal(again.sample(shape, rng=1), model.sample(shape, rng=1))


class Adaptive(models.FrequencyModel):
    """A subclass of a user, with an array that it writes to, and a slot."""

    __slots__ = ("name",)

    def __init__(self):
        super().__init__([2, 2])
        self.counts, self.name = np.zeros(2), "own"


@pytest.mark.parametrize("way", [pickle, copy.copy, copy.deepcopy], ids=lambda way: way.__name__)
def test_what_subclasses_write_to_stays_writable(way):
    model = Adaptive()
    again = copy.copy(model) if way is pickle else way(model)
    if way is pickle:
        again.__setstate__(pickle.loads(pickle.dumps(model.__getstate__())))
    for each in (model, again):
        each.counts += 1
        assert each.name == "own"
        assert not each.freq.flags.writeable


def test_the_index_is_the_models_own():
    index = np.array([0, 1, 1])
    model = models.Conditional(np.full((2, 4), 4), index)
    index[:] = 2**31  # far outside the matrix
    assert model.code_length([0, 1, 2]) == 6
    assert model.sample().shape == (3,)
