"""Streams to heads and payloads, each of the kind that promises to be smallest."""

from __future__ import annotations

from collections.abc import Sequence

from ansflow.buffers import Bytes
from ansflow.frame.streams.choice import encode_stream
from ansflow.frame.streams.registry import TRIED
from ansflow.frame.streams.sample import StreamCoding
from ansflow.frame.streams.scratch import EncoderScratch
from ansflow.transforms.recipe import Stream

__all__ = ["encode_streams"]

WIDE = [kind for kind in TRIED if kind.wide]


def encode_streams(
    streams: Sequence[Stream], coding: StreamCoding, scratch: EncoderScratch
) -> tuple[bytes, list[Bytes]]:
    """The heads of all streams, and their payloads in pieces.

    The pieces hold until the scratch is used again.
    """
    scratch.words.reserve(streams)
    heads, payloads = b"", list[Bytes]()
    last = len(streams) - 1
    for number, stream in enumerate(streams):
        kinds = WIDE if stream.layout.itemsize > 1 else TRIED
        head, pieces = encode_stream(stream, kinds, coding, scratch, sized=number < last)
        heads += head
        payloads += pieces
    return heads, payloads
