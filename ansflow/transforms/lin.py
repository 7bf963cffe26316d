"""Linear tokens: the upper bits of numbers as symbols, and their lower bits as they are.

That is for numbers that come from one range and are not small more often than large.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms import lin as kernels
from ansflow.recycling import empty
from ansflow.transforms.finish import NOTHING, Finish
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS, Numbers, unaligned
from ansflow.transforms.start import UNTOUCHED, Start
from ansflow.transforms.tokens import fetching_isa, raw_room, splitting_isa
from ansflow.transforms.transform import Finisher, Setting, Starter
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Lin", "LinParameters"]

POSSIBLE_TOKENS = [1 << bits for bits in range(4, 17)]
TOKENS_OF_A_BYTE = 1 << 8
TOKEN_WIDTHS = 1, 2


class LinParameters(NamedTuple):
    """What is subtracted from numbers, how many raw bits each has, and the bytes of a token."""

    base: int
    shift: int
    width: int


class Lin(Starter, Finisher):
    """Numbers to tokens and raw bits. The setting is the greatest number of tokens."""

    id = 6
    name = "lin"
    parts = ("tokens", "raw bits")
    by_items = True

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize in WIDTHS

    def check(self, *settings: Setting) -> None:
        if len(settings) != 1:
            raise ValueError(
                f"the transform 'lin' takes one setting, the greatest number of tokens, not "
                f"{len(settings)}"
            )
        (most,) = settings
        if most not in POSSIBLE_TOKENS:
            raise ValueError(
                f"the greatest number of tokens of 'lin' must be a power of two from "
                f"{POSSIBLE_TOKENS[0]} to {POSSIBLE_TOKENS[-1]}, not {most}"
            )

    def outputs(self, parameters: LinParameters, layout: Layout) -> list[Layout]:
        raw = -(-parameters.shift * layout.items // 8)
        return [Layout(parameters.width, layout.shape), Layout(1, (raw,))]

    def forward(
        self, items: Bytes, layout: Layout, *settings: Setting, start: Start = UNTOUCHED
    ) -> tuple[LinParameters, list[Bytes]]:
        items, start = start.unlagged(items, layout.itemsize)
        given = unaligned(items, layout.itemsize), *start.masks
        parameters = _fitting(given, int(settings[0]))
        tokens = empty(layout.items, f"<u{parameters.width}")
        raw = raw_room(layout.nbytes)
        base, shift = np.uint64(parameters.base), np.uint64(parameters.shift)
        kernels.encoder(splitting_isa(layout.itemsize))(*given, base, shift, tokens, raw)
        size = self.outputs(parameters, layout)[1].nbytes
        return parameters, [tokens.view(np.uint8), raw.view(np.uint8)[:size]]

    def buffers(self, parameters: LinParameters, layout: Layout, out: Bytes) -> list[Bytes | None]:
        return [empty(layout.items * parameters.width, np.uint8), None]

    def inverse(
        self,
        parameters: LinParameters,
        outputs: Sequence[Bytes],
        layout: Layout,
        out: Bytes,
        finish: Finish = NOTHING,
    ) -> None:
        tokens, raw = unaligned(outputs[0], parameters.width), outputs[1]
        base, shift = np.uint64(parameters.base), np.uint64(parameters.shift)
        numbers = unaligned(out, layout.itemsize)
        kernels.decoder(fetching_isa())(tokens, raw, base, shift, numbers, finish.plan)

    def describe(self, parameters: LinParameters) -> Sequence[Setting]:
        return [TOKENS_OF_A_BYTE if parameters.width == 1 else POSSIBLE_TOKENS[-1]]

    def pack(self, parameters: LinParameters) -> bytes:
        return pack_varint(parameters.base) + bytes(parameters[1:])

    def parse(self, reader: ByteReader, layout: Layout) -> LinParameters:
        base, shift, width = reader.varint(), reader.byte(), reader.byte()
        bits = 8 * layout.itemsize
        if base >> bits:
            raise CorruptDataError(f"the base of numbers of {bits} bits is {base}, and has more")
        if shift >= bits:
            raise CorruptDataError(f"numbers of {bits} bits have {shift} raw bits, not fewer")
        if width not in TOKEN_WIDTHS or width > layout.itemsize:
            raise CorruptDataError(
                f"tokens of numbers of {layout.itemsize} bytes have {width}; there are tokens of 1 "
                "and 2 bytes, none larger than the numbers"
            )
        return LinParameters(base, shift, width)


def _fitting(given: tuple[Numbers, np.uint64, np.uint64], most: int) -> LinParameters:
    """The parameters for items and masks that are to have at most so many tokens."""
    if not given[0].size:
        return LinParameters(0, 0, 1)
    told = tuple(map(int, kernels.extents(*given)))
    least, extent = min(told[:2], told[2:], key=itemgetter(1))  # some may be negative
    shift = max(0, extent.bit_length() - most.bit_length() + 1)
    width = 1 if extent >> shift < TOKENS_OF_A_BYTE else 2
    return LinParameters(least, shift, width)
