"""How numbers that came through maps are predicted and split into tokens.

That is in the axes that they have, in rows of a period, or each column by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ansflow.kernels.transforms.cost import FEW_LINEAR, MANY_LINEAR
from ansflow.transforms.choosing.choice import CLOSE, WORTH_IT, Choice, Gain
from ansflow.transforms.choosing.cost import plane_bits, recipe_bits
from ansflow.transforms.choosing.mapped import Kind, Mapped, Numbers
from ansflow.transforms.choosing.periods import STRONGLY, WEAKLY, periods
from ansflow.transforms.choosing.predictor import BINS, Predictor
from ansflow.transforms.choosing.predictors import Prediction
from ansflow.transforms.choosing.sums import try_stencils, try_weights
from ansflow.transforms.recipe import Recipe

__all__ = [
    "ROW",
    "as_predicted",
    "columns_apart",
    "columns_of",
    "likely_periods",
    "maps_needed",
    "predict_axes",
    "predict_columns",
    "predict_periods",
]

# What rows of a period must gain, and how many of them have none above that predict them: the first
# two, perhaps, and half a row that is left.
WORTH_ROWS, ROWS_APART = 0.01, 2.5

# The share of all bits from which on the bytes of numbers may be better than tokens: most of them
# are as good as random.
PLANES_FROM = 0.7

# Places along a last axis that may be columns.
COLUMNS = range(2, 17)
# Axes of a sample of rows in columns.
TABLE = 3
# Bytes of a row that is soon tried in columns: longer ones, but for those of tables, are so from
# level 7 on, as so many streams take their time.
ROW = 96

STREAM, LOG, PLANES = Recipe(), Recipe("log"), Recipe("planes")
REST, REST_OF_BYTES = (Recipe("delta", (leaf,), (0,)) for leaf in (LOG, STREAM))
LEAVES = {0: LOG, BINS: Recipe("bins")} | {
    tokens: Recipe("lin", settings=(tokens,)) for tokens in (FEW_LINEAR, MANY_LINEAR)
}


def predict_axes(prediction: Prediction, kind: Kind, maps: tuple[Recipe, ...]) -> Choice:
    """How numbers that came through maps are predicted and coded, in the axes that they have."""
    name, first = (maps[-1].name, maps[-1].settings[:1]) if maps else ("", ())
    if kind.effort.orders and name != "dict":
        real = first == ("float",)
        try_weights(prediction, "float" if real else "integer", kind.effort.orders)
    if kind.effort.stencils:
        try_stencils(prediction)
    best = prediction.best
    stage, _, bits, _, signed = best
    width = prediction.numbers.itemsize
    if width == 1 or bits <= PLANES_FROM * 8 * width or not kind.has_room_for(1, width):
        return as_predicted(best, prediction)
    leaf, enough = None, bits * (1 - WORTH_IT)
    if stage:
        planes = plane_bits(prediction.left, prediction.items, signed=signed, enough=enough)
        if planes < enough:
            leaf, bits, enough = PLANES, planes, planes * (1 - WORTH_IT)
    planes = plane_bits(prediction.numbers, prediction.items, ordered=_is_bare(maps), enough=enough)
    if planes < enough:
        stage, leaf, bits = None, PLANES, planes
    return as_predicted(best, prediction) if leaf is None else _staged(stage, leaf, bits)


def as_predicted(predictor: Predictor, prediction: Prediction) -> Choice:
    """How numbers are predicted and split into tokens."""
    stage, tokens, bits, *_ = predictor
    return _staged(stage, STREAM if prediction.numbers.itemsize == 1 else LEAVES[tokens], bits)


def _staged(stage: Recipe | None, leaf: Recipe, bits: float) -> Choice:
    return Choice(stage.around(leaf) if stage else leaf, bits)


def columns_of(numbers: Numbers, kind: Kind) -> int:
    """How many columns the last axis of a sample has that may be treated each by itself, or 0."""
    count = numbers.shape[-1] if numbers.ndim > 2 and kind.whole_rows else 0
    if count not in COLUMNS or not kind.has_room_for(count, numbers.itemsize):
        return 0
    is_soon = numbers.ndim == TABLE or count * numbers.itemsize <= ROW
    return count if kind.effort.others or is_soon else 0


def columns_apart(numbers: Numbers) -> Numbers:
    """Each place along the last axis by itself: that axis becomes the first one."""
    last = numbers.ndim - 1
    return np.ascontiguousarray(numbers.transpose(last, *range(last)))


def likely_periods(numbers: Numbers, kind: Kind, columns: int = 1) -> list[tuple[int, float]]:
    """Periods of numbers that came through maps, or of some of their columns, as in `periods`."""
    if kind.effort.quick or not kind.has_room_for(1, numbers.itemsize):
        return []
    places = kind.effort.size // kind.effort.boxes
    return periods(numbers, _least(kind) / columns, 2 if kind.effort.stencils else 1, places)


def _least(kind: Kind) -> float:
    """What differences a period apart must correlate by."""
    return WEAKLY if kind.effort.stencils else STRONGLY


def predict_periods(
    prediction: Prediction,
    found: Choice,
    kind: Kind,
    maps: tuple[Recipe, ...],
    told: Sequence[tuple[int, float]],
) -> Choice:
    """The same in rows of a period, if that is better than what was found."""
    if not told:
        return found
    numbers = prediction.numbers
    rest = REST_OF_BYTES if numbers.itemsize == 1 else REST
    row = prediction.plain * math.prod(numbers.shape[2:]) / kind.items
    tried, least = [], prediction.simplest
    for period, correlation in told:
        if correlation < _least(kind):
            continue
        # The first row has none above it, so that what is left of it is far from all else.
        simplest = Prediction(_in_rows(numbers, period), kind.items, coarse=True)
        once = ROWS_APART * period * row + recipe_bits(rest) / kind.items
        tried.append((period, once, simplest))
        least = min(least, simplest.bits + once)
    for period, once, simplest in tried:
        if simplest.bits > least * CLOSE:
            continue
        simplest.try_all()
        rows = predict_axes(simplest, kind, maps)
        bits = rows.bits + once
        if bits < found.bits * (1 - WORTH_ROWS):
            recipe = Recipe("period", (rows.recipe, rest), (period,))
            found = Choice(recipe, bits, (Gain((recipe, rows.recipe), bits),))
    return found


def _in_rows(numbers: Numbers, period: int) -> Numbers:
    """Boxes of numbers, with a first axis that is cut in whole rows."""
    boxes, length, *others = numbers.shape
    rows = length // period
    return np.ascontiguousarray(numbers[:, : rows * period]).reshape(boxes, rows, period, *others)


def maps_needed(maps: tuple[Recipe, ...], recipe: Recipe) -> tuple[Recipe, ...]:
    """Maps without an order of numbers that have this recipe, if that has no use for it."""
    return maps[:-1] if _of_planes(recipe) and _is_bare(maps) else maps


def _is_bare(maps: tuple[Recipe, ...]) -> bool:
    """Whether the innermost map does no more than put floats in order."""
    return bool(maps) and maps[-1].settings == ("float",)


def _of_planes(recipe: Recipe) -> bool:
    """Whether there is nothing but bytes, which have no use for an order of numbers.

    They are better without: what the bits of positive and of negative floats have in common, such
    as zeros at their end, it makes different.
    """
    if recipe.name == "columns" and not recipe.settings:
        return all(map(_of_planes, recipe.outputs))
    return recipe.name == PLANES.name


def predict_columns(
    together: Prediction,
    raw: Numbers,
    before: Choice,
    kind: Kind,
    maps: tuple[Recipe, ...],
    *,
    have_periods: bool,
) -> Choice:
    """The same for each place along the last axis, or its difference from the one before.

    It is told by some of the numbers, and by all if that is not clear. Columns hardly have periods
    if all together have no trace of them.
    """
    numbers = together.numbers
    count = numbers.shape[-1]
    part = kind.part(count)
    predictions: list[Prediction] = []
    differenced = []
    columns = columns_apart(numbers)
    for j, column in enumerate(columns):
        prediction = Prediction(column, part.items, is_filled=together.is_filled)
        if j:
            left = column - columns[j - 1]
            difference = Prediction(left, part.items, is_filled=together.is_filled)
            if difference.bits < prediction.bits * (1 - WORTH_IT):
                prediction = difference
                differenced.append(j)
        predictions.append(prediction)
    # Without periods and weighted sums, what else is tried gains about as much for all together.
    simplest = sum(one.simplest for one in predictions) / count
    is_all = not (have_periods or kind.effort.orders)
    if is_all and simplest > together.simplest * (1 - WORTH_IT):
        return before
    total = sum(one.try_all(quick=kind.effort.quick) for one in predictions)
    if not kind.effort.orders and total > CLOSE * count * before.bits:
        return before
    least = before.bits
    if len(numbers) < len(raw) and not all(one.is_clear for one in predictions):
        whole = Mapped(raw).through(kind, *maps)
        if whole is not None:
            columns = columns_apart(whole.numbers)
            predictions = [
                one.again(columns[j] - columns[j - 1] if j in differenced else columns[j])
                for j, one in enumerate(predictions)
            ]
            least *= together.again(whole.numbers).bits / together.bits
    found = [predict_axes(prediction, part, maps) for prediction in predictions]
    if not is_all:
        found = [
            predict_periods(prediction, one, part, maps, likely_periods(prediction.numbers, part))
            for prediction, one in zip(predictions, found, strict=True)
        ]
    recipe = Recipe("columns", tuple(one.recipe for one in found), tuple(differenced))
    bits = sum(one.bits for one in found) / count
    if bits >= least * (1 - WORTH_IT):
        return before
    return Choice(recipe, bits, (Gain(f"{recipe.alone}, each predicted", bits),))
