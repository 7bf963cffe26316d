"""Saying that kernels are compiled, which takes seconds when a machine first uses them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansflow.cli.table import LAYOUT
from ansflow.cli.terminal import echo, status, width_of
from ansflow.cli.text import shortened

__all__ = ["telling_of_compilation"]


@contextmanager
def telling_of_compilation() -> Iterator[None]:
    """Show on standard error what the ``with`` block compiles, and at its end how much it was.

    Nothing is shown unless that is a terminal, or if all kernels were on disk.
    """
    if not sys.stderr.isatty():
        yield
        return
    from numba.core import event

    watch = _Watch()

    class Listener(event.Listener):
        def on_start(self, event: Any) -> None:
            watch.begin()

        def on_end(self, event: Any) -> None:
            watch.end(event.data["dispatcher"])

    try:
        with event.install_listener("numba:compile", Listener()):
            yield
    finally:
        watch.close()


class _Watch:
    """Counts kernels, and the seconds that they take; those within others belong to them."""

    def __init__(self) -> None:
        self._depth = self._count = 0
        self._seconds = self._begun = 0.0
        self._kept = True

    def begin(self) -> None:
        self._depth += 1
        if self._depth == 1:
            self._begun = time.monotonic()
            text = f"Compiling for this machine, once: kernel {self._count + 1}"
            if self._seconds >= 1:
                text += f", {self._seconds:.0f} s"
            status.show(shortened(text, (width_of(sys.stderr) or LAYOUT) - 1))

    def end(self, kernel: Any) -> None:
        self._depth -= 1
        if not self._depth:
            self._seconds += time.monotonic() - self._begun
            self._count += 1
            cache = getattr(kernel, "_cache", None)
            self._kept = getattr(cache, "cache_path", None) is not None

    def close(self) -> None:
        status.clear()
        if not self._count:
            return
        what = f"{self._count} kernels" if self._count > 1 else "a kernel"
        later = (
            "later runs find them on disk, and ansflow warmup compiles all others"
            if self._kept
            else "they could not be kept: let NUMBA_CACHE_DIR be a directory that can be written to"
        )
        echo(f"Compiled {what} in {self._seconds:.1f} s; {later}.", err=True)
