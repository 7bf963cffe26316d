"""Short streams, by a distribution that is learnt from the symbols before each one."""

from __future__ import annotations

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.frame.streams.kind import TriedKind
from ansflow.frame.streams.sample import Encoded, Proposal, Sample, StreamCoding, Symbols
from ansflow.frame.streams.scratch import MOST_ADAPTIVE, EncoderScratch
from ansflow.frame.streams.tools import Tools
from ansflow.kernels.coders.adaptive import ROOM, decode, encode
from ansflow.kernels.constants import MAX_PACKED_PRECISION
from ansflow.kernels.tables.records import reciprocals_of
from ansflow.transforms.layout import Layout
from ansflow.varints import ByteReader

__all__ = ["Adaptive", "message_of"]

FEWEST = 2

# A symbol takes about fifty times as long as with a table, which is nothing for a few hundred of
# them; a byte must be gained for so many.
SYMBOLS_PER_BYTE = 96

# What the states of other kinds take beside their symbols, each, and what is left at most of what
# a table takes.
STATE_BYTES, GAINED_OF_TABLE = 3, 0.6


class Adaptive(TriedKind):
    code = constants.KIND_ADAPTIVE
    name = "adaptive"

    def suits(self, coding: StreamCoding) -> bool:
        return coding.model is None  # which is meant to be used

    def propose(self, sample: Sample, most: float) -> Proposal | None:
        size = sample.content.size
        states = STATE_BYTES * sample.lanes
        price = size / SYMBOLS_PER_BYTE - states
        if size > MOST_ADAPTIVE or price > GAINED_OF_TABLE * sample.table.size:
            return None
        message = message_of(sample.content, sample.scratch)
        if message is None:
            return None
        return Proposal(message.size + price, lambda: Encoded(b"", [message]))

    def parse(self, reader: ByteReader, layout: Layout, tools: Tools) -> None:
        if layout.items > constants.MAX_ADAPTIVE:
            raise CorruptDataError(
                f"an adaptive stream has {layout.items} symbols, more than {constants.MAX_ADAPTIVE}"
            )

    def decode(self, fields: None, payload: Bytes, out: Symbols, tools: Tools) -> None:
        if not decode(payload, tools.scratch.nodes, out):
            raise CorruptDataError(
                f"an adaptive stream of {payload.size} bytes is not one of {out.size} symbols"
            )


def message_of(symbols: Bytes, scratch: EncoderScratch) -> Bytes | None:
    """The symbols, coded; None if they take less as they are, are too few, or seem random."""
    if symbols.size < FEWEST:
        return None
    out = np.empty(symbols.size + ROOM, np.uint8)
    reciprocals = reciprocals_of(MAX_PACKED_PRECISION)
    begin = int(encode(symbols, reciprocals, scratch.nodes, scratch.decisions, out))
    return out[begin:] if begin else None
