"""What becomes part of its callers is read once, not at each call."""

from collections.abc import Callable
from typing import Any

from numba.core.bytecode import FunctionIdentity
from numba.core.compiler_machinery import register_pass
from numba.core.inline_closurecall import InlineWorker
from numba.core.untyped_passes import InlineInlinables

from ansflow.kernels.steps import needed

__all__ = ["InlineRemembered"]

READ: dict[Callable[..., Any], Any] = {}  # what Numba has made of the bytecode of a function


class Worker(InlineWorker):
    """Numba's worker, which copies what it reads before it changes anything."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._numbas_pipeline: Any = self._compiler_pipeline
        self._compiler_pipeline: Any = self._pipeline

    def _pipeline(self, state: Any) -> Any:
        made = self._numbas_pipeline(state)
        made.passes = needed(made.passes)
        return made

    def run_untyped_passes(self, func: Callable[..., Any], enable_ssa: bool = False) -> Any:
        if func not in READ:
            READ[func] = super().run_untyped_passes(func, enable_ssa)
        representation = READ[func].copy()
        # It tells the variables of this call from those of others.
        representation.func_id = FunctionIdentity.from_function(func)
        return representation


@register_pass(mutates_CFG=True, analysis_only=False)
class InlineRemembered(InlineInlinables):
    """Numba's step, with that worker."""

    _name = "inline_remembered"

    def _do_work(
        self, state: Any, work_list: Any, block: Any, i: int, expr: Any, inline_worker: Any
    ) -> Any:
        worker = Worker(state.typingctx, state.targetctx, state.locals, state.pipeline, state.flags)
        worker.validator = inline_worker.validator
        return super()._do_work(state, work_list, block, i, expr, worker)
