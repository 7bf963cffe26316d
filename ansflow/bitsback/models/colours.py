"""Pixels of three colours or none: mixtures of discretised logistics, a colour given others."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.codec import Codec
from ansflow.bitsback.models.pixels import GreyPixels
from ansflow.bitsback.nets.shapes import Activations
from ansflow.bitsback.stack.stack import Stack
from ansflow.kernels.nets.affine import FRACTION_BITS

__all__ = ["ORDER", "ColourCodec", "ColourPixels"]

Images = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]

# Green is coded first, then red, then blue. Grey has the distribution of green.
ORDER = 1, 0, 2
GREY = (0,)

# Means are in units of 2^-8 of a grey level.
MEAN_BITS = 8
HIGHEST_MEAN = 1 << 30


class ColourPixels(NamedTuple):
    """The likelihood of pixels, given the results of a network.

    The results are 3 K numbers for each colour, as of `GreyPixels` with K components, and then
    three coefficients: of what green differs from its first component's mean, for red and for
    blue, and of what red differs from its own, for blue. Times the difference, they are added to
    the means. Everything is computed in integers.

    Attributes
    ----------
    grey : GreyPixels
        Of one colour.
    """

    grey: GreyPixels

    @property
    def channels(self) -> int:
        """How many results of the network there are for a pixel."""
        return 3 * self.grey.channels + 3

    def codec(self, activations: Activations, colours: int) -> ColourCodec:
        """The codec of pixels, uint8 of shape (..., colours), given int32 of (..., channels)."""
        return ColourCodec(self, activations, colours)

    def of_colour(self, i: int, activations: Activations, left: list[Integers]) -> Activations:
        """Parameters of the i-th colour, given the `difference` of each one before it."""
        size = self.grey.channels
        own = activations[..., i * size : (i + 1) * size].astype(np.int64)
        coefficients = activations[..., 3 * size + i * (i - 1) // 2 :].astype(np.int64)
        means = slice(self.grey.components, 2 * self.grey.components)
        for j, rest in enumerate(left):
            own[..., means] += (coefficients[..., j] * rest >> FRACTION_BITS)[..., np.newaxis]
        return np.clip(own, -HIGHEST_MEAN, HIGHEST_MEAN).astype(np.int32)

    def difference(self, own: Activations, values: npt.NDArray[Any]) -> Integers:
        """What a colour differs from the mean of its first component."""
        return (values.astype(np.int64) << MEAN_BITS) - own[..., self.grey.components]

    def given(self, activations: Activations, pixels: Images) -> list[Activations]:
        """Parameters of all colours, for pixels that are known."""
        left: list[Integers] = []
        found = []
        for i, channel in enumerate(order_of(pixels.shape[-1])):
            found.append(self.of_colour(i, activations, left))
            left.append(self.difference(found[-1], pixels[..., channel]))
        return found

    def bits(self, activations: Activations, pixels: Images) -> float:
        """Negative binary logarithm of the probability of all pixels, in floating point."""
        found = self.given(activations, pixels)
        parts = zip(order_of(pixels.shape[-1]), found, strict=True)
        return sum(float(self.grey.bits(own, pixels[..., c]).sum()) for c, own in parts)


def order_of(colours: int) -> tuple[int, ...]:
    """In which order the channels of 3 colours are coded, or that of grey pixels, which is 1."""
    return GREY if colours == 1 else ORDER


class ColourCodec(Codec):
    """Pixels, uint8 of shape (..., colours), a colour after the other."""

    def __init__(self, pixels: ColourPixels, activations: Activations, colours: int) -> None:
        self.pixels = pixels
        self.activations = activations
        self.order = order_of(colours)

    def push(self, stack: Stack, x: Images) -> None:
        found = self.pixels.given(self.activations, x)
        for channel, own in reversed(list(zip(self.order, found, strict=True))):
            self.pixels.grey.codec(own).push(stack, x[..., channel])

    def pop(self, stack: Stack) -> Images:
        x = np.empty((*self.activations.shape[:-1], len(self.order)), np.uint8)
        left: list[Integers] = []
        for i, channel in enumerate(self.order):
            own = self.pixels.of_colour(i, self.activations, left)
            x[..., channel] = self.pixels.grey.codec(own).pop(stack)
            left.append(self.pixels.difference(own, x[..., channel]))
        return x
