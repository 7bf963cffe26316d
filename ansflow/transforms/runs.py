"""Runs of equal items: the value of each, and how often it is repeated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.runs import join_runs, split_runs
from ansflow.recycling import empty
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS, numbers_in_place, numbers_of, put_back
from ansflow.transforms.transform import Setting, Transform, Unsuitable
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Runs"]

LENGTH_BYTES = 4

# Runs of at most so many of eight items: pairs with a few single items between them, or fewer.
MOST_OF_EIGHT = 5


class Runs(Transform):
    """Items to the values of runs, and the number of items after the first of each.

    The parameter is the number of runs.
    """

    id = 13
    name = "runs"
    parts = ("values", "lengths")

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize in WIDTHS

    def forward(self, items: Bytes, layout: Layout, *settings: Setting) -> tuple[int, list[Bytes]]:
        numbers = numbers_of(items, layout.itemsize)
        # By NumPy, which is as fast as a kernel that had to be compiled for each width.
        runs = min(numbers.size, 1) + int(np.count_nonzero(numbers[1:] != numbers[:-1]))
        if 8 * runs > MOST_OF_EIGHT * layout.items:
            raise Unsuitable(f"{layout.items} items have {runs} runs, too many")
        values, repeats = empty(runs, numbers.dtype), empty(runs, "<u4")
        split_runs(numbers, values, repeats)
        return runs, [values.view(np.uint8), repeats.view(np.uint8)]

    def buffers(self, parameters: int, layout: Layout, out: Bytes) -> list[Bytes | None]:
        # Values at the end become items, the first ones first: behind each of them is room for all
        # that follow. So runs within runs take no more memory.
        return [out[out.size - parameters * layout.itemsize :], None]

    def inverse(
        self, parameters: int, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        values = numbers_of(outputs[0], layout.itemsize)
        repeats = numbers_of(outputs[1], LENGTH_BYTES)
        numbers = numbers_in_place(out, layout.itemsize)
        if not join_runs(values, repeats, numbers):
            raise CorruptDataError(
                f"the {parameters} runs of a transform 'runs' do not have {layout.items} items"
            )
        put_back(numbers, out)

    def outputs(self, parameters: int, layout: Layout) -> list[Layout]:
        return [Layout(layout.itemsize, (parameters,)), Layout(LENGTH_BYTES, (parameters,))]

    def pack(self, parameters: int) -> bytes:
        return pack_varint(parameters)

    def parse(self, reader: ByteReader, layout: Layout) -> int:
        runs = reader.varint()
        if not (runs <= layout.items and bool(runs) == bool(layout.items)):
            raise CorruptDataError(f"a transform 'runs' has {runs} runs of {layout.items} items")
        return runs
