"""Other shapes that an array may be taken for: some of its axes as one with the axis before."""

from __future__ import annotations

import functools
import math

from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.registry import by_name

__all__ = ["axes_of_a_row", "joined", "needless_axes"]

# Numbers of short axes behind the first one that may be columns of a table, at most.
SHORT_ROW = 16

Shape = tuple[int, ...]
Axes = tuple[int, ...]


@functools.lru_cache
def needless_axes(shape: Shape) -> Axes:
    """The axes to join so that none has a length of 1."""
    ones = [axis for axis, length in enumerate(shape) if length == 1]
    if ones[:1] == [0] and len(ones) < len(shape):
        # What is the first axis then.
        ones.append(next(axis for axis, length in enumerate(shape) if length != 1))
    return tuple(sorted(ones)[ones[:1] == [0] :])


@functools.lru_cache
def axes_of_a_row(shape: Shape) -> Axes:
    """The axes to join so that a few numbers behind the first axis are one row, if several are."""
    short = len(shape) > 2 and math.prod(shape[1:]) <= SHORT_ROW
    return tuple(range(2, len(shape))) if short else ()


def joined(layout: Layout, axes: Axes) -> tuple[Recipe, Layout]:
    """What joins these axes, without an output, and the layout of that."""
    [inner] = by_name("join").outputs(axes, layout)
    return Recipe("join", settings=axes), inner
