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
    """A function of activations, whose first axis is the batch."""

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of one result for an input of `shape`; ModelError for an illegal shape."""

    def __call__(self, x: Activations) -> Activations:
        """Activations of shape (batch, ...) to activations of shape (batch, ...).

        ModelError for an illegal shape.
        """


@dataclass(frozen=True)
class Scaling:
    """Layers that change the size of images.

    Parameters
    ----------
    factor : int
        1 to 16.
    """

    factor: int = 2

    def __post_init__(self) -> None:
        factor = checked_integer("factor", self.factor, 1, MAX_FACTOR)
        object.__setattr__(self, "factor", factor)

    def _enlarged(self, *sizes: int | None) -> tuple[int | None, ...]:
        return tuple(None if size is None else size * self.factor for size in sizes)


@dataclass(frozen=True)
class Upsample(Scaling):
    """Each pixel becomes `factor` by `factor` of the same value."""

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
class Channels:
    """The channels from `begin` to before `end`: two of these split activations.

    Parameters
    ----------
    begin, end : int
        Of the last axis.
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
class Reshape:
    """The same activations in another shape."""

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
class Residual:
    """Layers whose result is added to their input: ``x + f(x)``, optionally rectified."""

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
