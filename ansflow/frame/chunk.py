"""Chunks: what the blocks of all byte planes hold together; threads take a few at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ansflow.coding.tables import Tables
from ansflow.frame.block import (
    BlockCoding,
    DecoderScratch,
    EncoderScratch,
    decode_block,
    encode_block,
)
from ansflow.frame.head import Head
from ansflow.frame.header import Header
from ansflow.transforms.planes import merge_plane, split_planes

__all__ = ["UNIT", "ChunkDecoder", "ChunkEncoder"]

Bytes = npt.NDArray[np.uint8]

# Bytes of content that are worth handing over to a thread, if there are so many. To begin a task
# and take its result costs some 50 us of the lock that all threads share, a fifth of what a block
# of 256 KiB takes.
UNIT = 1 << 20


class ChunkEncoder:
    """Content to blocks. Any number of threads may call it at once.

    Parameters
    ----------
    tag : bytes
        The frame's.
    planes : int
    coding : BlockCoding
    """

    def __init__(self, tag: bytes, planes: int, coding: BlockCoding) -> None:
        self._tag, self._planes, self._coding = tag, planes, coding
        self._idle: list[EncoderScratch] = []

    def __call__(self, content: Bytes, number: int) -> list[Bytes]:
        """The blocks of consecutive chunks, the first of which is block `number`."""
        scratch = self._scratch(content.size)
        blocks: list[Bytes] = []
        step = self._coding.block_size * self._planes
        for begin in range(0, content.size, step):
            for plane in split_planes(content[begin : begin + step], self._planes):
                block = encode_block(plane, number + len(blocks), self._tag, self._coding, scratch)
                blocks.append(block)
        self._idle.append(scratch)
        return blocks

    def _scratch(self, content_size: int) -> EncoderScratch:
        largest = min(self._coding.block_size, content_size // self._planes)
        try:
            scratch = self._idle.pop()
        except IndexError:
            return EncoderScratch.make(largest, self._coding.order)
        # It may be from a chunk that was flushed before it was full.
        return (
            scratch if scratch.holds(largest) else EncoderScratch.make(largest, self._coding.order)
        )


class ChunkDecoder:
    """Payloads to content. Any number of threads may call it at once."""

    def __init__(self, header: Header) -> None:
        self._planes, self._identity = header.planes, header.model
        # Of its own, so that what is built of them lives no longer than this.
        self._shared = [Tables.unchecked(t.freq, t.precision) for t in header.shared]
        self._idle: list[DecoderScratch] = []

    def __call__(
        self, heads: Sequence[Head], payloads: Sequence[memoryview], out: Bytes | None = None
    ) -> Bytes:
        """The content of consecutive chunks, in `out` if that is given, which is contiguous.

        Raises
        ------
        CorruptDataError
            If a payload isn't one, or doesn't match its check.
        """
        if out is None:
            out = np.empty(sum(head.size for head in heads), np.uint8)
        try:
            scratch = self._idle.pop()
        except IndexError:
            scratch = DecoderScratch.make()
        at = 0
        for first in range(0, len(heads), self._planes):
            end = at + heads[first].size * self._planes
            chunk = slice(first, first + self._planes)
            self._decode_chunk(heads[chunk], payloads[chunk], out[at:end], scratch)
            at = end
        self._idle.append(scratch)
        return out

    def _decode_chunk(
        self,
        heads: Sequence[Head],
        payloads: Sequence[memoryview],
        out: Bytes,
        scratch: DecoderScratch,
    ) -> None:
        if self._planes == 1:
            decode_block(heads[0], payloads[0], out, self._shared, self._identity, scratch)
            return
        part = np.empty(heads[0].size, np.uint8)
        for plane, (head, payload) in enumerate(zip(heads, payloads, strict=True)):
            decode_block(head, payload, part, self._shared, None, scratch)
            merge_plane(out, self._planes, plane)[:] = part
