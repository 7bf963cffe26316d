"""Images on one stack, each group coded with the bits that earlier groups left there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.stack.stack import Stack

__all__ = ["ImageChain"]

Images = npt.NDArray[np.uint8]

MAX_GROUP = 16
MAX_GROUP_PIXELS = 1 << 14  # bounds the memory of the networks' activations


class ImageChain(Codec):
    """Images in groups. The latents of each are drawn with the bits of the groups pushed before it.

    A group costs no more than its images one by one as long as the stack holds enough bits; it is
    faster, and lets other threads run. So the first groups have one image each, and later ones
    half as many as all groups before them (or another part), up to 16 images or 2^14 pixels.

    Parameters
    ----------
    codec : callable
        From a number of images to the codec of a group, uint8 of shape (number, height, width).
    count : int
        How many images there are.
    image_shape : tuple of int
        Height and width.
    before : int
        Times the images of a group that are pushed before it: how many images' bits are as many as
        the latents of one take.
    """

    def __init__(
        self,
        codec: Callable[[int], Codec],
        count: int,
        image_shape: tuple[int, int],
        before: int = 2,
    ) -> None:
        self.codec = codec
        self.count = integer(count, "count", 0)
        self.image_shape = image_shape
        self.before = before

    def push(self, stack: Stack, x: Images) -> None:
        """Push images, shape (count, height, width), the last first."""
        images = as_array(x, "images")
        shape = (self.count, *self.image_shape)
        if images.shape != shape:
            raise ValueError(f"the images must have shape {shape}, not {images.shape}")
        end = self.count
        for size in self._group_sizes():
            self.codec(size).push(stack, images[end - size : end])
            end -= size

    def pop(self, stack: Stack) -> Images:
        images = np.empty((self.count, *self.image_shape), np.uint8)
        begin = 0
        for size in reversed(self._group_sizes()):
            images[begin : begin + size] = self.codec(size).pop(stack)
            begin += size
        return images

    def _group_sizes(self) -> list[int]:
        """How many images are pushed together, in the order of pushing."""
        height, width = self.image_shape
        most = max(1, min(MAX_GROUP, MAX_GROUP_PIXELS // (height * width)))
        sizes: list[int] = []
        pushed = 0
        while pushed < self.count:
            sizes.append(min(max(1, pushed // self.before), most, self.count - pushed))
            pushed += sizes[-1]
        return sizes
