"""What the attributes of a user's model may be: integers of any kind, and checked after that."""

import numpy as np
import pytest

import ansflow
from ansflow import models
from ansflow.errors import ModelError

INTEGERS = [int, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
NOT_INTEGERS = [12.0, np.float64(12), True, np.True_, "12", None, [12], np.array([12])]
DATA = np.arange(5000) % 2


class Own:
    """The least that a model is."""

    def __init__(self, freq=(2048, 2048), precision=12, **others):
        self.freq, self.precision = freq, precision
        self.__dict__.update(others)


def check(model, data):
    for lanes in (1, 64):
        words = ansflow.encode(data, model, lanes=lanes)
        assert np.array_equal(ansflow.decode(words, model, data.shape, lanes=lanes), data)
    return words


@pytest.mark.parametrize("kind", INTEGERS)
def test_integers_of_any_kind(kind):
    for freq in (np.array([64, 64], kind), [64, 64], np.array([[64, 64], [100, 28]], kind)):
        conditional = np.ndim(freq) == 2
        own = Own(freq, kind(7), low=kind(120))
        plain = Own(np.array(freq, np.int64), 7, low=120)
        for model in (own, plain):
            model.index = (DATA // 2 % 2).astype(kind if model is own else np.int64)
            if not conditional:
                del model.index
        assert np.array_equal(check(own, DATA + 120), check(plain, DATA + 120))
    assert np.array_equal(
        check(Own(np.full((2, 2), 64, kind), kind(7), contexts="previous"), DATA),
        check(models.Markov([[64, 64], [64, 64]]), DATA),
    )


@pytest.mark.parametrize("value", NOT_INTEGERS, ids=repr)
def test_nothing_else_is_an_integer(value):
    with pytest.raises(ModelError, match="precision must be an integer"):
        ansflow.encode(DATA, Own(precision=value))
    with pytest.raises(ModelError, match="precision must be an integer"):
        ansflow.decode(np.zeros(4, np.uint16), Own(precision=value), 5)
    with pytest.raises(ModelError, match="low must be an integer"):
        ansflow.encode(DATA, Own(low=value))
    with pytest.raises(ModelError, match="low must be an integer"):
        ansflow.compress(b"abc", tables=[Own(low=value)])
    with pytest.raises(ModelError, match="low must be an integer"):
        models.Mixture([Own(low=value)])


@pytest.mark.parametrize("precision", [0, -1, 11, 13, 32, 64, 10**30, np.int8(-12), np.uint64(44)])
def test_a_precision_is_that_of_the_frequencies(precision):
    with pytest.raises(ModelError, match="precision"):
        ansflow.encode(DATA, Own(precision=precision))


@pytest.mark.parametrize(
    "freq",
    [
        np.array([2048.0, 2048.0]),
        np.array([True, True]),
        np.array([2048, 2048], object),
        np.array(["2048", "2048"]),
        np.array([2048, 2048], "m8[s]"),
        [2048, 2048.0],
        [],
        4096,
        np.full((1, 1, 2), 2048),
        np.array([-2048, 6144]),
        np.array([2**64 - 2048, 6144], np.uint64),
        np.array([2**63, 2**63, 4096], np.uint64),  # wraps to 4096
        np.full(65536, 2**63 >> 15, np.uint64),
    ],
    ids=lambda freq: f"{np.asarray(freq).dtype}{np.shape(freq)}",
)
def test_impossible_frequencies(freq):
    for more in ({}, {"contexts": "previous"}):
        with pytest.raises(ModelError):
            ansflow.encode(DATA, Own(freq, **more))


@pytest.mark.parametrize(
    "index",
    [
        [0, 2],
        [0, -1],
        np.array([0, 2**32]),
        np.array([0, 2**64 - 1], np.uint64),
        np.array([False, True]),
        [0.0, 1.0],
        [0, 1, 0],
        None,
        np.ma.array([0, 1], mask=[0, 1]),
        [0, -(1 << 32)],  # as uint32, that is 0
    ],
    ids=repr,
)
def test_impossible_rows(index):
    model = Own(np.full((2, 4), 1024), index=index)
    with pytest.raises(ModelError, match=r"row|index"):
        ansflow.encode([1, 2], model)
    with pytest.raises(ModelError, match=r"row|index"):
        ansflow.decode(np.zeros(8, np.uint16), model, 2)
    if index is not None:
        with pytest.raises((ModelError, TypeError)):
            models.Conditional(model.freq, index).code_length([1, 2])


@pytest.mark.parametrize("contexts", ["next", b"previous", True, np.array(["previous"] * 2)])
def test_unknown_contexts(contexts):
    with pytest.raises(ModelError, match="contexts"):
        ansflow.encode(DATA, Own(np.full((2, 2), 2048), contexts=contexts))


@pytest.mark.parametrize("model", [None, 12, [2048, 2048], np.array([2048, 2048])])
def test_what_is_no_model(model):
    with pytest.raises(TypeError, match="a model has the attributes `precision` and `freq`"):
        ansflow.encode(DATA, model)


def test_attributes_are_read_once():
    class Changing:
        """Consistent whenever it's asked, but each time another model."""

        asked = 0

        @property
        def precision(self):
            self.asked += 1
            return 12 if self.asked == 1 else 30

        @property
        def freq(self):
            return [2048, 2048]

    words = ansflow.encode(DATA, Changing())
    assert np.array_equal(words, ansflow.encode(DATA, Own()))
