"""Lines through rows of numbers: what is left of numbers by them, and where they are of use."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.kernels.transforms.ramp import FEW, PIECE, fit_lines, subtract_lines
from ansflow.transforms.choosing.cost import log_bits
from ansflow.transforms.recipe import Recipe

__all__ = [
    "AS_LEVEL",
    "LEVEL",
    "NOISE_TWICE",
    "NOISIER",
    "RAMP",
    "SHORTEST_LINE",
    "WORTH_LINES",
    "are_near_a_line",
    "bits_by_lines",
]

Numbers = npt.NDArray[Any]

# What a line takes, about, and the tables of all lines of a chunk.
LINE_BITS, TABLES_OF_LINES = 48, 1000
# A shorter box says too little of a line through a piece, unless it is all there is.
SHORTEST_LINE = 250
# What lines must gain in boxes, which are shorter than pieces, and so nearer to their lines.
WORTH_LINES = 0.03
# From a line through noise, differences of differences take about 0.75 bits more than differences,
# and in a random walk 0.5; they must take so many more if as many numbers rise as fall, but for
# this share.
NOISIER, LEVEL = 0.6, 0.15
# What noise itself takes: differences take half a bit more, so that lines gain next to nothing if
# numbers as they are take nearly as little. Differences of differences take log2 of the square root
# of six more, whatever the slope of the line is.
AS_LEVEL, NOISE_TWICE = 0.25, 1.29
# Differences of numbers that lie so far apart are compared with those of neighbours: from a line
# through noise they are about equal, in a random walk they are nearly three times as large.
APART, MORE_APART = 8, 1.6
SPREAD_BY = 128
LINES = Recipe("delta", (Recipe("log"),), (0,))
RAMP = Recipe("ramp", (LINES, LINES))


def bits_by_lines(rows: Numbers, items: float) -> tuple[float, Numbers]:
    """Bits a number with a line for each row, of so many numbers in a chunk; and what is left."""
    left = _left_by_lines(rows)
    once = LINE_BITS / PIECE + TABLES_OF_LINES / items
    return once + log_bits(left, signed=False, items=items), left


def are_near_a_line(row: Numbers) -> bool:
    """Whether numbers that lie farther apart don't differ more from what they differ by usually."""
    step = row.size // SPREAD_BY | 1
    some = row[APART::step]
    if not some.size:
        return False
    told = np.array([some - row[APART - 1 : -1 : step], some - row[:-APART:step]])
    deltas, middle = told.view(f"i{row.itemsize}").astype(np.float64), some.size // 2
    # The medians of how much they differ from their medians.
    deltas.partition(middle)
    deltas -= deltas[:, middle : middle + 1]
    np.abs(deltas, out=deltas)
    deltas.partition(middle)
    near, far = deltas[:, middle].tolist()
    return bool(0 < far < MORE_APART * near)


def _left_by_lines(rows: Numbers) -> Numbers:
    """How far numbers are from a line through each row, as `ramp` codes it."""
    left = np.empty_like(rows)
    starts, steps = np.empty((2, -(-rows.shape[1] // PIECE)), np.uint64)
    few = np.empty(FEW, np.int64)
    for row, wide, out in zip(rows, rows.astype(np.uint64, copy=False), left, strict=True):
        fit_lines(wide, starts, steps, few)
        subtract_lines(row, starts.astype(row.dtype, copy=False), steps, out)
    return left
