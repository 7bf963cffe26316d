"""Standard input, output and error of the command, whatever they are.

Python's own differ with the environment: they may be missing, or raw, so that what isn't taken
at once is lost without a word; and where a descriptor is closed, the next file that is opened gets
its number, and then what was meant for a terminal. Here they are always there and buffered,
wait where a descriptor would not block, and say in their errors which one of them it was.
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
    """A raw file to read from that waits until there is something, and names itself in errors."""

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

    # Those of FileIO don't use `readinto`.

    def read(self, size: int | None = -1) -> Any:
        return io.RawIOBase.read(self, -1 if size is None else size)

    def readall(self) -> Any:
        return io.RawIOBase.readall(self)


class _Output(io.FileIO):
    """Standard output as a raw file; if it fails, there is nothing left to do but to end."""

    def write(self, data: Any) -> int:
        try:
            return _write(super().write, self, data)
        except OSError as error:
            self.close()  # so that nobody tries once more at exit
            if isinstance(error, BrokenPipeError):
                raise SystemExit(PIPE_CLOSED) from None
            error.filename = "(stdout)"
            print_error("", error)
            raise SystemExit(code_of(error)) from None


class _Messages(io.FileIO):
    """Standard error as a raw file; that nobody gets the messages is no reason to fail."""

    def write(self, data: Any) -> int:
        with suppress(OSError):
            return _write(super().write, self, data)
        return memoryview(data).nbytes


def _write(write: Any, file: io.FileIO, data: Any) -> int:
    while (count := write(data)) is None:
        _wait(file, writing=True)
    return int(count)


def _wait(file: io.FileIO, *, writing: bool) -> None:
    """Wait until a descriptor that doesn't block gives or takes something."""
    if not hasattr(select, "poll"):
        time.sleep(0.01)
        return
    poll = select.poll()
    poll.register(file, select.POLLOUT if writing else select.POLLIN)
    poll.poll()


@contextmanager
def standard_streams() -> Iterator[None]:
    """Where all three are there, unless somebody has put others in their places."""
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
        # What has failed is closed.
    finally:
        try:
            for stream in (sys.stdout, sys.stderr):
                if not stream.closed:
                    stream.flush()
        finally:
            sys.stdin, sys.stdout, sys.stderr = before


def _occupy() -> None:
    """Put what neither gives nor takes anything in the places of closed descriptors."""
    for descriptor, mode in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_RDONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)  # gets the lowest number that is free: this one


def _text(buffer: Any, like: TextIO | None) -> io.TextIOWrapper:
    """Text over bytes, written to them at once, in the same encoding, which never fails."""
    encoding = "utf-8" if like is None else like.encoding
    return io.TextIOWrapper(buffer, encoding, "backslashreplace", write_through=True)
