"""Columns of a table: what stands side by side along the last axis, each on its own.

The channels of a picture, the coordinates of points, the quantities of a station: a column is more
like itself than like its neighbours. Where it is like them, its differences from the one before are
smaller.
"""

from __future__ import annotations

from collections.abc import Sequence

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.transforms.interleaved import join, room, split
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS
from ansflow.transforms.transform import Misfit, Setting, Transform
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Columns"]

FEWEST, MOST = 2, 256

# Columns before this one may be differences, whose bits fit a varint.
DIFFERENCES = 64


class Columns(Transform):
    """Numbers to a vector for each place along the last axis.

    Settings are the columns, from 1 on, that the one before is to be subtracted from. They are the
    bits of the parameter; columns from 64 on have none.
    """

    id = 12
    name = "columns"
    parts = ("column",)
    by_shape = True
    side_by_side = True

    def accepts(self, layout: Layout) -> bool:
        shape = layout.shape
        return layout.itemsize in WIDTHS and len(shape) > 0 and FEWEST <= shape[-1] <= MOST

    def outputs(self, parameters: int, layout: Layout) -> list[Layout]:
        *others, count = layout.shape
        return [Layout(layout.itemsize, tuple(others))] * count

    def check(self, *settings: Setting) -> None:
        for column in settings:
            if not isinstance(column, int) or not 1 <= column < DIFFERENCES:
                raise ValueError(
                    "'columns' takes the columns to subtract the one before from, numbers from 1 "
                    f"to {DIFFERENCES - 1}, not {column}"
                )
        if len(set(settings)) < len(settings):
            raise ValueError(f"'columns' takes a column once, not {', '.join(map(str, settings))}")

    def forward(self, items: Bytes, layout: Layout, *settings: Setting) -> tuple[int, list[Bytes]]:
        count = layout.shape[-1]
        differenced = sum(1 << int(column) for column in settings)
        if differenced >> count:
            raise Misfit(f"there are only {count} columns, and no column {max(settings)}")
        return differenced, split(items, count, layout.itemsize, differenced)

    def buffers(self, parameters: int, layout: Layout, out: Bytes) -> list[Bytes]:
        count = layout.shape[-1]
        return room(count, layout.nbytes // count)

    def inverse(
        self, parameters: int, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        join(outputs, layout.itemsize, out, parameters)

    def pack(self, parameters: int) -> bytes:
        return pack_varint(parameters)

    def parse(self, reader: ByteReader, layout: Layout) -> int:
        count, differenced = layout.shape[-1], reader.varint()
        if differenced & 1:
            raise CorruptDataError("the transform 'columns' has a column before the first")
        if differenced >> count:
            raise CorruptDataError(f"the transform 'columns' has differences of more than {count}")
        return differenced

    def describe(self, parameters: int) -> list[Setting]:
        return [column for column in range(DIFFERENCES) if parameters >> column & 1]
