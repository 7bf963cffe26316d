"""Activation functions are the same on every machine, and close to the real ones."""

import math
from decimal import Decimal, getcontext, localcontext

import naive_nets as oracle
import numpy as np
import pytest
from hypothesis import given, strategies as st

from ansflow.bitsback.nets import Activation, Network, activation as module
from ansflow.bitsback.nets.activation import correction_table
from ansflow.errors import ModelError

LIMIT = 1 << 23
TABLES = ["elu", "gelu", "silu", "softplus"]
FUNCTIONS = ["relu", *TABLES]


def normal_cdf(x):
    """Below 0, where terms of its series around 0 alternate: there are digits enough."""
    pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494")
    total, term, k = Decimal(0), x, 1
    while abs(term) > Decimal(10) ** -(getcontext().prec + 2):
        total += term
        k += 2
        term = term * x * x / k
    return Decimal("0.5") + (-x * x / 2).exp() / (2 * pi).sqrt() * total


EXACT = {
    "elu": lambda u: (-u).exp() - 1,
    "gelu": lambda u: -u * normal_cdf(-u),
    "silu": lambda u: -u / (1 + u.exp()),
    "softplus": lambda u: (1 + (-u).exp()).ln(),
}

APPROXIMATE = {
    "elu": lambda u: math.expm1(-u),
    "gelu": lambda u: -u * math.erfc(u / math.sqrt(2)) / 2,
    "silu": lambda u: -u / (1 + math.exp(u)),
    "softplus": lambda u: math.log1p(math.exp(-u)),
}

REAL = {
    "relu": lambda x: np.maximum(x, 0),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(x, 0),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_those_of_other_functions(name):
    assert correction_table(name).tolist() == oracle.table(name)


@pytest.mark.parametrize("name", TABLES)
def test_no_entry_is_close_to_being_rounded_otherwise(name):
    """The closest ones, in exact arithmetic: a thousand units in the last place do not matter."""
    table = correction_table(name)
    with localcontext() as context:
        context.prec = 50
        approximate = np.array([APPROXIMATE[name](i / 4096) for i in range(len(table))])
        scaled = approximate * 4096
        distance = np.abs(scaled - np.floor(scaled) - 0.5)
        for i in np.argsort(distance)[:40].tolist():
            exact = EXACT[name](Decimal(i) / 4096) * 4096
            assert abs(float(exact) - scaled[i]) < 1e-9
            middle = exact.to_integral_value(rounding="ROUND_FLOOR") + Decimal("0.5")
            assert abs(exact - middle) > 1000 * abs(exact) * Decimal(2) ** -52
            assert table[i] == int((exact + Decimal("0.5")).to_integral_value("ROUND_FLOOR"))
        # All others are farther away than any approximation is wrong.
        assert np.sort(distance)[40] > 1e-7


@pytest.mark.parametrize("name", TABLES)
def test_corrections_are_constant_where_tables_end(name):
    table = correction_table(name)
    assert (table[48_000:] == (-4096 if name == "elu" else 0)).all()
    assert not table.flags.writeable


@given(st.lists(st.integers(-LIMIT, LIMIT), max_size=20), st.sampled_from(FUNCTIONS))
def test_functions_equal_the_oracle(items, function):
    x = np.array(items, np.int32).reshape(-1, 1)
    y = Activation(function)(x)
    assert y.dtype == np.int32
    assert y.shape == x.shape
    assert y[:, 0].tolist() == [oracle.activated(item, function) for item in items]


@pytest.mark.parametrize("function", REAL)
def test_functions_are_close_to_the_real_ones(function):
    x = np.arange(-80_000, 80_000, dtype=np.int32)[:, np.newaxis]
    y = Activation(function)(x)
    assert np.abs(y / 4096 - REAL[function](x / 4096)).max() <= 0.5001 / 4096


def test_limits_and_shapes():
    net = Network([Activation("silu")], (None, 2, 1))
    x = np.array([[[[-LIMIT], [LIMIT]], [[0], [4096]], [[-4096], [1]]]], np.int32)
    assert net(x).reshape(-1).tolist() == [0, LIMIT, 0, 2994, -1102, 1]
    assert Activation("elu")(x).reshape(-1).tolist()[:2] == [-4096, LIMIT]


@pytest.mark.parametrize("function", ["tanh", "", None, 3, ["elu"]])
def test_unknown_functions(function):
    with pytest.raises(ModelError, match="softplus"):
        Activation(function)


def test_a_table_that_is_another_on_this_machine(monkeypatch):
    monkeypatch.setitem(module.CHECKSUMS, "gelu", 1)
    correction_table.cache_clear()
    with pytest.raises(ModelError, match="gelu"):
        Activation("gelu")(np.zeros((1, 1), np.int32))
    correction_table.cache_clear()
