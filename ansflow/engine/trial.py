"""Recipes that seem about as good are tried: how much they take is told by what codes them.

What is estimated knows nothing of what contexts and classes of rows gain, and that differs: where a
field of noise gets louder, numbers as they are say more of their neighbours than differences do.
"""

from __future__ import annotations

import math

import numpy as np

from ansflow.buffers import Bytes
from ansflow.frame.body import encode_body
from ansflow.frame.streams.sample import StreamCoding
from ansflow.transforms.choosing.choice import Choice, Gain
from ansflow.transforms.choosing.sample import LONGER, boxes
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe

__all__ = ["contexts_pay", "tried"]

# What another recipe has to save of what the first one takes, and if only a part of all is coded:
# what is written once counts for more there, and neighbours say less.
WORTH_IT, WORTH_IT_IN_PART = 0.003, 0.006
# What contexts have to save, as symbols with contexts take several times as long to decode.
WORTH_CONTEXTS = 0.02
# Estimates of fewer bits say nothing.
FEW_BITS = 0.5


def tried(
    choice: Choice, content: Bytes, layout: Layout, coding: StreamCoding, items: int
) -> Choice:
    """The best of a choice and those that are about as good, by a part of the content.

    Parameters
    ----------
    choice : Choice
    content : contiguous ndarray of uint8
    layout : Layout
    coding : StreamCoding
    items : int
        How many are coded at most, with each recipe.
    """
    in_columns = any(one.recipe.name in ("columns", "groups") for one in (choice, *choice.others))
    part, shape = _part(content, layout, items, in_columns=in_columns)
    rest = 1 - shape.items / layout.items
    worth = WORTH_IT if not rest else WORTH_IT_IN_PART
    best, least = choice, _size(choice.recipe, part, shape, coding)
    for other in choice.others:
        size = _size(other.recipe, part, shape, coding)
        if size < least * (1 - worth) * _favour(best, other) ** rest:
            best, least = other, size
    told = Gain(f"the best of {1 + len(choice.others)} for a part", 8 * least / shape.items)
    # Only the first one knows what each of its stages gains.
    before = choice.gains if best is choice else choice.gains[:1]
    return best._replace(gains=(*before, told))


def contexts_pay(
    recipe: Recipe, content: Bytes, layout: Layout, coding: StreamCoding, items: int
) -> bool:
    """Whether symbols take less with those before them as contexts, by a part of the content."""
    part, shape = _part(content, layout, items, in_columns=False)
    without = _size(recipe, part, shape, coding._replace(order=0))
    return _size(recipe, part, shape, coding._replace(order=1)) < without * (1 - WORTH_CONTEXTS)


def _favour(best: Choice, other: Choice) -> float:
    """By how much the estimates of all are for another recipe, as a part doesn't say enough.

    The more of the content it is, the less these count.
    """
    if best.bits < FEW_BITS:
        return 1.0
    return min(1.0, math.sqrt(best.bits / max(other.bits, FEW_BITS)))


def _size(recipe: Recipe, part: Bytes, shape: Layout, coding: StreamCoding) -> int:
    """Bytes that a part takes."""
    heads, payloads = encode_body(part, shape, recipe, coding)
    return len(heads) + sum([piece.size for piece in payloads])


def _part(content: Bytes, layout: Layout, items: int, *, in_columns: bool) -> tuple[Bytes, Layout]:
    """A box in the middle, with about so many items, and its layout."""
    size = max(items, int(layout.shape[-1] ** 2 / LONGER)) if in_columns else items
    array = content[: layout.nbytes].view(np.dtype((np.void, layout.itemsize)))
    [box] = boxes(array.reshape(layout.shape), size, 1)
    return box.reshape(-1).view(np.uint8), Layout(layout.itemsize, box.shape)
