"""Shapes of activations, in which sizes may be free, and the checks that all layers share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.arguments import as_array, integer
from ansflow.errors import ModelError
from ansflow.kernels.nets.affine import ACTIVATION_LIMIT, FRACTION_BITS

__all__ = [
    "Activations",
    "Shape",
    "as_activations",
    "check_flag",
    "checked_integer",
    "checked_shape",
    "fits",
    "fixed_shape",
    "image_sizes",
    "merged",
]

Activations = npt.NDArray[np.int32]

# Of one input or result, without the batch. A size is None if it may be any.
Size = int | None
Shape = tuple[Size, ...]

MAX_SIZE = 1 << 31
UNITS = 1 << FRACTION_BITS


def checked_integer(name: str, value: Any, low: int, high: int) -> int:
    """A number of a model's description; ModelError if it is not an integer within its bounds."""
    return integer(value, name, low, high, error=ModelError, type_error=ModelError)


def check_flag(name: str, value: Any) -> None:
    if type(value) is not bool:
        raise ModelError(f"{name} must be True or False, not {value!r}")


def checked_shape(shape: Iterable[Any]) -> Shape:
    """A shape of sizes of at least 1, or None."""
    return tuple(
        None if size is None else checked_integer("a size", size, 1, MAX_SIZE) for size in shape
    )


def fixed_shape(shape: Shape) -> tuple[int, ...]:
    """The same shape; ModelError if one of its sizes is free."""
    sizes = tuple(size for size in shape if size is not None)
    if len(sizes) < len(shape):
        raise ModelError(f"all sizes must be given here, but the shape is {shape}")
    return sizes


def image_sizes(shape: Shape, layer: str) -> tuple[Size, Size, int]:
    """Height, width and channels; ModelError if that is not the shape of images."""
    if len(shape) != 3 or shape[2] is None:
        raise ModelError(f"{layer} takes images of shape (height, width, channels), not {shape}")
    return shape[0], shape[1], shape[2]


def fits(shape: Sequence[int], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        size in (None, found) for found, size in zip(shape, wanted, strict=True)
    )


def merged(sizes: Sequence[Size], layer: str) -> Size:
    """The size of all inputs along one axis; ModelError if they differ."""
    known = {size for size in sizes if size is not None}
    if len(known) > 1:
        raise ModelError(f"{layer} takes inputs of one size, but theirs are {sorted(known)}")
    return known.pop() if known else None


def as_activations(x: npt.ArrayLike, shape: Shape, name: str = "inputs") -> Activations:
    """Numbers, or activations as int32, as contiguous activations within the limits.

    Raises
    ------
    ModelError
        If there are NaNs.
    ValueError
        If the shape, without the axis of the batch, is another.
    """
    values = as_array(x, name)
    if not values.ndim or not fits(values.shape[1:], shape):
        raise ValueError(f"the network takes {name} of shape {shape}, not {values.shape[1:]}")
    if values.dtype.kind != "i" or values.dtype.itemsize != 4:
        numbers = values.astype(np.float64)
        if np.isnan(numbers).any():
            raise ModelError(f"{name} must not be NaN")
        most = ACTIVATION_LIMIT / UNITS
        values = np.rint(np.clip(numbers, -most, most) * UNITS)
    values = np.clip(values, -ACTIVATION_LIMIT, ACTIVATION_LIMIT)
    return np.ascontiguousarray(values, np.int32)
