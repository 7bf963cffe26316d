"""The decorators that all kernels share."""

from collections.abc import Callable
from typing import Any, cast

import numba
from numba.core.dispatcher import Dispatcher

from ansflow.kernels.cache import KernelCache

__all__ = ["inlined", "kernel"]


def kernel(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Compile `function` on first use, without the GIL, keeping the code on disk.

    ``error_model="numpy"`` leaves out the test for a zero divisor: kernels never raise,
    their callers validate.
    """
    options = {"nogil": True, "error_model": "numpy", **options}
    compiled: Any = numba.njit(**options)(function)
    if isinstance(compiled, Dispatcher):  # and not `function`, as under NUMBA_DISABLE_JIT
        # In place of what ``cache=True`` puts there.
        compiled._cache = KernelCache(function)  # type: ignore[attr-defined]
    return cast(Callable[..., Any], compiled)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel that becomes part of those that call it.

    LLVM does that with small functions by itself. Where it doesn't, each array that is handed
    over has its references counted, atomically, which takes longer than coding a symbol.
    """
    return kernel(function, inline="always")
