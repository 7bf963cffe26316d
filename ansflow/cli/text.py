"""Text on its way to a terminal: what may be shown, how wide it is, and how it is made to fit."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

__all__ = ["columns", "padded", "printable", "shortened", "wrapped"]

ELLIPSIS = "…"

# Shows the character before it as a picture, which may be wider.
EMOJI_SELECTOR = "\ufe0f"


def printable(text: str) -> str:
    r"""Text in which nothing moves the cursor, turns the direction, or can't be encoded.

    Names of files and fields, keys and metadata come from anywhere; controls in them are written
    as in Python, and so are lone surrogates, what isn't visible, and what has no meaning yet.

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
    """How many columns of a terminal printable text takes; rather too many than too few.

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
    """Text with spaces before it, or behind it if it goes to the left."""
    spaces = " " * (width - columns(text))
    return text + spaces if left else spaces + text


def shortened(text: str, width: int) -> str:
    """Text that takes no more columns, without some of its middle if it has to be.

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
    # No mark may go on without the letter that it belongs to.
    end = _beginning(reversed(text), width - 1 - columns(begin))[::-1]
    while end and not _columns_of(end[0]):
        end = end[1:]
    return begin + ELLIPSIS + end


def _beginning(letters: Iterable[str], width: int) -> str:
    """As many letters as fit."""
    found: list[str] = []
    for letter in letters:
        width -= _columns_of(letter)
        if width < 0:
            break
        found.append(letter)
    return "".join(found)


def wrapped(text: str, width: int) -> list[str]:
    """Lines that take no more columns each, of at least 4, broken at spaces where there are any.

    What goes on is indented as the text is, and a bit more.

    Examples
    --------
    >>> wrapped("  blocks: stored 3, constant 4", 20)
    ['  blocks: stored 3,', '    constant 4']
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
