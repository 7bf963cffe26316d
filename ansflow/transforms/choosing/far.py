"""Numbers that others far back predict, which the boxes of a sample are too short for."""

from __future__ import annotations

import numpy as np

from ansflow.kernels.transforms.lookback import sum_lengths
from ansflow.transforms.choosing.choice import Choice, Gain
from ansflow.transforms.choosing.cost import log_bits, recipe_bits, symbol_bits
from ansflow.transforms.choosing.mapped import Kind, Mapped, Numbers
from ansflow.transforms.choosing.predictors import Prediction
from ansflow.transforms.lookback import looked_back, nearness, new_tables
from ansflow.transforms.recipe import Recipe

__all__ = ["look_back"]

# Numbers that follow each other, by which it is told whether it may pay.
FEW = 1 << 14
# Numbers by which it is told what it takes, about, of so many: others are what they look back to.
TOLD_BY, OF = 1 << 13, 1 << 17
# The share of all bits that others must save in comparison with the numbers before, by a few. What
# numbers take by their lengths is less than they do as tokens, about by so many bits; and if a
# dictionary was found, more, as values have come again more often than a few of them show.
SAVED, TOKEN, AGAIN = 0.05, 1.3, 1.15
# What it must gain, as it is slow; where rows lie above each other, which tell more of what is left
# by neighbours; and instead of a dictionary, which may take less than it is said to.
WORTH_IT, WORTH_IT_IN_ROWS, WORTH_NO_DICT = 0.03, 0.06, 0.1
# The longest last axis whose places may share a lag.
LONGEST_ROW = 4

STREAM, LOG = Recipe(), Recipe("log")
LAGS = LOG, Recipe("delta", (LOG,), (0,))
# Maps that leave a number for each item. Codes of a dictionary are no nearer than its values.
ONE_EACH = "ordered", "decimal", "affine", "mask"


def look_back(found: Choice, raw: Numbers, kind: Kind) -> Choice:
    """What was found, or a recipe for the numbers in one axis, if others far back predict them."""
    if kind.all_items is None or not kind.effort.periods or raw.itemsize == 1:
        return found
    size = min(kind.all_items.size, kind.items)
    maps = _maps_of(found, kind)
    few = _through(maps, kind, (size - FEW) // 2, FEW)
    if few is None or not _may_pay(few.numbers.reshape(-1), found):
        return found
    many = _through(maps, kind, 0, min(size, OF))
    if many is None:
        return found
    by_neighbours = Prediction(few.numbers, kind.items).try_all()
    in_rows = raw.ndim > 2 and raw.shape[-1] > LONGEST_ROW
    least = min(found.bits, few.total(by_neighbours.bits))
    worth = WORTH_IT_IN_ROWS if in_rows else WORTH_IT
    least *= 1 - (WORTH_NO_DICT if _has_dictionary(found) else worth)
    for row in {1, 1 if in_rows or raw.ndim == 2 else raw.shape[-1]}:
        recipe, bits = _predicted(many, row, kind)
        if bits < least:
            least = bits
            found = Choice(recipe, bits, (*found.gains[:1], Gain((recipe,), bits)), maps)
    return found


def _maps_of(found: Choice, kind: Kind) -> tuple[Recipe, ...]:
    """The maps of what was found, or an order alone if these don't leave a number for each item."""
    maps = tuple(one for one in found.maps if one.name != "dict")
    return maps if maps and all(one.name in ONE_EACH for one in maps) else kind.ordered()


def _has_dictionary(found: Choice) -> bool:
    return any(one.name == "dict" for one in found.maps)


def _through(maps: tuple[Recipe, ...], kind: Kind, begin: int, count: int) -> Mapped | None:
    """So many numbers that follow each other through maps."""
    assert kind.all_items is not None
    part = np.ascontiguousarray(kind.all_items[max(0, begin) :][:count])
    return Mapped(part[np.newaxis]).through(kind, *maps)


def _may_pay(numbers: Numbers, found: Choice) -> bool:
    """Whether a few numbers may take fewer bits by others far back than what was found."""
    near = nearness(numbers)
    sums = sum_lengths(numbers.astype(np.uint64, copy=False), near, new_tables())
    by_one, by_any = (int(lengths) / numbers.size for lengths in sums)
    if _has_dictionary(found):
        return by_any < AGAIN * found.bits
    return by_any + TOKEN < (1 - SAVED) * min(found.bits, by_one + TOKEN)


def _predicted(many: Mapped, row: int, kind: Kind) -> tuple[Recipe, float]:
    """The recipe of numbers in rows, and the bits that some of them take."""
    numbers = many.numbers.reshape(-1)
    distances, kinds, lags = looked_back(numbers, row, max(1, numbers.size // TOLD_BY), rounds=1)
    bits = log_bits(distances, signed=False, items=kind.items) + symbol_bits(kinds) / row
    way = LOG
    if lags.size:
        steps = np.diff(lags, prepend=lags[:1])
        told = [log_bits(lags, signed=False), log_bits(steps, signed=True)]
        way = LAGS[told[1] < told[0]]
        bits += min(told) * lags.size / distances.size
    recipe = Recipe("lookback", (LOG, STREAM, way), (row,) if row > 1 else ())
    for outer in reversed(many.maps):
        recipe = Recipe(outer.name, (recipe, *outer.outputs), outer.settings)
    return recipe, many.total(bits) + recipe_bits(recipe) / kind.items
