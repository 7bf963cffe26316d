"""Streams whose symbols are coded by distributions that their neighbours in earlier rows name."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.coding.coders.neighbours import NeighbourCoder
from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.frame.streams.coder_byte import CoderByte, precision_for
from ansflow.frame.streams.kind import TriedKind
from ansflow.frame.streams.sample import (
    NOTHING_SEEN,
    Encoded,
    Look,
    Proposal,
    Sample,
    StreamCoding,
    Symbols,
)
from ansflow.frame.streams.scratch import ALPHABET
from ansflow.frame.streams.tools import Tools
from ansflow.frame.streams.words import decode_words, encode_words
from ansflow.kernels.coders.neighbours import LIMITS, MIN_DISTANCE
from ansflow.kernels.tables.class_code import TABLE_ROOM, fit_tables
from ansflow.kernels.tables.neighbours import PARTIALS, WORTH, choose_limits, count_contexts
from ansflow.kernels.tables.slots import read_slots
from ansflow.recycling import empty
from ansflow.transforms.layout import Layout
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Neighbours"]

# A bit less than there could be: it costs 0.02%, and halves the decoder's tables.
PRECISION = 11

MAX_CONTEXTS = LIMITS + 1
# The highest limit that an activity can exceed.
MAX_LIMIT = 254

# Fewer symbols hardly pay for a second table.
FEWEST_SYMBOLS = 2048

# Symbols that one table leaves more than this share of are raw bits, whatever is above.
RANDOM_FROM = 0.99

# Limits are chosen by about so many symbols, or one of so many.
SAMPLE_SIZE, SAMPLE_EVERY = 1 << 15, 8

# Where contexts leave less than this share, classes of rows have never been seen to leave less; nor
# of so many symbols or more, where they leave less than another share.
CLEAR, MANY, CLEAR_OF_MANY = 0.97, 1 << 16, 0.98


class Distances(NamedTuple):
    """How far the symbol above is, and the one in the plane before, or 0 if that isn't used."""

    row: int
    plane: int


class Chosen(NamedTuple):
    """What contexts depend on, those of all symbols, and about how many bits these take."""

    row: int
    plane: int
    limits: npt.NDArray[np.uint8]
    contexts: npt.NDArray[np.uint8]
    counts: npt.NDArray[np.uint32]
    bits: float


class Neighbours(TriedKind):
    code = constants.KIND_NEIGHBOURS
    name = "neighbours"

    def suits(self, coding: StreamCoding) -> bool:
        return coding.classes

    def look(self, symbols: Bytes, layout: Layout) -> Look:
        tried = distances(layout) if symbols.size >= FEWEST_SYMBOLS else []
        if not tried:
            return NOTHING_SEEN
        highest = int(symbols.max())
        # Activities are sums of two symbols at most.
        scratch = np.empty((min(2 * highest + 1, ALPHABET), highest + 1), np.uint32)
        every = np.uint64(max(1, min(symbols.size // SAMPLE_SIZE, SAMPLE_EVERY)))
        best, number, smallest = None, 0, math.inf
        for told in tried:
            limits = np.empty(LIMITS, np.uint8)
            row, plane = np.uint64(told.row), np.uint64(told.plane)
            contexts, bits = choose_limits(symbols, row, plane, every, scratch, limits)
            if contexts > 1 and bits < smallest:
                best, number, smallest = (row, plane, limits), contexts, bits
        if best is None:
            return NOTHING_SEEN
        counts = np.empty((number, ALPHABET), np.uint32)
        partial, contexts = np.empty(PARTIALS, np.uint32), empty(symbols.size, np.uint8)
        count_contexts(symbols, *best, partial, contexts, counts)
        row, plane, limits = best
        return Look(counts, Chosen(int(row), int(plane), limits, contexts, counts, smallest))

    def propose(self, sample: Sample, most: float) -> Proposal | None:
        symbols = sample.symbols
        if sample.coded_size > RANDOM_FROM * symbols.size:
            return None
        look = sample.looks.get(self.code) or self.look(sample.content, sample.layout)
        plain = sample.coded_size + sample.table.size
        if look.counts is None or look.found.bits > 8 * WORTH * plain:
            return None
        size = look.found.bits / 8
        encode = functools.partial(self._encode, sample, look.found)
        share = CLEAR if symbols.size < MANY else CLEAR_OF_MANY
        return Proposal(size, encode, clear=size < share * plain)

    def _encode(self, sample: Sample, chosen: Chosen) -> Encoded:
        row, plane, limits, contexts, counts, _ = chosen
        number, highest = counts.shape[0], min(sample.coding.precision, PRECISION)
        precision = precision_for(sample.symbols.size // number, highest)
        freq = np.empty((number, ALPHABET), np.uint32)
        tables = np.empty(TABLE_ROOM * number, np.uint8)
        used, _ = fit_tables(counts, precision, freq, tables)
        coder = NeighbourCoder(freq, row, plane, limits, precision, contexts=contexts)
        words = encode_words(sample, sample.symbols, coder)
        begin = pack_varint(row) + pack_varint(plane)
        begin += bytes([number]) + limits[: number - 1].tobytes()
        payload = [np.frombuffer(begin, np.uint8), tables[:used], words]
        return Encoded(CoderByte.pack(precision, sample.lanes), payload)

    def parse(self, reader: ByteReader, layout: Layout, tools: Tools) -> CoderByte:
        return CoderByte.parse(reader, constants.MAX_CONTEXT_PRECISION)

    def coder(self, fields: CoderByte) -> CoderByte:
        return fields

    def decode(self, fields: CoderByte, payload: Bytes, out: Symbols, tools: Tools) -> None:
        reader = ByteReader(payload.data)
        row, plane = _read_distances(reader, out.size)
        number = reader.byte()
        if not 2 <= number <= MAX_CONTEXTS:
            raise CorruptDataError(f"there are {number} contexts, not 2 to {MAX_CONTEXTS}")
        limits = np.empty(LIMITS, np.uint8)
        limits[number - 1 :] = MAX_LIMIT + 1
        told = bytes(reader.take(number - 1))
        if sorted(set(told)) != list(told) or told[-1] > MAX_LIMIT:
            raise CorruptDataError(
                f"the limits between contexts, {list(told)}, do not increase up to {MAX_LIMIT} at "
                f"most"
            )
        limits[: number - 1] = list(told)
        payload = payload[reader.at :]
        freq = np.empty((number, ALPHABET), np.uint32)
        slots = np.empty((number, 1 << fields.precision), np.uint32)
        used = int(read_slots(payload, 1 << fields.precision, freq, slots))
        if not used:
            raise CorruptDataError(
                f"there are not {number} tables of frequencies that sum to 2^{fields.precision} "
                f"behind the limits between contexts"
            )
        coder = NeighbourCoder(freq, row, plane, limits, fields.precision, slots)
        decode_words(payload[used:], coder, fields.lanes, out, tools)


def distances(layout: Layout) -> list[Distances]:
    """Those that are worth trying in an array: its shortest rows that are long enough, and planes.

    Rows are whole ones, of the last axis or of the last few.
    """
    far = 1
    lengths: list[int] = []
    for length in reversed(layout.shape[1:]):
        far *= length
        if MIN_DISTANCE <= far < layout.items and far not in lengths:
            lengths.append(far)
    if not lengths or 2 * lengths[0] > layout.items:
        return []
    row, *planes = lengths
    return [Distances(row, 0), *[Distances(row, plane) for plane in planes[:1]]]


def _read_distances(reader: ByteReader, size: int) -> Distances:
    row, plane = reader.varint(), reader.varint()
    if not MIN_DISTANCE <= row < size:
        raise CorruptDataError(
            f"the row above is {row} symbols back, not {MIN_DISTANCE} to {size - 1}"
        )
    if plane and not row < plane < size:
        raise CorruptDataError(
            f"the plane before is {plane} symbols back, not {row + 1} to {size - 1}, or 0 for none"
        )
    return Distances(row, plane)
