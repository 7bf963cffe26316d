"""Compiling in advance what is else compiled when it is first called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core import event
from numba.core.caching import NullCache

from ansflow.cli.usual_jobs import usual_jobs

__all__ = ["compile_ahead"]


def compile_ahead(
    on_progress: Callable[[int, int], object] = lambda done, of: None, *, everything: bool = True
) -> int:
    """Compile every kernel that `compress`, `decompress`, `encode`, `decode` and the like may call.

    Numba keeps them on disk, if a directory is writable, so that other processes do not need to
    compile them. Without this, each kernel is compiled when it is first called.

    Parameters
    ----------
    on_progress : callable
        Called repeatedly with the number of jobs done and the number of all jobs.
    everything : bool
        If not, only what bytes and most arrays need at the default level.

    Returns
    -------
    int
        Number of kernels that had to be compiled; 0 if all were on disk.
    """
    if everything:
        # With the models that these are about, which take a third of a second to import.
        from ansflow.cli.warmup_jobs import jobs

        todo = jobs()
    else:
        todo = usual_jobs()
    compiled = Compiled()
    with event.install_listener("numba:compile", compiled):
        for done, job in enumerate(todo):
            on_progress(done, len(todo))
            job()
    on_progress(len(todo), len(todo))
    return compiled.kernels


class Compiled(event.Listener):
    """Counts kernels that are compiled, without the functions that they are made of."""

    def __init__(self) -> None:
        self.kernels = 0

    def on_start(self, event: Any) -> None:
        """Nothing is compiled yet."""

    def on_end(self, event: Any) -> None:
        self.kernels += not isinstance(event.data["dispatcher"]._cache, NullCache)
