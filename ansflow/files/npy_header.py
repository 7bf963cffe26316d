"""The header of a ``.npy`` file, parsed without trusting it.

NumPy's own parser accepts any literal of Python and any dtype, and some of those crash the process.
This one accepts only what NumPy writes. It does not judge the dtype.
"""

from __future__ import annotations

import re
from ast import literal_eval
from typing import Any, NamedTuple

import numpy as np

__all__ = ["MAX_PREFIX", "Fields", "NpyHeader", "parse_fields", "take_apart"]

MAGIC = np.lib.format.MAGIC_PREFIX
MAGIC_SIZE = len(MAGIC) + 2

# The largest header that NumPy reads by default.
MAX_HEADER = 10_000
MAX_PREFIX = MAGIC_SIZE + 4 + MAX_HEADER

# Bound of the nesting of structured dtypes.
MAX_DEPTH = 30

# By version: bytes of the field that holds the header's size, and the header's encoding.
FORMS = {(1, 0): (2, "latin-1"), (2, 0): (4, "latin-1"), (3, 0): (4, "utf-8")}

ESCAPE = r"\\(?:[\\'\"abfnrtv]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})"
TOKEN = re.compile(
    rf"(?P<text>'(?:[^'\\\x00-\x1f]|{ESCAPE})*'|\"(?:[^\"\\\x00-\x1f]|{ESCAPE})*\")"
    r"|(?P<number>0|[1-9][0-9]{0,18})(?![0-9A-Za-z_])"
    r"|(?P<bool>True|False)(?![0-9A-Za-z_])"
    r"|(?P<sign>[\[\](){},:])"
    r"| +",
    re.ASCII,
)
CLOSING = {"(": ")", "[": "]", "{": "}"}


class NpyHeader(NamedTuple):
    """Version and size of a header, and its text without the padding."""

    version: tuple[int, int]
    size: int
    text: str

    @property
    def prefix(self) -> bytes | None:
        """All bytes before the items; None if no valid file begins with such a header."""
        form = FORMS.get(self.version)
        if form is None or not 1 <= self.size <= MAX_HEADER:
            return None
        try:
            text = self.text.encode(form[1]).ljust(self.size - 1) + b"\n"
        except UnicodeEncodeError:
            return None
        if len(text) != self.size:
            return None
        return MAGIC + bytes(self.version) + self.size.to_bytes(form[0], "little") + text


class Fields(NamedTuple):
    """The fields of a header. `descr` describes the dtype by strings, lists and tuples."""

    descr: Any
    fortran: bool
    shape: tuple[int, ...]


def take_apart(data: bytes) -> NpyHeader | None:
    """The header at the beginning of `data`; None if there is none."""
    form = FORMS.get((data[6], data[7])) if len(data) > MAGIC_SIZE else None
    if form is None or not data.startswith(MAGIC):
        return None
    begin = MAGIC_SIZE + form[0]
    size = int.from_bytes(data[MAGIC_SIZE:begin], "little")
    if size > MAX_HEADER:
        return None
    try:
        text = data[begin : begin + size].decode(form[1])
    except UnicodeDecodeError:
        return None
    return NpyHeader((data[6], data[7]), size, text.removesuffix("\n").rstrip(" "))


def parse_fields(text: str) -> Fields | None:
    """The fields in the text of a header; None if it is not in the form that NumPy writes."""
    try:
        tokens = _tokens(text)
        value = _value(tokens, 0)
    except (ValueError, IndexError, SyntaxError):
        return None
    if tokens:
        return None
    match value:
        case {"descr": descr, "fortran_order": bool(fortran), "shape": tuple(shape), **others}:
            fits = not others and all(type(axis) is int and axis < 1 << 63 for axis in shape)
            return Fields(descr, fortran, shape) if fits else None
    return None


def _tokens(text: str) -> list[tuple[str, str]]:
    """Kinds and texts of all tokens in reverse order; ValueError for anything else."""
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None or found.end() > MAX_HEADER:
            raise ValueError
        at = found.end()
        if found.lastgroup is not None:
            tokens.append((found.lastgroup, found[0]))
    return tokens[::-1]


def _value(tokens: list[tuple[str, str]], depth: int) -> Any:
    """Parse the next value, and remove its tokens."""
    kind, token = tokens.pop()
    if kind != "sign":
        return literal_eval(token)
    if token not in CLOSING or depth > MAX_DEPTH:
        raise ValueError
    closing = "sign", CLOSING[token]
    values: list[Any] = []
    pairs: dict[str, Any] = {}
    commas = 0
    while tokens[-1] != closing:
        if commas < len(values):
            raise ValueError  # a comma is missing before this value
        value = _value(tokens, depth + 1)
        if token == "{":
            _expect(tokens, ":")
            if type(value) is not str or value in pairs:
                raise ValueError
            pairs[value] = _value(tokens, depth + 1)
        values.append(value)
        if tokens[-1] == ("sign", ","):
            tokens.pop()
            commas += 1
    tokens.pop()
    if token == "{":
        return pairs
    if token == "(" and len(values) == 1 and not commas:
        return values[0]
    return tuple(values) if token == "(" else values


def _expect(tokens: list[tuple[str, str]], sign: str) -> None:
    if tokens.pop() != ("sign", sign):
        raise ValueError
