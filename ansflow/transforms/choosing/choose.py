"""A recipe for an array of any dtype."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.extension_dtypes import stand_in
from ansflow.transforms.choosing.choice import (
    WORTH_IT,
    Choice,
    Gain,
    better,
    plain_choice,
    side_by_side,
)
from ansflow.transforms.choosing.columns import by_neighbours
from ansflow.transforms.choosing.cost import plain_bits
from ansflow.transforms.choosing.digits import Packed, narrowed, packed
from ansflow.transforms.choosing.effort import effort_of
from ansflow.transforms.choosing.far import look_back
from ansflow.transforms.choosing.mapped import SMALL, Kind, Numbers
from ansflow.transforms.choosing.maps import decimals
from ansflow.transforms.choosing.predicted import columns_of
from ansflow.transforms.choosing.sample import boxes
from ansflow.transforms.choosing.shapes import axes_of_a_row, joined, needless_axes
from ansflow.transforms.choosing.tables import (
    groups_of_table,
    may_be_table,
    or_apart,
    or_table,
)
from ansflow.transforms.choosing.texts import characters, choose_texts, is_text
from ansflow.transforms.items import MAX_SIZE
from ansflow.transforms.layout import Layout
from ansflow.transforms.node import MAX_DEPTH
from ansflow.transforms.numbers import WIDTHS
from ansflow.transforms.plain import plain_recipe
from ansflow.transforms.planes import MAX_PLANES
from ansflow.transforms.recipe import Recipe

__all__ = ["CHUNK_ITEMS", "choose"]

Items = npt.NDArray[Any]

# With fewer items there is nothing to choose by: what is written once takes more than is gained.
FEWEST = 32

# With fewer items, the plain recipe may be best.
PLAIN_UP_TO = 8192

# A sample has an axis more, and NumPy's arrays have no more than 64.
MOST_AXES = 32

# A sample has at least so many items, though that may be a larger part than it should be.
FEW = 4096

# Items that a chunk has where nothing else is said: enough that what is done once for each, mostly
# in Python, takes a tenth of the time, and few enough that one row is soon at hand.
CHUNK_ITEMS = 1 << 20

KINDS = {
    "b": "unsigned",
    "u": "unsigned",
    "i": "signed",
    "m": "signed",
    "M": "signed",
    "f": "float",
}

MOST_FIELDS = 64

# Levels that try what seems as good also try what this one finds.
QUICK = 5

# What is surely better than that takes at most this share of what it takes, but for numbers that
# take so few bits that a sample says little of what makes them.
SURELY, FEW_BITS = 0.8, 0.5

# What digits of integers must gain, as each is a stream; and what decimals must take for them to be
# looked for, as that takes longer.
WORTH_DIGITS, FEW_BITS_OF_DECIMALS = 0.03, 8
# Of fewer integers, they gain next to nothing, and it takes a tenth of the time to see that.
FEWEST_OF_DIGITS = 1024


def choose(content: Bytes, layout: Layout, dtype: np.dtype[Any], level: int) -> Choice | None:
    """Return a recipe for items, or None if nothing is known that is better than their bytes.

    Parameters
    ----------
    content : contiguous ndarray of uint8
        The items, or the first of them.
    layout : Layout
        Of items of the dtype, or of bytes, which are such items one after the other.
    dtype : dtype
    level : int
        1 to 9: how long to look for it, and how slow it may be.
    """
    width = dtype.itemsize
    if not width or not layout.nbytes or len(layout.shape) > MOST_AXES:
        return None
    # Bytes are items one after the other, or those of large items, which are an axis.
    of_bytes = layout.itemsize == 1 and (len(layout.shape) == 1 or layout.shape[-1:] == (width,))
    if 1 < width <= MAX_SIZE and of_bytes:
        numbers = Layout(width, (layout.items // width,))
        found = choose(content[: numbers.nbytes], numbers, dtype, level)
        return found and found.inside(Recipe("items", (Recipe(),), (width,)))
    if layout.itemsize != width or layout.items < FEWEST:
        return None
    needless = needless_axes(layout.shape)
    if needless:
        outer, inner = joined(layout, needless)
        found = choose(content, inner, dtype, level)
        return found and found.inside(outer)
    found = _choose(content, layout, dtype, level)
    row = axes_of_a_row(layout.shape)
    if not row:
        return found
    outer, inner = joined(layout, row)
    other = _choose(content, inner, dtype, level)
    return _better(found, other and other.inside(outer), level)


def _better(found: Choice | None, other: Choice | None, level: int) -> Choice | None:
    """The better one of two, beside which the other may be tried."""
    if found is None or other is None:
        return found or other
    best = better(found, other)
    return best.beside([found if best is other else other], effort_of(level).most_others)


def _choose(content: Bytes, layout: Layout, dtype: np.dtype[Any], level: int) -> Choice | None:
    """The same for items that are at least a few, in the axes that they have."""
    width, items, effort = dtype.itemsize, layout.items, effort_of(level)
    cell = f"<u{width}" if width in WIDTHS else f"V{width}"  # numbers are copied faster
    array = content.view(cell).reshape(layout.shape)
    size = min(effort.size, items if items <= SMALL else max(FEW, items // effort.part))
    sample = boxes(array, size, effort.boxes)
    whole_rows = sample.shape[1:][-1:] == layout.shape[-1:]
    is_number = stand_in(dtype).kind in KINDS and width in WIDTHS
    all_items = array.reshape(-1) if is_number else None
    chunk = min(CHUNK_ITEMS, items)
    kind = Kind("", False, effort, chunk, whole_rows=whole_rows, all_items=all_items)
    numbers = _of_numbers(kind, stand_in(dtype)) if may_be_table(array) else None
    choice, surely = (None, False) if numbers is None else groups_of_table(array, sample, numbers)
    if not surely:
        groups, choice = choice, _of_type(array, sample, dtype, kind, level)
        if groups is not None and choice is not None:
            choice = or_apart([groups], choice, effort)
        elif choice is not None and numbers is not None:
            choice = or_table(array, choice, numbers)
    if choice is not None and effort.most_others:
        quick = _choose(content, layout, dtype, QUICK)
        if quick is not None and (effort.others or _may_be_better(quick, choice)):
            choice = choice.beside([quick], effort.most_others)
    if choice is None or choice.bits > 8 * width * (1 - WORTH_IT):
        return None
    # The streams of many stages take more than they gain if there are few items.
    if items < PLAIN_UP_TO:
        bits = plain_bits(content.reshape(-1, width))
        if bits < choice.bits and width > MAX_PLANES:
            return None  # their bytes are one stream
        if bits < choice.bits:
            plain = plain_recipe(layout)
            return Choice(plain, bits, (Gain("as they are", 8.0 * width), Gain((plain,), bits)))
    return choice


def _may_be_better(quick: Choice, choice: Choice) -> bool:
    """Whether what is chosen in less time may be better than another choice."""
    return choice.bits < FEW_BITS or choice.bits > quick.bits * SURELY


def _of_type(
    items: Items, sample: Items, dtype: np.dtype[Any], kind: Kind, level: int
) -> Choice | None:
    """The same by the bytes of a sample, shape (boxes, ...), of a kind that the dtype tells."""
    dtype = stand_in(dtype)
    numbers = _of_numbers(kind, dtype)
    if numbers is not None:
        return _numbers(sample, numbers, dtype.itemsize)
    if is_text(dtype):
        parts = characters(dtype, MOST_FIELDS)
        by_characters = partial(_fields, items, sample, parts, kind, level)
        chosen_by = partial(choose, level=level)
        return choose_texts(items, sample, dtype, chosen_by, by_characters)
    if dtype.kind == "c":
        part = np.dtype(f"f{dtype.itemsize // 2}").newbyteorder(dtype.byteorder)
        return _fields(items, sample, [(part, 0), (part, part.itemsize)], kind, level)
    if dtype.subdtype is not None:
        base, _ = dtype.subdtype
        each = [(base, at) for at in range(0, dtype.itemsize, base.itemsize)]
        return _fields(items, sample, each, kind, level)
    if dtype.names is not None:
        places = [dtype.fields[name][:2] for name in dtype.names]  # type: ignore[index]
        return _fields(items, sample, places, kind, level)
    return None


def _of_numbers(kind: Kind, dtype: np.dtype[Any]) -> Kind | None:
    """The same of numbers of a dtype; None if items are none."""
    if dtype.kind in KINDS and dtype.itemsize in WIDTHS:
        return Kind(KINDS[dtype.kind], _is_big(dtype), *kind[2:])
    return None


def _numbers(sample: npt.NDArray[Any], kind: Kind, width: int) -> Choice:
    raw = np.ascontiguousarray(sample).view(f"<u{width}")
    return _or_digits(look_back(by_neighbours(raw, kind), raw, kind), raw, kind)


def _or_digits(found: Choice, raw: Numbers, kind: Kind) -> Choice:
    """What was found, or a recipe for each digit of integers that others were packed in."""
    enough = found.bits * (1 - WORTH_DIGITS)
    few_bits = FEW_BITS_OF_DECIMALS if kind.name == "float" else FEW_BITS
    few = kind.items < FEWEST_OF_DIGITS or enough < few_bits
    if not kind.effort.periods or raw.itemsize == 1 or few:
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
    elif [one.name for one in found.maps] == ["decimal"]:
        yield packed(raw, kind, found.maps, lag, enough)
        if "far" in found.maps[0].settings:
            # What corrections say may be the last digits of integers that are finer.
            others = (one.maps for one in decimals(raw, kind) if one.maps != found.maps)
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
    level: int,
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
        return _of_type(items, sample, parts[0][0], kind, level)
    if len(parts) > MOST_FIELDS:
        return None
    part = kind._replace(streams=kind.streams // len(parts))
    found = []
    for dtype, begin in parts:
        field = np.dtype((np.void, dtype.itemsize))
        view = np.dtype({"names": "f", "formats": [field], "offsets": [begin], "itemsize": size})
        some = sample.view(view)["f"]
        choice = _of_type(items.view(view)["f"], some, dtype, part, level)
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
