"""Layers with weights: dense ones and convolutions."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, real_numbers
from ansflow.bitsback.nets.layers import Layer
from ansflow.bitsback.nets.packing import (
    ACTIVATION_BITS,
    SAFE_RUN,
    Packed,
    Weights,
    packed,
    parts_needed,
)
from ansflow.bitsback.nets.shapes import (
    Activations,
    Shape,
    check_flag,
    checked_integer,
    fixed_shape,
    image_sizes,
)
from ansflow.bitsback.read_only import ReadOnly, read_only
from ansflow.errors import ModelError
from ansflow.kernels.nets.affine import FRACTION_BITS, convolve, spread
from ansflow.kernels.nets.tile import TILE, TILE_OUTPUTS, TILE_PIXELS
from ansflow.lazy import cached_property

__all__ = ["Affine", "Convolution", "Dense"]

MAX_SHIFT = 40
MAX_WEIGHT = (1 << 15) - 1
MAX_BIAS = 1 << 61
MAX_INPUTS = 1 << 23
MAX_STRIDE = 16


@dataclass(frozen=True, eq=False)
class Affine(ReadOnly, Layer):
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

    weights: Weights
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
        check_flag("relu", self.relu)
        # Sums stay below 2^63: fewer than 2^23 products, each of at most 2^38, and the bias.
        if w[..., 0].size >= MAX_INPUTS or np.abs(b.astype(np.float64)).max() > MAX_BIAS:
            raise ModelError(
                f"a layer has at most {MAX_INPUTS - 1} inputs for each output, and biases of at "
                f"most 2**{MAX_BIAS.bit_length() - 1}"
            )

    @classmethod
    def quantized(
        cls,
        weights: npt.ArrayLike,
        bias: npt.ArrayLike,
        relu: bool,
        *,
        largest_input: float | None = None,
        **more: Any,
    ) -> Any:
        """From floating-point weights and bias.

        Parameters
        ----------
        weights : array_like
            Of shape (inputs, outputs), or (rows, columns, inputs, outputs) for convolutions.
        bias : array_like, shape (outputs,)
        relu : bool
            Whether negative results become 0.
        largest_input : float, optional
            By default, weights have the finest unit that int16 allows. With this, it is the
            finest for which sums over inputs of up to this magnitude are fast, because they fit 32
            bits: inputs below 8 take half the time of larger ones. Any inputs have right results.
        **more
            Other parameters of the layer, such as `stride`.

        Raises
        ------
        ModelError
            If weights or biases are not finite, or too large.
        """
        w, b = real_numbers(weights, "weights"), real_numbers(bias, "bias")
        if not w.size or not (np.isfinite(w).all() and np.isfinite(b).all()):
            raise ModelError("weights and bias must be finite, and weights must not be empty")
        shift = min(_bits_left(w, MAX_WEIGHT), _bits_left(b, MAX_BIAS) - FRACTION_BITS, MAX_SHIFT)
        if shift < 0:
            raise ModelError(
                f"weights must be at most {MAX_WEIGHT}, and biases at most 2**49, in magnitude"
            )
        if largest_input is not None:
            largest = math.ceil(math.ldexp(largest_input, FRACTION_BITS))
            parts = 1 if largest < 1 << ACTIVATION_BITS else 2
            while shift and parts_needed(_reach(w, shift), largest) != parts:
                shift -= 1
        return cls(
            _quantized(w, shift).astype(np.int16),
            np.rint(np.ldexp(b, shift + FRACTION_BITS)).astype(np.int64),
            shift,
            relu,
            **more,
        )

    def sums(self, largest_input: float) -> int:
        """How many sums of 32 bits a result takes for inputs up to a magnitude: 1 to 4.

        The time of the layer is proportional to that.
        """
        parts, weights, _ = self._plan(math.ceil(math.ldexp(largest_input, FRACTION_BITS)))
        return parts * len(weights.parts)

    def __getstate__(self) -> dict[str, Any]:
        """The fields: packed weights can be made of them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def _rows(self) -> Weights:
        """Weights of shape (rows, inputs in a row, outputs)."""
        return self.weights.reshape(-1, math.prod(self.weights.shape[-3:-1]), self.bias.size)

    @cached_property
    def _whole(self) -> Packed:
        return packed(self._rows(), 1)

    @cached_property
    def _split(self) -> Packed:
        return packed(self._rows(), 2)

    @cached_property
    def _bias_tiles(self) -> npt.NDArray[np.int64]:
        """The bias of each group of outputs, for each pixel of a tile."""
        groups = -(-self.bias.size // TILE_OUTPUTS)
        bias = np.zeros((groups, 1, TILE_OUTPUTS), np.int64)
        bias.reshape(-1)[: self.bias.size] = self.bias
        tiles = bias.repeat(TILE_PIXELS, axis=1).reshape(groups, TILE)
        tiles.setflags(write=False)
        return tiles

    def _plan(self, largest: int) -> tuple[int, Packed, int]:
        """How activations of up to `largest` are multiplied.

        That is, the parts that these have, the weights, and the pairs for which one sum suffices.
        """
        for weights in (self._whole, self._split):
            parts = parts_needed(weights.reach, largest)
            if parts:
                return parts, weights, weights.pairs * weights.parts.shape[2]
        return 2, self._split, SAFE_RUN

    def _convolve(self, x: Activations, columns: int, stride: int, out: Activations) -> None:
        """Fill `out`, of shape (n, height, width, outputs), with the results for images `x`."""
        n, height, width, channels = x.shape
        rows = self._whole.parts.shape[2]
        # As much of the images, and of the zeros around them, as the windows cover.
        tall, wide = (out.shape[1] - 1) * stride + rows, (out.shape[2] - 1) * stride + columns
        pitch = wide * channels
        place = rows // 2, columns // 2 * channels, tall, pitch

        def copied(parts: int) -> tuple[Weights, int]:
            images = np.zeros((parts, n * tall * pitch + 1), np.int16)
            items = x.reshape(n, height, width * channels)
            return images, int(spread(items, *place, images))

        images, largest = copied(1)
        parts, weights, run = self._plan(largest)
        if parts == 2:
            images, _ = copied(2)
        convolve(
            *(images, (tall * pitch, stride * pitch, stride * channels), pitch),
            *(weights.parts, weights.pairs, run, self._bias_tiles, self.shift, self.relu),
            *(np.empty(TILE_PIXELS, np.int64), np.empty(TILE, np.int32), np.empty(TILE, np.int64)),
            out,
        )


@dataclass(frozen=True, eq=False)
class Dense(Affine):
    """All inputs to all outputs; weights have shape (inputs, outputs).

    `Dense.quantized` makes one of floating-point weights.

    Parameters
    ----------
    weights : ndarray of int16, shape (inputs, outputs)
        In units of ``2**-shift``.
    bias : ndarray of int64, shape (outputs,)
        In units of ``2**-(shift + 12)``.
    shift : int
        0 to 40.
    relu : bool
        Whether negative results become 0.

    Raises
    ------
    ModelError
        If weights and bias are of another type, do not fit each other, or are too many or too
        large, or if inputs have another shape.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback.nets import Dense
    >>> layer = Dense.quantized([[0.5, 1.0], [0.25, -1.0]], [0.0, 1.0], relu=True)
    >>> layer(np.array([[8192, 4096]], np.int32)) / 4096  # for 2 and 1
    array([[1.25, 2.  ]])
    """

    axes = 2

    def output_shape(self, shape: Shape) -> Shape:
        if shape != self.weights.shape[:1]:
            raise ModelError(
                f"the dense layer takes inputs of shape ({self.weights.shape[0]},), not {shape}"
            )
        return self.bias.shape

    def __call__(self, x: Activations) -> Activations:
        self.output_shape(x.shape[1:])
        out = np.empty((len(x), self.bias.size), np.int32)
        # The batch as an image of one row, and its items as pixels.
        self._convolve(x[np.newaxis, np.newaxis], 1, 1, out[np.newaxis, np.newaxis])
        return out


@dataclass(frozen=True, eq=False)
class Convolution(Affine):
    """Convolution of images, channels last; weights have shape (rows, columns, inputs, outputs).

    The numbers of rows and columns are odd. Outside of an image, activations are 0.
    `Convolution.quantized` makes one of floating-point weights.

    Parameters
    ----------
    weights : ndarray of int16, shape (rows, columns, inputs, outputs)
        In units of ``2**-shift``.
    bias : ndarray of int64, shape (outputs,)
        In units of ``2**-(shift + 12)``.
    shift : int
        0 to 40.
    relu : bool
        Whether negative results become 0.
    stride : int
        Pixels from the centre of one result to the next, 1 to 16; the first is over the first
        pixel.

    Raises
    ------
    ModelError
        If weights and bias are of another type, do not fit each other, or are too many or too
        large, if rows, columns or the stride are illegal, or images have other channels.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback.nets import Convolution
    >>> mean = Convolution.quantized(np.ones((3, 3, 1, 1)) / 9, [0.0], relu=False, stride=2)
    >>> image = np.full((1, 5, 4, 1), 9 * 4096, np.int32)  # each pixel is 9
    >>> (mean(image)[0, :, :, 0] / 4096).round(2)
    array([[4., 6.],
           [6., 9.],
           [4., 6.]])
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
        height, width, channels = image_sizes(shape, "a convolution")
        if channels != self.weights.shape[2]:
            raise ModelError(
                f"the convolution takes images of {self.weights.shape[2]} channels, not {channels}"
            )
        strided = (None if size is None else -(-size // self.stride) for size in (height, width))
        return *strided, self.bias.size

    def __call__(self, x: Activations) -> Activations:
        out = np.empty((len(x), *fixed_shape(self.output_shape(x.shape[1:]))), np.int32)
        self._convolve(x, self.weights.shape[1], self.stride, out)
        return out


def _bits_left(values: npt.NDArray[np.float64], most: int) -> int:
    """About the largest n for which no value times 2^n exceeds `most`."""
    largest = float(np.abs(values).max(initial=0.0))
    finest = MAX_SHIFT + FRACTION_BITS
    return math.floor(math.log2(most / largest)) if largest > most * 2.0**-finest else finest


def _quantized(weights: npt.NDArray[np.float64], shift: int) -> npt.NDArray[np.float64]:
    return np.rint(np.ldexp(weights, shift))


def _reach(weights: npt.NDArray[np.float64], shift: int) -> int:
    """The largest sum of magnitudes of the quantized weights of an output."""
    return int(np.abs(_quantized(weights, shift)).reshape(-1, weights.shape[-1]).sum(axis=0).max())
