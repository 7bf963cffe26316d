"""Standard input, output and error of the command, in any environment.

Python's own standard streams may be missing, or raw, so that data that are not written at once are
silently lost. If a descriptor is closed, the next opened file gets its number and then the output
that was meant for a terminal. The streams here always exist and are buffered, wait for non-blocking
descriptors, and name themselves in errors.
"""

from __future__ import annotations

import io
import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from ansflow.cli.outcome import PIPE_CLOSED, code_of, print_error

__all__ = ["InputFile", "standard_streams"]


class InputFile(io.FileIO):
    """A raw input file that waits until data are available, and names itself in errors."""

    def __init__(self, file: Any, name: str, *, closefd: bool = True) -> None:
        super().__init__(file, "rb", closefd=closefd)
        self._shown = name

    def readinto(self, buffer: Any) -> int:
        try:
            while (count := super().readinto(buffer)) is None:
                _wait(self, writing=False)
        except OSError as error:
            error.filename = error.filename or self._shown
            raise
        return count

    # The methods of FileIO do not call `readinto`.

    def read(self, size: int | None = -1) -> Any:
        return io.RawIOBase.read(self, -1 if size is None else size)

    def readall(self) -> Any:
        return io.RawIOBase.readall(self)


class _Output(io.FileIO):
    """Standard output as a raw file; an error ends the process."""

    def write(self, data: Any) -> int:
        try:
            return _write(super().write, self, data)
        except OSError as error:
            self.close()  # so that it is not flushed again at exit
            if isinstance(error, BrokenPipeError):
                raise SystemExit(PIPE_CLOSED) from None
            error.filename = "(stdout)"
            print_error("", error)
            raise SystemExit(code_of(error)) from None


class _Messages(io.FileIO):
    """Standard error as a raw file; errors of writing are ignored."""

    def write(self, data: Any) -> int:
        with suppress(OSError):
            return _write(super().write, self, data)
        return memoryview(data).nbytes


def _write(write: Any, file: io.FileIO, data: Any) -> int:
    while (count := write(data)) is None:
        _wait(file, writing=True)
    return int(count)


def _wait(file: io.FileIO, *, writing: bool) -> None:
    """Wait until a non-blocking descriptor is ready."""
    if not hasattr(select, "poll"):
        time.sleep(0.01)
        return
    poll = select.poll()
    poll.register(file, select.POLLOUT if writing else select.POLLIN)
    poll.poll()


@contextmanager
def standard_streams() -> Iterator[None]:
    """Provide all three streams in the ``with`` block, unless they have been replaced by others."""
    before = sys.stdin, sys.stdout, sys.stderr
    _occupy()
    if sys.stdin is sys.__stdin__:
        sys.stdin = _text(io.BufferedReader(InputFile(0, "(stdin)", closefd=False)), before[0])
    if sys.stdout is sys.__stdout__:
        sys.stdout = _text(io.BufferedWriter(_Output(1, "wb", closefd=False)), before[1])
    if sys.stderr is sys.__stderr__:
        sys.stderr = _text(io.BufferedWriter(_Messages(2, "wb", closefd=False)), before[2])
    try:
        yield
        # A stream that has failed is closed.
    finally:
        try:
            for stream in (sys.stdout, sys.stderr):
                if not stream.closed:
                    stream.flush()
        finally:
            sys.stdin, sys.stdout, sys.stderr = before


def _occupy() -> None:
    """Open the null device in place of closed descriptors, so that every use of it fails."""
    for descriptor, mode in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_RDONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)  # gets the lowest free number, which is this one


def _text(buffer: Any, like: TextIO | None) -> io.TextIOWrapper:
    """A text stream in the encoding of `like` that writes at once and escapes other characters."""
    encoding = "utf-8" if like is None else like.encoding
    return io.TextIOWrapper(buffer, encoding, "backslashreplace", write_through=True)
