"""The decorators that all kernels share, and what they share with forked processes."""

import os
from collections.abc import Callable
from typing import Any

from numba.core import config
from numba.core.compiler_lock import global_compiler_lock
from numba.extending import register_jitable

from ansflow.kernels.compiler import KernelCompiler
from ansflow.kernels.dispatcher import Kernel
from ansflow.kernels.worth import SAMPLING

__all__ = ["brief_kernel", "inlined", "inner", "kernel", "sampling_kernel"]

# A kernel never raises, its callers validate: there is no test for a zero divisor. And nobody asks
# for it as a C function.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "no_cfunc_wrapper": True}


def kernel(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Compile `function` on first use, keeping the code on disk.

    It runs without the GIL where its arrays are large enough (`wrapper.WORTH_THE_GIL`).
    In another kernel that calls it, it is what an `inner` function is.
    """
    if config.DISABLE_JIT:  # type: ignore[attr-defined]
        return function
    options = {**OPTIONS, "nopython": True, "boundscheck": None, "nogil": True, **options}
    return Kernel(function, options)


def brief_kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel of some microseconds, which keeps the GIL, however large its arrays are.

    If other threads are at work, to have given it away is to wait for it, which takes longer.
    """
    return kernel(function, nogil=False)


def sampling_kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel for samples: it makes vectors, but no loop does several steps at once.

    These take LLVM a third of the time, and gain a few microseconds on some thousands of numbers.
    """
    SAMPLING.add(function)
    return kernel(function)


def inner(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that only kernels call; for Python, it stays plain Python.

    What Python would need to call it is not compiled, and it is kept on disk only as a part of its
    callers, where LLVM optimises it: that takes half the time of a kernel. As that is done in each
    kernel that calls it, one with large loops had better be a kernel if there are many.
    """
    return register_jitable(**OPTIONS, pipeline_class=KernelCompiler)(function)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel that becomes part of those that call it, before they are compiled.

    LLVM does that with small functions by itself; where it does not, a call remains in a loop. It
    is also the quickest to compile for a short function that is called in one or two places: each
    takes 5 to 20 ms, and more for a long one. A loop over several arrays had better be `inner`:
    LLVM knows more about arrays that are arguments, and makes better vectors.
    """
    return kernel(function, inline="always")


def _release() -> None:
    if global_compiler_lock.is_locked():  # and not if an interrupt ended the wait for it
        global_compiler_lock.release()


# A forked process has only the thread that forked. If another one were compiling or loading code
# at that moment, the compiler would stay locked in the child, with its registries half updated.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=_release,
        after_in_child=_release,
    )
