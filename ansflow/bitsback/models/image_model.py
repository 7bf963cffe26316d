"""What all models of images share: images as messages, and as content of the container."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array
from ansflow.bitsback.codec import Codec
from ansflow.bitsback.message import decode, encode
from ansflow.bitsback.models.image_chain import ImageChain
from ansflow.buffers import Bytes, BytesLike
from ansflow.errors import ModelError
from ansflow.frame.array_spec import ArraySpec
from ansflow.transforms.layout import Layout

__all__ = ["ImageModel", "Images", "as_images"]

Images = npt.NDArray[np.uint8]

# The stack's words, which are more than the content while a message is made, and the images.
COPIES = 4


class ImageModel(ABC):
    """A model of grey or binary images of one shape, which is also a `ContentModel`.

    A model says what codes a batch of images, and what images it accepts; all else follows.

    Attributes
    ----------
    name : str
        By which frames refer to the model.
    """

    name: str

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """128 bits over all that encoder and decoder have to agree on, as 32 hexadecimal digits."""

    @property
    @abstractmethod
    def image_shape(self) -> tuple[int, int]:
        """Height and width."""

    @property
    @abstractmethod
    def highest_pixel(self) -> int:
        """The largest value of a pixel."""

    @abstractmethod
    def codec(self, batch: int = 1) -> Codec:
        """The codec of images, uint8 of shape (batch, height, width).

        The images of a batch lend each other no bits: for that, push them one after another, or
        use `chain`.
        """

    # Images as messages

    def chain(self, count: int) -> ImageChain:
        """The codec of images, uint8 of shape (count, height, width), which share their bits."""
        return ImageChain(self.codec, count, self.image_shape)

    def encode(self, images: Images) -> bytes:
        """Encode images, uint8 of shape (n, height, width), as a message.

        Raises
        ------
        ModelError
            If a pixel has a value to which the model gives no probability.
        ValueError
            If the images are of another shape.
        """
        checked = self.checked_images(images)
        return encode(checked, self.chain(len(checked)))

    def decode(self, message: BytesLike, count: int) -> Images:
        """Undo `encode`.

        Parameters
        ----------
        message : bytes-like
        count : int
            The number of images.

        Raises
        ------
        TruncatedError, CorruptDataError
            If that is not a message of so many images.
        """
        images: Images = decode(message, self.chain(count))
        return images

    def checked_images(self, images: npt.ArrayLike) -> Images:
        """Images as uint8, shape (n, height, width).

        Raises
        ------
        ModelError
            If the dtype is not uint8 or bool, or a pixel has a value that the model cannot code.
        ValueError
            If the images are of another shape.
        """
        values = as_array(images, "images")
        if values.size == 0 and values.shape[:1] == (0,):
            values = np.empty((0, *(values.shape[1:] or self.image_shape)), np.uint8)
        if values.dtype not in (np.uint8, np.bool):
            raise ModelError(f"images must be uint8 or bool, not {values.dtype}")
        if values.ndim != 3 or values.shape[1:] != self.image_shape:
            height, width = self.image_shape
            raise ValueError(f"images must have shape (n, {height}, {width}), not {values.shape}")
        highest = int(values.max(initial=0))
        if highest > self.highest_pixel:
            raise ModelError(
                f"a pixel is {highest}, but pixels of the model {self.name!r} are at most "
                f"{self.highest_pixel}"
            )
        return values.astype(np.uint8, copy=False)

    # The model as a ContentModel

    @property
    def unit(self) -> int:
        """Bytes of an image."""
        height, width = self.image_shape
        return height * width

    def check_array(self, array: ArraySpec | None) -> None:
        """Raise ModelError if an array does not consist of images; bytes may."""
        if array is None:
            return
        height, width = self.image_shape
        fits = array.shape[-2:] == (height, width) or array.shape[-1:] == (height * width,)
        if array.dtype not in (np.uint8, np.bool) or array.fortran or not fits:
            order = "Fortran" if array.fortran else "C"
            raise ModelError(
                f"the model {self.name!r} takes bytes, or arrays of uint8 or bool in C order of "
                f"shape (..., {height}, {width}) or (..., {height * width}), not {array.dtype} in "
                f"{order} order of shape {array.shape}"
            )

    def memory(self, size: int) -> int:
        """Bytes that it takes at most to code so many, beside the networks' activations."""
        return COPIES * size

    def encode_content(self, content: Bytes, layout: Layout) -> bytes:
        """Encode whole images, uint8[size], as a message; ModelError if the model cannot."""
        return self.encode(content.reshape(-1, *self.image_shape))

    def decode_content(self, message: memoryview, layout: Layout, out: Bytes) -> None:
        """Fill `out`, uint8[size]; TruncatedError or CorruptDataError if that is not possible."""
        out[:] = self.decode(message, out.size // self.unit).reshape(-1)


def as_images(pixels: npt.NDArray[Any]) -> Images:
    """Pixels as they are popped, as images."""
    return pixels.astype(np.uint8)
