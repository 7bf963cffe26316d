"""Affine maps in fixed point: the same integers however the work is split or ordered.

Activations are int32 in units of 2^-12, and weights are int16 in units that a layer chooses. No sum
of a layer can overflow 64 bits (`ansflow.bitsback.nets.affine` checks it), and integer addition is
associative: so neither batch, nor threads, nor vector instructions change a result.

The sums are made of sums of 32 bits (`ansflow.kernels.nets.tile`). Where those are too short,
activations or weights are split in two parts, high and low, whose sums are added with their places:

    x = high * 2^12 + low,    w = high * 2^8 + low,    with low parts from -2^11 and from -2^7 on
"""

import numpy as np

from ansflow.kernels.jit import inlined, kernel
from ansflow.kernels.nets.tile import (
    PAIR,
    PAIR_WEIGHTS,
    TILE,
    TILE_OUTPUTS,
    TILE_PIXELS,
    tile_sums,
)

__all__ = [
    "ACTIVATION_LIMIT",
    "FRACTION_BITS",
    "LOW_BITS",
    "LOW_WEIGHT_BITS",
    "convolve",
    "spread",
]

FRACTION_BITS = 12

# Activations are cut off here: 2048, in units of 2^-12.
ACTIVATION_LIMIT = 1 << 23
MOST = np.int64(ACTIVATION_LIMIT)
LEAST = np.int64(-ACTIVATION_LIMIT)
LEAST_INT16, MOST_INT16 = np.int32(-(1 << 15)), np.int32((1 << 15) - 1)
I_ONE = np.int64(1)
I_ZERO = np.int64(0)

# Of low parts. Those of activations, and their high parts up to the limit, are at most 2^11.
LOW_BITS = 12
LOW_WEIGHT_BITS = 8
HALF_LOW = np.int32(1 << LOW_BITS >> 1)
LOW_MASK = np.int32((1 << LOW_BITS) - 1)


@inlined
def rounded(total, shift, relu):
    """A sum as an activation: divided by 2^shift, rounded half up, and cut off."""
    value = (total + (I_ONE << shift >> I_ONE)) >> shift
    return min(max(value, I_ZERO if relu else LEAST), MOST)


@kernel
def spread(x, top, left, height, width, out):
    """Copy images into larger ones of int16, with zeros around them.

    Parameters
    ----------
    x : int32[n, rows, row]
        Rows of pixels and channels. Rows and items that do not fit the larger image are left out.
    top, left : int64
        Rows above, and items on the left.
    height, width : int64
        Rows of a larger image, and items of each.
    out : int16[1 or 2, at least n * height * width]
        Zero at first. One part: the activations, cut off; two: low and high parts.

    Returns
    -------
    The largest magnitude of those copied. One part is right if that is below 2^15.
    """
    rows, count = min(x.shape[1], height - top), min(x.shape[2], width - left)
    largest = np.int32(0)
    for i in range(x.shape[0]):
        for row in range(rows):
            at = (i * height + top + row) * width + left
            source, first = x[i, row, :count], out[0, at : at + count]
            if out.shape[0] == 1:
                for k in range(count):
                    largest = max(largest, abs(source[k]))
                    first[k] = min(max(source[k], LEAST_INT16), MOST_INT16)
            else:
                second = out[1, at : at + count]
                for k in range(count):
                    low = ((source[k] + HALF_LOW) & LOW_MASK) - HALF_LOW
                    largest = max(largest, abs(source[k]))
                    first[k], second[k] = low, (source[k] - low) >> LOW_BITS
    return largest


@kernel
def convolve(x, steps, pitch, weights, pairs, run, bias, shift, relu, places, sums, totals, out):
    """Sums over the windows of all pixels, plus a bias, as activations.

    Parameters
    ----------
    x : int16[1 or 2, ...]
        Images with zeros around them, as `spread` makes them, and at least one more item. If there
        are two parts, low and high ones.
    steps : tuple of int64
        From one image to the next, and from the window of a pixel to that of the next row and of
        the next column.
    pitch : int64
        From one row of a window to the next.
    weights : int16[1 or 2, groups, rows, pairs * 32]
        Parts in the same order. For each pair of activations those of 16 outputs, two of each.
    pairs : int64
        In a row of a window.
    run : int64
        No sum of the products of so many pairs leaves 32 bits; at least 1.
    bias : int64[groups, 96]
        Those of 16 outputs, for each of 6 pixels.
    shift : int64
        0 to 62.
    relu : bool
        Whether negative results become 0.
    places : int64[6]
        Scratch.
    sums : int32[96]
        Scratch.
    totals : int64[96]
        Scratch.
    out : int32[n, height, width, outputs]
        Filled.
    """
    groups, rows, outputs = weights.shape[1], weights.shape[2], out.shape[3]
    pixels = out.size // outputs
    results = out.reshape(pixels, outputs)
    all_x, all_weights = x.reshape(-1), weights.reshape(-1)
    # All rows of a window at once, or one after the other in runs.
    rows_at_once = rows if rows * pairs <= run else 1
    image, row, column = 0, 0, 0
    for first in range(0, pixels, TILE_PIXELS):
        for m in range(TILE_PIXELS):
            places[m] = image * steps[0] + row * steps[1] + column * steps[2]
            if first + m + 1 < pixels:  # or else the last pixel once more
                column += 1
                if column == out.shape[2]:
                    column, row = 0, row + 1
                if row == out.shape[1]:
                    row, image = 0, image + 1
        for group in range(groups):
            for k in range(TILE):
                totals[k] = bias[group, k]
            for i in range(weights.shape[0]):
                for j in range(x.shape[0]):
                    place = i * LOW_WEIGHT_BITS + j * LOW_BITS
                    for r in range(0, rows, rows_at_once):
                        for p in range(0, pairs, run):
                            offset = j * x.shape[1] + r * pitch + p * PAIR
                            at = (((i * groups + group) * rows + r) * pairs + p) * PAIR_WEIGHTS
                            size = rows_at_once, min(pairs - p, run)
                            tile_sums(all_x, places, offset, pitch, size, all_weights, at, sums)
                            for k in range(TILE):
                                totals[k] += np.int64(sums[k]) << place
            for k in range(TILE):
                sums[k] = rounded(totals[k], shift, relu)
            begin = group * TILE_OUTPUTS
            for m in range(min(TILE_PIXELS, pixels - first)):
                for k in range(min(TILE_OUTPUTS, outputs - begin)):
                    results[first + m, begin + k] = sums[m * TILE_OUTPUTS + k]
