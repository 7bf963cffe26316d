"""Chunks in a frame: a head, with a check over the content, and a body."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ansflow.buffers import Bytes
from ansflow.coding.coders.single import SingleCoder
from ansflow.errors import CorruptDataError, UnsupportedError
from ansflow.frame.body import decode_body, encode_body
from ansflow.frame.checks import LOW_HALF, content_check
from ansflow.frame.content_model import ContentModel
from ansflow.frame.grid import Grid
from ansflow.frame.head import Head
from ansflow.frame.header import Header
from ansflow.frame.streams.decode import Watch
from ansflow.frame.streams.sample import StreamCoding
from ansflow.frame.streams.scratch import DecoderScratch
from ansflow.frame.streams.tools import Tools
from ansflow.lazy import cached_property
from ansflow.pool import Pool
from ansflow.recycling import empty
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe

__all__ = ["ChunkDecoder", "ChunkEncoder", "in_one"]


class ChunkEncoder:
    """Content to chunks. Any number of threads may call it at once.

    Parameters
    ----------
    front : callable
        Makes of a head what is to be written in front of the body.
    grid : Grid
    recipe_for : callable
        Says which recipe cells of a layout have.
    coding : StreamCoding
    instead : callable, optional
        That of `encode_body`.
    by_hand : bool
        That of `encode_body`, for chunks that are not at the end of an axis.
    """

    def __init__(
        self,
        front: Callable[[Head], bytes],
        grid: Grid,
        recipe_for: Callable[[Layout], Recipe],
        coding: StreamCoding,
        instead: Callable[[Bytes, Layout], Recipe] | None = None,
        *,
        by_hand: bool = False,
    ) -> None:
        self._front, self._grid, self._recipe_for, self._coding = front, grid, recipe_for, coding
        self._instead, self._by_hand = instead, by_hand

    def __call__(self, content: Bytes, groups: Sequence[int], number: int) -> list[list[Bytes]]:
        """The chunks of consecutive groups of so many bytes, the first of which is `number`.

        Each is in pieces, of which head, recipe and heads of streams are the first one.
        """
        chunks: list[list[Bytes]] = []
        at = 0
        for size in groups:
            group = content[at : at + size]
            for part, layout in zip(self._grid.split(group), self._grid.layouts(size), strict=True):
                chunks.append(self.chunk(part, layout, number))
                number += 1
            at += size
        return chunks

    def chunk(self, content: Bytes, layout: Layout, number: int) -> list[Bytes]:
        """A chunk, in such pieces."""
        # First, as all else that is touched would put the content out of the cache.
        check = content_check(content, number)
        heads, payloads = encode_body(
            *(content, layout, self._recipe_for(layout), self._coding, self._instead),
            by_hand=self._by_hand,
            at_edge=self._by_hand and not self._grid.is_whole(layout),
        )
        body_size = len(heads) + sum([piece.size for piece in payloads])
        head = Head(number, layout.items, body_size, check)
        return [np.frombuffer(self._front(head) + heads, np.uint8), *payloads]


def in_one(pieces: Sequence[Bytes]) -> Bytes:
    """Pieces of a chunk one after the other."""
    chunk = empty(sum([piece.size for piece in pieces]), np.uint8)
    return np.concatenate(pieces, out=chunk)


# What decoding takes of frames that have neither tables nor a model.
_TOOLS = Pool(lambda: Tools((), None, DecoderScratch.make()))


class ChunkDecoder:
    """Bodies of chunks to content. Any number of threads may call it at once."""

    def __init__(self, header: Header) -> None:
        self._grid, self._identity = header.grid, header.model
        self._checked = LOW_HALF if header.terse else ~0  # bits of the check
        self.tools = _TOOLS
        if header.shared or header.model is not None:
            # Coders of its own, so that what is built of them lives no longer than this.
            shared = [SingleCoder(table.freq, table.precision) for table in header.shared]
            model = None if header.model is None else lambda: self._model
            self.tools = Pool(lambda: Tools(shared, model, DecoderScratch.make()))

    def __call__(
        self, heads: Sequence[Head], bodies: Sequence[memoryview], out: Bytes | None = None
    ) -> Bytes:
        """The content of consecutive groups, in `out` if that is given, which is contiguous.

        Raises
        ------
        CorruptDataError
            If a body is not one, or its content does not match the check.
        UnsupportedError
            If it takes a transform, a kind of stream or a model that is not known here.
        """
        grid = self._grid
        sizes = [head.cells * grid.cell_size for head in heads]
        if out is None:
            out = np.empty(sum(sizes), np.uint8)
        count = grid.chunks_per_group
        at = 0
        for first in range(0, len(heads), count):
            chunks = slice(first, first + count)
            end = at + sum(sizes[chunks])
            group = out[at:end]
            if count == 1:
                self.decode(heads[first], bodies[first], group)
            else:
                for tile, (head, body) in enumerate(
                    zip(heads[chunks], bodies[chunks], strict=True)
                ):
                    grid.put(self.decode(head, body), tile, group)
            at = end
        return out

    def decode(
        self,
        head: Head,
        body: memoryview,
        out: Bytes | None = None,
        watch: Watch | None = None,
    ) -> Bytes:
        """The content of one chunk; `watch` is that of `decode_body`."""
        shape = self.layout(head)
        if out is None:
            out = np.empty(shape.nbytes, np.uint8)
        tools = self.tools.take()
        try:
            decode_body(body, shape, out, tools, watch)
        except UnsupportedError:
            raise
        except CorruptDataError as error:
            raise CorruptDataError(f"chunk {head.number}: {error}") from error
        self.tools.give(tools)
        if (content_check(out, head.number) ^ head.check) & self._checked:
            raise CorruptDataError(f"the content of chunk {head.number} does not match its check")
        return out

    def layout(self, head: Head) -> Layout:
        """The layout of a chunk; CorruptDataError if it cannot have so many cells."""
        return self._grid.layout(head.number, head.cells)

    @cached_property
    def _model(self) -> ContentModel:
        assert self._identity is not None
        return self._identity.find()
