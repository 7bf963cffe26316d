"""Heads and payloads to streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.frame.streams.head import StreamHead, read_head
from ansflow.frame.streams.registry import by_code
from ansflow.frame.streams.tools import Tools
from ansflow.recycling import empty
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import numbers_in_place, put_back
from ansflow.varints import ByteReader

__all__ = ["Watch", "read_heads", "stream_decoder"]

# Takes the symbols of a stream, their layout, and their code length in bits, if it is known.
Watch = Callable[[Bytes, Layout, float | None], None]


def read_heads(reader: ByteReader, streams: Sequence[Layout], tools: Tools) -> list[StreamHead]:
    """The heads of streams of those layouts.

    Raises
    ------
    CorruptDataError
        If one is illegal.
    UnsupportedError
        If it is of a kind that this release does not know.
    """
    last = len(streams) - 1
    return [
        read_head(reader, stream, by_code, tools, sized=number < last)
        for number, stream in enumerate(streams)
    ]


def stream_decoder(
    heads: Sequence[StreamHead],
    payloads: Bytes,
    tools: Tools,
    watch: Watch | None = None,
) -> Callable[[Bytes | None], Bytes]:
    """A function that fills the buffer of the next stream, each time it is called.

    If there is none, it returns the symbols wherever they are.
    """
    left, at = iter(heads), 0
    if watch is not None:
        tools = tools._replace(lengths=[])

    def decode(out: Bytes | None) -> Bytes:
        nonlocal at
        stream, kind, fields, size = next(left)
        begin, at = at, payloads.size if size is None else at + size
        if at > payloads.size:
            raise CorruptDataError(
                f"a payload of {size} bytes is cut off after {payloads.size - begin}"
            )
        payload = payloads[begin:at]
        symbols = kind.symbols_in(payload, stream) if out is None else None
        if symbols is None:
            symbols = empty(stream.nbytes, np.uint8) if out is None else out
            if stream.itemsize == 1:
                kind.decode(fields, payload, symbols, tools)
            else:
                wide = numbers_in_place(symbols, stream.itemsize)
                native = wide.view(np.uint16)
                kind.decode(fields, payload, native, tools)
                if native.dtype != wide.dtype:  # on a big-endian machine
                    wide[:] = native
                put_back(wide, symbols)
        if watch is not None:
            assert tools.lengths is not None
            # Streams may have streams in them, which come first.
            watch(symbols, stream, tools.lengths[-1] if tools.lengths else None)
            tools.lengths.clear()
        return symbols

    return decode
