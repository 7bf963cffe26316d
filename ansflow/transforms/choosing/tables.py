"""Tables: many quantities side by side, each of which gets a recipe of its own.

A picture or a field has a last axis as long as a table may have, and its rows are more like each
other. So it is asked first how much a column says of how large its numbers are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.transforms.choosing.axes import orders
from ansflow.transforms.choosing.choice import Choice
from ansflow.transforms.choosing.columns import each_by_itself, in_groups, taken_apart
from ansflow.transforms.choosing.cost import ways_bits
from ansflow.transforms.choosing.effort import Effort
from ansflow.transforms.choosing.mapped import Kind, Mapped, Numbers
from ansflow.transforms.choosing.numbers import choose_numbers
from ansflow.transforms.choosing.sample import boxes, few_boxes
from ansflow.transforms.columns import MOST
from ansflow.transforms.recipe import Recipe

__all__ = ["groups_of_table", "may_be_table", "or_apart", "or_table"]

# Places along the last axis; with fewer, all that a picture or a field may be is tried, too.
COLUMNS = range(17, 513)

# A table is so many times as long as it is wide. Of its rows a sample has one for so many items
# that it may have, in so many boxes; fewer say too little of a column.
LONGER = 4
ITEMS_PER_ROW, BOXES, FEWEST_ROWS = 32, 8, 512

# Bits that columns must tell of the binary exponents of their numbers, modulo so many, by so many
# rows, about: there are so few exponents that more say the same.
TOLD, TOLD_SURELY, EXPONENTS, ROWS = 0.4, 0.8, 32, 256
EXPONENT_FROM = np.uint64(52)  # the first bit of a binary64 number's

# Differences along columns take clearly less than those along rows if they do by that share, in so
# many numbers, of boxes that are not too short.
CLEARLY, TOLD_BY, SHORTEST = 0.02, 1 << 12, 6
ALONG_COLUMNS, ALONG_ROWS = ((), (1,)), ((2,), (1, 2))

# What recipes for many columns must gain, as so many streams take their time.
WORTH_COLUMNS = 0.05

LETTERS = {"unsigned": "u", "signed": "i", "float": "f"}


def may_be_table(array: npt.NDArray[Any]) -> bool:
    """Whether an array has the shape of a table."""
    if array.ndim != 2:
        return False
    rows, count = array.shape
    return count in COLUMNS and rows >= max(LONGER * count, FEWEST_ROWS)


def groups_of_table(array: Numbers, sample: Numbers, kind: Kind) -> tuple[Choice | None, bool]:
    """Recipes for columns that are alike, if there are some in what clearly is a table.

    And whether nothing else need be looked at.
    """
    if kind.effort.most_others or kind.effort.quick:
        return None, False
    bits = _bits_of_clear_table(np.ascontiguousarray(sample).view(array.dtype), kind)
    rows = _rows_of(array, kind, surely=True) if bits < math.inf else None
    found = None if rows is None else in_groups(rows, kind)
    return found, found is not None and found.bits < bits * (1 - WORTH_COLUMNS)


def or_table(array: Numbers, together: Choice, kind: Kind) -> Choice:
    """Recipes for columns of a table that are alike, or for each, if these are better than one."""
    rows = None if _goes_along_rows(together.recipe) else _rows_of(array, kind)
    if rows is None:
        return together
    found = [in_groups(rows, kind)]
    if kind.effort.most_others and _may_be_apart(rows, kind):
        found.insert(0, each_by_itself([*map(choose_numbers, *taken_apart(rows, kind))], rows))
    return or_apart([one for one in found if one is not None], together, kind.effort)


def or_apart(found: Sequence[Choice], together: Choice, effort: Effort) -> Choice:
    """The first of some choices for columns, beside the others, or one for all of them."""
    if not found or found[0].bits > together.bits * (1 - WORTH_COLUMNS):
        return together
    return found[0].beside([*found[1:], together], effort.most_others)


def _may_be_apart(rows: Numbers, kind: Kind) -> bool:
    """Whether each column may have a recipe of its own."""
    count = rows.shape[-1]
    return count <= MOST and kind.has_room_for(count, rows.itemsize)


def _rows_of(array: npt.NDArray[Any], kind: Kind, *, surely: bool = False) -> Numbers | None:
    """Some rows of a table, shape (boxes, rows, columns); None if it is none, or not surely.

    Parameters
    ----------
    array : contiguous ndarray of unsigned integers, shape (rows, columns)
        The bytes of items as numbers, whatever their byte order. It may be one.
    kind : Kind
    surely : bool
        Whether columns have to tell more.
    """
    count = array.shape[1]
    some = kind.effort.size // ITEMS_PER_ROW
    if some < FEWEST_ROWS:
        return None
    whole = boxes(array.view(f"V{count * array.itemsize}")[:, 0], some, BOXES)
    found = whole.view(array.dtype).reshape(*whole.shape, count)
    return found if _told(found, kind) > (TOLD_SURELY if surely else TOLD) else None


def _bits_of_clear_table(sample: Numbers, kind: Kind) -> float:
    """Bits a number, if a sample clearly says that neighbours in a row say little of it.

    Otherwise they are infinite. The sample has the shape (boxes, rows, columns).
    """
    in_order = Mapped(few_boxes(sample, TOLD_BY)).through(kind, *kind.ordered())
    if in_order is None or min(sample.shape[1:]) < SHORTEST:
        return math.inf
    told = ways_bits(in_order.numbers, orders(ALONG_COLUMNS + ALONG_ROWS, 3), kind.items)
    columns, rows = (min(told[:2]), min(told[2:]))
    return columns if columns < rows * (1 - CLEARLY) else math.inf


def _told(rows: Numbers, kind: Kind) -> float:
    """Bits that columns and the exponents of their numbers say of each other."""
    count = rows.shape[-1]
    dtype = f"{'>' if kind.big_endian else '<'}{LETTERS[kind.name]}{rows.itemsize}"
    some = np.ascontiguousarray(rows[:, :: max(1, rows.size // count // ROWS)])
    with np.errstate(invalid="ignore"):  # for signalling NaNs
        doubles = some.view(dtype).reshape(-1, count).astype(np.float64)
    exponents = (doubles.view(np.uint64) >> EXPONENT_FROM).astype(np.intp) % EXPONENTS
    places = exponents + EXPONENTS * np.arange(count)
    counts = np.bincount(places.reshape(-1), minlength=EXPONENTS * count).reshape(count, -1)
    known = _weighted(counts) - _weighted(counts.sum(axis=0)) - _weighted(counts.sum(axis=1))
    return math.log2(exponents.size) + known / exponents.size


def _goes_along_rows(recipe: Recipe) -> bool:
    """Whether a recipe for all columns predicts them by each other: they are alike."""
    match recipe.name:
        case "delta" if 1 in recipe.settings:
            return True
        case "stencil":
            return True
        case "period":
            return False  # whose rows are not those of the table
    return any(map(_goes_along_rows, recipe.outputs[:1]))


def _weighted(counts: npt.NDArray[np.intp]) -> float:
    """The sum of counts times their logarithms."""
    seen = counts[counts > 0]
    return float(seen @ np.log2(seen))
