"""The bytes of items as they follow each other: for few items, where planes cost too much."""

from __future__ import annotations

from collections.abc import Sequence

from ansflow.buffers import Bytes
from ansflow.transforms.layout import Layout
from ansflow.transforms.planes import MAX_PLANES
from ansflow.transforms.transform import Setting, Transform

__all__ = ["ItemBytes"]


class ItemBytes(Transform):
    """n items of w bytes to one vector of w n bytes."""

    id = 2
    name = "bytes"

    def accepts(self, layout: Layout) -> bool:
        return 2 <= layout.itemsize <= MAX_PLANES

    def forward(self, items: Bytes, layout: Layout, *settings: Setting) -> tuple[None, list[Bytes]]:
        return None, [items]

    def inverse(
        self, parameters: None, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        pass  # they were decoded to where they belong

    def buffers(self, parameters: None, layout: Layout, out: Bytes) -> Sequence[Bytes]:
        return [out]

    def outputs(self, parameters: None, layout: Layout) -> list[Layout]:
        return [Layout(1, (layout.nbytes,))]
