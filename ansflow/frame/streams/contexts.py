"""Streams that are coded by a distribution for each preceding byte."""

from __future__ import annotations

import numpy as np

from ansflow.coding.coders.contexts import ContextCoder
from ansflow.errors import CorruptDataError
from ansflow.frame import layout
from ansflow.frame.streams.coder import Coder
from ansflow.frame.streams.kind import CodedKind, Encoded, Proposal, Sample, Symbols, Tools
from ansflow.frame.streams.words import decode_words, encode_words
from ansflow.kernels.tables.context_code import fit_contexts, read_contexts
from ansflow.varints import ByteReader

__all__ = ["Contexts"]

# A bit less than there could be: it costs 0.04%, and halves the decoder's tables.
PRECISION = 11


class Contexts(CodedKind):
    code = layout.CONTEXTS
    name = "contexts"

    def propose(self, sample: Sample) -> Proposal | None:
        scratch = sample.scratch.contexts
        if scratch is None:
            return None
        precision = min(sample.coding.precision, PRECISION)
        counts, freq, table = scratch
        used, bits = fit_contexts(counts, np.uint64(precision), freq, table)
        size = int(used) + float(bits) / 8
        return Proposal(size, lambda: self._encode(sample, precision, int(used)))

    def _encode(self, sample: Sample, precision: int, used: int) -> Encoded:
        assert sample.scratch.contexts is not None
        _, freq, table = sample.scratch.contexts
        words = encode_words(sample, sample.symbols, ContextCoder(freq, precision))
        return Encoded(Coder(precision, sample.lanes).pack(), [table[:used].copy(), words])

    def parse(self, reader: ByteReader, tools: Tools) -> Coder:
        return Coder.parse(reader, layout.MAX_CONTEXT_PRECISION)

    def coder(self, fields: Coder) -> Coder:
        return fields

    def decode(self, fields: Coder, payload: memoryview, out: Symbols, tools: Tools) -> None:
        data = np.frombuffer(payload, np.uint8)
        data.setflags(write=False)  # kernels are compiled once
        freq = tools.scratch.context_freq
        used = int(read_contexts(data, np.uint64(fields.precision), freq))
        if not used:
            raise CorruptDataError("the payload does not begin with a table of contexts")
        coder = ContextCoder(freq, fields.precision)
        decode_words(payload, used, coder, fields.lanes, out)
