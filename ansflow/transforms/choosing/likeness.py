"""Columns of a table that are alike, told by a sample of its rows.

Columns of a group have one recipe, and their numbers share a table of frequencies, or a few. What
they take together is estimated by how often tokens occur, those of numbers or of differences.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.kernels.tables.row_classes import MAX_CLASSES
from ansflow.kernels.transforms.likeness import TOKENS, VIEWS, count_tokens, join_alike
from ansflow.transforms.choosing.cost import TABLE_BITS
from ansflow.transforms.choosing.factors import Factor
from ansflow.transforms.choosing.mapped import Kind, Numbers
from ansflow.transforms.choosing.traits import BYTE, Columns, columns_in_order

__all__ = ["Group", "alike"]

# What a group takes besides its symbols, in bits, and in time, as a share of all bits.
GROUP_BITS, GROUP_SHARE = 300, 0.001

# The share of numbers like the one before from which on columns consist of runs.
RUNS_FROM = 0.6

AS_THEY_ARE, DIFFERENCES = range(VIEWS)


class Group(NamedTuple):
    """Columns with one recipe, by their numbers, in ascending order.

    With a `factor` their floats are integers; some are no numbers if it is `lacking` them. If it is
    `small`, these are bytes, and so alike that classes of rows tell them apart. A number is
    expected to take so many `bits`.
    """

    columns: list[int]
    factor: Factor | None
    lacking: bool
    small: bool
    bits: float


def alike(columns: Numbers, kind: Kind) -> list[Group]:
    """Groups of columns, in the order of their first ones.

    Parameters
    ----------
    columns : contiguous ndarray of unsigned integers, shape (columns, rows)
        The bytes of numbers of a sample, whatever their byte order.
    kind : Kind
        That of the whole table.
    """
    count, rows = columns.shape
    found = columns_in_order(columns, kind)
    counts, raw_bits = np.empty((count, VIEWS, TOKENS), np.uint32), np.empty((count, VIEWS))
    count_tokens(found.numbers, counts, raw_bits)
    counts = np.ascontiguousarray(counts[:, :, counts.any(axis=(0, 1))])
    scale = kind.items / (count * rows)
    price = GROUP_BITS + GROUP_SHARE * scale * float(_bits(counts, raw_bits).min(axis=1).sum())
    firsts = np.empty(count, np.int64)
    join_alike(counts, raw_bits, found.traits, scale, float(TABLE_BITS), price, firsts)
    bits = _bits(counts, raw_bits)
    groups = []
    for joined, small in _of_classes(found, firsts, counts, bits.argmin(axis=1)):
        members = np.flatnonzero(np.isin(firsts, joined)).tolist()
        j, each = members[0], float(bits[joined].min(axis=1).sum()) / (rows * len(members))
        groups.append(Group(members, found.factors[j], found.lacking[j], small, each))
    return sorted(groups, key=lambda group: group.columns[0])


def _bits(
    counts: npt.NDArray[np.uint32], raw_bits: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Bits of all numbers of columns or groups in each view, without their tables."""
    seen, totals = np.maximum(counts, 1), np.maximum(counts.sum(axis=2), 1)
    bits: npt.NDArray[np.float64] = raw_bits + totals * np.log2(totals)
    bits -= (seen * np.log2(seen)).sum(axis=2)
    return bits


def _of_classes(
    found: Columns,
    firsts: npt.NDArray[np.int64],
    counts: npt.NDArray[np.uint32],
    views: npt.NDArray[np.intp],
) -> list[tuple[list[int], bool]]:
    """Groups that are one, as classes of rows tell them apart, and whether their numbers are bytes.

    These have tables of their own there, as many as there may be, sorted by how large numbers are.
    Runs are alike in how they are undone.
    """
    highest = found.numbers.max(axis=1)
    places = np.arange(counts.shape[2])
    packs: dict[tuple[int, ...], list[tuple[float, int]]] = {}
    for first in dict.fromkeys(firsts.tolist()):
        view = int(views[first])
        key: tuple[int, ...] = (first,)
        tokens, numbers = counts[first, view], found.numbers[first]
        if view == AS_THEY_ARE:
            together = int(highest[firsts == first].max()) <= BYTE
        else:
            together = np.count_nonzero(numbers[1:] == numbers[:-1]) >= RUNS_FROM * numbers.size
        if found.whole[first] and together:
            key = (int(found.traits[first]), view)
        mean = float(tokens @ places) / float(tokens.sum())
        packs.setdefault(key, []).append((mean, first))
    joined = []
    for (_, *view_of_all), pack in packs.items():
        pack.sort()
        parts = -(-len(pack) // MAX_CLASSES)
        ends = [len(pack) * part // parts for part in range(parts + 1)]
        for begin, end in pairwise(ends):
            joined.append(([first for _, first in pack[begin:end]], view_of_all == [AS_THEY_ARE]))
    return joined
