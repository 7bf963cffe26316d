"""What operators and functions of Numba do for certain types is looked up once."""

import functools
import operator
from typing import Any

import numpy as np
from numba.core import types
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NopythonTypeInference

from ansflow.kernels.arrays import MAKERS
from ansflow.kernels.extremes import EXTREMES

__all__ = ["KernelTypeInference", "signature_of"]


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
        is_extreme = value is min or value is max
        return self._context.resolve_value_type(EXTREMES[value] if is_extreme else value)

    def resolve_getattr(self, typ: Any, attr: str) -> Any:
        """The type of an attribute."""
        if isinstance(typ, types.Module) and typ.pymod is np and attr in MAKERS:
            return self._context.resolve_value_type(MAKERS[attr])
        return self._context.resolve_getattr(typ, attr)

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


@register_pass(mutates_CFG=True, analysis_only=False)
class KernelTypeInference(NopythonTypeInference):
    """Numba's step, which remembers."""

    _name = "kernel_type_inference"

    def run_pass(self, state: Any) -> bool:
        context = state.typingctx
        state.typingctx = Remembering(context)
        try:
            return bool(super().run_pass(state))
        finally:
            state.typingctx = context
