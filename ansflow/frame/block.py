"""Blocks: up to `block_size` bytes, coded on their own with a table of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash

from ansflow.coding.streams import buffer_size, decode_symbols, encode_symbols
from ansflow.coding.tables import AnyTables, ContextTables, Tables
from ansflow.errors import CorruptDataError, TruncatedError, UnsupportedError
from ansflow.frame import layout
from ansflow.kernels import contexts, golomb, levels
from ansflow.kernels.constants import default_lanes
from ansflow.kernels.histogram import BYTE_PARTIALS, count_bytes

__all__ = [
    "Block",
    "DecoderScratch",
    "EncoderScratch",
    "decode_block",
    "encode_block",
    "read_blocks",
]

# A bit less than there could be: it costs 0.04%, and halves the decoder's tables.
CONTEXT_PRECISION = 11

Bytes = npt.NDArray[np.uint8]
Piece = bytes | memoryview

ALPHABET = 256


class Block(NamedTuple):
    """A block's header, and its payload as a view into the frame."""

    kind: int
    lanes_log2: int
    precision: int
    size: int
    check: int
    payload: memoryview


class EncoderScratch(NamedTuple):
    """What `encode_block` overwrites each time, so that one will do for all blocks of a thread."""

    partial: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.float64]
    freq: npt.NDArray[np.uint32]
    keys: npt.NDArray[np.float64]
    heap: npt.NDArray[np.uint32]
    table: Bytes
    words: npt.NDArray[np.uint16]
    contexts: ContextScratch | None

    @classmethod
    def make(cls, block_size: int, lanes: int, order: int) -> EncoderScratch:
        """For blocks of at most that many bytes, lanes and that order."""
        return cls(
            partial=np.empty(BYTE_PARTIALS, np.uint32),
            counts=np.empty(ALPHABET, np.float64),
            freq=np.empty(ALPHABET, np.uint32),
            keys=np.empty(ALPHABET, np.float64),
            heap=np.empty(ALPHABET, np.uint32),
            table=np.empty(ALPHABET * golomb.MAX_BITS_PER_FREQUENCY // 8, np.uint8),
            words=np.empty(buffer_size(block_size, lanes), np.uint16),
            contexts=ContextScratch.make() if order else None,
        )


class ContextScratch(NamedTuple):
    """What `encode_block` needs besides to try order 1."""

    counts: npt.NDArray[np.uint32]
    freq: npt.NDArray[np.uint32]
    table: Bytes

    @classmethod
    def make(cls) -> ContextScratch:
        shape = (ALPHABET, ALPHABET)
        return cls(
            counts=np.empty(shape, np.uint32),
            freq=np.empty(shape, np.uint32),
            table=np.empty(contexts.TABLE_ROOM, np.uint8),
        )


class DecoderScratch(NamedTuple):
    """What `decode_block` overwrites each time, so that one will do for all blocks of a thread."""

    freq: npt.NDArray[np.uint32]
    context_freq: npt.NDArray[np.uint32]

    @classmethod
    def make(cls) -> DecoderScratch:
        return cls(
            freq=np.empty(ALPHABET, np.uint32),
            context_freq=np.empty((ALPHABET, ALPHABET), np.uint32),
        )


def encode_block(
    content: Bytes, number: int, *, precision: int, lanes: int, scratch: EncoderScratch
) -> list[Piece]:
    """The block as pieces, one after the other: whichever kind is smallest.

    Parameters
    ----------
    content : contiguous ndarray of uint8, shape (n,)
        Not empty.
    number : int
        How many blocks of the frame come before.
    precision : int
        8 to 16.
    lanes : int
        At most; small blocks get fewer.
    scratch : EncoderScratch
        Overwritten; the pieces are views into it and into `content`.
    """
    partial, counts, freq, keys, heap, room, buffer, with_contexts = scratch
    lanes = min(lanes, default_lanes(content.size))
    if with_contexts is None:
        count_bytes(content, partial, counts)
    else:
        levels.count_all(content, np.uint64(lanes), with_contexts.counts, counts)
    present, used, bits = golomb.fit_table(counts, np.uint64(precision), freq, keys, heap, room)
    if present == 1:
        return _pieces(layout.BLOCK_CONSTANT, 0, 0, content, number, content[:1].data)
    kind, table, size = layout.BLOCK_CODED, room[:used], used + bits / 8
    tables: AnyTables = Tables.unchecked(freq, precision)
    if with_contexts is not None:
        precision1 = min(precision, CONTEXT_PRECISION)
        counts1, freq1, room1 = with_contexts
        used, bits = contexts.fit_contexts(counts1, np.uint64(precision1), freq1, room1)
        if used + bits / 8 < size:
            kind, table, size = layout.BLOCK_CONTEXTS, room1[:used], used + bits / 8
            tables = ContextTables.unchecked(freq1, precision1)
    if size < content.size:
        words = encode_symbols(content, tables, lanes=lanes, buffer=buffer)
        stream = words.astype("<u2", copy=False)
        if table.size + stream.nbytes < content.size:
            log2 = lanes.bit_length() - 1
            return _pieces(kind, log2, tables.precision, content, number, table.data, stream.data)
    return _pieces(layout.BLOCK_STORED, 0, 0, content, number, content.data)


def _pieces(
    kind: int, lanes_log2: int, precision: int, content: Bytes, number: int, *payload: Piece
) -> list[Piece]:
    size = sum(memoryview(piece).nbytes for piece in payload)
    check = _check(content, number)
    head = layout.BLOCK.pack(kind, lanes_log2, precision, 0, content.size, size, check)
    return [head, *payload]


def _check(content: Bytes, number: int) -> int:
    """XXH3-64, seeded by the block's place so that blocks can't change places."""
    return xxhash.xxh3_64_intdigest(content.data, seed=number)


def read_blocks(frame: memoryview, at: int, sizes: Iterator[int]) -> Iterator[Block]:
    """Blocks of the given content sizes, one after the other from byte `at` to the end.

    Reads their headers only.
    """
    for number, size in enumerate(sizes):
        if len(frame) - at < layout.BLOCK.size:
            raise TruncatedError(f"the frame ends before block {number}")
        kind, lanes_log2, precision, reserved, actual, stored, check = layout.BLOCK.unpack_from(
            frame, at
        )
        at += layout.BLOCK.size
        if kind not in layout.BLOCK_KINDS:
            raise UnsupportedError(f"block {number} is of the unknown kind {kind}")
        if actual != size or reserved:
            raise CorruptDataError(f"block {number} has an impossible header")
        if len(frame) - at < stored:
            raise TruncatedError(f"the frame ends inside block {number}")
        yield Block(kind, lanes_log2, precision, size, check, frame[at : at + stored])
        at += stored
    if at != len(frame):
        raise CorruptDataError(f"{len(frame) - at} bytes follow the frame")


def decode_block(block: Block, number: int, out: Bytes, scratch: DecoderScratch) -> None:
    """Fill `out`, contiguous and as long as the block's content.

    Raises
    ------
    CorruptDataError
        If the payload isn't one, or the content doesn't match the block's check.
    """
    try:
        if block.kind in (layout.BLOCK_CODED, layout.BLOCK_CONTEXTS):
            _decode_coded(block, out, scratch)
        else:
            value = np.frombuffer(block.payload, np.uint8)
            expected = 1 if block.kind == layout.BLOCK_CONSTANT else out.size
            if value.size != expected or block.lanes_log2 or block.precision:
                raise CorruptDataError("impossible sizes")
            out[:] = value
    except CorruptDataError as e:
        # Cut frames never get here: inside a whole payload, an early end is corruption.
        raise CorruptDataError(f"block {number}: {e}") from e
    if _check(out, number) != block.check:
        raise CorruptDataError(f"block {number} doesn't match its check")


def _decode_coded(block: Block, out: Bytes, scratch: DecoderScratch) -> None:
    with_contexts = block.kind == layout.BLOCK_CONTEXTS
    most = layout.MAX_CONTEXT_PRECISION if with_contexts else layout.MAX_PRECISION
    if not (
        layout.MIN_PRECISION <= block.precision <= most
        and block.lanes_log2 <= layout.MAX_LANES_LOG2
    ):
        raise CorruptDataError(
            f"impossible precision {block.precision} or lanes 2**{block.lanes_log2}"
        )
    payload: Bytes = np.frombuffer(block.payload, np.uint8)
    tables: AnyTables
    if with_contexts:
        freq = scratch.context_freq
        used = int(contexts.read_contexts(payload, np.uint64(block.precision), freq))
        tables = ContextTables.unchecked(freq, block.precision)
    else:
        total = np.uint64(1 << block.precision)
        used = int(golomb.read_frequencies(payload, total, scratch.freq))
        tables = Tables.unchecked(scratch.freq, block.precision)
    if used == 0 or (payload.size - used) % 2:
        raise CorruptDataError("no table of frequencies and words")
    words = np.frombuffer(block.payload, "<u2", offset=used).astype(np.uint16, copy=False)
    decode_symbols(words, tables, out, lanes=1 << block.lanes_log2)
