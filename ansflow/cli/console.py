"""Options that several commands share: sizes, limits, threads, quiet and verbose."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import click

from ansflow.cli.compiling import telling_of_compilation
from ansflow.cli.outcome import LIMITS as EXCEEDED, ProblemError
from ansflow.cli.table import UNITS, readable
from ansflow.cli.terminal import echo, progress
from ansflow.limits import STREAM_LIMITS, Limits

__all__ = [
    "Console",
    "Size",
    "level_options",
    "limit_options",
    "memory_option",
    "talking",
    "threads_option",
    "threads_within",
    "working",
]

# Smaller inputs are done too soon for a progress bar.
LARGE = 16 << 20

# Bound of --threads. Each thread may take memory for a chunk.
MOST_THREADS = 4096

# To decompress.
DEFAULT_MEMORY = 512 << 20

# Compressing holds so many chunks for each thread, and for what is read ahead, as measured. Without
# an option, a chunk has at most so many bytes.
CHUNKS_HELD, LARGEST_CHUNK = 8, 4 << 20

HIGHEST_LEVEL = 9
LEVELS = {
    1: "Fastest for arrays of numbers; levels between go, too.",
    3: "The default.",
    9: "Smallest for arrays of numbers.",
}

F = TypeVar("F", bound=Callable[..., Any])


class Size(click.ParamType):  # type: ignore[type-arg]
    """A size in bytes, possibly with a unit: ``64K``, ``1.5M``, ``2GiB`` (powers of 1024)."""

    name = "size"

    def __init__(self, low: int = 0, high: int = (1 << 63) - 1) -> None:
        self._low, self._high = low, high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        size = value if isinstance(value, int) else self._parse(str(value), param, ctx)
        if not self._low <= size <= self._high:
            self.fail(
                f"{value} is not in the range from {self._low} B to {readable(self._high)}.",
                param,
                ctx,
            )
        return size

    def _parse(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = re.fullmatch(
            rf"([0-9]{{1,19}}(?:\.[0-9]{{1,9}})?)(?:([{UNITS}])i?B?|B)?",
            text,
            re.IGNORECASE | re.ASCII,
        )
        if match is None:
            self.fail(
                f"{text!r} is not a valid size: use a number such as 65536, 64K or 1M.", param, ctx
            )
        number, unit = match.groups()
        factor = 1 if unit is None else 1 << 10 * (1 + UNITS.index(unit.upper()))
        whole = "." not in number
        return int(number) * factor if whole else round(float(number) * factor)


class Console:
    """Prints messages on standard error.

    Parameters
    ----------
    quiet : bool
        Print errors only.
    verbose : bool
        Print more than usual.
    """

    def __init__(self, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet, self.verbose = quiet, verbose and not quiet

    def say(self, text: str) -> None:
        if not self.quiet:
            echo(text, err=True)

    def say_more(self, text: str) -> None:
        if self.verbose:
            echo(text, err=True)

    def progress(
        self, label: str, size: int | None
    ) -> AbstractContextManager[Callable[[int], None]]:
        """Show progress; call the result with the number of bytes done, of `size` if known.

        It is shown only on a terminal, and only for large inputs.
        """
        small = size is not None and size < LARGE
        if self.quiet or small or not sys.stderr.isatty():
            return nullcontext(lambda done: None)
        return progress(label, size)


def talking(command: Callable[..., None]) -> Callable[..., None]:
    """The options ``--quiet`` and ``--verbose``, as the argument `console`."""

    @click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
    @click.option("-v", "--verbose", is_flag=True, help="Print more details.")
    @functools.wraps(command)
    def with_console(*args: Any, quiet: bool, verbose: bool, **options: Any) -> None:
        command(*args, console=Console(quiet, verbose), **options)

    return with_console


def working(command: Callable[..., None]) -> Callable[..., None]:
    """The same for commands that work on FILEs, which say that kernels are compiled."""

    @functools.wraps(command)
    def telling(*args: Any, console: Console, **options: Any) -> None:
        with nullcontext() if console.quiet else telling_of_compilation():
            command(*args, console=console, **options)

    return talking(telling)


def _checked_threads(_: click.Context, __: click.Parameter, value: int) -> int | None:
    return value or None


def threads_option(command: F) -> F:
    """The option ``--threads``; None if it is 0."""
    return click.option(
        "-T",
        "--threads",
        metavar="N",
        type=click.IntRange(0, MOST_THREADS),
        default=0,
        callback=_checked_threads,
        help="Number of threads; 0, the default, is one for each core.",
    )(command)


def level_options(command: F) -> F:
    """The options ``-1`` to ``-9``, as the argument `level`; None if none of them is given."""
    words = {1: ["--fast"], HIGHEST_LEVEL: ["--best"]}  # as in gzip and xz
    for level in range(HIGHEST_LEVEL, 0, -1):
        command = click.option(
            f"-{level}",
            *words.get(level, []),
            "level",
            type=int,
            flag_value=level,
            hidden=level not in LEVELS,
            help=LEVELS.get(level, ""),
        )(command)
    return command


def memory_option(help: str, default: str) -> Callable[[F], F]:
    """The option ``--max-memory``; None if it is not given."""
    return click.option("-M", "--max-memory", type=Size(), show_default=default, help=help)


def threads_within(memory: int, threads: int | None, chunk_size: int | None) -> int:
    """As many of the threads as take at most so much memory to compress; ProblemError if none."""
    each = CHUNKS_HELD * (chunk_size or LARGEST_CHUNK)
    possible = memory // each - 1
    if possible < 1:
        raise ProblemError(
            f"compressing takes about {readable(2 * each)} of memory, more than --max-memory "
            "allows; a smaller --chunk-size takes less",
            EXCEEDED,
        )
    return min(threads or os.cpu_count() or 1, possible)


def limit_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options ``--max-output`` and ``--max-memory``, as the argument `limits`."""

    @click.option(
        "--max-output",
        type=Size(),
        default=STREAM_LIMITS.max_output,
        show_default="no limit",
        help="Refuse input with more bytes of content than this.",
    )
    @memory_option("Refuse input that takes more bytes of memory than this.", "512M")
    @functools.wraps(command)
    def with_limits(*args: Any, max_output: int, max_memory: int | None, **options: Any) -> None:
        memory = DEFAULT_MEMORY if max_memory is None else max_memory
        command(*args, limits=Limits(max_output=max_output, max_memory=memory), **options)

    return with_limits
