"""Tables that fit the terminal, for any numbers.

A cell is a text, or a number in several forms, the most exact one first, of which the first that
fits into the column is used. If a terminal is too narrow for all columns, some are omitted.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ansflow.cli.text import columns, padded, printable, shortened

__all__ = ["LAYOUT", "UNITS", "Cell", "Column", "Table", "count", "decimal", "percent", "readable"]

# Width of output that does not go to a terminal.
LAYOUT = 80

UNITS = "KMGTPE"

Cell = str | tuple[str, ...]


class Column(NamedTuple):
    """A column of `width` characters; columns of the highest rank are omitted first."""

    name: str
    width: int
    rank: int = 0
    left: bool = False


class Table:
    """Formats the lines of a table.

    Parameters
    ----------
    width : int
        Maximal width of a line.
    *names
        The columns. Those of rank 0 are never omitted.
    """

    def __init__(self, width: int, *names: Column) -> None:
        limit = max(column.rank for column in names)
        while limit and _width([c for c in names if c.rank <= limit]) > width:
            limit -= 1
        self._columns = names
        self._limit = limit

    @property
    def width(self) -> int:
        """The width of a line."""
        return _width([column for column in self._columns if column.rank <= self._limit])

    def head(self) -> str:
        return self.row(*(column.name for column in self._columns))

    def row(self, *cells: Cell) -> str:
        """Format a line from one cell for each column, including omitted ones."""
        return " ".join(
            padded(_fitting(cell, column.width), column.width, left=column.left)
            for column, cell in zip(self._columns, cells, strict=True)
            if column.rank <= self._limit
        )


def _width(names: list[Column]) -> int:
    return sum(column.width + 1 for column in names) - 1


def _fitting(cell: Cell, width: int) -> str:
    forms = (cell,) if isinstance(cell, str) else cell
    for form in forms:
        text = printable(form)
        if columns(text) <= width:
            return text
    return shortened(text, width)


def readable(size: float) -> str:
    """Format a size as ``512 B``, ``1.5 KiB`` or ``64 MiB``, in at most eight characters."""
    part, unit = size, "B"
    for letter in UNITS:
        # A number that would be rounded to 1024 is 1 of the next unit.
        if abs(part) < 1023.5:
            break
        part, unit = part / 1024, f"{letter}iB"
    text = f"{part:.1f}" if abs(part) < 99.95 else f"{part:.0f}"
    return f"{text.removesuffix('.0')} {unit}" if len(text) <= 4 else f"{size:.0e} B"


def count(number: float | None) -> Cell:
    """A cell for a number of bytes, or another whole number."""
    if number is None:
        return "-"
    return (f"{number:,.0f}" if isinstance(number, float) else f"{number:,}", readable(number))


def decimal(number: float | None, digits: int) -> Cell:
    """A cell for a number with `digits` digits after the point, or fewer if it is large."""
    if number is None or not math.isfinite(number):
        return "-"
    return (*(f"{number:,.{n}f}" for n in range(digits, -1, -1)), f"{number:.0e}")


# Larger percentages are not printed as numbers.
MOST_PERCENT = 999.99


def percent(share: float | None) -> Cell:
    """A cell for a relative difference, as a percentage; ``>1000%`` if it is large."""
    if share is None or not math.isfinite(share):
        return "-"
    if 100 * share > MOST_PERCENT:
        return ">1000%"
    return tuple(f"{share:+.{digits}%}" for digits in (2, 1, 0))
