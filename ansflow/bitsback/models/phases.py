"""Images in octaves: every second row and column, and the three phases of the pixels between."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.nets.shapes import Activations
from ansflow.kernels.nets.affine import FRACTION_BITS

__all__ = [
    "COLOURS",
    "PHASES",
    "coarse_of",
    "joined",
    "phase_shapes",
    "phases_of",
    "pixel_inputs",
    "sizes",
]

Images = npt.NDArray[np.uint8]

# Row and column of a phase's first pixel, in the order in which phases are decoded: those amidst
# four coarse pixels, those between two of a row, and those between two of a column.
PHASES = (1, 1), (0, 1), (1, 0)

# Channels of the inputs of networks, whatever an image has: red, green and blue.
COLOURS = 3

# Inputs of networks are (pixel - 128) / 64.
MIDDLE = 128
INPUT_BITS = 6


def sizes(height: int, width: int) -> tuple[int, int]:
    """Height and width of the coarse image."""
    return (height + 1) // 2, (width + 1) // 2


def phase_shapes(height: int, width: int, colours: int) -> list[tuple[int, int, int]]:
    """The shapes of all phases of an image; sizes may be 0."""
    return [((height + 1 - i) // 2, (width + 1 - j) // 2, colours) for i, j in PHASES]


def coarse_of(image: Images) -> Images:
    return image[::2, ::2]


def phases_of(image: Images) -> list[Images]:
    return [image[i::2, j::2] for i, j in PHASES]


def joined(coarse: Images, phases: list[Images]) -> Images:
    """Undo `coarse_of` and `phases_of`."""
    height, width = (len(coarse) + len(phases[2]), coarse.shape[1] + phases[1].shape[1])
    image = np.empty((height, width, coarse.shape[2]), np.uint8)
    image[::2, ::2] = coarse
    for (i, j), phase in zip(PHASES, phases, strict=True):
        image[i::2, j::2] = phase
    return image


def pixel_inputs(pixels: Images, coarse: Images) -> Activations:
    """Inputs of networks from a phase or the coarse image itself, with an axis for the batch.

    Grey images have three equal channels. The coarse image's height and width are made even, by its
    last row and column once more; pixels that a phase lacks are those of the coarse image beside
    them.
    """
    height, width = coarse.shape[:2]
    values = np.empty((height, width, COLOURS), np.int32)
    values[:] = coarse
    values[: len(pixels), : pixels.shape[1]] = pixels
    values = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return (values - MIDDLE << FRACTION_BITS - INPUT_BITS)[np.newaxis]
