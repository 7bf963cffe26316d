"""What numbers of a sample have in common is found, and nothing where there is nothing."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, strategies as st
from hypothesis.extra import numpy as arrays

from ansflow.transforms.choosing.detect import (
    bits_of,
    common_step,
    facts,
    few_of,
    have_gaps,
    is_dense,
    patterns,
    surveyed,
    trailing_zeros,
)
from ansflow.transforms.choosing.factors import Factor, decimal_factors

RNG = np.random.default_rng(0)
UNSIGNED = st.sampled_from(["u1", "u2", "u4", "u8"])
MULTIPLES = RNG.integers(-20_000, 20_000, 4096)


@given(UNSIGNED.flatmap(lambda kind: arrays.arrays(kind, st.integers(1, 300))))
def test_patterns_are_counted(numbers):
    size, distinct, most_frequent, share = patterns(numbers)
    values, counts = np.unique(numbers, return_counts=True)
    assert size == numbers.size
    assert distinct == values.size
    assert counts[values == most_frequent] == [counts.max()]
    assert share == counts.max() / numbers.size


@given(UNSIGNED, st.data())
def test_trailing_zeros_and_steps_of_integers(kind, data):
    width = 8 * np.dtype(kind).itemsize
    shift = data.draw(st.integers(0, width - 1))
    size = data.draw(st.integers(1, 50))
    numbers = RNG.integers(0, 1 << (width - shift), size, np.uint64) << np.uint64(shift)
    numbers = numbers.astype(kind)
    seen = math.gcd(*numbers.tolist())
    assert trailing_zeros(bits_of(numbers)) == (seen and (seen & -seen).bit_length() - 1)
    differences = [b - a for a, b in pairwise(numbers.tolist())]
    assert common_step(numbers) == math.gcd(*differences)


def test_samples_have_any_shape():
    boxes = (7 + 12 * RNG.integers(0, 9, (2, 8, 20))).astype(np.uint32)
    assert common_step(boxes[:, ::2]) == 12
    assert patterns(boxes[:, ::2]) == patterns(boxes[:, ::2].reshape(-1))
    assert trailing_zeros(bits_of(boxes[:, ::2] << 3)) == 3
    assert decimal_factors(boxes[:, ::2] / 2**10) == [Factor(2.0**10, False, 0.0)]


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
@pytest.mark.parametrize("factor", [1.0, 10.0, 4.0, 3.0])
def test_factors(kind, factor):
    integers = MULTIPLES % 199 - 99 if kind == "f2" else MULTIPLES
    values = (integers / factor).astype(kind)
    assert decimal_factors(values) == [Factor(factor, False, 0.0)]


@pytest.mark.parametrize("power", [2, 3, 6, 9, 12])
def test_powers_of_ten(power):
    assert decimal_factors(MULTIPLES / 10**power) == [Factor(10.0**power, False, 0.0)]


@pytest.mark.parametrize("step", [1.15078, math.pi, 1e6 / 7, 2.0**40, 12345.678, 3e-20])
def test_steps_that_are_not_known_beforehand(step):
    (found,) = decimal_factors(MULTIPLES * step)
    assert found.exceptions == 0
    assert math.isclose(found.per_unit, 1 / step, rel_tol=1e-12)
    singles = (MULTIPLES * step).astype("f4")
    (found,) = decimal_factors(singles)
    assert found.exceptions < 0.001
    assert math.isclose(found.per_unit, 1 / step, rel_tol=1e-6)


def test_steps_among_exceptions():
    values = np.where(RNG.random(4096) < 0.05, RNG.normal(0, 9, 4096), MULTIPLES % 300 * 0.0123457)
    (found,) = decimal_factors(values)
    assert (found.factor, found.times) == (0.0123457, True)
    assert 0.03 < found.far < 0.07


def test_finer_factors_with_fewer_exceptions():
    integers = MULTIPLES * 100
    integers[::30] += 10
    integers[::90] += 1
    values = integers / 10_000
    found = decimal_factors(values)
    assert [one.factor for one in found] == [100.0, 1000.0, 10000.0]
    assert found[0].far > found[1].far > found[2].far == 0
    assert {one.exceptions for one in found} == {0}


def expected_few(numbers, most):
    """Pairs that begin at equal distances, which have no divisor in common with those inside."""
    step = max(1, len(numbers) // most)
    if step == 1:
        return numbers.tolist()
    step = 3 if step == 2 else step
    apart = step - 1 if step % 2 == 0 else step - 2
    assert math.gcd(apart, 2 * step - apart) == 1
    begins = range(0, len(numbers) // (2 * step) * (2 * step), 2 * step)
    return [int(numbers[at]) for begin in begins for at in (begin, begin + apart)]


@given(UNSIGNED, st.integers(1, 3000), st.integers(64, 600), st.integers(1, 40))
def test_what_is_known_at_a_glance(kind, size, most, values):
    numbers = RNG.integers(0, values, size).astype(kind) << np.array(3, kind)
    few, seen, bits, repeats = surveyed(numbers, most)
    assert few.tolist() == few_of(numbers, most).tolist() == expected_few(numbers, most)
    assert min(size, most) // 2 <= few.size <= 2 * most
    assert seen == patterns(few)
    assert bits == bits_of(numbers) == np.bitwise_or.reduce(numbers)
    assert repeats == np.count_nonzero(numbers[1:] == numbers[:-1]) / size


@given(UNSIGNED, st.integers(1, 3000), st.integers(64, 600), st.integers(1, 40))
def test_what_integers_have_in_common(kind, size, most, values):
    numbers = RNG.integers(0, values, size).astype(kind) << np.array(3, kind)
    few, step, least, greatest = told = facts(numbers, most)
    assert few.tolist() == expected_few(numbers, most)
    assert step == common_step(few)
    assert (least, greatest, told.range) == (*extent(numbers), 1 + int(np.ptp(numbers)))


def extent(numbers):
    return min(numbers.tolist()), max(numbers.tolist())


def test_integers_are_dense_if_most_between_the_quarters_are_there():
    dense = RNG.integers(0, 300, 4096).astype("u4")
    assert is_dense(dense)
    assert not is_dense(dense * np.uint32(3))
    dense[:50] = RNG.integers(0, 1 << 32, 50)  # numbers far away make no difference
    assert is_dense(dense)
    assert is_dense(np.full(9, 7, "u8"))


def test_integers_with_gaps_between_them():
    """The most frequent one is no reason to say so."""
    some = RNG.integers(0, 9000, 8192).astype("u2")
    some[::3] = 77
    assert not have_gaps(some)
    assert have_gaps(some * np.uint16(7))
    assert have_gaps(np.repeat(some * np.uint16(3), 9).reshape(8, -1))


def test_one_of_many_exceptions_is_enough_to_look_for_corrections():
    values = MULTIPLES / 1000
    values[1] = np.nextafter(values[1], 0)
    assert [factor.near for factor in decimal_factors(values)] == [False, True]


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_decimals_that_are_nearly_exact(kind):
    values = (MULTIPLES / 1000).astype(kind)
    off = RNG.random(4096) < 0.25
    off &= values != 0
    values[off] = np.nextafter(values[off], values.dtype.type(np.inf))
    assert decimal_factors(values) == [Factor(1000.0, False, 0.0, True, off.mean())]
    values[::50] = np.pi * 1e-5
    (found,) = decimal_factors(values)
    assert (found.factor, found.near) == (1000.0, True)
    assert math.isclose(found.exceptions, 1 / 50, rel_tol=0.02)
    off[::50] = False
    assert found.corrected == off.mean()


@pytest.mark.parametrize("scale", [0.1, 0.01, 1e-4, 0.025])
def test_scales_that_were_rounded_to_floats(scale):
    """A product with such a scale is often another float than a decimal of the same value."""
    rounded = np.float32(scale)
    values = MULTIPLES[MULTIPLES != 0].astype("f4") * rounded
    assert np.mean((MULTIPLES[MULTIPLES != 0] * scale).astype("f4") != values) > 0.1
    found = decimal_factors(values)[0]
    assert (np.float32(found.factor), found.times) == (rounded, True)
    assert found.exceptions == 0
    assert not found.near
    clock = np.arange(0, 1 << 18, 61, np.float32) * rounded
    assert decimal_factors(clock)[0].exceptions == 0


def test_corrections_instead_of_exceptions():
    """Which of the two take fewer bits is not for this to say."""
    values = MULTIPLES / 1000
    off = (RNG.random(4096) < 0.05) & (values != 0)
    values[off] = np.nextafter(values[off], 0)
    exact, near = decimal_factors(values)
    assert exact == Factor(1000.0, False, off.mean())
    assert near == Factor(1000.0, False, 0.0, True, off.mean())


def test_decimals_among_finer_numbers():
    """What is finer is further away from a decimal, and there may be much of it."""
    values = MULTIPLES / 1000
    for share in (0.05, 0.3):
        finer = RNG.random(4096) < share
        values[finer] = RNG.normal(0, 1000, np.count_nonzero(finer))
        found, *_ = decimal_factors(values)
        assert found.factor == 1000
        assert found.exceptions == 0
        assert math.isclose(found.far, finer.mean(), rel_tol=0.3)
    values[RNG.random(4096) < 0.3] = 0
    values[RNG.random(4096) < 0.3] = math.pi
    assert decimal_factors(values) == []  # zeros are decimals of any factor


@pytest.mark.parametrize("off", [0, 1])
def test_numbers_with_all_digits_that_programs_write(off):
    """They are finer than other decimals may be, and some readers are off by a unit."""
    values = np.array([float(f"{value:.15g}") for value in RNG.normal(5, 1, 4096)])
    there = RNG.random(4096) < 0.3
    values = np.where(there, np.nextafter(values, off * np.inf), values) if off else values
    (found,) = decimal_factors(values)
    assert (found.factor, found.near) == (1e14, True)
    assert math.isclose(found.corrected, off * there.mean(), rel_tol=0.05)
    assert decimal_factors(RNG.normal(5, 1, 4096)) == []
    narrow = RNG.normal(5, 1, 4096).astype("f4")
    assert decimal_factors(np.array([float(f"{value:.15g}") for value in narrow])) == []


def test_exceptions_that_come_again_are_kept():
    values = MULTIPLES / 1000
    others = RNG.random(4096) < 0.08
    values[others] = RNG.choice(RNG.normal(0, 1000, 20), np.count_nonzero(others))
    found, *_ = decimal_factors(values)
    assert (found.factor, found.far) == (1000.0, 0.0)
    assert math.isclose(found.exceptions, others.mean(), rel_tol=0.01)


def test_exceptions_that_come_first():
    """Where there are many among the first numbers, a factor is of no use if these are from all."""
    values = MULTIPLES / 1000
    values[:300] = RNG.normal(size=300)
    (found,) = decimal_factors(values)
    assert found.factor == 1000
    assert found.far == 300 / 4096


def test_numbers_without_a_factor():
    for values in (
        RNG.normal(size=4096),
        RNG.random(4096).astype("f4"),  # a billionth is nothing to these
        RNG.normal(size=4096).astype("f2"),
        np.where(RNG.random(4096) < 0.6, 0, RNG.normal(size=4096)).astype("f2"),
        np.full(4096, np.nan),
        np.where(RNG.random(4096) < 0.2, np.nan, MULTIPLES),
        np.where(RNG.random(4096) < 0.2, -0.0, MULTIPLES),
        np.full(100, 5e-324),
        np.array([math.pi, math.e]),
    ):
        assert decimal_factors(values) == []


@example(np.array([1.79769313e293]))
@example(np.array([5e-324, 1e-310]))
@given(arrays.arrays(st.sampled_from(["f2", "f4", "f8"]), st.integers(0, 60)))
def test_any_floats_are_multiples_as_often_as_it_says(values):
    for factor, times, exceptions, near, corrected, far in decimal_factors(values):
        with np.errstate(all="ignore"):
            doubles = values.astype(np.float64)
            integers = np.rint(doubles / factor if times else doubles * factor) + 0.0
            back = (integers * factor if times else integers / factor).astype(values.dtype)
        pairs = zip(*(one.view(f"u{one.itemsize}").tolist() for one in (back, values)), strict=True)
        off = np.array([abs(one - other) for one, other in pairs], dtype=object)
        assert np.count_nonzero(off > 8 * near) <= round((exceptions + far) * values.size)
        assert np.count_nonzero(off) <= round((exceptions + far + corrected) * values.size)
        assert exceptions <= 0.1
        assert far <= 0.4
