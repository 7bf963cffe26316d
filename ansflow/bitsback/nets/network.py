"""A sequence of layers, and its description as JSON values and arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.nets.description import Arrays, Entry, describe_layer, restore_layer
from ansflow.bitsback.nets.layers import Layer
from ansflow.bitsback.nets.shapes import Activations, Shape, as_activations, checked_shape
from ansflow.errors import ModelError

__all__ = ["Network"]


class Network:
    """Layers that are applied one after another.

    Parameters
    ----------
    layers : sequence of Layer
    input_shape : tuple of int or None
        Shape of one input. A size is None if it may be any: a network of convolutions with the
        shape ``(None, None, 3)`` takes images of any height and width.

    Attributes
    ----------
    output_shape : tuple of int or None
        Shape of one result; None where it depends on that of the input.

    Raises
    ------
    ModelError
        If a layer does not take the shape that the one before it returns.

    See Also
    --------
    Graph : Layers of several inputs, and several results.

    Examples
    --------
    >>> import numpy as np
    >>> from ansflow.bitsback.nets import Dense, Network
    >>> net = Network([Dense.quantized(np.eye(3) / 2, [0.25, 0, 0], relu=True)], (3,))
    >>> net(np.array([[1.0, 3.0, -1.0]]))  # in units of 2^-12
    array([[3072, 6144,    0]], dtype=int32)
    """

    def __init__(self, layers: Sequence[Layer], input_shape: Shape) -> None:
        self.layers = tuple(layers)
        self.input_shape = checked_shape(input_shape)
        self.output_shape = self._shape_of_results(self.input_shape)

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

        Raises
        ------
        ModelError
            If an input is NaN, or a layer does not take images of this size.
        ValueError
            If the shape of the inputs is not that of the network.
        """
        values = as_activations(x, self.input_shape)
        shape = len(values), *self._shape_of_results(values.shape[1:])
        for layer in self.layers:
            values = layer(values)
        if values.dtype != np.int32 or values.shape != shape:
            raise ModelError(
                f"the layers must return int32 of shape {shape[1:]}, not {values.dtype} "
                f"of shape {values.shape[1:]}"
            )
        return values

    def _shape_of_results(self, shape: Shape) -> Shape:
        for layer in self.layers:
            shape = checked_shape(layer.output_shape(shape))
        return shape

    def describe(self, name: str) -> tuple[list[Entry], Arrays]:
        """The layers as JSON values, and their arrays, whose names begin with `name`."""
        entries: list[Entry] = []
        arrays: Arrays = {}
        for i, layer in enumerate(self.layers):
            entry, own = describe_layer(layer, f"{name}.{i}")
            entries.append(entry)
            arrays |= own
        return entries, arrays

    @classmethod
    def from_description(
        cls,
        description: Sequence[Mapping[str, Any]],
        arrays: Mapping[str, npt.NDArray[Any]],
        name: str,
        input_shape: Shape,
    ) -> Network:
        """Undo `describe`; ModelError if that is not possible."""
        try:
            layers = [
                restore_layer(entry, arrays, f"{name}.{i}") for i, entry in enumerate(description)
            ]
            return cls(layers, input_shape)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(f"the description of the network is malformed: {error!r}") from error
