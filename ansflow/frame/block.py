"""Blocks: up to `block_size` bytes, coded on their own with a table of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash

from ansflow.coding.streams import buffer_size, decode_symbols, encode_symbols
from ansflow.coding.tables import Tables
from ansflow.errors import CorruptDataError, TruncatedError, UnsupportedError
from ansflow.frame import layout
from ansflow.kernels import golomb
from ansflow.kernels.histogram import BYTE_PARTIALS, count_bytes

__all__ = [
    "Block",
    "DecoderScratch",
    "EncoderScratch",
    "decode_block",
    "encode_block",
    "read_blocks",
]

Bytes = npt.NDArray[np.uint8]
Piece = bytes | memoryview

ALPHABET = 256

# Each lane's state costs about three bytes beyond what it holds: no more than 0.3% of a block.
CONTENT_PER_LANE = 1024


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

    @classmethod
    def make(cls, block_size: int, lanes: int) -> EncoderScratch:
        """For blocks of at most that many bytes, coded with at most that many lanes."""
        return cls(
            partial=np.empty(BYTE_PARTIALS, np.uint32),
            counts=np.empty(ALPHABET, np.float64),
            freq=np.empty(ALPHABET, np.uint32),
            keys=np.empty(ALPHABET, np.float64),
            heap=np.empty(ALPHABET, np.uint32),
            table=np.empty(ALPHABET * golomb.MAX_BITS_PER_FREQUENCY // 8, np.uint8),
            words=np.empty(buffer_size(block_size, lanes), np.uint16),
        )


class DecoderScratch(NamedTuple):
    """What `decode_block` overwrites each time, so that one will do for all blocks of a thread."""

    freq: npt.NDArray[np.uint32]
    words: npt.NDArray[np.uint16]

    @classmethod
    def make(cls, block_size: int) -> DecoderScratch:
        """For blocks of at most that many bytes of content, which no block of ours exceeds."""
        return cls(np.empty(ALPHABET, np.uint32), np.empty(block_size // 2, np.uint16))


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
    partial, counts, freq, keys, heap, room, buffer = scratch
    count_bytes(content, partial, counts)
    present, used, bits = golomb.fit_table(counts, np.uint64(precision), freq, keys, heap, room)
    if present == 1:
        return _pieces(layout.BLOCK_CONSTANT, 0, 0, content, number, content[:1].data)
    if used + bits / 8 < content.size:
        lanes = min(lanes, 1 << max(0, (content.size // CONTENT_PER_LANE).bit_length() - 1))
        tables = Tables.unchecked(freq, precision)
        words = encode_symbols(content, tables, lanes=lanes, buffer=buffer)
        stream = words.astype("<u2", copy=False)
        if used + stream.nbytes < content.size:
            table, log2 = room[:used], lanes.bit_length() - 1
            return _pieces(
                layout.BLOCK_CODED, log2, precision, content, number, table.data, stream.data
            )
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
        if kind not in (layout.BLOCK_STORED, layout.BLOCK_CONSTANT, layout.BLOCK_CODED):
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
        if block.kind == layout.BLOCK_CODED:
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
    if not (
        layout.MIN_PRECISION <= block.precision <= layout.MAX_PRECISION
        and block.lanes_log2 <= layout.MAX_LANES_LOG2
    ):
        raise CorruptDataError(
            f"impossible precision {block.precision} or lanes 2**{block.lanes_log2}"
        )
    payload: Bytes = np.frombuffer(block.payload, np.uint8)
    total = np.uint64(1 << block.precision)
    used = int(golomb.read_frequencies(payload, total, scratch.freq))
    if used == 0 or (payload.size - used) % 2:
        raise CorruptDataError("no table of frequencies and words")
    n_words = (payload.size - used) // 2
    # Only a frame of another writer holds more words than content.
    room = scratch.words if n_words <= scratch.words.size else np.empty(n_words, np.uint16)
    words = room[:n_words]
    # A copy, because they may begin at an odd address here.
    words.view(np.uint8)[:] = payload[used:]
    if sys.byteorder == "big":
        words.byteswap(inplace=True)
    tables = Tables.unchecked(scratch.freq, block.precision)
    decode_symbols(words, tables, out, lanes=1 << block.lanes_log2)
