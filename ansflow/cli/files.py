"""Input and output files: names, ``-`` for standard streams, overwriting, keeping."""

from __future__ import annotations

import io
import os
import shlex
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
from ansflow.errors import CorruptDataError, UnsupportedError
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
    "suffix_of",
    "writing",
]

SUFFIX = ".ans"

# What each frame begins with; an index ends with the same bytes backwards.
MAGIC = b"\x89ANS"


class _Standard(Enum):
    """A value distinct from every path, unlike ``-``, which may be the name of a file."""

    STREAM = "-"


# Standard input or output.
STANDARD: Final = _Standard.STREAM

File = Path | _Standard

F = TypeVar("F", bound=Callable[..., Any])

Complete = Callable[[click.Context, click.Parameter, str], Any]


class _FileType(click.Path):
    """The name of a file, or exactly ``-`` for standard input or output."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        found = super().convert(value, param, ctx)
        return STANDARD if value == "-" else found


# Whether a file can be read shows when it is its turn.
FILE = _FileType(path_type=Path, allow_dash=True, readable=False)


def files_argument(
    *, required: bool = False, shell_complete: Complete | None = None
) -> Callable[[F], F]:
    return click.argument(
        "files",
        metavar="FILE..." if required else "[FILE]...",
        nargs=-1,
        required=required,
        type=FILE,
        shell_complete=shell_complete,
    )


def output_options(command: F) -> F:
    """Options for output files, and for what happens to the input."""
    for option in (
        click.option(
            "-f",
            "--force",
            is_flag=True,
            help="Overwrite files; write compressed data to a terminal.",
        ),
        click.option("--rm", "remove", is_flag=True, help="Remove FILE when done."),
        click.option("-k", "--keep", is_flag=True, help="Keep FILE (default)."),
        click.option("-c", "--stdout", is_flag=True, help="Write to standard output."),
        click.option("-o", "--output", type=FILE, help="Output file; - is standard output."),
    ):
        command = option(command)
    return command


def named(file: File) -> str:
    """The name of a file in messages."""
    return "(stdin)" if file is STANDARD else str(file)


def label_of(file: File) -> str:
    """The name of a file in the progress line."""
    return "(stdin)" if file is STANDARD else file.name


def or_stdin(files: tuple[File, ...]) -> tuple[File, ...]:
    """The files, or standard input if none is given and it is not a terminal."""
    if not files and sys.stdin.isatty():
        raise click.UsageError("Give a FILE, or pipe data to standard input.")
    return files or (STANDARD,)


@contextmanager
def reading(file: File) -> Iterator[BinaryIO]:
    """Open a file; errors that say it is damaged are given a note that it may be recovered."""
    if file is STANDARD:
        yield sys.stdin.buffer
        return
    with io.BufferedReader(InputFile(file, str(file))) as opened:
        try:
            yield opened
        except CorruptDataError as error:
            if not isinstance(error, UnsupportedError) and _has_frames(opened):
                error.add_note(f"ansflow recover {_quoted(file)} saves all chunks that are intact")
            raise


def _has_frames(file: BinaryIO) -> bool:
    """Whether it begins with a frame, or ends with the index of one."""
    if status_of(file) is None:
        return False
    file.seek(0)
    if file.read(len(MAGIC)) == MAGIC:
        return True
    file.seek(max(0, file.seek(0, os.SEEK_END) - len(MAGIC)))
    return file.read() == MAGIC[::-1]


def _quoted(file: Path) -> str:
    """A file as an argument of the command, for a shell."""
    name = str(file)
    return shlex.quote(f"./{name}" if name.startswith("-") else name)


def size_of(file: BinaryIO) -> int | None:
    """Bytes from the position to the end; None if the file is not a regular one."""
    status = status_of(file)
    return None if status is None else status.st_size - file.tell()


def compressed_name(file: Path, suffix: str) -> Path:
    return file.with_name(file.name + suffix)


def suffix_of(file: Path, suffix: str) -> str:
    """Which of the suffix and .ans a name ends in, with something before; empty if neither."""
    for ending in (suffix, SUFFIX):
        if file.name.endswith(ending) and file.name != ending:
            return ending
    return ""


def decompressed_name(file: Path, suffix: str) -> Path:
    ending = suffix_of(file, suffix)
    if not ending:
        raise ProblemError(f"the name does not end in {suffix}: give the output with -o", USAGE)
    return file.with_name(file.name.removesuffix(ending))


class Target:
    """Where the output for each FILE goes.

    Parameters
    ----------
    several : bool
        Whether there may be more than one FILE.
    output : Path, STANDARD or None
    stdout, force, keep, remove : bool
        The options of the same names.
    """

    def __init__(
        self,
        output: File | None,
        *,
        several: bool,
        stdout: bool,
        force: bool,
        keep: bool,
        remove: bool,
    ) -> None:
        if stdout and output not in (None, STANDARD):
            raise click.UsageError("-c and -o cannot be used together.")
        if output not in (None, STANDARD) and several:
            raise click.UsageError("-o can be used with a single FILE only, and not with -r.")
        self._output = STANDARD if stdout else output
        self.force, self.remove = force, remove
        if remove and keep:
            raise click.UsageError("--rm and -k cannot be used together.")
        if remove and self._output is STANDARD:
            raise click.UsageError("--rm cannot be used when writing to standard output.")

    @property
    def is_standard(self) -> bool:
        """Whether all output goes to standard output."""
        return self._output is STANDARD

    def of(self, file: File, name: Callable[[Path], Path]) -> File:
        """The target for a file; by default, the result of `name`."""
        if self._output is not None:
            return self._output
        return STANDARD if file is STANDARD else name(file)


def standard_output(*, compressed: bool = False, force: bool = False) -> BinaryIO:
    """Standard output; UsageError if compressed data would be written to a terminal."""
    stdout = sys.stdout.buffer
    if compressed and not force and stdout.isatty():
        raise click.UsageError("Compressed data are not written to a terminal; use -f to force it.")
    return stdout


@contextmanager
def _naming(target: Path) -> Iterator[None]:
    """Attribute errors without a file name to `target`; input files name themselves."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(target)
        raise


@contextmanager
def writing(target: Path, file: File, source: BinaryIO, *, force: bool) -> Iterator[BinaryIO]:
    """Open an output file, which replaces `target` unless the ``with`` block fails.

    It gets the times of `file`, which is open as `source`, and its mode if the target is new.
    """
    like = status_of(source)
    there = target.exists()
    if there and like is not None and os.path.samestat(like, os.stat(target)):
        raise ProblemError(f"the output {target} is the input itself: give another output")
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
    """The status of a regular file; None for others."""
    try:
        status = os.fstat(file.fileno())
    except (OSError, ValueError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def remove_input(file: File, before: os.stat_result | None, target: File, *, force: bool) -> None:
    """Remove a file that has been compressed or decompressed, if the result is a file.

    Only regular files are removed, and only if they have not changed since they were opened, when
    their status was `before`. As in xz, a file with other hard links is kept unless `force` is
    given.
    """
    if file is STANDARD or target is STANDARD or not target.is_file():
        return
    status = os.lstat(file)
    if before is None or not stat.S_ISREG(status.st_mode):
        why = "it is not a regular file"
    elif _version(status) != _version(before):
        why = "it was changed after it had been read"
    elif status.st_nlink > 1 and not force:
        why = "it has other hard links; use -f to remove this one"
    else:
        file.unlink()
        return
    raise ProblemError(f"the file is kept: {why}")


def _version(status: os.stat_result) -> tuple[int, ...]:
    """The fields of a status that change if a file is replaced or written to."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
