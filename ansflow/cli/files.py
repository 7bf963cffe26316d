"""Which files are read and written: names, ``-``, overwriting, keeping."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

import click

from ansflow.cli.outcome import USAGE, ProblemError
from ansflow.cli.standard import InputFile
from ansflow.files.atomic import AtomicFile

__all__ = [
    "FILE",
    "STANDARD",
    "SUFFIX",
    "File",
    "Target",
    "compressed_name",
    "decompressed_name",
    "files_argument",
    "label_of",
    "named",
    "or_stdin",
    "output_options",
    "reading",
    "remove_input",
    "size_of",
    "standard_output",
    "status_of",
    "writing",
]

SUFFIX = ".ans"


class _Standard(Enum):
    """What no path is equal to, unlike ``-``, which may be the name of a file."""

    STREAM = "-"


# Standard input or output.
STANDARD: Final = _Standard.STREAM

File = Path | _Standard

F = TypeVar("F", bound=Callable[..., Any])


class _FileType(click.Path):
    """The name of a file, or ``-``, and nothing but that, for standard input or output."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        found = super().convert(value, param, ctx)
        return STANDARD if value == "-" else found


FILE = _FileType(path_type=Path, allow_dash=True)


def files_argument(*, required: bool) -> Callable[[F], F]:
    return click.argument("files", metavar="FILE...", nargs=-1, required=required, type=FILE)


def output_options(command: F) -> F:
    """Where to write, and what becomes of the input."""
    for option in (
        click.option("-f", "--force", is_flag=True, help="Overwrite; write to a terminal."),
        click.option("--rm", "remove", is_flag=True, help="Remove FILE afterwards."),
        click.option("-k", "--keep", is_flag=True, help="Keep FILE (default)."),
        click.option("-c", "--stdout", is_flag=True, help="Write to standard output."),
        click.option("-o", "--output", type=FILE, help="Where to write; - is standard output."),
    ):
        command = option(command)
    return command


def named(file: File) -> str:
    """How messages call a file."""
    return "(stdin)" if file is STANDARD else str(file)


def label_of(file: File) -> str:
    """How the progress calls it."""
    return "(stdin)" if file is STANDARD else file.name


def or_stdin(files: tuple[File, ...]) -> tuple[File, ...]:
    """The files, or standard input if none is named and it's no terminal."""
    if not files and sys.stdin.isatty():
        raise click.UsageError("Name a FILE, or pipe something in.")
    return files or (STANDARD,)


@contextmanager
def reading(file: File) -> Iterator[BinaryIO]:
    if file is STANDARD:
        yield sys.stdin.buffer
    else:
        with io.BufferedReader(InputFile(file, str(file))) as opened:
            yield opened


def size_of(file: BinaryIO) -> int | None:
    """Bytes from the position on, or None if nobody knows."""
    status = status_of(file)
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
    output : Path, STANDARD or None
    stdout, force, keep, remove : bool
        As the options say.
    """

    def __init__(
        self,
        files: tuple[File, ...],
        output: File | None,
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
        if remove and self._output is STANDARD:
            raise click.UsageError("--rm and writing to standard output exclude each other.")

    def of(self, file: File, name: Callable[[Path], Path]) -> File:
        """The target for a file; `name` makes one of the file's."""
        if self._output is not None:
            return self._output
        return STANDARD if file is STANDARD else name(file)


def standard_output(*, compressed: bool = False, force: bool = False) -> BinaryIO:
    """Standard output; refused if it's a terminal that would get compressed data."""
    stdout = sys.stdout.buffer
    if compressed and not force and stdout.isatty():
        raise click.UsageError("Compressed data aren't written to a terminal; -f does it anyway.")
    return stdout


@contextmanager
def _naming(target: Path) -> Iterator[None]:
    """Where an error that names no file is about this one: what is read names itself."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(target)
        raise


@contextmanager
def writing(target: Path, file: File, source: BinaryIO, *, force: bool) -> Iterator[BinaryIO]:
    """A file that gets its name when the ``with`` block ends, and is discarded if it fails.

    It gets the times of `file`, which is open as `source`, and if it's new its mode.
    """
    like = status_of(source)
    there = target.exists()
    if there and like is not None and os.path.samestat(like, os.stat(target)):
        raise ProblemError(f"{target} is the input, which is kept")
    special = there and not target.is_file()
    if file is STANDARD or special:
        like = None
    mode = None if like is None else stat.S_IMODE(like.st_mode) & 0o777
    exclusive = not (force or special)
    with _naming(target), AtomicFile(target, exclusive=exclusive, mode=mode) as whole:
        written: BinaryIO = whole.file
        yield written
        if like is not None and os.utime in os.supports_fd:
            written.flush()
            os.utime(written.fileno(), ns=(like.st_atime_ns, like.st_mtime_ns))


def status_of(file: BinaryIO) -> os.stat_result | None:
    """That of a regular file."""
    try:
        status = os.fstat(file.fileno())
    except (OSError, ValueError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def remove_input(file: File, before: os.stat_result | None, target: File, *, force: bool) -> None:
    """Remove what has been compressed or decompressed, if the result is a file.

    Only a regular file is ever removed, no device, pipe or link, and only if it's still what was
    read: `before` is its status from when it was opened. One that has other names is kept, as xz
    has it, unless `force` says otherwise.
    """
    if file is STANDARD or target is STANDARD or not target.is_file():
        return
    status = os.lstat(file)
    if before is None or not stat.S_ISREG(status.st_mode):
        why = "it isn't a regular file"
    elif _version(status) != _version(before):
        why = "it has been changed since it was read"
    elif status.st_nlink > 1 and not force:
        why = "it has other names; -f removes this one"
    else:
        file.unlink()
        return
    raise ProblemError(f"is kept: {why}")


def _version(status: os.stat_result) -> tuple[int, ...]:
    """What changes if a file is replaced or written to."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
