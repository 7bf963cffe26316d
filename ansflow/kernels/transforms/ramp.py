"""Straight lines through pieces of an array, and how far each item is from its line.

A line has a start and a step, which is an integer and a number of 4096ths: the line of a piece is

    start + floor(step * i / PIECE)        for i = 0, 1, ..., PIECE - 1

modulo 2^W. Fitted, a line goes through medians, which outliers don't move, and then closer to all
items that are near that: a least-squares fit, of integers that are cut to what fits their sums.
"""

import numpy as np

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.jit import inner, kernel, sampling_kernel
from ansflow.kernels.transforms.finish import finish_items

__all__ = ["FEW", "PIECE", "add_lines", "fit_lines", "subtract_lines"]

PIECE = 4096
U_PIECE = np.uint64(PIECE)
FRACTION = np.uint64(PIECE - 1)
SHIFT = np.uint64(PIECE.bit_length() - 1)

# Pairs of items, or single ones, of which a median is taken.
FEW = 32
U_FEW = np.uint64(FEW)

# A step and a distance from a line have to stay below these, so that nothing overflows.
STEEPEST = 1 << 50
FARTHEST = 1 << 36
# Items that are so many times farther from a line than half of all are cut off there.
TYPICAL = 8


@inner
def rise(step, i):
    """How much a line rises in i steps of an item, as uint64."""
    whole = np.uint64(np.int64(step) >> np.int64(SHIFT))
    return whole * i + (((step & FRACTION) * i) >> SHIFT)


@inner
def median(few, count):
    """The upper median of the first numbers, which are sorted."""
    for i in range(ONE, count):
        one, j = few[i], i
        while j > ZERO and few[j - ONE] > one:
            few[j] = few[j - ONE]
            j -= ONE
        few[j] = one
    return few[count >> ONE]


@inner
def step_through(items, few):
    """The median of steps between items of the first third and of the last."""
    size = np.uint64(items.size)
    third = max(ONE, size // np.uint64(3))
    apart = size - third
    if apart == ZERO:
        return np.int64(0)
    count = min(third, U_FEW)
    for k in range(count):
        at = k * third // count
        few[k] = np.int64(items[at + apart] - items[at])
    gain, run = median(few, count), np.int64(apart)
    whole = gain // run
    if abs(whole) >= STEEPEST:
        return np.int64(0)
    return np.int64(whole * PIECE + (gain - whole * run) * PIECE // run)


@inner
def fit_line(items, few):
    """The start and the step of a line through items, uint64 both."""
    size = np.uint64(items.size)
    step = np.uint64(step_through(items, few))
    first = items[0]
    count = min(size, U_FEW)
    for k in range(count):
        at = k * size // count
        few[k] = np.int64(items[at] - first - rise(step, at))
    middle = median(few, count)
    for k in range(count):
        few[k] = min(abs(few[k] - middle), np.int64(FARTHEST))
    most = min(TYPICAL * (median(few, count) + 1), np.int64(FARTHEST))
    start = first + np.uint64(middle)
    total, moment = np.int64(0), np.int64(0)
    for i in range(size):
        far = np.int64(items[i] - start - rise(step, i))
        far = min(max(far, -most), most)
        total += far
        moment += far * np.int64(i + i + ONE - size)
    n = float(size)
    slope = 3.0 * float(moment) / (n * (n * n - 1.0)) if size > ONE else 0.0
    step += np.uint64(np.int64(np.rint(2.0 * PIECE * slope)))
    start += np.uint64(np.int64(np.rint(float(total) / n - slope * (n - 1.0))))
    return start, step


@sampling_kernel
def fit_lines(items, starts, steps, few):
    """Fit a line to each piece.

    Parameters
    ----------
    items : uint64[n]
        Of any width, which starts are modulo.
    starts, steps : uint64[ceil(n / PIECE)]
        Filled.
    few : int64[FEW]
        Scratch.
    """
    size = np.uint64(items.size)
    for piece in range(np.uint64(starts.size)):
        begin = piece * U_PIECE
        starts[piece], steps[piece] = fit_line(items[begin : min(begin + U_PIECE, size)], few)


@kernel
def subtract_lines(items, starts, steps, out):
    """Fill `out` with distances from the lines, folded as those of `delta` are.

    Parameters
    ----------
    items : uint[n]
    starts : uint[ceil(n / PIECE)], of the same width
    steps : uint64[ceil(n / PIECE)]
    out : uint[n], of the same width
    """
    number = out.dtype.type
    half = number(~number(0)) >> ONE
    size = np.uint64(items.size)
    for piece in range(np.uint64(starts.size)):
        begin = piece * U_PIECE
        start, step = starts[piece], steps[piece]
        whole, part = number(np.int64(step) >> np.int64(SHIFT)), step & FRACTION
        parts = ZERO
        for i in range(begin, min(begin + U_PIECE, size)):
            y = number(items[i] - number(start + number(parts >> SHIFT)))
            out[i] = (y + y) ^ (ZERO - np.uint64(y > half))
            start, parts = number(start + whole), parts + part


@kernel
def add_lines(items, starts, steps, plan):
    """Undo `subtract_lines` in place, and do with each item what a plan of `finish` says."""
    number = items.dtype.type
    size = np.uint64(items.size)
    for piece in range(np.uint64(starts.size)):
        begin = piece * U_PIECE
        start, step = starts[piece], steps[piece]
        whole, part = number(np.int64(step) >> np.int64(SHIFT)), step & FRACTION
        end, parts = min(begin + U_PIECE, size), ZERO
        for i in range(begin, end):
            y = items[i]
            y = number(y >> ONE) ^ number(ZERO - np.uint64(y & ONE))
            items[i] = number(y + number(start + number(parts >> SHIFT)))
            start, parts = number(start + whole), parts + part
        finish_items(items, plan, begin, end)
