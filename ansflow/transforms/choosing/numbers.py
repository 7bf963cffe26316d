"""The map, predictor and tokens of one kind of numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from ansflow.transforms.choosing.cost import plane_bits, recipe_bits
from ansflow.transforms.choosing.mapped import Kind, Mapped, Numbers
from ansflow.transforms.choosing.maps import mapped
from ansflow.transforms.choosing.periods import STRONGLY, WEAKLY, periods
from ansflow.transforms.choosing.predictors import BINS, Prediction, Predictor
from ansflow.transforms.choosing.sample import is_large
from ansflow.transforms.choosing.sums import try_stencils, try_weights
from ansflow.transforms.recipe import Recipe

__all__ = ["WORTH_IT", "Choice", "Gain", "Rated", "better", "choose_numbers", "columns_of"]
__all__ += ["is_clear", "rated"]

# Another stage has to gain this share of what is left.
WORTH_IT = 0.003

# Other maps than the best one, and rows of a period, are only looked at with all predictors if they
# are close to what is best with the simplest ones.
CLOSE, CLOSER = 1.05, 1.03
# A dictionary seems to take more than it does by a part of a sample, as few values come again: at
# most by this share of what the values take. Its codes are predicted as well as the values.
CLOSE_DICT, DICT_LESS, CLOSEST_DICT = 1.12, 0.5, 1.005
# Of numbers that hardly differ, a part of a sample doesn't tell so few bits apart.
FEW_BITS = 0.01

# What rows of a period must gain, and how many of them have none above that predict them: the first
# two, perhaps, and half a row that is left.
WORTH_ROWS, ROWS_APART = 0.01, 2.5

# The share of all bits from which on the bytes of numbers may be better than tokens: most of them
# are as good as random.
PLANES_FROM = 0.7

# Numbers that are looked at to the last one, at most.
MOST_ITEMS = 1 << 19

# Places along a last axis that may be columns.
COLUMNS = range(2, 17)

STREAM, LOG, PLANES = Recipe(), Recipe("log"), Recipe("planes")
LEAVES = {0: LOG, BINS: Recipe("bins")}
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

    If it is for one kind of numbers, it begins with these maps. Others may be as good.
    """

    recipe: Recipe
    bits: float
    gains: tuple[Gain, ...] = ()
    maps: tuple[Recipe, ...] = ()
    others: tuple[Choice, ...] = ()

    def beside(self, others: Iterable[Choice], most: int) -> Choice:
        """The same with others, and those beside them, as many as may be worth a trial."""
        found = {self.recipe: self}
        for other in (*self.others, *others):
            for one in (other, *other.others):
                found.setdefault(one.recipe, one._replace(others=()))
        return self._replace(others=(*found.values(),)[1 : 1 + most])


def better(found: Choice, other: Choice) -> Choice:
    """The other choice if it is worth another stage."""
    return other if other.bits < found.bits * (1 - WORTH_IT) else found


class Rated(NamedTuple):
    """Numbers that came through maps, with the simplest predictors, and bits an item so far."""

    bits: float
    mapped: Mapped
    prediction: Prediction

    def is_close(self, least: float, close: float = CLOSE) -> bool:
        """Whether it may be about as good as what takes the least bits."""
        if self.mapped.is_dict:
            fewest = self.bits - self.mapped.extra * DICT_LESS
            return fewest <= least * CLOSEST_DICT and self.bits <= least * CLOSE_DICT
        return self.bits <= least * close


def rated(candidates: Iterable[Mapped], kind: Kind) -> list[Rated]:
    """Those with the fewest bits first, and of equal ones those with the fewest maps.

    Some that are far from the best are left out.
    """
    found: list[Rated] = []
    least = math.inf
    for candidate in candidates:
        if candidate.extra > least * CLOSE_DICT:
            continue  # whatever predicts the numbers
        prediction = Prediction(candidate.numbers, kind.items * candidate.share)
        found.append(Rated(candidate.total(prediction.best.bits), candidate, prediction))
        least = min(least, found[-1].bits)
    return sorted(found, key=lambda one: (one.bits, len(one.mapped.maps)))


def is_clear(tried: Sequence[Rated], maps: tuple[Recipe, ...]) -> bool:
    """Whether these maps are the best that were rated, and no others are close to them."""
    best, *others = tried
    return best.mapped.maps == maps and not any(one.is_close(best.bits) for one in others)


def choose_numbers(
    raw: Numbers, kind: Kind, candidates: Sequence[Rated] = (), *, in_columns: bool = True
) -> Choice:
    """Choose a recipe by a sample.

    Parameters
    ----------
    raw : contiguous ndarray of unsigned integers, shape (boxes, ...)
        The bytes of the items as numbers, whatever their byte order.
    kind : Kind
    candidates : sequence of Rated, optional
        What `mapped` yields for them, if that is known.
    in_columns : bool
        Whether places along a short last axis may have predictors of their own.
    """
    known = candidates or rated(mapped(raw, kind), kind)
    tried = [one for one in known if one.mapped.recount is None]
    close = [one for one in tried[: kind.effort.finalists] if one.is_close(tried[0].bits)]
    # Of those that are about equal, the one with fewest maps.
    close.sort(key=lambda one: len(one.mapped.maps))
    best, *others = _finalists(close, raw, kind)
    for other in others:
        if better(best.choice, other.choice) is other.choice:
            best = other
    found = _chosen(best, raw, kind, in_columns)
    if kind.effort.most_others:
        found = found.beside(_others(best, kind), kind.effort.most_others - 1)
    slow = [one for one in known if one.mapped.recount is not None]
    return _if_worth_it(slow[0], found, raw, kind, in_columns) if slow else found


def _if_worth_it(tried: Rated, found: Choice, raw: Numbers, kind: Kind, in_columns: bool) -> Choice:
    """What is chosen for a slow map instead of another choice if that gains enough."""
    enough = found.bits * (1 - kind.effort.worth_many)
    if not tried.is_close(enough):
        return found
    (finalist,) = _finalists([tried], raw, kind)
    if finalist.choice.bits >= enough * CLOSE:
        return found
    finalist = finalist.recounted(kind)
    if finalist.choice.bits >= enough * CLOSE:
        return found
    choice = _chosen(finalist, raw, kind, in_columns)
    return choice if choice.bits < enough else found


class Finalist(NamedTuple):
    """Numbers that came through maps, and how they are predicted, along their axes.

    What is said of them is told by a part of a sample, if that is clear, or else by all of it.
    """

    candidate: Mapped
    part: Prediction
    prediction: Prediction
    predicted: Choice
    choice: Choice

    def recounted(self, kind: Kind) -> Finalist:
        """The same with what the map takes besides numbers told by more items, if it is slow."""
        if self.candidate.recount is None:
            return self
        candidate = self.candidate._replace(extra=self.candidate.recount())
        return self._replace(candidate=candidate, choice=_whole(self.predicted, candidate, kind))


def _finalists(close: Sequence[Rated], raw: Numbers, kind: Kind) -> list[Finalist]:
    """What is left of maps after all predictors were tried."""
    tried = []
    for one in close:
        best = one.prediction.try_all(partial(_every, kind, one.mapped.maps))
        tried.append(one._replace(bits=one.mapped.total(best.bits)))
    least = min(one.bits for one in tried) + FEW_BITS
    left = [one for one in tried if one.is_close(least, CLOSER)]
    clear = len(left) == 1 and left[0].prediction.is_clear and not kind.effort.orders
    found = []
    for _, candidate, part in left:
        prediction = part
        # The codes of a dictionary may take another byte with all values.
        narrow = candidate.numbers.itemsize < raw.itemsize and candidate.numbers.itemsize == 1
        if is_large(raw, kind.effort.some) and (narrow or not clear):
            whole = Mapped(raw).through(kind, *candidate.maps)
            if whole is not None:  # or else the maps are not for all of it
                candidate, prediction = whole, part.again(whole.numbers)
        predicted = _in_axes(prediction, kind, candidate.maps)
        choice = _whole(predicted, candidate, kind)
        found.append(Finalist(candidate, part, prediction, predicted, choice))
    return found


def _every(kind: Kind, maps: tuple[Recipe, ...]) -> Numbers | None:
    """The first of all numbers, as many as a chunk may have, through maps; None if not known."""
    if kind.all_items is None:
        return None
    items = np.ascontiguousarray(kind.all_items[:MOST_ITEMS])[np.newaxis]
    found = Mapped(items).through(kind, *maps)
    return None if found is None else found.numbers.reshape(-1)


def _others(best: Finalist, kind: Kind) -> Iterator[Choice]:
    """Other ways to predict numbers in rows, whose contexts may make them better than the best."""
    if len(best.prediction.long) > 1:
        for predictor in best.prediction.others(kind.effort.others):
            yield _whole(_predicted(predictor, best.prediction), best.candidate, kind)


def _whole(predicted: Choice, candidate: Mapped, kind: Kind) -> Choice:
    """The recipe of maps with what is done with the numbers, without gains."""
    recipe = predicted.recipe
    for outer in reversed(_needed(candidate.maps, recipe)):
        recipe = Recipe(outer.name, (recipe, *outer.outputs), outer.settings)
    bits = candidate.total(predicted.bits) + recipe_bits(recipe) / kind.items
    return Choice(recipe, bits, maps=candidate.maps)


def _chosen(best: Finalist, raw: Numbers, kind: Kind, in_columns: bool) -> Choice:
    """The recipe of the best maps, if there is nothing better for their numbers."""
    candidate, part, prediction, found, choice = best
    if kind.effort.orders or candidate.is_dict:
        part = prediction  # sums were fitted to all, and codes are longer there
    by_part = found if part is prediction else _in_axes(part, kind, candidate.maps)
    columns = columns_of(part.numbers, kind) if in_columns else 0
    told = _periods(part.numbers, kind, max(1, columns))
    changed = _in_periods(part, by_part, kind, candidate.maps, told)
    if columns:
        changed = _in_columns(part, raw, changed, kind, candidate.maps, have_periods=bool(told))
    if changed is not by_part:
        found, choice = changed, _whole(changed, candidate, kind)
    needed = _needed(candidate.maps, found.recipe)
    inner = [Gain(candidate.maps, prediction.plain)] if needed else []
    inner += found.gains
    gains = [Gain(gain.stages, candidate.total(gain.bits)) for gain in inner]
    first = Gain("as they are", 8.0 * raw.itemsize)
    return choice._replace(gains=(first, *gains))


def columns_of(numbers: Numbers, kind: Kind) -> int:
    """How many columns the last axis of a sample has that may be treated each by itself, or 0."""
    count = numbers.shape[-1] if numbers.ndim > 2 and kind.whole_rows else 0
    return count if count in COLUMNS and kind.has_room_for(count, numbers.itemsize) else 0


def _periods(numbers: Numbers, kind: Kind, columns: int = 1) -> list[tuple[int, float]]:
    """Periods of numbers that came through maps, or of some of their columns, as in `periods`."""
    if not kind.effort.periods or not kind.has_room_for(1, numbers.itemsize):
        return []
    places = kind.effort.size // kind.effort.boxes
    return periods(numbers, _least(kind) / columns, 2 if kind.effort.stencils else 1, places)


def _least(kind: Kind) -> float:
    """What differences a period apart must correlate by."""
    return WEAKLY if kind.effort.stencils else STRONGLY


def _in_periods(
    prediction: Prediction,
    found: Choice,
    kind: Kind,
    maps: tuple[Recipe, ...],
    told: Sequence[tuple[int, float]],
) -> Choice:
    """How numbers that came through maps are predicted and coded, if it is in rows of a period."""
    numbers = prediction.numbers
    rest = Recipe("delta", (STREAM if numbers.itemsize == 1 else LOG,), (0,))
    row = prediction.plain * math.prod(numbers.shape[2:]) / kind.items
    for period, correlation in told:
        if correlation < _least(kind):
            continue
        simplest = Prediction(_in_rows(numbers, period), kind.items)
        if simplest.best.bits > prediction.simplest * CLOSE:
            continue
        simplest.try_all()
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
    name, first = (maps[-1].name, maps[-1].settings[:1]) if maps else ("", ())
    if kind.effort.orders and name != "dict":
        real = first == ("float",)
        try_weights(prediction, "float" if real else "integer", kind.effort.orders)
    if kind.effort.stencils:
        try_stencils(prediction)
    stage, _, bits = prediction.best
    found, leaf = _predicted(prediction.best, prediction), None
    width = 8 * prediction.numbers.itemsize
    if (
        width > 8
        and bits > PLANES_FROM * width
        and kind.has_room_for(1, prediction.numbers.itemsize)
    ):
        if stage:
            planes = plane_bits(prediction.left, signed=prediction.signed)
            if planes < bits * (1 - WORTH_IT):
                leaf, bits = PLANES, planes
        numbers = prediction.numbers
        planes = plane_bits(numbers, ordered=_is_bare(maps))
        if planes < bits * (1 - WORTH_IT):
            stage, leaf, bits = None, PLANES, planes
    return found if leaf is None else _staged(stage, leaf, bits)


def _predicted(predictor: Predictor, prediction: Prediction) -> Choice:
    """How numbers are predicted and split into tokens."""
    stage, tokens, bits = predictor
    leaf = LEAVES.get(tokens) or Recipe("lin", settings=(tokens,))
    return _staged(stage, STREAM if prediction.numbers.itemsize == 1 else leaf, bits)


def _staged(stage: Recipe | None, leaf: Recipe, bits: float) -> Choice:
    recipe = Recipe(stage.name, (leaf, *stage.outputs), stage.settings) if stage else leaf
    return Choice(recipe, bits, (Gain((recipe,), bits),))


def _needed(maps: tuple[Recipe, ...], recipe: Recipe) -> tuple[Recipe, ...]:
    """Maps without an order of numbers that have this recipe, if that has no use for it."""
    return maps[:-1] if _is_bare(maps) and _of_planes(recipe) else maps


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


def _in_columns(
    together: Prediction,
    raw: Numbers,
    before: Choice,
    kind: Kind,
    maps: tuple[Recipe, ...],
    *,
    have_periods: bool,
) -> Choice:
    """The same for each place along the last axis, or its difference from the one before.

    It is told by some of the numbers, and by all if that is not clear. Columns that gain nothing
    by the simplest predictors hardly have periods if all together have no trace of them.
    """
    numbers = together.numbers
    count = numbers.shape[-1]
    part = kind.part(count)
    predictions: list[Prediction] = []
    differenced = []
    for j in range(count):
        prediction = Prediction(_column(numbers, j), part.items)
        if j:
            difference = Prediction(_column(numbers, j, differenced=True), part.items)
            if difference.best.bits < prediction.best.bits * (1 - WORTH_IT):
                prediction = difference
                differenced.append(j)
        predictions.append(prediction)
    # Without periods and weighted sums, what else is tried gains about as much for all together.
    simplest = sum(one.simplest for one in predictions) / count
    is_all = not (have_periods or kind.effort.orders)
    if is_all and simplest > together.simplest * (1 - WORTH_IT):
        return before
    total = sum(one.try_all().bits for one in predictions)
    if not kind.effort.orders and total > CLOSE * count * before.bits:
        return before
    least = before.bits
    if len(numbers) < len(raw) and not all(one.is_clear for one in predictions):
        whole = Mapped(raw).through(kind, *maps)
        if whole is not None:
            predictions = [
                one.again(_column(whole.numbers, j, differenced=j in differenced))
                for j, one in enumerate(predictions)
            ]
            least *= together.again(whole.numbers).best.bits / together.best.bits
    found = [_in_axes(prediction, part, maps) for prediction in predictions]
    found = [
        _in_periods(prediction, one, part, maps, _periods(prediction.numbers, part))
        for prediction, one in zip(predictions, found, strict=True)
    ]
    recipe = Recipe("columns", tuple(one.recipe for one in found), tuple(differenced))
    bits = sum(one.bits for one in found) / count
    if bits >= least * (1 - WORTH_IT):
        return before
    return Choice(recipe, bits, (Gain(f"{recipe.alone}, each predicted", bits),))


def _column(numbers: Numbers, j: int, *, differenced: bool = False) -> Numbers:
    return numbers[..., j] - numbers[..., j - 1] if differenced else numbers[..., j].copy()
