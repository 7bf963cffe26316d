"""What takes the place of a division is that, bit for bit."""

import math

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from ansflow.kernels.jit import kernel
from ansflow.kernels.transforms.quotient import LEAST, MOST, goes_by_product, quotient

NEAR_A_POWER = [math.nextafter(2.0**k, way) for k in (-3, 0, 1, 52) for way in (0.0, math.inf)]


def dividing(by_product):
    over = quotient(by_product)

    @kernel
    def divide(numbers, c, out):
        r = 1.0 / c
        for i in range(np.uint64(numbers.size)):
            out[i] = over(numbers[i], c, r)

    return divide


divide = dividing(goes_by_product(1.0))


def check(c, rng):
    integers = (rng.integers(-(1 << 63), 1 << 63, 1 << 12) >> rng.integers(0, 64)).astype(float)
    edges = [0.0, 1.0, -1.0, 2.0**63, -(2.0**63)]
    multiples = np.rint(integers * c % 2.0**53)  # whose quotients are integers, or close to them
    numbers = np.concatenate([integers, edges, multiples])
    out = np.empty_like(numbers)
    divide(numbers, c, out)
    assert np.array_equal(out.view(np.uint64), (numbers / c).view(np.uint64))


@given(c=st.floats(LEAST, MOST), seed=st.integers(0, 1 << 32))
@example(c=LEAST, seed=0)
@example(c=MOST, seed=0)
def test_quotients_are_those_of_division(c, seed):
    check(c, np.random.default_rng(seed))


@pytest.mark.parametrize("c", [1.0, 3.0, 25.0, 1e5, 0.1, math.pi, *NEAR_A_POWER])
def test_the_same_of_common_divisors_and_those_close_to_powers_of_two(c):
    for seed in range(16):
        check(c, np.random.default_rng(seed))


def test_division_is_left_where_numbers_might_become_too_large_or_too_small():
    for c in (LEAST / 2, MOST * 2, 5e-324, 1e308):
        assert not goes_by_product(c)
        assert not goes_by_product(1.0, c)
    numbers, out = np.arange(-5.0, 5.0), np.empty(10)
    dividing(False)(numbers, 5e-324, out)
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.array_equal(out, numbers / 5e-324)
