"""How chunks are coded: a recipe, and how its streams are coded."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from ansflow.arguments import integer
from ansflow.buffers import Bytes
from ansflow.engine.few import in_runs, takes_few
from ansflow.engine.item_dtype import items_text
from ansflow.engine.trial import contexts_pay, tried
from ansflow.errors import ModelError
from ansflow.frame import constants, content_model
from ansflow.frame.content_model import ContentModel
from ansflow.frame.shared import ALPHABET, SharedTable
from ansflow.frame.streams.sample import StreamCoding, plain_coding
from ansflow.frame.streams.scratch import DecoderScratch
from ansflow.frame.streams.tools import Tools
from ansflow.kernels.constants import checked_lanes
from ansflow.lazy import cached_property
from ansflow.models.base import Model
from ansflow.models.checked import frequencies_of, support_of
from ansflow.models.frequencies import DEFAULT_PRECISION
from ansflow.pool import Pool
from ansflow.transforms.choosing.choice import Gain
from ansflow.transforms.choosing.choose import choose
from ansflow.transforms.choosing.effort import effort_of
from ansflow.transforms.layout import Layout
from ansflow.transforms.plain import plain_recipe
from ansflow.transforms.recipe import Recipe

__all__ = ["DEFAULT_LANES", "DEFAULT_LEVEL", "Plan"]

DEFAULT_LANES = 64
# What the text of a plan says besides the recipe.
WRITTEN = ("level", "precision", "lanes", "order", "model", "items")

DEFAULT_LEVEL, HIGHEST_LEVEL = 3, 9

# From this level on, the symbols of a stream may have several distributions, by rows. Below it,
# there is not even time to count all of them.
CLASSES_FROM = 2
# And from this one on, all of what takes few bytes is looked at for runs.
RUNS_FROM = 3
# From this one on, symbols are tried with contexts, of content that has so many bytes.
CONTEXTS_FROM, FEWEST_WITH_CONTEXTS = 7, 1 << 12


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How chunks are coded.

    Parameters
    ----------
    recipe : str or Recipe, optional
        The transforms that make streams of items, such as ``"planes"``. By default bytes are a
        stream as they are, and larger items become a stream for each of their bytes; for arrays
        of numbers, `ansflow.plan` and all that writes frames choose a recipe.
    level : int
        1 to 9: how long to look for a recipe, and how slow it may be. 1 is fastest.
    precision : int
        Bits of the distributions, 8 to 16. 12 is fastest, and short streams use fewer, for a
        smaller table; 14 is closer to the entropy of very skewed data.
    lanes : int
        Interleaved states, a power of two from 1 to 64. Short streams use fewer.
    order : {0, 1}
        1 also tries each stream with the byte before as context: much smaller where neighbouring
        bytes are related, as in text, and a few times slower.
    tables : sequence of Model
        Distributions of bytes, 8 to 16 bits, at most 64, which any stream may use instead of a
        distribution of its own. That pays where streams are short. A frame holds them once.
    model : str or ContentModel, optional
        A model of content, such as a `ansflow.bitsback.VAE`, by its name or as it is, for streams
        that consist of its units; those that it cannot code, or not well, are coded without it. The
        reader has to know the model.
    items : str, optional
        What items the recipe was chosen for, as `ansflow.plan` says it: arrays of others are
        refused. Without it, they are refused if the recipe cannot be applied to them.

    Raises
    ------
    ValueError, ModelError
        If a parameter is outside its range.
    TypeError
        If one is of the wrong type.

    Notes
    -----
    Tables and model are checked when the plan is first used.

    Examples
    --------
    >>> import ansflow, numpy as np
    >>> plan = ansflow.Plan(order=1)
    >>> chunk = ansflow.encode_chunk(b"to be or not to be" * 100, plan)
    >>> out = bytearray(1800)
    >>> ansflow.decode_chunk(chunk, plan, out)
    >>> out == b"to be or not to be" * 100
    True
    """

    recipe: str | Recipe | None = None
    precision: int = DEFAULT_PRECISION
    lanes: int = DEFAULT_LANES
    order: int = 0
    tables: Sequence[Model] = ()
    model: str | ContentModel | None = None
    level: int = DEFAULT_LEVEL
    items: str | None = field(default=None, repr=False)
    gains: tuple[Gain, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.tables, tuple | Sequence):  # a tuple is one, but not as quickly
            raise TypeError(f"tables must be a sequence, not {type(self.tables).__name__}")
        if len(self.tables) > constants.MAX_SHARED_TABLES:
            raise ValueError(
                f"there are {len(self.tables)} tables, more than {constants.MAX_SHARED_TABLES}"
            )
        low, high = constants.MIN_PRECISION, constants.MAX_PRECISION
        self._set(
            recipe=_recipe(self.recipe),
            precision=integer(self.precision, "precision", low, high),
            lanes=checked_lanes(integer(self.lanes, "lanes"), 0),
            order=integer(self.order, "order", 0, 1),
            level=integer(self.level, "level", 1, HIGHEST_LEVEL),
            items=_text(self.items),
            tables=tuple(self.tables),
        )

    def _set(self, **checked: Any) -> None:
        vars(self).update(checked)  # past what keeps them from being changed

    def __getstate__(self) -> dict[str, Any]:
        """What copies and other processes get: not what has been kept for further use."""
        own = vars(self)
        return {name: own[name] for name in self.__dataclass_fields__}

    def _with(self, **checked: Any) -> Self:
        """The same with other values, which are known to be right, as the others are."""
        other = object.__new__(type(self))
        own = vars(self)
        vars(other).update({name: own[name] for name in self.__dataclass_fields__} | checked)
        return other

    def __str__(self) -> str:
        recipe = "chosen when the plan is used" if self.recipe is None else str(self.recipe)
        wrapped = textwrap.fill(recipe, 72, subsequent_indent=" " * 8, break_on_hyphens=False)
        lines = [f"level   {self.level}", f"recipe  {wrapped}"]
        if self.order:
            lines.append("order   1: symbols have those before them as contexts")
        if self.gains:
            before = self.gains[0].bits
            lines.append(f"{'':48}{'bits an item':>14}{'ratio':>10}")
            lines += [
                f"{_cut(gain.text, 48):48}{gain.bits:14.3f}{before / max(gain.bits, 0.001):10.2f}"
                for gain in self.gains
            ]
        return "\n".join(lines)

    def to_json(self) -> str:
        """The plan as text, for `from_json`.

        Raises
        ------
        ValueError
            If it has tables, or a model that is not given by its name.
        """
        if self.tables or not isinstance(self.model, str | None):
            raise ValueError(
                "a plan with tables or a model of its own cannot be written as text: keep them "
                "elsewhere, and give them to Plan again"
            )
        told = {name: getattr(self, name) for name in WRITTEN}
        return json.dumps({**told, "recipe": None if self.recipe is None else str(self.recipe)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Undo `to_json`; ValueError if it is not such text."""
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError(f"this is not the text of a plan: {text!r:.80}") from None
        if not isinstance(told, dict) or not told.keys() <= {"recipe", *WRITTEN}:
            raise ValueError(f"this is not the text of a plan: {text:.80}")
        return cls(**told)

    @property
    def is_by_hand(self) -> bool:
        """Whether the recipe is one that a user has written, and means as it is."""
        return self.recipe is not None and self.items is None

    def check_items(self, dtype: np.dtype[Any] | None) -> None:
        """Raise ValueError if the recipe was chosen for other items; None are bytes."""
        given = items_text(dtype)
        if self.recipe is not None and self.items not in (None, given):
            raise ValueError(
                f"the plan is for items of {self.items}, not {given}: choose one for these with "
                "ansflow.plan"
            )

    @cached_property
    def coding(self) -> StreamCoding:
        """The same for streams; ModelError if a table or the model cannot be used."""
        haste = self.level < CLASSES_FROM
        classes = self.recipe is not None and not haste
        own = self.precision, self.lanes, self.order
        if not self.tables and self.model is None:
            return plain_coding(*own, classes, haste)
        shared = tuple([_shared_table(table) for table in self.tables])
        return StreamCoding(*own, shared, _content_model(self.model), classes)

    @cached_property
    def decoders(self) -> Pool[Tools]:
        """What it takes to decode bare chunks with this plan."""
        model = self.coding.model
        find = None if model is None else lambda: model
        shared = [table.coder for table in self.coding.shared]
        return Pool(lambda: Tools(shared, find, DecoderScratch.make()))

    def chosen(
        self,
        content: Bytes,
        layout: Layout,
        dtype: np.dtype[Any],
        items: np.dtype[Any] | None = None,
    ) -> Self:
        """This plan with the recipe that suits some content, unless it has one already.

        Distributions and models that were given are for the bytes of items.

        Parameters
        ----------
        content : contiguous ndarray of uint8
        layout : Layout
            Of items of the dtype, or of bytes, which are such items one after the other.
        dtype : dtype
            What the items are taken for.
        items : dtype, optional
            What they are, for `check_items`.
        """
        if self.recipe is not None or self.tables or self.model is not None:
            return self
        choice = choose(content, layout, dtype, self.level)
        if choice is None:
            return self._perhaps_with_contexts(content, layout)
        if choice.others:
            coding = self._with(recipe=choice.recipe).coding
            effort = effort_of(self.level)
            choice = tried(choice, content, layout, coding, effort.tried, effort.most_tried)
        if self.level >= RUNS_FROM and takes_few(choice, layout):
            coding = self._with(recipe=choice.recipe).coding
            choice = in_runs(choice, content, layout, coding)
        told = self._with(recipe=choice.recipe, gains=choice.gains, items=items_text(items))
        return told._perhaps_with_contexts(content, layout)

    def _perhaps_with_contexts(self, content: Bytes, layout: Layout) -> Self:
        """The same with contexts, if symbols take less with these."""
        if self.order or self.level < CONTEXTS_FROM or layout.nbytes < FEWEST_WITH_CONTEXTS:
            return self
        recipe = self.recipe_for(layout)
        items = effort_of(self.level).most_tried
        pay = contexts_pay(recipe, content, layout, self.coding, items)
        return self._with(order=1) if pay else self

    def rechosen(self, content: Bytes, layout: Layout, dtype: np.dtype[Any]) -> Self:
        """The same for other content, whatever recipe this plan has; parameters as in `chosen`."""
        return self._with(recipe=None, gains=(), items=None).chosen(content, layout, dtype)

    def recipe_for(self, items: Layout) -> Recipe:
        """The recipe of chunks of such items."""
        return self.recipe if isinstance(self.recipe, Recipe) else plain_recipe(items)


def _cut(text: str, width: int) -> str:
    return text if len(text) < width else text[: width - 4] + "..."


def _text(items: str | None) -> str | None:
    if not isinstance(items, str | None):
        raise TypeError(f"items must be text, not {type(items).__name__}")
    return items


def _recipe(recipe: str | Recipe | None) -> Recipe | None:
    if recipe is None or isinstance(recipe, Recipe):
        return recipe
    if not isinstance(recipe, str):
        raise TypeError(f"recipe must be text or a Recipe, not {type(recipe).__name__}")
    return Recipe.of(recipe)


def _content_model(model: str | ContentModel | None) -> ContentModel | None:
    if isinstance(model, str):
        model = content_model.known(model)
    if model is None:
        return None
    if not isinstance(model, ContentModel):
        raise TypeError(
            f"model must be a name or a ContentModel, such as a bitsback.VAE, not "
            f"{type(model).__name__}"
        )
    if model.unit > constants.MAX_CHUNK_SIZE:
        raise ModelError(
            f"the model {model.name!r} takes {model.unit} bytes at once, more than the "
            f"{constants.MAX_CHUNK_SIZE} of a chunk"
        )
    return model


def _shared_table(model: Model) -> SharedTable:
    known = frequencies_of(model)
    low, high = support_of(model, known.alphabet)
    if known.freq.ndim != 1 or low < 0 or high >= ALPHABET:
        raise ModelError("a table for streams must be one distribution of bytes, 0 to 255")
    if not constants.MIN_PRECISION <= known.precision <= constants.MAX_PRECISION:
        raise ModelError(
            f"a table for streams has {constants.MIN_PRECISION} to {constants.MAX_PRECISION} bits "
            f"of precision, not {known.precision}"
        )
    freq = np.zeros(ALPHABET, np.uint32)
    freq[low : high + 1] = known.freq
    return SharedTable(freq, known.precision)
