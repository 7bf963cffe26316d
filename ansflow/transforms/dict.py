"""Items as codes in a dictionary of the distinct ones: for lumpy numbers of any kind, and texts."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.dict import (
    count_patterns,
    enroll,
    look_up,
    mark,
    name_patterns,
    number_items,
    rank,
    rename,
)
from ansflow.kernels.transforms.dict_rows import enroll_rows, look_up_rows, number_rows
from ansflow.recycling import empty
from ansflow.transforms.finish import NOTHING, Finish
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import (
    TYPES,
    WIDTHS,
    Numbers,
    numbers_in_place,
    numbers_of,
    put_back,
)
from ansflow.transforms.transform import Finisher, Setting, Unsuitable
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Dict", "coded", "coded_items", "counted"]

MAX_VALUES = 1 << 20
# With more values than this, codes have two bytes, or four.
MAX_NARROW, MAX_MIDDLE = 1 << 8, 1 << 16

# Hash tables: bits of a slot, and how many values make the next one worth its time. With few of its
# slots taken, the first one is nearly always right; and it should stay in the nearest caches.
TABLES = (13, 256), (16, 4096), (17, 1 << 16), (19, 1 << 18), (21, MAX_VALUES)

# What is written does not depend on it.
SECRET = np.uint64(secrets.randbits(64))


class Dict(Finisher):
    """Items to codes, and the sorted values that they are the numbers of.

    The parameter is the number of values.
    """

    id = 9
    name = "dict"
    parts = ("codes", "values")
    by_items = True

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize > 1

    def forward(self, items: Bytes, layout: Layout, *settings: Setting) -> tuple[int, list[Bytes]]:
        codes, values = coded_items(items, layout.itemsize, _most_values(layout))
        return len(values), [codes.view(np.uint8), values.view(np.uint8)]

    def buffers(self, parameters: int, layout: Layout, out: Bytes) -> list[Bytes | None]:
        # Codes at the end become items, the first ones first: an item ends where its code does, or
        # before. So dictionaries within dictionaries take no more memory.
        return [out[out.size - layout.items * _code_bytes(parameters) :], None]

    def inverse(
        self,
        parameters: int,
        outputs: Sequence[Bytes],
        layout: Layout,
        out: Bytes,
        finish: Finish = NOTHING,
    ) -> None:
        codes, values = numbers_of(outputs[0], _code_bytes(parameters)), outputs[1]
        if layout.itemsize not in WIDTHS:  # which nothing is done with, to finish them
            rows = numbers_of(values, 1).reshape(-1, layout.itemsize)
            _check(look_up_rows(codes, rows, out.reshape(-1, layout.itemsize)), parameters)
            return
        if finish.is_by_item and 2 * parameters <= layout.items:
            values = values.copy()  # they may be a part of the frame
            finish.apply(values, layout.itemsize)
            finish = NOTHING
        numbers = numbers_in_place(out, layout.itemsize)
        _check(look_up(codes, numbers_of(values, layout.itemsize), numbers), parameters)
        put_back(numbers, out)
        finish.apply(out, layout.itemsize)

    def outputs(self, parameters: int, layout: Layout) -> list[Layout]:
        codes = Layout(_code_bytes(parameters), layout.shape)
        return [codes, Layout(layout.itemsize, (parameters,))]

    def pack(self, parameters: int) -> bytes:
        return pack_varint(parameters)

    def parse(self, reader: ByteReader, layout: Layout) -> int:
        values = reader.varint()
        most = _most_values(layout)
        if not (values <= most and bool(values) == bool(layout.items)):
            raise CorruptDataError(
                f"a transform 'dict' has {values} values for {layout.items} items of "
                f"{layout.itemsize} bytes; there are at most {most}"
            )
        return values


def coded(numbers: Numbers, most: int = MAX_VALUES) -> tuple[Numbers, Numbers]:
    """Codes of numbers in one axis, and the values that they stand for.

    Raises
    ------
    Unsuitable
        If there are more than so many values.
    """
    if numbers.itemsize == 2:
        return _of_halves(numbers, most)
    values, codes = _in_order_of_occurrence(numbers, most)
    ascending, names = np.empty_like(values), np.empty(values.size, np.uint32)
    rank(values, ascending, names)
    return _renamed(ascending, names.astype(_code_type(values.size)), codes)


def coded_items(items: Bytes, itemsize: int, most: int) -> tuple[Numbers, Numbers]:
    """The same for items of any size from two bytes on, of which the values are opaque."""
    if itemsize in WIDTHS:
        return coded(numbers_of(items, itemsize), most)
    word = 4 if itemsize % 4 == 0 else 1
    rows, codes = _in_order_of_occurrence(
        numbers_of(items, word).reshape(-1, itemsize // word), most
    )
    values = rows.view(f"V{itemsize}").reshape(-1)
    order = np.argsort(values)
    names = np.empty(order.size, np.uint32)
    names[order] = np.arange(order.size, dtype=np.uint32)
    return _renamed(values[order], names.astype(_code_type(order.size)), codes)


def counted(numbers: Numbers) -> tuple[int, int, int]:
    """How many of a few numbers are distinct; the most frequent one, and how often it occurs.

    There are fewer than 2^16.
    """
    # As numbers of one width, for which the kernel is compiled once.
    some = numbers.reshape(-1).astype(np.uint64, "C", copy=False)
    distinct, most_frequent, count = count_patterns(some, SECRET)
    return int(distinct), int(most_frequent), int(count)


def _renamed(values: Numbers, names: Numbers, codes: Numbers) -> tuple[Numbers, Numbers]:
    """The names of codes, and the values."""
    named = empty(codes.size, names.dtype)
    rename(codes, names, named)
    return named, values


def _check_count(distinct: int, most: int) -> None:
    if distinct > most:
        raise Unsuitable(f"there are more than {most} distinct items")


def _check(known: bool, values: int) -> None:
    if not known:
        raise CorruptDataError(f"a code of a transform 'dict' is none of its {values} values")


def _most_values(layout: Layout) -> int:
    """How many values there may be: codes are not longer than items."""
    patterns = MAX_MIDDLE if layout.itemsize == 3 else 1 << 8 * layout.itemsize
    return min(layout.items, MAX_VALUES, patterns)


def _code_bytes(values: int) -> int:
    return 1 if values <= MAX_NARROW else 2 if values <= MAX_MIDDLE else 4


def _code_type(values: int) -> np.dtype[Any]:
    return TYPES[_code_bytes(values)]


def _table(bits: int) -> Numbers:
    """So many slots, which are empty."""
    numbers = empty(1 << bits, np.uint32)
    numbers[:] = 0
    return numbers


def _of_halves(numbers: Numbers, most: int) -> tuple[Numbers, Numbers]:
    """The same of numbers of 16 bits, of which each pattern has a place of its own."""
    seen = np.zeros(1 << 16, np.bool)
    mark(numbers, seen)
    count = int(np.count_nonzero(seen))
    _check_count(count, most)
    values, names = np.empty(count, numbers.dtype), np.empty(1 << 16, _code_type(count))
    name_patterns(seen.view(np.uint64), values, names)
    return _renamed(values, names, numbers)


def _in_order_of_occurrence(items: Numbers, most: int) -> tuple[Numbers, Numbers]:
    """The distinct ones among numbers, or rows, and for each of them its number in that."""
    enter, number = (enroll, number_items) if items.ndim == 1 else (enroll_rows, number_rows)
    count = len(items)
    codes = empty(count, np.uint32)
    values = empty(min(items.size, most * (items.size // max(1, count))), items.dtype)
    values = values.reshape(-1, *items.shape[1:])
    at = found = np.uint64(0)
    enough = max(1, count - 1).bit_length() + 1  # at most half full, if all are distinct
    for bits, room in TABLES:
        if bits + 1 >= enough:  # no other table is better, or not by much
            bits, room = enough, MAX_VALUES
        shift = np.uint64(64 - bits)
        table = _table(bits), SECRET, shift
        if found:
            enter(values[: int(found)], *table)
        at, found = map(np.uint64, number(items, at, values[:room], found, *table, codes))
        if at == count or found == len(values):
            break
    _check_count(int(found) + bool(at < count), len(values))
    return values[: int(found)], codes
