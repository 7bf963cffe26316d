"""Streams whose rows of 64 symbols are coded by the distributions of a few classes."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.coding.coders.row_classes import RowClassCoder
from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.frame.streams.choice import encode_stream
from ansflow.frame.streams.coded import Coded
from ansflow.frame.streams.coder_byte import CoderByte, precision_for
from ansflow.frame.streams.constant import Constant
from ansflow.frame.streams.head import read_head
from ansflow.frame.streams.kind import Kind, TriedKind
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
from ansflow.frame.streams.stored import Stored
from ansflow.frame.streams.tools import Tools
from ansflow.frame.streams.words import decode_words, encode_words
from ansflow.kernels.coders.row_classes import ROW
from ansflow.kernels.tables.class_code import (
    TABLE_ROOM,
    add_classes,
    fit_tables,
    subtract_classes,
)
from ansflow.kernels.tables.row_classes import MAX_CLASSES, are_dispersed, classify
from ansflow.kernels.tables.slots import read_slots
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Stream
from ansflow.varints import ByteReader

__all__ = ["RowClasses"]

Classes = npt.NDArray[np.uint8]

# A bit less than there could be: it costs 0.02%, and halves the decoder's tables.
PRECISION = 11

# Fewer rows hardly pay for a second table.
FEWEST_ROWS = 32

# Symbols that one table leaves more than this share of are raw bits, in all rows.
RANDOM_FROM = 0.99

# Classes are found in about so many rows, or one of so many of a long stream.
SAMPLE_ROWS, SAMPLE_EVERY = 256, 10

# As a sample doesn't tell exactly, it has to promise so many times as much as other kinds take.
TOO_MANY = 1.01

# What a stream of classes takes besides the bits of the classes: its head, a table and states.
FRAMING = 24

# The kinds of the stream of classes.
CODED = Coded()
INNER: dict[int, Kind] = {kind.code: kind for kind in (Stored(), Constant(), CODED)}


class RowClasses(TriedKind):
    code = constants.KIND_CLASSES
    name = "classes"

    def suits(self, coding: StreamCoding) -> bool:
        return coding.classes

    def look(self, symbols: Bytes, layout: Layout, most: float = math.inf) -> Look:
        """It need not look on where a sample promises more than so many bytes."""
        if symbols.size < FEWEST_ROWS * ROW:
            return NOTHING_SEEN
        some = _some(symbols)
        if not are_dispersed(some):
            return NOTHING_SEEN
        classes = np.empty(-(-symbols.size // ROW), np.uint8)
        counts = np.empty((MAX_CLASSES, ALPHABET), np.uint32)
        number, bits = classify(symbols, some, 8 * most, counts, classes)
        return Look(counts[:number] if number > 1 else None, (classes, bits))

    def propose(self, sample: Sample, most: float) -> Proposal | None:
        symbols = sample.symbols
        if sample.coded_size > RANDOM_FROM * symbols.size:
            return None
        look = sample.looks.get(self.code) or self.look(
            sample.content, sample.layout, most * TOO_MANY
        )
        if look.counts is None:
            return None
        (classes, bits), counts, number = look.found, look.counts, look.counts.shape[0]
        highest = min(sample.coding.precision, PRECISION)
        precision = precision_for(symbols.size // number, highest)
        freq = np.empty((number, ALPHABET), np.uint32)
        tables = np.empty(TABLE_ROOM * freq.shape[0], np.uint8)
        used, more = fit_tables(counts, precision, freq, tables)
        size = FRAMING + used + (bits + more) / 8
        coder = RowClassCoder(freq, classes, precision)
        return Proposal(size, lambda: self._encode(sample, coder, tables[:used]))

    def _encode(self, sample: Sample, coder: RowClassCoder, tables: Bytes) -> Encoded:
        words = encode_words(sample, sample.symbols, coder)
        number = coder.freq.shape[0]
        differences = np.empty_like(coder.classes)
        subtract_classes(coder.classes, np.uint64(number), differences)
        scratch = sample.scratch
        if scratch.contexts is not None:
            scratch = scratch._replace(contexts=None)
        stream = Stream(differences, Layout(1, differences.shape))
        tools = sample.coding, scratch, sample.words
        head, pieces = encode_stream(stream, (CODED,), *tools, sized=True)
        begin, middle = (np.frombuffer(part, np.uint8) for part in (bytes([number]), head))
        payload = [begin, tables, middle, *pieces, words]
        return Encoded(CoderByte.pack(coder.precision, sample.lanes), payload)

    def parse(self, reader: ByteReader, layout: Layout, tools: Tools) -> CoderByte:
        return CoderByte.parse(reader, constants.MAX_CONTEXT_PRECISION)

    def coder(self, fields: CoderByte) -> CoderByte:
        return fields

    def decode(self, fields: CoderByte, payload: Bytes, out: Symbols, tools: Tools) -> None:
        number = int(payload[0]) if payload.size else 0
        if not 2 <= number <= MAX_CLASSES:
            raise CorruptDataError(f"there are {number} classes of rows, not 2 to {MAX_CLASSES}")
        payload = payload[1:]
        freq = np.empty((number, ALPHABET), np.uint32)
        slots = np.empty((number, 1 << fields.precision), np.uint32)
        used = int(read_slots(payload, 1 << fields.precision, freq, slots))
        if not used:
            raise CorruptDataError(
                f"the payload does not begin with {number} tables of frequencies that sum to "
                f"2^{fields.precision}"
            )
        reader = ByteReader(payload.data)
        reader.at = used
        classes = _read_classes(reader, -(-out.size // ROW), number, tools)
        coder = RowClassCoder(freq, classes, fields.precision, slots)
        decode_words(payload[reader.at :], coder, fields.lanes, out, tools)


def _some(symbols: Symbols) -> Symbols:
    """Enough rows to find classes in, two and two neighbours, or all."""
    every = min(symbols.size // ROW // SAMPLE_ROWS, SAMPLE_EVERY)
    size = 2 * every * ROW
    if every < 2:
        return symbols[: symbols.size // ROW * ROW]
    parts = symbols[: symbols.size // size * size].reshape(-1, size)
    return parts[:, : 2 * ROW].reshape(-1)


def _read_classes(reader: ByteReader, rows: int, number: int, tools: Tools) -> Classes:
    """The class of each row, from an inner stream of their differences."""
    head = read_head(reader, Layout(1, (rows,)), _inner_kind, tools, sized=True)
    assert head.size is not None
    classes = np.empty(rows, np.uint8)
    head.kind.decode(head.fields, np.frombuffer(reader.take(head.size), np.uint8), classes, tools)
    if not add_classes(classes, np.uint64(number), classes):
        raise CorruptDataError(f"classes of rows differ by {number} or more, their number")
    return classes


def _inner_kind(code: int) -> Kind:
    try:
        return INNER[code]
    except KeyError:
        raise CorruptDataError(f"classes of rows cannot be a stream of the kind {code}") from None
