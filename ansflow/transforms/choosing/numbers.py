"""The map, predictor and tokens of one kind of numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from ansflow.transforms.choosing.choice import CLOSE, WORTH_IT, Choice, Gain, better
from ansflow.transforms.choosing.cost import recipe_bits
from ansflow.transforms.choosing.mapped import Kind, Mapped, Numbers
from ansflow.transforms.choosing.maps import mapped
from ansflow.transforms.choosing.predicted import (
    as_predicted,
    columns_of,
    likely_periods,
    maps_needed,
    predict_axes,
    predict_columns,
    predict_periods,
)
from ansflow.transforms.choosing.predictors import Prediction
from ansflow.transforms.choosing.sample import is_large
from ansflow.transforms.recipe import Recipe

__all__ = ["Rated", "choose_numbers", "is_clear", "rated"]

# Other maps than the best one are measured by all of a sample if they are as close as that.
CLOSER = 1.03
# A dictionary seems to take more than it does by a part of a sample, as few values come again: at
# most by this share of what the values take. Its codes are predicted as well as the values.
CLOSE_DICT, DICT_LESS = 1.12, 0.5
# What a dictionary must gain, even if it takes so much less, to be looked at with all predictors.
WORTH_DICT = 0.01
# Of numbers that hardly differ, a part of a sample doesn't tell so few bits apart.
FEW_BITS = 0.01

# Numbers that are looked at to the last one, at most, and for each of a sample.
MOST_ITEMS, MOST_PER_ITEM = 1 << 19, 16


class Rated(NamedTuple):
    """Numbers that came through maps, with the simplest predictors, and bits an item so far."""

    bits: float
    mapped: Mapped
    prediction: Prediction

    def is_close(self, least: float, close: float = CLOSE) -> bool:
        """Whether it may be about as good as what takes the least bits."""
        if self.mapped.is_dict:
            is_likely = self.fewest < least * (1 - WORTH_IT) and self.bits <= least * CLOSE_DICT
            return self.bits <= least or is_likely
        return self.bits <= least * close

    @property
    def fewest(self) -> float:
        """Bits if a dictionary takes as much less than it seems to as it may."""
        return self.bits - DICT_LESS * self.mapped.extra if self.mapped.is_dict else self.bits


def rated(candidates: Iterable[Mapped], kind: Kind) -> list[Rated]:
    """Those with the fewest bits first, and of equal ones those with the fewest maps.

    Some that are far from the best are left out.
    """
    found: list[Rated] = []
    least = math.inf
    for candidate in candidates:
        if candidate.extra > least * CLOSE_DICT:
            continue  # whatever predicts the numbers
        is_filled = "mask" in [one.name for one in candidate.maps]
        items = kind.items * candidate.share
        prediction = Prediction(
            candidate.numbers, items, is_filled=is_filled, whole_rows=kind.whole_rows
        )
        bits = candidate.total(prediction.bits)
        found.append(Rated(bits, candidate, prediction))
        if bits < least:
            least = bits
    found.sort(key=lambda one: (one.bits, len(one.mapped.maps)))
    return found


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
    close = _close(tried[: kind.effort.finalists])
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


def _close(tried: Sequence[Rated]) -> list[Rated]:
    """What may be best of what was rated, but no dictionary that hardly gains anything."""
    close = [one for one in tried if one.is_close(tried[0].bits)]
    least = min([one.bits for one in close if not one.mapped.is_dict], default=math.inf)
    enough = least * (1 - WORTH_DICT)
    return [one for one in close if not one.mapped.is_dict or one.fewest < enough]


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
        # A dictionary of very many numbers takes longer than all else.
        every = None if one.mapped.is_dict else partial(_every, kind, one.mapped.maps)
        bits = one.prediction.try_all(every, quick=kind.effort.quick)
        tried.append(Rated(one.mapped.total(bits), one.mapped, one.prediction))
    least = min([one.bits for one in tried]) + FEW_BITS
    left = [one for one in tried if one.is_close(least, CLOSER)]
    is_part = is_large(raw, kind.effort.some)
    clear = is_part and len(left) == 1 and left[0].prediction.is_clear and not kind.effort.orders
    found = []
    for _, candidate, part in left:
        prediction = part
        # The codes of a dictionary may take another byte with all values.
        narrow = candidate.numbers.itemsize < raw.itemsize and candidate.numbers.itemsize == 1
        if is_part and (narrow or not clear):
            whole = Mapped(raw, most=candidate.most).through(kind, *candidate.maps)
            if whole is not None:  # or else the maps are not for all of it
                candidate, prediction = whole, part.again(whole.numbers)
        predicted = predict_axes(prediction, kind, candidate.maps)
        choice = _whole(predicted, candidate, kind)
        found.append(Finalist(candidate, part, prediction, predicted, choice))
    return found


def _every(kind: Kind, maps: tuple[Recipe, ...]) -> Numbers | None:
    """The first of all numbers, as many as a chunk may have, through maps; None if not known."""
    if kind.all_items is None:
        return None
    most = min(MOST_ITEMS, MOST_PER_ITEM * kind.effort.size)
    items = np.ascontiguousarray(kind.all_items[:most])[np.newaxis]
    found = Mapped(items).through(kind, *maps)
    return None if found is None else found.numbers.reshape(-1)


def _others(best: Finalist, kind: Kind) -> Iterator[Choice]:
    """Other ways to predict numbers in rows, whose contexts may make them better than the best."""
    if len(best.prediction.long) > 1:
        for predictor in best.prediction.others(kind.effort.others):
            yield _whole(as_predicted(predictor, best.prediction), best.candidate, kind)


def _whole(predicted: Choice, candidate: Mapped, kind: Kind) -> Choice:
    """The recipe of maps with what is done with the numbers, without gains."""
    recipe = predicted.recipe
    for outer in reversed(maps_needed(candidate.maps, recipe)):
        recipe = outer.around(recipe)
    bits = candidate.total(predicted.bits) + recipe_bits(recipe) / kind.items
    return Choice(recipe, bits, maps=candidate.maps)


def _chosen(best: Finalist, raw: Numbers, kind: Kind, in_columns: bool) -> Choice:
    """The recipe of the best maps, if there is nothing better for their numbers."""
    candidate, part, prediction, found, choice = best
    if kind.effort.orders or candidate.is_dict:
        part = prediction  # sums were fitted to all, and codes are longer there
    by_part = found if part is prediction else predict_axes(part, kind, candidate.maps)
    columns = columns_of(part.numbers, kind) if in_columns else 0
    told = likely_periods(part.numbers, kind, max(1, columns))
    changed = predict_periods(part, by_part, kind, candidate.maps, told)
    if columns:
        changed = predict_columns(part, raw, changed, kind, candidate.maps, have_periods=bool(told))
    if changed is not by_part:
        found, choice = changed, _whole(changed, candidate, kind)
    gains = [Gain("as they are", 8.0 * raw.itemsize)]
    needed = maps_needed(candidate.maps, found.recipe)
    if needed:
        gains.append(Gain(candidate.maps, candidate.total(prediction.plain)))
    for stages, bits in found.gains or [((found.recipe,), found.bits)]:
        gains.append(Gain(stages, candidate.total(bits)))
    return Choice(choice.recipe, choice.bits, tuple(gains), choice.maps, choice.others)
