"""Which files the FILEs of a command are: also those in directories, with -r."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from ansflow.cli.files import STANDARD, SUFFIX, File, named, suffix_of
from ansflow.cli.outcome import Outcome, ProblemError

__all__ = ["compressed_files", "compressed_in", "walk_options", "walked"]

F = TypeVar("F", bound=Callable[..., Any])


def _checked_suffix(_: click.Context, __: click.Parameter, suffix: str) -> str:
    if not suffix or suffix in (".", "..") or os.path.basename(suffix) != suffix:
        raise click.BadParameter("a suffix has at least a letter, and no slash.")
    return suffix


def walk_options(command: F) -> F:
    """The options ``-r`` and ``-S``, as the arguments `recursive` and `suffix`."""
    for option in (
        click.option(
            "-S",
            "--suffix",
            metavar=".SUF",
            default=SUFFIX,
            callback=_checked_suffix,
            help=f"Use this suffix in place of {SUFFIX}, which is still known when reading.",
        ),
        click.option(
            "-r",
            "--recursive",
            is_flag=True,
            help="Take the files in directories, and in all directories inside.",
        ),
    ):
        command = option(command)
    return command


def compressed_files(context: click.Context, param: click.Parameter, begin: str) -> Any:
    """What completes the FILEs of commands that read compressed ones."""
    from ansflow.cli.completion import complete_compressed

    return complete_compressed(context, param, begin)


def compressed_in(suffix: str) -> Callable[[Path], bool]:
    """What is wanted of a directory by a command that reads compressed files."""
    return lambda file: bool(suffix_of(file, suffix))


def walked(
    files: tuple[File, ...], recursive: bool, wanted: Callable[[Path], bool], outcome: Outcome
) -> Iterator[File]:
    """The files, and in place of each directory the regular files in it that are `wanted`.

    Links in directories are not followed. What cannot be read is reported to `outcome`.
    """
    for file in files:
        if file is STANDARD or not os.path.isdir(file):
            yield file
        elif recursive:
            yield from _inside(file, wanted, outcome)
        else:
            with outcome.about(named(file)):
                raise ProblemError("this is a directory; use -r for the files in it")


def _inside(root: Path, wanted: Callable[[Path], bool], outcome: Outcome) -> Iterator[Path]:
    def report(error: OSError) -> None:
        with outcome.about(named(root)):
            raise error

    for folder, folders, names in os.walk(root, onerror=report):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if wanted(path) and _is_regular(path):
                yield path


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:  # it has gone meanwhile
        return False
