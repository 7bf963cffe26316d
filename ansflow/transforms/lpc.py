"""Linear prediction: what is left of numbers that a weighted sum of those before them predicts.

Sound, seismograms, orbits: whatever swings. Integers are predicted as such, and floats as the real
numbers that they are, with what is left in units of the last place. That works across changes of
sign and exponent, where differences of their bits do not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms import lpc as kernels
from ansflow.recycling import empty
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import WIDTHS, numbers_in_place, numbers_of, put_back
from ansflow.transforms.transform import Setting, Transform, Unsuitable
from ansflow.varints import ByteReader

__all__ = ["KINDS", "MAX_SEGMENTS", "Lpc", "lanes_of"]

Floats = npt.NDArray[np.float64]

# Kinds of numbers, and how many bytes they may have.
KINDS = {"integer": (1, 2, 4, 8), "float": (4, 8)}
NAMES = list(KINDS)

MAX_ORDER, MAX_SEGMENTS, MAX_AXES = 32, 64, 255

# Items of a lane by default, about: with fewer, weights would take more than they gain. So many
# segments are whole registers, but of 2^18 items, they begin in different sets of the cache.
ITEMS_OF_LANE, USUAL_SEGMENTS = 4096, 56

# Rows whose values are at hand in decoding, besides those that the next one depends on.
ROWS_KEPT = 32

# What is added to the squares of values, relative to them, so that there is one solution.
RIDGE = 2.0**-52


class Weighted(NamedTuple):
    """The parameters: which kind of numbers, along which axis, of how many before, and segments."""

    kind: str
    axis: int
    order: int
    segments: int


class Lpc(Transform):
    """Numbers to their distances from predictions, modulo 2^W, those below odd; and the weights.

    Settings are the kind (``integer``, or ``float`` for the integers that `ordered` makes of
    floats), the order, and perhaps the axis (0) and the number of segments, which have weights of
    their own.
    """

    id = 16
    name = "lpc"
    by_shape = True

    def accepts(self, layout: Layout) -> bool:
        some = layout.items > 0 and 1 <= len(layout.shape) <= MAX_AXES
        return some and layout.itemsize in WIDTHS

    def outputs(self, parameters: Weighted, layout: Layout) -> list[Layout]:
        weights = parameters.order * parameters.segments * _lag(parameters, layout)
        return [layout, Layout(_bytes_of_weight(layout), (weights,))]

    def check(self, *settings: Setting) -> None:
        most = (MAX_ORDER, MAX_AXES - 1, MAX_SEGMENTS)
        least = (1, 0, 1)
        numbers = settings[1:]
        if (
            not 2 <= len(settings) <= 4
            or settings[0] not in KINDS
            or not all(isinstance(number, int) for number in numbers)
            or not all(low <= n <= high for low, n, high in zip(least, numbers, most, strict=False))  # type: ignore[operator]
        ):
            raise ValueError(
                "'lpc' takes integer or float, an order from 1 to "
                f"{MAX_ORDER}, perhaps an axis, and perhaps a number of segments from 1 to "
                f"{MAX_SEGMENTS}, not {', '.join(map(str, settings)) or 'nothing'}"
            )

    def forward(
        self, items: Bytes, layout: Layout, *settings: Setting
    ) -> tuple[Weighted, list[Bytes]]:
        kind, order, axis, segments = (*settings, *(0, 0)[len(settings) - 2 :])[:4]
        parameters = Weighted(str(kind), int(axis), int(order), int(segments) or 1)
        if parameters.axis < len(layout.shape) and not segments:
            lag = _lag(parameters, layout)
            parameters = parameters._replace(segments=lanes_of(layout.items, lag) // lag)
        fault = _fault(parameters, layout)
        if fault:
            raise Unsuitable(fault)
        numbers, lanes = numbers_of(items, layout.itemsize), _Lanes(parameters, layout)
        lanes.fill(numbers)
        weights = _fitted(lanes.levelled(), lanes.rows, lanes.lanes, parameters.order)
        coefficients = weights.astype(f"<f{_bytes_of_weight(layout)}")
        out = empty(layout.items, numbers.dtype)
        lanes.encode(numbers, coefficients.astype(np.float64), out)
        return parameters, [out.view(np.uint8), coefficients.view(np.uint8)]

    def buffers(self, parameters: Weighted, layout: Layout, out: Bytes) -> list[Bytes]:
        return [out, np.empty(self.outputs(parameters, layout)[1].nbytes, np.uint8)]

    def inverse(
        self, parameters: Weighted, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        numbers = numbers_in_place(out, layout.itemsize)
        with np.errstate(invalid="ignore"):  # for signalling NaNs
            weights = outputs[1].view(f"<f{_bytes_of_weight(layout)}").astype(np.float64)
        _Lanes(parameters, layout).decode(numbers, weights)
        put_back(numbers, out)

    def pack(self, parameters: Weighted) -> bytes:
        kind, *numbers = parameters
        return bytes((NAMES.index(kind), *numbers))

    def parse(self, reader: ByteReader, layout: Layout) -> Weighted:
        kind, axis, order, segments = reader.take(4)
        if kind >= len(NAMES):
            raise CorruptDataError(f"the transform 'lpc' has numbers of the unknown kind {kind}")
        parameters = Weighted(NAMES[kind], axis, order, segments)
        fault = _fault(parameters, layout)
        if fault:
            raise CorruptDataError(fault)
        return parameters

    def describe(self, parameters: Weighted) -> list[Setting]:
        return [parameters.kind, parameters.order, parameters.axis, parameters.segments]


def _fault(parameters: Weighted, layout: Layout) -> str | None:
    """Why such items do not have these parameters."""
    kind, axis, order, segments = parameters
    if layout.itemsize not in KINDS[kind]:
        return f"the transform 'lpc' takes no {kind} numbers of {layout.itemsize} bytes"
    if axis >= len(layout.shape):
        return f"the transform 'lpc' has axis {axis} of an array with {len(layout.shape)}"
    if not 1 <= order <= MAX_ORDER or not 1 <= segments <= MAX_SEGMENTS:
        return f"the transform 'lpc' has the order {order} and {segments} segments"
    weights = order * segments * _lag(parameters, layout)
    if weights > layout.items:
        return f"the transform 'lpc' has {weights} weights for {layout.items} items"
    return None


def _lag(parameters: Weighted, layout: Layout) -> int:
    return math.prod(layout.shape[parameters.axis + 1 :])


def _bytes_of_weight(layout: Layout) -> int:
    return max(4, layout.itemsize)


def lanes_of(items: int, lag: int) -> int:
    """How many lanes so many items have by default, with such a lag."""
    return lag * min(max(1, items // ITEMS_OF_LANE // lag), USUAL_SEGMENTS)


class _Lanes:
    """The arrays that kernels work on."""

    def __init__(self, parameters: Weighted, layout: Layout) -> None:
        lag, width = _lag(parameters, layout), layout.itemsize
        self._real = parameters.kind == "float"
        self.lanes = parameters.segments * lag
        # Rows of segments: those of the array, of which the last may not be whole.
        whole = -(-layout.items // lag)
        self.rows = -(-whole // parameters.segments)
        self._cut = np.uint64(lag), np.uint64(self.rows)
        self._order = parameters.order
        row, expected = np.empty((2, self.lanes), f"<u{width}")
        self._row, self._expected, self._sums = row, expected, np.empty(self.lanes)
        self._floats: tuple[npt.NDArray[Any], ...] = ()
        if self._real:
            self._floats = (np.empty(self.lanes, f"<f{width}"),)

    @property
    def _scratch(self) -> tuple[npt.NDArray[Any], ...]:
        return (self.values, self._row, self._expected, self._sums, *self._floats)

    def _make_room(self, rows: int) -> None:
        """For the values of so many rows, behind those that there are none of."""
        self.values: Floats = np.empty((self._order + rows) * self.lanes)
        self.values[: self._order * self.lanes] = 0.0

    def fill(self, numbers: npt.NDArray[Any]) -> None:
        """The values of all numbers."""
        self._make_room(self.rows)
        fill = kernels.floats_in_lanes if self._real else kernels.integers_in_lanes
        fill(numbers, *self._cut, self.values, self._row, *self._floats)

    def levelled(self) -> Floats:
        """The values that weights are fitted to.

        Sound is loud and quiet, and least squares would care for what is loud, while bits are for
        all of it. What is left of floats is told in units of the last place, which are relative.
        """
        if self._real:
            return self.values
        blocks = -(-self.values.size // (self.lanes * int(kernels.ROWS_OF_BLOCK)))
        levelled: Floats = np.empty_like(self.values)
        kernels.level(self.values, np.empty((blocks, self.lanes)), levelled)
        return levelled

    def encode(self, numbers: npt.NDArray[Any], weights: Floats, out: npt.NDArray[Any]) -> None:
        encode = kernels.encode_floats if self._real else kernels.encode_integers
        encode(numbers, *self._cut, weights, *self._scratch, out)

    def decode(self, numbers: npt.NDArray[Any], weights: Floats) -> None:
        self._make_room(min(self.rows, ROWS_KEPT))
        decode = kernels.decode_floats if self._real else kernels.decode_integers
        decode(numbers, *self._cut, weights, *self._scratch)


def _fitted(values: Floats, rows: int, lanes: int, order: int) -> Floats:
    """The weights of each lane with the least squares of what is left, shape (order * lanes)."""
    with np.errstate(all="ignore"):
        # Not those that have none before them, which nothing predicts, unless there are too few.
        rows = rows - order if rows >= 2 * order else rows
        first: Floats = np.empty((order + 1, lanes))
        kernels.correlate(values, np.uint64(rows), first)
        table = values.reshape(-1, lanes)
        begin = len(table) - rows
        products = np.empty((order + 1, order + 1, lanes))
        products[0], products[:, 0] = first, first
        before, last = table[begin - order : begin][::-1], table[::-1][:order]
        for i in range(order):
            # The same products of a step before: some more at the begin, fewer at the end.
            later = products[i, i:order] + before[i] * before[i:] - last[i] * last[i:]
            products[i + 1, i + 1 :] = later
            products[i + 1 :, i + 1] = later
        squares = np.moveaxis(products[1:, 1:], 2, 0).copy()
        diagonal = np.arange(order)
        squares[:, diagonal, diagonal] += (RIDGE * first[0] + (first[0] == 0))[:, np.newaxis]
        wanted = products[0, 1:].T[..., np.newaxis]
        simple: Floats = np.zeros((order, lanes))
        weights: Floats
        simple[0] = 1
        try:
            weights = np.ascontiguousarray(np.linalg.solve(squares, wanted)[..., 0].T)
        except np.linalg.LinAlgError:
            weights = simple
        weights[:, ~np.isfinite(weights).all(axis=0)] = simple[:, :1]
        return weights.reshape(-1)
