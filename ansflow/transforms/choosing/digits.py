"""Digits that were packed in integers, found by how often bits and decimals of a few change."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ansflow.kernels.transforms.borders import digit_borders
from ansflow.transforms.choosing.detect import few_of
from ansflow.transforms.choosing.mapped import Kind, Mapped, Numbers, outputs_of, through
from ansflow.transforms.choosing.predictors import Prediction
from ansflow.transforms.choosing.sample import few_boxes
from ansflow.transforms.digits import MOST_BASES
from ansflow.transforms.recipe import Recipe

__all__ = ["Packed", "narrowed", "packed"]

# So many numbers that follow each other tell. A digit begins where a bit, or a decimal, is so many
# times as often the same as the next one.
FEW, FEWEST = 512, 256
BUSIER = 1.25, 1.5
# What two digits must gain to be apart, as each is a stream. What all of them may take, of what is
# known to be possible, for some to be put together again; and of a few, which say less of it. Of
# what these take together, they must take less.
WORTH_IT, FAR, FAR_OF_FEW, LESS = 0.01, 1.1, 1.25, 0.97

# Floats that were narrower have at least so many low bits that are 0. A share of them has one more,
# about half as many. Those that come again are for a dictionary.
FEWEST_LOW, SHARE, ONE_MORE, DISTINCT_FROM = 8, (0.5, 0.98), 0.65, 0.8

# What last digits are often below: tried at high levels, whatever a few numbers tell.
USUAL = 100, 1000, 1 << 8, 1 << 16

# Integers that are looked at to the last one, at most.
MOST_ITEMS = 1 << 17


class Packed(NamedTuple):
    """Bases of digits of integers, and the maps that make integers of numbers."""

    maps: tuple[Recipe, ...]
    bases: tuple[int, ...]

    @property
    def outer(self) -> Recipe:
        """The transform that makes digits of integers, without its outputs."""
        return Recipe("digits", settings=self.bases)

    def digits(self, raw: Numbers, kind: Kind) -> tuple[list[Numbers], float] | None:
        """Those of numbers, and what the maps take besides; None if they aren't for them."""
        integers = Mapped(raw).through(kind, *self.maps)
        if integers is None:
            return None
        return _digits(integers.numbers, self.bases), integers.extra

    def kinds(self, kind: Kind) -> list[Kind]:
        """What the digits are, if the numbers are of a kind."""
        count = len(self.bases) + 1
        part = kind._replace(
            name="unsigned",
            big_endian=False,
            effort=kind.effort.shared(count),
            streams=kind.streams // count,
            all_items=None,
        )
        if kind.all_items is None:
            return [part] * count
        items = np.ascontiguousarray(kind.all_items[: min(kind.items, MOST_ITEMS)])
        found = self.digits(items[np.newaxis], kind)
        if found is None:
            return [part] * count
        return [part._replace(all_items=digit.reshape(-1)) for digit in found[0]]


def packed(
    raw: Numbers, kind: Kind, maps: tuple[Recipe, ...], lag: int, bits: float
) -> Packed | None:
    """Digits that may take fewer bits a number, or None.

    Parameters
    ----------
    raw : contiguous ndarray of unsigned integers, shape (boxes, ...)
        The bytes of numbers, whatever their byte order.
    kind : Kind
    maps : tuple of Recipe
        The map that makes integers of floats, or none.
    lag : int
        How many numbers before one there is one of its column.
    bits : float
        What they are known to be possible with.
    """
    few = _few(raw, kind, maps, lag)
    likely = [] if few is None else _likely_units(few, lag, kind)
    if few is None or not likely:
        return None
    rows = few.reshape((1, -1, lag) if lag > 1 else (1, -1))
    of_few = _Costs(rows, kind.items)
    most = min(FAR_OF_FEW * bits, LESS * of_few.of(1, None))
    likely = [units for units in likely if of_few.are_below(units, most)]
    if kind.name == "signed" and few.view(f"i{raw.itemsize}").min() >= 0:
        kind = kind._replace(name="unsigned")  # they have that order as they are
    maps = maps or kind.ordered()
    integers = Mapped(few_boxes(raw, kind.effort.some)).through(kind, *maps) if likely else None
    if integers is None:
        return None
    costs = _Costs(integers.numbers, kind.items)
    bits -= integers.extra
    # Two digits may be put together as well, but then there are none.
    near = [
        units for units in likely if costs.are_below(units, bits * (FAR if len(units) > 2 else 1))
    ]
    joined = map(costs.cheapest, near)
    found = min(joined, key=costs.of_all, default=[1])
    if len(found) == 1 or costs.of_all(found) >= bits:
        return None
    return Packed(maps, tuple(above // unit for unit, above in pairwise(found))[::-1])


def narrowed(raw: Numbers, kind: Kind) -> Packed | None:
    """The low bits of floats most of which were narrower before, so that theirs are 0; or None."""
    few = few_of(raw, FEW).astype(raw.dtype)
    few = few.byteswap() if kind.big_endian else few
    few = few[few != 0]

    def share(bits: int) -> float:
        return float(np.count_nonzero(few << 8 * few.itemsize - bits == 0) / few.size)

    least, most = SHARE
    if few.size < FEWEST or not least <= share(FEWEST_LOW) <= most:
        return None
    if np.unique(few).size < DISTINCT_FROM * few.size:
        return None
    for bits in range(FEWEST_LOW, 8 * few.itemsize - FEWEST_LOW):
        if share(bits + 1) < ONE_MORE * share(bits):
            return Packed(kind.ordered(), (1 << bits,)) if share(bits) >= least else None
    return None


def _few(raw: Numbers, kind: Kind, maps: tuple[Recipe, ...], lag: int) -> Numbers | None:
    """Integers that follow each other, in two's complement; None if there are none."""
    begin = max(0, raw.size - FEW) // 2 // lag * lag
    few = raw.reshape(-1)[begin:][: FEW // lag * lag]
    if few.size < FEWEST + lag:
        return None
    if maps:
        outputs = through(maps[0], few)
        return None if outputs is None else outputs[0] ^ few.dtype.type(1 << 8 * few.itemsize - 1)
    return few.byteswap() if kind.big_endian else few


def _likely_units(few: Numbers, lag: int, kind: Kind) -> list[list[int]]:
    """What digits may stand for, in ascending order: in bits, in decimals, and as is usual."""
    places = 8 * few.itemsize
    sign = np.uint64(0 if kind.name == "unsigned" else 1 << places - 1)
    # What is a multiple for some of the floats only is so for all of a few.
    bits, tens = digit_borders(few.astype(np.uint64), sign, lag, BUSIER, kind.name == "float")
    found = [
        [1, *(base**place for place in range(places) if borders >> place & 1)][: MOST_BASES + 1]
        for base, borders in ((2, int(bits)), (10, int(tens)))
        if borders
    ]
    if kind.effort.stencils:
        found += [[1, unit] for unit in USUAL if not unit >> places]
    return found


class _Costs:
    """What digits of integers take, with the simplest predictors."""

    def __init__(self, integers: Numbers, items: float) -> None:
        self._integers, self._items = integers, items
        self._known: dict[tuple[int, int | None], float] = {}

    def are_below(self, units: Sequence[int], most: float) -> bool:
        """Whether all digits that stand for these units take less than that."""
        total = 0.0
        for unit, above in zip(units, (*units[1:], None), strict=True):
            total += self.of(unit, above)
            if total >= most:
                return False
        return True

    def cheapest(self, units: Sequence[int]) -> list[int]:
        """Some of the units, such that digits which gain nothing by being apart are together."""
        found, at = [*units], 1
        while at < len(found):
            below, unit, above = found[at - 1], found[at], [*found, None][at + 1]
            apart = self.of(below, unit) + self.of(unit, above)
            if self.of(below, above) * (1 - WORTH_IT) <= apart:
                del found[at]
            else:
                at += 1
        return found

    def of_all(self, units: Sequence[int]) -> float:
        """Bits of all digits."""
        return sum(map(self.of, units, (*units[1:], None)))

    def of(self, unit: int, above: int | None) -> float:
        """Bits of the digit for a unit that has this one before it, or is the leading one."""
        if (unit, above) not in self._known:
            digits = _digit(self._integers, unit, above)
            self._known[unit, above] = Prediction(digits, self._items).best.bits
        return self._known[unit, above]


def _digit(integers: Numbers, unit: int, above: int | None) -> Numbers:
    """The digit for a unit alone, as narrow as the transform has it."""
    number = integers.dtype.type
    if unit > 1:
        integers = integers // number(unit)
    if above is None:
        most = ((1 << 8 * integers.itemsize) - 1) // unit
    else:
        base = above // unit
        most = base - 1
        if base & most:
            integers = integers - integers // number(base) * number(base)
        else:
            integers = integers & number(most)
    return integers.astype(np.min_scalar_type(most), copy=False)


def _digits(integers: Numbers, bases: tuple[int, ...]) -> list[Numbers]:
    """All digits with these bases, in the shape of the integers."""
    digits = outputs_of(Recipe("digits", settings=bases), integers)
    assert digits is not None  # any integers have digits
    return digits
