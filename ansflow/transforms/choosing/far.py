"""Numbers that others far back predict, which the boxes of a sample are too short for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from ansflow.kernels.transforms.lookback import BLOCK, sum_lengths
from ansflow.transforms.choosing.choice import Choice, Gain
from ansflow.transforms.choosing.cost import log_bits, recipe_bits, symbol_bits
from ansflow.transforms.choosing.mapped import SMALL, Kind, Mapped, Numbers
from ansflow.transforms.choosing.predictors import Prediction
from ansflow.transforms.lookback import looked_back
from ansflow.transforms.recipe import Recipe

__all__ = ["look_back"]

# How many numbers that follow each other tell whether it may pay, a few first; and the share of
# what was found that they may take then, and of a dictionary, whose values have come again more
# often than a few of them show. What is told is that of the last ones, which look back to the rest.
# What numbers take by their lengths is less than they do as tokens.
SOME = (1 << 12, 0.97, 1.31), (1 << 14, 0.95, 1.0)
LAST_PART = 4
TOKEN = 1.3
# A few that neighbours predict with so much less than what was found say nothing of all.
EASIER = 0.5
# Numbers by which it is told what it takes, about, of so many: others are what they look back to.
TOLD_BY, OF = 1 << 12, 1 << 17
# What it must gain, as it is slow; where rows of so many numbers lie above each other, which tell
# more of what is left by neighbours; and instead of a dictionary, which may take less than it is
# said to.
WORTH_IT, WORTH_IT_IN_ROWS, WORTH_NO_DICT = 0.03, 0.06, 0.05
SHORTEST_ROW = 6
# Of fewer numbers, too few look far back for it to gain anything; and to say how far takes so many
# bits of those that do.
FEWEST, FEW_BITS = 256, 5

STREAM, LOG = Recipe(), Recipe("log")
LAGS = LOG, Recipe("delta", (LOG,), (0,))
# Maps that leave a number for each item. Codes of a dictionary are no nearer than its values.
ONE_EACH = frozenset({"ordered", "decimal", "affine", "mask"})


def look_back(
    found: Choice, raw: Numbers, kind: Kind, candidates: Callable[[], Iterable[Mapped]]
) -> Choice:
    """What was found, or a recipe for the numbers in one axis, if others far back predict them.

    `candidates` are what `mapped` yields for them.
    """
    if kind.all_items is None or kind.effort.quick or raw.itemsize == 1:
        return found
    if kind.items < FEWEST or found.bits <= FEW_BITS:
        return found
    for maps in list(_maps_of(found, kind, candidates)):
        found = _or_far(found, maps, raw, kind)
    return found


def _maps_of(
    found: Choice, kind: Kind, candidates: Callable[[], Iterable[Mapped]]
) -> Iterator[tuple[Recipe, ...]]:
    """Yield the maps of what was found, or an order alone if these don't leave one number each.

    Of a small array, which takes little time, all others that do.
    """
    own = tuple([one for one in found.maps if one.name != "dict"])
    own = own if own and _leave_one_each(own) else kind.ordered()
    yield own
    if kind.items <= SMALL:
        others = [one.maps for one in candidates()]
        yield from (maps for maps in others if maps not in ((), own) and _leave_one_each(maps))


def _leave_one_each(maps: Sequence[Recipe]) -> bool:
    return ONE_EACH.issuperset([one.name for one in maps])


def _or_far(found: Choice, maps: tuple[Recipe, ...], raw: Numbers, kind: Kind) -> Choice:
    """What was found, or a recipe for the numbers that came through these maps."""
    has_dictionary = "dict" in [one.name for one in found.maps]
    assert kind.all_items is not None
    size = min(kind.all_items.size, kind.items)
    for some, share, share_of_dict in SOME:
        most = found.bits * (share_of_dict if has_dictionary else share)
        few = _through(maps, kind, (size - some) // 2, some) if most > TOKEN else None
        if few is None:
            return found
        begin = few.numbers.size * (LAST_PART - 1) // LAST_PART
        by_one, by_any = map(few.total, _lengths(few.numbers.reshape(-1), begin))
        if by_any > (most if has_dictionary else min(most, share * by_one)):
            return found
        prediction = Prediction(_in_rows(few.numbers[:, begin:], raw), kind.items)
        by_neighbours = max(few.total(prediction.bits), found.bits * EASIER)
        if by_any > share * by_neighbours and not has_dictionary:
            return found
    many = _through(maps, kind, 0, min(size, OF))
    if many is None:
        return found
    worth = WORTH_IT_IN_ROWS if raw.ndim > 2 and raw.shape[-1] >= SHORTEST_ROW else WORTH_IT
    every = max(1, many.numbers.size // TOLD_BY)
    recipe, bits = _predicted(many.numbers.reshape(-1), every, kind)
    # In the blocks that this was told by, as others may be easier or not.
    whole = many.numbers.size // (BLOCK * every) * (BLOCK * every)
    blocks = many.numbers[:, :whole].reshape(-1, BLOCK * every)[:, -BLOCK:]
    if not blocks.size:
        return found
    by_neighbours = many.total(Prediction(_in_rows(blocks, raw), kind.items).bits)
    stages = (*maps, recipe)
    for outer in reversed(maps):
        recipe = outer.around(recipe)
    bits = many.total(bits) + recipe_bits(recipe) / kind.items
    if bits > min(found.bits, by_neighbours) * (1 - (WORTH_NO_DICT if has_dictionary else worth)):
        return found
    return Choice(recipe, bits, (*found.gains[:1], Gain(stages, bits)), maps)


def _through(maps: tuple[Recipe, ...], kind: Kind, begin: int, count: int) -> Mapped | None:
    """So many numbers that follow each other through maps."""
    assert kind.all_items is not None
    part = np.ascontiguousarray(kind.all_items[max(0, begin) :][:count])
    return Mapped(part[np.newaxis]).through(kind, *maps)


def _in_rows(numbers: Numbers, raw: Numbers) -> Numbers:
    """Numbers of boxes in one axis as rows of the array, if these are short."""
    row = raw.shape[-1] if raw.ndim > 2 else 1
    boxes, size = numbers.shape
    rows = size // row
    if 1 < row < rows:
        return np.ascontiguousarray(numbers[:, : rows * row]).reshape(boxes, rows, row)
    return np.ascontiguousarray(numbers)


def _lengths(numbers: Numbers, begin: int) -> tuple[float, float]:
    """Bits of numbers from a place on by the ones before, and by others, too, on average."""
    words = numbers.astype(np.uint64, copy=False)
    by_one, by_any = sum_lengths(words, max(1, begin), 8 * numbers.itemsize)
    size = numbers.size - begin
    return TOKEN + int(by_one) / size, TOKEN + int(by_any) / size


def _predicted(numbers: Numbers, every: int, kind: Kind) -> tuple[Recipe, float]:
    """The recipe of numbers, and the bits that one in so many blocks takes."""
    distances, kinds, lags = looked_back(numbers, 1, every, rounds=1)
    bits = log_bits(distances, signed=False, items=kind.items) + symbol_bits(kinds)
    way = LOG
    if lags.size:
        steps = np.diff(lags, prepend=lags[:1])
        told = [log_bits(lags, signed=False), log_bits(steps, signed=True)]
        way = LAGS[told[1] < told[0]]
        bits += min(told) * lags.size / distances.size
    return Recipe("lookback", (LOG, STREAM, way)), bits
