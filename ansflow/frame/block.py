"""Blocks: up to `block_size` bytes, coded on their own with a table of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

from ansflow.coding.streams import decode_symbols, encode_symbols
from ansflow.coding.tables import Tables
from ansflow.errors import CorruptDataError, TruncatedError, UnsupportedError
from ansflow.frame import layout
from ansflow.kernels import golomb
from ansflow.kernels.histogram import histogram
from ansflow.models.frequencies import quantize

__all__ = ["Block", "decode_block", "encode_block", "read_blocks"]

Bytes = npt.NDArray[np.uint8]
Piece = bytes | memoryview

ALPHABET = 256
TABLE_ROOM = ALPHABET * golomb.MAX_BITS_PER_FREQUENCY // 8

# Each lane's state costs about three bytes beyond what it holds: no more than 0.3% of a block.
CONTENT_PER_LANE = 1024


@dataclass(frozen=True, slots=True)
class Block:
    """A block's header, and its payload as a view into the frame."""

    kind: int
    lanes_log2: int
    precision: int
    size: int
    check: int
    payload: memoryview


def encode_block(content: Bytes, number: int, *, precision: int, lanes: int) -> list[Piece]:
    """The block as pieces to be joined: whichever kind is smallest.

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
    """
    counts = histogram(content)
    present = np.flatnonzero(counts)
    if present.size == 1:
        value = int(present[0])
        return _pieces(layout.BLOCK_CONSTANT, 0, 0, content, number, bytes([value]))
    lanes = min(lanes, 1 << max(0, (content.size // CONTENT_PER_LANE).bit_length() - 1))
    freq = quantize(counts, precision)
    room = np.zeros(TABLE_ROOM, np.uint8)
    table = room[: golomb.write_frequencies(freq, np.uint64(1 << precision), room)]
    bits = float(np.sum(counts[present] * (precision - np.log2(freq[present]))))
    if table.size + bits / 8 < content.size:
        words = encode_symbols(content, Tables(freq, precision), lanes=lanes)
        stream = words.astype("<u2", copy=False)
        if table.size + stream.nbytes < content.size:
            log2 = lanes.bit_length() - 1
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


def decode_block(block: Block, number: int, out: Bytes) -> None:
    """Fill `out`, contiguous and as long as the block's content.

    Raises
    ------
    CorruptDataError
        If the payload isn't one, or the content doesn't match the block's check.
    """
    try:
        if block.kind == layout.BLOCK_CODED:
            _decode_coded(block, out)
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


def _decode_coded(block: Block, out: Bytes) -> None:
    if not (
        layout.MIN_PRECISION <= block.precision <= layout.MAX_PRECISION
        and block.lanes_log2 <= layout.MAX_LANES_LOG2
    ):
        raise CorruptDataError(
            f"impossible precision {block.precision} or lanes 2**{block.lanes_log2}"
        )
    payload: npt.NDArray[Any] = np.frombuffer(block.payload, np.uint8)
    freq = np.empty(ALPHABET, np.uint32)
    used = int(golomb.read_frequencies(payload, np.uint64(1 << block.precision), freq))
    if used == 0 or (payload.size - used) % 2:
        raise CorruptDataError("no table of frequencies and words")
    # A copy, because the words may begin at an odd address.
    words = payload[used:].copy().view("<u2").astype(np.uint16, copy=False)
    decode_symbols(words, Tables(freq, block.precision), out, lanes=1 << block.lanes_log2)
