"""Layers: functions of batches of activations, in fixed point."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer, real_numbers
from ansflow.bitsback.read_only import ReadOnly, read_only
from ansflow.errors import ModelError
from ansflow.kernels.nets.affine import (
    ACTIVATION_LIMIT,
    FRACTION_BITS,
    convolve,
    convolve_planes,
    dense,
)

__all__ = [
    "Activations",
    "Convolution",
    "Dense",
    "Layer",
    "Reshape",
    "Residual",
    "Upsample",
    "checked_integer",
]

Activations = npt.NDArray[np.int32]
Shape = tuple[int, ...]

MAX_SHIFT = 40
MAX_WEIGHT = (1 << 15) - 1
MAX_BIAS = 1 << 61
MAX_INPUTS = 1 << 23
MAX_STRIDE = 16
FEW_OUTPUTS = 24


class Layer(Protocol):
    """A function of activations, whose first axis is the batch."""

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of one result for an input of `shape`; ModelError for an illegal shape."""

    def __call__(self, x: Activations) -> Activations:
        """Activations of shape (batch, ...) to activations of shape (batch, ...)."""


def checked_integer(name: str, value: Any, low: int, high: int) -> int:
    """A number of a model's description; ModelError if it is not an integer within its bounds."""
    return integer(value, name, low, high, error=ModelError, type_error=ModelError)


def _check_relu(value: Any) -> None:
    if type(value) is not bool:
        raise ModelError(f"relu must be True or False, not {value!r}")


def _bits_left(values: npt.NDArray[np.float64], most: int) -> int:
    """About the largest n for which no value times 2^n exceeds `most`."""
    largest = float(np.abs(values).max(initial=0.0))
    finest = MAX_SHIFT + FRACTION_BITS
    return math.floor(math.log2(most / largest)) if largest > most * 2.0**-finest else finest


@dataclass(frozen=True, eq=False)
class Affine(ReadOnly):
    """Weights and bias in units of ``2**-shift`` and ``2**-(shift + 12)``.

    Parameters
    ----------
    weights : ndarray of int16, the last axis is that of the outputs
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

    axes: ClassVar[int]

    def __post_init__(self) -> None:
        if not all(isinstance(values, np.ndarray) for values in (self.weights, self.bias)):
            raise ModelError("weights and bias must be arrays")
        # Copies in one memory order, so that kernels are compiled once.
        for name in ("weights", "bias"):
            values = as_array(getattr(self, name), name)
            object.__setattr__(self, name, read_only(np.array(values, order="C")))
        w, b = self.weights, self.bias
        if w.dtype != np.int16 or b.dtype != np.int64 or b.shape != w.shape[-1:] or not w.size:
            raise ModelError(
                "weights must be int16 and not empty, and bias int64, one for each output"
            )
        if w.ndim != self.axes:
            raise ModelError(
                f"weights of {type(self).__name__} must have {self.axes} axes, not {w.ndim}"
            )
        shift = checked_integer("shift", self.shift, 0, MAX_SHIFT)
        object.__setattr__(self, "shift", shift)
        _check_relu(self.relu)
        # Sums stay below 2^63: fewer than 2^23 products, each of at most 2^38, and the bias.
        if w[..., 0].size >= MAX_INPUTS or np.abs(b.astype(np.float64)).max() > MAX_BIAS:
            raise ModelError(
                f"a layer has at most {MAX_INPUTS - 1} inputs for each output, and biases of at "
                f"most 2**{MAX_BIAS.bit_length() - 1}"
            )

    @classmethod
    def quantized(cls, weights: npt.ArrayLike, bias: npt.ArrayLike, relu: bool, **more: Any) -> Any:
        """From floating-point weights and bias, in the finest unit that int16 allows.

        Weights have shape (inputs, outputs), or (rows, columns, inputs, outputs) for convolutions.
        """
        w, b = real_numbers(weights, "weights"), real_numbers(bias, "bias")
        if not w.size or not (np.isfinite(w).all() and np.isfinite(b).all()):
            raise ModelError("weights and bias must be finite, and weights must not be empty")
        shift = min(_bits_left(w, MAX_WEIGHT), _bits_left(b, MAX_BIAS) - FRACTION_BITS, MAX_SHIFT)
        if shift < 0:
            raise ModelError(
                f"weights must be at most {MAX_WEIGHT}, and biases at most 2**49, in magnitude"
            )
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

    axes = 2

    def output_shape(self, shape: Shape) -> Shape:
        if shape != self.weights.shape[:1]:
            raise ModelError(
                f"the dense layer takes inputs of shape ({self.weights.shape[0]},), not {shape}"
            )
        return self.bias.shape

    def __call__(self, x: Activations) -> Activations:
        out = np.empty((x.shape[0], *self.output_shape(x.shape[1:])), np.int32)
        dense(x, self.weights, self.bias, self.shift, self.relu, self._total(), out)
        return out


@dataclass(frozen=True, eq=False)
class Convolution(Affine):
    """Convolution of images, channels last; weights have shape (rows, columns, inputs, outputs).

    The numbers of rows and columns are odd. Outside of an image, activations are 0.

    Parameters
    ----------
    stride : int
    """

    stride: int = 1

    axes = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not all(size % 2 for size in self.weights.shape[:2]):
            raise ModelError("a convolution must have odd numbers of rows and columns")
        stride = checked_integer("stride", self.stride, 1, MAX_STRIDE)
        object.__setattr__(self, "stride", stride)

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 3 or shape[2] != self.weights.shape[2]:
            raise ModelError(
                f"the convolution takes images of shape (height, width, {self.weights.shape[2]}), "
                f"not {shape}"
            )
        height, width = (-(-size // self.stride) for size in shape[:2])
        return height, width, self.bias.size

    def __call__(self, x: Activations) -> Activations:
        out = np.empty((x.shape[0], *self.output_shape(x.shape[1:])), np.int32)
        params = self.weights, self.bias, self.shift, self.relu
        if self.stride == 1 and self.bias.size < FEW_OUTPUTS:
            (height, width, inputs), (rows, columns) = x.shape[1:], self.weights.shape[:2]
            pitch = width + columns - 1
            planes = np.zeros((inputs, (height + rows - 1) * pitch), np.int32)
            total = np.empty(height * pitch - columns + 1, np.int64)
            convolve_planes(x, *params, planes, total, out)
        else:
            convolve(x, *params, self.stride, self._total(), out)
        return out


@dataclass(frozen=True)
class Upsample:
    """Each pixel becomes `factor` by `factor` of the same value."""

    factor: int = 2

    def __post_init__(self) -> None:
        factor = checked_integer("factor", self.factor, 1, MAX_STRIDE)
        object.__setattr__(self, "factor", factor)

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 3:
            raise ModelError(
                f"upsampling takes images of shape (height, width, channels), not {shape}"
            )
        return shape[0] * self.factor, shape[1] * self.factor, shape[2]

    def __call__(self, x: Activations) -> Activations:
        return x.repeat(self.factor, axis=1).repeat(self.factor, axis=2)


@dataclass(frozen=True)
class Reshape:
    """The same activations in another shape."""

    shape: Shape

    def __post_init__(self) -> None:
        shape = tuple(checked_integer("a size", size, 1, 1 << 31) for size in self.shape)
        object.__setattr__(self, "shape", shape)

    def output_shape(self, shape: Shape) -> Shape:
        if math.prod(shape) != math.prod(self.shape):
            raise ModelError(f"{shape} cannot be reshaped to {self.shape}")
        return self.shape

    def __call__(self, x: Activations) -> Activations:
        return x.reshape(x.shape[0], *self.shape)


@dataclass(frozen=True, eq=False)
class Residual:
    """Layers whose result is added to their input: ``x + f(x)``, optionally rectified."""

    layers: tuple[Layer, ...]
    relu: bool

    def __post_init__(self) -> None:
        _check_relu(self.relu)

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
        y = x
        for layer in self.layers:
            y = layer(y)
        # No overflow, as both are at most 2^23.
        low = 0 if self.relu else -ACTIVATION_LIMIT
        total: Activations = np.clip(x + y, low, ACTIVATION_LIMIT)
        return total
