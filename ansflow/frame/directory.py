"""Directories of collections: where the array of each name is.

A directory says how far frames are apart, not where they are, so they can't overlap, and there is
nothing to follow in circles, whatever it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ansflow.errors import CorruptDataError, LimitError
from ansflow.frame.array_spec import checked_name
from ansflow.limits import Limits
from ansflow.varints import ByteReader, pack_varint

__all__ = ["BYTES_PER_ENTRY", "Entry", "entries_of", "pack_directory", "parse_directory"]

# What an entry takes at least as it is written, and at most as an object, beside its name, of which
# each byte may become a character of four.
SMALLEST_ENTRY = 4
BYTES_PER_ENTRY = 512
BYTES_PER_BYTE = 4


class Entry(NamedTuple):
    """The frame of an array: its name, and its begin and end in the file."""

    name: str
    begin: int
    end: int


def pack_directory(entries: Iterable[Entry], position: int) -> bytes:
    """The content of a directory at byte `position` of the file, with entries as they follow."""
    packed, count, at = bytearray(), 0, 0
    for name, begin, end in entries:
        raw = name.encode()
        packed += pack_varint(begin - at) + pack_varint(end - begin) + pack_varint(len(raw)) + raw
        at = end
        count += 1
    return pack_varint(count) + packed + pack_varint(position - at)


def parse_directory(content: bytes, limits: Limits) -> tuple[list[Entry], int]:
    """Undo `pack_directory`.

    Raises
    ------
    CorruptDataError
        If there can be no such directory.
    LimitError
        If the entries might take more than ``limits.max_memory``.
    """
    reader = ByteReader(content)
    count = reader.varint()
    if count > len(content) // SMALLEST_ENTRY:
        raise CorruptDataError(
            f"a directory of {len(content)} bytes cannot have {count} arrays, as it says"
        )
    taken = count * BYTES_PER_ENTRY + BYTES_PER_BYTE * len(content)
    if taken > limits.max_memory:
        raise LimitError(
            f"a directory of {count} arrays may take {taken} bytes, more than "
            f"max_memory={limits.max_memory}"
        )
    entries: list[Entry] = []
    at = 0
    for _ in range(count):
        begin = at + reader.varint()
        size = reader.varint()
        name = _name(bytes(reader.take(reader.varint())))
        if not size:
            raise CorruptDataError(f"by the directory, the array {name!r:.100} takes no bytes")
        at = begin + size
        entries.append(Entry(name, begin, at))
    position = at + reader.varint()
    if reader.at < len(content):
        raise CorruptDataError(f"{len(content) - reader.at} bytes follow the end of a directory")
    if len({entry.name for entry in entries}) < count:
        raise CorruptDataError("a directory has the same name twice")
    return entries, position


def _name(raw: bytes) -> str:
    try:
        return checked_name(raw.decode())
    except ValueError as error:
        raise CorruptDataError(f"a directory has a name that is none: {error}") from error


def entries_of(named: Iterable[tuple[str | None, int, int]]) -> Iterator[Entry]:
    """The entries for frames, by their names, begins and ends: the last one of each name."""
    last = {name: Entry(name, begin, end) for name, begin, end in named if name is not None}
    yield from sorted(last.values(), key=lambda entry: entry.begin)
