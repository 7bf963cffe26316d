"""What a function knows beforehand, numbers and names of other files: stated once, at its begin.

Numba states it wherever it is used, and looks ``np.uint64`` up in its module each time. That is a
quarter of all statements, each of which has its type found, and becomes instructions.
"""

from collections import Counter
from types import ModuleType
from typing import Any

import numpy as np
from numba.core import ir
from numba.core.compiler_machinery import FunctionPass, register_pass

from ansflow.kernels.variables import replace_variables

__all__ = ["LiteralsOnce"]

# Values that are the same if they look the same, and are of the same type.
PLAIN = (int, float, complex, str, np.generic, type(None))


def key_of(value: Any) -> Any:
    """What equal values have in common."""
    return (type(value), repr(value)) if isinstance(value, PLAIN) else id(value)


class Literals:
    """The variables of a function that hold what is known beforehand."""

    def __init__(self, blocks: Any) -> None:
        self._made = Counter(  # how often each variable is
            statement.target.name
            for block in blocks.values()
            for statement in block.body
            if isinstance(statement, ir.Assign)
        )
        self._values: dict[str, Any] = {}  # by the names of these variables
        self._first: dict[Any, Any] = {}  # the first statement for each value
        self._used: dict[str, Any] = {}  # those of them that are needed

    def takes(self, statement: Any) -> bool:
        """Whether all that a statement does is to state such a value."""
        if not isinstance(statement, ir.Assign):
            return False
        target, value = statement.target, statement.value
        if self._made[target.name] != 1:
            return False
        if isinstance(value, (ir.Global, ir.FreeVar, ir.Const)):
            known = value.value
        elif isinstance(value, ir.Expr) and value.op == "getattr":
            module = self._values.get(value.value.name)
            if not isinstance(module, ModuleType):
                return False
            known = getattr(module, value.attr)
            statement = ir.Assign(ir.Global(value.attr, known, value.loc), target, statement.loc)
        else:
            return False
        self._values[target.name] = known
        self._first.setdefault(key_of(known), statement)
        return True

    def instead_of(self, variable: Any) -> Any:
        """The first variable that holds the same, if it is known beforehand."""
        if variable.name not in self._values:
            return variable
        statement = self._first[key_of(self._values[variable.name])]
        self._used[statement.target.name] = statement
        return statement.target

    def statements(self) -> list[Any]:
        """Those that are left."""
        return [*self._used.values()]


@register_pass(mutates_CFG=False, analysis_only=False)
class LiteralsOnce(FunctionPass):
    """State each value once."""

    _name = "literals_once"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        blocks = state.func_ir.blocks
        literals = Literals(blocks)
        for label in sorted(blocks):
            block = blocks[label]
            block.body = [each for each in block.body if not literals.takes(each)]
        for block in blocks.values():
            for statement in block.body:
                replace_variables(statement, literals.instead_of)
        first = blocks[min(blocks)]
        first.body = literals.statements() + first.body
        return True
