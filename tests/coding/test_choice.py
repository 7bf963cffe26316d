"""Tables are built once for each model, live as long as it, and any class may be one."""

import gc
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

import ansflow
from ansflow.coding.choice import coder_of
from ansflow.errors import ModelError
from ansflow.models import Categorical, Conditional, Markov, checked
from ansflow.models.checked import frequencies_of


class Own:
    def __init__(self, freq, precision, **others):
        self.freq, self.precision = freq, precision
        self.__dict__.update(others)


def test_built_once():
    model = Categorical.from_counts([1, 2, 3])
    found = coder_of(model, "cdf", (5,))
    assert coder_of(model, "cdf", (7,)) is found
    assert found.slots is found.slots
    rows = Conditional([[1, 1]], [0, 0])
    assert frequencies_of(rows.at([0])) is frequencies_of(rows)
    both = [coder_of(rows.at(index), "cdf", (len(index),)) for index in ([0], [0, 0])]
    assert both[0].tables is both[1].tables


def test_dropped_with_the_model():
    gc.collect()
    before = len(checked._cache)
    model = Categorical.from_counts([1, 2, 3])
    ansflow.decode(ansflow.encode([0, 1], model), model, 2)
    assert len(checked._cache) == before + 1
    del model
    gc.collect()
    assert len(checked._cache) == before


def test_an_array_that_can_change_is_read_each_time():
    class Mine:
        precision = 2
        freq = np.array([1, 3])

    ansflow.encode([0, 1], Mine())
    Mine.freq[:] = [4, 0]
    with pytest.raises(ModelError, match="symbol 1"):
        ansflow.encode([0, 1], Mine())


@dataclass(frozen=True, slots=True)
class Slotted:
    freq: np.ndarray
    precision: int = 3


class Tupled(NamedTuple):
    freq: np.ndarray
    precision: int = 3


class Computed:
    precision = 3

    @property
    def freq(self):
        return [4, 3, 1]


@pytest.mark.parametrize("model", [Slotted(np.array([4, 3, 1])), Tupled([4, 3, 1]), Computed()])
def test_any_class_with_frequencies_is_a_model(model):
    same = Categorical([4, 3, 1])
    symbols = same.sample(1000, 0)
    words = ansflow.encode(symbols, model)
    assert np.array_equal(words, ansflow.encode(symbols, same))
    assert np.array_equal(ansflow.decode(words, model, 1000), symbols)


@pytest.mark.parametrize(
    ("freq", "precision", "message"),
    [
        ([1, 1], 2, r"precision is 2, but the frequencies sum to 2\*\*1"),
        ([1, 2], 1, "power of two"),
        ([3, -1], 1, "outside"),
        ([0.5, 0.5], 1, "integers"),
        (np.zeros((0, 2), int), 1, "non-empty"),
        ([[1, 1], [2, 2]], 1, "row 1"),
        (np.ones(1 << 17, int), 17, "alphabet"),
    ],
)
def test_inconsistent_models_are_refused(freq, precision, message):
    model = Slotted(np.asarray(freq), precision)
    with pytest.raises(ModelError, match=message):
        ansflow.encode([0], model)
    with pytest.raises(ModelError, match=message):
        ansflow.decode(np.zeros(100, np.uint16), model, 1)


def test_one_array_of_several_models():
    freq = np.array([[2, 2], [1, 3]])
    freq.setflags(write=False)
    by_index, by_context = Own(freq, 2, index=[1, 1, 1]), Own(freq, 2, contexts="previous")
    for model in (by_index, by_context, by_index):
        words = ansflow.encode([1, 0, 1], model)
        same = Markov(freq) if model is by_context else Conditional(freq, [1, 1, 1])
        assert np.array_equal(words, ansflow.encode([1, 0, 1], same))
    with pytest.raises(ModelError, match="precision is 3"):
        ansflow.encode([1, 0, 1], Own(freq, 3, index=[1, 1, 1]))


@pytest.mark.parametrize("low", [-(1 << 63) - 1, (1 << 63) - 1])
def test_a_support_beyond_int64(low):
    model = Own(np.array([1, 1]), 1, low=low)
    with pytest.raises(ModelError, match="exceeds the range of int64"):
        ansflow.encode([0], model)
    with pytest.raises(ModelError, match="exceeds the range of int64"):
        ansflow.decode(np.zeros(2, np.uint16), model, 1)


def test_more_symbols_than_columns():
    model = Categorical([1, 1, 1, 1, 0])
    with pytest.raises(ModelError, match="a column for each of 5 symbols"):
        ansflow.encode([0], model, method="alias")
