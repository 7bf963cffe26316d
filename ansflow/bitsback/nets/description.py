"""Layers as JSON values and arrays, which MODEL.md describes, and back.

A layer is described by the fields of its class: arrays go by names of their own, all else is JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.nets.activation import Activation
from ansflow.bitsback.nets.affine import Convolution, Dense
from ansflow.bitsback.nets.layers import (
    Channels,
    DepthToSpace,
    Reshape,
    Residual,
    SpaceToDepth,
    Upsample,
)
from ansflow.bitsback.nets.merges import Add, Concatenate, Crop
from ansflow.errors import ModelError

__all__ = ["Arrays", "Entry", "describe_layer", "restore_layer"]

Arrays = dict[str, npt.NDArray[Any]]
Entry = dict[str, Any]

KINDS: dict[str, Any] = {
    "dense": Dense,
    "convolution": Convolution,
    "activation": Activation,
    "upsample": Upsample,
    "depth_to_space": DepthToSpace,
    "space_to_depth": SpaceToDepth,
    "channels": Channels,
    "reshape": Reshape,
    "residual": Residual,
    "add": Add,
    "concatenate": Concatenate,
    "crop": Crop,
}
KIND_NAMES = {kind: name for name, kind in KINDS.items()}

MAX_DEPTH = 8
ARRAYS = {"weights", "bias"}


def describe_layer(layer: Any, name: str) -> tuple[Entry, Arrays]:
    """A layer as JSON values, and its arrays, whose names begin with `name`."""
    entry: Entry = {"kind": KIND_NAMES[type(layer)]}
    arrays: Arrays = {}
    for field in fields(layer):
        value = getattr(layer, field.name)
        if isinstance(value, np.ndarray):
            arrays[f"{name}.{field.name}"] = value
        elif field.name == "layers":
            described = [describe_layer(inner, f"{name}.{i}") for i, inner in enumerate(value)]
            entry["layers"] = [inner for inner, _ in described]
            for _, more in described:
                arrays |= more
        else:
            entry[field.name] = list(value) if isinstance(value, tuple) else value
    return entry, arrays


def restore_layer(
    entry: Mapping[str, Any], arrays: Mapping[str, Any], name: str, depth: int = 0
) -> Any:
    """Undo `describe_layer`; all kinds of errors if that is not possible."""
    if depth > MAX_DEPTH:
        raise ModelError(f"layers must not be nested deeper than {MAX_DEPTH}")
    values = dict(entry)
    kind = KINDS[values.pop("kind")]
    names = {field.name for field in fields(kind)}
    if values.keys() != names - ARRAYS:
        raise ModelError(
            f"a layer of the kind {KIND_NAMES[kind]!r} must have the keys "
            f"{sorted(names - ARRAYS)}, not {sorted(values)}"
        )
    values |= {field: arrays[f"{name}.{field}"] for field in ARRAYS & names}
    if "shape" in values:
        values["shape"] = tuple(values["shape"])
    if "layers" in values:
        values["layers"] = tuple(
            restore_layer(inner, arrays, f"{name}.{i}", depth + 1)
            for i, inner in enumerate(values["layers"])
        )
    return kind(**values)
