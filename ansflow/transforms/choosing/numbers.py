"""The map, predictor and tokens of one kind of numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ansflow.transforms.choosing.cost import lin_bits, log_bits
from ansflow.transforms.choosing.maps import Kind, Mapped, Numbers, mapped
from ansflow.transforms.choosing.predictors import Predictor, best_predictor
from ansflow.transforms.recipe import Recipe

__all__ = ["COLUMNS", "Choice", "Gain", "better", "choose_numbers"]

# Another stage has to gain this share of what is left.
WORTH_IT = 0.003

# How many maps are looked at with all predictors, after all were with the simplest ones.
FINALISTS = 2

# Places along a last axis that may be columns.
COLUMNS = range(2, 17)

STREAM, LOG, PLANES = Recipe(), Recipe("log"), Recipe("planes")
LINEAR = [Recipe("lin", settings=(tokens,)) for tokens in (256, 4096)]


class Gain(NamedTuple):
    """A stage of a recipe, and bits an item that are left after it."""

    stage: str
    bits: float


class Choice(NamedTuple):
    """A recipe, bits an item that it is expected to take, and what its stages gain."""

    recipe: Recipe
    bits: float
    gains: tuple[Gain, ...] = ()


def better(found: Choice, other: Choice) -> Choice:
    """The other choice if it is worth another stage."""
    return other if other.bits < found.bits * (1 - WORTH_IT) else found


def choose_numbers(raw: Numbers, kind: Kind) -> Choice:
    """Choose a recipe by a sample.

    Parameters
    ----------
    raw : contiguous ndarray of unsigned integers, shape (boxes, ...)
        The bytes of the items as numbers, whatever their byte order.
    kind : Kind
    """
    tried = []
    for candidate in mapped(raw, kind):
        quick = best_predictor(candidate.numbers, quick=True)
        _, bits = _leaf(candidate.numbers, quick, kind)
        tried.append((candidate.total(bits), len(candidate.maps), candidate))
    tried.sort(key=lambda one: one[:2])
    # Of finalists that are about equal, the one with fewest maps.
    finalists = sorted(tried[:FINALISTS], key=lambda one: one[1])
    choices = [_chosen(candidate, raw.itemsize, kind) for _, _, candidate in finalists]
    found = choices[0]
    for choice in choices[1:]:
        found = better(found, choice)
    return found


def _chosen(candidate: Mapped, itemsize: int, kind: Kind) -> Choice:
    """The recipe of a map, with its best predictor."""
    numbers, names = candidate.numbers, [str(one.alone) for one in candidate.maps]
    best = _predicted(numbers, kind)
    if numbers.ndim > 2 and numbers.shape[-1] in COLUMNS:
        best = better(best, _in_columns(numbers, kind))
    before = log_bits(numbers, signed=False)
    gains = [Gain(", ".join(names), before), *best.gains]
    recipe = best.recipe
    for outer in reversed(candidate.maps):
        recipe = Recipe(outer.name, (recipe, *outer.outputs), outer.settings)
    first = Gain("as they are", 8.0 * itemsize)
    return Choice(
        recipe,
        candidate.total(best.bits),
        (first, *[Gain(gain.stage, candidate.total(gain.bits)) for gain in gains]),
    )


def _predicted(numbers: Numbers, kind: Kind) -> Choice:
    """How numbers are predicted and coded."""
    predictor = best_predictor(numbers)
    leaf, bits = _leaf(numbers, predictor, kind)
    if not predictor.axes:
        return Choice(leaf, bits, (Gain(str(leaf), bits),))
    delta = Recipe("delta", (leaf,), predictor.axes)
    return Choice(delta, bits, (Gain(str(delta.alone), bits),))


def _in_columns(numbers: Numbers, kind: Kind) -> Choice:
    """The same for each place along the last axis, or its difference from the one before."""
    columns = [np.ascontiguousarray(numbers[..., j]) for j in range(numbers.shape[-1])]
    kind = replace(kind, items=max(1, kind.items // len(columns)))
    found = [_predicted(columns[0], kind)]
    differenced = []
    for j in range(1, len(columns)):
        alone = _predicted(columns[j], kind)
        difference = _predicted(columns[j] - columns[j - 1], kind)
        found.append(better(alone, difference))
        if found[-1] is difference:
            differenced.append(j)
    recipe = Recipe("columns", tuple(one.recipe for one in found), tuple(differenced))
    bits = sum(one.bits for one in found) / len(found)
    return Choice(recipe, bits, (Gain(f"{recipe.alone}, each predicted", bits),))


def _leaf(numbers: Numbers, predictor: Predictor, kind: Kind) -> tuple[Recipe, float]:
    """How what is left is coded, and bits a number that this takes."""
    if numbers.itemsize == 1:
        return STREAM, predictor.bits
    if kind.planes:
        return PLANES, predictor.bits
    leaf, bits = LOG, predictor.bits
    if not predictor.axes:
        for linear in LINEAR:
            cost = lin_bits(numbers, int(linear.settings[0]), kind.items)
            if cost < bits:
                leaf, bits = linear, cost
    return leaf, bits
