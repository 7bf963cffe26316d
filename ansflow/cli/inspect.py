"""``info`` and ``recover``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

import ansflow
from ansflow.cli.console import Console, limit_options, readable, talking
from ansflow.cli.files import PATH, SUFFIX, files_argument, named, reading
from ansflow.cli.outcome import DAMAGED, USAGE, Outcome, ProblemError
from ansflow.limits import Limits

__all__ = ["info", "recover"]

COLUMNS = ("content", "size", "bits/byte", "ideal", "overhead", "holds")
FORMAT = "{:>15} {:>15} {:>10} {:>10} {:>9}  {:20}"

# Lost ranges that are printed unless asked for all.
RANGES = 10


@click.command()
@files_argument(required=True)
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each FILE, on a line.")
@click.option("--quick", is_flag=True, help="Decode nothing: leave out the ideal.")
@limit_options
@talking
def info(
    files: tuple[Path, ...],
    as_json: bool,
    quick: bool,
    limits: Limits,
    console: Console,
) -> None:
    """Say what each FILE holds, and compare its size to the ideal.

    The ideal is that of a coder which knows the distribution of bytes in each block beforehand,
    but nothing of their order; blocks with contexts may take less. With -v, say more about each
    frame.
    """
    outcome = Outcome()
    if not as_json:
        click.echo(FORMAT.format(*COLUMNS) + " file")
    for file in files:
        with outcome.about(named(file)), reading(file) as source:
            if not source.seekable():
                raise ProblemError("can't seek, as info has to")
            found = _describe(source, file, quick, limits, console)
            if as_json:
                click.echo(json.dumps({"file": named(file), **found}))
                continue
            click.echo(f"{_row(found)} {named(file)}")
            if console.verbose:
                for number, frame in enumerate(found["frames"], 1):
                    for line in _details(frame, number):
                        click.echo(f"  {line}")
    outcome.exit()


def _describe(
    source: Any, file: Path, quick: bool, limits: Limits, console: Console
) -> dict[str, Any]:
    begin = source.tell()
    found = ansflow.describe(source, ideal=False, limits=limits)
    if quick:
        return found
    source.seek(begin)
    with console.progress(file.name, found["content_size"]) as on_progress:
        return ansflow.describe(source, limits=limits, on_progress=on_progress)


def _row(found: dict[str, Any]) -> str:
    ideal = found.get("ideal", {})
    return FORMAT.format(
        f"{found['content_size']:,}",
        f"{found['size']:,}",
        _number(found["bits_per_byte"], "{:.3f}"),
        _number(ideal.get("bits_per_byte"), "{:.3f}"),
        _number(ideal.get("overhead_percent"), "{:+.2f}%"),
        _kind(found["frames"]),
    )


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _kind(frames: list[dict[str, Any]]) -> str:
    kinds = sorted({frame["kind"] for frame in frames})
    if len(frames) == 1 and kinds == ["array"]:
        dtype = frames[0]["dtype"]
        shape = "x".join(map(str, frames[0]["shape"]))
        return f"{dtype if isinstance(dtype, str) else 'fields'} {shape}".strip()
    return " and ".join(kinds) + (f", {len(frames)} frames" if len(frames) > 1 else "")


def _details(frame: dict[str, Any], number: int) -> list[str]:
    lines = [
        f"frame {number}: version {frame['version']}, {frame['size']:,} bytes "
        f"from {frame['begin']:,} on, {'an' if frame['index'] else 'no'} index",
        f"  content: {frame['content_size']:,} bytes in blocks of "
        f"{readable(frame['block_size'])}, {frame['planes']} planes"
        + ("" if frame["sized"] else ", size not known beforehand"),
    ]
    if frame["kind"] == "array":
        bits = _number(frame["bits_per_item"], "{:.3f}")
        lines.append(
            f"  array: {json.dumps(frame['dtype'])} of shape {tuple(frame['shape'])} "
            f"in {frame['order']} order, {bits} bits an item"
        )
    lines.append("  blocks: " + _counts(frame["blocks"]))
    if frame["precisions"]:
        lines.append(
            f"  precision {_list(frame['precisions'])}, {_list(frame['lanes'])} lanes, "
            f"{len(frame['shared_tables'])} shared tables"
        )
    lines.append("  bytes: " + _counts(frame["bytes"]))
    if "model" in frame:
        lines.append("  model: {name}, {fingerprint}".format(**frame["model"]))
    if frame["metadata"]:
        lines.append(f"  metadata: {json.dumps(frame['metadata'])}")
    return lines


def _counts(numbers: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in numbers.items() if count) or "none"


def _list(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


@click.command()
@click.argument("file", metavar="FILE", type=PATH)
@click.option(
    "-o", "--output", type=PATH, help=f"Where to write; FILE.recovered{SUFFIX} if left out."
)
@click.option("-f", "--force", is_flag=True, help="Overwrite.")
@click.option("--json", "as_json", is_flag=True, help="Print what was lost as JSON.")
@limit_options
@talking
def recover(
    file: Path,
    output: Path | None,
    force: bool,
    as_json: bool,
    limits: Limits,
    console: Console,
) -> None:
    """Copy every intact block of a damaged FILE to a sound one.

    What is lost in the middle becomes zeros. The exit code is 0 if nothing was lost, and 1 if
    something was.
    """
    outcome = Outcome()
    base = file.with_suffix("") if file.suffix == SUFFIX else file
    target = output or base.with_name(f"{base.name}.recovered{SUFFIX}")
    with outcome.about(named(file)):
        if "-" in (str(file), str(target)):
            raise ProblemError("recover reads and writes files, not pipes", USAGE)
        if target.exists() and target.samefile(file):
            raise ProblemError(f"{target} is the input, which is kept")
        if target.is_file() and not force:
            raise FileExistsError(17, "exists", str(target))
        with console.progress(file.name, None) as on_progress:
            found = ansflow.recover(file, target, limits=limits, on_progress=on_progress)
        if as_json:
            click.echo(json.dumps({"file": str(file), "output": str(target), **asdict(found)}))
        else:
            for line in _report(found, target, console.verbose):
                console.say(line)
        if found.lost_blocks or found.cut:
            outcome.code = DAMAGED
    outcome.exit()


def _report(found: ansflow.Recovery, target: Path, everything: bool) -> list[str]:
    lines = [
        f"{target}: {found.content_size:,} bytes of content; "
        f"intact blocks: {found.blocks:,}, lost: {found.lost_blocks:,}"
    ]
    shown = found.lost if everything else found.lost[:RANGES]
    lines += [f"  lost, zeros now: bytes {begin:,} to {end:,}" for begin, end in shown]
    if len(found.lost) > len(shown):
        lines.append(f"  and {len(found.lost) - len(shown):,} more; -v lists all")
    if found.cut:
        lines.append("  the end is missing: more may be lost than is known")
    elif found.damaged and not found.lost_blocks:
        lines.append("  the file was damaged, but no content was lost")
    elif not found.damaged:
        lines.append("  the file was intact")
    return lines
