"""Decimals and other multiples: floats that are integers over a factor, or times it.

A price of 12.34 is 1234 / 100, rounded to what a float can hold, and the integers of a series of
prices are far easier to predict than the bits of the floats. What isn't such a number bit for bit
is an exception, and is kept as it is. Mostly there is none, and nothing is said of any. If numbers
were computed, or read by a parser that is a bit inexact, each of them may be a few floats away:
then there are corrections instead. So there are for numbers most of which are such multiples, and
others finer ones, by as many floats as it takes.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from itertools import compress
from typing import NamedTuple

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.decimal import from_integers, put_exceptions, to_integers
from ansflow.kernels.transforms.quotient import goes_by_product
from ansflow.recycling import empty
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import Numbers, numbers_in_place, numbers_of, put_back
from ansflow.transforms.transform import Setting, Transform, Unsuitable
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Decimal", "Decimals", "decimals"]

# Bits of the first byte, not both NEAR and FAR.
TIMES, BIG, NEAR, FAR, EXACT, WHOLE = 1, 2, 4, 8, 16, 32
KNOWN = TIMES | BIG | NEAR | FAR | EXACT | WHOLE
WORDS = "times", "near", "far", "big"
FACTOR = struct.Struct("<d")
# Factors that are integers below this take fewer bytes as such.
WHOLE_BELOW = 1 << 49
PLACE_BYTES = 4
# What a recipe says of exceptions, unless it is written by hand.
OF_EXCEPTIONS = {1: "log", 2: "bytes"}
NOTHING = np.empty(0, np.uint8)

# With more exceptions than one in so many items, integers aren't what the items are.
ITEMS_PER_EXCEPTION = 10


class Decimals(NamedTuple):
    """The parameters: x = d / factor, or d * factor if `times`.

    With corrections of a byte if `near`, and of as many bytes as an item has if `far`. If `exact`,
    there are no exceptions, and no outputs for them. A factor that is `whole` is written as an
    integer.
    """

    factor: float
    times: bool
    near: bool
    far: bool
    big: bool
    exceptions: int
    exact: bool = False
    whole: bool = False

    def correction_bytes(self, width: int) -> int:
        """How many bytes the correction of an item of so many bytes has; 0 if there are none."""
        return _correction_bytes(width, self.near, self.far)


class Decimal(Transform):
    """Floats of 2, 4 or 8 bytes to integers, places of exceptions, exceptions, and corrections.

    Settings are the factor, then ``times`` if integers are to be multiplied by it, ``near`` for
    corrections of a byte or ``far`` for such of any size, which there are none of by default, and
    ``big`` if items are big-endian.
    """

    id = 7
    name = "decimal"
    parts = ("integers", "places", "exceptions", "corrections")

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize in (2, 4, 8)

    def check(self, *settings: Setting) -> None:
        if not settings:
            raise ValueError("the transform 'decimal' needs a factor: decimal[100.0]")
        factor, *words = settings
        if isinstance(factor, str | bool) or not _is_factor(factor):
            raise ValueError(
                f"the factor of the transform 'decimal' must be a finite number above 0 that "
                f"binary64 can hold, not {factor!r:.60}"
            )
        both = {"near", "far"} <= set(words)
        if both or words != [word for word in WORDS if word in words]:
            raise ValueError(
                f"after its factor, the transform 'decimal' takes any of {', '.join(WORDS)}, "
                f"in this order, and not both of near and far; not {', '.join(map(str, words))}"
            )

    def forward(
        self, items: Bytes, layout: Layout, *settings: Setting
    ) -> tuple[Decimals, list[Bytes]]:
        told, outputs = decimals(numbers_of(items, layout.itemsize), *settings)
        return told, [output.view(np.uint8) for output in outputs]

    def inverse(
        self, parameters: Decimals, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        width, numbers = layout.itemsize, numbers_in_place(out, layout.itemsize)
        factor, times, big = parameters.factor, parameters.times, parameters.big
        size = parameters.correction_bytes(width)
        corrections = numbers_of(outputs[-1], size) if size else NOTHING
        convert = from_integers(width, big, size > 0, goes_by_product(factor))
        convert(numbers, factor, times, corrections)
        if parameters.exceptions:
            gaps, exceptions = numbers_of(outputs[1], PLACE_BYTES), numbers_of(outputs[2], width)
            if not put_exceptions(numbers, gaps, exceptions):
                raise CorruptDataError(
                    f"an exception is at a place that {layout.items} items do not have"
                )
        put_back(numbers, out)

    def buffers(self, parameters: Decimals, layout: Layout, out: Bytes) -> Sequence[Bytes]:
        # Integers become floats where they are.
        _, *others = self.outputs(parameters, layout)
        return [out, *(empty(other.nbytes, np.uint8) for other in others)]

    def outputs(self, parameters: Decimals, layout: Layout) -> list[Layout]:
        outputs = [layout]
        if not parameters.exact:
            exceptions = (parameters.exceptions,)
            outputs += [Layout(PLACE_BYTES, exceptions), Layout(layout.itemsize, exceptions)]
        size = parameters.correction_bytes(layout.itemsize)
        if size:
            outputs.append(Layout(size, layout.shape))
        return outputs

    def lacking(self, parameters: Decimals) -> Mapping[int, str]:
        return OF_EXCEPTIONS if parameters.exact else {}

    def describe(self, parameters: Decimals) -> Sequence[Setting]:
        factor, *chosen, _, _, _ = parameters
        return [factor, *compress(WORDS, chosen)]

    def pack(self, parameters: Decimals) -> bytes:
        factor, times, near, far, big, exceptions, exact, whole = parameters
        first = TIMES * times | BIG * big | NEAR * near | FAR * far | EXACT * exact | WHOLE * whole
        written = pack_varint(int(factor)) if whole else FACTOR.pack(factor)
        return bytes([first]) + written + (b"" if exact else pack_varint(exceptions))

    def parse(self, reader: ByteReader, layout: Layout) -> Decimals:
        first = reader.byte()
        if first & ~KNOWN or first & (NEAR | FAR) == NEAR | FAR:
            raise CorruptDataError(
                f"a transform 'decimal' begins with the byte {first}, which has bits that are not "
                "known, or both that say how large corrections are"
            )
        whole = bool(first & WHOLE)
        if whole:
            integer = reader.varint()
            factor = float(integer) if integer < WHOLE_BELOW else math.inf
        else:
            (factor,) = FACTOR.unpack(reader.take(FACTOR.size))
        if not _is_factor(factor):
            raise CorruptDataError(
                f"the factor of a transform 'decimal' is {factor}, which is not finite and above "
                "0, or too large for an integer"
            )
        exact = bool(first & EXACT)
        exceptions = 0 if exact else reader.varint()
        if exceptions > layout.items:
            raise CorruptDataError(
                f"a transform 'decimal' has {exceptions} exceptions among {layout.items} items"
            )
        times, near = first & TIMES > 0, first & NEAR > 0
        far, big = first & FAR > 0, first & BIG > 0
        return Decimals(factor, times, near, far, big, exceptions, exact, whole)


def decimals(numbers: Numbers, *settings: Setting) -> tuple[Decimals, list[Numbers]]:
    """Integers that floats are by a factor, and the other outputs; and what is written of that.

    Raises
    ------
    Unsuitable
        If too many are none.
    """
    factor, words, width = float(settings[0]), settings[1:], numbers.itemsize
    times, near, far, big = [word in words for word in WORDS]
    size = _correction_bytes(width, near, far)
    most = numbers.size // ITEMS_PER_EXCEPTION
    integers, places = empty(numbers.size, numbers.dtype), empty(most, np.uint32)
    corrections = empty(numbers.size, f"<u{size}") if size else NOTHING
    convert = to_integers(width, big, size, goes_by_product(factor))
    found = int(convert(numbers, factor, times, integers, corrections, places))
    if found > most:
        raise Unsuitable(
            f"more than one in {ITEMS_PER_EXCEPTION} items is no integer "
            f"{'times' if times else 'over'} {factor!r}"
        )
    outputs = [integers]
    if found:
        outputs += [_gaps(places[:found]), numbers[places[:found]]]
    if size:
        outputs.append(corrections)
    whole = factor < WHOLE_BELOW and factor.is_integer()
    return Decimals(factor, times, near, far, big, found, not found, whole), outputs


def _correction_bytes(width: int, near: bool, far: bool) -> int:
    return width if far else int(near)


def _gaps(places: Numbers) -> Numbers:
    """How many items are between each place and the one before."""
    gaps = places.astype("<u4")
    gaps[1:] -= places[:-1] + np.uint32(1)
    return gaps


def _is_factor(number: float) -> bool:
    try:
        return math.isfinite(number) and float(number) > 0
    except OverflowError:  # an integer above all floats
        return False
