"""Streams to heads and payloads, each of the kind that promises to be smallest."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from ansflow.buffers import Bytes
from ansflow.frame.streams.choice import encode_stream
from ansflow.frame.streams.kind import TriedKind
from ansflow.frame.streams.registry import TRIED
from ansflow.frame.streams.sample import StreamCoding
from ansflow.frame.streams.scratch import WordStack, encoder_pool
from ansflow.transforms.recipe import Stream

__all__ = ["encode_streams"]


def encode_streams(streams: Sequence[Stream], coding: StreamCoding) -> tuple[bytes, list[Bytes]]:
    """The heads of all streams, and their payloads in pieces."""
    pool = encoder_pool(coding.precision, coding.order)
    scratch, words = pool.take(), WordStack(streams)
    is_plain = not coding.shared and coding.model is None
    kinds, wide = _kinds_of_plain(coding) if is_plain else _kinds_of(coding)
    heads = b""
    payloads: list[Bytes] = []
    last = len(streams) - 1
    for number, stream in enumerate(streams):
        tried = wide if stream.layout.itemsize > 1 else kinds
        head, pieces = encode_stream(stream, tried, coding, scratch, words, sized=number < last)
        heads += head
        payloads += pieces
    pool.give(scratch)
    return heads, payloads


def _kinds_of(coding: StreamCoding) -> tuple[list[TriedKind], list[TriedKind]]:
    """The kinds that are tried with symbols, and those with symbols of 16 bits."""
    kinds = [kind for kind in TRIED if kind.suits(coding)]
    return kinds, [kind for kind in kinds if kind.wide]


_kinds_of_plain = functools.cache(_kinds_of)  # tables and models cannot be looked up
