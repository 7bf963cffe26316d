"""Images on one stack, which lend each other bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer
from ansflow.bitsback.codecs.codec import Codec
from ansflow.bitsback.stack.stack import Stack

if TYPE_CHECKING:
    from ansflow.bitsback.models.vae import VAE

__all__ = ["ImageChain"]

Images = npt.NDArray[np.uint8]

MAX_GROUP = 16
MAX_GROUP_PIXELS = 1 << 14  # what networks take for them is bounded, too


class ImageChain(Codec):
    """Images in groups, each with bits that those before it left on the stack.

    A group costs no more than its images one by one as long as it finds enough bits; it is faster,
    and lets other threads work. So the first groups are one image each, and the others are half as
    large as all before them, up to 16 images or 2^14 pixels.

    Parameters
    ----------
    vae : VAE
    count : int
    """

    def __init__(self, vae: VAE, count: int) -> None:
        self.vae = vae
        self.count = integer(count, "count", 0)

    def push(self, stack: Stack, x: Images) -> None:
        """Push images, shape (count, height, width), the last first."""
        images = as_array(x, "images")
        shape = (self.count, *self.vae.image_shape)
        if images.shape != shape:
            raise ValueError(f"images of shape {images.shape}; the codec's is {shape}")
        end = self.count
        for size in self._group_sizes():
            self.vae.codec(size).push(stack, images[end - size : end])
            end -= size

    def pop(self, stack: Stack) -> Images:
        images = np.empty((self.count, *self.vae.image_shape), np.uint8)
        begin = 0
        for size in reversed(self._group_sizes()):
            images[begin : begin + size] = self.vae.codec(size).pop(stack)
            begin += size
        return images

    def _group_sizes(self) -> list[int]:
        """How many images are pushed together, in the order of pushing."""
        most = max(1, min(MAX_GROUP, MAX_GROUP_PIXELS // self.vae.image_size))
        sizes: list[int] = []
        pushed = 0
        while pushed < self.count:
            sizes.append(min(max(1, pushed // 2), most, self.count - pushed))
            pushed += sizes[-1]
        return sizes
