"""The last step of Numba's compiler, from typed code to machine code: LLVM does once what it can.

Numba has LLVM optimise each function for itself, link copies of it into all that call it, and
optimise all of these again. Here an `inner` function is only simplified, and optimised where it
has become a part of a kernel: in half the time, and often to faster code, as loops are made vectors
when it is known what they are about.
"""

from typing import Any

from llvmlite.binding import (
    Linkage,
    create_new_module_pass_manager,
    create_pass_builder,
    create_pipeline_tuning_options,
    parse_assembly,
)
from numba import _dynfunc  # type: ignore[attr-defined]
from numba.core import config
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering

from ansflow.kernels.instructions import KernelLower
from ansflow.kernels.worth import SAMPLING

__all__ = ["InnerLowering", "KernelLowering"]


def in_order_of_last(things: list[Any]) -> list[Any]:
    """Things, where each was for the last time."""
    return [*dict.fromkeys(reversed(things))][::-1]


class KernelLibrary(JITCodeLibrary):
    """A function, with those that it calls."""

    is_for_python, releases_gil, is_sampling = True, False, False

    def add_linking_library(self, library: Any) -> None:
        """Take part of a library, and of those that it takes part of and hasn't linked itself."""
        super().add_linking_library(library)
        if isinstance(library, InnerLibrary):
            self._linking_libraries += library._linking_libraries

    def finalize(self) -> None:
        """Link all, each once and behind all that call it: LLVM drops what nobody has called."""
        self._linking_libraries = in_order_of_last(self._linking_libraries)
        super().finalize()

    def _optimize_functions(self, ll_module: Any) -> None:
        """Simplify functions before they are linked with others: all else is done then.

        References to arrays are no longer counted if that can be seen now. Without the simpler
        instructions, fewer loops become vectors.
        """
        ll_module.data_layout = self._codegen._data_layout
        builder = self._codegen._pass_builder()
        passes = create_new_module_pass_manager()
        passes.add_sroa_pass()
        passes.add_simplify_cfg_pass()
        passes.add_instruction_combine_pass()
        passes.add_refprune_pass()
        passes.run(ll_module, builder)

    def _optimize_final_module(self) -> None:
        """Optimise all, without what is done before for functions that are not simple yet.

        What LLVM does besides at its third level takes a sixth of the time, and to have several
        vectors in turn at once takes a ninth. Neither has made a kernel faster.
        """
        level = min(int(config.OPT), 2)  # type: ignore[attr-defined]
        tuning = create_pipeline_tuning_options(level)
        tuning.loop_vectorization = bool(config.LOOP_VECTORIZE)  # type: ignore[attr-defined]
        tuning.slp_vectorization = bool(config.SLP_VECTORIZE)  # type: ignore[attr-defined]
        tuning.loop_interleaving, tuning.loop_unrolling = False, not self.is_sampling
        builder = create_pass_builder(self._codegen._tm, tuning)
        passes = builder.getModulePassManager()
        passes.add_refprune_pass()
        passes.run(self._final_module, builder)

    def serialize_using_object_code(self) -> Any:
        """What is kept on disk: machine code, and what it is called by.

        Numba keeps LLVM's instructions too, for others to take part of.
        """
        self._ensure_finalized()
        return self.name, "object", (self._get_compiled_object(), self._names())

    def _names(self) -> Any:
        """A module of functions that do nothing, by which Numba knows what code there is."""
        names = [each.name for each in self.get_defined_functions()]
        text = "\n".join(f'define void @"{name}"() {{ ret void }}' for name in names)
        return parse_assembly(text).as_bitcode()


class InnerLibrary(KernelLibrary):
    """A function of which others take copies: there is no machine code of it alone.

    A kernel links each of those that it takes part of once, however many of them call it.
    """

    is_for_python = False

    def add_llvm_module(self, ll_module: Any) -> None:
        """Have what is there, one module, simplified."""
        self._optimize_functions(ll_module)
        for function in ll_module.functions:
            if function.linkage == Linkage.external and not function.is_declaration:
                function.linkage = "linkonce_odr"  # so that what nobody calls can be left out
        self._final_module = ll_module

    def finalize(self) -> None:
        """Leave linking to those."""
        self._linking_libraries = in_order_of_last(self._linking_libraries)
        self._finalized = True

    def _get_module_for_linking(self) -> Any:
        return self._final_module


@register_pass(mutates_CFG=True, analysis_only=False)
class KernelLowering(NativeLowering):
    """Numba's step, with a library of ours."""

    _name = "kernel_lowering"
    lowering_class = KernelLower

    def run_pass(self, state: Any) -> bool:
        state.library = KernelLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.releases_gil = state.flags.release_gil
        state.library.is_sampling = state.func_id.func in SAMPLING
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
