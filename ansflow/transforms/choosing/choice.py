"""A recipe that is chosen, and what it gains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ansflow.transforms.layout import Layout
from ansflow.transforms.node import MAX_DEPTH
from ansflow.transforms.plain import plain_recipe
from ansflow.transforms.recipe import Recipe

__all__ = ["CLOSE", "WORTH_IT", "Choice", "Gain", "better", "plain_choice", "side_by_side"]

# Another stage has to gain this share of what is left.
WORTH_IT = 0.003

# What takes so much more with the simplest predictors may be as good with all of them.
CLOSE = 1.05


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

    Without gains it is one stage. If it is for one kind of numbers, it begins with these maps.
    Others may be as good.
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

    def above(self, lower: Choice, most: int) -> Choice:
        """The same with what a lower level chooses before all others."""
        return self._replace(others=()).beside([lower, *self.others], 1 + most)

    def inside(self, outer: Recipe) -> Choice | None:
        """The same for the first output of a transform; None if that is a node too many."""
        if self.recipe.depth == MAX_DEPTH:
            return None
        others = [other.inside(outer) for other in self.others]
        kept = tuple([other for other in others if other is not None])
        return self._replace(recipe=outer.around(self.recipe), maps=(), others=kept)

    def with_room(self, plain: Choice) -> Choice:
        """The same, or the plain one if there is no room for a node around it."""
        return plain if self.recipe.depth == MAX_DEPTH else self


def plain_choice(layout: Layout) -> Choice:
    """What is done with items of which nothing is known, and gains nothing."""
    return Choice(plain_recipe(layout), 8.0 * layout.itemsize)


def better(found: Choice, other: Choice) -> Choice:
    """The other choice if it is worth another stage."""
    return other if other.bits < found.bits * (1 - WORTH_IT) else found


def side_by_side(recipe: Recipe, found: Sequence[Choice], share: float) -> Choice:
    """A recipe with an output for each choice, an item of which is a share of an item."""
    bits = share * sum(choice.bits for choice in found)
    before = share * sum(choice.gains[0].bits if choice.gains else choice.bits for choice in found)
    each = Gain(f"{recipe.alone}, each with its own recipe", bits)
    return Choice(recipe, bits, (Gain("as they are", before), each))
