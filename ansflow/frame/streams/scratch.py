"""What coding a chunk overwrites, so that one will do for all chunks of a thread; and words."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.coding.coders.coder import buffer_size
from ansflow.coding.coders.single import SingleCoder, new_records, slots_for
from ansflow.kernels.coders.adaptive import DECISIONS, NODES
from ansflow.kernels.coders.row_classes import ROW
from ansflow.kernels.constants import MAX_LANES, MAX_PACKED_PRECISION
from ansflow.kernels.tables import context_code, frequency_code
from ansflow.kernels.tables.histogram import BYTE_PARTIALS
from ansflow.pool import Pool
from ansflow.recycling import empty
from ansflow.transforms.recipe import Stream

__all__ = [
    "ALPHABET",
    "MOST_ADAPTIVE",
    "ContextScratch",
    "DecoderScratch",
    "EncoderScratch",
    "ReadTables",
    "WordStack",
    "encoder_pool",
]

ALPHABET = 256

# Symbols of a stream whose distribution may be learnt.
MOST_ADAPTIVE = 1 << 12

Words = npt.NDArray[np.uint16]


class WordStack:
    """Room for the words of all streams of a chunk: `free` is the buffer for the next one.

    A coder fills a buffer from its end. The words of each stream stay where they are until the
    chunk is put together: the next stream's buffer ends where they begin.

    Parameters
    ----------
    streams : iterable of Stream
    """

    def __init__(self, streams: Iterable[Stream]) -> None:
        sizes = [stream.symbols.size for stream in streams]
        largest = max(sizes, default=0)
        # Streams of more words than half of their bytes are stored instead. Rows of 64 symbols may
        # have classes. It takes the most room if the largest stream is the last one.
        others = sum(sizes) - largest
        kept = others // 2 + others // (2 * ROW)
        self.free = empty(kept + buffer_size(largest, MAX_LANES), np.uint16)

    def keep(self, words: Words) -> None:
        """Keep words at the end of `free`."""
        self.free = self.free[: self.free.size - words.size]


class ContextScratch(NamedTuple):
    """What it takes besides to try order 1."""

    counts: npt.NDArray[np.uint32]
    freq: npt.NDArray[np.uint32]
    table: Bytes

    @classmethod
    def make(cls) -> ContextScratch:
        shape = (ALPHABET, ALPHABET)
        return cls(
            counts=np.empty(shape, np.uint32),
            freq=np.empty(shape, np.uint32),
            table=np.empty(context_code.TABLE_ROOM, np.uint8),
        )


class EncoderScratch(NamedTuple):
    """What encoding a stream overwrites.

    `rows` are counts and frequencies as matrices of one row.
    """

    partial: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.float64]
    freq: npt.NDArray[np.uint32]
    rows: tuple[npt.NDArray[np.float64], npt.NDArray[np.uint32]]
    keys: npt.NDArray[np.float64]
    heap: npt.NDArray[np.uint32]
    table: Bytes
    records: npt.NDArray[np.uint64]
    nodes: npt.NDArray[np.uint32]
    decisions: npt.NDArray[np.uint16]
    contexts: ContextScratch | None

    @classmethod
    def make(cls, precision: int, order: int) -> EncoderScratch:
        counts, freq = np.empty(ALPHABET, np.float64), np.empty(ALPHABET, np.uint32)
        return cls(
            partial=np.empty(BYTE_PARTIALS, np.uint32),
            counts=counts,
            freq=freq,
            rows=(counts[np.newaxis], freq[np.newaxis]),
            keys=np.empty(ALPHABET, np.float64),
            heap=np.empty(ALPHABET, np.uint32),
            table=np.empty(ALPHABET * frequency_code.MAX_BITS_PER_FREQUENCY // 8, np.uint8),
            records=new_records(ALPHABET, precision),
            nodes=np.empty(NODES, np.uint32),
            decisions=np.empty(DECISIONS * MOST_ADAPTIVE, np.uint16),
            contexts=ContextScratch.make() if order else None,
        )


@functools.cache
def encoder_pool(precision: int, order: int) -> Pool[EncoderScratch]:
    """What all threads of the process share that code streams in this way."""
    return Pool(functools.partial(EncoderScratch.make, precision, order))


class ReadTables(NamedTuple):
    """A coder, and its frequencies and slots as matrices of one row, to be filled first."""

    coder: SingleCoder
    freq: npt.NDArray[np.uint32]
    slots: npt.NDArray[Any]

    @classmethod
    def make(cls, alphabet: int, precision: int) -> ReadTables:
        freq, slots = np.empty(alphabet, np.uint32), slots_for(alphabet, precision)
        coder = SingleCoder(freq, precision, slots=slots)
        return cls(coder, freq[np.newaxis], slots[np.newaxis])


class DecoderScratch(NamedTuple):
    """What decoding a chunk overwrites. Of tables, those of bytes and of usual precisions."""

    nodes: npt.NDArray[np.uint32]
    usual: dict[int, ReadTables]

    @classmethod
    def make(cls) -> DecoderScratch:
        return cls(nodes=np.empty(NODES, np.uint32), usual={})

    def tables(self, alphabet: int, precision: int) -> ReadTables:
        """Room for tables of so many symbols, and the coder that takes them."""
        if alphabet != ALPHABET or precision > MAX_PACKED_PRECISION:
            return ReadTables.make(alphabet, precision)
        tables = self.usual.get(precision)
        if tables is None:
            tables = self.usual[precision] = ReadTables.make(alphabet, precision)
        return tables
