"""What `conversion` has to know of a file of several arrays, and what it asks of a format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from ansflow.buffers import Bytes
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.header import Header

__all__ = ["ArraysOut", "Container", "Member"]


class Member(NamedTuple):
    """An array in a file: its name, its metadata, and what yields its items in pieces."""

    name: str
    spec: ArraySpec
    metadata: dict[str, Any]
    items: Callable[[], Iterator[Bytes]]


class Container(NamedTuple):
    """All arrays of a file, and its metadata.

    `lead`, if not empty, becomes a frame without a name in front of the arrays, with metadata that
    tell what it is. `chunk_size` is that of arrays where the user says nothing of chunks.
    """

    members: list[Member]
    metadata: dict[str, Any]
    lead: bytes
    lead_metadata: dict[str, Any]
    chunk_size: int | None = None


class ArraysOut(Protocol):
    """What writes a file of another format from the frames of a collection."""

    def add(self, header: Header, content: Iterable[Bytes]) -> None:
        """Write what a frame holds, which is no directory; its content is used up in any case."""
        ...

    def close(self) -> None:
        """Complete the file."""
        ...

    def abandon(self) -> None:
        """Write nothing any more, so that the file is seen to be incomplete."""
        ...
