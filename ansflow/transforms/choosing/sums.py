"""Weighted sums of neighbours that may predict numbers, from level 6 on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ansflow.kernels.transforms.stencil import FAR
from ansflow.transforms.choosing.cost import log_bits
from ansflow.transforms.choosing.mapped import Numbers, through
from ansflow.transforms.choosing.predictors import Prediction
from ansflow.transforms.lpc import KINDS, MAX_SEGMENTS, lanes_of
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.stencil import AXES, WIDTHS, distances, fitted, neighbours

__all__ = ["try_stencils", "try_weights"]

# Most numbers between neighbours along the first axis that weighted sums are tried for, how many
# a weight is fitted to, and what such sums must gain, as decoding them is slower.
MOST_LANES = 64
FEWEST_FOR_WEIGHT = 8
WORTH_SLOWNESS = 0.004
DIFFERENT = 0.02

# What sums of neighbours along several axes must gain, what a neighbour takes, and how many items
# of a sample weights are fitted to, about.
WORTH_STENCIL = 0.01
NEIGHBOUR_BITS = 32
FITTED = 1 << 11


def try_weights(prediction: Prediction, name: str, orders: tuple[int, ...]) -> None:
    """Try weighted sums along the first axis, of such numbers."""
    # Columns of a wide table that are alike are many boxes.
    numbers = prediction.numbers[:MAX_SEGMENTS]
    boxes, length, *others = numbers.shape
    width, lag = numbers.itemsize, math.prod(others)
    if width not in KINDS[name] or lag > MOST_LANES:
        return
    lanes = lanes_of(int(prediction.items), lag)
    for order in orders:
        if order * FEWEST_FOR_WEIGHT > min(length, prediction.items / lanes):
            continue
        once = 8 * max(4, width) * order * lanes / prediction.items
        # What a sample is fitted with makes it better than it is, by this for each weight.
        once += order / (2 * math.log(2) * length)
        # What a part of the sample takes may differ from what all of it does.
        for some, gain in (
            (numbers[:: max(1, boxes // 4)], -DIFFERENT),
            (numbers, WORTH_SLOWNESS),
        ):
            told = (name, order, 0, len(some))
            outputs = through(Recipe("lpc", (), told), some.reshape(-1, *others))
            if outputs is None:
                return
            bits = once + log_bits(outputs[0], signed=False, items=prediction.items)
            if bits >= prediction.bits * (1 - gain):
                break
        else:
            assert outputs is not None
            stage = Recipe("lpc", (Recipe("planes"),), (name, order))
            prediction.offer(stage, 0, bits, outputs[0])
            continue
        if len(some) < boxes:
            break


def try_stencils(prediction: Prediction) -> None:
    """Try weighted sums of neighbours along the last axes."""
    last = prediction.numbers.ndim - 1
    for axes in AXES:
        if prediction.numbers.itemsize not in WIDTHS or axes > last:
            break
        if not {last - 1, last} <= {*prediction.long} or prediction.numbers.shape[last] <= FAR:
            break
        if prediction.numbers.shape[last - 2] < 2 < axes:
            break
        places = neighbours(axes)
        differences, wanted = _relative(prediction.numbers, places)
        part = max(1, wanted.size // FITTED) | 1
        weights = fitted(differences[:, ::part], wanted[::part])
        left = distances(weights, differences, wanted).astype(prediction.numbers.dtype)
        bits = log_bits(left, signed=True, items=prediction.items)
        bits += NEIGHBOUR_BITS * len(places) / prediction.items
        stage = Recipe("stencil", (), (axes,))
        prediction.offer(stage, 0, bits, left, signed=True, worth=WORTH_STENCIL)


def _relative(numbers: Numbers, places: Sequence[tuple[int, ...]]) -> tuple[Numbers, Numbers]:
    """What neighbours differ by from the first of them, and items: of items that have them all."""
    axes = len(places[-1])
    steps = [place + (0,) * (axes - len(place)) for place in places]
    first = [max(along) for along in zip(*steps, strict=True)]
    last = [min(0, *along) for along in zip(*steps, strict=True)]
    lengths = numbers.shape[: -axes - 1 : -1]

    def moved(place: tuple[int, ...]) -> Numbers:
        cuts = [
            slice(high - step, length + low - step)
            for step, high, low, length in zip(place, first, last, lengths, strict=True)
        ]
        inside = (slice(None),) * (numbers.ndim - axes) + tuple(cuts[::-1])
        return numbers[inside].astype(np.int64).reshape(-1)

    before = moved(steps[0])
    near = np.array([moved(place) - before for place in steps[1:]])
    return near, moved((0,) * axes) - before
