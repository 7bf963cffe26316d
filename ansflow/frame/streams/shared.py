"""Streams that are coded by one of the tables that the frame, or the plan, has for all of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.frame.shared import ALPHABET
from ansflow.frame.streams.coder_byte import CoderByte
from ansflow.frame.streams.kind import TriedKind
from ansflow.frame.streams.sample import Encoded, Proposal, Sample, StreamCoding, Symbols
from ansflow.frame.streams.tools import Tools
from ansflow.frame.streams.words import decode_words, encode_words
from ansflow.transforms.layout import Layout
from ansflow.varints import ByteReader

__all__ = ["Shared"]

ONES = np.ones(ALPHABET)


class Fields(NamedTuple):
    coder: CoderByte
    number: int


class Shared(TriedKind):
    code = constants.KIND_SHARED
    name = "shared"

    def suits(self, coding: StreamCoding) -> bool:
        return bool(coding.shared)

    def propose(self, sample: Sample, most: float) -> Proposal:
        shared = sample.coding.shared
        # Counts are scaled.
        scale = sample.symbols.size / (8 * float(sample.counts @ ONES))
        sizes = [float(sample.counts @ table.lengths) * scale for table in shared]
        best = min(range(len(sizes)), key=sizes.__getitem__)
        return Proposal(sizes[best], lambda: self._encode(sample, best))

    def _encode(self, sample: Sample, best: int) -> Encoded:
        coder = sample.coding.shared[best].coder
        words = encode_words(sample, sample.symbols, coder)
        head = CoderByte.pack(coder.precision, sample.lanes) + bytes([best + 1])
        return Encoded(head, [words])

    def parse(self, reader: ByteReader, layout: Layout, tools: Tools) -> Fields:
        fields = Fields(CoderByte.parse(reader), reader.byte())
        if not 1 <= fields.number <= len(tools.shared):
            raise CorruptDataError(
                f"a stream takes the shared table {fields.number}; there are {len(tools.shared)}"
            )
        precision = tools.shared[fields.number - 1].precision
        if precision != fields.coder.precision:
            raise CorruptDataError(
                f"a stream has {fields.coder.precision} bits of precision, but its shared table "
                f"has {precision}"
            )
        return fields

    def coder(self, fields: Fields) -> CoderByte:
        return fields.coder

    def decode(self, fields: Fields, payload: Bytes, out: Symbols, tools: Tools) -> None:
        decode_words(payload, tools.shared[fields.number - 1], fields.coder.lanes, out, tools)
