"""The tables are what exact arithmetic gives, and no machine can round them otherwise.

A table's entry is safe if the exact value is far from the middle between two integers, compared
with the error of any mathematical library: some units in the last place (ulp), 2^-52 of the value.
"""

from decimal import Decimal, getcontext, localcontext

import numpy as np
import pytest

from ansflow.bitsback import Buckets
from ansflow.bitsback.distributions.families import CHECKSUMS, family, power_table
from ansflow.errors import ModelError
from ansflow.kernels.distributions.location_scale import STEPS, UNITS_PER_STEP

PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494")
DIGITS = 50


@pytest.fixture(autouse=True)
def digits():
    with localcontext() as context:
        context.prec = DIGITS
        yield


def exp(x):
    """e^x by its series, for an argument that has been halved until it is small."""
    halvings = 0
    while abs(x) > Decimal("0.1"):
        x, halvings = x / 2, halvings + 1
    total = term = Decimal(1)
    k = 0
    while abs(term) > Decimal(10) ** -(getcontext().prec + 2):
        k += 1
        term = term * x / k
        total += term
    for _ in range(halvings):
        total *= total
    return total


def gaussian(x):
    """CDF and density: 1/2 + density(x) (x + x^3 / 3 + x^5 / (3 * 5) + ...)."""
    density = exp(-x * x / 2) / (2 * PI).sqrt()
    total, term, k = Decimal(0), x, 1
    while abs(term) > Decimal(10) ** -(getcontext().prec + 2):
        total += term
        k += 2
        term = term * x * x / k
    return Decimal("0.5") + density * total, density


def logistic(x):
    value = 1 / (1 + exp(-x))
    return value, value * (1 - value)


EXACT = {"gaussian": gaussian, "logistic": logistic}


def ulps_to_middle(value):
    """How far a value is from being rounded otherwise, in units of 2^-52 of itself."""
    return abs(value - int(value) - Decimal("0.5")) / value * 2**52


def test_the_series_agree_with_known_values():
    assert exp(Decimal(1)) - Decimal("2.7182818284590452353602874713526624977572470937") < 1e-45
    assert abs(exp(Decimal(-32)) - Decimal(-32).exp()) < Decimal(10) ** -58
    assert abs(gaussian(Decimal(-1))[0] - Decimal("0.158655253931457051414767454367962")) < 1e-32
    assert abs(gaussian(Decimal(-8))[0] / Decimal("6.220960574271784123515995e-16") - 1) < 1e-20
    assert gaussian(Decimal(3))[0] + gaussian(Decimal(-3))[0] == 1


@pytest.mark.parametrize(("name", "steps_per_unit"), [("gaussian", 256), ("logistic", 64)])
def test_standard_cdfs_are_rounded_correctly_and_safely(name, steps_per_unit):
    chosen = family(name)
    assert chosen.table.shape == (STEPS + 2,)
    assert chosen.rate == steps_per_unit * UNITS_PER_STEP
    smallest = Decimal("inf")
    for step in range(STEPS + 1):
        value = EXACT[name](Decimal(step - STEPS // 2) / steps_per_unit)[0] * 2**31
        assert int(chosen.table[step]) == int(value + Decimal("0.5")), step
        if step <= STEPS // 2:  # the others are not computed, but mirrored
            smallest = min(smallest, ulps_to_middle(value))
    assert smallest > 10_000, f"an entry is only {smallest} ulps from being rounded otherwise"
    assert chosen.table[-1] == chosen.table[-2]


def test_powers_are_rounded_correctly_and_safely():
    root = Decimal(2)
    for _ in range(12):
        root = root.sqrt()
    table, value, smallest = power_table(), Decimal(2**31), Decimal("inf")
    assert table.shape == (4096,)
    for entry in table.tolist():
        assert entry == int(value + Decimal("0.5"))
        smallest = min(smallest, ulps_to_middle(value))
        value /= root
    assert abs(value - 2**30) < Decimal(10) ** -30
    assert smallest > 100, f"an entry is only {smallest} ulps from being rounded otherwise"


@pytest.mark.parametrize("name", ["gaussian", "logistic"])
def test_standard_cdfs_are_symmetric_and_ascend(name):
    table = family(name).table[:-1].astype(np.int64)
    assert (np.diff(table) >= 0).all()
    assert np.array_equal(table + table[::-1], np.full(STEPS + 1, 1 << 31))


def test_powers_descend_from_one_power_of_two_to_the_next():
    table = power_table().astype(np.int64)
    assert (np.diff(table) < 0).all()
    assert table[0] == 1 << 31
    assert table[-1] > 1 << 30


def test_buckets_cannot_be_changed():
    for bits in (1, 9):
        for values in (Buckets(bits).edges, Buckets(bits).centres):
            with pytest.raises(ValueError, match="read-only"):
                values[1] = 1


@pytest.mark.parametrize("name", ["gaussian", "logistic"])
def test_a_machine_that_computes_other_values_is_told(name, monkeypatch):
    monkeypatch.setitem(CHECKSUMS, name, CHECKSUMS[name] ^ 1)
    family.cache_clear()
    try:
        with pytest.raises(ModelError, match="other values"):
            family(name)
    finally:
        family.cache_clear()


def test_unknown_families():
    with pytest.raises(ValueError, match="cauchy"):
        family("cauchy")


# Buckets: edges and centres are quantiles, rounded to multiples of 2^-24


def check_quantiles(prior, values, denominator):
    """Quantiles of 1 to denominator - 1 above it; only the lower half, as they are symmetric.

    To first order, the exact quantile is the excess of the CDF over the density away. Its second
    order is below 2^-50 * 5, which is nothing in units of 2^-24.
    """
    assert values.size == denominator - 1
    assert np.array_equal(values, -values[::-1])
    assert (np.diff(values) > 0).all()
    units = np.ldexp(values, 24)
    assert np.array_equal(units, np.rint(units))
    furthest = 0
    with localcontext() as context:
        context.prec = 28
        for numerator, unit in enumerate(units[: denominator // 2].tolist(), 1):
            cdf, density = EXACT[prior](Decimal(int(unit)) / 2**24)
            excess = abs(cdf - Decimal(numerator) / denominator)
            furthest = max(furthest, excess / density * 2**24)
    limit = 0.5 - 1e-6
    assert furthest < limit, f"a quantile is {furthest} units from what it is rounded to"


@pytest.mark.parametrize("prior", ["gaussian", "logistic"])
def test_edges_and_centres_are_quantiles_rounded_correctly_and_safely(prior):
    """Those of fewer buckets are among those of 2^14."""
    most = Buckets(14, prior)
    together = np.empty(2**15 - 1)
    together[::2], together[1::2] = most.centres, most.edges[1:-1]
    check_quantiles(prior, together, 2**15)
    for bits in range(1, 15):
        buckets, every = Buckets(bits, prior), 2 ** (14 - bits)
        assert np.array_equal(buckets.edges, most.edges[::every])
        assert np.array_equal(buckets.centres, together[every - 1 :: 2 * every])
        assert buckets.edges[0] == -np.inf
        assert buckets.edges[-1] == np.inf


@pytest.mark.slow
@pytest.mark.parametrize("prior", ["gaussian", "logistic"])
def test_edges_and_centres_of_most_buckets(prior):
    most = Buckets(16, prior)
    together = np.empty(2**17 - 1)
    together[::2], together[1::2] = most.centres, most.edges[1:-1]
    check_quantiles(prior, together, 2**17)


@pytest.mark.parametrize("bits", [15, 16])
@pytest.mark.parametrize("prior", ["gaussian", "logistic"])
def test_many_buckets_contain_fewer(prior, bits):
    buckets, fewer = Buckets(bits, prior), Buckets(14, prior)
    assert buckets.edges.size == 2**bits + 1
    assert buckets.centres.size == 2**bits
    assert (np.diff(buckets.edges) > 0).all()
    assert np.array_equal(buckets.edges[:: 2 ** (bits - 14)], fewer.edges)
    assert ((buckets.edges[:-1] < buckets.centres) & (buckets.centres < buckets.edges[1:])).all()
