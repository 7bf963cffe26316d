"""Variables are values where they can be, and what is counted is let go of."""

import numpy as np
import pytest
from no_cache import compiled_anew  # noqa: F401
from numba.core import config, ir

from ansflow.kernels import compiler
from ansflow.kernels.jit import inlined, kernel

pytestmark = [
    pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled"),
    pytest.mark.skipif(not compiler.KNOWN, reason="Numba compiles in its own way"),
]


def sums(array, limit):
    scale = limit * 2
    total = 0
    for i in range(array.size):
        item = array[i] * scale
        if item > limit:
            total += item
    return total, scale


def test_only_what_is_assigned_twice_is_in_memory(monkeypatch):
    from ansflow.kernels.instructions import KernelLower

    in_memory, let_go = set(), set()

    def alloca(self, name, kind, datamodel=None):
        in_memory.add(name.partition(".")[0])
        return plain(self, name, kind, datamodel)

    plain = KernelLower.alloca_lltype
    monkeypatch.setattr(KernelLower, "alloca_lltype", alloca)
    monkeypatch.setattr(KernelLower, "delvar", lambda self, name: let_go.add(name))
    array = np.arange(9)
    assert kernel(sums)(array, 5) == sums(array, 5)
    assert in_memory.isdisjoint({"array", "limit", "scale", "item"})
    assert "total" in in_memory
    assert not let_go


def made_in_one_branch(array, limit):
    for i in range(limit):
        if array[i] > 3:
            found = array[i] * 10
        if array[i] > 3:
            array[i] = found
    return array[-1]


def made_by_either(array, limit):
    part = array[:limit] if limit > 3 else array[1:]
    if limit > 2:
        other = part[1:]
        limit += other.size
    return limit + part[-1]


@pytest.mark.parametrize(
    "function",
    [sums, made_in_one_branch, made_by_either],
    ids=lambda function: function.__name__,
)
def test_ways_through_a_function(function):
    compiled = kernel(function)
    for limit in range(1, 9):
        arrays = np.tile(np.array([5, 1, 2, 7, 3, 3, 9, 4, 8]), (2, 1))
        assert compiled(arrays[0], limit) == function(arrays[1], limit)
        np.testing.assert_array_equal(*arrays)


def test_statements_that_are_copied_have_nothing_of_their_own_in_common():
    from ansflow.kernels.inlining import READ

    @inlined
    def clipped(x, limit):
        return np.uint64(limit) if x > limit else np.uint64(x)

    @kernel
    def twice(x, y):
        return clipped(x, np.uint64(5)) + clipped(y, np.uint64(7))

    assert twice(np.uint64(9), np.uint64(6)) == 11
    _, statements = READ[clipped.py_func]
    one, other = statements.copied(), statements.copied()
    assert one == other
    bodies = [[each for block in copy.values() for each in block.body] for copy in (one, other)]
    assert not set(map(id, bodies[0])) & set(map(id, bodies[1]))
    values = [
        [each.value.value for each in body if isinstance(getattr(each, "value", 0), ir.Global)]
        for body in bodies
    ]
    assert values[0]
    assert all(x is y for x, y in zip(*values, strict=True))
