"""Which steps of Numba's compiler kernels need."""

from typing import Any

__all__ = ["needed"]

# Steps that look for what no kernel has: functions within functions, arithmetic on whole arrays,
# contexts, exceptions, literals, generators. (And one that repeats what is done after each step.)
SKIPPED = {
    "IRProcessing",
    *("InlineClosureLikes", "MakeFunctionToJitFunction", "NopythonRewrites", "WithLifting"),
    *("RewriteDynamicRaises", "FindLiterallyCalls", "LiteralUnroll", "InlineOverloads"),
    *("NoPythonSupportedFeatureValidation", "LiteralPropagationSubPipelinePass"),
}


def needed(steps: Any) -> Any:
    """Those of a list of steps, each with its description, that kernels need."""
    return [(step, why) for step, why in steps if step.__name__ not in SKIPPED]
