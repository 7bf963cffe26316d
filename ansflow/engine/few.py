"""Content that takes few bytes: runs are told by all of its items, and by what they really take.

A sample of a column that changes ten times has one of the changes, or none. And where a few hundred
bytes are all there is, heads, tables and states count for more than the entropy of symbols, which
is all that estimates know. What is left of all items, a value and a length for each run, is so
little that it can be coded in several ways.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from operator import itemgetter

import numpy as np

from ansflow.buffers import Bytes
from ansflow.frame.streams.encode import encode_streams
from ansflow.frame.streams.sample import StreamCoding
from ansflow.transforms.choosing.axes import orders
from ansflow.transforms.choosing.choice import Choice, Gain
from ansflow.transforms.choosing.choose import CHUNK_ITEMS
from ansflow.transforms.choosing.cost import ways_cost
from ansflow.transforms.choosing.mapped import Numbers, outputs_of
from ansflow.transforms.layout import Layout
from ansflow.transforms.node import MAX_DEPTH
from ansflow.transforms.numbers import WIDTHS, numbers_of
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.registry import by_name
from ansflow.transforms.transform import Unsuitable

__all__ = ["in_runs", "takes_few"]

# What is expected to take more bits, in all or an item, is left as it is.
FEW_BITS, FEW_PER_ITEM = 1 << 15, 1.0
# With fewer items, all that is tried takes longer than to code them.
FEWEST_ITEMS = 4096
# Runs are so long on average, and there are so many at most.
ITEMS_PER_RUN, MOST_RUNS = 4, 1 << 12

# What is tried for the lengths of runs, and for their values, perhaps behind maps.
OF_LENGTHS = [Recipe.of(text) for text in ("log", "lin[256]", "bins", "delta[0](bins)")]
BINS = Recipe("bins")
OF_BYTES = [Recipe.of(text) for text in ("stream", "delta[0](stream)", "bins", "delta[0](bins)")]
OF_NUMBERS = [
    *OF_LENGTHS,
    *map(Recipe.of, ("delta[0](log)", "delta[0, rising](log)", "delta[0, rising](bins)")),
]
# Maps that are for the values of runs as for all items.
MAPS = "ordered", "affine", "decimal"
# What may leave runs of numbers that had none, and of which there are differences at any rate.
PREDICTORS = "delta", "period", "ramp", "stencil", "lookback"
RISING, RUNS = Recipe("delta", (), (0, "rising")), Recipe("runs")
# Items that are all the same need no map, which has parameters: all that is left are heads.
OF_CONSTANT = [Recipe.of("delta[0, rising](log)"), *map(Recipe, ("log", "planes"))]
# What recipes end in.
LEAVES = "stream", "log", "lin", "bins", "planes", "bytes"
# What takes less than this share of what is expected of another choice surely takes less than that.
SURELY = 0.8
# Differences that are expected to take so many times as much, and some bits more, are not tried.
FAR_MORE, SLACK = 2, 256
ORDERS = orders(((), (1,)), 2)
RUNS_BYTES = 3  # what says how many runs there are
# Nodes below such a predictor: runs, differences of their values, and tokens.
DEEPER = 3


def takes_few(choice: Choice, layout: Layout) -> bool:
    """Whether runs of numbers may be worth being looked for by `in_runs`."""
    few = choice.bits < FEW_PER_ITEM and choice.bits * layout.items < FEW_BITS
    return few and layout.items >= FEWEST_ITEMS and layout.itemsize in WIDTHS


def in_runs(choice: Choice, content: Bytes, layout: Layout, coding: StreamCoding) -> Choice:
    """The same choice, or runs if these take less: of items, or of what a predictor leaves.

    Of that, so little may not be the same that bins are shorter than runs.

    Parameters
    ----------
    choice : Choice
    content : contiguous ndarray of uint8
    layout : Layout
        Of numbers.
    coding : StreamCoding
    """
    rows = CHUNK_ITEMS // math.prod(layout.shape[1:])
    if layout.items > CHUNK_ITEMS and rows:
        layout = Layout(layout.itemsize, (rows, *layout.shape[1:]))
    numbers = numbers_of(content[: layout.nbytes], layout.itemsize).reshape(layout.shape)
    found = _in_runs(choice, numbers)
    if found is None:
        return choice
    stages, (values, lengths) = found
    # What a choice takes is known once all items are coded with it, which takes the longest.
    known = functools.cache(lambda: _size(choice.recipe, numbers, coding))
    if not stages and values.size == 1:
        ways = OF_CONSTANT if numbers.itemsize > 1 else OF_CONSTANT[:-1]
        sizes = [(_size(way, numbers, coding), way) for way in ways]
        size, best = min(sizes, key=itemgetter(0))
    else:
        expected = choice.bits * layout.items / 8
        size_of_lengths, of_lengths = _shortest(OF_LENGTHS, lengths, coding)
        if size_of_lengths > expected and size_of_lengths > known():
            return choice  # whatever the values take
        ways = OF_BYTES if values.itemsize == 1 else OF_NUMBERS
        maps = () if stages else _maps(choice)
        size, of_values = _shortest(ways, values, coding, maps)
        best = _within(stages, Recipe("runs", (of_values, of_lengths)))
        # Other outputs of stages, and which table is in which head, is known from all alone.
        if stages:
            both = best, _within(stages, BINS)
            sizes = [(_size(one, numbers, coding), one) for one in both]
            size, best = min(sizes, key=itemgetter(0))
        else:
            size += size_of_lengths + RUNS_BYTES
        if size < SURELY * expected:
            return _told(choice, best, size, layout)
    return _told(choice, best, size, layout) if size < known() else choice


def _told(choice: Choice, best: Recipe, size: float, layout: Layout) -> Choice:
    """The choice of runs instead of another one."""
    gain = Gain("in runs, told by all items", 8 * size / layout.items)
    return Choice(best, gain.bits, (*choice.gains[:1], gain))


def _in_runs(choice: Choice, numbers: Numbers) -> tuple[Sequence[Recipe], list[Numbers]] | None:
    """The stages that leave the fewest runs, and values and lengths of these; None if none do.

    Where numbers in one axis come in runs, what is left of them by a predictor has more of these.
    """
    found: dict[tuple[Recipe, ...], list[Numbers]] = {}
    for stages in dict.fromkeys([(), _predictors(choice.recipe), (*_maps(choice), RISING)]):
        outputs = _runs_behind(stages, numbers)
        if outputs is not None:
            found[stages] = outputs
            if numbers.ndim == 1 and not stages:
                break
    return min(found.items(), key=lambda one: one[1][0].size) if found else None


def _maps(choice: Choice) -> tuple[Recipe, ...]:
    """Those of a choice that are for the values of runs, too."""
    return tuple(stage for stage in choice.maps if stage.name in MAPS)


def _predictors(recipe: Recipe) -> tuple[Recipe, ...]:
    """The stages of a recipe before tokens, with their other outputs; none if nothing predicts."""
    stages: tuple[Recipe, ...] = ()
    while recipe.name not in LEAVES and recipe.outputs:
        if recipe.name == "items" or by_name(recipe.name).side_by_side:
            return ()  # the first output is not all numbers, or they are of another width
        first, *others = recipe.outputs
        stages += (Recipe(recipe.name, others, recipe.settings),)
        recipe = first
    return stages if any(stage.name in PREDICTORS for stage in stages) else ()


def _runs_behind(stages: Sequence[Recipe], numbers: Numbers) -> list[Numbers] | None:
    """Values and lengths of the runs that stages leave; None if there are too many.

    What a predictor leaves is not in runs if it is one, as all else that there is takes as little.
    """
    if len(stages) + DEEPER > MAX_DEPTH:
        return None
    left = _through(stages, numbers)
    outputs = None if left is None else outputs_of(RUNS, left)
    if left is None or outputs is None:
        return None
    numbers = outputs[0]
    least, most = 1 + bool(stages), min(MOST_RUNS, left.size // ITEMS_PER_RUN)
    return outputs if least <= numbers.size <= most else None


def _through(stages: Sequence[Recipe], numbers: Numbers) -> Numbers | None:
    """What stages leave of numbers; None if they are not for them."""
    for stage in stages:
        outputs = outputs_of(stage, numbers)
        if outputs is None:
            return None
        numbers = outputs[0]
    return numbers


def _within(stages: Sequence[Recipe], recipe: Recipe) -> Recipe:
    """A recipe for the first output of stages, the outermost first, which have the others."""
    for outer in reversed(stages):
        recipe = outer.around(recipe)
    return recipe


def _shortest(
    ways: Sequence[Recipe], numbers: Numbers, coding: StreamCoding, maps: Sequence[Recipe] = ()
) -> tuple[float, Recipe]:
    """The bytes of numbers by the shortest of some ways, perhaps behind maps, and this one."""
    behind = _through(maps, numbers) if maps else None
    tried = _likely(ways, numbers if behind is None else behind)
    if behind is not None:
        tried = [BINS, *(_within(maps, way) for way in tried)]
    sizes = [_size(way, numbers, coding) for way in tried]
    least = min(sizes)
    return least, tried[sizes.index(least)]


def _likely(ways: Sequence[Recipe], numbers: Numbers) -> Sequence[Recipe]:
    """Those of differences only where these don't take far more than numbers as they are."""
    if numbers.size == 1:
        return [way for way in ways if way.name != "delta"]
    told = ways_cost(numbers.reshape(1, -1), ORDERS, numbers.size, linear="rising")
    [[plain, _], [deltas, _]], _, falls = told
    if deltas > FAR_MORE * plain + SLACK / numbers.size:
        return [way for way in ways if way.name != "delta"]
    return [way for way in ways if not falls or way.settings != RISING.settings]


def _size(recipe: Recipe, numbers: Numbers, coding: StreamCoding) -> float:
    """Bytes of numbers; infinity if the recipe cannot be applied to them."""
    octets = np.ascontiguousarray(numbers).reshape(-1).view(np.uint8)
    try:
        written, streams = recipe.forward(octets, Layout(numbers.itemsize, numbers.shape))
    except Unsuitable:
        return math.inf
    heads, payloads = encode_streams(streams, coding)
    return len(written) + len(heads) + sum([piece.size for piece in payloads])
