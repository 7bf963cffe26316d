"""Items by what their dtype says: numbers, texts, and structures field by field."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.extension_dtypes import stand_in
from ansflow.transforms.choosing.choice import Choice, Gain, plain_choice, side_by_side
from ansflow.transforms.choosing.columns import by_neighbours
from ansflow.transforms.choosing.cost import plain_bits
from ansflow.transforms.choosing.digits import Packed, narrowed, packed
from ansflow.transforms.choosing.far import look_back
from ansflow.transforms.choosing.mapped import Kind, Mapped, Numbers
from ansflow.transforms.choosing.maps import decimals, mapped
from ansflow.transforms.choosing.predicted import columns_of
from ansflow.transforms.choosing.texts import Choose, characters, choose_texts, is_text
from ansflow.transforms.layout import Layout
from ansflow.transforms.node import MAX_DEPTH
from ansflow.transforms.numbers import WIDTHS
from ansflow.transforms.planes import MAX_PLANES
from ansflow.transforms.recipe import Recipe

__all__ = ["KINDS", "of_numbers", "of_type"]

Items = npt.NDArray[Any]

KINDS = {
    "b": "unsigned",
    "u": "unsigned",
    "i": "signed",
    "m": "signed",
    "M": "signed",
    "f": "float",
}

MOST_FIELDS = 64

# What digits of integers must gain, as each is a stream; and what numbers must take for them to be
# looked for: decimals more, as that takes longer.
WORTH_DIGITS, FEW_BITS, FEW_BITS_OF_DECIMALS = 0.03, 0.5, 8
# Of fewer integers, they gain next to nothing, and it takes a tenth of the time to see that.
FEWEST_OF_DIGITS = 1024


def of_type(
    items: Items, sample: Items, dtype: np.dtype[Any], kind: Kind, choose: Choose
) -> Choice | None:
    """A recipe for items by a sample of them, shape (boxes, ...), if their dtype says enough.

    `choose` is what chooses recipes for parts of texts.
    """
    dtype = stand_in(dtype)
    numbers = of_numbers(kind, dtype)
    if numbers is not None:
        return _numbers(sample, numbers, dtype.itemsize)
    if is_text(dtype):
        parts = characters(dtype, MOST_FIELDS)
        by_characters = partial(_fields, items, sample, parts, kind, choose)
        return choose_texts(items, sample, dtype, choose, by_characters)
    if dtype.kind == "c":
        part = np.dtype(f"f{dtype.itemsize // 2}").newbyteorder(dtype.byteorder)
        return _fields(items, sample, [(part, 0), (part, part.itemsize)], kind, choose)
    if dtype.subdtype is not None:
        base, _ = dtype.subdtype
        each = [(base, at) for at in range(0, dtype.itemsize, base.itemsize)]
        return _fields(items, sample, each, kind, choose)
    if dtype.names is not None:
        places = [dtype.fields[name][:2] for name in dtype.names]  # type: ignore[index]
        return _fields(items, sample, places, kind, choose)
    return None


def of_numbers(kind: Kind, dtype: np.dtype[Any]) -> Kind | None:
    """The kind of numbers of a dtype; None if items are none."""
    if dtype.kind in KINDS and dtype.itemsize in WIDTHS:
        return Kind(KINDS[dtype.kind], _is_big(dtype), *kind[2:])
    return None


def _numbers(sample: npt.NDArray[Any], kind: Kind, width: int) -> Choice:
    raw = np.ascontiguousarray(sample).view(f"<u{width}")
    known: list[Mapped] = []  # which both may ask for

    def candidates() -> Sequence[Mapped]:
        known.extend(() if known else mapped(raw, kind))
        return known

    found = by_neighbours(raw, kind, candidates)
    return _or_digits(look_back(found, raw, kind, candidates), raw, kind)


def _or_digits(found: Choice, raw: Numbers, kind: Kind) -> Choice:
    """What was found, or a recipe for each digit of integers that others were packed in."""
    enough = found.bits * (1 - WORTH_DIGITS)
    few_bits = FEW_BITS_OF_DECIMALS if kind.name == "float" else FEW_BITS
    few = kind.items < FEWEST_OF_DIGITS or enough < few_bits
    if kind.effort.quick or raw.itemsize == 1 or few:
        return found
    for packs in _packs(found, raw, kind, enough):
        if packs is not None:
            found = _or_digits_of(packs, found, raw, kind)
    return found


def _packs(found: Choice, raw: Numbers, kind: Kind, enough: float) -> Iterator[Packed | None]:
    """Yield digits that are worth being looked at; what was found takes about `enough` bits."""
    lag = columns_of(raw, kind) or 1
    if kind.name != "float":
        yield packed(raw, kind, (), lag, enough)
        return
    maps = found.maps
    if found.recipe.name == "columns" and found.recipe.settings:
        # Some columns repeat others and take next to nothing, which digits at a glance don't tell.
        maps = next((one.maps for one in decimals(raw, kind)), ())
        enough *= lag / (lag - len(found.recipe.settings))
    if [one.name for one in maps] == ["decimal"]:
        yield packed(raw, kind, maps, lag, enough)
        if "far" in maps[0].settings:
            # What corrections say may be the last digits of integers that are finer.
            others = (one.maps for one in decimals(raw, kind) if one.maps != maps)
            alone = (maps for maps in others if len(maps) == 1)
            for maps in islice(alone, 1):
                yield packed(raw, kind, maps, lag, enough)
    else:
        yield narrowed(raw, kind)


def _or_digits_of(packs: Packed, found: Choice, raw: Numbers, kind: Kind) -> Choice:
    """What was found, or a recipe for each of these digits."""
    digits = packs.digits(raw, kind)
    if digits is None:
        return found
    each = [*map(by_neighbours, digits[0], packs.kinds(kind))]
    if 1 + len(packs.maps) + max(one.recipe.depth for one in each) > MAX_DEPTH:
        return found
    recipe = Recipe(packs.outer.name, tuple(one.recipe for one in each), packs.bases)
    for outer in reversed(packs.maps):
        recipe = outer.around(recipe)
    bits = digits[1] + sum(one.bits for one in each)
    if bits >= found.bits * (1 - WORTH_DIGITS):
        return found
    stages = ", ".join(str(stage.alone) for stage in (*packs.maps, packs.outer))
    return Choice(recipe, bits, (*found.gains[:1], Gain(f"{stages}, each by itself", bits)))


def _fields(
    items: Items,
    sample: Items,
    places: Sequence[tuple[np.dtype[Any], int]],
    kind: Kind,
    choose: Choose,
) -> Choice | None:
    """Each field of a structure by itself, and the bytes between them."""
    size = sample.dtype.itemsize
    parts: list[tuple[np.dtype[Any], int]] = []
    at = 0
    for dtype, begin in (*places, (np.dtype(np.void), size)):
        if begin > at:
            parts.append((np.dtype((np.void, begin - at)), at))
        if dtype.itemsize:
            parts.append((dtype, begin))
        at = begin + dtype.itemsize
    if len(parts) == 1:
        return of_type(items, sample, parts[0][0], kind, choose)
    if len(parts) > MOST_FIELDS:
        return None
    part = kind._replace(streams=kind.streams // len(parts))
    found = []
    for dtype, begin in parts:
        field = np.dtype((np.void, dtype.itemsize))
        view = np.dtype({"names": "f", "formats": [field], "offsets": [begin], "itemsize": size})
        some = sample.view(view)["f"]
        choice = of_type(items.view(view)["f"], some, dtype, part, choose)
        if choice is None and dtype.itemsize > MAX_PLANES:
            return None
        plain = plain_choice(Layout(dtype.itemsize, (kind.items,)))
        if choice is None:
            octets = np.ascontiguousarray(some).view(np.uint8)
            choice = plain._replace(bits=plain_bits(octets.reshape(-1, dtype.itemsize)))
        found.append(choice.with_room(plain))
    sizes = tuple(dtype.itemsize for dtype, _ in parts)
    recipe = Recipe("fields", tuple(choice.recipe for choice in found), sizes)
    return side_by_side(recipe, found, 1.0)


def _is_big(dtype: np.dtype[Any]) -> bool:
    return dtype.byteorder == ">" or (dtype.byteorder == "=" and sys.byteorder == "big")
