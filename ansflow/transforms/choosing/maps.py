"""Maps of numbers that leave less to predict."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.kernels.transforms.cost import MANY_LINEAR
from ansflow.transforms.choosing.cost import log_bits, symbol_bits
from ansflow.transforms.choosing.detect import (
    Factor,
    Patterns,
    common_step,
    decimal_factors,
    patterns,
    trailing_zeros,
)
from ansflow.transforms.choosing.effort import Effort
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import MAX_STREAMS, Recipe
from ansflow.transforms.registry import by_name
from ansflow.transforms.transform import Setting, Unsuitable

__all__ = ["Kind", "Mapped", "Numbers", "first_output", "mapped", "through"]

Numbers = npt.NDArray[Any]

# The share of the most frequent pattern from which on a mask is tried, and of repeats for runs.
MASK_FROM = 0.02
FEWEST_MASKED = 3  # of fewer numbers, a mask takes more than it gains
REPEATS_FROM = 0.6
# The share of all bits that a mask could take, from which on its pattern is strewn at random.
STREWN_FROM = 0.8

# Distinct numbers of a few, as a share of them, up to which a dictionary is tried. If some of them
# still aren't, there may be more values than fit two bytes. It does more for numbers of 16
# bits if one of them is frequent.
DICT_UP_TO, DICT_OF_MANY_UP_TO, DICT_UP_TO_OF_HALVES = 0.9, 0.998, 0.05
FREQUENT = 0.2
# Values that don't have codes of two bytes, or are as many as so many of all numbers.
MANY, MANY_OF_ALL = 1 << 16, 0.3

# How many factors of decimals are tried: those with the fewest bits, of integers and exceptions.
FACTORS = 2
# The share of the bits of floats that other outputs of decimals may take for the floats as they are
# not to be tried: an integer is shorter than all bits of the float that it stands for.
SLIGHT = 1 / 8
# In fewer floats, a step that is no power is found by chance as often as not.
ANY_STEP_FROM = 64

# Streams that a map has besides those of its numbers, at most: two of lengths of runs, or a mask,
# and of decimals two of places, one for each of the eight bytes of exceptions, and corrections.
MAP_STREAMS = 13

# Of so many numbers, about, the distinct ones are counted where they are many.
COUNTED = 1 << 16

# Runs are looked for among so many numbers that follow each other.
FOLLOWING = 4096

STREAM, LOG, BYTES = Recipe(), Recipe("log"), Recipe("bytes")


class Kind(NamedTuple):
    """What the bytes of an item are.

    `name` is unsigned, signed or float. `items` is how many a chunk has: what is written once for
    each, such as tables, is divided among so many. There may be so many `streams`. Boxes may have
    `whole_rows`, all places along the last axis, so that these may be columns. `all_items`
    are numbers in one axis, if they are known.
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
        items = max(1, self.items // count)
        all_items = None
        if self.all_items is not None and column is not None:
            all_items = self.all_items[column::count]
        return self._replace(items=items, streams=self.streams // count, all_items=all_items)

    def with_share(self, share: float) -> Kind:
        """The same for such a share of all items."""
        return self._replace(items=max(1, int(self.items * share)))

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
    numbers : contiguous ndarray of unsigned integers, shape (boxes, ...)
    maps : tuple of Recipe
        The outermost first. The numbers are the first output of each; the others are theirs.
    share : float
        How many numbers there are for an item.
    extra : float
        Bits an item that other outputs take.
    recount : callable, optional
        The same told by more items than the sample has. That takes some time, as does the map, so
        that it must gain a share of all bits.
    """

    numbers: Numbers
    maps: tuple[Recipe, ...]
    share: float = 1.0
    extra: float = 0.0
    recount: Callable[[], float] | None = None

    def total(self, bits: float) -> float:
        """Bits an item, if a number takes so many."""
        return self.extra + self.share * bits

    def inside(self, outer: Recipe, share: float = 1.0, extra: float = 0.0) -> Mapped:
        """The same within another map, which has so many numbers and extra bits for an item."""
        recount = self.recount
        return Mapped(
            self.numbers,
            (outer, *self.maps),
            share * self.share,
            share * self.extra + extra,
            recount and (lambda: share * recount() + extra),
        )


def mapped(raw: Numbers, kind: Kind) -> Iterator[Mapped]:
    """Yield what is worth trying.

    Parameters
    ----------
    raw : contiguous ndarray of unsigned integers, shape (boxes, ...)
        The bytes of the items as numbers, whatever their byte order.
    kind : Kind
    """
    few = _few(raw, kind)
    seen = patterns(few)
    yield from _all_but_masks(raw, kind, seen)
    often = seen.share >= MASK_FROM and seen.share * seen.size >= FEWEST_MASKED
    if often and seen.share < 1 and _is_special(seen, few, kind):
        yield from _masked(raw, kind, seen)
    yield from _runs(raw, kind)


def through(recipe: Recipe, numbers: Numbers) -> list[Numbers] | None:
    """What the transform of a recipe makes of numbers; None if it is not for them."""
    transform = by_name(recipe.name)
    layout = Layout(numbers.itemsize, numbers.shape)
    try:
        parameters, outputs = transform.forward(
            numbers.reshape(-1).view(np.uint8), layout, *recipe.settings
        )
    except Unsuitable:
        return None
    return [
        output.view(f"<u{inner.itemsize}").reshape(inner.shape)
        for output, inner in zip(outputs, transform.outputs(parameters, layout), strict=True)
    ]


def first_output(numbers: Numbers, maps: tuple[Recipe, ...]) -> Numbers | None:
    """Numbers that come through maps, the outermost of which is first; None if they do not."""
    for recipe in maps:
        outputs = through(recipe, numbers)
        if outputs is None:
            return None
        numbers = outputs[0]
    return numbers


def _is_special(seen: Patterns, few: Numbers, kind: Kind) -> bool:
    """Whether the most frequent pattern may stand for no number.

    It is 0, or lies at an end of all numbers, as NaNs do, or is far too frequent.
    """
    if seen.share >= FREQUENT or not seen.most_frequent:
        return True
    numbers = first_output(few, kind.ordered())
    assert numbers is not None  # without a shift, any numbers can be
    return int(numbers[(few == seen.most_frequent).argmax()]) in (numbers.min(), numbers.max())


def _masked(raw: Numbers, kind: Kind, seen: Patterns) -> Iterator[Mapped]:
    outer = Recipe("mask", (STREAM,), (seen.most_frequent,))
    outputs = through(outer, raw)
    if outputs is None:
        return
    filled, mask = outputs
    extra = symbol_bits(mask) * mask.size / raw.size
    for inner in _all_but_masks(filled, kind, patterns(_few(filled, kind))):
        yield inner.inside(outer, extra=extra)
    if extra > STREWN_FROM * _entropy(seen.share):
        outer = Recipe("sparse", (STREAM,), (seen.most_frequent,))
        kept = np.ascontiguousarray(raw[raw != seen.most_frequent])[np.newaxis]
        share = kept.size / raw.size
        fewer = kind.with_share(share)
        for inner in _all_but_masks(kept, fewer, patterns(_few(kept, kind))):
            yield inner.inside(outer, share, extra)


def _entropy(share: float) -> float:
    """Bits of an event with that probability, between 0 and 1."""
    return -share * math.log2(share) - (1 - share) * math.log2(1 - share)


def _runs(raw: Numbers, kind: Kind) -> Iterator[Mapped]:
    few = raw.reshape(-1)[:FOLLOWING]
    if np.count_nonzero(few[1:] == few[:-1]) < REPEATS_FROM * few.size:
        return
    outer = Recipe("runs", (LOG,))
    outputs = through(outer, raw)
    if outputs is not None:
        values, lengths = outputs
        share = values.size / raw.size
        values = values[np.newaxis]
        fewer = kind.with_share(share)
        for inner in _all_but_masks(values, fewer, patterns(_few(values, kind))):
            yield inner.inside(outer, share, share * log_bits(lengths, signed=False))


def _all_but_masks(raw: Numbers, kind: Kind, seen: Patterns) -> Iterator[Mapped]:
    native = raw.byteswap() if kind.big_endian else raw
    if kind.name == "signed" and int(native.max()) < 1 << (8 * native.itemsize - 1):
        # As they are, the least of them are 0 or not far from it, which suits tokens.
        kind = kind._replace(name="unsigned")
    shift = trailing_zeros(native) if kind.name == "float" else 0
    ordered = kind.ordered(shift)
    numbers = first_output(raw, ordered)
    if numbers is None:
        return
    decimal = False
    if kind.name == "float":
        for one in _decimals(raw, native, kind):
            yield one
            decimal = decimal or one.extra <= SLIGHT * 8 * raw.itemsize
    else:
        yield from _multiples(numbers, kind, ordered)
    if shift or not decimal:
        yield Mapped(numbers, ordered)
    # Decimals are the better explanation of floats that come again now and then.
    may_be_many = not decimal and kind.effort.worth_many < 1
    yield from _dictionary(numbers, kind, ordered, seen, may_be_many)


def _dictionary(
    numbers: Numbers, kind: Kind, ordered: tuple[Recipe, ...], seen: Patterns, may_be_many: bool
) -> Iterator[Mapped]:
    most = DICT_UP_TO
    if numbers.itemsize == 2 and seen.share <= FREQUENT:
        most = DICT_UP_TO_OF_HALVES
    elif numbers.itemsize > 2 and may_be_many:
        most = DICT_OF_MANY_UP_TO
    if numbers.itemsize == 1 or seen.distinct > most * seen.size:
        return
    outer = Recipe("dict", (Recipe("delta", (LOG,), (0,)),))
    outputs = through(outer, numbers)
    if outputs is None:
        return
    codes, values = outputs
    drawn = codes.reshape(-1)
    drawn = np.append(drawn[:-1][drawn[1:] != drawn[:-1]], drawn[-1])  # a run counts as one
    new = np.count_nonzero(np.bincount(drawn) == 1) / drawn.size  # (Good 1953)
    gaps = values[1:] - values[:-1] if values.size > 1 else values
    gap_bits = log_bits(gaps, signed=True)

    def extra(count: float) -> float:
        """Bits an item if a chunk has so many values.

        The more there are, the smaller are the gaps between them, and the longer the codes. If each
        has a token of its own, only those of rare ones are longer.
        """
        narrower = math.log2(count / values.size)
        longer = narrower * (new if count <= MANY_LINEAR else 1 - seen.share)
        return count * max(1.0, gap_bits - narrower) / kind.items + longer

    count = values.size * _growth(drawn, math.log2(kind.items / codes.size))
    told = Mapped(codes, (*ordered, outer), extra=extra(count))
    if kind.all_items is not None and count > min(MANY, MANY_OF_ALL * kind.items):
        told = told._replace(recount=lambda: extra(max(values.size, _count(kind))))
    yield told


def _growth(drawn: Numbers, doublings: float) -> float:
    """How many times as many values there are where so many times as many are drawn.

    By how much all have more values than half of them, and a half than a quarter: that falls at a
    constant rate, as with distinct words of a text (Heaps 1978).
    """
    if doublings <= 0:
        return 1.0
    whole, half, quarter = (
        sum(int(np.count_nonzero(np.bincount(drawn[i::step]))) for i in range(step)) / step
        for step in (1, 2, 4)
    )
    gain, before = math.log2(whole / half), math.log2(half / quarter)
    rate = min(1.0, gain / before) if before else 1.0
    times = doublings if rate == 1 else rate * (1 - rate**doublings) / (1 - rate)
    return float(2 ** (gain * times))


def _count(kind: Kind) -> float:
    """How many values a chunk has, told by more of the items than a sample has."""
    assert kind.all_items is not None
    part = kind.all_items[:: kind.all_items.size // COUNTED | 1]
    values, codes = np.unique(part, return_inverse=True)
    return values.size * _growth(codes, math.log2(kind.items / part.size))


def _decimals(raw: Numbers, native: Numbers, kind: Kind) -> Iterator[Mapped]:
    if native.itemsize == 1:
        return
    width = 8 * native.itemsize

    def expected(factor: Factor) -> float:
        # A correction is by a unit or two, up or down.
        return math.log2(factor.per_unit) + factor.exceptions * width + 2 * factor.corrected

    any_step = kind.effort.any_step and kind.items >= ANY_STEP_FROM
    found = decimal_factors(_few(native, kind).view(f"f{native.itemsize}"), any_step=any_step)
    for factor in sorted(found, key=expected)[:FACTORS]:
        outer, outputs = _decimal(raw, kind, factor)
        step = common_step(_few(outputs[0], kind)) if outputs and not factor.near else 1
        coarser = factor.times_step(step) if step > 1 else None
        if coarser is not None:
            found_too = _decimal(raw, kind, coarser)
            if found_too[1] and found_too[1][1].size == outputs[1].size:
                outer, outputs = found_too
        if outputs:
            numbers, places, exceptions, *corrections = outputs
            bits = 8.0 * exceptions.nbytes
            bits += sum(symbol_bits(codes) * codes.size for codes in corrections)
            if places.size:
                bits += places.size * log_bits(places, signed=False)
            yield Mapped(numbers, (outer,), extra=bits / raw.size)


def _decimal(raw: Numbers, kind: Kind, factor: Factor) -> tuple[Recipe, list[Numbers]]:
    """The transform for a factor, and what it makes of numbers; nothing if it is not for them."""
    told: list[Setting] = [factor.factor]
    if factor.times:
        told.append("times")
    if factor.near:
        told.append("near")
    if kind.big_endian:
        told.append("big")
    outer = Recipe("decimal", (LOG, BYTES, *[STREAM] * factor.near), tuple(told))
    return outer, through(outer, raw) or []


def _multiples(numbers: Numbers, kind: Kind, ordered: tuple[Recipe, ...]) -> Iterator[Mapped]:
    if common_step(_few(numbers, kind)) > 1:
        outer = Recipe("affine")
        outputs = through(outer, numbers)
        if outputs is not None:
            yield Mapped(outputs[0], (*ordered, outer))


def _few(numbers: Numbers, kind: Kind) -> Numbers:
    """Some of the numbers, by which facts are told.

    They are twice the `step` apart, and others lie between them so that both distances to their
    neighbours have no common divisor: it would seem to be one of numbers that rise evenly.
    """
    step = max(1, numbers.size // kind.effort.few)
    if step < 3:
        return np.ascontiguousarray(numbers.reshape(-1)[::step])
    pairs = numbers.reshape(-1)[: numbers.size // (2 * step) * 2 * step].reshape(-1, 2 * step)
    apart = step - 1 - step % 2
    few: Numbers = pairs[:, : apart + 1 : apart].reshape(-1)
    return few
