"""Types of the variables of a function: what cannot have changed is not asked again.

Numba applies what each statement demands of types, one after the other, until none changes any
more. Here that is applied again whose variables have other types than when it was applied last.
"""

from collections.abc import Iterator
from typing import Any

from numba.core import ir
from numba.core.compiler_machinery import register_pass
from numba.core.errors import NumbaWarning, TypingError, WarningsFixer  # type: ignore[attr-defined]
from numba.core.typed_passes import NopythonTypeInference
from numba.core.typeinfer import ConstraintNetwork, TypeInferer

from ansflow.kernels.signatures import Remembering

__all__ = ["KernelTypeInference"]


def names_in(value: Any) -> Iterator[str]:
    """The variables in a part of a constraint; of other strings, it does not matter."""
    if isinstance(value, ir.Var):
        yield value.name
    elif isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from names_in(part)


class Constraints(ConstraintNetwork):
    """What the statements of a function demand, and what came of it."""

    def __init__(self) -> None:
        super().__init__()
        self._names: list[tuple[str, ...]] = []
        self._types: list[list[Any]] = []  # of these variables, after a constraint was applied
        self._error: dict[int, TypingError] = {}  # by the place of a constraint

    def append(self, constraint: Any) -> None:
        super().append(constraint)
        parts = vars(constraint).values()
        self._names.append(tuple({name for part in parts for name in names_in(part)}))
        self._types.append([])

    def propagate(self, typeinfer: Any) -> list[TypingError]:
        """Apply constraints once, and return what stands in the way of some of them."""
        for place, constraint in enumerate(self.constraints):
            if self._types[place] == self._types_for(place, typeinfer):
                continue
            self._error.pop(place, None)
            try:
                constraint(typeinfer)
            except TypingError as error:
                self._error[place] = error
            self._types[place] = self._types_for(place, typeinfer)
        return list(self._error.values())

    def _types_for(self, place: int, typeinfer: Any) -> list[Any]:
        variables = typeinfer.typevars
        return [variables[name].type if name in variables else None for name in self._names[place]]


@register_pass(mutates_CFG=True, analysis_only=False)
class KernelTypeInference(NopythonTypeInference):
    """Numba's step, which remembers."""

    _name = "kernel_type_inference"

    def run_pass(self, state: Any) -> bool:
        context, function = state.typingctx, state.func_ir
        warnings = WarningsFixer(NumbaWarning)
        inferer = TypeInferer(Remembering(context), function, warnings)
        inferer.constraints = Constraints()
        called = context.callstack.register(
            state.targetctx.target, inferer, function.func_id, state.args
        )
        with called, warnings:
            for index, (name, kind) in enumerate(zip(function.arg_names, state.args, strict=True)):
                inferer.seed_argument(name, index, kind)
            inferer.build_constraint()
            with warnings.catch_warnings():
                inferer.propagate()
            state.typemap, state.return_type, state.calltypes = inferer.unify()
        return True
