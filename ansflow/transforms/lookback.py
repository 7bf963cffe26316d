"""Numbers that others far back predict: those of series that take turns, or that come again.

Counters of several sources in one column, tables whose rows are in one axis, corners that cells of
a grid or borders of countries share. Each row of numbers has a lag, which says how far back the row
is that predicts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.lookback import (
    BLOCK,
    COSTS,
    KINDS,
    LENGTHS,
    RECENT,
    SLOT_BITS,
    UNIT,
    add_far,
    nearness,
    subtract_far,
)
from ansflow.recycling import empty
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS, Numbers, numbers_in_place, numbers_of, put_back
from ansflow.transforms.transform import Setting, Transform
from ansflow.varints import ByteReader, pack_varint

__all__ = ["Far", "Lookback", "LookedBack", "looked_back", "new_tables"]

LAG_BYTES = 4
LONGEST_ROW = 255

# Costs are learnt by so many numbers, in so many rounds. A length is a class of tokens, and all
# bits below the highest one may be anything.
LEARNT_BY, ROUNDS = 1 << 15, 2

LAG_LENGTHS = COSTS - KINDS - LENGTHS
RAW_BITS = np.concatenate(
    [np.zeros(KINDS), *(np.maximum(np.arange(n) - 1.0, 0) for n in (LENGTHS, LAG_LENGTHS))]
)
DISTANCES = slice(KINDS, KINDS + LENGTHS)
PARTS = slice(KINDS), DISTANCES, slice(KINDS + LENGTHS, COSTS)


class Far(NamedTuple):
    """The parameters: numbers of a row, and how many lags are new."""

    row: int
    lags: int


class Lookback(Transform):
    """Numbers to their distances from others a lag before, modulo 2^W, negative ones odd; the lags.

    The setting is how many numbers share a lag: 1 (the default) to 255.
    """

    id = 21
    name = "lookback"
    parts = ("distances", "kinds", "lags")

    def accepts(self, layout: Layout) -> bool:
        return layout.itemsize in WIDTHS

    def check(self, *settings: Setting) -> None:
        if len(settings) > 1 or any(type(row) is not int for row in settings):
            raise ValueError("'lookback' takes one setting, the numbers of a row, or none")
        if settings and not 1 <= int(settings[0]) <= LONGEST_ROW:
            raise ValueError(
                f"'lookback' takes rows of 1 to {LONGEST_ROW} numbers, not {settings[0]}"
            )

    def outputs(self, parameters: Far, layout: Layout) -> list[Layout]:
        rows = (-(-layout.items // parameters.row),)
        return [layout, Layout(1, rows), Layout(LAG_BYTES, (parameters.lags,))]

    def forward(self, items: Bytes, layout: Layout, *settings: Setting) -> tuple[Far, list[Bytes]]:
        row = int((*settings, 1)[0])
        numbers = numbers_of(items, layout.itemsize)
        found = looked_back(numbers, row)
        return Far(row, found.lags.size), [part.view(np.uint8) for part in found]

    def buffers(self, parameters: Far, layout: Layout, out: Bytes) -> list[Bytes]:
        _, *others = self.outputs(parameters, layout)
        return [out, *(empty(output.nbytes, np.uint8) for output in others)]

    def inverse(
        self, parameters: Far, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        numbers = numbers_in_place(out, layout.itemsize)
        kinds, lags = outputs[1], numbers_of(outputs[2], LAG_BYTES)
        if not add_far(numbers, np.uint64(parameters.row), _recent(), kinds, lags):
            raise CorruptDataError(
                f"kinds or the {parameters.lags} lags of a transform 'lookback' are illegal"
            )
        put_back(numbers, out)

    def pack(self, parameters: Far) -> bytes:
        return bytes([parameters.row]) + pack_varint(parameters.lags)

    def parse(self, reader: ByteReader, layout: Layout) -> Far:
        row, lags = reader.byte(), reader.varint()
        if not row:
            raise CorruptDataError("a transform 'lookback' has rows of 0 numbers")
        if lags > -(-layout.items // row):
            raise CorruptDataError(
                f"a transform 'lookback' has {lags} lags for {layout.items} items in rows of {row}"
            )
        return Far(row, lags)

    def describe(self, parameters: Far) -> Sequence[Setting]:
        return (parameters.row,)


class LookedBack(NamedTuple):
    """What is left of numbers in rows."""

    distances: Numbers
    kinds: Numbers
    lags: Numbers


def looked_back(numbers: Numbers, row: int, every: int = 1, rounds: int = ROUNDS) -> LookedBack:
    """Distances, kinds and new lags of numbers in rows, or of those in one of so many blocks."""
    costs = _first_costs()
    for _ in range(rounds):
        _, counts = _subtracted(numbers[: every * LEARNT_BY // row * row], row, every, costs)
        costs = _costs_of(counts)
    return _subtracted(numbers, row, every, costs)[0]


def _subtracted(
    numbers: Numbers, row: int, every: int, costs: npt.NDArray[np.uint32]
) -> tuple[LookedBack, npt.NDArray[np.uint64]]:
    """The same with these costs, and counts of what has a cost."""
    begins = range(BLOCK * (every - 1), -(-numbers.size // row), BLOCK * every)
    rows = sum(min(BLOCK, -(-numbers.size // row) - begin) for begin in begins)
    out, kinds, lags = empty(rows * row, numbers.dtype), empty(rows, np.uint8), empty(rows, "<u4")
    counts, width = np.zeros(COSTS, np.uint64), np.uint64(8 * numbers.itemsize)
    told = np.uint64(row), np.uint64(nearness(numbers, np.uint64(row), width))
    used = subtract_far(
        *(numbers, *told, np.uint64(every), costs, new_tables(), _recent()),
        *(kinds, lags, out, counts),
    )
    left = int(counts[DISTANCES].sum())
    return LookedBack(out[:left], kinds, lags[: int(used)]), counts


def new_tables() -> npt.NDArray[np.uint32]:
    return np.zeros((2, 1 << SLOT_BITS), np.uint32)


def _recent() -> npt.NDArray[np.uint64]:
    """The lags that count as the last ones to begin with."""
    return np.arange(1, RECENT + 1, dtype=np.uint64)


def _first_costs() -> npt.NDArray[np.uint32]:
    """Costs that say little: those of kinds and of lengths are alike.

    A new lag is as cheap as a recent one, which it is from then on: else none but the lags to begin
    with might ever be taken, and then seem to be the only ones worth it.
    """
    costs = RAW_BITS + 2
    costs[:KINDS] = [1, *[4] * RECENT]
    return (costs * UNIT).astype(np.uint32)


def _costs_of(counts: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint32]:
    """What an entropy coder makes them cost, in whole units: they are the same everywhere."""
    costs: npt.NDArray[np.float64] = RAW_BITS.copy()
    for part in PARTS:
        seen = counts[part] + 0.5
        costs[part] += np.log2(seen.sum() / seen)
    whole: npt.NDArray[np.uint32] = np.rint(costs * UNIT).astype(np.uint32)
    return whole
