"""Streams that are coded by a distribution of their own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.coding.coders.single import SingleCoder
from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.frame.streams.coder_byte import CoderByte
from ansflow.frame.streams.kind import TriedKind
from ansflow.frame.streams.sample import Encoded, Proposal, Sample, Symbols
from ansflow.frame.streams.scratch import ALPHABET
from ansflow.frame.streams.tools import Tools
from ansflow.frame.streams.words import decode_words, encode_words
from ansflow.kernels.tables.slots import read_slots
from ansflow.transforms.layout import Layout
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Coded"]

MAX_ALPHABET = 1 << 16


class Coded(TriedKind):
    code = constants.KIND_CODED
    name = "coded"
    wide = True

    def propose(self, sample: Sample, most: float) -> Proposal:
        return Proposal(sample.table.size + sample.coded_size, lambda: self._encode(sample))

    def _encode(self, sample: Sample) -> Encoded:
        symbols: npt.NDArray[np.generic] = sample.symbols
        pieces: list[Bytes] = []
        if symbols.itemsize > 1:
            alphabet = sample.freq.size
            pieces.append(np.frombuffer(pack_varint(alphabet), np.uint8))
            if alphabet <= ALPHABET:
                symbols = symbols.astype(np.uint8)
        coder = SingleCoder(sample.freq, sample.precision, sample.records)
        words = encode_words(sample, symbols, coder)
        head = CoderByte.pack(sample.precision, sample.lanes)
        return Encoded(head, [*pieces, sample.table.copy(), words])

    def parse(self, reader: ByteReader, layout: Layout, tools: Tools) -> CoderByte:
        return CoderByte.parse(reader)

    def coder(self, fields: CoderByte) -> CoderByte:
        return fields

    def decode(self, fields: CoderByte, payload: Bytes, out: Symbols, tools: Tools) -> None:
        alphabet = ALPHABET
        symbols: npt.NDArray[np.generic] = out
        if out.itemsize > 1:
            reader = ByteReader(payload.data)
            alphabet = reader.varint()
            if not 1 <= alphabet <= MAX_ALPHABET:
                raise CorruptDataError(
                    f"an alphabet of {alphabet} symbols is not one of 1 to {MAX_ALPHABET}"
                )
            payload = payload[reader.at :]
            if alphabet <= ALPHABET:
                symbols = np.empty(out.size, np.uint8)
        coder, *tables = tools.scratch.tables(alphabet, fields.precision)
        used = int(read_slots(payload, 1 << fields.precision, *tables))
        if not used:
            raise CorruptDataError(
                f"the payload does not begin with a table of frequencies that sum to "
                f"2^{fields.precision}"
            )
        decode_words(payload[used:], coder, fields.lanes, symbols, tools)
        if symbols is not out:
            out[:] = symbols
