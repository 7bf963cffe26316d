"""Recipes that seem about as good are tried: how much they take is told by what codes them.

What is estimated knows nothing of what contexts and classes of rows gain, and that differs: where a
field of noise gets louder, numbers as they are say more of their neighbours than differences do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ansflow.buffers import Bytes
from ansflow.frame.body import encode_body
from ansflow.frame.streams.sample import StreamCoding
from ansflow.transforms.choosing.choice import Choice, Gain
from ansflow.transforms.choosing.sample import LONGER, boxes
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe

__all__ = ["contexts_pay", "tried"]

# Of recipes that take more than the best by this share, as a part and the estimates together say,
# those are the worse ones. Others are tried on more, so many times as much.
CLEARLY, MORE = 0.015, 4
# What contexts have to save, as symbols with contexts take several times as long to decode.
WORTH_CONTEXTS = 0.02
# Estimates of fewer bits say nothing, nor does how much more they are than by this share.
FEW_BITS, MUCH_MORE = 0.5, 0.04


def tried(
    choice: Choice, content: Bytes, layout: Layout, coding: StreamCoding, items: int, most: int
) -> Choice:
    """The best of a choice and those that are about as good, by a part of the content.

    Parameters
    ----------
    choice : Choice
    content : contiguous ndarray of uint8
    layout : Layout
    coding : StreamCoding
    items, most : int
        How many are coded with each recipe, about: at first, and with those that these do not tell
        apart.
    """
    left = [choice, *choice.others]
    in_columns = any(one.recipe.name in ("columns", "groups") for one in left)
    while True:
        part, shape = _part(content, layout, items, in_columns=in_columns)
        rest = 1 - shape.items / layout.items
        sizes = [_size(one.recipe, part, shape, coding) for one in left]
        expected = _expected(left)
        scores = [size * more**rest for size, more in zip(sizes, expected, strict=True)]
        least = min(scores)
        close = [
            one for one, score in zip(left, scores, strict=True) if score * (1 - CLEARLY) < least
        ]
        if len(close) == 1 or not rest or items >= most:
            break
        left, items = close, min(most, items * MORE)
    at = scores.index(least)
    best = left[at]
    told = Gain(f"the best of {1 + len(choice.others)} for a part", 8 * sizes[at] / shape.items)
    # Only the first one knows what each of its stages gains.
    before = choice.gains if best is choice else choice.gains[:1]
    return best._replace(gains=(*before, told), others=())


def contexts_pay(
    recipe: Recipe, content: Bytes, layout: Layout, coding: StreamCoding, items: int
) -> bool:
    """Whether symbols take less with those before them as contexts, by a part of the content."""
    part, shape = _part(content, layout, items, in_columns=False)
    without = _size(recipe, part, shape, coding._replace(order=0))
    return _size(recipe, part, shape, coding._replace(order=1)) < without * (1 - WORTH_CONTEXTS)


def _expected(choices: Sequence[Choice]) -> list[float]:
    """How much more than the first of them choices take by the estimates, which count for half.

    A part alone doesn't say enough; the more of the content it is, the less these count beside it.
    What is expected to take less may have been told by a smaller sample.
    """
    bits = [max(one.bits, FEW_BITS) for one in choices]
    return [math.sqrt(min(max(1.0, one / bits[0]), 1 + MUCH_MORE)) for one in bits]


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
