"""The map, predictor and tokens of one kind of numbers."""

from __future__ import annotations

from typing import NamedTuple

from ansflow.transforms.choosing.cost import lin_bits, log_bits
from ansflow.transforms.choosing.maps import Kind, Mapped, Numbers, mapped
from ansflow.transforms.choosing.predictors import Predictor, best_predictor
from ansflow.transforms.recipe import Recipe

__all__ = ["Choice", "Gain", "better", "choose_numbers"]

# Another stage has to gain this share of what is left.
WORTH_IT = 0.003

# How many maps are looked at with all predictors, after all were with the simplest ones.
FINALISTS = 2

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
        _, bits = _leaf(candidate, quick, kind)
        tried.append((bits, len(candidate.maps), candidate))
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
    predictor = best_predictor(candidate.numbers)
    leaf, bits = _leaf(candidate, predictor, kind)
    recipe, names = leaf, [str(Recipe(one.name, settings=one.settings)) for one in candidate.maps]
    before = candidate.extra + candidate.share * log_bits(candidate.numbers, signed=False)
    gains = [Gain("as they are", 8.0 * itemsize), Gain(", ".join(names), before)]
    if predictor.axes:
        recipe = Recipe("delta", (leaf,), predictor.axes)
        gains.append(Gain(str(Recipe("delta", settings=predictor.axes)), bits))
    elif bits < before:
        gains.append(Gain(str(leaf), bits))
    for outer in reversed(candidate.maps):
        recipe = Recipe(outer.name, (recipe, *outer.outputs), outer.settings)
    return Choice(recipe, bits, tuple(gains))


def _leaf(candidate: Mapped, predictor: Predictor, kind: Kind) -> tuple[Recipe, float]:
    """How what is left is coded, and bits an item that this takes."""
    leaf, bits = LOG, predictor.bits
    if candidate.numbers.itemsize == 1:
        leaf = STREAM
    elif kind.planes:
        leaf = PLANES
    elif not predictor.axes:
        for linear in LINEAR:
            cost = lin_bits(candidate.numbers, int(linear.settings[0]), kind.items)
            if cost < bits:
                leaf, bits = linear, cost
    return leaf, candidate.extra + candidate.share * bits
