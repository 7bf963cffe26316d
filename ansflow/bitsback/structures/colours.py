"""Colours of vertices that do not depend on their labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.bitsback.structures.graph import Graph
from ansflow.errors import ModelError
from ansflow.kernels.structures.refinement import refine

__all__ = ["Colours", "edge_numbers", "refined", "vertex_numbers"]

Colours = npt.NDArray[np.uint64]


def refined(graph: Graph, rounds: int) -> Colours:
    """Colours after so many rounds, shape (n,).

    Vertices that an automorphism exchanges have the same. Two others may, by chance, which is as
    likely as one in 2^64.
    """
    colours, sums = vertex_numbers(graph), np.empty(graph.n, np.uint64)
    values = edge_numbers(graph)
    for _ in range(rounds):
        refine(colours, graph.edges, values, sums)
    return colours


def vertex_numbers(graph: Graph) -> Colours:
    """The values of vertices as numbers, all 0 if there are none; a new array."""
    if graph.vertex_values is None:
        return np.zeros(graph.n, np.uint64)
    return _numbers(graph.vertex_values)


def edge_numbers(graph: Graph) -> Colours:
    """The values of edges as numbers; a single 0 if there are none."""
    if graph.edge_values is None:
        return np.zeros(1, np.uint64)
    # Products with an odd number differ, and are not those of colours.
    return _numbers(graph.edge_values) * np.uint64(0xD6E8_FEB8_6659_FD93)


def _numbers(values: npt.NDArray[Any]) -> Colours:
    if values.dtype.kind in "iub":
        return values.astype(np.int64 if values.dtype.kind == "i" else np.uint64).view(np.uint64)
    if values.dtype.kind == "f" and values.dtype.itemsize <= 8:
        return values.astype(np.float64).view(np.uint64)
    raise ModelError(
        f"values of unlabelled graphs must be integers, booleans or floats, not {values.dtype}"
    )
