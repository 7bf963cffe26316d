"""Bins: the interval that a number lies in as a symbol, and how far it is from its begin as it is.

Intervals are chosen for the numbers. That is for numbers that come from several ranges, some of
them narrow, or are most often about the same, which is not 0; and for few numbers far from others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms import bins as kernels
from ansflow.kernels.transforms.bins import MAX_BINS
from ansflow.recycling import empty
from ansflow.transforms.finish import NOTHING, Finish
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS, Numbers, unaligned
from ansflow.transforms.tokens import fetching_isa, raw_room
from ansflow.transforms.transform import Finisher, Setting
from ansflow.varints import ByteReader, pack_varint

__all__ = ["BIN_BITS", "Bins", "BinsParameters", "bits_of_a_bin"]

Bases = npt.NDArray[np.uint64]

# Bytes of numbers that kernels decode by rows.
LONG = 4

# Bins are found by a part of the numbers, of about this size.
FITTED = 1 << 14
# What a bin takes: its place and width, and its frequency in a table for each class of rows.
BIN_BITS = 40.0
# That would be less for a part of many numbers; but fewer bits are gained by chance.
LEAST_BITS = 8.0


class BinsParameters(NamedTuple):
    """Where bins begin and how many raw bits their numbers have, and the bytes of all of these."""

    bins: tuple[tuple[int, int], ...]
    size: int


class Bins(Finisher):
    """Numbers to tokens and raw bits."""

    id = 20
    name = "bins"
    parts = ("tokens", "raw bits")

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize in WIDTHS

    def outputs(self, parameters: BinsParameters, layout: Layout) -> list[Layout]:
        return [Layout(1, layout.shape), Layout(1, (parameters.size,))]

    def forward(
        self, items: Bytes, layout: Layout, *settings: Setting
    ) -> tuple[BinsParameters, list[Bytes]]:
        if not layout.items:
            return BinsParameters(((0, 0),), 0), [items, items]
        numbers = unaligned(items, layout.itemsize)
        bases, count = _fitted(numbers, layout.items)
        tokens, lengths = _sorted_out(numbers, bases, count)
        used = [k for k, length in enumerate(lengths) if length >= 0]
        renamed, widths = np.zeros((2, MAX_BINS), np.uint64)
        renamed[used], widths[used] = np.arange(len(used)), [lengths[k] for k in used]
        raw = raw_room(layout.nbytes)
        bits = kernels.encode(numbers, tokens, bases, widths, renamed, tokens, raw)
        size = -(-int(bits) // 8)
        parameters = BinsParameters(tuple((int(bases[k]), lengths[k]) for k in used), size)
        return parameters, [tokens, raw.view(np.uint8)[:size]]

    def buffers(self, parameters: BinsParameters, layout: Layout, out: Bytes) -> list[Bytes | None]:
        return [empty(layout.items, np.uint8), None]

    def inverse(
        self,
        parameters: BinsParameters,
        outputs: Sequence[Bytes],
        layout: Layout,
        out: Bytes,
        finish: Finish = NOTHING,
    ) -> None:
        tokens, raw = outputs
        bases, widths = np.zeros((2, MAX_BINS), np.uint64)
        count = len(parameters.bins)
        bases[:count], widths[:count] = zip(*parameters.bins, strict=True)
        numbers = unaligned(out, layout.itemsize)
        # Shorter numbers are rare, and as fast as they come.
        isa = fetching_isa() if layout.itemsize >= LONG else None
        bits = int(kernels.decoder(isa)(tokens, raw, bases, widths, numbers, finish.plan))
        if -(-bits // 8) != raw.size:
            raise CorruptDataError(
                f"bins ask for {bits} raw bits, but there are {raw.size} bytes of them"
            )

    def pack(self, parameters: BinsParameters) -> bytes:
        written = [bytes([len(parameters.bins) - 1]), pack_varint(parameters.size)]
        before = 0
        for base, width in parameters.bins:
            written += [pack_varint(base - before), bytes([width])]
            before = base
        return b"".join(written)

    def parse(self, reader: ByteReader, layout: Layout) -> BinsParameters:
        count, size = reader.byte() + 1, reader.varint()
        if size > layout.nbytes:
            raise CorruptDataError(
                f"raw bits of {layout.items} numbers take {size} bytes, more than {layout.nbytes}"
            )
        bits, base, bins = 8 * layout.itemsize, 0, []
        for number in range(count):
            step, width = reader.varint(), reader.byte()
            base += step
            if base >> bits:
                raise CorruptDataError(f"a bin of numbers of {bits} bits begins with {base}")
            if number and not step:
                raise CorruptDataError(f"two bins begin with {base}")
            if width >= bits:
                raise CorruptDataError(f"numbers of {bits} bits have {width} raw bits, not fewer")
            bins.append((base, width))
        return BinsParameters(tuple(bins), size)


def _fitted(numbers: Numbers, items: float) -> tuple[Bases, int]:
    """Where bins begin that suit numbers, of which there is one at least, and how many there are.

    What it takes to write bins is divided among so many items.
    """
    some = numbers[:: numbers.size // FITTED | 1].astype(np.uint64)
    some.sort()
    bases, top = np.empty(MAX_BINS, np.uint64), np.uint64((1 << 8 * numbers.itemsize) - 1)
    return bases, int(kernels.fit(some, top, bits_of_a_bin(some.size, items), bases))


def bits_of_a_bin(some: int, items: float) -> float:
    """What it takes to write a bin that is found by some of so many items."""
    return max(LEAST_BITS, BIN_BITS * some / items)


def _sorted_out(numbers: Numbers, bases: Bases, count: int) -> tuple[Bytes, list[int]]:
    """The bin of each number, and the raw bits that those in a bin have; -1 if there are none."""
    bins, seen = empty(numbers.size, np.uint8), np.zeros((2, MAX_BINS), np.uint64)
    kernels.sort_out(numbers, bases, np.uint64(count), bins, seen)
    found = (seen[0, :count] | seen[1, :count]).tolist()
    return bins, [bits.bit_length() - 1 for bits in found]
