"""The description in a header: JSON, which isn't parsed before it's known what that may take."""

from __future__ import annotations

import json
import re
from typing import Any

from ansflow.errors import CorruptDataError
from ansflow.frame import layout

__all__ = ["nesting", "parse_description", "parsed_nbytes", "write_description"]

# What parsing takes at most, in bytes: for each byte of text, which becomes characters of up to
# four bytes, once whole and once in strings; for each list or object, of which an object with one
# key is the largest; and for each value behind a comma, a float or string that an object holds.
BYTES_PER_BYTE = 8
BYTES_PER_BRACKET = 320
BYTES_PER_COMMA = 160

# A string, be it cut off: what is in it doesn't nest.
STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)


def write_description(description: dict[str, Any]) -> bytes:
    """The description as JSON; TypeError or ValueError if it can't be written, or not be read."""
    try:
        text = json.dumps(description, separators=(",", ":"), allow_nan=False).encode()
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    if nesting(text) > layout.MAX_NESTING:
        raise ValueError(TOO_DEEP)
    if len(text) > layout.MAX_DESCRIPTION:
        raise ValueError(
            f"dtype, shape and metadata take {len(text)} bytes, more than {layout.MAX_DESCRIPTION}"
        )
    return text


TOO_DEEP = f"metadata are nested deeper than {layout.MAX_NESTING} lists and objects"


def parse_description(text: bytes) -> dict[str, Any]:
    """Undo `write_description`; CorruptDataError if that isn't possible."""
    if nesting(text) > layout.MAX_NESTING:
        raise CorruptDataError(
            f"the header's description can't be read: it is nested deeper than {layout.MAX_NESTING}"
        )
    try:
        description = json.loads(text.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as e:
        raise CorruptDataError(f"the header's description can't be read: {e!r:.200}") from e
    if not isinstance(description, dict):
        raise CorruptDataError("the header's description is no object")
    return description


def parsed_nbytes(text: bytes) -> int:
    """Bytes that the description takes at most, as text and as what it says."""
    brackets = text.count(b"[") + text.count(b"{")
    values = text.count(b",") + brackets
    return BYTES_PER_BYTE * len(text) + BYTES_PER_BRACKET * brackets + BYTES_PER_COMMA * values


def nesting(text: bytes) -> int:
    """How many lists and objects are open at most at once, in JSON or what looks like it."""
    if text.count(b"[") + text.count(b"{") <= layout.MAX_NESTING:
        return 0  # no deeper than that, as nearly always
    depth = deepest = 0
    for place in re.finditer(rb"[][{}]", STRING.sub(b"", text)):
        depth += 1 if place[0] in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _refuse(constant: str) -> None:
    """Of NaN and infinities, which are no JSON though Python reads them."""
    raise ValueError(constant)
