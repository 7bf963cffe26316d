"""Text for terminals: escaping, measuring, padding, shortening and wrapping."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

__all__ = ["columns", "padded", "printable", "shortened", "wrapped"]

ELLIPSIS = "…"

# Makes the preceding character an emoji, which may be wider.
EMOJI_SELECTOR = "\ufe0f"


def printable(text: str) -> str:
    r"""Escape characters that are not printable.

    Names of files and fields, keys and metadata are untrusted. Characters in them that control the
    terminal, change the text direction, are invisible, unassigned or lone surrogates are escaped as
    in Python.

    Examples
    --------
    >>> printable("\x1b[31mred\n\u202e") == r"\x1b[31mred\n\u202e"
    True
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def columns(text: str) -> int:
    """Upper bound of the columns that printable text takes on a terminal.

    Examples
    --------
    >>> columns("abc"), columns("大小"), columns("e\u0301")
    (3, 4, 1)
    """
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def _columns_of(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me") and letter != EMOJI_SELECTOR:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def padded(text: str, width: int, *, left: bool = False) -> str:
    """Pad text with spaces on the left, or on the right if it is to be aligned `left`."""
    spaces = " " * (width - columns(text))
    return text + spaces if left else spaces + text


def shortened(text: str, width: int) -> str:
    """Shorten text to at most `width` columns by an ellipsis in its middle.

    Examples
    --------
    >>> shortened("measurements.bin.ans", 12), shortened("data.bin", 12)
    ('measur…n.ans', 'data.bin')
    """
    if columns(text) <= width:
        return text
    if width < 1:
        return ""
    begin = _beginning(text, width // 2)
    # Combining marks must not be separated from their letter.
    end = _beginning(reversed(text), width - 1 - columns(begin))[::-1]
    while end and not _columns_of(end[0]):
        end = end[1:]
    return begin + ELLIPSIS + end


def _beginning(letters: Iterable[str], width: int) -> str:
    """The first letters that fit into `width` columns."""
    found: list[str] = []
    for letter in letters:
        width -= _columns_of(letter)
        if width < 0:
            break
        found.append(letter)
    return "".join(found)


def wrapped(text: str, width: int) -> list[str]:
    """Wrap text to lines of at most `width` columns, at least 4, at spaces where possible.

    Continuation lines are indented by two more columns than the text.

    Examples
    --------
    >>> wrapped("  streams: stored 3, constant 4", 20)
    ['  streams: stored 3,', '    constant 4']
    """
    lines = []
    indent = " " * min(len(text) - len(text.lstrip(" ")) + 2, width // 2)
    while columns(text) > width:
        part = _beginning(text, width)
        if text[len(part)] != " " and part.strip().count(" "):
            part = part[: part.rindex(" ")]
        lines.append(part.rstrip(" "))
        text = text[len(part) :].lstrip(" ")
        if not text:
            return lines
        text = indent + text
    return [*lines, text]
