"""Heads and payloads to streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.frame.streams.kind import Kind
from ansflow.frame.streams.registry import STORED, by_code
from ansflow.frame.streams.tools import Tools
from ansflow.transforms.layout import Layout
from ansflow.varints import ByteReader

__all__ = ["StreamHead", "read_heads", "stream_decoder"]


class StreamHead(NamedTuple):
    """What is known of a stream; `size` is that of its payload, None if it is what is left."""

    layout: Layout
    kind: Kind
    fields: Any
    size: int | None


def read_heads(reader: ByteReader, streams: Sequence[Layout], tools: Tools) -> list[StreamHead]:
    """The heads of streams of those layouts.

    Raises
    ------
    CorruptDataError
        If one is illegal.
    UnsupportedError
        If it is of a kind that this release does not know.
    """
    heads = []
    for left, stream in enumerate(streams, 1 - len(streams)):
        kind = by_code(reader.byte())
        if stream.itemsize > 1 and not kind.wide:
            raise CorruptDataError(f"a stream of 16-bit symbols cannot be of the kind {kind.name}")
        fields = kind.parse(reader, stream, tools)
        size = None
        if left:
            size = kind.payload_size(stream.items, stream.itemsize)
            if size is None:
                size = reader.varint()
        if not stream.items and kind is not STORED:
            raise CorruptDataError(f"a stream without symbols cannot be of the kind {kind.name}")
        heads.append(StreamHead(stream, kind, fields, size))
    return heads


def stream_decoder(
    heads: Sequence[StreamHead],
    reader: ByteReader,
    tools: Tools,
    watch: Callable[[Bytes, Layout], None] | None = None,
) -> Callable[[Bytes], None]:
    """A function that fills the buffer of the next stream, each time it is called."""
    left = iter(heads)

    def decode(out: Bytes) -> None:
        stream, kind, fields, size = next(left)
        payload = memoryview(reader.rest() if size is None else reader.take(size))
        if stream.itemsize == 1:
            kind.decode(fields, payload, out, tools)
        else:
            symbols = np.empty(stream.items, np.uint16)
            kind.decode(fields, payload, symbols, tools)
            out[:] = symbols.astype("<u2", copy=False).view(np.uint8)
        if watch is not None:
            watch(out, stream)

    return decode
