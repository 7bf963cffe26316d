"""What is compiled in fewer steps is what Numba compiles."""

import numpy as np
import pytest
from no_cache import compiled_anew  # noqa: F401
from numba.core import config

from ansflow.kernels import compiler
from ansflow.kernels.jit import kernel

pytestmark = [
    pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled"),
    pytest.mark.skipif(not compiler.KNOWN, reason="Numba compiles in its own way"),
]


def times_read(function):
    from ansflow.kernels.steps import READ

    return sum(read is function.py_func for read, _ in READ)


def test_a_function_is_read_once_for_all_types():
    @kernel
    def total(numbers, more):
        result = more
        for number in numbers:
            result += number
        return result

    for kind in ("u1", "u4", "f8"):
        assert total(np.array([1, 2, 4], kind), np.dtype(kind).type(1)) == 8
    assert total(np.array([0.25, 0.5]), np.float64(0)) == 0.75
    assert times_read(total) == 1


def test_and_once_more_where_types_decide_what_it_does():
    @kernel
    def lengths(numbers, more):
        return numbers.ndim if more is None else numbers.ndim * numbers.size + more

    for array in (np.ones(3), np.ones((3, 2)), np.ones((3, 2), np.uint8)):
        assert lengths(array, None) == array.ndim
        assert lengths(array, np.int64(1)) == array.ndim * array.size + 1
    assert times_read(lengths) == 4


@pytest.mark.parametrize("kind", ["u1", "i8", "f4"])
def test_items_are_told_by_numbers_of_any_kind(kind):
    @kernel
    def move(items):
        items[0] = items[-1]
        items[np.uint64(1)] = items[np.int64(2)]
        items[-2] = 9
        return items[1]

    array = np.arange(10, 15).astype(kind)
    assert move(array) == 12
    assert array.tolist() == [14, 12, 12, 9, 14]


def test_variables_that_are_made_in_branches_and_loops():
    @kernel
    def collatz(number):
        steps = 0
        while number != 1:
            half = number >> 1
            if number & 1:
                number *= 3
                number += 1
            else:
                number = half
            steps += 1
        last = number if steps else -1
        return steps, last, half if steps else 0

    for _ in range(2):  # of which the second finds the code
        assert collatz(np.int64(27)) == (111, 1, 1)
        assert collatz(np.int64(1)) == (0, -1, 0)
