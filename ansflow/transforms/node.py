"""Recipes as they were written: nodes, which undo what `Recipe.forward` did.

What was written is all that a decoder needs, so that a better choice of recipes needs no new one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.recycling import empty
from ansflow.transforms.finish import NOTHING, Finish
from ansflow.transforms.layout import Layout
from ansflow.transforms.registry import by_id
from ansflow.transforms.transform import Setting, Transform
from ansflow.transforms.vectors import Vectors
from ansflow.varints import ByteReader

__all__ = ["ALL_STREAMS", "MAX_DEPTH", "MAX_STREAMS", "STREAM", "STREAM_ID", "SYMBOL_SIZES"]
__all__ += ["TOO_MUCH", "Node", "read_recipe", "room_of", "text_of"]

STREAM_ID = 0
STREAM = "stream"
ALL_STREAMS = 0x80  # in the byte of an id: all outputs are streams, and have no nodes

# Of a stream's symbols: 8 or 16 bits.
SYMBOL_SIZES = (1, 2)

MAX_DEPTH = 8
MAX_STREAMS = 4096

# Bytes that the outputs on a path may have, those of the content so many times and some more:
# eight nodes that each make as much as they take. What decoders allocate for hostile recipes is
# bounded by that; without it, lengths of runs that are runs, for one, would grow at each node.
ROOM_OF_CONTENT = MAX_DEPTH
SPARE_ROOM = 1 << 16
TOO_MUCH = f"more than {ROOM_OF_CONTENT} times the bytes of their content, and {SPARE_ROOM}"


class Node(NamedTuple):
    """A transform, or a stream if that is None, and the nodes of its outputs, as it was written."""

    layout: Layout
    transform: Transform | None = None
    parameters: Any = None
    outputs: Sequence[Node] = ()

    def inverse(
        self,
        out: Bytes | None,
        decode: Callable[[Bytes | None], Bytes],
        finish: Finish = NOTHING,
    ) -> Bytes:
        """Fill `out` with the items, finished; if it is None, return them wherever they are.

        `decode` does the same with the symbols of the next stream, each time it is called.
        """
        layout, transform, parameters, outputs = self
        if transform is None:
            out = decode(out)
        else:
            if out is None:
                out = empty(layout.nbytes, np.uint8)
            joined = transform.then(parameters, layout, finish)
            if joined is not None:
                return outputs[0].inverse(out, decode, joined)
            buffers = transform.buffers(parameters, layout, out)
            filled = [
                decode(buffer) if node.transform is None else node.inverse(buffer, decode)
                for node, buffer in zip(outputs, buffers, strict=True)
            ]
            if isinstance(buffers, Vectors):  # which are filled, and know where they lie
                filled = buffers
            if transform.finishes:
                finisher: Any = transform
                finisher.inverse(parameters, filled, layout, out, finish)
                return out
            transform.inverse(parameters, filled, layout, out)
        if finish is not NOTHING:
            finish.apply(out, layout.itemsize)
        return out

    def __str__(self) -> str:
        if self.transform is None:
            return STREAM
        outputs: list[object] = list(self.outputs)
        for number, said in self.transform.lacking(self.parameters).items():
            outputs.insert(number, said)
        streams = all(isinstance(one, Node) and one.transform is None for one in outputs)
        settings = self.transform.describe(self.parameters)
        return text_of(self.transform.name, settings, () if streams else outputs)


def read_recipe(reader: ByteReader, layout: Layout) -> tuple[Node, list[Layout]]:
    """What `Recipe.forward` wrote for items of that layout; the layouts of all streams, in order.

    Raises
    ------
    CorruptDataError
        If it cannot have written that.
    UnsupportedError
        If it has a transform that this release does not know.
    """
    streams: list[Layout] = []
    return _read_node(reader, layout, MAX_DEPTH, room_of(layout), streams), streams


def _read_node(
    reader: ByteReader, layout: Layout, depth: int, room: int, streams: list[Layout]
) -> Node:
    first = reader.byte()
    if first == STREAM_ID:
        return _stream(layout, streams)
    if first == STREAM_ID | ALL_STREAMS:
        raise CorruptDataError("the recipe has a stream with bit 7 set, as only transforms have")
    if depth == 1:
        raise CorruptDataError(f"the recipe is more than {MAX_DEPTH} nodes deep")
    transform = by_id(first & ~ALL_STREAMS)
    if not transform.accepts(layout):
        raise CorruptDataError(
            f"the recipe has the transform {transform.name!r} for items of {layout.itemsize} bytes"
        )
    parameters = transform.parse(reader, layout)
    layouts = transform.outputs(parameters, layout)
    for output in layouts:
        room -= output.nbytes
    if room < 0:
        raise CorruptDataError(f"the transforms of the recipe make {TOO_MUCH}")
    if first & ALL_STREAMS:
        outputs = [_stream(output, streams) for output in layouts]
        return Node(layout, transform, parameters, outputs)
    outputs, are_streams = [], True
    for output in layouts:
        node = _read_node(reader, output, depth - 1, room, streams)
        are_streams = are_streams and node.transform is None
        outputs.append(node)
    if are_streams:
        raise CorruptDataError("the recipe has nodes for streams that go without saying")
    return Node(layout, transform, parameters, outputs)


def _stream(layout: Layout, streams: list[Layout]) -> Node:
    if layout.itemsize not in SYMBOL_SIZES:
        raise CorruptDataError(
            f"the recipe has a stream with symbols of {layout.itemsize} bytes, not 1 or 2"
        )
    if len(streams) == MAX_STREAMS:
        raise CorruptDataError(f"the recipe has more than {MAX_STREAMS} streams")
    streams.append(layout)
    return Node(layout)


def room_of(layout: Layout) -> int:
    """Bytes that the outputs on a path from the root may have, for content of that layout."""
    return ROOM_OF_CONTENT * layout.nbytes + SPARE_ROOM


def text_of(name: str, settings: Sequence[Setting], outputs: Sequence[object]) -> str:
    told = f"[{', '.join(map(str, settings))}]" if settings else ""
    inner = f"({', '.join(map(str, outputs))})" if outputs else ""
    return name + told + inner
