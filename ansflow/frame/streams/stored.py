"""Streams that are stored as they are."""

from __future__ import annotations

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.frame.streams.kind import Kind
from ansflow.frame.streams.sample import Symbols
from ansflow.frame.streams.tools import Tools
from ansflow.transforms.layout import Layout
from ansflow.varints import ByteReader

__all__ = ["Stored"]


class Stored(Kind):
    code = constants.KIND_STORED
    name = "stored"
    wide = True

    def parse(self, reader: ByteReader, layout: Layout, tools: Tools) -> None:
        return None

    def payload_size(self, layout: Layout) -> int:
        return layout.nbytes

    def decode(self, fields: None, payload: Bytes, out: Symbols, tools: Tools) -> None:
        symbols = self.symbols_in(payload, Layout(out.itemsize, out.shape))
        out[:] = symbols.view(out.dtype.newbyteorder("<"))

    def symbols_in(self, payload: Bytes, layout: Layout) -> Bytes:
        if payload.size != layout.nbytes:
            raise CorruptDataError(
                f"{layout.items} stored symbols take {layout.nbytes} bytes; the payload has "
                f"{payload.size}"
            )
        return payload
