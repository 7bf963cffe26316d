"""Stencils: what is left of images and fields that weighted sums of neighbours predict.

Neighbours along the last axis, in the row before and in the plane before. Where there is noise, a
mean of several says more than a sum of differences, in which the noise of each adds up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError
from ansflow.kernels.transforms.stencil import FAR, SHIFT, add_sums, subtract_sums
from ansflow.recycling import empty
from ansflow.transforms.layout import Layout
from ansflow.transforms.numbers import numbers_in_place, numbers_of, put_back
from ansflow.transforms.transform import Misfit, Setting, Transform
from ansflow.varints import ByteReader, pack_varint

__all__ = ["AXES", "WIDTHS", "Stencil", "Sums", "distances", "fitted", "neighbours"]

Numbers = npt.NDArray[Any]

WIDTHS = 1, 2, 4
AXES = 2, 3

ONE = 1 << SHIFT
MAX_NEIGHBOURS, LARGEST = 8, 1 << 17

# Items that weights are fitted to, in a chunk, and one of how many of them tells in each round.
# Those that are far from what is predicted say less, as bits are about the logarithm of a distance.
SAMPLE, ROUNDS = 1 << 12, (*[8] * 8, 1, 1)
GOLDEN = (math.sqrt(5) - 1) / 2
RIDGE = 1e-9

# Items that sums are calculated for at once.
PIECE = 1024


class Sums(NamedTuple):
    """The parameters: how far before an item its neighbours are, and their weights in 2^-14."""

    offsets: tuple[int, ...]
    weights: tuple[int, ...]


class Stencil(Transform):
    """Numbers to their distances from sums of neighbours, modulo 2^W, those below a sum odd.

    The setting is how many of the last axes have neighbours: 2 (the default) or 3.
    """

    id = 18
    name = "stencil"
    by_shape = True

    def accepts(self, layout: Layout) -> bool:
        return layout.items > 0 and layout.itemsize in WIDTHS

    def outputs(self, parameters: Sums, layout: Layout) -> list[Layout]:
        return [layout]

    def check(self, *settings: Setting) -> None:
        if len(settings) > 1 or any(axes not in AXES or type(axes) is not int for axes in settings):
            raise ValueError(
                "'stencil' takes the number of axes, 2 or 3, or nothing, not "
                f"{', '.join(map(str, settings))}"
            )

    def forward(self, items: Bytes, layout: Layout, *settings: Setting) -> tuple[Sums, list[Bytes]]:
        axes = int((*settings, AXES[0])[0])
        if len(layout.shape) < axes or layout.shape[-1] <= FAR:
            raise Misfit(f"shape {layout.shape} has no {axes} axes, the last longer than {FAR}")
        numbers = numbers_of(items, layout.itemsize)
        lags = [math.prod(layout.shape[axis:]) for axis in range(len(layout.shape), 0, -1)]
        places = {sum(map(math.prod, zip(steps, lags, strict=False))) for steps in neighbours(axes)}
        offsets = sorted(offset for offset in places if offset < max(2, layout.items))
        parameters = Sums(tuple(offsets), _weights(numbers, offsets))
        out = empty(numbers.size, numbers.dtype)
        subtract_sums(numbers, *_arrays(parameters), np.empty(PIECE, np.int64), out)
        return parameters, [out.view(np.uint8)]

    def buffers(self, parameters: Sums, layout: Layout, out: Bytes) -> list[Bytes]:
        return [out]  # it is undone in place

    def inverse(
        self, parameters: Sums, outputs: Sequence[Bytes], layout: Layout, out: Bytes
    ) -> None:
        numbers = numbers_in_place(out, layout.itemsize)
        add_sums(numbers, *_arrays(parameters), np.empty(PIECE, np.int64))
        put_back(numbers, out)

    def pack(self, parameters: Sums) -> bytes:
        parts = [bytes((len(parameters.offsets),))]
        for offset, weight in zip(*parameters, strict=True):
            folded = 2 * weight if weight >= 0 else -2 * weight - 1
            parts += [pack_varint(offset), pack_varint(folded)]
        return b"".join(parts)

    def parse(self, reader: ByteReader, layout: Layout) -> Sums:
        count = reader.byte()
        if not 1 <= count <= MAX_NEIGHBOURS:
            raise CorruptDataError(
                f"the transform 'stencil' has {count} neighbours, not 1 to {MAX_NEIGHBOURS}"
            )
        offsets: list[int] = []
        weights: list[int] = []
        for number in range(count):
            offset, folded = reader.varint(), reader.varint()
            least = offsets[-1] + 1 if offsets else 1
            if number and offset != 2:
                least = max(least, FAR)
            if not least <= offset <= (layout.items if number else 1):
                raise CorruptDataError(
                    f"the transform 'stencil' has a neighbour {offset} items before, of "
                    f"{layout.items}; they are 1, perhaps 2, and then {FAR} or more, in ascending "
                    "order"
                )
            if folded >= 2 * LARGEST:
                raise CorruptDataError(
                    f"a weight of the transform 'stencil' is written as {folded}, not below "
                    f"{2 * LARGEST}"
                )
            offsets.append(offset)
            weights.append((folded >> 1) ^ -(folded & 1))
        return Sums(tuple(offsets), tuple(weights))


def neighbours(axes: int) -> list[tuple[int, ...]]:
    """How many steps before an item its neighbours are along the last axis, the one before, ..."""
    found: list[tuple[int, ...]] = [(1, 0), (2, 0), (-1, 1), (0, 1), (1, 1), (0, 2)]
    return [*found, (0, 0, 1), (1, 0, 1)] if axes == max(AXES) else found


def fitted(differences: Numbers, wanted: Numbers) -> tuple[int, ...]:
    """Weights of all neighbours, the first one as well, which others are told relative to.

    Parameters
    ----------
    differences : ndarray of int64, shape (neighbours but the first, items)
        Their differences from the first one.
    wanted : ndarray of int64, shape (items,)
        The same of the items.
    """
    differences, wanted = differences.astype(np.float64), wanted.astype(np.float64)
    count = len(differences)
    weights = _nearest(differences[:, :: ROUNDS[0]], wanted[:: ROUNDS[0]])
    for part in ROUNDS if wanted.size else ():
        weights = _nearer(differences[:, ::part], wanted[::part], weights)
    scaled = np.rint(weights * ONE)
    told = [int(weight) for weight in scaled] if np.isfinite(scaled).all() else [0] * count
    every = (ONE - sum(told), *told)
    return every if max(map(abs, every)) < LARGEST else (ONE, *[0] * count)


def _nearest(differences: Numbers, wanted: Numbers) -> Numbers:
    """The weights of the one neighbour that is nearest to the items.

    A fit that begins there isn't led astray by items that no neighbour is near to.
    """
    far = np.log(np.abs(np.vstack([wanted, wanted - differences])) + 1).sum(axis=1)
    weights: Numbers = np.eye(far.size)[far.argmin()][1:]
    return weights


def _nearer(differences: Numbers, wanted: Numbers, weights: Numbers) -> Numbers:
    """Weights that are fitted to items, by how far others are from these."""
    sizes = np.abs(wanted - weights @ differences)
    sizes += np.median(sizes) + 1
    weighted = differences / (sizes * np.sqrt(sizes))
    squares = weighted @ differences.T
    squares[np.diag_indices(len(weights))] += RIDGE * np.trace(squares) + RIDGE
    found: Numbers = np.linalg.solve(squares, weighted @ wanted)
    return found


def distances(weights: Sequence[int], differences: Numbers, wanted: Numbers) -> Numbers:
    """What is left of items, given the same as `fitted` and what it returns."""
    sums = np.full_like(wanted, ONE // 2)
    for weight, differs in zip(weights[1:], differences, strict=True):
        sums += weight * differs
    sums >>= SHIFT
    return wanted - sums


def _weights(numbers: Numbers, offsets: Sequence[int]) -> tuple[int, ...]:
    """Weights that are fitted to some of the items that have all neighbours."""
    span = max(0, numbers.size - offsets[-1])
    places = np.arange(min(span, SAMPLE))
    if span > SAMPLE:
        places = np.sort((places * GOLDEN % 1 * span).astype(np.intp))
    places += offsets[-1]
    before = numbers[places - 1].astype(np.int64)
    near = [numbers[places - offset] - before for offset in offsets[1:]]
    return fitted(np.array(near, np.int64).reshape(-1, before.size), numbers[places] - before)


def _arrays(parameters: Sums) -> tuple[Numbers, Numbers]:
    return np.array(parameters.offsets, np.uint64), np.array(parameters.weights, np.int32)
