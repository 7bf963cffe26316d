"""Choosing a recipe for small arrays by samples of them, and fitting a tree of contexts to it."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes, item_bytes
from ansflow.coding.coders.escapes import EscapeCoder
from ansflow.engine.plan import Plan
from ansflow.engine.training import fit_messages
from ansflow.extension_dtypes import stand_in
from ansflow.frame.body import encode_body
from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.transforms.affine import bounds
from ansflow.kernels.transforms.cost import byte_cost
from ansflow.transforms.affine import Line
from ansflow.transforms.choosing.effort import effort_of
from ansflow.transforms.choosing.mapped import Kind
from ansflow.transforms.choosing.maps import mapped
from ansflow.transforms.choosing.typed import KINDS
from ansflow.transforms.decimal import Decimals
from ansflow.transforms.delta import Differences
from ansflow.transforms.fixed import FixedRecipe, Tokens
from ansflow.transforms.fixed_dict import FixedDict
from ansflow.transforms.fixed_steps import Step
from ansflow.transforms.layout import Layout
from ansflow.transforms.lin import LinParameters
from ansflow.transforms.mask import Masked, most_frequent
from ansflow.transforms.numbers import WIDTHS, Numbers, numbers_of
from ansflow.transforms.registry import by_name
from ansflow.transforms.transform import Setting

__all__ = ["fit_arrays"]

# Samples that recipes are compared on: so many, with about so many items together.
COMPARED, COMPARED_ITEMS = 512, 1 << 17
# Of so many that seem best without contexts, contexts are fitted and the real cost is compared.
FINALISTS, FINAL_DICTIONARIES = 4, 2
# Of samples that a recipe is not for, about so many say what they take as chunks.
CHUNKS = 8
# Sums of differences along the last axes are tried.
MOST_AXES = 4

LEVEL = 3

MASKED = {"mask"}
MAPS = MASKED | {"ordered", "decimal", "affine"}
MOST_TOKENS = 256
NOTHING = np.empty(0, np.uint8)

Array = npt.NDArray[Any]


def fit_arrays(arrays: Sequence[Array], order: int) -> tuple[FixedRecipe, EscapeCoder]:
    """The recipe and the coder for arrays that are like the samples.

    Parameters
    ----------
    arrays : sequence of ndarray
        Of one dtype and with equally many axes; at least one of them is not empty.
    order : int
        Tokens of the longest contexts, 0 to 2.
    """
    samples = [array for array in arrays if array.size]
    every = max(1, -(-len(samples) // COMPARED), _items(arrays) // COMPARED_ITEMS)
    some = samples[::every]
    dtype = arrays[0].dtype
    tried = [(recipe, _tokens(recipe, some)) for recipe in _recipes(some, dtype)]
    tried.sort(key=lambda one: _cost_without_contexts(one[1]))
    # Contexts of codes and of bytes say more than those of other tokens.
    apart = [[one for one in tried if _leaf(one[0]) == leaf] for leaf in ("dict", "bytes")]
    finalists = [one for one in tried if _leaf(one[0]) not in ("dict", "bytes")][:FINALISTS]
    finalists += apart[0][:FINAL_DICTIONARIES] + apart[1]
    recipe = min(finalists, key=lambda one: _cost(one[1], order))[0]
    if _leaf(recipe) == "dict":
        (recipe,) = [*_with_dictionary(recipe, samples), recipe][:1]
    tokens = [one.symbols for one in _tokens(recipe, samples)]
    return recipe, fit_messages(tokens, order)


def _items(arrays: Sequence[Array]) -> int:
    return sum(array.size for array in arrays)


def _tokens(recipe: FixedRecipe, samples: Sequence[Array]) -> list[Tokens]:
    """What becomes of the samples; those that the recipe is not for have a tail of some size."""
    found = [_tokens_of(recipe, sample) for sample in samples]
    pairs = list(zip(found, samples, strict=True))
    share = _share_as_chunks(recipe, [sample for tokens, sample in pairs if tokens is None])
    return [
        Tokens(NOTHING, bytes(int(share * sample.nbytes))) if tokens is None else tokens
        for tokens, sample in pairs
    ]


def _tokens_of(recipe: FixedRecipe, sample: Array) -> Tokens | None:
    with recipe.scratch(sample.shape) as scratch:
        scratch.put(sample)
        found = recipe.forward(scratch)
        return None if found is None else Tokens(found.symbols.copy(), found.tail)


def _numbers_of(recipe: FixedRecipe, sample: Array) -> Numbers | None:
    with recipe.scratch(sample.shape) as scratch:
        scratch.put(sample)
        found = recipe.numbers(scratch)
        return None if found is None else found.copy()


def _share_as_chunks(recipe: FixedRecipe, samples: Sequence[Array]) -> float:
    """How much of their bytes some samples take as bare chunks, which messages have instead."""
    some = samples[:: max(1, len(samples) // CHUNKS)]
    if not some:
        return 0.0
    plan = Plan(recipe=recipe.recipe_of_others)
    size = 0
    for sample in some:
        layout = Layout(recipe.width, sample.shape if recipe.width > 1 else (sample.size,))
        head, payloads = encode_body(
            item_bytes(sample), layout, plan.recipe_for(layout), plan.coding
        )
        size += len(head) + sum(piece.size for piece in payloads)
    return size / sum(sample.nbytes for sample in some)


def _leaf(recipe: FixedRecipe) -> str:
    return recipe.steps[-1].name if recipe.steps else "stream"


def _cost_without_contexts(tokens: Sequence[Tokens]) -> float:
    """Bits of all samples, about."""
    symbols = np.concatenate([one.symbols for one in tokens])
    bits, *_ = byte_cost(symbols, ZERO, ONE) if symbols.size else (0.0,)
    return float(bits) + 8 * sum(len(one.tail) for one in tokens)


def _cost(tokens: Sequence[Tokens], order: int) -> float:
    """The same with contexts, fitted to half of the samples and measured on the others."""
    fitted, measured = tokens[::2], tokens[1::2] or tokens
    if not any(one.symbols.size for one in fitted):
        return math.inf
    coder = fit_messages([one.symbols for one in fitted], order)
    bits = sum(coder.code_length(one.symbols) for one in measured)
    return bits + 8 * sum(len(one.tail) for one in measured)


def _recipes(samples: Sequence[Array], dtype: np.dtype[Any]) -> Iterator[FixedRecipe]:
    """Yield what is worth trying, which all samples come through."""
    known = stand_in(dtype)
    width = dtype.itemsize
    yield FixedRecipe(dtype, [Step("bytes")] if width > 1 else [])
    if known.kind not in KINDS or width not in WIDTHS:
        return
    if width > 1:  # no map makes other numbers of equal ones
        yield from _with_dictionary(FixedRecipe(dtype, [Step("log", 0)]), samples[::2])
    for maps, numbers in _maps(samples, known):
        for axes in _predictors(len(samples[0].shape)):
            steps = maps + [Step("delta", Differences(axes))] * bool(axes)
            if width == 1:
                yield FixedRecipe(dtype, steps)
            logarithmic = FixedRecipe(dtype, [*steps, Step("log", 0)])
            yield logarithmic
            if axes and width > 1:
                yield from _with_dictionary(logarithmic, samples[::2])
        if width > 1:
            yield FixedRecipe(dtype, [*maps, Step("lin", _linear(numbers, width))])


def _with_dictionary(recipe: FixedRecipe, samples: Sequence[Array]) -> Iterator[FixedRecipe]:
    """Yield a recipe with a dictionary of what these samples have in place of its last step.

    Unless few of the numbers are frequent.
    """
    found = [_numbers_of(recipe, sample) for sample in samples]
    numbers = [one for one in found if one is not None]
    known = FixedDict.of(np.concatenate(numbers)) if numbers else None
    if known is not None:
        yield FixedRecipe(recipe.dtype, [*recipe.steps[:-1], Step("dict", known)])


def _maps(samples: Sequence[Array], dtype: np.dtype[Any]) -> Iterator[tuple[list[Step], Bytes]]:
    """Yield maps, and the numbers that all samples become by them, as bytes."""
    items = np.concatenate([item_bytes(sample) for sample in samples])
    width = dtype.itemsize
    big = dtype.byteorder == ">" or (dtype.byteorder == "=" and sys.byteorder == "big")
    kind = Kind(KINDS[dtype.kind], big and width > 1, effort_of(LEVEL), items.size // width)
    masked = False
    for steps, numbers in _mapped(items, width, kind, MAPS if width > 1 else MAPS - MASKED):
        masked |= bool(steps) and steps[0].name in MASKED
        yield steps, numbers
    if dtype.kind == "f" and not masked:
        # A few NaNs are exceptions of decimals, but some arrays may have too many for these.
        missing = numbers_of(items, width)[np.isnan(items.view(dtype))]
        if missing.size:
            step, filled = _applied("mask", (most_frequent(missing),), items, width)
            for steps, numbers in _mapped(filled, width, kind, MAPS - MASKED):
                yield [step, *steps], numbers


def _mapped(
    items: Bytes, width: int, kind: Kind, known: set[str]
) -> Iterator[tuple[list[Step], Bytes]]:
    """Yield those of the known maps that are worth trying.

    Not decimals whose corrections may have any size: those of a fixed recipe have one byte.
    """
    for candidate in mapped(items.view(f"<u{width}").reshape(1, -1), kind):
        if {recipe.name for recipe in candidate.maps} <= known:
            steps, numbers = list[Step](), items
            for recipe in candidate.maps:
                step, numbers = _applied(recipe.name, recipe.settings, numbers, width)
                steps.append(step)
            decimals: Decimals | None = dict(steps).get("decimal")
            if decimals is None or not decimals.far:
                yield steps, numbers


def _applied(
    name: str, settings: Sequence[Setting], items: Bytes, width: int
) -> tuple[Step, Bytes]:
    """A map as a step for all arrays, and its first output."""
    layout = Layout(width, (items.size // width,))
    parameters, outputs = by_name(name).forward(items, layout, *settings)
    return Step(name, _for_all(parameters)), outputs[0]


def _for_all(parameters: Any) -> Any:
    """Parameters of a map for other numbers than those that they were found for."""
    if isinstance(parameters, Decimals):
        return parameters._replace(exceptions=0, exact=False, whole=False)
    if isinstance(parameters, Line):
        return parameters._replace(base=parameters.base % parameters.step)
    if isinstance(parameters, Masked):
        return parameters._replace(lag=0)
    return parameters


def _linear(numbers: Bytes, width: int) -> LinParameters:
    """Linear tokens for numbers, with the room that is left above and below them."""
    told, _ = by_name("lin").forward(numbers, Layout(width, (numbers.size // width,)), MOST_TOKENS)
    least, greatest = map(int, bounds(numbers_of(numbers, width)))
    spare = (MOST_TOKENS << told.shift) - 1 - (greatest - least)
    return LinParameters(max(0, least - max(0, spare) // 2), told.shift, 1)


def _predictors(count: int) -> Iterator[tuple[int, ...]]:
    """Axes of differences: none, each axis, the last one twice, and two axes together."""
    yield ()
    axes = range(max(0, count - MOST_AXES), count)
    yield from ((axis,) for axis in axes)
    if count:
        yield (count - 1, count - 1)
    yield from combinations(axes, 2)
