"""Streams of one symbol, repeated."""

from __future__ import annotations

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.frame.streams.kind import Kind
from ansflow.frame.streams.sample import Symbols
from ansflow.frame.streams.tools import Tools
from ansflow.transforms.layout import Layout
from ansflow.varints import ByteReader

__all__ = ["Constant"]


class Constant(Kind):
    code = constants.KIND_CONSTANT
    name = "constant"
    wide = True

    def parse(self, reader: ByteReader, layout: Layout, tools: Tools) -> None:
        return None

    def payload_size(self, layout: Layout) -> int:
        return layout.itemsize

    def decode(self, fields: None, payload: Bytes, out: Symbols, tools: Tools) -> None:
        if payload.size != out.itemsize or not out.size:
            raise CorruptDataError(
                f"a constant stream of {out.size} symbols has a payload of {payload.size} bytes, "
                f"not of one symbol, {out.itemsize} bytes"
            )
        out[:] = payload.view(out.dtype.newbyteorder("<"))
