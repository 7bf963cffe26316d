"""Values of variables have the names that they would have from Numba, or others in their place."""

import importlib
from types import FunctionType

import numpy as np
import pytest
from numba.core import ir
from numba.core.compiler import run_frontend
from numba.core.ssa import reconstruct_ssa

from ansflow.kernels import compiler
from ansflow.kernels.jit import kernel

pytestmark = pytest.mark.skipif(not compiler.KNOWN, reason="Numba's own steps are taken")

MODULES = ["coders.adaptive", "coders.order1", "tables.frequency_code", "tables.row_classes"]
MODULES += ["transforms.cost", "transforms.detect", "transforms.log", "transforms.recurrence"]


def functions(module):
    """Those of a module that kernels are made of."""
    found = vars(importlib.import_module(f"ansflow.kernels.{module}")).values()
    plain = [getattr(each, "py_func", each) for each in found]
    return [
        each
        for each in plain
        if isinstance(each, FunctionType) and each.__module__.endswith(f".{module}")
    ]


def rebound(x, n):
    """A name for two types, of which each place sees one."""
    x = np.uint64(x)
    for i in range(n):
        if i & 1:
            y = x + np.uint64(1)
        else:
            y = x
            continue
        while y:
            y, x = x, y >> np.uint64(1)
    return x


def never_made(n):
    """A variable that nothing may have made where it is read."""
    for i in range(n):
        found = i
    return found


def as_numbers(blocks, names):
    """What statements do, with variables as numbers; what meets at the begin of blocks, sorted."""
    numbers = {}

    def number(variable):
        if variable is ir.UNDEFINED:
            return None
        return numbers.setdefault(variable.name, len(numbers))

    def of_before(statement):
        """The name that a variable had before values had names of their own."""
        name = statement.target.name
        return name if name in names else name.rpartition(".")[0]

    done, met = [], []
    for label in sorted(blocks):
        for statement in blocks[label].body:
            if isinstance(statement, ir.Assign) and is_phi(statement.value):
                met.append((label, of_before(statement), statement))
                continue
            read = [number(each) for each in statement.list_vars()]
            done.append((label, type(statement), type(getattr(statement, "value", None)), read))
    meeting = []
    for label, name, statement in sorted(met, key=lambda one: one[:2]):
        target, value = number(statement.target), statement.value
        left = zip(value.incoming_blocks, map(number, value.incoming_values), strict=True)
        meeting.append((label, name, target, sorted(left, key=str)))
    return done, meeting


def is_phi(value):
    return isinstance(value, ir.Expr) and value.op == "phi"


@pytest.mark.parametrize(
    "given", [*map(functions, MODULES), [rebound, never_made]], ids=[*MODULES, "here"]
)
def test_names_are_those_of_numba(given):
    from ansflow.kernels.ssa import Names

    assert given
    for function in given:
        theirs, ours = run_frontend(function), run_frontend(function)
        names = {
            statement.target.name
            for block in ours.blocks.values()
            for statement in block.body
            if isinstance(statement, ir.Assign)
        }
        Names(ours.blocks).give()
        expected = as_numbers(reconstruct_ssa(theirs).blocks, names)
        assert as_numbers(ours.blocks, names) == expected, function


def test_one_name_may_stand_for_two_types():
    compiled = kernel(rebound)
    assert [int(compiled(np.uint8(x), n)) for x in (0, 200) for n in range(5)] == [
        int(rebound(x, n)) for x in (0, 200) for n in range(5)
    ]
