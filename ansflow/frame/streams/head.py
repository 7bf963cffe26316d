"""Heads of streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.frame.streams.kind import Kind
from ansflow.frame.streams.tools import Tools
from ansflow.transforms.layout import Layout
from ansflow.varints import ByteReader

__all__ = ["StreamHead", "read_head"]


class StreamHead(NamedTuple):
    """What is known of a stream; `size` is that of its payload, None if it is what is left."""

    layout: Layout
    kind: Kind
    fields: Any
    size: int | None


def read_head(
    reader: ByteReader,
    layout: Layout,
    by_code: Callable[[int], Kind],
    tools: Tools,
    *,
    sized: bool,
) -> StreamHead:
    """The head of a stream of that layout, with the size of its payload if it says it.

    Raises
    ------
    CorruptDataError
        If it is illegal.
    UnsupportedError
        If it is of a kind that this release does not know.
    """
    kind = by_code(reader.byte())
    if layout.itemsize > 1 and not kind.wide:
        raise CorruptDataError(f"a stream of 16-bit symbols cannot be of the kind {kind.name}")
    fields = kind.parse(reader, layout, tools)
    size = None
    if sized:
        size = kind.payload_size(layout)
        if size is None:
            size = reader.varint()
    if 0 in layout.shape and kind.code != constants.KIND_STORED:
        raise CorruptDataError(f"a stream without symbols cannot be of the kind {kind.name}")
    return StreamHead(layout, kind, fields, size)
