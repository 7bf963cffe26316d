"""Numba's compiler for kernels: the same code for less time."""

import gc
from typing import Any

from numba.core.compiler import Compiler
from numba.core.targetconfig import ConfigStack

__all__ = ["KernelCompiler"]

# Steps of Numba that look for what no kernel has: functions within functions, and arithmetic on
# whole arrays.
SKIPPED = {"InlineClosureLikes", "NopythonRewrites"}


class KernelCompiler(Compiler):
    """A compiler that skips steps, while the garbage collector rests.

    A compilation makes a million objects, most of which live until its end: looking for garbage
    among them takes a tenth of the time, and each of the steps a fiftieth.
    """

    def compile_extra(self, func: Any) -> Any:
        # Numba lets threads compile one after the other: none finds what another has switched off.
        if not gc.isenabled():
            return super().compile_extra(func)
        gc.disable()
        try:
            return super().compile_extra(func)
        finally:
            gc.enable()

    def define_pipelines(self) -> Any:
        # Functions that this one calls are compiled for these settings. They are the same under a
        # kernel, which differs in what Python needs to call it, and under an `inner` function.
        passed_on = ConfigStack().top()
        passed_on.release_gil, passed_on.no_cpython_wrapper = False, True
        pipelines = super().define_pipelines()
        for pipeline in pipelines:
            kept = [step for step in pipeline.passes if step[0].__name__ not in SKIPPED]
            pipeline.passes = kept
        return pipelines
