"""Differences along axes: what is left of numbers that their neighbours predict.

Along two axes or more this is the Lorenzo predictor, which is exact where numbers are a sum of
functions of fewer axes each. Along the same axis twice, it is exact for straight lines.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.delta import difference
from ansflow.kernels.transforms.finish import MAX_LAGS
from ansflow.recycling import empty
from ansflow.transforms.finish import Finish
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS, Numbers, numbers_of
from ansflow.transforms.start import Start
from ansflow.transforms.transform import Finished, Misfit, Setting
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Delta", "Differences", "lags_of"]

MAX_AXES = 255  # of a shape: a byte names one

RISING = "rising"
MORE_BIT, LESS_BIT = 8, 16  # rising: the first item is so much more than a usual one, or less
AS_THEY_ARE = np.uint64(0)

KEPT = 256  # axes and lags


class Differences(NamedTuple):
    """The parameters: axes; and what is added to the first of differences that are not folded.

    That may be negative.
    """

    axes: tuple[int, ...]
    first: int | None = None


class Delta(Finished):
    """Numbers to their differences along axes, modulo 2^W.

    Settings are one to four axes, the same one more than once if need be. Differences that are
    negative become odd, unless another setting, ``rising``, follows: then they stay as they
    are, and what the first item has more than a usual one becomes a parameter.
    """

    id = 4
    name = "delta"
    by_shape = True

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize in WIDTHS and 1 <= len(layout.shape) <= MAX_AXES

    def outputs(self, parameters: Differences, layout: Layout) -> list[Layout]:
        return [layout]

    def check(self, *settings: Setting) -> None:
        axes = settings[:-1] if settings[-1:] == (RISING,) else settings
        if not 1 <= len(axes) <= MAX_LAGS:
            raise ValueError(f"'delta' takes 1 to {MAX_LAGS} axes, not {len(axes)}")
        for axis in axes:
            if not isinstance(axis, int) or not 0 <= axis < MAX_AXES:
                raise ValueError(
                    f"'delta' takes axes, and perhaps {RISING!r} behind them; axes are numbers "
                    f"from 0 to {MAX_AXES - 1}, not {axis}"
                )

    def first(
        self, layout: Layout, start: Start, *settings: Setting
    ) -> tuple[Differences, Start] | None:
        if start.lags or settings[-1] == RISING:
            return None
        axes = _axes_of(settings, layout.shape)
        return Differences(axes), Start(start.if_clear, start.if_set, lags_of(axes, layout.shape))

    def forward(
        self, items: Bytes, layout: Layout, *settings: Setting
    ) -> tuple[Differences, list[Bytes]]:
        if settings[-1] != RISING:
            axes = _axes_of(settings, layout.shape)
            start = Start(lags=lags_of(axes, layout.shape))
            return Differences(axes), [start.apply(items, layout.itemsize)]
        axes = _axes_of(settings[:-1], layout.shape)
        numbers = numbers_of(items, layout.itemsize)
        out = empty(numbers.size, numbers.dtype)
        difference(numbers, np.array(lags_of(axes, layout.shape), np.uint64), AS_THEY_ARE, out)
        return Differences(axes, _without_first(out)), [out.view(np.uint8)]

    def then(self, parameters: Differences, layout: Layout, finish: Finish) -> Finish | None:
        if finish.lags:
            return None
        axes, first = parameters
        lags = lags_of(axes, layout.shape)
        added = (first or 0) % (1 << 8 * layout.itemsize)
        return Finish(added, first is None, *finish[2:-1], lags)

    def pack(self, parameters: Differences) -> bytes:
        axes, first = parameters
        if first is None:
            return bytes((len(axes), *axes))
        bit = MORE_BIT if first >= 0 else LESS_BIT
        return bytes((len(axes) | bit, *axes)) + pack_varint(abs(first))

    def parse(self, reader: ByteReader, layout: Layout) -> Differences:
        told = reader.byte()
        count = told & ~(MORE_BIT | LESS_BIT)
        if told == count | MORE_BIT | LESS_BIT:
            raise CorruptDataError("the first item of a transform 'delta' is both more and less")
        if not 1 <= count <= MAX_LAGS:
            raise CorruptDataError(f"the transform 'delta' has {count} axes, not 1 to {MAX_LAGS}")
        axes = tuple(reader.take(count))
        if max(axes) >= len(layout.shape):
            raise CorruptDataError(
                f"the transform 'delta' has axis {max(axes)} of an array with {len(layout.shape)}"
            )
        if told == count:
            return Differences(axes)
        first = reader.varint()
        if first >> (8 * layout.itemsize) or first < bool(told & LESS_BIT):
            raise CorruptDataError(
                f"the first item of a transform 'delta' is off by {first}, not a number that "
                f"{layout.itemsize} bytes hold"
            )
        return Differences(axes, first if told & MORE_BIT else -first)

    def describe(self, parameters: Differences) -> Sequence[Setting]:
        return parameters.axes if parameters.first is None else (*parameters.axes, RISING)


def _without_first(differences: Numbers) -> int:
    """Put a usual difference in the place of the first, which is the first item; what that lacks.

    If all others are the same, there is only one symbol.
    """
    if not differences.size:
        return 0
    usual = differences[-1] if differences.size > 1 else differences.dtype.type(0)
    first = differences[:1] - usual
    differences[0] = usual
    return int(first.view(f"i{differences.itemsize}")[0])


# Most arrays come with others of their shape.
@functools.lru_cache(KEPT)
def _axes_of(settings: tuple[Setting, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes that settings say; Misfit if a shape has none of them."""
    axes = tuple(map(int, settings))
    if max(axes) >= len(shape):
        raise Misfit(f"shape {shape} has no axis {max(axes)}")
    return axes


@functools.lru_cache(KEPT)
def lags_of(axes: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """How far apart neighbours along the axes are, in ascending order: what kernels take.

    An array without items may have axes with a lag of 0, which stands for no other item, too.
    """
    return tuple(sorted([max(1, math.prod(shape[axis + 1 :])) for axis in axes]))
