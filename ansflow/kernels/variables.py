"""Where Numba's statements have their variables."""

from collections.abc import Callable, Iterator
from typing import Any

from numba.core import ir

__all__ = ["replace_variables", "variables_of"]


def parts_of(statement: Any) -> dict[str, Any]:
    """What a statement is about, but for the variable that it makes, by name."""
    if not isinstance(statement, ir.Assign):
        own: dict[str, Any] = vars(statement)
        return own
    value: Any = statement.value
    parts: dict[str, Any] = value._kws if isinstance(value, ir.Expr) else {"value": value}
    return parts


def variables_of(statement: Any) -> Iterator[Any]:
    """Yield the variables that a statement reads."""
    for part in parts_of(statement).values():
        yield from within(part)


def within(part: Any) -> Iterator[Any]:
    """Yield the variables in a part, which may be a list, also of pairs."""
    if isinstance(part, ir.Var):
        yield part
    elif isinstance(part, (list, tuple)):
        for each in part:
            yield from within(each)


def replace_variables(statement: Any, instead: Callable[[Any], Any]) -> None:
    """Have a statement read others: what `instead` returns for each variable."""
    if isinstance(statement, ir.Assign) and isinstance(statement.value, ir.Var):
        statement.value = instead(statement.value)
        return
    parts = parts_of(statement)
    for name, part in parts.items():
        if isinstance(part, ir.Var):
            parts[name] = instead(part)
        elif isinstance(part, (list, tuple)):
            parts[name] = replaced(part, instead)


def replaced(part: Any, instead: Callable[[Any], Any]) -> Any:
    """The same with other variables."""
    if isinstance(part, ir.Var):
        return instead(part)
    if isinstance(part, (list, tuple)):
        return type(part)([replaced(each, instead) for each in part])
    return part
