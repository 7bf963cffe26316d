"""Layers of several inputs, which only graphs have."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ansflow.bitsback.nets.shapes import (
    Activations,
    Shape,
    check_flag,
    image_sizes,
    merged,
)
from ansflow.errors import ModelError
from ansflow.kernels.nets.affine import ACTIVATION_LIMIT

__all__ = ["Add", "Concatenate", "Crop", "Merge"]

# Sums of so many activations, each of at most 2^23, stay within int32.
MAX_INPUTS = 64


class Merge(ABC):
    """A function of several activations, all with the same batch.

    Attributes
    ----------
    least, most : int
        How many inputs it takes.
    """

    least: ClassVar[int] = 2
    most: ClassVar[int] = MAX_INPUTS

    def output_shape(self, *shapes: Shape) -> Shape:
        """Shape of one result; ModelError if the shapes or their number are illegal."""
        if not self.least <= len(shapes) <= self.most:
            raise ModelError(
                f"{type(self).__name__} takes {self.least} to {self.most} inputs, not {len(shapes)}"
            )
        return self._merged(*shapes)

    def __call__(self, *inputs: Activations) -> Activations:
        """Activations of shape (batch, ...); ModelError for illegal shapes."""
        self.output_shape(*(x.shape[1:] for x in inputs))
        return self._merge(*inputs)

    @abstractmethod
    def _merged(self, *shapes: Shape) -> Shape: ...

    @abstractmethod
    def _merge(self, *inputs: Activations) -> Activations: ...


@dataclass(frozen=True)
class Add(Merge):
    """The sum of all inputs, optionally rectified.

    A vector of shape (channels,) among images is added to all their pixels.

    Parameters
    ----------
    relu : bool
        Whether negative results become 0.

    Raises
    ------
    ModelError
        If `relu` is no bool, or the shapes of 2 to 64 inputs do not fit each other.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback.nets import Add
    >>> image, vector = np.ones((1, 2, 2, 3), np.int32), np.array([[10, 20, 30]], np.int32)
    >>> Add()(image, vector)[0, 1]
    array([[11, 21, 31],
           [11, 21, 31]], dtype=int32)
    """

    relu: bool = False

    def __post_init__(self) -> None:
        check_flag("relu", self.relu)

    def _merged(self, *shapes: Shape) -> Shape:
        axes = max(len(shape) for shape in shapes)
        whole = [shape for shape in shapes if len(shape) == axes]
        vectors = [shape for shape in shapes if len(shape) < axes]
        if any(len(shape) != 1 for shape in vectors) or not axes:
            raise ModelError(f"inputs of the shapes {shapes} cannot be added")
        *sizes, channels = (merged(along, "a sum") for along in zip(*whole, strict=True))
        return *sizes, merged([channels, *(shape[0] for shape in vectors)], "a sum")

    def _merge(self, *inputs: Activations) -> Activations:
        axes = max(x.ndim for x in inputs)
        total = np.zeros(next(x.shape for x in inputs if x.ndim == axes), np.int32)
        for x in inputs:
            total += x if x.ndim == axes else x[:, np.newaxis, np.newaxis]
        low = 0 if self.relu else -ACTIVATION_LIMIT
        return np.clip(total, low, ACTIVATION_LIMIT, out=total)


@dataclass(frozen=True)
class Concatenate(Merge):
    """The channels of all inputs, one after the other.

    Raises
    ------
    ModelError
        If the shapes of 2 to 64 inputs differ in more than their channels.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback.nets import Concatenate
    >>> Concatenate()(np.array([[1, 2]], np.int32), np.array([[3]], np.int32))
    array([[1, 2, 3]], dtype=int32)
    """

    def _merged(self, *shapes: Shape) -> Shape:
        if len({len(shape) for shape in shapes}) != 1 or not shapes[0]:
            raise ModelError(f"inputs of the shapes {shapes} have not the same axes")
        channels = 0
        for shape in shapes:
            if shape[-1] is None:
                raise ModelError(f"the number of channels must be given, but the shape is {shape}")
            channels += shape[-1]
        sizes = zip(*(shape[:-1] for shape in shapes), strict=True)
        return *(merged(along, "concatenation") for along in sizes), channels

    def _merge(self, *inputs: Activations) -> Activations:
        return np.ascontiguousarray(np.concatenate(inputs, axis=-1))


@dataclass(frozen=True)
class Crop(Merge):
    """The upper left part of the first input, with height and width of the second.

    Images whose sizes are not multiples of a stride are larger when they come back: this makes
    them fit again.

    Raises
    ------
    ModelError
        If the inputs are not two images, or the first one is the smaller.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback.nets import Crop
    >>> larger, image = np.zeros((1, 6, 8, 4), np.int32), np.zeros((1, 5, 7, 3), np.int32)
    >>> Crop()(larger, image).shape
    (1, 5, 7, 4)
    """

    most = 2

    def _merged(self, *shapes: Shape) -> Shape:
        (*sizes, channels), (*wanted, _) = (image_sizes(shape, "a crop") for shape in shapes)
        for size, other in zip(sizes, wanted, strict=True):
            if size is not None and other is not None and size < other:
                raise ModelError(f"a crop of {shapes[1]} is larger than its image, {shapes[0]}")
        return *wanted, channels

    def _merge(self, *inputs: Activations) -> Activations:
        x, like = inputs
        return np.ascontiguousarray(x[:, : like.shape[1], : like.shape[2]])
