"""Recipes that seem about as good are tried: how much they take is told by what codes them.

What is estimated knows nothing of what contexts and classes of rows gain, and that differs: where a
field of noise gets louder, numbers as they are say more of their neighbours than differences do.
"""

from __future__ import annotations

from ansflow.buffers import Bytes
from ansflow.frame.body import encode_body
from ansflow.frame.streams.sample import StreamCoding
from ansflow.transforms.choosing.choice import Choice, Gain
from ansflow.transforms.layout import Layout

__all__ = ["tried"]

# What another recipe has to save of what the first one takes: only a part of all is coded.
WORTH_IT = 0.003


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
    part, shape = _part(content, layout, items)
    best, least = choice, _size(choice, part, shape, coding)
    for other in choice.others:
        size = _size(other, part, shape, coding)
        if size < least * (1 - WORTH_IT):
            best, least = other, size
    told = Gain(f"the best of {1 + len(choice.others)} for a part", 8 * least / shape.items)
    # Only the first one knows what each of its stages gains.
    before = choice.gains if best is choice else choice.gains[:1]
    return best._replace(gains=(*before, told))


def _size(choice: Choice, part: Bytes, shape: Layout, coding: StreamCoding) -> int:
    """Bytes that it takes."""
    heads, payloads = encode_body(part, shape, choice.recipe, coding)
    return len(heads) + sum([piece.size for piece in payloads])


def _part(content: Bytes, layout: Layout, items: int) -> tuple[Bytes, Layout]:
    """Whole rows from the middle, with about so many items, and their layout."""
    rows, *others = layout.shape
    row = layout.items // rows
    count = min(rows, max(1, items // row))
    begin = (rows - count) // 2 * row * layout.itemsize
    shape = Layout(layout.itemsize, (count, *others))
    return content[begin : begin + shape.nbytes], shape
