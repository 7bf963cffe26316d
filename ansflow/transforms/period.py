"""Numbers that swing with a period, as rows of so many places: what is above one was a period ago.

Populations by year and age, orbits, readings of every hour, images that somebody has put into one
axis: what their neighbours in rows and columns say of them is for the transforms that follow.
"""

from __future__ import annotations

from collections.abc import Sequence

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.transforms.layout import Layout
from ansflow.transforms.transform import Misfit, Setting, Transform
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Period"]

# Of a row. A shape gets another axis, and numbers have no more than 255.
SHORTEST, MAX_AXES = 2, 254


class Period(Transform):
    """A first axis to two, of which the second has p places; and the last places, fewer than p.

    The setting is p.
    """

    id = 19
    name = "period"
    parts = ("rows", "rest")
    by_shape = True

    def accepts(self, layout: Layout) -> bool:
        return 1 <= len(layout.shape) <= MAX_AXES and layout.shape[0] >= SHORTEST

    def check(self, *settings: Setting) -> None:
        if len(settings) != 1 or not isinstance(settings[0], int):
            raise ValueError("'period' takes one setting, the places of a row")
        if settings[0] < SHORTEST:
            raise ValueError(f"'period' makes rows of 2 places or more, not {settings[0]}")

    def outputs(self, parameters: int, layout: Layout) -> list[Layout]:
        itemsize, (length, *others) = layout.itemsize, layout.shape
        rows, rest = divmod(length, parameters)
        return [
            Layout(itemsize, (rows, parameters, *others)),
            Layout(itemsize, (rest, *others)),
        ]

    def forward(self, items: Bytes, layout: Layout, *settings: Setting) -> tuple[int, list[Bytes]]:
        period = int(settings[0])
        fault = _fault(period, layout)
        if fault:
            raise Misfit(fault)
        return period, self._cut(items, period, layout)

    def inverse(
        self, parameters: int, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        pass  # they were decoded to where they belong

    def buffers(self, parameters: int, layout: Layout, out: Bytes) -> Sequence[Bytes]:
        return self._cut(out, parameters, layout)

    def _cut(self, items: Bytes, period: int, layout: Layout) -> list[Bytes]:
        end = self.outputs(period, layout)[0].nbytes
        return [items[:end], items[end:]]

    def pack(self, parameters: int) -> bytes:
        return pack_varint(parameters)

    def parse(self, reader: ByteReader, layout: Layout) -> int:
        period = reader.varint()
        fault = _fault(period, layout)
        if fault:
            raise CorruptDataError(fault)
        return period

    def describe(self, parameters: int) -> Sequence[Setting]:
        return (parameters,)


def _fault(period: int, layout: Layout) -> str | None:
    """Why such items do not have this period."""
    if SHORTEST <= period <= layout.shape[0]:
        return None
    return f"the transform 'period' makes rows of {period} of {layout.shape[0]} places"
