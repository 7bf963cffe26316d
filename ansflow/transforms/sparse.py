"""The items that are not one pattern, and a mask of where that is.

That is for zeros strewn among numbers that don't say anything of their neighbours: unlike with
`mask`, they cost nothing but their bits; but what is left has lost its place in the array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.mask import MORE_KEPT, keeper, spreader
from ansflow.kernels.vector.isa import chosen_among
from ansflow.kernels.vector.strewn import ROW_ISAS
from ansflow.recycling import empty
from ansflow.transforms.layout import Layout
from ansflow.transforms.mask import (
    WORD_BITS,
    check_pattern,
    mask_bytes,
    numbers_and_pattern,
    packed,
    parse_masked,
    unpacked,
)
from ansflow.transforms.numbers import WIDTHS, numbers_in_place, numbers_of, put_back
from ansflow.transforms.transform import Setting, Transform, Unsuitable
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Kept", "Sparse"]


class Kept(NamedTuple):
    """The parameters: those of a mask, and how many items are not the pattern."""

    pattern: int
    lag: int
    kept: int


class Sparse(Transform):
    """Items to those that are not a pattern, and a bit for each of all.

    The setting is the pattern as an unsigned integer; the default is the most frequent one.
    """

    id = 17
    name = "sparse"
    parts = ("kept", "mask")

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize in WIDTHS

    def check(self, *settings: Setting) -> None:
        check_pattern(self.name, settings)

    def forward(self, items: Bytes, layout: Layout, *settings: Setting) -> tuple[Kept, list[Bytes]]:
        numbers, pattern = numbers_and_pattern(items, layout, settings)
        mask = np.empty(-(-numbers.size // WORD_BITS), np.uint64)
        kept = empty(numbers.size + MORE_KEPT // layout.itemsize, numbers.dtype)
        keep = keeper(chosen_among(ROW_ISAS))
        count = int(keep(numbers, numbers.dtype.type(pattern), mask, kept))
        if count == numbers.size:
            raise Unsuitable(f"the pattern {pattern} does not occur")
        lag, bits = packed(mask, numbers.size - count, layout)
        return Kept(pattern, lag, count), [kept[:count].view(np.uint8), bits]

    def buffers(self, parameters: Kept, layout: Layout, out: Bytes) -> list[Bytes | None]:
        # Items that were kept, at the end, go where they belong, the first ones first.
        return [out[out.size - parameters.kept * layout.itemsize :], None]

    def inverse(
        self, parameters: Kept, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        mask = unpacked(outputs[1], parameters.lag, layout)
        numbers = numbers_in_place(out, layout.itemsize)
        kept = numbers_of(outputs[0], layout.itemsize)
        spread = spreader(chosen_among(ROW_ISAS))
        if not spread(mask, numbers.dtype.type(parameters.pattern), kept, numbers):
            raise CorruptDataError(
                f"the mask of a transform 'sparse' does not leave {parameters.kept} items"
            )
        put_back(numbers, out)

    def outputs(self, parameters: Kept, layout: Layout) -> list[Layout]:
        kept = Layout(layout.itemsize, (parameters.kept,))
        return [kept, Layout(1, (mask_bytes(layout),))]

    def describe(self, parameters: Kept) -> Sequence[Setting]:
        return [parameters.pattern]

    def pack(self, parameters: Kept) -> bytes:
        return b"".join(map(pack_varint, parameters))

    def parse(self, reader: ByteReader, layout: Layout) -> Kept:
        masked, count = parse_masked(self.name, reader, layout), reader.varint()
        if count > layout.items:
            raise CorruptDataError(
                f"a transform 'sparse' keeps {count} items, more than the {layout.items} there are"
            )
        return Kept(*masked, count)
