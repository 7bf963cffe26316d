"""Compressing or decompressing FILEs: one after the other, past those that fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from ansflow.cli.console import Console
from ansflow.cli.files import (
    STANDARD,
    File,
    Target,
    label_of,
    named,
    reading,
    remove_input,
    size_of,
    standard_output,
    status_of,
    writing,
)
from ansflow.cli.outcome import Outcome
from ansflow.cli.table import readable

__all__ = ["Sizes", "Work", "each"]

# Bytes read and written.
Sizes = tuple[int, int]

Work = Callable[[BinaryIO, BinaryIO, Callable[[int], object]], Sizes]

# What is to be said of a file, and of how many bytes were read and written.
Remarks = Callable[[File, Sizes], Iterable[str]]


def each(
    files: Iterable[File],
    target: Target,
    name: Callable[[Path], Path],
    work: Work,
    console: Console,
    outcome: Outcome,
    *,
    compressing: bool,
    remarks: Remarks = lambda file, sizes: (),
) -> None:
    """Process each file, from opening it to removing it, and print lines about them.

    `name` gives the name of the output by that of a file, `work` writes it, and `remarks` gives
    lines to print about it.
    """
    count = done = read = written = 0
    for file in files:
        count += 1
        with outcome.about(named(file)):
            to = target.of(file, name)
            begun = time.perf_counter()
            sizes, remarked = _process(file, to, target, work, console, compressing, remarks)
            seconds = time.perf_counter() - begun
            done, read, written = done + 1, read + sizes[0], written + sizes[1]
            say = console.say_more if to is STANDARD else console.say
            say(f"{named(file) if to is STANDARD else to}: {_summary(sizes, compressing)}")
            content = sizes[0] if compressing else sizes[1]
            for remark in remarked:
                console.say(f"ansflow: {named(file)}: {remark}")
            console.say_more(f"  {seconds:.2f} s, {readable(content / max(seconds, 1e-9))}/s")
    if count > 1 and done:
        of = f"{done:,} of {count:,}" if done < count else f"{count:,}"
        say = console.say_more if target.is_standard else console.say
        say(f"{of} files: {_summary((read, written), compressing)}")


def _process(
    file: File,
    to: File,
    target: Target,
    work: Work,
    console: Console,
    compressing: bool,
    remarks: Remarks,
) -> tuple[Sizes, list[str]]:
    with (
        reading(file) as source,
        console.progress(label_of(file), size_of(source)) as on_progress,
    ):
        before = status_of(source)
        if to is STANDARD:
            stdout = standard_output(compressed=compressing, force=target.force)
            sizes = work(source, stdout, on_progress)
            stdout.flush()
        else:
            with writing(to, file, source, force=target.force) as written:
                sizes = work(source, written, on_progress)
    remarked = [] if console.quiet else list(remarks(file, sizes))
    if target.remove:
        remove_input(file, before, to, force=target.force)
    return sizes, remarked


def _summary(sizes: Sizes, compressing: bool) -> str:
    read, written = sizes
    if not compressing:
        return f"{written:,} bytes"
    share = f" ({written / read:.1%})" if read else ""
    return f"{read:,} -> {written:,} bytes{share}"
