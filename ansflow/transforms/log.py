"""Logarithmic tokens: the magnitude of a number as a symbol, and its lower bits as they are.

Differences of neighbours are small more often than large, but among those of about the same size
none is more frequent than another. So the magnitude is worth modelling, and the bits below its
first three are not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms import log as kernels
from ansflow.recycling import empty
from ansflow.transforms.finish import NOTHING, Finish
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS, unaligned
from ansflow.transforms.start import UNTOUCHED, Start
from ansflow.transforms.tokens import fetching_isa, raw_room
from ansflow.transforms.transform import Finisher, Setting, Starter
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Log"]


class Log(Starter, Finisher):
    """Numbers to tokens and raw bits. The parameter is the number of bytes that those take."""

    id = 5
    name = "log"
    parts = ("tokens", "raw bits")

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize in WIDTHS

    def outputs(self, parameters: int, layout: Layout) -> list[Layout]:
        return [Layout(1, layout.shape), Layout(1, (parameters,))]

    def forward(
        self, items: Bytes, layout: Layout, *settings: Setting, start: Start = UNTOUCHED
    ) -> tuple[int, list[Bytes]]:
        items, start = start.ready(items, layout.itemsize)
        tokens, raw = empty(layout.items, np.uint8), raw_room(layout.nbytes)
        bits = kernels.encode(unaligned(items, layout.itemsize), start.plan, tokens, raw)
        size = -(-int(bits) // 8)
        return size, [tokens, raw.view(np.uint8)[:size]]

    def buffers(self, parameters: int, layout: Layout, out: Bytes) -> list[Bytes | None]:
        return [empty(layout.items, np.uint8), None]

    def inverse(
        self,
        parameters: int,
        outputs: Sequence[Bytes],
        layout: Layout,
        out: Bytes,
        finish: Finish = NOTHING,
    ) -> None:
        tokens, raw = outputs
        numbers = unaligned(out, layout.itemsize)
        bits = int(kernels.decoder(fetching_isa())(tokens, raw, numbers, finish.plan))
        if bits == kernels.NO_NUMBERS:
            raise CorruptDataError(f"tokens stand for more than {8 * layout.itemsize} bits")
        if -(-bits // 8) != raw.size:
            raise CorruptDataError(
                f"tokens stand for {bits} raw bits, but there are {raw.size} bytes of them"
            )

    def pack(self, parameters: int) -> bytes:
        return pack_varint(parameters)

    def parse(self, reader: ByteReader, layout: Layout) -> int:
        size = reader.varint()
        if size > layout.nbytes:
            raise CorruptDataError(
                f"raw bits of {layout.items} numbers take {size} bytes, more than {layout.nbytes}"
            )
        return size
