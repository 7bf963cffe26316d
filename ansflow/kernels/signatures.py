"""What operators and functions of Numba do for certain types is looked up once."""

import functools
import operator
from types import BuiltinFunctionType
from typing import Any

from numba.core import types

from ansflow.kernels.arrays import MAKERS
from ansflow.kernels.extremes import EXTREMES

__all__ = ["Remembering", "signature_of"]

# What stands in for functions.
INSTEAD: dict[Any, Any] = {**EXTREMES, **MAKERS}


@functools.cache
def signature_of(function: Any, kinds: tuple[Any, ...], context: Any) -> Any:
    """The types that a function takes if its arguments are of some others, and what it returns.

    Numba tries one template after the other at each place where, say, two numbers are added.
    """
    return function.get_call_type(context, kinds, {})


@functools.cache
def signature_of_number(number: Any, kinds: tuple[Any, ...], context: Any) -> Any:
    """The same for making a number of another type."""
    return context.resolve_function_type(number, kinds, {})


class Remembering:
    """What Numba knows of types, and what it has been asked before."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def resolve_value_type(self, value: Any) -> Any:
        """The type of what a name stands for."""
        if isinstance(value, BuiltinFunctionType):
            value = INSTEAD.get(value, value)
        return self._context.resolve_value_type(value)

    def resolve_function_type(self, func: Any, args: Any, kws: Any) -> Any:
        """The signature of a call."""
        if func is operator.getitem and isinstance(args[0], types.Array):
            # It does not matter which number the index is.
            kinds = tuple(map(types.unliteral, args))
            return signature_of(self._context.resolve_value_type(func), kinds, self._context)
        if isinstance(func, types.Function) and not kws:
            return signature_of(func, tuple(args), self._context)
        if isinstance(func, types.NumberClass):
            return signature_of_number(func, tuple(args), self._context)
        return self._context.resolve_function_type(func, args, kws)

    def resolve_setitem(self, target: Any, index: Any, value: Any) -> Any:
        """The signature of writing an item."""
        kinds = target, types.unliteral(index), types.unliteral(value)
        return signature_of(
            self._context.resolve_value_type(operator.setitem), kinds, self._context
        )
