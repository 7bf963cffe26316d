"""The description in a header: JSON, whose memory is bounded before it is parsed.

Most arrays are small, and nothing is said of them but their dtype, their shape and perhaps a name:
that is a list then, as in ``["<i8",1000,"a"]``, which takes less room than the object it means.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ansflow.errors import CorruptDataError
from ansflow.frame import constants

__all__ = ["nesting", "parse_description", "parsed_nbytes", "write_description"]

# Upper bounds of the memory for parsing, in bytes: for each byte of text, which becomes characters
# of up to four bytes, both in the whole text and in strings; for each list or object, of which an
# object with one key is the largest; and for each value after a comma.
BYTES_PER_BYTE = 8
BYTES_PER_BRACKET = 320
BYTES_PER_COMMA = 160

# A string, possibly cut off. Brackets in strings are not counted as nesting.
STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)


# What the list holds: the first value, the numbers behind it, and a text at its end.
FIRST, NUMBERS, LAST = "dtype", "shape", "name"

ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)  # made once, as that takes long


def write_description(description: dict[str, Any]) -> bytes:
    """Return the description as JSON; TypeError or ValueError if a reader would refuse it."""
    try:
        text = ENCODER.encode(_shortened(description)).encode()
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    if nesting(text) > constants.MAX_NESTING:
        raise ValueError(TOO_DEEP)
    if len(text) > constants.MAX_DESCRIPTION:
        raise ValueError(
            f"dtype, shape and metadata take {len(text)} bytes of JSON, more than "
            f"{constants.MAX_DESCRIPTION}"
        )
    return text


TOO_DEEP = f"metadata are nested deeper than {constants.MAX_NESTING} lists and objects"


def parse_description(text: bytes) -> dict[str, Any]:
    """Undo `write_description`; CorruptDataError for invalid text."""
    if nesting(text) > constants.MAX_NESTING:
        raise CorruptDataError(
            "the description in the header is invalid: it is nested deeper than "
            f"{constants.MAX_NESTING} levels"
        )
    try:
        description = json.loads(text.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as e:
        raise CorruptDataError(f"the description in the header is invalid: {e!r:.200}") from e
    if isinstance(description, list) and description:
        first, *numbers = description
        last = {LAST: numbers.pop()} if numbers and isinstance(numbers[-1], str) else {}
        return {FIRST: first, NUMBERS: numbers} | last
    if not isinstance(description, dict):
        raise CorruptDataError(
            "the description in the header must be a JSON object or a list of dtype and lengths, "
            f"but is {description!r:.40}"
        )
    return description


def _shortened(description: dict[str, Any]) -> Any:
    """The list that stands for a description, if one does."""
    if not {FIRST, NUMBERS} <= description.keys() <= {FIRST, NUMBERS, LAST}:
        return description
    name = [description[LAST]] if LAST in description else []
    return [description[FIRST], *description[NUMBERS], *name]


def parsed_nbytes(text: bytes) -> int:
    """An upper bound of the memory for the text of a description and the parsed objects."""
    brackets = text.count(b"[") + text.count(b"{")
    values = text.count(b",") + brackets
    return BYTES_PER_BYTE * len(text) + BYTES_PER_BRACKET * brackets + BYTES_PER_COMMA * values


def nesting(text: bytes) -> int:
    """The depth of nested lists and objects, in JSON or similar text."""
    if text.count(b"[") + text.count(b"{") <= constants.MAX_NESTING:
        return 0  # the usual case: it cannot be nested deeper than the bound
    depth = deepest = 0
    for place in re.finditer(rb"[][{}]", STRING.sub(b"", text)):
        depth += 1 if place[0] in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _refuse(constant: str) -> None:
    """Refuse NaN and infinities, which Python parses though JSON does not have them."""
    raise ValueError(f"{constant} is not a JSON value")
