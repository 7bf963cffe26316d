"""Kernels do what their functions do in Python, though less is compiled than Numba would."""

import inspect
import os
import sys

import numpy as np
import pytest
from children import python
from no_cache import NoCache
from numba.core import config, event
from numba.core.lowering import Lower
from numba.core.runtime import _nrt_python, rtsys

from ansflow.kernels import compiler
from ansflow.kernels.instructions import KernelLower
from ansflow.kernels.jit import inlined, inner, kernel

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")

ONE, TWO = np.uint64(1), np.uint64(2)


def argument_itself(array, other):
    return array


def either(array, other):
    chosen = array if array[0] > other[0] else other
    return chosen


def argument_replaced(array, other):
    for _ in range(3):
        array = array[1:]
    return array


def swapped(array, other):
    for _ in range(3):
        array, other = other, array
    return array


def in_a_tuple(array, other):
    pair = (array, other[1:])
    return pair[1]


def made_in_a_loop(array, other):
    kept = np.zeros(array.size, np.int64)
    for i in range(5):
        made = np.empty(array.shape, array.dtype)
        for k in range(array.size):
            made[k] = array[k]
        if i > 2:
            kept = made
    return kept


def seen_as_words(array, other):
    halves = array.view(np.uint32)
    array = halves[2:].view(np.int64)
    return array.view(np.uint16)


def by_a_part(array, other):
    kept = part(array, other)
    return part(kept, array)


@inner
def part(array, other):
    made = np.zeros(other.size, np.int64)
    made[0] = array[ONE]
    return made if array[0] > 0 else other


def used_in_one_branch(array, other):
    made, total = np.zeros(4, np.int64), 0
    if array[0] > 0:
        made[0] = array[1]
        total += made[0] + made.size
    for i in range(3):
        kept = np.zeros(i + 2, np.int64)
        if i == 1:
            kept[1] = total
            continue
        if other[i] > 5:
            total += kept[1] + other[-1:][0]
        for k in range(kept.size):
            total += k
            if total > 40:
                break
        else:
            total += kept.size
    while total > 7:
        total -= np.ones(3, np.int64).size
    last = np.zeros(2, np.int64)
    last[0] = total
    return last


def used_before_a_loop(array, other):
    made = np.zeros(array.size, np.int64)
    if other[0] > 0:
        for i in range(array.size):
            made[i] = other[i]
        array = made
    for i in range(3):
        part = array[i:]
        if part[0] == 2:
            return part
    return array


RETURNING = (
    *(argument_itself, either, argument_replaced, swapped, in_a_tuple, made_in_a_loop),
    *(seen_as_words, by_a_part, used_in_one_branch, used_before_a_loop),
)


@pytest.mark.parametrize("function", RETURNING, ids=lambda function: function.__name__)
def test_references_to_arrays_are_counted_right(function):
    _nrt_python.memsys_enable_stats()
    array, other = np.arange(9), np.arange(9)[::-1].copy()
    compiled = kernel(function)
    for given in ((array, other), (other, array)):
        expected = function(*given)
        np.testing.assert_array_equal(compiled(*given), expected)
        del expected
        held = [sys.getrefcount(each) for each in given]
        before = rtsys.get_allocation_stats()
        for _ in range(50):
            compiled(*given)
        after = rtsys.get_allocation_stats()
        assert [sys.getrefcount(each) for each in given] == held
        assert after.alloc - before.alloc == after.free - before.free
        assert after.alloc > before.alloc or "np.empty" not in inspect.getsource(function)


def items(array, flat):
    total = np.uint64(0)
    for i in range(np.uint64(array.shape[0])):
        for j in range(array.shape[1]):
            array[i, np.uint64(j)] += flat[np.uint64(j)]
            total += np.uint64(array[i, np.uint64(j)])
        flat[i] = array[np.uint64(i)][TWO]
        array[i, -1] = flat[-1]
    return total


@pytest.mark.parametrize(
    ("order", "dtype"),
    [("C", np.uint8), ("C", np.float32), ("F", np.int16), ("part", np.uint64)],
)
def test_items(order, dtype):
    numbers = np.arange(12).astype(dtype).reshape(3, 4)
    flat = np.arange(5, 9).astype(dtype)
    arrays = []
    for _ in range(2):
        array = numbers.copy()
        if order == "F":
            array = np.asfortranarray(array)
        if order == "part":
            array = np.zeros((5, 9), dtype)[1:4, 2:6]
            array[:] = numbers
        arrays.append([array, flat.copy()])
    assert kernel(items)(*arrays[0]) == items(*arrays[1])
    for found, expected in zip(*arrays, strict=True):
        np.testing.assert_array_equal(found, expected)


def parts(array, first, stop):
    total = np.int64(0)
    flat = array[first]
    flat[stop:] = 3
    flat[:-1] += flat[1:]
    array[1:stop][:] = flat[0]
    array[first:] = flat.size
    array[0][first:stop] = np.uint8(7)
    for part in (array[first:stop], array[:], array[-2:], array[:stop]):
        for row in range(len(part)):
            total += np.int64(part[row, -1]) + np.int64(part[-1][row])
        total += part.size
    flat[:] = 2.0
    flat[-1] = total % 100
    array[1, 1:] = flat[1:]
    array[::2] = flat[-1]
    return total


@pytest.mark.parametrize(
    ("dtype", "order"), [(np.uint8, "C"), (np.int32, "F"), (np.float64, "C"), (np.bool_, "F")]
)
def test_rows_and_slices(dtype, order):
    compiled = kernel(parts)
    for first, stop in ((0, 2), (1, 3), (-1, -2), (-2, 9), (2, -9), (1, 1)):
        found, expected = (np.array(np.eye(3, 4) * 9, dtype, order=order) for _ in range(2))
        assert compiled(found, first, stop) == parts(expected, first, stop)
        np.testing.assert_array_equal(found, expected)


def upwards(first, stop, seen):
    count = ONE - ONE
    last = first
    for i in range(stop):
        seen[count] = i
        count += ONE
    for i in range(first, stop):
        seen[count] = i
        count += ONE
        last = i
        if count > 30:
            break
    for i in range(first, stop, 3):
        for j in range(first, i):
            seen[count] = j
            count += ONE
    for i in range(stop, first, -2):
        seen[count] = i
        count += ONE
    return count, last


def test_ranges():
    compiled = kernel(upwards)
    for limits in ((0, 0), (0, 5), (5, 0), (2, 3), (-3, 4), (4, -3), (-5, -2), (0, 29)):
        seen = np.zeros((2, 500), np.int64)
        assert compiled(*limits, seen[0]) == upwards(*limits, seen[1])
        np.testing.assert_array_equal(*seen)


def compiled_by(call):
    with event.install_listener("numba:compile", event.RecordingListener()) as seen:
        call()
    return [e.data["dispatcher"].__name__ for _, e in seen.buffer if e.is_start]


def test_making_arrays_compiles_nothing_else():
    @kernel
    def makes(size):
        few = np.zeros(3, np.uint64).view(np.uint8)[:7]
        many = np.empty((size, few.size), np.uint16)
        many[:] = 2
        floats = np.zeros((2, 3))
        return few.sum() + many.sum() + floats.sum()

    @kernel
    def makes_none(few, many, floats):
        return few.sum() + many.sum() + floats.sum()

    makes.dispatcher._cache = NoCache()
    compiled_by(
        lambda: makes_none(np.zeros(7, np.uint8), np.ones((4, 7), np.uint16), np.zeros((2, 3)))
    )
    assert makes(3) == 42
    assert compiled_by(lambda: makes(np.uint8(3))) == ["makes"]


def extremes(a, b, x, y, out):
    out[0], out[1] = min(a, b), max(a, b)
    out[2], out[3] = min(x, y), max(x, y)
    out[4], out[5] = max(1, a), min(b, 2.5)
    out[6] = max(a, x)


@pytest.mark.skipif(not compiler.KNOWN, reason="Numba compiles in its own way")
@pytest.mark.parametrize(
    "given",
    [
        (3, 4, 0.5, np.nan),
        (4, 3, np.nan, 0.5),
        (np.uint64(1 << 63), np.uint16(7), -0.0, 0.0),
        (np.uint8(3), np.int64(-4), 1.0, 1.0),
    ],
)
def test_extremes_of_two_numbers_compile_nothing_else(given):
    compiled = kernel(extremes)
    compiled.dispatcher._cache = NoCache()
    found, expected = np.zeros((2, 7))
    assert compiled_by(lambda: compiled(*given, found)) == ["extremes"]
    extremes(*given, expected)
    np.testing.assert_array_equal(found, expected)


FIRST = """
import numpy as np
from ansflow.kernels.jit import kernel

@kernel
def makes(size):
    return np.empty(size).size

def check():
    assert makes(3) == 3
"""


def test_the_first_kernel_of_a_process_makes_arrays(tmp_path):
    (tmp_path / "first.py").write_text(FIRST)
    result = python(
        "import first; first.check()", cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}
    )
    assert (result.stderr, result.returncode) == ("", 0)


def test_memory_that_there_is_not_is_an_error():
    @kernel
    def makes(size):
        return np.empty(size).size

    with pytest.raises(MemoryError):
        makes(1 << 58)


@pytest.mark.parametrize("known", [True, False])
def test_a_release_of_numba_that_is_not_known_compiles_in_its_own_way(known, monkeypatch):
    @inner
    def add_up(numbers, seen):
        total = np.uint64(0)
        for k in range(numbers.size):
            total += numbers[k]
            seen[k] = total
        return total

    @inlined
    def twice(x):
        return x + x

    @kernel
    def sums(numbers):
        seen = np.zeros(numbers.size, np.uint64)
        return twice(add_up(numbers, seen)), seen

    sums.dispatcher._cache = NoCache()  # that of an earlier run would do
    monkeypatch.setattr(compiler, "KNOWN", known)
    steps = []
    monkeypatch.setattr(KernelLower, "lower", lambda self: (steps.append(1), Lower.lower(self)))
    total, seen = sums(np.arange(1, 5, dtype=np.uint64))
    assert total == 20
    assert seen.tolist() == [1, 3, 6, 10]
    assert bool(steps) == known
