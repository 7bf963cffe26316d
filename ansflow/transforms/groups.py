"""Columns of a table in groups: those that are alike are one vector, one after the other.

A table has many columns of few kinds, such as yes or no, ages, shares. A recipe for each column
takes its time many times over, and a table of frequencies each; those of a group share theirs.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.groups import join_columns, split_columns
from ansflow.recycling import empty
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS, numbers_in_place, numbers_of, put_back
from ansflow.transforms.transform import Misfit, Setting, Transform
from ansflow.transforms.vectors import Vectors, memory_of
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Groups"]

FEWEST, MOST = 2, 4096


class Groups(Transform):
    """Numbers to a vector for each group of places along the last axis.

    Settings are the number of its group for each of these places. Groups are numbered in the order
    of their first columns.
    """

    id = 24
    name = "groups"
    parts = ("group",)
    by_shape = True
    side_by_side = True

    def accepts(self, layout: Layout) -> bool:
        shape = layout.shape
        return layout.itemsize in WIDTHS and len(shape) > 1 and FEWEST <= shape[-1] <= MOST

    def outputs(self, parameters: Sequence[int], layout: Layout) -> list[Layout]:
        first, *others = layout.shape[:-1]
        return [
            Layout(layout.itemsize, (count * first, *others))
            for count in _counts(tuple(parameters))
        ]

    def check(self, *settings: Setting) -> None:
        if not FEWEST <= len(settings) <= MOST:
            raise ValueError(
                f"'groups' takes the number of a group for each of {FEWEST} to {MOST} columns, "
                f"not for {len(settings)}"
            )
        if not _are_in_order(settings):
            raise ValueError(
                "'groups' takes numbers of groups from 0 on, in the order of their first columns, "
                f"not {', '.join(map(str, settings)):.60}"
            )

    def forward(
        self, items: Bytes, layout: Layout, *settings: Setting
    ) -> tuple[tuple[int, ...], list[Bytes]]:
        groups, width = tuple(map(int, settings)), layout.itemsize
        if len(groups) != layout.shape[-1]:
            raise Misfit(f"there are {layout.shape[-1]} columns, and groups of {len(groups)}")
        columns = empty(items.size, np.uint8).reshape(len(groups), -1)
        split_columns(numbers_of(items, width), _places(groups), columns.view(f"<u{width}"))
        return groups, _vectors(columns, groups)

    def buffers(self, parameters: Sequence[int], layout: Layout, out: Bytes) -> Vectors:
        memory = empty(layout.nbytes, np.uint8)
        columns = memory.reshape(len(parameters), -1)
        return Vectors(_vectors(columns, tuple(parameters)), memory)

    def inverse(
        self, parameters: Sequence[int], outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        numbers, width = numbers_in_place(out, layout.itemsize), layout.itemsize
        columns = memory_of(outputs).reshape(len(parameters), -1)
        join_columns(columns.view(f"<u{width}"), _places(tuple(parameters)), numbers)
        put_back(numbers, out)

    def pack(self, parameters: Sequence[int]) -> bytes:
        count = 1 + max(parameters)
        bits = (count - 1).bit_length()
        if not bits:
            return pack_varint(count)
        digits = "".join([f"{group:0{bits}b}" for group in reversed(parameters)])
        return pack_varint(count) + int(digits, 2).to_bytes(-(-len(digits) // 8), "little")

    def parse(self, reader: ByteReader, layout: Layout) -> tuple[int, ...]:
        columns, count = layout.shape[-1], reader.varint()
        if not 1 <= count <= columns:
            raise CorruptDataError(f"the transform 'groups' has {count} for {columns} columns")
        bits = (count - 1).bit_length()
        size = bits * columns
        packed = int.from_bytes(reader.take(-(-size // 8)), "little")
        if packed >> size:
            raise CorruptDataError("the transform 'groups' has groups of more columns than it has")
        digits = f"{packed:0{size}b}"
        starts = range(size - bits, -1, -bits) if bits else ()
        groups = tuple([int(digits[at : at + bits], 2) for at in starts]) or (0,) * columns
        if not _are_in_order(groups) or max(groups) != count - 1:
            raise CorruptDataError(
                f"the transform 'groups' has {count} groups that are not in the order of their "
                "first columns, or without a column"
            )
        return groups

    def describe(self, parameters: Sequence[int]) -> Sequence[Setting]:
        return tuple(parameters)


def _are_in_order(groups: Sequence[Setting]) -> bool:
    """Whether each is a number, and one of those before or the next one."""
    found = list(dict.fromkeys(groups))
    return found == [*range(len(found))] and all(type(group) is int for group in groups)


@functools.lru_cache
def _counts(groups: tuple[int, ...]) -> list[int]:
    """How many columns each group has."""
    counts: list[int] = np.bincount(groups).tolist()
    return counts


@functools.lru_cache
def _places(groups: tuple[int, ...]) -> npt.NDArray[np.uint64]:
    """Where each column is if those of a group follow each other."""
    places = np.empty(len(groups), np.uint64)
    places[np.argsort(groups, kind="stable")] = np.arange(len(groups), dtype=np.uint64)
    return places


def _vectors(columns: Bytes, groups: tuple[int, ...]) -> list[Bytes]:
    """Vectors of the columns of each group, which follow each other."""
    ends = np.cumsum(_counts(groups)).tolist()
    flat, size = columns.reshape(-1), columns.shape[1]
    return [flat[begin * size : end * size] for begin, end in zip([0, *ends], ends, strict=False)]
