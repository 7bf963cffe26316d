"""What becomes part of its callers is read once, not at each call."""

import io
import pickle
from collections.abc import Callable
from types import NoneType
from typing import Any

from numba.core import ir
from numba.core.bytecode import FunctionIdentity
from numba.core.compiler_machinery import register_pass
from numba.core.inline_closurecall import InlineWorker
from numba.core.untyped_passes import InlineInlinables

from ansflow.kernels.steps import Steps, needed

__all__ = ["InlineRemembered"]

# What Numba has made of the bytecode of a function: all but the statements, and these.
READ: dict[Callable[..., Any], tuple[Any, "Statements"]] = {}

# What statements consist of, and a copy has to have of its own. (Not the place in the sources.)
OWN = (
    *(ir.Inst, ir.Var, ir.Scope, ir.VarMap, ir.Block, ir.EqualityCheckMixin),
    *(dict, list, set, tuple, str, int, float, NoneType),
)


class Copied(ir.Block):
    """Statements that are a copy: Numba would take two more, one of them to look back at."""

    def __deepcopy__(self, memo: Any) -> "Copied":
        return self


class Statements:
    """Statements of a function, of which copies are taken.

    As bytes, they are copied in a tenth of the time.
    """

    def __init__(self, blocks: dict[int, Any]) -> None:
        self._shared: list[Any] = []
        copied = {}
        for label, block in blocks.items():
            copied[label] = Copied(block.scope, block.loc)
            copied[label].body = block.body
        file = io.BytesIO()
        pickler = pickle.Pickler(file, pickle.HIGHEST_PROTOCOL)
        pickler.persistent_id = self._share  # type: ignore[method-assign]
        pickler.dump(copied)
        self._bytes = file.getvalue()

    def _share(self, value: Any) -> int | None:
        if isinstance(value, OWN) and value is not ir.UNDEFINED:
            return None
        self._shared.append(value)
        return len(self._shared) - 1

    def copied(self) -> Any:
        """A copy, which may be changed."""
        unpickler = pickle.Unpickler(io.BytesIO(self._bytes))
        unpickler.persistent_load = self._shared.__getitem__  # type: ignore[method-assign]
        return unpickler.load()


class Worker(InlineWorker):
    """Numba's worker, which copies what it reads before it changes anything."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._numbas_pipeline: Any = self._compiler_pipeline
        self._compiler_pipeline: Any = self._pipeline

    def _pipeline(self, state: Any) -> Any:
        made = self._numbas_pipeline(state)
        return Steps(made.pipeline_name, needed(made.passes))

    def run_untyped_passes(self, func: Callable[..., Any], enable_ssa: bool = False) -> Any:
        if func not in READ:
            made = super().run_untyped_passes(func, enable_ssa)
            READ[func] = made, Statements(made.blocks)
        made, statements = READ[func]
        representation = made.copy()
        representation.blocks = statements.copied()
        # It tells the variables of this call from those of others.
        representation.func_id = FunctionIdentity.from_function(func)
        return representation


class WhenNeeded:
    """Makes a worker for a call that it is asked to inline, as of few calls."""

    def __init__(self, state: Any, validator: Any) -> None:
        self._state, self._validator = state, validator

    def inline_function(self, *call: Any) -> Any:
        state = self._state
        known = state.typingctx, state.targetctx, state.locals, state.pipeline, state.flags
        return Worker(*known, self._validator).inline_function(*call)


@register_pass(mutates_CFG=True, analysis_only=False)
class InlineRemembered(InlineInlinables):
    """Numba's step, with that worker."""

    _name = "inline_remembered"

    def _do_work(
        self, state: Any, work_list: Any, block: Any, i: int, expr: Any, inline_worker: Any
    ) -> Any:
        worker = WhenNeeded(state, inline_worker.validator)
        return super()._do_work(state, work_list, block, i, expr, worker)
