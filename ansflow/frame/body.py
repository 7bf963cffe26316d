"""The body of a chunk: its recipe, and its streams. All that a chunk is without a frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError, UnsupportedError
from ansflow.frame.constants import BODY_SLACK
from ansflow.frame.streams.decode import Watch, read_heads, stream_decoder
from ansflow.frame.streams.encode import encode_streams
from ansflow.frame.streams.head import StreamHead
from ansflow.frame.streams.sample import StreamCoding
from ansflow.frame.streams.tools import Tools
from ansflow.transforms.layout import Layout
from ansflow.transforms.node import Node, read_recipe
from ansflow.transforms.plain import plain_recipe
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.transform import Misfit, Unsuitable
from ansflow.varints import ByteReader

__all__ = ["decode_body", "encode_body", "read_body"]

# How much larger than its content a chunk may become by a recipe that was chosen, in bytes and as
# a share of it: one that was written by hand is meant.
SPARE, SPARE_SHARE = 64, 1000


def encode_body(
    content: Bytes,
    layout: Layout,
    recipe: Recipe,
    coding: StreamCoding,
    instead: Callable[[Bytes, Layout], Recipe] | None = None,
    *,
    by_hand: bool = False,
    at_edge: bool = False,
) -> tuple[bytes, list[Bytes]]:
    """The body of a chunk: recipe and heads of streams, and the payloads in pieces.

    Parameters
    ----------
    content : contiguous ndarray of uint8
        Not empty.
    layout : Layout
    recipe : Recipe
    coding : StreamCoding
    instead : callable, optional
        Says which recipe to take if that one cannot be applied; otherwise it is the plain one.
    by_hand : bool
        Whether the recipe is meant as it is: that it cannot be applied to any items of that layout
        is an error, and it may make them larger.
    at_edge : bool
        Whether the layout is not that of all chunks, so that it is no error, either.

    Raises
    ------
    ValueError
        If the recipe is not for such a layout.
    """
    try:
        written, streams = recipe.forward(content, layout, plain_recipe)
    except Unsuitable as fault:
        if by_hand and not at_edge and isinstance(fault, Misfit):
            raise ValueError(f"the recipe {str(recipe)!r} is not for such items: {fault}") from None
        other = plain_recipe(layout) if instead is None else instead(content, layout)
        return encode_body(content, layout, other, coding)
    heads, payloads = encode_streams(streams, coding)
    written += heads
    spare = BODY_SLACK if by_hand else min(BODY_SLACK, SPARE + content.size // SPARE_SHARE)
    if len(written) + sum([piece.size for piece in payloads]) > content.size + spare:
        # The transforms have made it larger, and perhaps more than a body may be.
        plain = Recipe() if layout.itemsize == 1 else Recipe("bytes")
        return encode_body(content, layout, plain, coding)
    return written, payloads


def read_body(
    body: memoryview, layout: Layout, tools: Tools
) -> tuple[Node, list[StreamHead], ByteReader]:
    """Recipe and heads of a body, and what reads the payloads."""
    reader = ByteReader(body)
    root, streams = read_recipe(reader, layout)
    return root, read_heads(reader, streams, tools), reader


def decode_body(
    body: memoryview,
    layout: Layout,
    out: Bytes,
    tools: Tools,
    watch: Watch | None = None,
) -> None:
    """Undo `encode_body` into `out`, contiguous and as long as the content.

    `watch` is called with the symbols of each stream, their layout, and their code length in bits
    under the distributions of the stream; it is None for streams that are not words.

    Raises
    ------
    CorruptDataError
        If that is not a body of such content. Most damage goes unnoticed here: it is the check over
        the content that finds it.
    UnsupportedError
        If it takes a transform, kind or model that is not known here.
    """
    try:
        root, heads, reader = read_body(body, layout, tools)
        payloads = np.frombuffer(reader.rest(), np.uint8)
        root.inverse(out, stream_decoder(heads, payloads, tools, watch))
    except UnsupportedError:
        raise
    except CorruptDataError as error:
        # Cut frames never get here: inside a whole body, an early end is corruption.
        raise CorruptDataError(str(error)) from error
