"""Straight lines: numbers that rise steadily, but not evenly.

Times of measurements that are taken again and again, and are a little early or late each. Their
differences have the errors of two, and those from a straight line only one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ansflow.buffers import Bytes
from ansflow.kernels.transforms.ramp import FEW, PIECE, add_lines, fit_lines, subtract_lines
from ansflow.recycling import empty
from ansflow.transforms.finish import NOTHING, Finish
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS, numbers_in_place, numbers_of, put_back
from ansflow.transforms.transform import Finisher, Setting

__all__ = ["Ramp"]

STEP_WIDTH = 8


class Ramp(Finisher):
    """Numbers to their distances from lines, modulo 2^W, those below a line odd; and the lines.

    Each piece of 4096 numbers, in their order, has a line of its own: clocks drift, and some
    measurements are missing.
    """

    id = 15
    name = "ramp"
    parts = ("distances", "starts", "steps")

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize in WIDTHS

    def outputs(self, parameters: None, layout: Layout) -> list[Layout]:
        pieces = (-(-layout.items // PIECE),)
        return [layout, Layout(layout.itemsize, pieces), Layout(STEP_WIDTH, pieces)]

    def forward(self, items: Bytes, layout: Layout, *settings: Setting) -> tuple[None, list[Bytes]]:
        numbers = numbers_of(items, layout.itemsize)
        out, starts, steps = (
            empty(output.items, f"<u{output.itemsize}") for output in self.outputs(None, layout)
        )
        wide, first = numbers.astype(np.uint64, copy=False), np.empty_like(steps)
        fit_lines(wide, first, steps, np.empty(FEW, np.int64))
        starts[:] = first
        subtract_lines(numbers, starts, steps, out)
        return None, [output.view(np.uint8) for output in (out, starts, steps)]

    def buffers(self, parameters: None, layout: Layout, out: Bytes) -> list[Bytes]:
        _, *lines = self.outputs(parameters, layout)
        return [out, *(empty(output.nbytes, np.uint8) for output in lines)]

    def inverse(
        self,
        parameters: None,
        outputs: Sequence[Bytes],
        layout: Layout,
        out: Bytes,
        finish: Finish = NOTHING,
    ) -> None:
        numbers = numbers_in_place(out, layout.itemsize)
        _, starts, steps = outputs
        lines = numbers_of(starts, layout.itemsize), numbers_of(steps, STEP_WIDTH)
        by_item, rest = (finish, NOTHING) if finish.is_by_item else (NOTHING, finish)
        add_lines(numbers, *lines, by_item.plan)
        put_back(numbers, out)
        rest.apply(out, layout.itemsize)
