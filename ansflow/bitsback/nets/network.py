"""A sequence of layers, and its description as JSON values and arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array
from ansflow.bitsback.nets.layers import (
    Activations,
    Affine,
    Convolution,
    Dense,
    Layer,
    Reshape,
    Residual,
    Upsample,
    checked_integer,
)
from ansflow.errors import ModelError
from ansflow.kernels.nets.affine import ACTIVATION_LIMIT, FRACTION_BITS

__all__ = ["Network"]

Arrays = dict[str, npt.NDArray[Any]]


class Network:
    """Layers that are applied one after another.

    Parameters
    ----------
    layers : sequence of Layer
    input_shape : tuple of int
        Shape of one input.

    Attributes
    ----------
    output_shape : tuple of int
        Shape of one result.

    Raises
    ------
    ModelError
        If a layer does not take the shape that the one before it returns.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback.nets import Dense, Network
    >>> net = Network([Dense.quantized(np.eye(3) / 2, [0.25, 0, 0], relu=True)], (3,))
    >>> net(np.array([[1.0, 3.0, -1.0]]))  # in units of 2^-12
    array([[3072, 6144,    0]], dtype=int32)
    """

    def __init__(self, layers: Sequence[Layer], input_shape: tuple[int, ...]) -> None:
        self.layers = tuple(layers)
        self.input_shape = tuple(
            checked_integer("a size", size, 1, 1 << 31) for size in input_shape
        )
        shape = self.input_shape
        for layer in self.layers:
            shape = layer.output_shape(shape)
        self.output_shape = shape

    def __call__(self, x: npt.ArrayLike) -> Activations:
        """Evaluate the network for a batch.

        Parameters
        ----------
        x : array_like, shape (batch, *input_shape)
            Numbers, which are rounded to multiples of 2^-12; or activations, int32, in units of
            2^-12. They are clipped to -2048 to 2048.

        Returns
        -------
        ndarray of int32, shape (batch, *output_shape)
            In units of 2^-12.
        """
        values = as_array(x, "inputs")
        if values.shape[1:] != self.input_shape:
            raise ValueError(
                f"the network takes inputs of shape {self.input_shape}, not {values.shape[1:]}"
            )
        if values.dtype.kind != "i" or values.dtype.itemsize != 4:
            numbers = values.astype(np.float64)
            if np.isnan(numbers).any():
                raise ModelError("inputs must not be NaN")
            most = math.ldexp(ACTIVATION_LIMIT, -FRACTION_BITS)
            values = np.rint(np.ldexp(np.clip(numbers, -most, most), FRACTION_BITS))
        values = np.clip(values, -ACTIVATION_LIMIT, ACTIVATION_LIMIT)
        values = np.ascontiguousarray(values, np.int32)
        count = len(values)
        for layer in self.layers:
            values = layer(values)
        if values.dtype != np.int32 or values.shape != (count, *self.output_shape):
            raise ModelError(
                f"the layers must return int32 of shape {self.output_shape}, not {values.dtype} "
                f"of shape {values.shape[1:]}"
            )
        return values

    def describe(self, name: str) -> tuple[list[dict[str, Any]], Arrays]:
        """The layers as JSON values, and their arrays, whose names begin with `name`."""
        return _describe(self.layers, name)

    @classmethod
    def from_description(
        cls,
        description: Sequence[Mapping[str, Any]],
        arrays: Mapping[str, npt.NDArray[Any]],
        name: str,
        input_shape: tuple[int, ...],
    ) -> Network:
        """Undo `describe`; ModelError if that is not possible."""
        try:
            return cls(_restore(description, arrays, name), input_shape)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(f"the description of the network is malformed: {error!r}") from error


def _describe(layers: Sequence[Layer], name: str) -> tuple[list[dict[str, Any]], Arrays]:
    description: list[dict[str, Any]] = []
    arrays: Arrays = {}
    for i, layer in enumerate(layers):
        own = f"{name}.{i}"
        entry: dict[str, Any] = {"kind": KIND_NAMES[type(layer)]}
        if isinstance(layer, Affine):
            entry |= {"shift": layer.shift, "relu": layer.relu}
            arrays |= {f"{own}.weights": layer.weights, f"{own}.bias": layer.bias}
        if isinstance(layer, Convolution):
            entry["stride"] = layer.stride
        elif isinstance(layer, Upsample):
            entry["factor"] = layer.factor
        elif isinstance(layer, Reshape):
            entry["shape"] = list(layer.shape)
        elif isinstance(layer, Residual):
            inner, more = _describe(layer.layers, own)
            entry |= {"relu": layer.relu, "layers": inner}
            arrays |= more
        description.append(entry)
    return description, arrays


def _restore(
    description: Sequence[Mapping[str, Any]], arrays: Mapping[str, Any], name: str, depth: int = 0
) -> list[Layer]:
    if depth > MAX_DEPTH:
        raise ModelError(f"layers must not be nested deeper than {MAX_DEPTH}")
    layers: list[Layer] = []
    for i, entry in enumerate(description):
        fields = dict(entry)
        kind = KINDS[fields.pop("kind")]
        if issubclass(kind, Affine):
            fields["weights"] = arrays[f"{name}.{i}.weights"]
            fields["bias"] = arrays[f"{name}.{i}.bias"]
        elif kind is Reshape:
            fields["shape"] = tuple(fields["shape"])
        elif kind is Residual:
            fields["layers"] = tuple(_restore(fields["layers"], arrays, f"{name}.{i}", depth + 1))
        layers.append(kind(**fields))
    return layers


MAX_DEPTH = 8

KINDS: dict[str, Any] = {
    "dense": Dense,
    "convolution": Convolution,
    "upsample": Upsample,
    "reshape": Reshape,
    "residual": Residual,
}
KIND_NAMES = {kind: name for name, kind in KINDS.items()}
