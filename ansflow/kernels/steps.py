"""Which steps of Numba's compiler kernels need, and how they follow each other.

The first of them turn bytecode into statements, for which it hardly matters what the arguments are:
they are taken once for all types that a function is compiled for.

Numba checks after each step what it has made, and some of them find out where each variable is
used, for which only the last ones ask. Here there are others in their place.
"""

from collections.abc import Callable
from typing import Any

from numba.core import interpreter, types
from numba.core.compiler_machinery import PassManager, _pass_registry, register_pass
from numba.core.ir_utils import build_definitions
from numba.core.rewrites.registry import rewrite_registry
from numba.core.typed_passes import PreLowerStripPhis
from numba.core.untyped_passes import GenericRewrites, TranslateByteCode

__all__ = ["KernelSteps", "PlainRewrites", "PlainStripPhis", "PlainTranslation", "Steps", "needed"]

# Steps that look for what no kernel has: functions within functions, arithmetic on whole arrays,
# contexts, exceptions, literals, generators, parallel loops. (And one that repeats what is done
# after each step, and one that describes all variables to whoever asks for it.)
SKIPPED = {
    *("IRProcessing", "AnnotateTypes", "DumpParforDiagnostics"),
    *("InlineClosureLikes", "MakeFunctionToJitFunction", "NopythonRewrites", "WithLifting"),
    *("RewriteDynamicRaises", "FindLiterallyCalls", "LiteralUnroll", "InlineOverloads"),
    *("NoPythonSupportedFeatureValidation", "LiteralPropagationSubPipelinePass"),
}

# What is looked for in all statements, and no kernel has: contexts, and dictionaries.
UNSEEN = {interpreter.peep_hole_delete_with_exit, interpreter.peep_hole_fuse_dict_add_updates}

# What functions are before they are typed, by what has a say in it of the types of arguments.
READ: dict[tuple[Callable[..., Any], tuple[Any, ...]], Any] = {}


def needed(steps: Any) -> Any:
    """Those of a list of steps, each with its description, that kernels need."""
    return [(step, why) for step, why in steps if step.__name__ not in SKIPPED]


class Steps(PassManager):
    """Steps that are taken one after the other, and nothing else."""

    def __init__(self, name: str, steps: Any) -> None:
        super().__init__(name)
        self.passes = [*steps]
        self.finalize()

    def run(self, state: Any) -> None:
        """Take all steps."""
        self._take(self.passes, state)

    def _take(self, steps: Any, state: Any) -> None:
        for step, _ in steps:
            instance = _pass_registry.get(step).pass_inst
            instance.analysis = self._analysis
            instance.run_pass(state)


class KernelSteps(Steps):
    """Those of a kernel, the first of which are taken once for all types."""

    def __init__(self, name: str, untyped: Any, typed: Any) -> None:
        super().__init__(name, [*untyped, *typed])
        self._untyped = len(untyped)

    def run(self, state: Any) -> None:
        """Take all steps."""
        key = state.func_id.func, tuple(map(known_of, state.args))
        if key not in READ:
            self._take(self.passes[: self._untyped], state)
            READ[key] = state.func_ir
        state.func_ir = READ[key].copy()
        state.func_ir.func_id = state.func_id
        state.nargs = state.func_ir.arg_count
        self._take(self.passes[self._untyped :], state)


def known_of(kind: Any) -> Any:
    """What the untyped steps ask of the type of an argument.

    They count the axes of arrays, and leave branches out that nothing but None would take.
    """
    if isinstance(kind, types.Array):
        return kind.ndim
    return None if isinstance(kind, types.Number) else kind


class KernelInterpreter(interpreter.Interpreter):
    """What makes statements of bytecode."""

    def post_process(self, peepholes: Any, func_ir: Any) -> Any:
        """Look for what takes several of them, and kernels have."""
        return super().post_process([each for each in peepholes if each not in UNSEEN], func_ir)


@register_pass(mutates_CFG=True, analysis_only=False)
class PlainTranslation(TranslateByteCode):
    """Make statements of bytecode."""

    _name = "plain_translation"

    def run_pass(self, state: Any) -> bool:
        state.func_ir = KernelInterpreter(state.func_id).interpret(state.bc)
        return True


@register_pass(mutates_CFG=True, analysis_only=False)
class PlainRewrites(GenericRewrites):
    """Say what is known of items and other statements before types are."""

    _name = "plain_rewrites"

    def run_pass(self, state: Any) -> bool:
        blocks = state.func_ir.blocks
        for kind in rewrite_registry.rewrites["before-inference"]:
            rewrite, labels = kind(state), list(blocks)
            while labels:
                label = labels[-1]
                if rewrite.match(state.func_ir, blocks[label], None, None):
                    blocks[label] = rewrite.apply()
                else:
                    labels.pop()
        return True


@register_pass(mutates_CFG=False, analysis_only=False)
class PlainStripPhis(PreLowerStripPhis):
    """Have blocks hand values of such variables to those that follow."""

    _name = "plain_strip_phis"

    def run_pass(self, state: Any) -> bool:
        state.func_ir = self._strip_phi_nodes(state.func_ir)
        state.func_ir._definitions = build_definitions(state.func_ir.blocks)
        return True
