"""Numbers that came through maps, and what else these made of them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.transforms.choosing.cost import log_bits, mask_bits, symbol_bits
from ansflow.transforms.choosing.dictionary import Dictionary, drawn
from ansflow.transforms.choosing.effort import Effort
from ansflow.transforms.decimal import decimals
from ansflow.transforms.dict import coded
from ansflow.transforms.layout import Layout
from ansflow.transforms.node import MAX_STREAMS
from ansflow.transforms.numbers import WIDTHS
from ansflow.transforms.ordered import in_order
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.registry import by_name
from ansflow.transforms.transform import Setting, Unsuitable

__all__ = ["SMALL", "Kind", "Mapped", "Numbers", "outputs_of", "through"]

Numbers = npt.NDArray[Any]

# Streams that a map has besides those of its numbers, at most: two of lengths of runs, or a mask,
# and of decimals two of places, one for each of the eight bytes of exceptions, and corrections.
MAP_STREAMS = 13

# A chunk with no more numbers is looked at to the last one, with all maps: what they take at the
# borders of boxes, in tables and for values is a large part of it, and all that takes little time.
SMALL = 1 << 14

# Of so many numbers, about, the distinct ones are counted where they are many.
COUNTED = 1 << 16

# Maps that leave fewer numbers.
SHORTER = "sparse", "runs"

# A dictionary has codes of a byte for at most so many values.
CODES_OF_A_BYTE = 256

UNSIGNED = {width: np.dtype(f"<u{width}") for width in WIDTHS}


class Kind(NamedTuple):
    """What the bytes of an item are.

    `name` is unsigned, signed or float. `items` is how many a chunk has: what is written once for
    each, such as tables, is divided among so many. There may be so many `streams`. Boxes may have
    `whole_rows`, all places along the last axis, so that these may be columns. `all_items` are
    numbers in one axis, if they are known.
    """

    name: str
    big_endian: bool
    effort: Effort
    items: int
    streams: int = MAX_STREAMS
    whole_rows: bool = True
    all_items: Numbers | None = None

    def part(self, count: int, column: int | None = None) -> Kind:
        """The same for one of so many columns, perhaps for which one."""
        name, big_endian, effort, items, streams, whole_rows, all_items = self
        if all_items is not None:
            all_items = None if column is None else all_items[column::count]
        told = effort.shared(count), max(1, items // count), streams // count
        return Kind(name, big_endian, *told, whole_rows, all_items)

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
    recount : callable, optional
        The same told by more items than the sample has. That takes some time, as does the map, so
        that it must gain a share of all bits.
    most : float
        How many distinct numbers a chunk has at most, as far as that is known.
    """

    numbers: Numbers
    maps: tuple[Recipe, ...] = ()
    share: float = 1.0
    extra: float = 0.0
    recount: Callable[[], float] | None = None
    most: float = math.inf

    @property
    def is_dict(self) -> bool:
        """Whether the numbers are codes of a dictionary."""
        return bool(self.maps) and self.maps[-1].name == "dict"

    @property
    def is_filled(self) -> bool:
        """Whether the most frequent number was replaced, which a dictionary has no need of."""
        return bool(self.maps) and self.maps[-1].name == "mask"

    def total(self, bits: float) -> float:
        """Bits an item, if a number takes so many."""
        return self.extra + self.share * bits

    def through(self, kind: Kind, *maps: Recipe) -> Mapped | None:
        """The same through more maps, the outermost first; None if they are not for the numbers.

        How the values of a dictionary are coded is told by these.
        """
        numbers, passed, share, extra, recount, most = self
        for outer in maps:
            items = numbers.size / share
            if outer.name == "dict":
                codes, values = coded(numbers.reshape(-1))
                all_of_them = kind.items * share
                bins = not kind.effort.quick
                dictionary = Dictionary(codes, values, all_of_them, most, bins=bins)
                passed += (dictionary.recipe,)
                extra, recount = _with_values(values, dictionary, kind, share, extra)
                numbers = codes.reshape(numbers.shape)
                if numbers.itemsize == 1 and dictionary.expected > CODES_OF_A_BYTE:
                    numbers = numbers.astype(np.uint16)
                continue
            passed += (outer,)
            outputs = through(outer, numbers)
            if outputs is None or not outputs[0].size:
                return None
            numbers, others = outputs
            share = numbers.size / items
            if others:
                extra += _bits_besides(outer.name, others, kind.items / items, numbers) / items
        return Mapped(numbers, passed, share, extra, recount, most)


def _with_values(
    values: Numbers, dictionary: Dictionary, kind: Kind, share: float, extra: float
) -> tuple[float, Callable[[], float] | None]:
    """Bits an item that outputs of maps take with the values of a dictionary; and `recount`."""
    told = extra + share * dictionary.bits(dictionary.expected)
    if kind.all_items is None or not dictionary.is_large:
        return told, None

    def recount() -> float:
        count = max(values.size, min(dictionary.most, _count_values(kind)))
        return extra + share * dictionary.bits(count)

    return told, recount


def _count_values(kind: Kind) -> float:
    """How many distinct values a chunk has, told by more of the items than a sample has."""
    assert kind.all_items is not None
    part = np.ascontiguousarray(kind.all_items[:: kind.all_items.size // COUNTED | 1])
    codes, values = coded(part)
    return drawn(codes, values.size).values_of(kind.items / part.size)


def _bits_besides(name: str, others: Sequence[Bytes], larger: float, numbers: Numbers) -> float:
    """Bits that outputs of a map take besides the numbers.

    Those of a chunk are so many times as large.
    """
    match name, others:
        case "mask" | "sparse", [mask]:
            return mask_bits(mask, larger * mask.size)
        case "runs", [lengths]:
            return _log_bits(lengths, numbers)
        case "decimal", [places, exceptions, *corrections]:
            bits = 8.0 * exceptions.size + _log_bits(places, numbers)
            return bits + sum([_bits_of_corrections(codes, numbers.size) for codes in corrections])
        case "decimal", [corrections]:
            return _bits_of_corrections(corrections, numbers.size)
    return 0.0


def _bits_of_corrections(codes: Bytes, numbers: int) -> float:
    """Bits of the corrections of so many numbers, which have a byte or as many as numbers have."""
    if codes.size == numbers:
        return symbol_bits(codes) * numbers
    return numbers * log_bits(codes.view(UNSIGNED[codes.size // numbers]), signed=False)


def _log_bits(octets: Bytes, like: Numbers) -> float:
    """Bits of all of some numbers of four bytes, of which there may be none.

    They are made as wide as others if these are wider, for whose width kernels are compiled anyway.
    """
    if not octets.size:
        return 0.0
    numbers = octets.view(UNSIGNED[4]).astype(UNSIGNED[max(4, like.itemsize)], copy=False)
    return numbers.size * log_bits(numbers, signed=False)


def through(recipe: Recipe, numbers: Numbers) -> tuple[Numbers, Sequence[Bytes]] | None:
    """What the transform of a recipe makes of numbers; None if it is not for them.

    That are other numbers, in one box if they have lost their places, and the bytes of the rest.
    """
    name, flat = recipe.name, numbers.reshape(-1)
    try:
        # What most numbers become before all else, without what is only for chunks.
        if name == "ordered":
            _, ordered = in_order(flat, *recipe.settings)
            return ordered.reshape(numbers.shape), ()
        if name == "decimal":
            _, (integers, *corrections) = decimals(flat, *recipe.settings)
            return integers.reshape(numbers.shape), [one.view(np.uint8) for one in corrections]
        layout = Layout(numbers.itemsize, numbers.shape)
        outputs = by_name(name).forward(flat.view(np.uint8), layout, *recipe.settings)
    except Unsuitable:
        return None
    _, (first, *others) = outputs
    if name in SHORTER:
        return first.view(numbers.dtype)[np.newaxis], others
    return first.view(UNSIGNED[first.size // numbers.size]).reshape(numbers.shape), others


def outputs_of(recipe: Recipe, numbers: Numbers) -> list[Numbers] | None:
    """All outputs of the transform of a recipe in their shapes; None if it is not for the numbers.

    Unlike `through`, it is for any transform, and for whole chunks rather than samples.
    """
    transform, layout = by_name(recipe.name), Layout(numbers.itemsize, numbers.shape)
    items = numbers.reshape(-1).view(np.uint8)
    try:
        parameters, outputs = transform.forward(items, layout, *recipe.settings)
    except Unsuitable:
        return None
    layouts = transform.outputs(parameters, layout)
    return [
        output.view(UNSIGNED[made.itemsize]).reshape(made.shape)
        for output, made in zip(outputs, layouts, strict=True)
    ]
