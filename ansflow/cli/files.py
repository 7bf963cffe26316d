"""Which files are read and written: names, ``-``, overwriting, keeping."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO, TypeVar

import click

from ansflow.atomic import AtomicFile
from ansflow.cli.outcome import USAGE, ProblemError

__all__ = [
    "STANDARD",
    "SUFFIX",
    "Target",
    "compressed_name",
    "decompressed_name",
    "files_argument",
    "named",
    "or_stdin",
    "output_options",
    "reading",
    "remove_input",
    "size_of",
    "standard_output",
    "writing",
]

SUFFIX = ".ans"

# Standard input or output.
STANDARD = Path("-")

PATH = click.Path(path_type=Path, allow_dash=True)

F = TypeVar("F", bound=Callable[..., Any])


def files_argument(*, required: bool) -> Callable[[F], F]:
    return click.argument("files", metavar="FILE...", nargs=-1, required=required, type=PATH)


def output_options(command: F) -> F:
    """Where to write, and what becomes of the input."""
    for option in (
        click.option("-f", "--force", is_flag=True, help="Overwrite; write to a terminal."),
        click.option("--rm", "remove", is_flag=True, help="Remove FILE afterwards."),
        click.option("-k", "--keep", is_flag=True, help="Keep FILE (default)."),
        click.option("-c", "--stdout", is_flag=True, help="Write to standard output."),
        click.option("-o", "--output", type=PATH, help="Where to write; - is standard output."),
    ):
        command = option(command)
    return command


def named(file: Path) -> str:
    """How messages call a file."""
    return "(stdin)" if file == STANDARD else str(file)


def _stream(standard: TextIO | None) -> BinaryIO:
    """The bytes of standard input or output."""
    if standard is None:
        raise click.UsageError("Standard input or output is closed.")
    return standard.buffer


def or_stdin(files: tuple[Path, ...]) -> tuple[Path, ...]:
    """The files, or standard input if none is named and it's no terminal."""
    if not files and _stream(sys.stdin).isatty():
        raise click.UsageError("Name a FILE, or pipe something in.")
    return files or (STANDARD,)


@contextmanager
def reading(file: Path) -> Iterator[BinaryIO]:
    if file == STANDARD:
        yield _stream(sys.stdin)
    else:
        with open(file, "rb") as opened:
            yield opened


def size_of(file: BinaryIO) -> int | None:
    """Bytes from the position on, or None if nobody knows."""
    status = _status(file)
    return None if status is None else status.st_size - file.tell()


def compressed_name(file: Path) -> Path:
    return file.with_name(file.name + SUFFIX)


def decompressed_name(file: Path) -> Path:
    if file.suffix != SUFFIX:
        raise ProblemError(f"doesn't end in {SUFFIX}: name the output with -o", USAGE)
    return file.with_suffix("")


class Target:
    """Where the output for each FILE goes.

    Parameters
    ----------
    output : Path or None
    stdout, force, keep, remove : bool
        As the options say.
    """

    def __init__(
        self,
        files: tuple[Path, ...],
        output: Path | None,
        *,
        stdout: bool,
        force: bool,
        keep: bool,
        remove: bool,
    ) -> None:
        if stdout and output not in (None, STANDARD):
            raise click.UsageError("-c and -o exclude each other.")
        if output not in (None, STANDARD) and len(files) > 1:
            raise click.UsageError("-o is for a single FILE.")
        self._output = STANDARD if stdout else output
        self.force, self.remove = force, remove
        if remove and keep:
            raise click.UsageError("--rm and -k exclude each other.")
        if remove and self._output == STANDARD:
            raise click.UsageError("--rm and writing to standard output exclude each other.")

    def of(self, file: Path, name: Callable[[Path], Path]) -> Path:
        """The target for a file; `name` makes one of the file's."""
        if self._output is not None:
            return self._output
        return STANDARD if file == STANDARD else name(file)


def standard_output(*, compressed: bool = False, force: bool = False) -> BinaryIO:
    """Standard output; refused if it's a terminal that would get compressed data."""
    stdout = _stream(sys.stdout)
    if compressed and not force and stdout.isatty():
        raise click.UsageError("Compressed data aren't written to a terminal; -f does it anyway.")
    return stdout


@contextmanager
def writing(target: Path, file: Path, source: BinaryIO, *, force: bool) -> Iterator[BinaryIO]:
    """A file that gets its name when the ``with`` block ends, and is discarded if it fails.

    It gets the times of `file`, which is open as `source`, and if it's new its mode.
    """
    like = _status(source)
    there = target.exists()
    if there and like is not None and os.path.samestat(like, os.stat(target)):
        raise ProblemError(f"{target} is the input, which is kept")
    special = there and not target.is_file()
    if file == STANDARD or special:
        like = None
    mode = None if like is None else stat.S_IMODE(like.st_mode) & 0o777
    with AtomicFile(target, exclusive=not (force or special), mode=mode) as whole:
        written: BinaryIO = whole.file
        yield written
        if like is not None and os.utime in os.supports_fd:
            written.flush()
            os.utime(written.fileno(), ns=(like.st_atime_ns, like.st_mtime_ns))


def _status(file: BinaryIO) -> os.stat_result | None:
    """That of a regular file."""
    try:
        status = os.fstat(file.fileno())
    except (OSError, ValueError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def remove_input(file: Path, target: Path) -> None:
    """Remove what has been compressed or decompressed, if the result is a file."""
    if file != STANDARD and target != STANDARD and target.is_file():
        file.unlink()
