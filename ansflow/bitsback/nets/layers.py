"""Layers without weights: functions of batches of activations, in fixed point."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ansflow.bitsback.nets.shapes import (
    Activations,
    Shape,
    check_flag,
    checked_integer,
    checked_shape,
    fixed_shape,
    image_sizes,
)
from ansflow.errors import ModelError
from ansflow.kernels.nets.affine import ACTIVATION_LIMIT

__all__ = ["Channels", "DepthToSpace", "Layer", "Reshape", "Residual", "SpaceToDepth", "Upsample"]

MAX_FACTOR = 16


class Layer(Protocol):
    """A function of activations, whose first axis is the batch.

    Activations are int32 in units of 2^-12, from -2048 to 2048. Any object with these two methods
    is a layer of a `Network` or a `Graph`; those of ansflow can be described and stored, too.

    Examples
    --------
    >>> from ansflow.bitsback.nets import Network
    >>> class Negative:
    ...     def output_shape(self, shape):
    ...         return shape
    ...
    ...     def __call__(self, x):
    ...         return -x
    >>> Network([Negative()], (3,))([[0.5, -1.0, 2.0]])
    array([[-2048,  4096, -8192]], dtype=int32)
    """

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of one result for an input of `shape`; ModelError for an illegal shape."""

    def __call__(self, x: Activations) -> Activations:
        """Activations of shape (batch, ...) to activations of shape (batch, ...).

        ModelError for an illegal shape.
        """


@dataclass(frozen=True)
class Scaling(Layer):
    """Layers that change the size of images."""

    factor: int = 2

    def __post_init__(self) -> None:
        factor = checked_integer("factor", self.factor, 1, MAX_FACTOR)
        object.__setattr__(self, "factor", factor)

    def _enlarged(self, *sizes: int | None) -> tuple[int | None, ...]:
        return tuple(None if size is None else size * self.factor for size in sizes)


@dataclass(frozen=True)
class Upsample(Scaling):
    """Each pixel becomes `factor` by `factor` of the same value.

    Parameters
    ----------
    factor : int
        1 to 16.

    Raises
    ------
    ModelError
        If the factor is out of range, or the activations are no images, (height, width, channels).

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback.nets import Upsample
    >>> image = np.array([[[[1], [2]]]], np.int32)  # a batch of one, 1 x 2 pixels
    >>> Upsample(2)(image)[0, :, :, 0]
    array([[1, 1, 2, 2],
           [1, 1, 2, 2]], dtype=int32)
    """

    def output_shape(self, shape: Shape) -> Shape:
        height, width, channels = image_sizes(shape, "upsampling")
        return *self._enlarged(height, width), channels

    def __call__(self, x: Activations) -> Activations:
        shape = fixed_shape(self.output_shape(x.shape[1:]))
        n, height, width, channels = x.shape
        cells = np.empty((n, height, self.factor, width, self.factor, channels), np.int32)
        cells[...] = x[:, :, np.newaxis, :, np.newaxis]
        return cells.reshape(n, *shape)


@dataclass(frozen=True)
class DepthToSpace(Scaling):
    """Each pixel becomes `factor` by `factor` with fewer channels, as in torch's PixelShuffle.

    Channel ``(c * factor + a) * factor + b`` becomes channel c of the pixel in row a and column b.

    Parameters
    ----------
    factor : int
        1 to 16.

    Raises
    ------
    ModelError
        If the factor is out of range, or the channels of images are no multiple of its square.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback.nets import DepthToSpace
    >>> pixel = np.array([[[[1, 2, 3, 4]]]], np.int32)  # a batch of one, 1 x 1 pixel
    >>> DepthToSpace(2)(pixel)[0, :, :, 0]
    array([[1, 2],
           [3, 4]], dtype=int32)

    References
    ----------
    Shi et al. 2016, arXiv:1609.05158, section 3.2 (sub-pixel convolution).
    """

    def output_shape(self, shape: Shape) -> Shape:
        height, width, channels = image_sizes(shape, "depth-to-space")
        if channels % self.factor**2:
            raise ModelError(
                f"depth-to-space takes a multiple of {self.factor**2} channels, not {channels}"
            )
        return *self._enlarged(height, width), channels // self.factor**2

    def __call__(self, x: Activations) -> Activations:
        shape = fixed_shape(self.output_shape(x.shape[1:]))
        n, height, width = x.shape[:3]
        cells = x.reshape(n, height, width, shape[2], self.factor, self.factor)
        return np.ascontiguousarray(cells.transpose(0, 1, 4, 2, 5, 3)).reshape(n, *shape)


@dataclass(frozen=True)
class SpaceToDepth(Scaling):
    """Each square of `factor` by `factor` pixels becomes a pixel: `DepthToSpace` undoes it.

    Squares that reach beyond an image, at the bottom or on the right, have zeros there.

    Parameters
    ----------
    factor : int
        1 to 16.

    Raises
    ------
    ModelError
        If the factor is out of range, or the activations are no images, (height, width, channels).

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback.nets import SpaceToDepth
    >>> image = np.array([[[[1], [2], [5]], [[3], [4], [6]]]], np.int32)  # 2 x 3 pixels
    >>> SpaceToDepth(2)(image)
    array([[[[1, 2, 3, 4],
             [5, 0, 6, 0]]]], dtype=int32)
    """

    def output_shape(self, shape: Shape) -> Shape:
        height, width, channels = image_sizes(shape, "space-to-depth")
        cells = (None if size is None else -(-size // self.factor) for size in (height, width))
        return *cells, channels * self.factor**2

    def __call__(self, x: Activations) -> Activations:
        rows, columns, depth = fixed_shape(self.output_shape(x.shape[1:]))
        n, height, width, channels = x.shape
        cells = np.zeros((n, rows * self.factor, columns * self.factor, channels), np.int32)
        cells[:, :height, :width] = x
        cells = cells.reshape(n, rows, self.factor, columns, self.factor, channels)
        cells = np.ascontiguousarray(cells.transpose(0, 1, 3, 5, 2, 4))
        return cells.reshape(n, rows, columns, depth)


@dataclass(frozen=True)
class Channels(Layer):
    """The channels from `begin` to before `end`: two of these split activations.

    Parameters
    ----------
    begin, end : int
        Of the last axis.

    Raises
    ------
    ModelError
        If `end` is not above `begin`, or the activations have fewer channels.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback.nets import Channels
    >>> means, scales = Channels(0, 2), Channels(2, 4)
    >>> scales(np.array([[1, 2, 3, 4]], np.int32))
    array([[3, 4]], dtype=int32)
    """

    begin: int
    end: int

    def __post_init__(self) -> None:
        begin = checked_integer("begin", self.begin, 0, 1 << 31)
        end = checked_integer("end", self.end, begin + 1, 1 << 31)
        object.__setattr__(self, "begin", begin)
        object.__setattr__(self, "end", end)

    def output_shape(self, shape: Shape) -> Shape:
        if not shape or shape[-1] is None or shape[-1] < self.end:
            raise ModelError(f"there are no channels {self.begin} to {self.end - 1} in {shape}")
        return *shape[:-1], self.end - self.begin

    def __call__(self, x: Activations) -> Activations:
        self.output_shape(x.shape[1:])
        return np.ascontiguousarray(x[..., self.begin : self.end])


@dataclass(frozen=True)
class Reshape(Layer):
    """The same activations in another shape.

    Parameters
    ----------
    shape : sequence of int
        That of one result, without the batch.

    Raises
    ------
    ModelError
        If a size is not positive, or the activations are not as many.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback.nets import Reshape
    >>> Reshape((2, 2, 1))(np.zeros((5, 4), np.int32)).shape
    (5, 2, 2, 1)
    """

    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", fixed_shape(checked_shape(self.shape)))

    def output_shape(self, shape: Shape) -> Shape:
        if None in shape or math.prod(fixed_shape(shape)) != math.prod(self.shape):
            raise ModelError(f"{shape} cannot be reshaped to {self.shape}")
        return self.shape

    def __call__(self, x: Activations) -> Activations:
        self.output_shape(x.shape[1:])
        return x.reshape(x.shape[0], *self.shape)


@dataclass(frozen=True, eq=False)
class Residual(Layer):
    """Layers whose result is added to their input: ``x + f(x)``, optionally rectified.

    Parameters
    ----------
    layers : tuple of Layer
        They are applied one after another, and return the shape that they are given.
    relu : bool
        Whether negative sums become 0.

    Raises
    ------
    ModelError
        If the layers return another shape, or `relu` is no bool.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback.nets import Dense, Residual
    >>> half = Dense.quantized(np.eye(2) / 2, [0.0, 0.0], relu=False)
    >>> Residual((half,), relu=True)(np.array([[4096, -4096]], np.int32))
    array([[6144,    0]], dtype=int32)

    References
    ----------
    He et al. 2016, arXiv:1512.03385, section 3.2.
    """

    layers: tuple[Layer, ...]
    relu: bool

    def __post_init__(self) -> None:
        check_flag("relu", self.relu)

    def output_shape(self, shape: Shape) -> Shape:
        inner = shape
        for layer in self.layers:
            inner = layer.output_shape(inner)
        if inner != shape:
            raise ModelError(
                f"the layers of a residual must keep the shape {shape}, but result in {inner}"
            )
        return shape

    def __call__(self, x: Activations) -> Activations:
        self.output_shape(x.shape[1:])
        y = x
        for layer in self.layers:
            y = layer(y)
        # No overflow, as both are at most 2^23.
        low = 0 if self.relu else -ACTIVATION_LIMIT
        total: Activations = x + y
        return np.clip(total, low, ACTIVATION_LIMIT, out=total)
