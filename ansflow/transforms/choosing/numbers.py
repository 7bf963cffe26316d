"""The map, predictor and tokens of one kind of numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ansflow.transforms.choosing.cost import plane_bits, recipe_bits
from ansflow.transforms.choosing.maps import Kind, Mapped, Numbers, mapped
from ansflow.transforms.choosing.periods import STRONGLY, WEAKLY, periods
from ansflow.transforms.choosing.predictors import Prediction
from ansflow.transforms.recipe import Recipe

__all__ = ["WORTH_IT", "Choice", "Gain", "better", "choose_numbers", "columns_of"]

# Another stage has to gain this share of what is left.
WORTH_IT = 0.003

# Other maps than the best one, and rows of a period, are only looked at with all predictors if they
# are close to what is best with the simplest ones.
CLOSE = 1.05

# What rows of a period must gain, and how many of them have none above that predict them: the first
# two, perhaps, and half a row that is left.
WORTH_ROWS, ROWS_APART = 0.01, 2.5

# The share of all bits from which on the bytes of numbers may be better than tokens: most of them
# are as good as random.
PLANES_FROM = 0.7

# Places along a last axis that may be columns.
COLUMNS = range(2, 17)

STREAM, LOG, PLANES = Recipe(), Recipe("log"), Recipe("planes")
ORDERED = Recipe("ordered", settings=("float",))


class Gain(NamedTuple):
    """A stage of a recipe, or several, and bits an item that are left after it.

    Stages are told without their outputs, in words only when somebody asks.
    """

    stages: str | tuple[Recipe, ...]
    bits: float

    @property
    def text(self) -> str:
        if isinstance(self.stages, str):
            return self.stages
        return ", ".join(str(stage.alone) for stage in self.stages)


class Choice(NamedTuple):
    """A recipe, bits an item that it is expected to take, and what its stages gain.

    If it is for one kind of numbers, it begins with these maps.
    """

    recipe: Recipe
    bits: float
    gains: tuple[Gain, ...] = ()
    maps: tuple[Recipe, ...] = ()


def better(found: Choice, other: Choice) -> Choice:
    """The other choice if it is worth another stage."""
    return other if other.bits < found.bits * (1 - WORTH_IT) else found


def choose_numbers(
    raw: Numbers, kind: Kind, candidates: Iterable[Mapped] = (), *, in_columns: bool = True
) -> Choice:
    """Choose a recipe by a sample.

    Parameters
    ----------
    raw : contiguous ndarray of unsigned integers, shape (boxes, ...)
        The bytes of the items as numbers, whatever their byte order.
    kind : Kind
    candidates : iterable of Mapped, optional
        What `mapped` yields for them, if that is known.
    in_columns : bool
        Whether places along a short last axis may have predictors of their own.
    """
    tried: list[_Tried] = []
    slow: list[_Tried] = []
    for candidate in candidates or mapped(raw, kind):
        prediction = Prediction(candidate.numbers, kind.items * candidate.share)
        bits = candidate.total(prediction.best.bits)
        some = slow if candidate.recount else tried
        some.append(_Tried(bits, len(candidate.maps), candidate, prediction))
    tried.sort(key=_rank)
    # Of those that are about equal, the one with fewest maps.
    close = [one for one in tried[: kind.effort.finalists] if one.bits <= tried[0].bits * CLOSE]
    close.sort(key=lambda one: one.maps)
    found, *others = [_chosen(one, raw.itemsize, kind, in_columns) for one in close]
    for choice in others:
        found = better(found, choice)
    if slow:
        found = _if_worth_it(min(slow, key=_rank), found, raw.itemsize, kind, in_columns)
    return found


def _if_worth_it(
    tried: _Tried, found: Choice, itemsize: int, kind: Kind, in_columns: bool
) -> Choice:
    """What is chosen for a slow map instead of another choice if that gains enough."""
    enough = found.bits * (1 - kind.effort.worth_many)
    candidate = tried.candidate
    if tried.bits >= enough * CLOSE or candidate.recount is None:
        return found
    candidate = candidate._replace(extra=candidate.recount())
    if candidate.total(tried.prediction.best.bits) >= enough * CLOSE:
        return found
    choice = _chosen(tried._replace(candidate=candidate), itemsize, kind, in_columns)
    return choice if choice.bits < enough else found


class _Tried(NamedTuple):
    """Bits an item of a candidate with so many maps, predicted in the simplest ways."""

    bits: float
    maps: int
    candidate: Mapped
    prediction: Prediction


def _rank(one: _Tried) -> tuple[float, int]:
    return one.bits, one.maps


def _chosen(tried: _Tried, itemsize: int, kind: Kind, in_columns: bool) -> Choice:
    """The recipe of a map, with its best predictor."""
    _, _, candidate, prediction = tried
    numbers = candidate.numbers
    best = _predicted(prediction, kind, candidate.maps)
    if in_columns and columns_of(numbers, kind):
        best = better(best, _in_columns(numbers, kind, candidate.maps))
    recipe, maps = best.recipe, candidate.maps
    if _is_bare(maps) and _of_planes(recipe):
        maps = maps[:-1]
    for outer in reversed(maps):
        recipe = Recipe(outer.name, (recipe, *outer.outputs), outer.settings)
    inner = [Gain(candidate.maps, prediction.plain)] if maps else []
    inner += best.gains
    gains = [Gain(gain.stages, candidate.total(gain.bits)) for gain in inner]
    first = Gain("as they are", 8.0 * itemsize)
    bits = candidate.total(best.bits) + recipe_bits(recipe) / kind.items
    return Choice(recipe, bits, (first, *gains), candidate.maps)


def columns_of(numbers: Numbers, kind: Kind) -> int:
    """How many columns the last axis of a sample has that may be treated each by itself, or 0."""
    count = numbers.shape[-1] if numbers.ndim > 2 and kind.whole_rows else 0
    return count if count in COLUMNS and kind.has_room_for(count, numbers.itemsize) else 0


def _predicted(prediction: Prediction, kind: Kind, maps: tuple[Recipe, ...]) -> Choice:
    """How numbers that came through maps are predicted and coded, perhaps in rows of a period."""
    numbers, before = prediction.numbers, prediction.best.bits
    found = _in_axes(prediction, kind, maps)
    if not kind.effort.periods or not kind.has_room_for(1, numbers.itemsize):
        return found
    rest = Recipe("delta", (STREAM if numbers.itemsize == 1 else LOG,), (0,))
    row = prediction.plain * math.prod(numbers.shape[2:]) / kind.items
    for period in periods(numbers, WEAKLY if kind.effort.stencils else STRONGLY):
        simplest = Prediction(_in_rows(numbers, period), kind.items)
        if simplest.best.bits > before * CLOSE:
            continue
        rows = _in_axes(simplest, kind, maps)
        bits = rows.bits + ROWS_APART * period * row + recipe_bits(rest) / kind.items
        if bits < found.bits * (1 - WORTH_ROWS):
            recipe = Recipe("period", (rows.recipe, rest), (period,))
            found = Choice(recipe, bits, (Gain((recipe, rows.recipe), bits),))
    return found


def _in_rows(numbers: Numbers, period: int) -> Numbers:
    """Boxes of numbers, with a first axis that is cut in whole rows."""
    boxes, length, *others = numbers.shape
    rows = length // period
    return np.ascontiguousarray(numbers[:, : rows * period]).reshape(boxes, rows, period, *others)


def _in_axes(prediction: Prediction, kind: Kind, maps: tuple[Recipe, ...]) -> Choice:
    """The same, of numbers in the axes that they have."""
    stage, tokens, bits = prediction.try_all()
    name, first = (maps[-1].name, maps[-1].settings[:1]) if maps else ("", ())
    if kind.effort.orders and name != "dict":
        real = first == ("float",)
        stage, tokens, bits = prediction.try_weights(
            "float" if real else "integer", kind.effort.orders
        )
    if kind.effort.stencils:
        stage, tokens, bits = prediction.try_stencils()
    width = 8 * prediction.numbers.itemsize
    leaf = Recipe("lin", settings=(tokens,)) if tokens else LOG
    if width == 8:
        leaf = STREAM
    elif bits > PLANES_FROM * width and kind.has_room_for(1, prediction.numbers.itemsize):
        if stage:
            planes = plane_bits(prediction.left, signed=prediction.signed)
            if planes < bits * (1 - WORTH_IT):
                leaf, bits = PLANES, planes
        numbers = prediction.numbers
        planes = plane_bits(_unordered(numbers) if _is_bare(maps) else numbers, signed=False)
        if planes < bits * (1 - WORTH_IT):
            stage, leaf, bits = None, PLANES, planes
    recipe = Recipe(stage.name, (leaf, *stage.outputs), stage.settings) if stage else leaf
    return Choice(recipe, bits, (Gain((recipe,), bits),))


def _is_bare(maps: tuple[Recipe, ...]) -> bool:
    """Whether the innermost map does no more than put floats in order."""
    return maps[-1:] == (ORDERED,)


def _of_planes(recipe: Recipe) -> bool:
    """Whether there is nothing but bytes, which have no use for an order of numbers.

    They are better without: what the bits of positive and of negative floats have in common, such
    as zeros at their end, it makes different.
    """
    if recipe.name == "columns" and not recipe.settings:
        return all(map(_of_planes, recipe.outputs))
    return recipe == PLANES


def _unordered(numbers: Numbers) -> Numbers:
    """The bits of floats that have been put in order."""
    sign = numbers.dtype.type(1 << (8 * numbers.itemsize - 1))
    return np.where(numbers & sign, numbers ^ sign, ~numbers)


def _in_columns(numbers: Numbers, kind: Kind, maps: tuple[Recipe, ...]) -> Choice:
    """The same for each place along the last axis, or its difference from the one before."""
    columns = [np.ascontiguousarray(numbers[..., j]) for j in range(numbers.shape[-1])]
    kind = kind.part(len(columns))
    found = []
    differenced = []
    for j, column in enumerate(columns):
        prediction = Prediction(column, kind.items)
        if j:
            difference = Prediction(column - columns[j - 1], kind.items)
            if difference.best.bits < prediction.best.bits * (1 - WORTH_IT):
                prediction = difference
                differenced.append(j)
        found.append(_predicted(prediction, kind, maps))
    recipe = Recipe("columns", tuple(one.recipe for one in found), tuple(differenced))
    bits = sum(one.bits for one in found) / len(found)
    return Choice(recipe, bits, (Gain(f"{recipe.alone}, each predicted", bits),))
