"""The last step of Numba's compiler, from typed code to machine code: LLVM does once what it can.

Numba has LLVM optimise each function for itself, link copies of it into all that call it, and
optimise all of these again. Here an `inner` function is only simplified, and optimised where it
has become a part of a kernel: in half the time, and often to faster code, as loops are made vectors
when it is known what they are about.
"""

from typing import Any

from llvmlite.binding import create_new_function_pass_manager
from numba import _dynfunc  # type: ignore[attr-defined]
from numba.core import config
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering

from ansflow.kernels.instructions import KernelLower

__all__ = ["InnerLowering", "KernelLowering"]


class KernelLibrary(JITCodeLibrary):
    """A function, with those that it calls."""

    def _optimize_functions(self, ll_module: Any) -> None:
        """Simplify functions before they are linked with others: all else is done then.

        References to arrays are no longer counted if that can be seen now. Without the simpler
        instructions, fewer loops become vectors.
        """
        ll_module.data_layout = self._codegen._data_layout
        builder = self._codegen._pass_builder()
        passes = create_new_function_pass_manager()
        passes.add_sroa_pass()
        passes.add_simplify_cfg_pass()
        passes.add_instruction_combine_pass()
        passes.add_refprune_pass()
        for function in ll_module.functions:
            if not function.is_declaration:
                passes.run(function, builder)

    def _optimize_final_module(self) -> None:
        """Optimise all, without what is done before for functions that are not simple yet.

        What LLVM does besides at its third level takes a sixth of the time, and has made no kernel
        faster.
        """
        level = min(int(config.OPT), 2)  # type: ignore[attr-defined]
        passes, builder = self._codegen._module_pass_manager(opt=level)
        passes.run(self._final_module, builder)


class InnerLibrary(KernelLibrary):
    """A function of which others take copies: there is no machine code of it alone."""

    def _optimize_final_module(self) -> None:
        """Leave that to those."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class KernelLowering(NativeLowering):
    """Numba's step, with a library of ours."""

    _name = "kernel_lowering"
    lowering_class = KernelLower

    def run_pass(self, state: Any) -> bool:
        state.library = KernelLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()  # so that it can be kept on disk
        return bool(super().run_pass(state))


@register_pass(mutates_CFG=True, analysis_only=False)
class InnerLowering(NativeLowering):
    """The same for a function that Python does not call."""

    _name = "inner_lowering"
    lowering_class = KernelLower

    def run_pass(self, state: Any) -> bool:
        state.library = InnerLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        # Numba finds a function by what Python would call, which has no address here.
        told = state.cr.fndesc
        name = told.qualname
        stand_in = _dynfunc.make_function(
            told.lookup_module(), name, name, 0, state.cr.env, (state.library,)
        )
        state.targetctx.insert_user_function(stand_in, told, [state.library])
        state.cr = state.cr._replace(cfunc=stand_in)
        return True
