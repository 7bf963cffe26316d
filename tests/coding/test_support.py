"""A symbol without probability is an error that names it and its position."""

import numpy as np
import pytest

import ansflow
from ansflow.errors import ModelError
from ansflow.models import Categorical, Conditional, Markov

HOLE = Categorical([1, 0, 3], low=10)


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        ([10, 12, 11, 11], r"symbol 11 at position 2 "),
        ([12, 13], r"symbol 13 at position 1 .*10 to 12"),
        ([12, -7], r"symbol -7 at position 1 "),
        ([[10, 12], [11, 10]], r"symbol 11 at position \(1, 0\)"),
        (np.array([[10, 12], [11, 10]]).T, r"symbol 11 at position \(0, 1\)"),
        (np.array([2**64 - 1], np.uint64), r"symbol 18446744073709551615 at position 0"),
        (11, r"symbol 11 at position \(\)"),
    ],
)
def test_single_distribution(symbols, message):
    for method in ("cdf", "alias"):
        with pytest.raises(ModelError, match=message):
            ansflow.encode(symbols, HOLE, method=method)


def test_beyond_a_small_alphabet_in_its_own_type():
    with pytest.raises(ModelError, match="symbol 3 at position 70000"):
        ansflow.encode(np.append(np.zeros(70_000, np.uint8), np.uint8(3)), Categorical([4, 2, 2]))


def test_rows():
    model = Conditional([[4, 0], [2, 2]], [0, 1, 0])
    ansflow.encode([0, 1, 0], model)
    with pytest.raises(ModelError, match=r"symbol 1 at position 2 .* in row 0"):
        ansflow.encode([0, 1, 1], model)
    with pytest.raises(ModelError, match="symbol 2 at position 1"):
        ansflow.encode(np.array([0, 2, 1], np.uint8), model)


def test_contexts():
    model = Markov([[4, 0], [2, 2]])
    ansflow.encode([0, 0, 0], model)
    with pytest.raises(ModelError, match="symbol 1 at position 2 no probability in its context"):
        ansflow.encode([0, 0, 1, 1], model, lanes=1)
    with pytest.raises(ModelError, match="symbol 2 at position 1"):
        ansflow.encode([0, 2], model)

    class Mine:
        contexts = "previous"
        precision = 2
        freq = np.array([[4, 0], [2, 1]])

    with pytest.raises(ModelError, match="sum"):
        ansflow.encode([0], Mine())
    Mine.freq, Mine.precision = np.array([[2, 2], [0, 0]]), 2
    with pytest.raises(ModelError, match="context 1"):
        ansflow.encode([0], Mine())


@pytest.mark.parametrize("precision", [12, 20])
def test_at_high_precision_too(precision):
    model = Categorical.from_counts([1, 0, 1], precision=precision)
    with pytest.raises(ModelError, match="symbol 1 at position 1"):
        ansflow.encode([0, 1], model)


def test_an_index_that_does_not_fit():
    model = Conditional([[4, 0], [2, 2]], [0, 1, 0])
    with pytest.raises(ModelError, match="does not broadcast"):
        ansflow.encode([0, 0], model)

    class Bare:
        precision = 1
        freq = np.array([[1, 1]])

    with pytest.raises(ModelError, match="index"):
        ansflow.encode([0, 0], Bare())
    Bare.index = np.array([5])
    with pytest.raises(ModelError, match="row index"):
        ansflow.encode([0, 0], Bare())
