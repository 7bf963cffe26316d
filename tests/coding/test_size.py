"""Every bit is accounted for: code length, lane states, and next to nothing else."""

import numpy as np
import pytest

import ansflow
from ansflow.models import Bernoulli, Categorical, Conditional, Uniform

SIZE = 1 << 20
LANES = [1, 2, 4, 8, 16, 32, 64]


def skewed(precision):
    counts = np.append(0.85 ** np.arange(255), 1e-9)
    return Categorical.from_counts(counts, precision=precision)


CASES = {
    "skewed bytes, 12 bits": lambda: skewed(12),
    "skewed bytes, 14 bits": lambda: skewed(14),
    "coins, 12 bits": lambda: Bernoulli(0.3),
    "coins, 14 bits": lambda: Bernoulli(0.3, precision=14),
    "uniform, 1000 symbols": lambda: Uniform(1000, precision=14),
    "zipf, 65536 symbols, 20 bits": lambda: Categorical.from_counts(
        1 / np.arange(1, 65537), precision=20
    ),
    "rows, 13 bits": lambda: Conditional.from_counts(
        np.random.default_rng(0).random((8, 200)) ** 3, np.arange(SIZE) % 8, precision=13
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_overhead_beyond_the_states_is_below_0_02_percent(name):
    model = CASES[name]()
    symbols = model.sample(SIZE, 0)
    ideal = model.code_length(symbols)
    for lanes in LANES:
        bits = 16 * ansflow.encode(symbols, model, lanes=lanes).size
        states = lanes * (64 if model.precision > 16 else 32)
        assert bits - ideal < 2e-4 * ideal + states
        # Nor can it be shorter: a state holds no more than its 32 or 64 bits.
        assert bits - ideal > -states


@pytest.mark.parametrize("precision", [15, 16])
def test_overhead_where_the_state_has_little_room(precision):
    # The loss grows fourfold with each bit: it is the price of 32-bit states.
    model = skewed(precision)
    symbols = model.sample(SIZE, 0)
    bits = 16 * ansflow.encode(symbols, model, lanes=1).size
    assert bits / model.code_length(symbols) - 1 < {15: 5e-4, 16: 2e-3}[precision]


def test_the_alias_method_costs_the_same():
    model = skewed(14)
    symbols = model.sample(SIZE, 0)
    sizes = [ansflow.encode(symbols, model, method=m).size for m in ("cdf", "alias")]
    assert sizes[0] == pytest.approx(sizes[1], rel=1e-4)
