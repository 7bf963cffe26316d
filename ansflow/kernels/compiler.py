"""Numba's compiler for kernels: the same code for less time."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from llvmlite.binding import ffi
from numba import version_info
from numba.core.compiler import Compiler
from numba.core.targetconfig import ConfigStack

__all__ = ["KernelCompiler"]

# What stands in for steps of Numba is made of parts of it that may be others in later releases.
# These compile kernels in their own way, in twice the time.
KNOWN = version_info.short < (0, 69)

if KNOWN:
    # Not later: Numba takes note of intrinsics before it compiles a function.
    from ansflow.kernels.inference import KernelTypeInference
    from ansflow.kernels.inlining import InlineRemembered
    from ansflow.kernels.lifetimes import CountedLifetimes
    from ansflow.kernels.literals import LiteralsOnce
    from ansflow.kernels.lowering import InnerLowering, KernelLowering
    from ansflow.kernels.ssa import NamesAtOnce
    from ansflow.kernels.steps import (
        KernelSteps,
        PlainRewrites,
        PlainStripPhis,
        PlainTranslation,
        needed,
    )


# What LLVM is called under. Numba has it tell those who measure time of each of some hundred calls.
LLVM_LOCK: Any = ffi.lib._lock if KNOWN else SimpleNamespace(_cblist=[])


@contextmanager
def undisturbed() -> Iterator[None]:
    """Without the garbage collector, and without events around each call of LLVM.

    A compilation makes a million objects, most of which live until its end: looking for garbage
    among them takes a tenth of the time.
    """
    # Numba lets threads compile one after the other: none finds what another has changed. The
    # collector is not disabled, which Dask, if it is imported meanwhile, would believe to last.
    thresholds, told = gc.get_threshold(), LLVM_LOCK._cblist
    gc.set_threshold(0)
    LLVM_LOCK._cblist = []
    try:
        yield
    finally:
        LLVM_LOCK._cblist = told
        gc.set_threshold(*thresholds)


class KernelCompiler(Compiler):
    """A compiler that skips steps, and is not disturbed by what others may want to know."""

    def compile_extra(self, func: Any) -> Any:
        with undisturbed():
            return super().compile_extra(func)

    def define_pipelines(self) -> Any:
        if not KNOWN:
            return super().define_pipelines()
        inner = self.state.flags.no_cpython_wrapper
        instead: dict[str, list[Any]] = {
            "TranslateByteCode": [PlainTranslation],
            "GenericRewrites": [PlainRewrites],
            "InlineInlinables": [InlineRemembered],
            "ReconstructSSA": [LiteralsOnce, NamesAtOnce],
            "PreLowerStripPhis": [PlainStripPhis],
            "NopythonTypeInference": [KernelTypeInference],
            "IRLegalization": [CountedLifetimes],
            "NativeLowering": [InnerLowering if inner else KernelLowering],
        }
        # Functions that this one calls are compiled for these settings. They are the same under a
        # kernel, which differs in what Python needs to call it, and under an `inner` function.
        passed_on = ConfigStack().top()
        passed_on.release_gil, passed_on.no_cpython_wrapper = False, True
        (pipeline,) = super().define_pipelines()
        steps = needed(pipeline.passes)
        steps = [
            (taken, why) for step, why in steps for taken in instead.get(step.__name__, [step])
        ]
        typed = [step for step, _ in steps].index(KernelTypeInference)
        return [KernelSteps(pipeline.pipeline_name, steps[:typed], steps[typed:])]
