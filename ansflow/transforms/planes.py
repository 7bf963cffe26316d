"""Byte planes: the first bytes of all items, then the second bytes, and so on.

The bytes of a number are distributed very differently, sign and exponent hardly at random,
the lowest mantissa bits entirely; in planes, each gets a distribution of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from ansflow.buffers import Bytes
from ansflow.transforms.interleaved import join, room, split
from ansflow.transforms.layout import Layout
from ansflow.transforms.transform import Setting, Transform

__all__ = ["MAX_PLANES", "Planes"]

MAX_PLANES = 64


class Planes(Transform):
    """Items of w bytes to w vectors of bytes, the j-th with byte j of each item."""

    id = 1
    name = "planes"
    parts = ("byte",)

    def accepts(self, layout: Layout) -> bool:
        return 2 <= layout.itemsize <= MAX_PLANES

    def forward(self, items: Bytes, layout: Layout, *settings: Setting) -> tuple[None, list[Bytes]]:
        return None, split(items, layout.itemsize, 1)

    def buffers(self, parameters: None, layout: Layout, out: Bytes) -> list[Bytes]:
        return room(layout.itemsize, layout.items)

    def inverse(
        self, parameters: None, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        join(outputs, 1, out)

    def outputs(self, parameters: None, layout: Layout) -> list[Layout]:
        return [Layout(1, (layout.items,))] * layout.itemsize
