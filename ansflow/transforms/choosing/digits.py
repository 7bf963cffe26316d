"""Digits that were packed in integers, found by how often bits and decimals of a few change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ansflow.kernels.transforms.borders import bit_borders, decimal_borders
from ansflow.transforms.choosing.mapped import Kind, Mapped, Numbers
from ansflow.transforms.choosing.predictors import Prediction
from ansflow.transforms.choosing.sample import few_boxes
from ansflow.transforms.digits import MOST_BASES, Digits
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe

__all__ = ["Packed", "packed"]

DIGITS = Digits()

# So many numbers that follow each other tell. A digit begins where a place is so many times as
# often the same as the next one.
FEW, FEWEST = 512, 64
BUSIER_BIT, BUSIER_DECIMAL = 1.25, 1.5
# Nobody packs longer numbers in decimals.
MOST_DECIMALS = 16
# What two digits must gain to be apart, as each is a stream; and what all of them may take at
# first, of what is known to be possible, for some to be put together again.
WORTH_IT, FAR = 0.01, 1.3

# Integers that are looked at to the last one, at most.
MOST_ITEMS = 1 << 19


class Packed(NamedTuple):
    """Digits of integers: the map that makes these of the numbers, if they need one, and bases."""

    order: tuple[Recipe, ...]
    bases: tuple[int, ...]

    @property
    def outer(self) -> Recipe:
        """The transform that makes digits of integers, without its outputs."""
        return Recipe("digits", settings=self.bases)

    def digits(self, raw: Numbers, kind: Kind) -> list[Numbers]:
        """Those of a sample."""
        integers = Mapped(raw).through(kind, *self.order)
        assert integers is not None  # any integers can be put in order
        return _digits(integers.numbers, self.bases)

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
        digits = self.digits(items[np.newaxis], kind)
        return [part._replace(all_items=digit.reshape(-1)) for digit in digits]


def packed(raw: Numbers, kind: Kind, lag: int, bits: float) -> Packed | None:
    """Digits that may take fewer bits a number, or None.

    Parameters
    ----------
    raw : contiguous ndarray of unsigned integers, shape (boxes, ...)
        The bytes of integers, whatever their byte order.
    kind : Kind
    lag : int
        How many numbers before one there is one of its column.
    bits : float
        What they are known to be possible with.
    """
    few = raw.reshape(-1)[max(0, raw.size - FEW) // 2 :][:FEW]
    if few.size < FEWEST + lag:
        return None
    order = _order(few, kind)
    units = [*_likely_units(_through(few, kind, order), lag)]
    if not units:
        return None
    costs = _Costs(_through(few_boxes(raw, kind.effort.some), kind, order), kind.items)
    found = min((costs.cheapest(told, bits) for told in units), key=costs.of_all)
    if len(found) == 1 or costs.of_all(found) >= bits:
        return None
    return Packed(order, tuple(map(int.__floordiv__, found[:0:-1], found[-2::-1])))


def _order(few: Numbers, kind: Kind) -> tuple[Recipe, ...]:
    """The map that makes integers of numbers: none if none of a few are negative."""
    native = few.byteswap() if kind.big_endian else few
    if kind.name == "signed" and native.view(f"i{few.itemsize}").min() >= 0:
        kind = kind._replace(name="unsigned")
    return kind.ordered()


def _through(raw: Numbers, kind: Kind, order: tuple[Recipe, ...]) -> Numbers:
    found = Mapped(raw).through(kind, *order)
    assert found is not None  # any integers can be put in order
    return found.numbers


def _likely_units(few: Numbers, lag: int) -> Iterator[list[int]]:
    """What digits may stand for, in ascending order, in bits and in decimals."""
    integers = few.reshape(-1).astype(np.uint64)
    most = int(integers.max())
    for base, borders, places, busier in (
        (2, bit_borders, most.bit_length(), BUSIER_BIT),
        (10, decimal_borders, len(str(most)), BUSIER_DECIMAL),
    ):
        if places < 2 or (base > 2 and places > MOST_DECIMALS):
            continue
        found = int(borders(integers, np.uint64(lag), busier, np.zeros(places, np.uint32)))
        if found:
            yield [1, *(base**place for place in range(places) if found >> place & 1)][
                : MOST_BASES + 1
            ]


class _Costs:
    """What digits of integers take, with the simplest predictors."""

    def __init__(self, integers: Numbers, items: float) -> None:
        self._integers, self._items = integers, items
        self._known: dict[tuple[int, int | None], float] = {}

    def cheapest(self, units: Sequence[int], bits: float) -> list[int]:
        """Some of the units, such that digits which gain nothing by being apart are together."""
        found, at = [*units], 1
        if self.of_all(found) > FAR * bits:
            return found
        while at < len(found):
            below, unit, above = found[at - 1], found[at], [*found, None][at + 1]
            apart = self.of(below, unit) + self.of(unit, above)
            if self.of(below, above) * (1 - WORTH_IT) <= apart:
                del found[at]
            else:
                at += 1
        return found

    def of_all(self, units: Sequence[int]) -> float:
        """Bits of all digits that stand for these units."""
        return sum(map(self.of, units, (*units[1:], None)))

    def of(self, unit: int, above: int | None) -> float:
        """Bits of the digit for a unit that has this one before it, or is the leading one."""
        if (unit, above) not in self._known:
            digits = _digit(self._integers, unit, above)
            self._known[unit, above] = Prediction(digits, self._items).best.bits
        return self._known[unit, above]


def _digit(integers: Numbers, unit: int, above: int | None) -> Numbers:
    if above is None and unit == 1:
        return integers
    bases = [*([] if above is None else [above // unit]), *([] if unit == 1 else [unit])]
    return _digits(integers, tuple(bases))[0 if above is None else 1]


def _digits(integers: Numbers, bases: tuple[int, ...]) -> list[Numbers]:
    """All digits with these bases, in the shape of the integers."""
    layout = Layout(integers.itemsize, integers.shape)
    _, outputs = DIGITS.forward(integers.reshape(-1).view(np.uint8), layout, *bases)
    return [
        output.view(f"<u{output.size // integers.size}").reshape(integers.shape)
        for output in outputs
    ]
