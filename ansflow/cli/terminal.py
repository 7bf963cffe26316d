"""Lines on standard output and error, without control characters and as wide as the terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from ansflow.cli.table import LAYOUT, readable
from ansflow.cli.text import columns, printable, shortened, wrapped

__all__ = ["echo", "emit", "progress", "progress_line", "status", "width_of"]

# Seconds between two updates of the progress line.
INTERVAL = 0.1

NARROWEST = 20


def width_of(stream: TextIO) -> int | None:
    """Width of the terminal that a stream writes to; None if it is not a terminal.

    As usual, COLUMNS in the environment takes precedence over the terminal itself.
    """
    if not stream.isatty():
        return None
    width = 0
    with suppress(ValueError):
        width = int(os.environ.get("COLUMNS", ""))
    if width <= 0:
        with suppress(OSError, ValueError):
            width = os.get_terminal_size(stream.fileno()).columns
    return max(NARROWEST, width if width > 0 else LAYOUT)


class _Status:
    """A line of the terminal, on standard error, that is rewritten until something else follows."""

    def __init__(self) -> None:
        self._width = 0

    def show(self, text: str) -> None:
        """Replace the line by text that fits into it."""
        sys.stderr.write("\r" + text + " " * (self._width - columns(text)))
        sys.stderr.flush()
        self._width = columns(text)

    def keep(self) -> None:
        """End the line."""
        sys.stderr.write("\n")
        sys.stderr.flush()
        self._width = 0

    def clear(self) -> None:
        """Remove the line."""
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
            self._width = 0


status = _Status()


def echo(text: str = "", *, err: bool = False) -> None:
    """Print a line on standard output or error, wrapped to the width of a terminal.

    All messages of the command are printed by this function.
    """
    stream = sys.stderr if err else sys.stdout
    text = printable(text)
    width = width_of(stream)
    lines = [text] if width is None else wrapped(text, width)
    status.clear()
    stream.write("".join(f"{line}\n" for line in lines))
    stream.flush()


def emit(text: str) -> None:
    """Print text for programs, such as JSON, on standard output without changes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _bytes_and_speed(done: int, seconds: float) -> str:
    return f"{readable(done)}, {readable(done / max(seconds, 1e-3))}/s"


@contextmanager
def progress(
    label: str, size: int | None, say: Callable[[int, float], str] = _bytes_and_speed
) -> Iterator[Callable[[int], None]]:
    """Show progress; call the result with the amount that is done, of `size` if that is known.

    It is shown as a line of a terminal, on standard error, which is rewritten. `say` formats the
    end of the line from the amount done and the seconds it took.
    """
    begun = shown = time.monotonic()
    done = 0

    def show() -> None:
        share = None if size is None else min(1.0, done / size) if size else 1.0
        said = say(done, time.monotonic() - begun)
        # The last column stays empty, since some terminals wrap as soon as it is written.
        status.show(progress_line(label, share, said, (width_of(sys.stderr) or LAYOUT) - 1))

    def update(now: int) -> None:
        nonlocal done, shown
        done = now
        if time.monotonic() - shown >= INTERVAL:
            shown = time.monotonic()
            show()

    show()
    try:
        yield update
    finally:
        show()
        status.keep()


def progress_line(label: str, share: float | None, said: str, width: int) -> str:
    """Format a label, a bar and a percentage (if known) and a text in at most `width` columns.

    Examples
    --------
    >>> progress_line("data.bin", 0.75, "3 MiB, 6 MiB/s", 60)
    'data.bin  [####################-------]  75%  3 MiB, 6 MiB/s'
    """
    end = f"  {said}" if share is None else f" {share:4.0%}  {said}"
    room = max(0, width - len(end))
    label = shortened(printable(label), min(max(8, room // 2), room))
    bar = 0 if share is None else min(36, room - columns(label) - 4)
    if share is None or bar < 4:
        return shortened(label + end, width)
    full = round(bar * share)
    return f"{label}  [{'#' * full}{'-' * (bar - full)}]{end}".rstrip()
