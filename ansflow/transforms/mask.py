"""A mask of the items that are one pattern, and the other items with these filled in.

Fill values, NaNs and zeros stand where there is no number. To predict numbers across them, the
number before is put in their place, which costs nothing; where they were is a bit for each item.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.detect import longest_run
from ansflow.kernels.transforms.mask import (
    changes,
    fill_in,
    from_changes,
    put_pattern,
    to_changes,
)
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS, Numbers, numbers_in_place, numbers_of, put_back
from ansflow.transforms.transform import Setting, Transform, Unsuitable
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Mask", "Masked", "most_frequent"]

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

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize in WIDTHS

    def check(self, *settings: Setting) -> None:
        match settings:
            case ():
                return
            case (int(pattern),) if not isinstance(pattern, bool) and 0 <= pattern < 1 << 64:
                return
        raise ValueError(
            "the transform 'mask' takes one pattern, an integer from 0 to 2^64 - 1, or nothing, "
            f"not {', '.join(map(str, settings)):.60}"
        )

    def forward(
        self, items: Bytes, layout: Layout, *settings: Setting
    ) -> tuple[Masked, list[Bytes]]:
        width, n = layout.itemsize, layout.items
        numbers = numbers_of(items, width)
        pattern = int(settings[0]) if settings else most_frequent(numbers)
        if pattern >> (8 * width):
            raise Unsuitable(f"the pattern {pattern} has more than {8 * width} bits, as items have")
        filled, mask = np.empty(n, f"<u{width}"), np.empty(-(-n // WORD_BITS), np.uint64)
        found = int(fill_in(numbers, numbers.dtype.type(pattern), mask, filled))
        if not found:
            raise Unsuitable(f"the pattern {pattern} does not occur")
        fewest, lag = found, 0
        for distance in _lags(layout):
            if (count := int(changes(mask, np.uint64(n), np.uint64(distance)))) < fewest:
                fewest, lag = count, distance
        if lag:
            to_changes(mask, np.uint64(n), np.uint64(lag))
        bits = mask.view(np.uint8)[: _mask_bytes(layout)]
        return Masked(pattern, lag), [filled.view(np.uint8), bits]

    def inverse(
        self, parameters: Masked, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        mask = np.zeros(-(-layout.items // WORD_BITS), np.uint64)
        mask.view(np.uint8)[: outputs[1].size] = outputs[1]
        if parameters.lag:
            from_changes(mask, np.uint64(layout.items), np.uint64(parameters.lag))
        numbers = numbers_in_place(out, layout.itemsize)
        put_pattern(mask, numbers.dtype.type(parameters.pattern), numbers)
        put_back(numbers, out)

    def buffers(self, parameters: Masked, layout: Layout, out: Bytes) -> Sequence[Bytes]:
        # Items stay where they are, and the pattern is put over some of them.
        return [out, np.empty(_mask_bytes(layout), np.uint8)]

    def outputs(self, parameters: Masked, layout: Layout) -> list[Layout]:
        return [layout, Layout(1, (_mask_bytes(layout),))]

    def describe(self, parameters: Masked) -> Sequence[Setting]:
        return [parameters.pattern]

    def pack(self, parameters: Masked) -> bytes:
        return pack_varint(parameters.pattern) + pack_varint(parameters.lag)

    def parse(self, reader: ByteReader, layout: Layout) -> Masked:
        pattern, lag = reader.varint(), reader.varint()
        if pattern >> (8 * layout.itemsize):
            raise CorruptDataError(
                f"the pattern of a transform 'mask' is {pattern}, too large for items of "
                f"{layout.itemsize} bytes"
            )
        if lag > layout.items:
            raise CorruptDataError(
                f"the lag of a transform 'mask' is {lag}, more than the {layout.items} items"
            )
        return Masked(pattern, lag)


def most_frequent(numbers: Numbers) -> int:
    """The integer that is most frequent, or nearly so, in a regular sample; 0 if there are none."""
    if not numbers.size:
        return 0
    # An odd step does not always meet the same column.
    ordered = np.sort(numbers[:: numbers.size // SAMPLE | 1])
    _, place, _ = longest_run(ordered)
    return int(ordered[int(place)])


def _lags(layout: Layout) -> set[int]:
    """Distances at which a mask may look like itself: the item before, the row, the plane above."""
    row = layout.shape[-1] if layout.shape else 1
    plane = row * layout.shape[-2] if len(layout.shape) > 1 else row
    return {lag for lag in (1, row, plane) if 0 < lag < layout.items}


def _mask_bytes(layout: Layout) -> int:
    return -(-layout.items // 8)
