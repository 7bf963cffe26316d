"""Maps of one kind of numbers that leave less to predict, each with its best predictor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.transforms.choosing.cost import bit_entropy, lin_bits, log_bits
from ansflow.transforms.choosing.predictors import Predictor, best_predictor
from ansflow.transforms.recipe import Recipe
from ansflow.transforms.transform import Setting

__all__ = ["Choice", "Gain", "Kind", "better", "choose_numbers"]

Numbers = npt.NDArray[Any]

# The share of the most frequent pattern from which on a mask is tried, and of repeats for runs.
MASK_FROM = 0.02
RUNS_FROM = 0.6

# Distinct numbers of those in a sample, up to which a dictionary is tried.
DICT_UP_TO = 0.25

# Another stage has to gain this share of what is left.
WORTH_IT = 0.003

STREAM, LOG, PLANES, BYTES = Recipe(), Recipe("log"), Recipe("planes"), Recipe("bytes")
LINEAR = [Recipe("lin", settings=(tokens,)) for tokens in (256, 4096)]


class Gain(NamedTuple):
    """A stage of a recipe, and bits a number that are left after it."""

    stage: str
    bits: float


class Choice(NamedTuple):
    """A recipe, bits a number that it is expected to take, and what its stages gain."""

    recipe: Recipe
    bits: float
    gains: tuple[Gain, ...] = ()


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

    def ordered(self, shift: int = 0) -> tuple[Setting, ...]:
        return (self.name, *(["big"] if self.big_endian else []), *([shift] if shift else []))


def choose_numbers(raw: Numbers, kind: Kind) -> Choice:
    """Choose a recipe by a sample.

    Parameters
    ----------
    raw : contiguous ndarray of unsigned integers, shape (boxes, ...)
        The bytes of the items as numbers, whatever their byte order.
    kind : Kind
    """
    found = _through_maps(raw, kind)
    for choice in (*_masked(raw, kind), *_runs(raw, kind)):
        found = better(found, choice)
    first = Gain("as they are", 8.0 * raw.itemsize)
    return found._replace(gains=(first, *found.gains))


def better(found: Choice, other: Choice) -> Choice:
    """The other choice if it is worth another stage."""
    return other if other.bits < found.bits * (1 - WORTH_IT) else found


def _masked(raw: Numbers, kind: Kind) -> Iterator[Choice]:
    pattern, share = most_frequent(raw)
    if not MASK_FROM <= share < 1:
        return
    mask = raw == pattern
    inner = _through_maps(_filled(raw, mask), kind)
    bits = inner.bits + bit_entropy(mask)
    name = Recipe("mask", settings=(int(pattern),))
    recipe = Recipe("mask", (inner.recipe, STREAM), name.settings)
    yield Choice(recipe, bits, (Gain(str(name), bits), *_plus(inner.gains, bits - inner.bits)))


def _runs(raw: Numbers, kind: Kind) -> Iterator[Choice]:
    rows = raw.reshape(raw.shape[0], -1)
    begins = np.ones(rows.shape, bool)
    begins[:, 1:] = rows[:, 1:] != rows[:, :-1]
    share = np.count_nonzero(begins) / begins.size
    if share > 1 - RUNS_FROM:
        return
    lengths = np.diff(np.flatnonzero(begins), append=begins.size).astype(np.uint32) - np.uint32(1)
    values = np.ascontiguousarray(rows[begins])[np.newaxis]
    inner = _through_maps(values, kind)
    bits = share * (inner.bits + log_bits(lengths, signed=False))
    recipe = Recipe("runs", (inner.recipe, LOG))
    yield Choice(recipe, bits, (Gain("runs", bits), *_scaled(inner.gains, share, bits)))


def _through_maps(raw: Numbers, kind: Kind) -> Choice:
    native = raw.byteswap() if kind.big_endian else raw
    shift = trailing_zeros(native)
    ordered = Recipe("ordered", settings=kind.ordered(shift))
    numbers = to_ordered(native, kind.name, shift)
    found = _predicted(numbers, kind, ordered)
    for choice in _dictionary(numbers, kind, ordered):
        found = better(found, choice)
    if kind.name == "float":
        for choice in _decimals(native, kind):
            found = better(found, choice)
    else:
        for choice in _multiples(numbers, kind, ordered):
            found = better(found, choice)
    return found


def _predicted(numbers: Numbers, kind: Kind, *maps: Recipe) -> Choice:
    """The best predictor of numbers that came through maps, and how what is left is coded."""
    best = best_predictor(numbers)
    leaf, bits = _leaf(numbers, best, kind)
    gains = [Gain(" ".join(map(str, maps)), log_bits(numbers, signed=False))]
    recipe = leaf
    if best.axes:
        delta = Recipe("delta", settings=best.axes)
        gains.append(Gain(str(delta), best.bits))
        recipe = Recipe("delta", _outputs(leaf), best.axes)
    if bits < gains[-1].bits:
        gains.append(Gain(str(leaf), bits))
    for outer in reversed(maps):
        recipe = Recipe(outer.name, (*_outputs(recipe), *_rest(outer)), outer.settings)
    return Choice(recipe, bits, tuple(gains))


def _outputs(recipe: Recipe) -> tuple[Recipe, ...]:
    return (recipe,)


def _rest(outer: Recipe) -> tuple[Recipe, ...]:
    """What follows the numbers in the outputs of a map."""
    return outer.outputs


def _leaf(numbers: Numbers, best: Predictor, kind: Kind) -> tuple[Recipe, float]:
    if numbers.itemsize == 1:
        return STREAM, best.bits
    if kind.planes:
        return PLANES, best.bits
    leaf, bits = LOG, best.bits
    if not best.axes:
        for linear in LINEAR:
            cost = lin_bits(numbers, int(linear.settings[0]), kind.items)
            if cost < bits:
                leaf, bits = linear, cost
    return leaf, bits


def _dictionary(numbers: Numbers, kind: Kind, ordered: Recipe) -> Iterator[Choice]:
    if numbers.itemsize == 1:
        return
    few = numbers.reshape(-1)[:: max(1, numbers.size // 4096)]
    if np.unique(few).size > DICT_UP_TO * few.size:
        return
    values, codes = np.unique(numbers, return_inverse=True)
    if values.size > DICT_UP_TO * numbers.size or values.size > 1 << 16:
        return
    dictionary = Recipe("dict", (Recipe("delta", (LOG,), (0,)),))
    width = np.uint8 if values.size <= 256 else np.uint16
    inner = _predicted(codes.reshape(numbers.shape).astype(width), kind, ordered, dictionary)
    once = values.size * log_bits(np.diff(values), signed=True) if values.size > 1 else 64.0
    yield inner._replace(bits=inner.bits + once / kind.items)


def _decimals(native: Numbers, kind: Kind) -> Iterator[Choice]:
    floats = native.view(f"f{native.itemsize}")
    for factor, _ in decimal_factors(floats.reshape(-1)[:: max(1, floats.size // 4096)]):
        with np.errstate(all="ignore"):
            scaled = np.rint(floats.astype(np.float64) * factor)
            half = float(1 << (8 * native.itemsize - 1))
            exact = (scaled / factor).astype(floats.dtype).view(native.dtype) == native
            exact &= np.abs(scaled) < min(half, float(1 << 53))
        integers = np.where(exact, scaled, 0).astype(np.int64)
        integers = _filled(integers, ~exact)
        numbers = (
            (integers + (1 << (8 * native.itemsize - 1))).astype(native.dtype)
            if (native.itemsize < 8)
            else integers.view(np.uint64) ^ np.uint64(1 << 63)
        )
        settings = (float(factor), *(["big"] if kind.big_endian else []))
        share = 1 - np.count_nonzero(exact) / exact.size
        inner = _predicted(numbers, kind, Recipe("decimal", (LOG, BYTES), settings))
        yield inner._replace(bits=inner.bits + share * (8 * native.itemsize + 12))


def _multiples(numbers: Numbers, kind: Kind, ordered: Recipe) -> Iterator[Choice]:
    low = numbers.min()
    step = int(np.gcd.reduce((numbers - low).reshape(-1)))
    if step > 1:
        yield _predicted((numbers - low) // step, kind, ordered, Recipe("affine"))


def _plus(gains: tuple[Gain, ...], bits: float) -> tuple[Gain, ...]:
    return tuple(Gain(gain.stage, gain.bits + bits) for gain in gains)


def _scaled(gains: tuple[Gain, ...], share: float, least: float) -> tuple[Gain, ...]:
    return tuple(Gain(gain.stage, max(least, share * gain.bits)) for gain in gains)


def _filled(numbers: Numbers, mask: npt.NDArray[np.bool_]) -> Numbers:
    """The previous number that is not masked in place of each that is."""
    flat = ~mask.reshape(-1)
    if not flat.any():
        return numbers
    last = np.maximum.accumulate(np.where(flat, np.arange(flat.size), -1))
    last[last < 0] = int(flat.argmax())
    return numbers.reshape(-1)[last].reshape(numbers.shape)


def most_frequent(raw: Numbers) -> tuple[int, float]:
    few = raw.reshape(-1)[:: max(1, raw.size // 4096)]
    values, counts = np.unique(few, return_counts=True)
    best = int(counts.argmax())
    return int(values[best]), float(np.count_nonzero(raw == values[best]) / raw.size)


def trailing_zeros(native: Numbers) -> int:
    seen = int(np.bitwise_or.reduce(native.reshape(-1)))
    return (seen & -seen).bit_length() - 1 if seen else 0


def to_ordered(native: Numbers, name: str, shift: int) -> Numbers:
    width = 8 * native.itemsize - shift
    numbers = native >> native.dtype.type(shift)
    half = native.dtype.type(1 << (width - 1))
    if name == "signed":
        return numbers ^ half
    if name == "float":
        return np.where(
            numbers & half, native.dtype.type((1 << width) - 1) - numbers, numbers + half
        )
    return numbers


def decimal_factors(few: Numbers) -> list[tuple[float, float]]:
    found = []
    for k in range(13):
        factor = 10.0**k
        with np.errstate(all="ignore"):
            scaled = np.rint(few.astype(np.float64) * factor)
            back = (scaled / factor).astype(few.dtype)
        ok = (back.view(f"u{few.itemsize}") == few.view(f"u{few.itemsize}")) & (
            np.abs(scaled) < 2.0**53
        )
        if few.itemsize == 4:
            ok &= np.abs(scaled) < 2.0**31
        share = np.count_nonzero(ok) / ok.size
        if share > 0.9 and (not found or share > found[-1][1] + 0.01):
            found.append((factor, 1 - share))
        if share == 1:
            break
    return found[-2:]
