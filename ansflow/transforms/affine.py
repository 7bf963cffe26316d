"""Multiples: numbers that are all a base plus a whole number of steps.

Times in nanoseconds that are whole hours, prices in whole cents, counts in dozens.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.affine import bounds, common_step, divide
from ansflow.recycling import empty
from ansflow.transforms.finish import Finish
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS, numbers_of
from ansflow.transforms.transform import Finished, Setting, Unsuitable
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Affine", "Line"]

MAX_BITS = 64


class Line(NamedTuple):
    """The numbers ``base``, ``base + step``, ``base + 2 * step``, ..."""

    base: int
    step: int


class Affine(Finished):
    """Numbers to how many steps they are above the smallest of them.

    The setting is the step; without it, that is the largest one that fits, if there is a gain.
    """

    id = 8
    name = "affine"

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize in WIDTHS

    def outputs(self, parameters: Line, layout: Layout) -> list[Layout]:
        return [layout]

    def check(self, *settings: Setting) -> None:
        for step in settings:
            if len(settings) > 1 or not isinstance(step, int) or not 0 < step < 1 << MAX_BITS:
                raise ValueError(
                    "'affine' takes the step, an integer above 0 and below 2^64, or nothing, not "
                    f"{', '.join(map(str, settings))}"
                )

    def forward(self, items: Bytes, layout: Layout, *settings: Setting) -> tuple[Line, list[Bytes]]:
        numbers = numbers_of(items, layout.itemsize)
        low, high = map(int, bounds(numbers)) if numbers.size else (0, 0)
        out = empty(layout.items, f"<u{layout.itemsize}")
        base = np.uint64(low)
        step = int(settings[0]) if settings else int(common_step(numbers, base, out)) or 1
        if not settings and step == 1 and (high - low).bit_length() == high.bit_length():
            raise Unsuitable("the numbers have no step in common, and start near 0")
        if step >> (8 * layout.itemsize) or not divide(numbers, base, np.uint64(step), out):
            raise Unsuitable(f"the numbers are not all multiples of {step} above the smallest")
        return Line(low, step), [out.view(np.uint8)]

    def then(self, parameters: Line, layout: Layout, finish: Finish) -> Finish | None:
        if not finish.is_by_item:
            return None
        (base, step), most = parameters, (1 << 8 * layout.itemsize) - 1
        return finish._replace(
            step=step * finish.step & most, base=base * finish.step + finish.base & most
        )

    def pack(self, parameters: Line) -> bytes:
        return pack_varint(parameters.base) + pack_varint(parameters.step)

    def parse(self, reader: ByteReader, layout: Layout) -> Line:
        line = Line(reader.varint(), reader.varint())
        if not line.step or any(number >> (8 * layout.itemsize) for number in line):
            raise CorruptDataError(
                f"the transform 'affine' has the base {line.base} and the step {line.step} for "
                f"numbers of {8 * layout.itemsize} bits"
            )
        return line

    def describe(self, parameters: Line) -> list[Setting]:
        return [parameters.step]
