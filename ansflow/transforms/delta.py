"""Differences along axes: what is left of numbers that their neighbours predict.

Along two axes or more this is the Lorenzo predictor, which is exact where numbers are a sum of
functions of fewer axes each. Along the same axis twice, it is exact for straight lines.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.delta import MAX_LAGS, accumulate, difference
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS, numbers_in_place, numbers_of, put_back
from ansflow.transforms.transform import Misfit, Setting, Transform
from ansflow.varints import ByteReader

__all__ = ["Delta", "lags_of"]

MAX_AXES = 255  # of a shape: a byte names one

Axes = tuple[int, ...]


class Delta(Transform):
    """Numbers to their differences along axes, modulo 2^W, those that are negative odd.

    Settings are one to four axes, the same one more than once if need be.
    """

    id = 4
    name = "delta"
    by_shape = True

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize in WIDTHS and 1 <= len(layout.shape) <= MAX_AXES

    def outputs(self, parameters: Axes, layout: Layout) -> list[Layout]:
        return [layout]

    def check(self, *settings: Setting) -> None:
        if not 1 <= len(settings) <= MAX_LAGS:
            raise ValueError(f"'delta' takes 1 to {MAX_LAGS} axes, not {len(settings)}")
        for axis in settings:
            if not isinstance(axis, int) or not 0 <= axis < MAX_AXES:
                raise ValueError(
                    f"'delta' takes axes, which are numbers from 0 to {MAX_AXES - 1}, not {axis}"
                )

    def forward(self, items: Bytes, layout: Layout, *settings: Setting) -> tuple[Axes, list[Bytes]]:
        axes = tuple(map(int, settings))
        if max(axes) >= len(layout.shape):
            raise Misfit(f"shape {layout.shape} has no axis {max(axes)}")
        out = np.empty(layout.items, f"<u{layout.itemsize}")
        difference(numbers_of(items, layout.itemsize), lags_of(axes, layout.shape), out)
        return axes, [out.view(np.uint8)]

    def buffers(self, parameters: Axes, layout: Layout, out: Bytes) -> list[Bytes]:
        return [out]  # it is undone in place

    def inverse(
        self, parameters: Axes, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        numbers = numbers_in_place(out, layout.itemsize)
        accumulate(numbers, lags_of(parameters, layout.shape))
        put_back(numbers, out)

    def pack(self, parameters: Axes) -> bytes:
        return bytes((len(parameters), *parameters))

    def parse(self, reader: ByteReader, layout: Layout) -> Axes:
        count = reader.byte()
        if not 1 <= count <= MAX_LAGS:
            raise CorruptDataError(f"the transform 'delta' has {count} axes, not 1 to {MAX_LAGS}")
        axes = tuple(reader.take(count))
        if max(axes) >= len(layout.shape):
            raise CorruptDataError(
                f"the transform 'delta' has axis {max(axes)} of an array with {len(layout.shape)}"
            )
        return axes

    def describe(self, parameters: Axes) -> Axes:
        return parameters


def lags_of(axes: Axes, shape: tuple[int, ...]) -> npt.NDArray[np.uint64]:
    """How far apart neighbours along the axes are, in ascending order: what kernels take.

    An array without items may have axes with a lag of 0, which stands for no other item, too.
    """
    lags = sorted(max(1, math.prod(shape[axis + 1 :])) for axis in axes)
    return np.array(lags, np.uint64)
