"""Bytes that are numbers after all: items of several bytes, and the bytes that are left."""

from __future__ import annotations

from collections.abc import Sequence

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.transforms.layout import Layout
from ansflow.transforms.transform import Setting, Transform
from ansflow.varints import ByteReader, pack_varint

__all__ = ["MAX_SIZE", "Items"]

MAX_SIZE = 1 << 16

# Sizes are a byte up to this one, and longer ones a varint after this byte.
LARGEST_BYTE, LARGER = 255, 0


class Items(Transform):
    """Bytes to items of w bytes, and to the last bytes if these are fewer than w.

    The setting is w.
    """

    id = 14
    name = "items"
    parts = ("items", "rest")

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize == 1

    def check(self, *settings: Setting) -> None:
        if len(settings) != 1 or not isinstance(settings[0], int):
            raise ValueError("'items' takes one setting, the bytes of an item")
        if not 2 <= settings[0] <= MAX_SIZE:
            raise ValueError(f"'items' makes items of 2 to {MAX_SIZE} bytes, not {settings[0]}")

    def outputs(self, parameters: int, layout: Layout) -> list[Layout]:
        count, rest = divmod(layout.items, parameters)
        return [Layout(parameters, (count,)), Layout(1, (rest,))]

    def forward(self, items: Bytes, layout: Layout, *settings: Setting) -> tuple[int, list[Bytes]]:
        size = int(settings[0])
        end = items.size - items.size % size
        return size, [items[:end], items[end:]]

    def inverse(
        self, parameters: int, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        pass  # they were decoded to where they belong

    def buffers(self, parameters: int, layout: Layout, out: Bytes) -> Sequence[Bytes]:
        end = out.size - out.size % parameters
        return [out[:end], out[end:]]

    def pack(self, parameters: int) -> bytes:
        if parameters <= LARGEST_BYTE:
            return bytes([parameters])
        return bytes([LARGER]) + pack_varint(parameters)

    def parse(self, reader: ByteReader, layout: Layout) -> int:
        size, least = reader.byte(), 2
        if size == LARGER:
            size, least = reader.varint(), LARGEST_BYTE + 1
        if not least <= size <= MAX_SIZE:
            raise CorruptDataError(
                f"the recipe makes items of {size} bytes, which have {least} to {MAX_SIZE}"
            )
        return size

    def describe(self, parameters: int) -> Sequence[Setting]:
        return (parameters,)
