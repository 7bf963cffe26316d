"""Layers: what turns a batch of activations into the next, in fixed point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ansflow.errors import ModelError
from ansflow.kernels.fixed_point import ACTIVATION_LIMIT, FRACTION_BITS, convolve, dense

__all__ = ["Activations", "Convolution", "Dense", "Layer", "Reshape", "Residual", "Upsample"]

Activations = npt.NDArray[np.int32]
Shape = tuple[int, ...]

MAX_SHIFT = 40
MAX_WEIGHT = (1 << 15) - 1
MAX_BIAS = 1 << 61


class Layer(Protocol):
    """A function of activations; all but the first axis, the batch, is its own business."""

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of one result for an input of `shape`; ModelError if that doesn't fit."""

    def __call__(self, x: Activations) -> Activations:
        """Activations of shape (batch, ...) to activations of shape (batch, ...)."""


@dataclass(frozen=True, eq=False)
class Affine:
    """Weights and bias in units of ``2**-shift`` and ``2**-(shift + 12)``.

    Parameters
    ----------
    weights : ndarray of int16, the last axis for the outputs
    bias : ndarray of int64, shape (outputs,)
    shift : int
        0 to 40.
    relu : bool
        Whether negative results become 0.
    """

    weights: npt.NDArray[np.int16]
    bias: npt.NDArray[np.int64]
    shift: int
    relu: bool

    def __post_init__(self) -> None:
        w, b = self.weights, self.bias
        if w.dtype != np.int16 or b.dtype != np.int64 or b.shape != w.shape[-1:] or not w.size:
            raise ModelError("weights must be int16, and the bias int64, one for each output")
        if not 0 <= self.shift <= MAX_SHIFT:
            raise ModelError(f"shift is {self.shift}, not between 0 and {MAX_SHIFT}")
        # Sums stay below 2^63: at most 2^23 inputs, each a product below 2^38.
        if w[..., 0].size >= 1 << 23 or np.abs(b.astype(np.float64)).max() > MAX_BIAS:
            raise ModelError("too many inputs, or too large a bias")
        object.__setattr__(self, "weights", np.ascontiguousarray(w))

    @classmethod
    def quantized(cls, weights: npt.ArrayLike, bias: npt.ArrayLike, relu: bool, **more: Any) -> Any:
        """From floating-point weights and bias: the finest unit that int16 allows.

        Weights have shape (inputs, outputs), or (rows, columns, inputs, outputs) to convolve.
        """
        w, b = np.asarray(weights, np.float64), np.asarray(bias, np.float64)
        largest = float(np.abs(w).max())
        shift = int(
            np.clip(np.floor(np.log2(MAX_WEIGHT / largest)) if largest else 0, 0, MAX_SHIFT)
        )
        if not largest <= MAX_WEIGHT:
            raise ModelError(f"a weight of {largest} is too large, or not a number")
        return cls(
            np.rint(np.ldexp(w, shift)).astype(np.int16),
            np.rint(np.ldexp(b, shift + FRACTION_BITS)).astype(np.int64),
            shift,
            relu,
            **more,
        )

    def _total(self) -> npt.NDArray[np.int64]:
        return np.empty(self.bias.size, np.int64)


@dataclass(frozen=True, eq=False)
class Dense(Affine):
    """All inputs to all outputs; weights have shape (inputs, outputs)."""

    def __post_init__(self) -> None:
        if self.weights.ndim != 2:
            raise ModelError("weights of a dense layer have two axes")
        super().__post_init__()

    def output_shape(self, shape: Shape) -> Shape:
        if shape != self.weights.shape[:1]:
            raise ModelError(f"a layer of {self.weights.shape[0]} inputs is given {shape}")
        return self.bias.shape

    def __call__(self, x: Activations) -> Activations:
        out = np.empty((x.shape[0], self.bias.size), np.int32)
        dense(x, self.weights, self.bias, self.shift, self.relu, self._total(), out)
        return out


@dataclass(frozen=True, eq=False)
class Convolution(Affine):
    """Convolution of images, channels last; weights have shape (rows, columns, inputs, outputs).

    Rows and columns are odd; outside of an image all is 0.

    Parameters
    ----------
    stride : int
    """

    stride: int = 1

    def __post_init__(self) -> None:
        if self.weights.ndim != 4 or not all(size % 2 for size in self.weights.shape[:2]):
            raise ModelError("weights of a convolution have four axes, the first two odd")
        if not 1 <= self.stride <= 16:
            raise ModelError(f"stride is {self.stride}, not between 1 and 16")
        super().__post_init__()

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 3 or shape[2] != self.weights.shape[2]:
            raise ModelError(f"a convolution of {self.weights.shape[2]} channels is given {shape}")
        height, width = (-(-size // self.stride) for size in shape[:2])
        return height, width, self.bias.size

    def __call__(self, x: Activations) -> Activations:
        out = np.empty((x.shape[0], *self.output_shape(x.shape[1:])), np.int32)
        shift, relu, stride = self.shift, self.relu, self.stride
        convolve(x, self.weights, self.bias, shift, relu, stride, self._total(), out)
        return out


@dataclass(frozen=True)
class Upsample:
    """Each pixel becomes `factor` by `factor` of the same value."""

    factor: int = 2

    def __post_init__(self) -> None:
        if not 1 <= self.factor <= 16:
            raise ModelError(f"factor is {self.factor}, not between 1 and 16")

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 3:
            raise ModelError(f"only images can be upsampled, not {shape}")
        return shape[0] * self.factor, shape[1] * self.factor, shape[2]

    def __call__(self, x: Activations) -> Activations:
        return x.repeat(self.factor, axis=1).repeat(self.factor, axis=2)


@dataclass(frozen=True)
class Reshape:
    """The same activations in another shape."""

    shape: Shape

    def output_shape(self, shape: Shape) -> Shape:
        if np.prod(shape) != np.prod(self.shape):
            raise ModelError(f"{shape} can't be reshaped to {self.shape}")
        return self.shape

    def __call__(self, x: Activations) -> Activations:
        return x.reshape(x.shape[0], *self.shape)


@dataclass(frozen=True, eq=False)
class Residual:
    """Layers whose result is added to their input: ``x + f(x)``, perhaps rectified."""

    layers: tuple[Layer, ...]
    relu: bool

    def output_shape(self, shape: Shape) -> Shape:
        inner = shape
        for layer in self.layers:
            inner = layer.output_shape(inner)
        if inner != shape:
            raise ModelError(f"a residual of shape {inner} for {shape}")
        return shape

    def __call__(self, x: Activations) -> Activations:
        y = x
        for layer in self.layers:
            y = layer(y)
        # No overflow: both are at most 2^23.
        low = 0 if self.relu else -ACTIVATION_LIMIT
        return np.clip(x + y, low, ACTIVATION_LIMIT)
