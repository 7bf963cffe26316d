"""Numbers as codes in a dictionary of the distinct ones: for lumpy numbers of any kind."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.dict import (
    count_patterns,
    enroll,
    look_up,
    mark,
    number_items,
    rank,
    rename,
)
from ansflow.recycling import empty
from ansflow.transforms.finish import NOTHING, Finish
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import Numbers, numbers_in_place, numbers_of, put_back
from ansflow.transforms.transform import Finisher, Setting, Unsuitable
from ansflow.varints import ByteReader, pack_varint

__all__ = ["SECRET", "Dict", "coded", "counted"]

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
        return layout.itemsize in (2, 4, 8)

    def forward(self, items: Bytes, layout: Layout, *settings: Setting) -> tuple[int, list[Bytes]]:
        codes, values = coded(numbers_of(items, layout.itemsize))
        return values.size, [codes.view(np.uint8), values.view(np.uint8)]

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
        if finish.is_by_item and 2 * parameters <= layout.items:
            values = values.copy()  # they may be a part of the frame
            finish.apply(values, layout.itemsize)
            finish = NOTHING
        numbers = numbers_in_place(out, layout.itemsize)
        if not look_up(codes, numbers_of(values, layout.itemsize), numbers):
            raise CorruptDataError(
                f"a code of a transform 'dict' is none of its {parameters} values"
            )
        put_back(numbers, out)
        finish.apply(out, layout.itemsize)

    def outputs(self, parameters: int, layout: Layout) -> list[Layout]:
        codes = Layout(_code_bytes(parameters), layout.shape)
        return [codes, Layout(layout.itemsize, (parameters,))]

    def pack(self, parameters: int) -> bytes:
        return pack_varint(parameters)

    def parse(self, reader: ByteReader, layout: Layout) -> int:
        values = reader.varint()
        most = min(layout.items, MAX_VALUES, 1 << 8 * layout.itemsize)
        if not (values <= most and bool(values) == bool(layout.items)):
            raise CorruptDataError(
                f"a transform 'dict' has {values} values for {layout.items} items of "
                f"{layout.itemsize} bytes; there are at most {most}"
            )
        return values


def coded(numbers: Numbers) -> tuple[Numbers, Numbers]:
    """Codes of numbers in one axis, and the values that they stand for."""
    values, names, codes = (_of_halves if numbers.itemsize == 2 else _of_any)(numbers)
    named = empty(numbers.size, f"<u{_code_bytes(values.size)}")
    rename(codes, names.astype(named.dtype), named)
    return named, values


def counted(numbers: Numbers) -> tuple[int, int, int]:
    """How many of a few numbers are distinct; the most frequent one, and how often it occurs.

    There are fewer than 2^16.
    """
    # As numbers of one width, for which the kernel is compiled once.
    some = numbers.reshape(-1).astype(np.uint64, "C", copy=False)
    distinct, most_frequent, count = count_patterns(some, SECRET)
    return int(distinct), int(most_frequent), int(count)


def _code_bytes(values: int) -> int:
    return 1 if values <= MAX_NARROW else 2 if values <= MAX_MIDDLE else 4


def _table(bits: int) -> Numbers:
    """So many slots, which are empty."""
    numbers = empty(1 << bits, np.uint32)
    numbers[:] = 0
    return numbers


def _of_halves(numbers: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Sorted values, for each pattern of 16 bits its number if it is one, and the patterns."""
    seen = np.zeros(1 << 16, np.bool)
    mark(numbers, seen)
    values = np.flatnonzero(seen).astype(numbers.dtype)
    names = np.empty(1 << 16, np.uint16)
    names[values] = np.arange(values.size, dtype=np.uint16)
    return values, names, numbers


def _of_any(numbers: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Sorted values, for each number in order of occurrence its number in that, and the former."""
    codes = empty(numbers.size, np.uint32)
    values = empty(min(numbers.size, MAX_VALUES), numbers.dtype)
    at = found = np.uint64(0)
    enough = max(1, numbers.size - 1).bit_length() + 1  # at most half full, if all are distinct
    for bits, room in TABLES:
        if bits + 1 >= enough:  # no other table is better, or not by much
            bits, room = enough, MAX_VALUES
        shift = np.uint64(64 - bits)
        table = _table(bits), SECRET, shift
        if found:
            enroll(values[: int(found)], *table)
        at, found = map(np.uint64, number_items(numbers, at, values[:room], found, *table, codes))
        if at == numbers.size:
            break
    else:
        raise Unsuitable(f"there are more than {MAX_VALUES} distinct items")
    values = values[: int(found)]
    ascending, names = np.empty_like(values), np.empty(values.size, np.uint32)
    rank(values, ascending, names)
    return ascending, names, codes
