"""What a function knows beforehand, numbers and names of other files: stated once, at its begin.

Numba states it wherever it is used, and looks ``np.uint64`` up in its module each time. That is a
quarter of all statements, each of which has its type found, and becomes instructions.
"""

from collections import Counter
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
from numba.core import ir
from numba.core.compiler_machinery import FunctionPass, register_pass

__all__ = ["LiteralsOnce"]

# Values that are the same if they look the same, and are of the same type.
PLAIN = (int, float, complex, str, np.generic, type(None))


def key_of(value: Any) -> Any:
    """What equal values have in common."""
    return (type(value), repr(value)) if isinstance(value, PLAIN) else id(value)


def parts_of(statement: Any) -> Iterator[dict[str, Any]]:
    """Where a statement has its variables, but for the one it makes."""
    own = vars(statement)
    if not isinstance(statement, ir.Assign) or isinstance(statement.value, ir.Var):
        yield own
    elif isinstance(statement.value, ir.Expr):
        yield statement.value._kws


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

    def put_into(self, parts: dict[str, Any]) -> None:
        """Replace variables by the first that holds the same."""
        for name, part in parts.items():
            if isinstance(part, ir.Var):
                parts[name] = self._instead_of(part)
            elif isinstance(part, (list, tuple)):
                parts[name] = type(part)(map(self._within, part))

    def _within(self, part: Any) -> Any:
        if isinstance(part, ir.Var):
            return self._instead_of(part)
        return tuple(map(self._within, part)) if isinstance(part, tuple) else part

    def _instead_of(self, variable: Any) -> Any:
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
                for parts in parts_of(statement):
                    literals.put_into(parts)
        first = blocks[min(blocks)]
        first.body = literals.statements() + first.body
        return True
