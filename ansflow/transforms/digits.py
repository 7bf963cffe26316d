"""Digits: several small numbers that were packed in one, each a vector of its own.

Numbers of a millisecond, a machine and a sequence (snowflakes), the colours of a pixel, a row and a
column, a state and a county, years, months and days as 20261127: what is one of them moves slowly,
or has few values, but all that stands before it makes the difference of two such numbers look
random.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.digits import put_on, take_off
from ansflow.recycling import empty
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS, numbers_in_place, numbers_of, put_back
from ansflow.transforms.transform import Misfit, Setting, Transform
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Digits"]

MOST_BASES, LEAST = 15, 2
MAX_BITS = 64

Bases = tuple[int, ...]


class Digits(Transform):
    """Numbers to their digits in a mixed radix.

    Settings are the bases of all digits but the leading one, in the order of the digits, which
    begins with that: 20261127 is 2026, 11 and 27 with ``digits[100, 100]``.
    """

    id = 22
    name = "digits"
    parts = ("leading", "digit")
    side_by_side = True

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize in WIDTHS

    def outputs(self, parameters: Bases, layout: Layout) -> list[Layout]:
        leading = ((1 << 8 * layout.itemsize) - 1) // math.prod(parameters)
        most = [leading, *(base - 1 for base in parameters)]
        return [Layout(_bytes_of(digit), layout.shape) for digit in most]

    def check(self, *settings: Setting) -> None:
        told = ", ".join(map(str, settings))
        if not 1 <= len(settings) <= MOST_BASES or not all(map(_is_base, settings)):
            raise ValueError(
                f"'digits' takes 1 to {MOST_BASES} bases, integers from {LEAST} on, not {told}"
            )
        if math.prod(map(int, settings)) >> MAX_BITS:
            raise ValueError(f"the bases of 'digits' have a product below 2^{MAX_BITS}, not {told}")

    def forward(
        self, items: Bytes, layout: Layout, *settings: Setting
    ) -> tuple[Bases, list[Bytes]]:
        bases = tuple(map(int, settings))
        fault = _fault(bases, layout)
        if fault:
            raise Misfit(fault)
        layouts = self.outputs(bases, layout)
        left = numbers_of(items, layout.itemsize).copy()
        outputs = []
        for base, digit in zip(reversed(bases), reversed(layouts), strict=False):
            digits = empty(layout.items, f"<u{digit.itemsize}")
            take_off(left, np.uint64(base), digits)
            outputs.append(digits.view(np.uint8))
        leading = left.astype(f"<u{layouts[0].itemsize}", copy=False)
        return bases, [leading.view(np.uint8), *reversed(outputs)]

    def buffers(self, parameters: Bases, layout: Layout, out: Bytes) -> list[Bytes]:
        leading, *others = self.outputs(parameters, layout)
        first = out if leading == layout else empty(leading.nbytes, np.uint8)
        return [first, *(empty(other.nbytes, np.uint8) for other in others)]

    def inverse(
        self, parameters: Bases, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        leading, *others = self.outputs(parameters, layout)
        numbers = numbers_in_place(out, layout.itemsize)
        if outputs[0] is not out:  # or they are there already
            numbers[:] = numbers_of(outputs[0], leading.itemsize)
        for base, digit, output in zip(parameters, others, outputs[1:], strict=True):
            put_on(numbers, np.uint64(base), numbers_of(output, digit.itemsize))
        put_back(numbers, out)

    def pack(self, parameters: Bases) -> bytes:
        return bytes([len(parameters)]) + b"".join(map(pack_varint, parameters))

    def parse(self, reader: ByteReader, layout: Layout) -> Bases:
        count = reader.byte()
        if not 1 <= count <= MOST_BASES:
            raise CorruptDataError(
                f"the transform 'digits' has {count} bases, not 1 to {MOST_BASES}"
            )
        bases = tuple(reader.varint() for _ in range(count))
        fault = _fault(bases, layout)
        if fault:
            raise CorruptDataError(fault)
        return bases

    def describe(self, parameters: Bases) -> Bases:
        return parameters


def _is_base(setting: Setting) -> bool:
    return isinstance(setting, int) and setting >= LEAST


def _fault(bases: Bases, layout: Layout) -> str | None:
    """Why items of this layout don't have digits with these bases."""
    if min(bases) >= LEAST and not math.prod(bases) >> 8 * layout.itemsize:
        return None
    return (
        f"the transform 'digits' has the bases {', '.join(map(str, bases))} for numbers of "
        f"{8 * layout.itemsize} bits"
    )


def _bytes_of(most: int) -> int:
    """Bytes of a number up to this one."""
    return next(width for width in WIDTHS if not most >> 8 * width)
