"""What the streams of chunks take, compared with what they could take: added up by recipes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np

from ansflow.buffers import Bytes
from ansflow.frame.body import read_body
from ansflow.frame.chunk import ChunkDecoder
from ansflow.frame.head import Head
from ansflow.frame.streams.head import StreamHead
from ansflow.frame.streams.registry import CONSTANT, STORED
from ansflow.kernels.tables.histogram import histogram
from ansflow.transforms.layout import Layout
from ansflow.transforms.node import Node

__all__ = ["ChunkMeasure", "StreamTotals", "measure_chunk"]

# Recipes whose streams are kept apart. Chunks of others are only counted.
MOST_RECIPES = 64


class StreamMeasure(NamedTuple):
    """A stream: the bytes of its payload, the entropy of its symbols in bits, and the code length.

    The code length is that of the symbols under the distributions that they are coded with, in
    bits; None if that is not known.
    """

    kind: str
    symbols: Layout
    size: int
    entropy: float
    code_length: float | None


class ChunkMeasure(NamedTuple):
    """A chunk: items, bytes of content and body, its recipe, and its streams with their names."""

    items: int
    content_size: int
    body_size: int
    recipe: str
    names: list[str]
    streams: list[StreamMeasure]

    @property
    def entropy(self) -> float:
        return sum(stream.entropy for stream in self.streams)


def measure_chunk(decoder: ChunkDecoder, head: Head, body: memoryview) -> ChunkMeasure:
    """Decode a chunk, and measure its streams; AnsflowError if it is damaged."""
    tools = decoder.tools.take()
    layout = decoder.layout(head)
    root, heads, reader = read_body(body, layout, tools)
    decoder.tools.give(tools)
    streams: list[StreamMeasure] = []
    left = iter(_sizes(heads, len(body) - reader.at))

    def watch(symbols: Bytes, stream: Layout, code_length: float | None) -> None:
        kind, size = next(left)
        if kind == STORED.name:
            code_length = 8.0 * size
        elif kind == CONSTANT.name:
            code_length = 0.0
        streams.append(StreamMeasure(kind, stream, size, _entropy(symbols, stream), code_length))

    content = decoder.decode(head, body, watch=watch)
    return ChunkMeasure(
        layout.items, content.size, len(body), str(root), list(_names(root)), streams
    )


def _sizes(heads: list[StreamHead], payloads: int) -> Iterator[tuple[str, int]]:
    """The kind of each stream, and the bytes of its payload, of so many for all."""
    for head in heads:
        size = payloads if head.size is None else head.size
        payloads -= size
        yield head.kind.name, size


def _entropy(symbols: Bytes, stream: Layout) -> float:
    """Bits of the symbols for a coder that knows how often each of them occurs."""
    counts = histogram(symbols if stream.itemsize == 1 else symbols.view(np.uint16))
    present = counts[counts > 0].astype(np.float64)
    # Exactly 0 where all symbols are the same.
    return float(present @ np.log2(stream.items / present)) if stream.items else 0.0


def _names(node: Node, path: tuple[str, ...] = ()) -> Iterator[str]:
    """What each stream of a recipe is: which outputs of transforms that have several lead to it."""
    if node.transform is None:
        yield ", ".join(path) or "symbols"
        return
    lacking = node.transform.lacking(node.parameters)
    count = len(node.outputs) + len(lacking)
    numbers = [number for number in range(count) if number not in lacking]
    for number, output in zip(numbers, node.outputs, strict=True):
        own = () if count == 1 else (node.transform.part(number, count),)
        yield from _names(output, (*path, *own))


@dataclass
class _Streams:
    """The streams in one place of a recipe."""

    name: str
    width: int
    symbols: int = 0
    size: int = 0
    entropy: float = 0.0
    code_length: float | None = 0.0
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, stream: StreamMeasure) -> None:
        self.symbols += stream.symbols.items
        self.size += stream.size
        self.entropy += stream.entropy
        self.kinds[stream.kind] += 1
        if stream.code_length is None or self.code_length is None:
            self.code_length = None
        else:
            self.code_length += stream.code_length

    def describe(self, items: int) -> dict[str, Any]:
        return {
            "name": self.name,
            "symbol_bits": 8 * self.width,
            "symbols": self.symbols,
            "kinds": dict(self.kinds),
            "size": self.size,
            "bits_per_item": 8 * self.size / items,
            "ideal_bits_per_item": None if self.code_length is None else self.code_length / items,
            "entropy_per_item": self.entropy / items,
        }


@dataclass
class _Plan:
    """The chunks of a recipe, with as many streams."""

    recipe: str
    streams: list[_Streams]
    chunks: int = 0
    items: int = 0
    size: int = 0

    @classmethod
    def of(cls, chunk: ChunkMeasure) -> Self:
        named = zip(chunk.names, chunk.streams, strict=True)
        return cls(
            chunk.recipe, [_Streams(name, stream.symbols.itemsize) for name, stream in named]
        )

    def add(self, chunk: ChunkMeasure) -> None:
        self.chunks += 1
        self.items += chunk.items
        self.size += chunk.body_size
        for total, stream in zip(self.streams, chunk.streams, strict=True):
            total.add(stream)

    def describe(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe,
            "chunks": self.chunks,
            "items": self.items,
            "size": self.size,
            "bits_per_item": 8 * self.size / self.items,
            "streams": [stream.describe(self.items) for stream in self.streams],
        }


class StreamTotals:
    """The streams of all chunks of a frame, added up for each recipe."""

    def __init__(self) -> None:
        self._plans: dict[tuple[str, int], _Plan] = {}

    def add(self, chunk: ChunkMeasure) -> None:
        key = chunk.recipe, len(chunk.streams)
        if key not in self._plans:
            if len(self._plans) == MOST_RECIPES:
                return
            self._plans[key] = _Plan.of(chunk)
        self._plans[key].add(chunk)

    def describe(self) -> list[dict[str, Any]]:
        """What they add up to, the most frequent recipe first."""
        plans = sorted(self._plans.values(), key=lambda plan: -plan.chunks)
        return [plan.describe() for plan in plans]
