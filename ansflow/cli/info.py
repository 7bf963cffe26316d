"""``info``: what files hold, and how close they are to the ideal."""

from __future__ import annotations

import json
import sys
import textwrap
from typing import Any

import click

import ansflow
from ansflow.cli.console import Console, limit_options, working
from ansflow.cli.files import (
    File,
    files_argument,
    label_of,
    named,
    or_stdin,
    reading,
)
from ansflow.cli.outcome import Outcome, ProblemError
from ansflow.cli.table import LAYOUT, Cell, Column, Table, count, decimal, percent
from ansflow.cli.terminal import echo, emit, width_of
from ansflow.cli.text import columns, padded, printable, shortened
from ansflow.cli.walk import compressed_files, compressed_in, walk_options, walked
from ansflow.errors import CorruptDataError
from ansflow.limits import Limits

__all__ = ["info"]

COLUMNS = (
    Column("content", 13),
    Column("size", 13),
    Column("bits/byte", 9),
    Column("ideal", 6),
    Column("overhead", 8),
)
QUICK_COLUMNS = (
    Column("content", 13),
    Column("size", 13),
    Column("ratio", 8),
    Column("bits/byte", 9),
)
KIND = 20

STREAM_COLUMNS = (
    Column("stream", 22, left=True),
    Column("kinds", 12, left=True),
    Column("size", 11),
    Column("bits/item", 9),
    Column("ideal", 7),
    Column("overhead", 8),
)
# Recipes whose streams are printed.
PLANS = 5

# Arrays of a collection that are listed.
ARRAYS = 100


@click.command()
@files_argument(shell_complete=compressed_files)
@walk_options
@click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON object for each FILE, one per line."
)
@click.option("--quick", is_flag=True, help="Decode nothing, and omit the ideal size.")
@limit_options
@working
def info(
    files: tuple[File, ...],
    recursive: bool,
    suffix: str,
    as_json: bool,
    quick: bool,
    limits: Limits,
    console: Console,
) -> None:
    """Describe the content of each FILE, and compare its size with the ideal.

    The ideal is the size that a coder needs which knows the distribution of the symbols in each
    stream beforehand, but nothing about their order; streams with contexts may be smaller. With -v,
    print details of each frame and what each stream of its chunks takes, compared with the code
    length under the distributions in use.
    """
    outcome = Outcome()
    chosen = list(walked(or_stdin(files), recursive, compressed_in(suffix), outcome))
    listing = None if as_json else _Listing(chosen, quick)
    for file in chosen:
        with outcome.about(named(file)), reading(file) as source:
            if not source.seekable():
                raise ProblemError(
                    "cannot seek, which info requires: store it in a regular file first"
                )
            found = _describe(source, file, quick, limits, console)
            if listing is None:
                emit(json.dumps({"file": named(file), **found}))
                continue
            listing.add(file, found)
            if not console.verbose:
                for line in _arrays(found["frames"]):
                    echo(f"  {line}")
            else:
                for number, frame in enumerate(found["frames"], 1):
                    for line in _details(frame, number):
                        echo(f"  {line}")
    if listing is not None:
        listing.end()
    outcome.exit()


def _describe(
    source: Any, file: File, quick: bool, limits: Limits, console: Console
) -> dict[str, Any]:
    begin = source.tell()
    found = ansflow.describe(source, ideal=False, limits=limits)
    if quick:
        return found
    source.seek(begin)
    with console.progress(label_of(file), found["content_size"]) as on_progress:
        try:
            return ansflow.describe(source, limits=limits, on_progress=on_progress)
        except CorruptDataError as error:
            error.add_note("--quick describes it without decoding")
            raise


class _Listing:
    """A table with a line for each file, or two if the terminal is too narrow for the names."""

    def __init__(self, files: list[File], quick: bool) -> None:
        width = width_of(sys.stdout)
        longest = max((columns(printable(named(file))) for file in files), default=0)
        self._quick = quick
        self._table = Table(width or LAYOUT, *(QUICK_COLUMNS if quick else COLUMNS))
        self._terminal = width is not None
        self._apart = width is not None and self._table.width + KIND + 3 + longest > width
        self._count = self._size = self._content_size = 0

    def add(self, file: File, found: dict[str, Any]) -> None:
        if not self._count:
            head = self._table.head()
            echo(head if self._apart else f"{head}  {'holds':{KIND}} file")
        self._count += 1
        self._size += found["size"]
        self._content_size += found["content_size"]
        self._line(named(file), printable(_kind(found["frames"])), found)

    def end(self) -> None:
        """Print a line about all files, if there were several."""
        if self._count > 1:
            bits = 8 * self._size / self._content_size if self._content_size else None
            total = {"size": self._size, "content_size": self._content_size, "bits_per_byte": bits}
            self._line("", f"{self._count:,} files", total)

    def _line(self, name: str, kind: str, found: dict[str, Any]) -> None:
        size, content_size = found["size"], found["content_size"]
        cells = [count(content_size), count(size)]
        if self._quick:
            cells.append(decimal(content_size / size, 2))
            cells.append(decimal(found["bits_per_byte"], 3))
        else:
            ideal = found.get("ideal", {})
            excess = ideal.get("overhead_percent")
            cells.append(decimal(found["bits_per_byte"], 3))
            cells.append(decimal(ideal.get("bits_per_byte"), 3))
            cells.append(percent(None if excess is None else excess / 100))
        row = self._table.row(*cells)
        if self._apart:
            echo(": ".join(part for part in (name, kind) if part))
            echo(row)
            return
        if self._terminal:
            kind = shortened(kind, KIND)
        echo(f"{row}  {padded(kind, KIND, left=True)} {name}".rstrip())


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _kind(frames: list[dict[str, Any]]) -> str:
    if frames[-1]["kind"] == "directory":
        return f"{len({frame.get('name') for frame in frames} - {None})} named arrays"
    kinds = sorted({frame["kind"] for frame in frames})
    if len(frames) == 1 and kinds == ["array"]:
        dtype, masked = frames[0]["dtype"], "masked" in frames[0]
        if masked and not isinstance(dtype, str):
            dtype = dtype[0][1]  # of the values
        shape = "x".join(map(str, frames[0]["shape"]))
        kind = dtype if isinstance(dtype, str) else "fields"
        return f"{kind} {shape}".strip() + (", masked" if masked else "")
    return " and ".join(kinds) + (f", {len(frames)} frames" if len(frames) > 1 else "")


def _arrays(frames: list[dict[str, Any]]) -> list[str]:
    """A line for each array of a collection."""
    named = [frame for frame in frames if "name" in frame]
    lines = [
        f"{printable(frame['name'])}: {printable(_kind([frame]))}, "
        f"{frame['content_size']:,} -> {frame['size']:,} bytes"
        for frame in named[:ARRAYS]
    ]
    more = len(named) - len(lines)
    return lines + ([f"and {more} more; --json describes them, too"] if more else [])


def _details(frame: dict[str, Any], number: int) -> list[str]:
    lines = [
        f"frame {number}: version {frame['version']}, {frame['size']:,} bytes "
        f"from {frame['begin']:,} on, {'an' if frame['index'] else 'no'} index",
        f"  content: {frame['content_size']:,} bytes in chunks of "
        f"{'x'.join(map(str, frame['chunk_shape'])) or '1'}"
        + ("" if frame["sized"] else ", size not known beforehand"),
    ]
    if frame["kind"] == "array":
        bits = _number(frame["bits_per_item"], "{:.3f}")
        lines.append(
            f"  array: {json.dumps(frame['dtype'])} of shape {tuple(frame['shape'])} "
            f"in {frame['order']} order, {bits} bits an item"
            + (", masked" if "masked" in frame else "")
        )
        if "name" in frame:
            lines.append(f"  name: {frame['name']}")
    if frame["kind"] == "directory":
        lines.append("  directory of the named arrays before it")
    lines.append("  chunks: " + _counts(frame["recipes"]))
    lines.append("  streams: " + _counts(frame["streams"]))
    plans = frame.get("plans", [])
    for plan in plans[:PLANS]:
        lines += _plan(plan)
    if len(plans) > PLANS:
        lines.append(f"  and {len(plans) - PLANS} other recipes; --json describes them, too")
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


def _plan(plan: dict[str, Any]) -> list[str]:
    """What the streams of a recipe take."""
    table = Table(LAYOUT, *STREAM_COLUMNS)
    title = f"  {plan['recipe']}, in {plan['chunks']:,} of the chunks, {plan['items']:,} items:"
    lines = textwrap.wrap(title, LAYOUT - 2, subsequent_indent=" " * 4, break_on_hyphens=False)
    lines.append(f"    {table.head()}")
    ideals = [stream["ideal_bits_per_item"] for stream in plan["streams"]]
    total: dict[str, Any] = {"name": "all", "kinds": {}, "ideal_bits_per_item": None}
    total |= {"size": plan["size"], "bits_per_item": plan["bits_per_item"]}
    if None not in ideals:
        total["ideal_bits_per_item"] = sum(ideals)
    for stream in (*plan["streams"], total):
        bits, best = stream["bits_per_item"], stream["ideal_bits_per_item"]
        row = table.row(
            stream["name"],
            _kinds(stream["kinds"]),
            count(stream["size"]),
            decimal(bits, 3),
            decimal(best, 3),
            percent(bits / best - 1 if best else None),
        )
        lines.append(f"    {row}")
    return lines


def _kinds(numbers: dict[str, int]) -> Cell:
    """The kinds of streams, or the most frequent one."""
    if not numbers:
        return ""
    most = max(numbers, key=numbers.__getitem__)
    return _counts(numbers), f"{most} {numbers[most]:,}, ...", most


def _counts(numbers: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in numbers.items() if count) or "none"


def _list(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))
