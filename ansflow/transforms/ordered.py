"""Numbers to unsigned integers in the same order.

So that numbers that are close to each other become integers that are: all transforms behind this
one, and the models of streams, know of unsigned integers only. Any pattern of bits is a number,
those of NaN and of the negative zero too.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.ordered import order
from ansflow.recycling import empty
from ansflow.transforms.finish import NOTHING, Finish
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS, Numbers, numbers_of
from ansflow.transforms.start import UNTOUCHED, Start
from ansflow.transforms.transform import Finished, Misfit, Setting
from ansflow.varints import ByteReader

__all__ = ["UNSIGNED", "Order", "Ordered", "in_order", "masks"]

KINDS = "unsigned", "signed", "float"
UNSIGNED, SIGNED, FLOAT = range(len(KINDS))

BIG = "big"
KIND_MASK, BIG_BIT = 0b011, 0b100

MAX_SHIFT = 63


class Order(NamedTuple):
    """What numbers there are: their kind, whether they are big-endian, low bits that are 0."""

    kind: int
    big: bool
    shift: int


AS_IT_IS = Order(UNSIGNED, False, 0)


class Ordered(Finished):
    """Unsigned or signed integers or floats to unsigned integers in the same order.

    Settings are the kind, ``unsigned``, ``signed`` or ``float``; ``big`` for numbers that are
    big-endian; and how many low bits of all numbers are 0, at most: those that are, are taken off.
    """

    id = 3
    name = "ordered"

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize in WIDTHS

    def outputs(self, parameters: Order, layout: Layout) -> list[Layout]:
        return [layout]

    def check(self, *settings: Setting) -> None:
        _order(*settings)

    def first(self, layout: Layout, start: Start, *settings: Setting) -> tuple[Order, Start] | None:
        chosen = _order(*settings)
        if chosen.big or chosen.shift or start != UNTOUCHED:
            return None
        return chosen, Start(*masks(chosen.kind, 8 * layout.itemsize))

    def forward(
        self, items: Bytes, layout: Layout, *settings: Setting
    ) -> tuple[Order, list[Bytes]]:
        if _order(*settings) == AS_IT_IS:
            return AS_IT_IS, [items]
        chosen, out = in_order(numbers_of(items, layout.itemsize), *settings)
        return chosen, [out.view(np.uint8)]

    def then(self, parameters: Order, layout: Layout, finish: Finish) -> Finish | None:
        if parameters.big or finish != NOTHING:
            return None
        return _undone(parameters, layout.itemsize)

    def inverse(
        self, parameters: Order, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        super().inverse(parameters._replace(big=False), outputs, layout, out)
        if parameters.big:
            out.view(f"u{layout.itemsize}").byteswap(inplace=True)

    def pack(self, parameters: Order) -> bytes:
        kind, big, shift = parameters
        return bytes((kind | big * BIG_BIT, shift))

    def parse(self, reader: ByteReader, layout: Layout) -> Order:
        first, shift = reader.byte(), reader.byte()
        kind, big = first & KIND_MASK, bool(first & BIG_BIT)
        if kind >= len(KINDS) or first & ~(KIND_MASK | BIG_BIT):
            raise CorruptDataError(f"the transform 'ordered' has no kind of numbers {first}")
        if big and layout.itemsize == 1:
            raise CorruptDataError("the transform 'ordered' has numbers of one byte big-endian")
        if shift >= 8 * layout.itemsize:
            raise CorruptDataError(
                f"the transform 'ordered' takes {shift} low bits off numbers that have "
                f"{8 * layout.itemsize} in all"
            )
        return Order(kind, big, shift)

    def describe(self, parameters: Order) -> list[Setting]:
        kind, big, shift = parameters
        return [KINDS[kind], *[BIG] * big, *[shift] * (shift > 0)]


def in_order(numbers: Numbers, *settings: Setting) -> tuple[Order, Numbers]:
    """Numbers of one axis in order, in new memory if anything is done; and what it is that is."""
    chosen, width = _order(*settings), numbers.itemsize
    _, big, shift = chosen
    if shift >= 8 * width:
        raise Misfit(f"numbers of {8 * width} bits don't have {shift} low bits and others")
    if big and width == 1:
        raise Misfit("numbers of one byte are not big-endian")
    if big:
        numbers = numbers.byteswap()
    if chosen.kind == UNSIGNED and not shift:
        return chosen, numbers
    out = empty(numbers.size, numbers.dtype)
    while lost := int(order(numbers, *_told(chosen, width), out)):
        chosen = chosen._replace(shift=(lost & -lost).bit_length() - 1)
    return chosen, out


@cache
def _told(chosen: Order, width: int) -> tuple[np.uint64, np.uint64, np.uint64]:
    """The shift and the masks for numbers of so many bytes, as the kernel takes them."""
    clear, set_ = masks(chosen.kind, 8 * width - chosen.shift)
    return np.uint64(chosen.shift), np.uint64(clear), np.uint64(set_)


@functools.lru_cache(64, typed=True)
def _order(*settings: Setting) -> Order:
    kind, *others = settings or ("none",)
    if kind not in KINDS:
        raise ValueError(
            f"the first setting of 'ordered' is {', '.join(KINDS[:-1])} or {KINDS[-1]}, not {kind}"
        )
    big = others[:1] == [BIG]
    shift, *more = others[big:] or (0,)
    if more or not isinstance(shift, int) or not 0 <= shift <= MAX_SHIFT:
        raise ValueError(
            f"after the kind of numbers 'ordered' takes 'big' and a shift from 0 to "
            f"{MAX_SHIFT}, not {', '.join(map(str, others))}"
        )
    return Order(KINDS.index(str(kind)), big, shift)


@cache
def _undone(order: Order, width: int) -> Finish:
    """What puts the bits of such numbers back in order."""
    # The highest bit is inverted, so that the masks change places.
    set_, clear = (mask << order.shift for mask in masks(order.kind, 8 * width - order.shift))
    return Finish(step=1 << order.shift, if_clear=clear, if_set=set_)


def masks(kind: int, bits: int) -> tuple[int, int]:
    """What to invert of numbers of so many bits whose sign bit is 0, and 1."""
    sign = 1 << (bits - 1)
    if kind == UNSIGNED:
        return 0, 0
    return sign, (1 << bits) - 1 if kind == FLOAT else sign
