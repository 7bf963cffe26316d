"""A recipe for an array of any dtype."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ansflow.buffers import Bytes
from ansflow.extension_dtypes import stand_in
from ansflow.transforms.choosing.choice import (
    WORTH_IT,
    Choice,
    Gain,
    better,
)
from ansflow.transforms.choosing.cost import plain_bits
from ansflow.transforms.choosing.effort import effort_of
from ansflow.transforms.choosing.mapped import SMALL, Kind
from ansflow.transforms.choosing.sample import boxes
from ansflow.transforms.choosing.shapes import axes_of_a_row, joined, needless_axes
from ansflow.transforms.choosing.tables import (
    groups_of_table,
    may_be_table,
    or_apart,
    or_table,
)
from ansflow.transforms.choosing.typed import KINDS, of_numbers, of_type
from ansflow.transforms.items import MAX_SIZE
from ansflow.transforms.layout import Layout
from ansflow.transforms.node import MAX_STREAMS
from ansflow.transforms.numbers import TYPES, WIDTHS
from ansflow.transforms.plain import plain_recipe
from ansflow.transforms.planes import MAX_PLANES
from ansflow.transforms.recipe import Recipe

__all__ = ["CHUNK_ITEMS", "choose"]

# With fewer items there is nothing to choose by: what is written once takes more than is gained.
FEWEST = 32

# With fewer items, the plain recipe may be best.
PLAIN_UP_TO = 8192

# A sample has an axis more, and NumPy's arrays have no more than 64.
MOST_AXES = 32

# A sample has at least so many items, though that may be a larger part than it should be.
FEW = 4096

# Items that a chunk has where nothing else is said: enough that what is done once for each, mostly
# in Python, takes a tenth of the time, and few enough that one row is soon at hand.
CHUNK_ITEMS = 1 << 20


def choose(content: Bytes, layout: Layout, dtype: np.dtype[Any], level: int) -> Choice | None:
    """Return a recipe for items, or None if nothing is known that is better than their bytes.

    Parameters
    ----------
    content : contiguous ndarray of uint8
        The items, or the first of them.
    layout : Layout
        Of items of the dtype, or of bytes, which are such items one after the other.
    dtype : dtype
    level : int
        1 to 9: how long to look for it, and how slow it may be.
    """
    found, effort = _choose(content, layout, dtype, level), effort_of(level)
    if not effort.below:
        return found
    lower = choose(content, layout, dtype, effort.below)
    if found is None or lower is None:
        return found or lower
    return found.above(lower, effort.most_others)


def _choose(content: Bytes, layout: Layout, dtype: np.dtype[Any], level: int) -> Choice | None:
    """The same without what a lower level chooses."""
    width = dtype.itemsize
    if not width or not layout.nbytes or len(layout.shape) > MOST_AXES:
        return None
    # Bytes are items one after the other, or those of large items, which are an axis.
    of_bytes = layout.itemsize == 1 and (len(layout.shape) == 1 or layout.shape[-1:] == (width,))
    if 1 < width <= MAX_SIZE and of_bytes:
        numbers = Layout(width, (layout.items // width,))
        found = _choose(content[: numbers.nbytes], numbers, dtype, level)
        return found and found.inside(Recipe("items", (Recipe(),), (width,)))
    if layout.itemsize != width or layout.items < FEWEST:
        return None
    needless = needless_axes(layout.shape)
    if needless:
        outer, inner = joined(layout, needless)
        found = _choose(content, inner, dtype, level)
        return found and found.inside(outer)
    found = _in_axes(content, layout, dtype, level)
    row = axes_of_a_row(layout.shape)
    if not row:
        return found
    outer, inner = joined(layout, row)
    other = _in_axes(content, inner, dtype, level)
    return _better(found, other and other.inside(outer), level)


def _better(found: Choice | None, other: Choice | None, level: int) -> Choice | None:
    """The better one of two, beside which the other may be tried."""
    if found is None or other is None:
        return found or other
    best = better(found, other)
    return best.beside([found if best is other else other], effort_of(level).most_others)


def _in_axes(content: Bytes, layout: Layout, dtype: np.dtype[Any], level: int) -> Choice | None:
    """The same for items that are at least a few, in the axes that they have."""
    width, items, effort = dtype.itemsize, layout.items, effort_of(level)
    dtype = stand_in(dtype)
    cell = TYPES.get(width) or f"V{width}"  # numbers are copied faster
    array = content.view(cell).reshape(layout.shape)
    size = min(effort.size, items if items <= SMALL else max(FEW, items // effort.part))
    sample = boxes(array, size, effort.boxes)
    whole_rows = sample.shape[1:][-1:] == layout.shape[-1:]
    all_items = array.reshape(-1) if dtype.kind in KINDS and width in WIDTHS else None
    chunk = min(CHUNK_ITEMS, items)
    kind = Kind("", False, effort, chunk, MAX_STREAMS, whole_rows, all_items)
    numbers = of_numbers(kind, dtype) if may_be_table(array) else None
    choice, surely = (None, False) if numbers is None else groups_of_table(array, sample, numbers)
    if not surely:
        groups, choice = choice, of_type(array, sample, dtype, kind, partial(_choose, level=level))
        if groups is not None and choice is not None:
            choice = or_apart([groups], choice, effort)
        elif choice is not None and numbers is not None:
            choice = or_table(array, choice, numbers)
    if choice is None or choice.bits > 8 * width * (1 - WORTH_IT):
        return None
    # The streams of many stages take more than they gain if there are few items.
    if items < PLAIN_UP_TO:
        bits = plain_bits(content.reshape(-1, width))
        if bits < choice.bits and width > MAX_PLANES:
            return None  # their bytes are one stream
        if bits < choice.bits:
            plain = plain_recipe(layout)
            return Choice(plain, bits, (Gain("as they are", 8.0 * width), Gain((plain,), bits)))
    return choice
