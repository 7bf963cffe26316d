"""Modules of `torch.nn` as layers: weights in other orders, and the contract of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.nets.activation import Activation, Function
from ansflow.bitsback.nets.affine import Convolution, Dense
from ansflow.bitsback.nets.layers import (
    DepthToSpace,
    Layer,
    Reshape,
    SpaceToDepth,
    Upsample,
)
from ansflow.errors import ModelError

__all__ = ["Place", "is_elementwise", "kind_of", "layers_of"]

Weights = npt.NDArray[np.float64]


class Place(NamedTuple):
    """What matters of the place of a module in its network.

    Attributes
    ----------
    largest : float, optional
        Magnitude of inputs for which sums shall be fast.
    shape : tuple of int
        That of its input in torch, without the batch.
    flattened : tuple of int, optional
        If its input is a flattened image: channels, height and width.
    unflattened : tuple of int, optional
        If its result becomes an image: channels, height and width.
    """

    largest: float | None
    shape: tuple[int, ...]
    flattened: tuple[int, ...] | None
    unflattened: tuple[int, ...] | None


def layers_of(module: Any, place: Place) -> list[Layer]:
    """The layers that a module consists of; ModelError if it breaks the contract."""
    return CONVERTERS[kind_of(module)](module, place)


def is_elementwise(module: Any) -> bool:
    return CONVERTERS[kind_of(module)] in (_nothing, _activation)


def kind_of(module: Any) -> str:
    """The name of its class, or of the one that is parametrized; ModelError for others."""
    for kind in type(module).__mro__:
        if kind.__module__.startswith("torch.nn") and kind.__name__ in CONVERTERS:
            return kind.__name__
    raise ModelError(
        f"{type(module).__name__} is not supported; modules that are: {', '.join(CONVERTERS)}"
    )


def _demand(module: Any, **wanted: Any) -> None:
    """ModelError unless attributes of a module have these values."""
    for name, value in wanted.items():
        found = getattr(module, name)
        if found != value:
            raise ModelError(f"{name} of {kind_of(module)} must be {value!r} here, not {found!r}")


def _parameters(module: Any) -> tuple[Weights, Weights]:
    """Weight, with all parametrizations applied, and bias."""
    weight = module.weight.detach().double().cpu().numpy()
    if module.bias is not None:
        return weight, module.bias.detach().double().cpu().numpy()
    outputs = weight.shape[1 if kind_of(module) == "ConvTranspose2d" else 0]
    return weight, np.zeros(outputs)


def _channels_last(values: Weights, shape: tuple[int, ...]) -> Weights:
    """The first axis, of (channels, height, width), in the order (height, width, channels)."""
    order = np.arange(len(values)).reshape(shape).transpose(1, 2, 0).reshape(-1)
    return values[order]


def _linear(module: Any, place: Place) -> list[Layer]:
    weight, bias = _parameters(module)
    if place.unflattened:
        weight, bias = (_channels_last(v, place.unflattened) for v in (weight, bias))
    weight = weight.T
    if place.flattened:
        weight = _channels_last(weight, place.flattened)
    return [Dense.quantized(weight, bias, False, largest_input=place.largest)]


def _convolution(module: Any, place: Place) -> list[Layer]:
    size, stride = module.kernel_size, module.stride
    same = tuple(n // 2 for n in size)
    if not all(n % 2 for n in size) or stride != (stride[0],) * 2:
        raise ModelError(
            "convolutions must have odd kernels and one stride for rows and columns, not kernels "
            f"of {size} and strides of {stride}"
        )
    _demand(module, groups=1, dilation=(1, 1), padding_mode="zeros")
    if module.padding != "same":
        _demand(module, padding=same)
    weight, bias = _parameters(module)
    return [_convolved(weight.transpose(2, 3, 1, 0), bias, place, stride[0])]


def _convolved(weight: Weights, bias: Weights, place: Place, stride: int = 1) -> Layer:
    layer: Layer = Convolution.quantized(
        weight, bias, False, largest_input=place.largest, stride=stride
    )
    return layer


def _transposed(module: Any, place: Place) -> list[Layer]:
    """A convolution whose results are the pixels of a square of stride by stride each.

    Row y of an input adds row k of the kernel to row ``stride * y - padding + k`` of the result:
    that is row a of square ``y - d`` for ``k = a + padding - stride * d``.
    """
    (stride, *_), (size, *_), (pad, *_) = module.stride, module.kernel_size, module.padding
    extra = module.output_padding[0]
    for name, value in (("stride", stride), ("kernel_size", size), ("padding", pad)):
        _demand(module, **{name: (value, value)})
    _demand(module, groups=1, dilation=(1, 1), output_padding=(extra, extra))
    if size + extra != stride + 2 * pad:
        raise ModelError(
            "a transposed convolution must make images exactly stride times as large: kernel_size "
            f"+ output_padding must be stride + 2 * padding, but {size} + {extra} is not {stride} "
            f"+ 2 * {pad}"
        )
    weight, bias = _parameters(module)
    inputs, outputs = weight.shape[:2]
    reach = max(pad // stride, (size - 1 - pad) // stride, 0) + 1
    window = 2 * reach + 1
    spread = np.zeros((window, window, inputs, outputs, stride, stride))
    shown = [
        (d, a, a + pad - stride * d)
        for d in range(-reach, reach + 1)
        for a in range(stride)
        if 0 <= a + pad - stride * d < size
    ]
    for d, a, k in shown:
        for e, b, m in shown:
            spread[reach + d, reach + e, :, :, a, b] = weight[:, :, k, m]
    used = max(abs(d) for d, _, _ in shown)
    inner = spread[reach - used : reach + used + 1, reach - used : reach + used + 1]
    merged = inner.reshape(*inner.shape[:3], outputs * stride**2)
    layers = [_convolved(merged, bias.repeat(stride**2), place)]
    return layers if stride == 1 else [*layers, DepthToSpace(stride)]


FUNCTIONS: dict[str, tuple[Function, dict[str, Any]]] = {
    "ReLU": ("relu", {}),
    "ELU": ("elu", {"alpha": 1.0}),
    "GELU": ("gelu", {"approximate": "none"}),
    "SiLU": ("silu", {}),
    "Softplus": ("softplus", {"beta": 1.0}),
}


def _activation(module: Any, place: Place) -> list[Layer]:
    function, wanted = FUNCTIONS[kind_of(module)]
    _demand(module, **wanted)
    return [Activation(function)]


def _nothing(module: Any, place: Place) -> list[Layer]:
    return []


def _upsample(module: Any, place: Place) -> list[Layer]:
    _demand(module, mode="nearest", size=None)
    factors = set(np.ravel(module.scale_factor).tolist())
    factor = factors.pop()
    if factors or factor != int(factor):
        raise ModelError(f"upsampling must be by one integer, not by {module.scale_factor}")
    return [Upsample(int(factor))]


def _flatten(module: Any, place: Place) -> list[Layer]:
    if (module.start_dim, module.end_dim) != (1, -1):
        raise ModelError("Flatten must keep the batch, and nothing but the batch")
    if len(place.shape) != 3:
        return []
    return [Reshape((int(np.prod(place.shape)),))]


def _unflatten(module: Any, place: Place) -> list[Layer]:
    channels, height, width = module.unflattened_size
    return [Reshape((height, width, channels))]


CONVERTERS: dict[str, Callable[[Any, Place], list[Layer]]] = {
    "Linear": _linear,
    "Conv2d": _convolution,
    "ConvTranspose2d": _transposed,
    **dict.fromkeys(FUNCTIONS, _activation),
    "PixelShuffle": lambda module, place: [DepthToSpace(module.upscale_factor)],
    "PixelUnshuffle": lambda module, place: [SpaceToDepth(module.downscale_factor)],
    "Upsample": _upsample,
    "Flatten": _flatten,
    "Unflatten": _unflatten,
    **dict.fromkeys(("Identity", "Dropout", "Dropout2d"), _nothing),
}
