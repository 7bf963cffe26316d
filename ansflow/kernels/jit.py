"""The one decorator that all kernels share."""

from collections.abc import Callable
from typing import Any

import numba

__all__ = ["kernel"]


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` on first use, without the GIL, keeping the code on disk.

    ``error_model="numpy"`` leaves out the test for a zero divisor: kernels never raise,
    their callers validate.

    Numba decides at decoration time where the cache goes. In a read-only install of a
    user without a writable cache directory there is no such place, and it raises
    RuntimeError; the kernel then compiles afresh in each process.
    """
    try:
        return numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    except RuntimeError:
        return numba.njit(nogil=True, error_model="numpy")(function)
