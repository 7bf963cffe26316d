"""Columns of numbers: whether all of them have one recipe, or each, or those that are alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ansflow.transforms.choosing.alike import bytes_alike, mapped_alike
from ansflow.transforms.choosing.choice import Choice, Gain, better, plain_choice, side_by_side
from ansflow.transforms.choosing.likeness import Group, alike
from ansflow.transforms.choosing.mapped import SMALL, Kind, Mapped, Numbers
from ansflow.transforms.choosing.maps import mapped
from ansflow.transforms.choosing.numbers import Rated, choose_numbers, is_clear, rated
from ansflow.transforms.choosing.offers import WORTH_BITS
from ansflow.transforms.choosing.predicted import ROW, columns_apart, columns_of
from ansflow.transforms.choosing.sample import few_boxes
from ansflow.transforms.layout import Layout
from ansflow.transforms.recipe import Recipe

__all__ = ["by_neighbours", "each_by_itself", "in_groups", "taken_apart"]

# Maps whose other outputs take as much for all columns together as for each by itself.
SHARABLE = "ordered", "decimal", "affine", "mask"

# The share of a column that is the same as the one before in one that repeats it, as adjusted
# prices do; and what its difference from that is, which is 0 where they are the same.
REPEATED = 0.9
OF_BITS: dict[str, Any] = {"name": "unsigned", "big_endian": False, "all_items": None}

# By so many numbers maps of a group are compared, and facts told: all columns have a few.
SOME, FEW = 2048, 1024


def by_neighbours(
    raw: Numbers, kind: Kind, of_all: Callable[[], Iterable[Mapped]] | None = None
) -> Choice:
    """A recipe for numbers by those around them: for all, or for each column.

    What `mapped` yields for all is asked `of_all`, if it is to be known afterwards, too.
    """
    count = columns_of(raw, kind)
    if not count:
        return choose_numbers(raw, kind, rated(of_all(), kind) if of_all else ())
    if kind.effort.quick:
        return _quickly_by_neighbours(raw, kind)
    columns, parts = taken_apart(raw, kind)
    candidates = [*map(list, map(mapped, columns, parts))]
    shared = rated(_shared(Mapped(few_boxes(raw, kind.effort.some)), candidates, kind), kind)
    if all(len(maps) == len(shared) for maps in candidates):
        return choose_numbers(raw, kind, shared)  # no column has a map of its own
    tried = [*map(rated, candidates, parts)]
    best = [one for one in shared if all(is_clear(maps, one.mapped.maps) for maps in tried)]
    if best:
        return choose_numbers(raw, kind, best)  # or what they share is best for each of them
    found = [*map(choose_numbers, columns, parts, tried)]
    each = {choice.maps for choice in found}
    differences = []
    for j in _repeated(columns):
        other = choose_numbers(columns[j] - columns[j - 1], parts[j]._replace(**OF_BITS))
        if other.bits < found[j].bits - WORTH_BITS:
            found[j] = other
            differences.append(j)
    apart = each_by_itself(found, raw, differences)
    same = len(each) == 1
    if not same:
        each = {_but_dictionary(maps) for maps in each}
    alike = len(each) == 1
    if alike:
        # If all have maps that cannot be shared, such as runs, any map may be for all together.
        shared = [one for one in shared if one.mapped.maps in each]
    else:
        of_most = rated(_of_most(raw, found, kind), kind)
        # Of many columns, values may come again in others, which one recipe knows of.
        is_long = count * raw.itemsize > ROW
        if not (shared or of_most or is_long) and kind.items > SMALL:
            return apart
        alike, shared = is_long or bool(of_most), of_most or shared
    together = choose_numbers(raw, kind, shared, in_columns=alike)
    # Each may be told by another part of a sample. Nothing else would be found for columns apart.
    if same and _have_differences(together.recipe):
        return together
    return better(together, apart)


def _quickly_by_neighbours(raw: Numbers, kind: Kind) -> Choice:
    """The same with columns that have maps of their own only where some of them are decimals."""
    together = rated(mapped(raw, kind), kind)
    if kind.name == "float" and not _are_decimal(together):
        columns, parts = taken_apart(raw, kind)
        tried = [*map(rated, map(mapped, columns, parts), parts)]
        if any(map(_are_decimal, tried)):
            each = each_by_itself([*map(choose_numbers, columns, parts, tried)], raw)
            if each.bits < together[0].bits:
                return each
    return choose_numbers(raw, kind, together)


def _have_differences(recipe: Recipe) -> bool:
    """Whether some columns are differences from the ones before."""
    if recipe.name == "columns":
        return bool(recipe.settings)
    return any(map(_have_differences, recipe.outputs[:1]))


def _are_decimal(tried: Sequence[Rated]) -> bool:
    return any(outer.name == "decimal" for one in tried for outer in one.mapped.maps)


def _but_dictionary(maps: tuple[Recipe, ...]) -> tuple[Recipe, ...]:
    """Maps that leave numbers which may be subtracted from each other, as codes may not."""
    return maps[:-1] if maps[-1:] and maps[-1].name == "dict" else maps


def taken_apart(raw: Numbers, kind: Kind) -> tuple[list[Numbers], list[Kind]]:
    """Each column of some numbers, and of what kind it is."""
    count = raw.shape[-1]
    return [*columns_apart(raw)], [kind.part(count, j) for j in range(count)]


def _repeated(columns: Sequence[Numbers]) -> list[int]:
    """The columns that mostly are the same as the one before, bit for bit."""
    return [
        j
        for j, (before, column) in enumerate(pairwise(columns), 1)
        if np.count_nonzero(column == before) >= REPEATED * column.size
    ]


def each_by_itself(
    found: Sequence[Choice], raw: Numbers, differences: Sequence[int] = ()
) -> Choice:
    """The recipe of columns of some numbers with what was found for each of them.

    Or for its difference from the one before.
    """
    plain = plain_choice(Layout(raw.itemsize, (raw.size // len(found),)))
    found = [choice.with_room(plain) for choice in found]
    recipe = Recipe("columns", tuple(choice.recipe for choice in found), tuple(differences))
    return side_by_side(recipe, found, 1 / len(found))


def in_groups(rows: Numbers, kind: Kind) -> Choice | None:
    """Recipes for groups of columns that are alike, by some rows of a table; None if too many."""
    columns = columns_apart(rows)
    count, _, length = columns.shape
    groups = alike(columns.reshape(count, -1), kind)
    if not kind.has_room_for(len(groups), rows.itemsize):
        return None
    numbers, found = [0] * count, []
    for number, group in enumerate(groups):
        part = kind.part(count, group.columns[0])
        raw = columns[group.columns].reshape(-1, length)
        effort = part.effort._replace(some=SOME, few=FEW)
        part = part._replace(effort=effort, streams=kind.streams // len(groups))
        if len(group.columns) > 1:
            items = part.items * len(group.columns)
            part = part._replace(items=items, all_items=raw.reshape(-1))
        found.append(_of_group(raw, part, group))
        for j in group.columns:
            numbers[j] = number
    recipe = Recipe("groups", tuple(choice.recipe for choice in found), numbers)
    shares = (len(group.columns) / count for group in groups)
    bits = sum(share * choice.bits for share, choice in zip(shares, found, strict=True))
    before = Gain("as they are", 8.0 * rows.itemsize)
    return Choice(recipe, bits, (before, Gain("columns that are alike in groups", bits)))


def _of_group(raw: Numbers, kind: Kind, group: Group) -> Choice:
    """A recipe for columns that are alike, side by side as boxes."""
    if group.small and len(group.columns) > 1:
        recipe = bytes_alike(raw, kind, group.factor, lacking=group.lacking)
        if recipe is not None:
            return Choice(recipe, group.bits)
    tried: list[Rated] = []
    if group.factor is not None or kind.name != "float":
        tried = rated(mapped_alike(raw, kind, group.factor), kind)
    return choose_numbers(raw, kind, tried)


def _of_most(raw: Numbers, found: Sequence[Choice], kind: Kind) -> list[Mapped]:
    """All columns together as the decimals that most of them are, which others may be, too.

    So are integers, such as how much was sold at these prices.
    """
    [(maps, count)] = Counter([choice.maps for choice in found]).most_common(1)
    if [one.name for one in maps] != ["decimal"] or 2 * count <= len(found):
        return []
    together = Mapped(few_boxes(raw, kind.effort.some)).through(kind, *maps)
    return [] if together is None else [together]


def _shared(some: Mapped, candidates: Sequence[Sequence[Mapped]], kind: Kind) -> list[Mapped]:
    """All columns together through the maps that each of them has, as far as costs add up."""
    shared = []
    for first in candidates[0]:
        alike = [one for maps in candidates for one in maps if one.maps == first.maps]
        if len(alike) < len(candidates) or any(one.name not in SHARABLE for one in first.maps):
            continue
        together = some.through(kind, *first.maps)
        if together is not None:
            extra = sum(one.extra for one in alike) / len(alike)
            shared.append(together._replace(extra=extra))
    return shared
