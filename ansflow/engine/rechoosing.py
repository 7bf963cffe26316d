"""Choosing a recipe again where the content has changed.

What is decided depends on the content alone, in the order in which it comes, so that neither the
number of threads nor their pace has an influence on what is written.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ansflow.buffers import Bytes
from ansflow.engine.options import Options
from ansflow.transforms.choosing.choose import MOST_AXES
from ansflow.transforms.choosing.cost import entropy
from ansflow.transforms.choosing.sample import LONGER, boxes
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.transform import Unsuitable

__all__ = ["EVERY", "Rechooser"]

# One of so many units is looked at, by so many of its items. That takes a fiftieth of the time that
# it takes to code the units.
EVERY = 4
ITEMS = 4096

# Bits an item may be so much more or less than before until a recipe is looked for. That takes as
# long as coding a unit or two, and is done for half of the units that are looked at, at most.
MORE, LESS = 1.05, 0.9
CREDIT, MOST_CREDIT = 0.5, 2.0

# What another recipe has to save, as a share of all.
WORTH_IT = 0.02

# Chunks that a recipe cannot be applied to get another one each. If this was to be so as often as
# this in a row, when units were looked at, the others get it, too.
UNSUITABLE = 2


class Rechooser:
    """Looks at units of content from time to time, and chooses another recipe if it is worth it.

    Parameters
    ----------
    options : Options
        With the recipe that was chosen.
    dtype : dtype
        What numbers the items are.
    first : bool
        Whether the first unit is looked at, too: it is not if the recipe was chosen by that.
    """

    def __init__(self, options: Options, dtype: np.dtype[Any], *, first: bool) -> None:
        self._options, self._dtype = options, dtype
        # Bits an item with which this recipe is as good as any.
        self._low, self._high = 0.0, math.inf
        if options.gains:
            promised = options.gains[-1].bits
            self._low, self._high = LESS * promised, MORE * promised
        self._next = 0 if first else EVERY
        self._credit = 1.0
        self._unsuitable = 0

    def look(self, unit: Bytes, layout: Layout) -> Options | None:
        """The options from a unit on, if there is a better recipe for it than for those before."""
        self._next -= 1
        if self._next >= 0 or layout.items < ITEMS or len(layout.shape) > MOST_AXES:
            return None
        self._next = EVERY - 1
        self._credit = min(MOST_CREDIT, self._credit + CREDIT)
        recipe = self._options.recipe_for(layout)
        bits = _bits(recipe, unit, layout)
        self._unsuitable = self._unsuitable + 1 if math.isinf(bits) else 0
        if self._low <= bits <= self._high or 0 < self._unsuitable < UNSUITABLE:
            return None
        if self._credit < 1:
            return None
        self._credit -= 1
        other = self._options.rechosen(unit, layout, self._dtype)
        fewer = math.inf
        if other.recipe != self._options.recipe:
            fewer = _bits(other.recipe_for(layout), unit, layout)
        if not fewer < bits * (1 - WORTH_IT):
            self._low, self._high = min(self._low, LESS * bits), max(self._high, MORE * bits)
            return None
        self._options = other
        self._low, self._high = LESS * fewer, MORE * fewer
        return other


def _bits(recipe: Recipe, content: Bytes, layout: Layout) -> float:
    """Bits an item of some of the items; infinity if the recipe cannot be applied to them."""
    if recipe.name == "items":
        width = int(recipe.settings[0])
        recipe, layout = recipe.outputs[0], Layout(width, (layout.items // width,))
    array = content[: layout.nbytes].view(np.dtype((np.void, layout.itemsize)))
    # So many are whole rows of a table.
    in_rows = recipe.name in ("columns", "groups")
    size = max(ITEMS, int(layout.shape[-1] ** 2 / LONGER)) if in_rows else ITEMS
    [items] = boxes(array.reshape(layout.shape), size, 1)
    octets = np.ascontiguousarray(items).reshape(-1).view(np.uint8)
    try:
        _, streams = recipe.forward(octets, Layout(layout.itemsize, items.shape))
    except Unsuitable:
        return math.inf
    bits = 0.0
    for symbols, inner in streams:
        if symbols.size:
            numbers = symbols if inner.itemsize == 1 else symbols.view("<u2")
            bits += entropy(np.bincount(numbers)) * numbers.size
    return bits / int(items.size)
