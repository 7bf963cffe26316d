"""What a kernel is called through: one compilation for writable and read-only arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial, update_wrapper
from typing import Any, Self

from numba.core import types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import CPUDispatcher

from ansflow.kernels.cache import KernelCache
from ansflow.kernels.compiler import KernelCompiler
from ansflow.kernels.uninterrupted import uninterrupted

__all__ = ["Kernel"]

NumbasDispatcher: Any = CPUDispatcher  # whose annotations leave out what is overridden here

# What all dispatchers need of LLVM is made now, and not by a first call, which may be interrupted.
NumbasDispatcher.targetdescr.target_context.codegen()


class KernelDispatcher(NumbasDispatcher):  # type: ignore[misc]
    """Numba's dispatcher of calls from Python, with ansflow's compiler and cache.

    Numba gives a read-only array a type of its own, and would compile a kernel once more for each
    mixture of them, to the same code. Here an argument counts as writable whatever it is: what a
    kernel writes to is the caller's duty, as all else about its arguments.
    """

    def __init__(
        self,
        py_func: Callable[..., Any],
        locals: dict[str, Any] | None = None,
        targetoptions: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(py_func, locals, targetoptions, KernelCompiler)
        self._cache = KernelCache(py_func)  # in place of what ``cache=True`` puts there
        self._told: set[tuple[int, ...]] = set()  # types of read-only arrays among arguments

    @cached_property
    def _inner(self) -> Any:
        """What other kernels call: without what Python needs, and optimised as a part of them."""
        options = {**self.targetoptions, "nogil": False, "no_cpython_wrapper": True}
        return NumbasDispatcher(self.py_func, None, options, KernelCompiler)

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """What Numba knows of a kernel if another one calls it."""
        return self._inner.get_call_template(args, kws)

    def get_overload(self, sig: Any) -> Any:
        """The code for argument types `sig` that becomes a part of another kernel."""
        return self._inner.get_overload(sig)

    def _compile_for_args(self, *args: Any, **kws: Any) -> Any:
        """Compile, or load, the code for arguments of new types."""
        found = [self.typeof_pyval(argument) for argument in args]
        compiled_for = tuple(map(writable, found))
        if self._cache.has(compiled_for, self.targetctx):
            return self._compiled(found, compiled_for, args, kws)
        # That takes long enough for users to lose patience.
        return uninterrupted(partial(self._compiled, found, compiled_for, args, kws))

    def _compiled(self, found: Any, compiled_for: Any, args: Any, kws: Any) -> Any:
        if compiled_for == tuple(found):
            return super()._compile_for_args(*args, **kws)
        self._compilation_chain_init_hook()
        try:
            code = self.compile(compiled_for)
        finally:
            self._types_active_call.clear()
        self._tell(tuple(kind._code for kind in found), code)
        return code

    def _tell(self, codes: tuple[int, ...], code: Any) -> None:
        """Have further calls with arguments of these types find the code.

        Two threads may call a kernel for the first time. What is told twice counts as ambiguous:
        each call would come here again.
        """
        with global_compiler_lock:
            if codes not in self._told:
                self._told.add(codes)
                self._insert(codes, code, False)


class Kernel(partial[Any]):
    """A function that is compiled for what it is called with, by a dispatcher made when needed.

    To make one takes a quarter of a millisecond, and a process needs few of all kernels. A call
    through a `partial`, whose function is replaced then, takes 30 ns more, and one through a method
    five times as much.
    """

    py_func: Callable[..., Any]
    _options: dict[str, Any]

    def __new__(cls, function: Callable[..., Any], options: dict[str, Any]) -> Self:
        kernel = super().__new__(cls, lambda *arguments: kernel.dispatcher(*arguments))
        update_wrapper(kernel, function)
        kernel.py_func, kernel._options = function, options
        return kernel

    @property
    def dispatcher(self) -> Any:
        """What compiles the function, and finds the code for types of arguments."""
        if not isinstance(self.func, KernelDispatcher):
            made = KernelDispatcher(self.py_func, targetoptions=self._options)
            if not isinstance(self.func, KernelDispatcher):  # nor has another thread made one
                self.__setstate__((made, (), {}, vars(self)))
        return self.func

    def __getattr__(self, name: str) -> Any:
        """What else a dispatcher has, which Numba asks for where another kernel calls this one."""
        return getattr(self.dispatcher, name)

    def __reduce__(self) -> str:
        """Where other processes have it, too."""
        return self.py_func.__qualname__


def writable(kind: Any) -> Any:
    """The type of an argument, but for an array that of a writable one."""
    return kind.copy(readonly=False) if isinstance(kind, types.Array) else kind
