"""Streams that are messages of the frame's model."""

from __future__ import annotations

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError, ModelError
from ansflow.frame import constants
from ansflow.frame.streams.kind import TriedKind
from ansflow.frame.streams.sample import Encoded, Proposal, Sample, StreamCoding, Symbols
from ansflow.frame.streams.tools import Tools
from ansflow.transforms.layout import Layout
from ansflow.varints import ByteReader

__all__ = ["Modelled"]


class Modelled(TriedKind):
    code = constants.KIND_MODELLED
    name = "modelled"

    def suits(self, coding: StreamCoding) -> bool:
        return coding.model is not None

    def propose(self, sample: Sample, most: float) -> Proposal | None:
        model = sample.coding.model
        assert model is not None
        if sample.content.size % model.unit:
            return None
        try:
            message = model.encode_content(sample.content, sample.layout)
        except ModelError:
            return None
        payload = np.frombuffer(message, np.uint8)
        return Proposal(payload.size, lambda: Encoded(b"", [payload])) if payload.size else None

    def parse(self, reader: ByteReader, layout: Layout, tools: Tools) -> Layout:
        if tools.model is None:
            raise CorruptDataError("a stream is modelled, but the frame names no model")
        return layout

    def decode(self, fields: Layout, payload: Bytes, out: Symbols, tools: Tools) -> None:
        assert tools.model is not None
        model = tools.model()
        if not out.size or out.size % model.unit:
            raise CorruptDataError(
                f"{out.size} bytes are not content of the model {model.name!r}, which takes a "
                f"multiple of {model.unit}"
            )
        model.decode_content(payload.data, fields, out.view(np.uint8))
