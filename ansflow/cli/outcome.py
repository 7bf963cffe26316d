"""Exit codes of the command, and errors as one line each."""

from __future__ import annotations

import errno
import os
import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click

from ansflow.cli.terminal import echo
from ansflow.errors import AnsflowError, LimitError, ModelError

__all__ = [
    "CODES",
    "DAMAGED",
    "PIPE_CLOSED",
    "USAGE",
    "Outcome",
    "ProblemError",
    "code_of",
    "ending_well",
    "print_error",
]

FINE = 0
DAMAGED = 1
USAGE = 2
FILES = 3
LIMITS = 4
FAULT = 70
INTERRUPTED = 128 + 2
PIPE_CLOSED = 128 + 13

CODES = {
    FINE: "success",
    DAMAGED: "data are damaged, truncated or of an unknown format, or something was lost",
    USAGE: "wrong usage",
    FILES: "a file cannot be read or written",
    LIMITS: "a limit was exceeded, or memory ran out",
    FAULT: "internal error of ansflow, with a traceback",
    INTERRUPTED: "interrupted",
    PIPE_CLOSED: "the reader of the output has closed the pipe",
}

# Errors that are reported without a traceback.
Expected = (AnsflowError, OSError, MemoryError, ValueError)


class ProblemError(Exception):
    """An error to report in one line, and its exit code."""

    def __init__(self, message: str, code: int = FILES) -> None:
        super().__init__(message)
        self.code = code


class Outcome:
    """Continues after a FILE that fails, and collects exit codes.

    Attributes
    ----------
    code : int
        The highest exit code of all files so far.
    """

    def __init__(self) -> None:
        self.code = FINE

    @contextmanager
    def about(self, name: str) -> Iterator[None]:
        """Report an error in the ``with`` block as a line about this file."""
        try:
            yield
        except BrokenPipeError:
            raise
        except (*Expected, ProblemError) as error:
            print_error(name, error)
            self.code = max(self.code, code_of(error))

    def exit(self) -> None:
        """Exit with the exit code, if any file failed."""
        if self.code:
            click.get_current_context().exit(self.code)


def print_error(name: str, error: BaseException) -> None:
    """``ansflow: FILE: what happened``, and a line for each note of the error."""
    text = str(error) or type(error).__name__
    if isinstance(error, OSError):
        text = "the stream is closed" if error.errno == errno.EBADF else error.strerror or text
        # The error may be about another file than the one that is processed.
        about = error.filename2 or error.filename
        if about is not None:
            name = os.fsdecode(about) if isinstance(about, str | bytes | os.PathLike) else ""
        elif error.errno is not None:
            name = ""
    if isinstance(error, FileExistsError):
        text = "the file exists; use -f to overwrite it"
    parts = ("ansflow", name, " ".join(text.split()))
    echo(": ".join(part for part in parts if part), err=True)
    for note in getattr(error, "__notes__", ()):
        echo(f"  {note}", err=True)


def print_usage(error: click.ClickException) -> None:
    """Print the usage, followed by the error."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        for line in context.get_usage().splitlines():
            echo(line, err=True)
        echo(f"Try '{context.command_path} --help' for help.", err=True)
        echo(err=True)
    echo(f"Error: {' '.join(error.format_message().split())}", err=True)


def code_of(error: BaseException) -> int:
    if isinstance(error, ProblemError):
        return error.code
    if isinstance(error, LimitError | MemoryError):
        return LIMITS
    if isinstance(error, AnsflowError) and not isinstance(error, ModelError):
        return DAMAGED
    return FILES if isinstance(error, OSError) else USAGE


@contextmanager
def ending_well() -> Iterator[None]:
    """Exit with the right code, and after cleaning up, whatever ends the ``with`` block."""
    try:
        with _signals_raised():
            yield
    except click.exceptions.Exit:
        raise
    except click.ClickException as error:
        print_usage(error)
        code = USAGE
    except (KeyboardInterrupt, click.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        code = PIPE_CLOSED
    except (AnsflowError, OSError, MemoryError, ProblemError) as error:
        print_error("", error)
        code = code_of(error)
    except Exception:
        for line in traceback.format_exc().splitlines():
            echo(line, err=True)
        code = FAULT
    else:
        return
    raise SystemExit(code)


@contextmanager
def _signals_raised() -> Iterator[None]:
    """Raise SystemExit for signals that would kill the process, so that it cleans up."""
    names = ("SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    # Ignored signals, as under nohup, stay ignored.
    numbers = [number for number in numbers if signal.getsignal(number) == signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, _raise_signal)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _raise_signal(number: int, _: FrameType | None) -> Any:
    raise SystemExit(128 + number)
