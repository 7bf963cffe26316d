"""The decorators that all kernels share."""

from collections.abc import Callable
from typing import Any

import numba

__all__ = ["inlined", "kernel"]


def kernel(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Compile `function` on first use, without the GIL, keeping the code on disk.

    ``error_model="numpy"`` leaves out the test for a zero divisor: kernels never raise,
    their callers validate.

    Numba decides at decoration time where the cache goes. In a read-only install of a
    user without a writable cache directory there is no such place, and it raises
    RuntimeError; the kernel then compiles afresh in each process.
    """
    options = {"nogil": True, "error_model": "numpy", **options}
    compiled: Callable[..., Any]
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:
        compiled = numba.njit(**options)(function)
    return compiled


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel that becomes part of those that call it.

    LLVM does that with small functions by itself. Where it doesn't, each array that is handed
    over has its references counted, atomically, which takes longer than coding a symbol.
    """
    return kernel(function, inline="always")
