"""What counts as an integer argument."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from ansflow.arguments import integer, real_numbers, shape_of

INTEGERS = [int, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
OTHERS = [True, False, np.True_, np.array(True), 5.0, np.float32(5), np.array(5.0), "5", b"5", None]
OTHERS += [np.array([5]), [5], 5j, np.timedelta64(5, "s")]


@pytest.mark.parametrize("kind", [*INTEGERS, *(lambda n, k=k: np.array(n, k) for k in INTEGERS)])
def test_all_integers_are_python_integers_then(kind):
    number = integer(kind(100), "n", 1, 100)
    assert type(number) is int
    assert number == 100


@pytest.mark.parametrize("value", OTHERS, ids=repr)
def test_nothing_else_is_an_integer(value):
    with pytest.raises(TypeError, match=r"^n must be an integer, not "):
        integer(value, "n")
    with pytest.raises(KeyError):
        integer(value, "n", type_error=KeyError)


@given(st.integers(-5, 5), st.integers(-5, 5), st.integers(-5, 5))
def test_bounds_are_possible_values(value, low, high):
    if low <= value <= high:
        assert integer(np.int8(value), "n", low, high) == value
    else:
        with pytest.raises(ValueError, match=f"^n must be {low} to {high}, not {value}$"):
            integer(np.int8(value), "n", low, high)


def test_a_number_of_any_length_can_be_refused():
    with pytest.raises(ValueError, match="a number of 16610 bits"):
        integer(10**5000, "n", high=1)


def test_shapes():
    assert shape_of(np.array(3)) == shape_of(np.uint8(3)) == shape_of([3]) == (3,)
    assert shape_of(()) == ()
    sizes = shape_of(np.array([200, 200], np.uint8))
    assert sizes == (200, 200)
    assert all(type(size) is int for size in sizes)
    with pytest.raises(ValueError, match="must be at least 0"):
        shape_of((2, -1))
    for wrong in ("23", (2, 3.0), (True,), None):
        with pytest.raises(TypeError, match="an axis of shape"):
            shape_of(wrong)


@pytest.mark.parametrize(
    "item",
    ["1", b"1", None, 1j, np.timedelta64(1, "s"), np.datetime64(1, "s"), [1], 10**400],
    ids=lambda item: f"{type(item).__name__}",
)
def test_objects_that_are_no_real_numbers(item):
    objects = np.empty(2, object)
    objects[:] = [1, 2]
    objects[1] = item
    with pytest.raises(TypeError, match="weights must be real numbers: "):
        real_numbers(objects, "weights")


def test_objects_that_are_real_numbers():
    objects = np.array([1, 10**30, 0.5, True, Fraction(1, 2), Decimal("0.25"), np.int8(3)], object)
    assert real_numbers(objects, "weights").tolist() == [1, 1e30, 0.5, 1, 0.5, 0.25, 3]
