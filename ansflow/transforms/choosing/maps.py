"""Maps of numbers that leave less to predict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.transforms.choosing.cost import bit_entropy, log_bits
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.transform import Setting

__all__ = ["Kind", "Mapped", "Numbers", "mapped"]

Numbers = npt.NDArray[Any]

# The share of the most frequent pattern from which on a mask is tried, and of repeats for runs.
MASK_FROM = 0.02
REPEATS_FROM = 0.6

# Distinct numbers of those in a sample, up to which a dictionary is tried.
DICT_UP_TO = 0.25
MOST_CODES = 1 << 16

# The share of exceptions up to which decimals are tried, and bits that the place of one takes.
EXCEPTIONS_UP_TO = 0.1
PLACE_BITS = 12

# What is tested number by number is tested on so many.
FEW = 4096

STREAM, LOG, BYTES = Recipe(), Recipe("log"), Recipe("bytes")


@dataclass(frozen=True)
class Kind:
    """What the bytes of an item are.

    `name` is unsigned, signed or float. `items` is how many a chunk has: what is written once for
    each, such as tables, is divided among so many. With `planes`, the bytes of numbers are coded
    as they are, which is fastest.
    """

    name: str
    big_endian: bool
    items: int
    planes: bool

    def ordered(self, shift: int = 0) -> Recipe:
        told: list[Setting] = [self.name]
        if self.big_endian:
            told.append("big")
        if shift:
            told.append(shift)
        return Recipe("ordered", settings=tuple(told))


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
    """

    numbers: Numbers
    maps: tuple[Recipe, ...]
    share: float = 1.0
    extra: float = 0.0

    def inside(self, outer: Recipe, share: float = 1.0, extra: float = 0.0) -> Mapped:
        """The same within another map, which has so many numbers and extra bits for an item."""
        maps, share, extra = (outer, *self.maps), share * self.share, share * self.extra + extra
        return Mapped(self.numbers, maps, share, extra)


def mapped(raw: Numbers, kind: Kind) -> Iterator[Mapped]:
    """Yield what is worth trying.

    Parameters
    ----------
    raw : contiguous ndarray of unsigned integers, shape (boxes, ...)
        The bytes of the items as numbers, whatever their byte order.
    kind : Kind
    """
    yield from _all_but_masks(raw, kind)
    yield from _masked(raw, kind)
    yield from _runs(raw, kind)


def _masked(raw: Numbers, kind: Kind) -> Iterator[Mapped]:
    pattern, share = most_frequent(raw)
    if MASK_FROM <= share < 1:
        mask = raw == pattern
        outer = Recipe("mask", (STREAM,), (int(pattern),))
        extra = bit_entropy(mask)
        for inner in _all_but_masks(filled(raw, mask), kind):
            yield inner.inside(outer, extra=extra)


def _runs(raw: Numbers, kind: Kind) -> Iterator[Mapped]:
    rows = raw.reshape(raw.shape[0], -1)
    begins = np.ones(rows.shape, bool)
    begins[:, 1:] = rows[:, 1:] != rows[:, :-1]
    share = np.count_nonzero(begins) / begins.size
    if share > 1 - REPEATS_FROM:
        return
    lengths = np.diff(np.flatnonzero(begins), append=begins.size).astype(np.uint32) - np.uint32(1)
    extra = share * log_bits(lengths, signed=False)
    values = np.ascontiguousarray(rows[begins])[np.newaxis]
    for inner in _all_but_masks(values, kind):
        yield inner.inside(Recipe("runs", (LOG,)), share, extra)


def _all_but_masks(raw: Numbers, kind: Kind) -> Iterator[Mapped]:
    native = raw.byteswap() if kind.big_endian else raw
    if kind.name == "float":
        ordered = kind.ordered(trailing_zeros(native))
        numbers = to_ordered(native, kind.name, trailing_zeros(native))
        yield from _decimals(native, kind)
    else:
        ordered = kind.ordered()
        numbers = to_ordered(native, kind.name, 0)
        yield from _multiples(numbers, ordered)
    yield Mapped(numbers, (ordered,))
    yield from _dictionary(numbers, kind, ordered)


def _dictionary(numbers: Numbers, kind: Kind, ordered: Recipe) -> Iterator[Mapped]:
    few = _few(numbers)
    if numbers.itemsize == 1 or np.unique(few).size > DICT_UP_TO * few.size:
        return
    values, codes = np.unique(numbers, return_inverse=True)
    if values.size > DICT_UP_TO * numbers.size or values.size > MOST_CODES:
        return
    outer = Recipe("dict", (Recipe("delta", (LOG,), (0,)),))
    width = np.uint8 if values.size <= 256 else np.uint16
    once = values.size * log_bits(np.diff(values, prepend=values[:1]), signed=True)
    codes = codes.reshape(numbers.shape).astype(width)
    yield Mapped(codes, (ordered, outer), extra=once / kind.items)


def _decimals(native: Numbers, kind: Kind) -> Iterator[Mapped]:
    if native.itemsize == 1:
        return
    floats = native.view(f"f{native.itemsize}")
    half = native.dtype.type(1 << (8 * native.itemsize - 1))
    for factor in decimal_factors(_few(floats)):
        integers, exact = to_decimals(floats, factor)
        numbers = filled(integers, ~exact).astype(np.uint64).astype(native.dtype) + half
        exceptions = 1 - np.count_nonzero(exact) / exact.size
        told: tuple[Setting, ...] = (factor, "big") if kind.big_endian else (factor,)
        yield Mapped(
            numbers,
            (Recipe("decimal", (LOG, BYTES), told),),
            extra=exceptions * (8 * native.itemsize + PLACE_BITS),
        )


def _multiples(numbers: Numbers, ordered: Recipe) -> Iterator[Mapped]:
    low = numbers.min()
    step = int(np.gcd.reduce(_few(numbers) - low))
    if step > 1:
        step = int(np.gcd.reduce((numbers - low).reshape(-1)))
    if step > 1:
        yield Mapped((numbers - low) // numbers.dtype.type(step), (ordered, Recipe("affine")))


def _few(numbers: Numbers) -> Numbers:
    few: Numbers = numbers.reshape(-1)[:: max(1, numbers.size // FEW)]
    return few


def filled(numbers: Numbers, mask: npt.NDArray[np.bool_]) -> Numbers:
    """The previous number that is not masked in place of each that is."""
    flat = ~mask.reshape(-1)
    if not flat.any() or flat.all():
        return numbers
    last = np.maximum.accumulate(np.where(flat, np.arange(flat.size), -1))
    last[last < 0] = int(flat.argmax())
    found: Numbers = numbers.reshape(-1)[last].reshape(numbers.shape)
    return found


def most_frequent(raw: Numbers) -> tuple[int, float]:
    """The most frequent number, and its share."""
    values, counts = np.unique(_few(raw), return_counts=True)
    best = int(counts.argmax())
    return int(values[best]), float(np.count_nonzero(raw == values[best]) / raw.size)


def trailing_zeros(native: Numbers) -> int:
    """How many of the lowest bits are 0 in all numbers."""
    seen = int(np.bitwise_or.reduce(native.reshape(-1)))
    return (seen & -seen).bit_length() - 1 if seen else 0


def to_ordered(native: Numbers, name: str, shift: int) -> Numbers:
    """What `ordered` makes of them."""
    width = 8 * native.itemsize - shift
    numbers: Numbers = native >> native.dtype.type(shift)
    half = native.dtype.type(1 << (width - 1))
    if name == "signed":
        numbers = numbers ^ half
    elif name == "float":
        last = native.dtype.type((1 << width) - 1)
        numbers = np.where(numbers & half, last - numbers, numbers + half)
    return numbers


def to_decimals(
    floats: npt.NDArray[Any], factor: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Integers to be divided by a factor, and where that gives the floats."""
    most = min(2.0 ** (8 * floats.itemsize - 1), 2.0**53)
    with np.errstate(all="ignore"):
        scaled = np.rint(floats * np.float64(factor))
        back = (scaled / factor).astype(floats.dtype)
        exact = back.view(f"u{floats.itemsize}") == floats.view(f"u{floats.itemsize}")
        exact &= np.abs(scaled) < most
        integers: Numbers = np.where(exact, scaled, 0).astype(np.int64)
    return integers, exact


def decimal_factors(few: npt.NDArray[Any]) -> list[float]:
    """The powers of ten, two at most, that leave few exceptions."""
    found: list[float] = []
    least = 1.0
    for digits in range(13):
        factor = 10.0**digits
        _, exact = to_decimals(few, factor)
        exceptions = 1 - np.count_nonzero(exact) / exact.size
        if exceptions <= EXCEPTIONS_UP_TO and exceptions < least - 0.01:
            found.append(factor)
            least = exceptions
        if exceptions == 0:
            break
    return found[-2:]
