"""Streams that are coded by a distribution for each preceding byte."""

from __future__ import annotations

import numpy as np

from ansflow.buffers import Bytes
from ansflow.coding.coders.contexts import ContextCoder
from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.frame.streams.coder_byte import CoderByte
from ansflow.frame.streams.kind import TriedKind
from ansflow.frame.streams.sample import Encoded, Proposal, Sample, StreamCoding, Symbols
from ansflow.frame.streams.scratch import ALPHABET
from ansflow.frame.streams.tools import Tools
from ansflow.frame.streams.words import decode_words, encode_words
from ansflow.kernels.tables.context_code import fit_contexts, read_contexts
from ansflow.transforms.layout import Layout
from ansflow.varints import ByteReader

__all__ = ["Contexts"]

# A bit less than there could be: it costs 0.04%, and halves the decoder's tables.
PRECISION = 11


class Contexts(TriedKind):
    code = constants.KIND_CONTEXTS
    name = "contexts"

    def suits(self, coding: StreamCoding) -> bool:
        return coding.order == 1

    def propose(self, sample: Sample, most: float) -> Proposal:
        assert sample.scratch.contexts is not None
        precision = min(sample.coding.precision, PRECISION)
        counts, freq, table = sample.scratch.contexts
        used, bits = fit_contexts(counts, np.uint64(precision), freq, table)
        size = int(used) + float(bits) / 8
        return Proposal(size, lambda: self._encode(sample, precision, int(used)))

    def _encode(self, sample: Sample, precision: int, used: int) -> Encoded:
        assert sample.scratch.contexts is not None
        _, freq, table = sample.scratch.contexts
        words = encode_words(sample, sample.symbols, ContextCoder(freq, precision))
        return Encoded(CoderByte.pack(precision, sample.lanes), [table[:used].copy(), words])

    def parse(self, reader: ByteReader, layout: Layout, tools: Tools) -> CoderByte:
        return CoderByte.parse(reader, constants.MAX_CONTEXT_PRECISION)

    def coder(self, fields: CoderByte) -> CoderByte:
        return fields

    def decode(self, fields: CoderByte, payload: Bytes, out: Symbols, tools: Tools) -> None:
        freq = np.empty((ALPHABET, ALPHABET), np.uint32)
        used = int(read_contexts(payload, np.uint64(fields.precision), freq))
        if not used:
            raise CorruptDataError("the payload does not begin with a table of contexts")
        coder = ContextCoder(freq, fields.precision)
        decode_words(payload[used:], coder, fields.lanes, out, tools)
