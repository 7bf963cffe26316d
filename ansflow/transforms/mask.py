"""A mask of the items that are one pattern, and the other items with these filled in.

Fill values, NaNs and zeros stand where there is no number. To predict numbers across them, the
number before is put in their place, which costs nothing; where they were is a bit for each item.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.mask import (
    changes,
    fill_in,
    from_changes,
    put_pattern,
    to_changes,
)
from ansflow.recycling import empty
from ansflow.transforms.dict import counted
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS, Numbers, numbers_in_place, numbers_of, put_back
from ansflow.transforms.transform import Misfit, Setting, Transform, Unsuitable
from ansflow.varints import ByteReader, pack_varint

__all__ = [
    "WORD_BITS",
    "Mask",
    "Masked",
    "check_pattern",
    "mask_bytes",
    "most_frequent",
    "numbers_and_pattern",
    "packed",
    "parse_masked",
    "unpacked",
]

Mask64 = npt.NDArray[np.uint64]

WORD_BITS = 64

SAMPLE = 4096


class Masked(NamedTuple):
    """The parameters: the pattern, and at which distance bits of the mask are compared."""

    pattern: int
    lag: int


class Mask(Transform):
    """Items to items without a pattern, and a bit for each of them.

    The setting is the pattern as an unsigned integer; the default is the most frequent one.
    """

    id = 10
    name = "mask"
    parts = ("filled", "mask")

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize in WIDTHS

    def check(self, *settings: Setting) -> None:
        check_pattern(self.name, settings)

    def forward(
        self, items: Bytes, layout: Layout, *settings: Setting
    ) -> tuple[Masked, list[Bytes]]:
        numbers, pattern = numbers_and_pattern(items, layout, settings)
        filled, mask = (
            empty(numbers.size, numbers.dtype),
            np.empty(-(-numbers.size // WORD_BITS), np.uint64),
        )
        found = int(fill_in(numbers, numbers.dtype.type(pattern), mask, filled))
        if not found:
            raise Unsuitable(f"the pattern {pattern} does not occur")
        lag, bits = packed(mask, found, layout)
        return Masked(pattern, lag), [filled.view(np.uint8), bits]

    def inverse(
        self, parameters: Masked, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        mask = unpacked(outputs[1], parameters.lag, layout)
        numbers = numbers_in_place(out, layout.itemsize)
        put_pattern(mask, numbers.dtype.type(parameters.pattern), numbers)
        put_back(numbers, out)

    def buffers(self, parameters: Masked, layout: Layout, out: Bytes) -> Sequence[Bytes]:
        # Items stay where they are, and the pattern is put over some of them.
        return [out, empty(mask_bytes(layout), np.uint8)]

    def outputs(self, parameters: Masked, layout: Layout) -> list[Layout]:
        return [layout, Layout(1, (mask_bytes(layout),))]

    def describe(self, parameters: Masked) -> Sequence[Setting]:
        return [parameters.pattern]

    def pack(self, parameters: Masked) -> bytes:
        return pack_varint(parameters.pattern) + pack_varint(parameters.lag)

    def parse(self, reader: ByteReader, layout: Layout) -> Masked:
        return parse_masked(self.name, reader, layout)


def check_pattern(name: str, settings: Sequence[Setting]) -> None:
    """`Transform.check` where the one setting is a pattern."""
    match settings:
        case ():
            return
        case (int(pattern),) if not isinstance(pattern, bool) and 0 <= pattern < 1 << 64:
            return
    raise ValueError(
        f"the transform {name!r} takes one pattern, an integer from 0 to 2^64 - 1, or nothing, "
        f"not {', '.join(map(str, settings)):.60}"
    )


def numbers_and_pattern(
    items: Bytes, layout: Layout, settings: Sequence[Setting]
) -> tuple[Numbers, int]:
    """Items as numbers, and the pattern that settings say, or the most frequent one."""
    numbers, bits = numbers_of(items, layout.itemsize), 8 * layout.itemsize
    pattern = int(settings[0]) if settings else most_frequent(numbers)
    if pattern >> bits:
        raise Misfit(f"the pattern {pattern} has more than {bits} bits, as items have")
    return numbers, pattern


def parse_masked(name: str, reader: ByteReader, layout: Layout) -> Masked:
    """`Transform.parse` of these parameters."""
    pattern, lag = reader.varint(), reader.varint()
    if pattern >> (8 * layout.itemsize):
        raise CorruptDataError(
            f"the pattern of a transform {name!r} is {pattern}, too large for items of "
            f"{layout.itemsize} bytes"
        )
    if lag > layout.items:
        raise CorruptDataError(
            f"the lag of a transform {name!r} is {lag}, more than the {layout.items} items"
        )
    return Masked(pattern, lag)


def most_frequent(numbers: Numbers) -> int:
    """The integer that is most frequent, or nearly so, in a regular sample; 0 if there are none."""
    if not numbers.size:
        return 0
    # An odd step does not always meet the same column.
    _, pattern, _ = counted(numbers[:: numbers.size // SAMPLE | 1])
    return pattern


def packed(mask: Mask64, found: int, layout: Layout) -> tuple[int, Bytes]:
    """The lag that suits a mask with so many bits set, and its bytes; the mask is overwritten.

    Bits take the less, the further from a half is the share of those that are set.
    """
    n, rarer, lag = layout.items, min(found, layout.items - found), 0
    for distance in _lags(layout.shape, n):
        count = int(changes(mask, np.uint64(n), np.uint64(distance)))
        if min(count, n - count) < rarer:
            rarer, lag = min(count, n - count), distance
    if lag:
        to_changes(mask, np.uint64(n), np.uint64(lag))
    return lag, mask.view(np.uint8)[: mask_bytes(layout)]


def unpacked(bits: Bytes, lag: int, layout: Layout) -> Mask64:
    """Undo `packed`; bits behind the last item may be anything."""
    mask = np.zeros(-(-layout.items // WORD_BITS), np.uint64)
    mask.view(np.uint8)[: bits.size] = bits
    if lag:
        from_changes(mask, np.uint64(layout.items), np.uint64(lag))
    return mask


def _lags(shape: tuple[int, ...], items: int) -> set[int]:
    """Distances at which a mask may look like itself: the item before, the row, the plane above."""
    row = shape[-1] if shape else 1
    plane = row * shape[-2] if len(shape) > 1 else row
    return {lag for lag in (1, row, plane) if 0 < lag < items}


def mask_bytes(layout: Layout) -> int:
    return -(-layout.items // 8)
