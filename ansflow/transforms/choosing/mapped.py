"""Numbers that came through maps, and what else these made of them."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.kernels.transforms.detect import count_codes
from ansflow.transforms.choosing.cost import delta_bits, log_bits, symbol_bits
from ansflow.transforms.choosing.effort import Effort
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS
from ansflow.transforms.recipe import MAX_STREAMS, Recipe
from ansflow.transforms.registry import by_name
from ansflow.transforms.transform import Setting, Unsuitable

__all__ = ["Kind", "Mapped", "Numbers", "through"]

Numbers = npt.NDArray[Any]

# Streams that a map has besides those of its numbers, at most: two of lengths of runs, or a mask,
# and of decimals two of places, one for each of the eight bytes of exceptions, and corrections.
MAP_STREAMS = 13

UNSIGNED = {width: np.dtype(f"<u{width}") for width in WIDTHS}


class Kind(NamedTuple):
    """What the bytes of an item are.

    `name` is unsigned, signed or float. `items` is how many a chunk has: what is written once for
    each, such as tables, is divided among so many. There may be so many `streams`. Maps are
    compared by one of so many `parts` of a sample.
    """

    name: str
    big_endian: bool
    effort: Effort
    items: int
    streams: int = MAX_STREAMS
    parts: float = 1.0

    def part(self, count: int) -> Kind:
        """The same for one of so many columns."""
        effort, items = self.effort.shared(count), max(1, self.items // count)
        return self._replace(effort=effort, items=items, streams=self.streams // count)

    def has_room_for(self, count: int, itemsize: int) -> bool:
        """Whether so many columns may be numbers with maps."""
        return count * (itemsize + MAP_STREAMS) <= self.streams

    def ordered(self, shift: int = 0) -> tuple[Recipe, ...]:
        """The map that puts numbers in order and takes low bits off; none if it does nothing."""
        return _ordered(self.name, self.big_endian, shift)


@functools.cache
def _ordered(name: str, big_endian: bool, shift: int) -> tuple[Recipe, ...]:
    if name == "unsigned" and not big_endian and not shift:
        return ()
    told: list[Setting] = [name]
    if big_endian:
        told.append("big")
    if shift:
        told.append(shift)
    return (Recipe("ordered", settings=tuple(told)),)


class Mapped(NamedTuple):
    """Numbers that came through maps.

    Parameters
    ----------
    numbers : contiguous ndarray of unsigned integers, shape (boxes, ...), not empty
    maps : tuple of Recipe
        The outermost first. The numbers are the first output of each; the others are theirs.
    share : float
        How many numbers there are for an item.
    extra : float
        Bits an item that other outputs take.
    """

    numbers: Numbers
    maps: tuple[Recipe, ...] = ()
    share: float = 1.0
    extra: float = 0.0

    def total(self, bits: float) -> float:
        """Bits an item, if a number takes so many."""
        return self.extra + self.share * bits

    def through(self, kind: Kind, *maps: Recipe) -> Mapped | None:
        """The same through more maps, the outermost first; None if they are not for the numbers."""
        found = self
        for outer in maps:
            outputs = through(outer, found.numbers)
            if outputs is None or not outputs[0].size:
                return None
            numbers, *others = outputs
            items = found.numbers.size / found.share
            extra = found.extra + _bits_besides(outer.name, numbers, others, kind) / items
            if numbers.ndim == 1:
                numbers = numbers[np.newaxis]  # they have lost their places, and are one box
            found = Mapped(numbers, (*found.maps, outer), numbers.size / items, extra)
        return found


def _bits_besides(name: str, numbers: Numbers, others: Sequence[Numbers], kind: Kind) -> float:
    """Bits that outputs of a map take besides the numbers."""
    match name, others:
        case "mask" | "sparse", [mask]:
            return symbol_bits(mask) * mask.size
        case "runs", [lengths]:
            return lengths.size * log_bits(lengths, signed=False)
        case "dict", [values]:
            counts = np.zeros((2, values.size), np.uint32)
            codes = numbers.reshape(-1).astype(np.uint16, copy=False)
            once, twice = map(int, count_codes(codes, *counts))
            # How many times as many values there are as in a sample: a lower bound (Chao 1984) for
            # values drawn independently of each other, so that a run of them counts as one.
            growth = 1 + once * once / (2 * max(1, twice)) / values.size
            gap = delta_bits(values, 0) if values.size > 1 else 8.0 * values.itemsize
            # Codes get longer with the dictionary, but that of the most frequent number is short.
            longer = math.log2(growth) * (1 - int(counts[0].max()) / codes.size)
            return (growth * values.size * gap / kind.items + longer) * codes.size
        case "decimal", [places, exceptions, *corrections]:
            bits = 8.0 * exceptions.nbytes
            bits += sum(symbol_bits(codes) * codes.size for codes in corrections)
            return bits + places.size * log_bits(places, signed=False) if places.size else bits
    return 0.0


def through(recipe: Recipe, numbers: Numbers) -> list[Numbers] | None:
    """What the transform of a recipe makes of numbers; None if it is not for them."""
    transform = by_name(recipe.name)
    layout = Layout(numbers.itemsize, numbers.shape)
    items = numbers.reshape(-1).view(np.uint8)
    try:
        parameters, outputs = transform.forward(items, layout, *recipe.settings)
    except Unsuitable:
        return None
    layouts = transform.outputs(parameters, layout)
    return [
        output.view(UNSIGNED[width]).reshape(shape)
        for output, (width, shape) in zip(outputs, layouts, strict=True)
    ]
