"""Axes that are taken as one with the axis before them, which the items in C order allow.

An axis of length 1 says nothing, and keeps others from being the first or the last one. And what
stands side by side along several short axes, such as a few stations at a few heights, is a row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.transforms.finish import Finish
from ansflow.transforms.layout import Layout
from ansflow.transforms.transform import Finished, Misfit, Setting
from ansflow.varints import ByteReader

__all__ = ["Join"]

MAX_AXES = 255  # of a shape: a byte names one


class Join(Finished):
    """Items to the same items with fewer axes.

    Settings are the axes that are joined to those before them, in ascending order, from 1 on.
    """

    id = 23
    name = "join"
    by_shape = True

    def accepts(self, layout: Layout) -> bool:
        return 2 <= len(layout.shape) <= MAX_AXES

    def check(self, *settings: Setting) -> None:
        for axis in settings:
            if not isinstance(axis, int) or not 1 <= axis < MAX_AXES:
                raise ValueError(
                    "'join' takes the axes to join to those before them, numbers from 1 to "
                    f"{MAX_AXES - 1}, not {axis}"
                )
        if not settings or any(axis >= other for axis, other in pairwise(map(int, settings))):
            raise ValueError(
                f"'join' takes axes in ascending order, not {', '.join(map(str, settings))}"
            )

    def outputs(self, parameters: Sequence[int], layout: Layout) -> list[Layout]:
        shape = layout.shape
        begins = [axis for axis in range(len(shape)) if axis not in parameters]
        ends = [*begins[1:], len(shape)]
        joined = (math.prod(shape[begin:end]) for begin, end in zip(begins, ends, strict=True))
        return [Layout(layout.itemsize, tuple(joined))]

    def forward(
        self, items: Bytes, layout: Layout, *settings: Setting
    ) -> tuple[tuple[int, ...], list[Bytes]]:
        axes = tuple(map(int, settings))
        if axes[-1] >= len(layout.shape):
            raise Misfit(f"shape {layout.shape} has no axis {axes[-1]}")
        return axes, [items]

    def then(self, parameters: Sequence[int], layout: Layout, finish: Finish) -> Finish | None:
        return finish  # which knows no axes, only how far apart items are

    def pack(self, parameters: Sequence[int]) -> bytes:
        return bytes((len(parameters), *parameters))

    def parse(self, reader: ByteReader, layout: Layout) -> tuple[int, ...]:
        axes = tuple(reader.take(reader.byte()))
        if not axes or any(axis >= other for axis, other in pairwise((0, *axes))):
            raise CorruptDataError(f"the transform 'join' has the axes {axes}, which don't ascend")
        if axes[-1] >= len(layout.shape):
            raise CorruptDataError(
                f"the transform 'join' has axis {axes[-1]} of an array with {len(layout.shape)}"
            )
        return axes

    def describe(self, parameters: Sequence[int]) -> Sequence[Setting]:
        return tuple(parameters)
