"""``recover``: what is intact of a damaged file, and what is lost."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import asdict
from pathlib import Path

import click

import ansflow
from ansflow.cli.console import Console, limit_options, working
from ansflow.cli.files import FILE, STANDARD, SUFFIX, File, named
from ansflow.cli.outcome import DAMAGED, USAGE, Outcome, ProblemError
from ansflow.cli.terminal import emit
from ansflow.cli.walk import compressed_files
from ansflow.limits import Limits

__all__ = ["recover"]

# Number of lost boxes that are printed without -v.
BOXES = 10


@click.command()
@click.argument("file", metavar="FILE", type=FILE, shell_complete=compressed_files)
@click.option("-o", "--output", type=FILE, help=f"Output file; FILE.recovered{SUFFIX} by default.")
@click.option("-f", "--force", is_flag=True, help="Overwrite the output file.")
@click.option("--json", "as_json", is_flag=True, help="Print what was lost as JSON.")
@limit_options
@working
def recover(
    file: File,
    output: File | None,
    force: bool,
    as_json: bool,
    limits: Limits,
    console: Console,
) -> None:
    """Copy every intact chunk of a damaged FILE to a new, valid one.

    Lost chunks are replaced by zeros, and listed: as indices of arrays, or ranges of bytes. The
    exit code is 0 if nothing was lost, and 1 otherwise.
    """
    outcome = Outcome()
    with outcome.about(named(file)):
        if file is STANDARD or output is STANDARD:
            raise ProblemError(
                "recover reads and writes regular files, not standard input or output", USAGE
            )
        base = file.with_suffix("") if file.suffix == SUFFIX else file
        target = output or base.with_name(f"{base.name}.recovered{SUFFIX}")
        if target.exists() and target.samefile(file):
            raise ProblemError(f"the output {target} is the input itself: give another output")
        if target.is_file() and not force:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        with console.progress(file.name, None) as on_progress:
            found = ansflow.recover(file, target, limits=limits, on_progress=on_progress)
        if as_json:
            emit(json.dumps({"file": str(file), "output": str(target), **asdict(found)}))
        else:
            for line in _report(found, target, console.verbose):
                console.say(line)
        if found.lost_chunks or found.cut:
            outcome.code = DAMAGED
    outcome.exit()


def _report(found: ansflow.Recovery, target: Path, everything: bool) -> list[str]:
    lines = [
        f"{target}: {found.content_size:,} bytes of content; "
        f"intact chunks: {found.chunks:,}, lost: {found.lost_chunks:,}"
    ]
    shown = found.boxes if everything else found.boxes[:BOXES]
    lines += [f"  lost, replaced by zeros: {box}" for box in shown]
    if len(found.boxes) > len(shown):
        lines.append(f"  and {len(found.boxes) - len(shown):,} more; use -v to list all")
    if found.cut:
        lines.append("  the end is missing: more may be lost than is known")
    elif found.damaged and not found.lost_chunks:
        lines.append("  the file was damaged, but no content was lost")
    elif not found.damaged:
        lines.append("  the file was intact")
    return lines
