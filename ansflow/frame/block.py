"""Blocks: up to `block_size` bytes, coded by a table of their own or one that they share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash

from ansflow.coding.streams import buffer_size, decode_symbols, encode_symbols
from ansflow.coding.tables import AnyTables, ContextTables, Tables
from ansflow.errors import CorruptDataError, ModelError
from ansflow.frame import layout
from ansflow.frame.head import Head, pack_head
from ansflow.frame.identity import ModelIdentity
from ansflow.frame.shared import ALPHABET, SharedTable
from ansflow.kernels.constants import MAX_LANES, default_lanes
from ansflow.kernels.tables import (
    context_code as contexts,
    context_levels as levels,
    frequency_code as golomb,
)
from ansflow.kernels.tables.histogram import BYTE_PARTIALS, count_bytes

if TYPE_CHECKING:
    from ansflow.bitsback.models.vae import VAE

__all__ = ["BlockCoding", "DecoderScratch", "EncoderScratch", "decode_block", "encode_block"]

# A bit less than there could be: it costs 0.04%, and halves the decoder's tables.
CONTEXT_PRECISION = 11

Bytes = npt.NDArray[np.uint8]


class BlockCoding(NamedTuple):
    """How all blocks of a frame are to be coded.

    `precision` is 8 to 16; `lanes` a maximum, small blocks get fewer; `order` 0 or 1; `shared` are
    the tables of the header; `model` is tried on blocks that consist of its images.
    """

    block_size: int
    precision: int
    lanes: int
    order: int
    shared: tuple[SharedTable, ...]
    model: VAE | None = None


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
    def make(cls, block_size: int, order: int) -> EncoderScratch:
        """For blocks of at most that many bytes and that order."""
        return cls(
            partial=np.empty(BYTE_PARTIALS, np.uint32),
            counts=np.empty(ALPHABET, np.float64),
            freq=np.empty(ALPHABET, np.uint32),
            keys=np.empty(ALPHABET, np.float64),
            heap=np.empty(ALPHABET, np.uint32),
            table=np.empty(ALPHABET * golomb.MAX_BITS_PER_FREQUENCY // 8, np.uint8),
            words=np.empty(buffer_size(block_size, MAX_LANES), np.uint16),
            contexts=ContextScratch.make() if order else None,
        )

    def holds(self, block_size: int) -> bool:
        """Whether blocks of that many bytes fit."""
        return self.words.size >= buffer_size(block_size, MAX_LANES)


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


class _Choice(NamedTuple):
    """A way to code a block: kind of block, shared table if any, own table, size in bytes."""

    kind: int
    shared: int
    table: Bytes
    tables: AnyTables
    size: float


def encode_block(
    content: Bytes, number: int, tag: bytes, coding: BlockCoding, scratch: EncoderScratch
) -> Bytes:
    """The block, head and payload, of whichever kind is smallest.

    Parameters
    ----------
    content : contiguous ndarray of uint8, shape (n,)
        Not empty.
    number : int
        How many blocks of the frame come before.
    tag : bytes
        The frame's.
    coding : BlockCoding
    scratch : EncoderScratch
        Overwritten.
    """
    content = content.view()
    content.setflags(write=False)  # as most is anyway: kernels are compiled once
    lanes = min(coding.lanes, default_lanes(content.size))
    choice = _choose(content, lanes, coding, scratch)
    if choice.kind == layout.BLOCK_CONSTANT:
        return _assemble(tag, choice.kind, 0, 0, 0, content, number, choice.table)
    if coding.model is not None:
        message = _message(content, coding.model)
        if message.size and message.size < min(choice.size, content.size):
            return _assemble(tag, layout.BLOCK_MODELLED, 0, 0, 0, content, number, message)
    if choice.size < content.size:
        words = encode_symbols(content, choice.tables, lanes=lanes, buffer=scratch.words)
        stream = words.astype("<u2", copy=False).view(np.uint8)
        if choice.table.size + stream.size < content.size:
            log2, precision = lanes.bit_length() - 1, choice.tables.precision
            return _assemble(
                *(tag, choice.kind, log2, precision, choice.shared, content, number),
                *(choice.table, stream),
            )
    return _assemble(tag, layout.BLOCK_STORED, 0, 0, 0, content, number, content)


def _choose(content: Bytes, lanes: int, coding: BlockCoding, scratch: EncoderScratch) -> _Choice:
    """The way that promises to be smallest."""
    partial, counts, freq, keys, heap, room, _, with_contexts = scratch
    if with_contexts is None:
        count_bytes(content, partial, counts)
    else:
        levels.count_all(content, np.uint64(lanes), with_contexts.counts, counts)
    present, used, bits = golomb.fit_table(
        counts, np.uint64(coding.precision), freq, keys, heap, room
    )
    tables: AnyTables = Tables.unchecked(freq, coding.precision)
    if present == 1:
        return _Choice(layout.BLOCK_CONSTANT, 0, content[:1], tables, 1)
    best = _Choice(layout.BLOCK_CODED, 0, room[:used], tables, used + bits / 8)
    if coding.shared:
        counts *= content.size / counts.sum()  # they were scaled
        for place, shared in enumerate(coding.shared, 1):
            size = float(counts @ shared.lengths) / 8
            if size < best.size:
                best = _Choice(layout.BLOCK_CODED, place, room[:0], shared.tables, size)
    if with_contexts is not None:
        precision = min(coding.precision, CONTEXT_PRECISION)
        counts1, freq1, room1 = with_contexts
        used, bits = contexts.fit_contexts(counts1, np.uint64(precision), freq1, room1)
        if used + bits / 8 < best.size:
            tables = ContextTables.unchecked(freq1, precision)
            best = _Choice(layout.BLOCK_CONTEXTS, 0, room1[:used], tables, used + bits / 8)
    return best


def _message(content: Bytes, model: VAE) -> Bytes:
    """The content as a message of the model; empty if it has none."""
    if content.size % model.image_size:
        return content[:0]
    try:
        message = model.encode(content.reshape(-1, *model.image_shape))
    except ModelError:
        return content[:0]
    return np.frombuffer(message, np.uint8)


def _assemble(
    tag: bytes,
    kind: int,
    lanes_log2: int,
    precision: int,
    table: int,
    content: Bytes,
    number: int,
    *payload: Bytes,
) -> Bytes:
    stored = sum(piece.size for piece in payload)
    check = _check(content, number)
    head = Head(kind, lanes_log2, precision, table, content.size, stored, number, check)
    block = np.empty(layout.HEAD.size + stored, np.uint8)
    block[: layout.HEAD.size] = np.frombuffer(pack_head(tag, head), np.uint8)
    at = layout.HEAD.size
    for piece in payload:
        block[at : at + piece.size] = piece
        at += piece.size
    return block


def _check(content: Bytes, number: int) -> int:
    """XXH3-64, seeded by the block's place so that blocks can't change places."""
    return xxhash.xxh3_64_intdigest(content.data, seed=number)


def decode_block(
    head: Head,
    payload: memoryview,
    out: Bytes,
    shared: Sequence[Tables],
    identity: ModelIdentity | None,
    scratch: DecoderScratch,
) -> None:
    """Fill `out`, contiguous and as long as the block's content.

    Raises
    ------
    CorruptDataError
        If the payload isn't one, or the content doesn't match the block's check.
    UnsupportedError
        If it takes a model that isn't known here.
    """
    modelled = head.kind == layout.BLOCK_MODELLED
    model = identity.find() if modelled and identity is not None else None
    try:
        if model is not None:
            if out.size % model.image_size:
                raise CorruptDataError("impossible sizes")
            out[:] = model.decode(payload, out.size // model.image_size).reshape(-1)
        elif head.kind in (layout.BLOCK_CODED, layout.BLOCK_CONTEXTS):
            _decode_coded(head, payload, out, shared, scratch)
        else:
            value = np.frombuffer(payload, np.uint8)
            expected = 1 if head.kind == layout.BLOCK_CONSTANT else out.size
            if value.size != expected or head.lanes_log2 or head.precision:
                raise CorruptDataError("impossible sizes")
            out[:] = value
    except CorruptDataError as e:
        # Cut frames never get here: inside a whole payload, an early end is corruption.
        raise CorruptDataError(f"block {head.number}: {e}") from e
    if _check(out, head.number) != head.check:
        raise CorruptDataError(f"block {head.number} doesn't match its check")


def _decode_coded(
    head: Head,
    payload: memoryview,
    out: Bytes,
    shared: Sequence[Tables],
    scratch: DecoderScratch,
) -> None:
    with_contexts = head.kind == layout.BLOCK_CONTEXTS
    most = layout.MAX_CONTEXT_PRECISION if with_contexts else layout.MAX_PRECISION
    if not (
        layout.MIN_PRECISION <= head.precision <= most and head.lanes_log2 <= layout.MAX_LANES_LOG2
    ):
        raise CorruptDataError(
            f"impossible precision {head.precision} or lanes 2**{head.lanes_log2}"
        )
    data: Bytes = np.frombuffer(payload, np.uint8)
    data.setflags(write=False)  # whoever may write to it: kernels are compiled once
    tables: AnyTables
    used = 0
    if head.table:
        tables = shared[head.table - 1]
        if tables.precision != head.precision:
            raise CorruptDataError(f"precision {head.precision} isn't that of its shared table")
    else:
        if with_contexts:
            freq = scratch.context_freq
            used = int(contexts.read_contexts(data, np.uint64(head.precision), freq))
            tables = ContextTables.unchecked(freq, head.precision)
        else:
            total = np.uint64(1 << head.precision)
            used = int(golomb.read_frequencies(data, total, scratch.freq))
            tables = Tables.unchecked(scratch.freq, head.precision)
        if used == 0:
            raise CorruptDataError("no table of frequencies")
    if (data.size - used) % 2:
        raise CorruptDataError("half a word")
    words = np.frombuffer(payload, "<u2", offset=used).astype(np.uint16, copy=False)
    decode_symbols(words, tables, out, lanes=1 << head.lanes_log2)
