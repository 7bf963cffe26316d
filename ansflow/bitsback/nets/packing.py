"""Weights as the kernel takes them, and how many products of them 32 bits hold.

Activations and weights are integers of up to 24 and 16 bits, whose products are added up in 32 bits
where these suffice, as that is by far the fastest. Whether they do is known before: the sum for an
output is at most

    (largest magnitude of an activation) * (sum of the magnitudes of the output's weights)

Otherwise activations, weights, or both are split in two parts (see `ansflow.kernels.nets.affine`),
and there are as many sums as pairs of parts. The result is always the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.read_only import read_only
from ansflow.kernels.nets.affine import LOW_BITS, LOW_WEIGHT_BITS
from ansflow.kernels.nets.tile import PAIR, TILE_OUTPUTS

__all__ = [
    "ACTIVATION_BITS",
    "SAFE_RUN",
    "Packed",
    "Weights",
    "packed",
    "parts_needed",
]

Weights = npt.NDArray[np.int16]

SUM_BITS = 31
ACTIVATION_BITS = 15  # of an activation that is not split
LARGEST_PART = 1 << LOW_BITS - 1
LARGEST_WEIGHT_PART = 1 << LOW_WEIGHT_BITS - 1

# Pairs whose products fit, if both factors are split.
SAFE_RUN = ((1 << SUM_BITS) - 1) // (PAIR * LARGEST_PART * LARGEST_WEIGHT_PART)


class Packed(NamedTuple):
    """Weights in one or two parts.

    Attributes
    ----------
    parts : ndarray of int16, shape (1 or 2, groups, rows, pairs * 32)
    pairs : int
        In a row of a window.
    reach : int
        The largest sum of the magnitudes of one output's weights, in any part.
    """

    parts: Weights
    pairs: int
    reach: int


def parts_needed(reach: int, largest: int) -> int:
    """Parts of activations up to `largest` for which every sum fits; 0 if two do not suffice."""
    if largest < 1 << ACTIVATION_BITS and reach * largest < 1 << SUM_BITS:
        return 1
    return 2 if reach * LARGEST_PART < 1 << SUM_BITS else 0


def packed(weights: Weights, parts: int) -> Packed:
    """Weights of shape (rows, inputs in a row, outputs), in one or two parts."""
    rows, inputs, outputs = weights.shape
    values = weights[np.newaxis]
    if parts == 2:
        wide = weights.astype(np.int32)
        half = 1 << LOW_WEIGHT_BITS - 1
        low = (wide + half & (1 << LOW_WEIGHT_BITS) - 1) - half
        values = np.stack([low, wide - low >> LOW_WEIGHT_BITS]).astype(np.int16)
    groups, pairs = -(-outputs // TILE_OUTPUTS), -(-inputs // PAIR)
    room = np.zeros((parts, rows, pairs * PAIR, groups * TILE_OUTPUTS), np.int16)
    room[:, :, :inputs, :outputs] = values
    tiles = room.reshape(parts, rows, pairs, PAIR, groups, TILE_OUTPUTS)
    tiles = tiles.transpose(0, 4, 1, 2, 5, 3).reshape(parts, groups, rows, -1)
    reach = int(np.abs(values.astype(np.int64)).sum(axis=(1, 2)).max())
    return Packed(read_only(np.ascontiguousarray(tiles)), pairs, reach)
