"""What numbers cost as tokens and raw bits, and symbols by themselves."""

from __future__ import annotations

import functools
import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.transforms.bins import bits_in_bins
from ansflow.kernels.transforms.cost import MISSED, byte_cost, costs_of_ways, plane_cost
from ansflow.transforms.bins import BIN_BITS, bits_of_a_bin
from ansflow.transforms.choosing.axes import Axes
from ansflow.transforms.choosing.dealt import dealt
from ansflow.transforms.layout import Layout
from ansflow.transforms.plain import plain_recipe
from ansflow.transforms.planes import MAX_PLANES
from ansflow.transforms.recipe import Recipe

__all__ = [
    "WIDER",
    "bins_bits",
    "event_bits",
    "log_bits",
    "mask_bits",
    "plain_bits",
    "plane_bits",
    "recipe_bits",
    "symbol_bits",
    "ways_bits",
    "ways_cost",
]

BYTES = 256

# Bits that a table takes for a symbol that occurs, about, and a stream for its head and states.
TABLE_BITS = 7
STREAM_BITS = 64
# What a stream of the same symbol over and over takes in all.
CONSTANT_BITS = 16

# Bits by which the range of all deltas may be longer than that of a sample.
WIDER = 2

# The greatest numbers of so many bytes.
TOPS = {width: np.uint64((1 << 8 * width) - 1) for width in (1, 2, 4, 8)}

UNSIGNED, SIGNED = np.array([[0, 0]], np.uint64), np.array([[0, 1]], np.uint64)


def log_bits(
    numbers: npt.NDArray[np.unsignedinteger], *, signed: bool, items: float = math.inf
) -> float:
    """Bits a number, on average: the entropy of its token, its raw bits, and a share of the table.

    Parameters
    ----------
    numbers : contiguous ndarray of unsigned integers, not empty
    signed : bool
        Whether they are in two's complement, and become non-negative as by `delta`.
    items : float
        How many share a table.
    """
    [[bits, _]], *_ = ways_cost(numbers.reshape(-1), SIGNED if signed else UNSIGNED, items)
    return bits


def ways_bits(
    numbers: npt.NDArray[np.unsignedinteger], ways: npt.NDArray[np.uint64], items: float
) -> list[float]:
    """The same for each of several ways to take differences first, without those across borders.

    Parameters
    ----------
    numbers : contiguous ndarray of unsigned integers, not empty
    ways : ndarray of uint64, shape (ways, axes + 1)
        How many times along each axis, and at last whether what is left is signed. If an axis is
        too short for that, the bits are infinite.
    items : float
    """
    costs, _, _ = ways_cost(numbers, ways, items)
    return [bits for bits, _ in costs]


def ways_cost(
    numbers: npt.NDArray[np.unsignedinteger],
    ways: npt.NDArray[np.uint64],
    items: float,
    *,
    linear: Literal["plain", "rising"] | None = None,
    enough: float = math.inf,
) -> tuple[list[list[float]], list[float], bool]:
    """The costs of `ways_bits` and of linear tokens, by one call.

    These are for numbers as they are, or, if they are rising, for differences along the first axis
    of the boxes, in a range that may be longer than theirs.

    Returns
    -------
    list of [float, float]
        For each of the ways the bits, and which share of what is left is negative, about.
    [float, float]
        Bits with at most `FEW_LINEAR` linear tokens, and with `MANY_LINEAR`.
    bool
        Whether a difference of these is negative.
    """
    costs = np.empty((len(ways) + 1, 2))
    octets, told = np.frombuffer(numbers, np.uint8), _told(numbers.shape, linear)
    table = TABLE_BITS / items
    falls = costs_of_ways(octets, numbers.itemsize, ways, *told, table, enough, costs)
    bits = costs.tolist()
    return bits, bits.pop(), falls


@functools.lru_cache
def _told(
    shape: tuple[int, ...], linear: Literal["plain", "rising"] | None
) -> tuple[npt.NDArray[np.uint64], int, int, int]:
    """What `costs_of_ways` is told of a shape, and of what becomes linear tokens."""
    if linear is None:
        return _lengths(shape), 0, 0, 0
    if linear == "plain":
        return _lengths(shape), math.prod(shape), 0, 0
    lag = math.prod(shape[2:])
    return _lengths(shape), shape[1] * lag, lag, WIDER


@functools.lru_cache
def _lengths(shape: tuple[int, ...]) -> npt.NDArray[np.uint64]:
    return np.array(shape, np.uint64)


def bins_bits(
    numbers: npt.NDArray[np.unsignedinteger],
    items: float,
    axes: Axes = (),
    *,
    signed: bool = False,
) -> float:
    """Bits a number in bins, and what it takes to write these, divided among so many items.

    That is for numbers, or their differences along axes, which may be `signed`, as in `log_bits`.

    Bins are found by some of the numbers, and told by others. All numbers of a chunk are those by
    which bins are found in the end, too.
    """
    parts = dealt(numbers, items, axes, signed=signed)
    if not parts.size:
        return math.inf
    found_by, told_by = np.sort(parts[0]).astype(np.uint64), parts[-1].astype(np.uint64)
    bits = bits_of_a_bin(told_by.size, items), (TABLE_BITS + BIN_BITS) / items
    return float(bits_in_bins(found_by, told_by, TOPS[numbers.itemsize], *bits))


def entropy(counts: npt.NDArray[np.integer]) -> float:
    """Bits a symbol of a distribution, from counts."""
    total = counts.sum()
    seen = counts[counts > 0]
    return float(np.log2(total) - (seen @ np.log2(seen)) / total)


def event_bits(share: float) -> float:
    """Bits that tell whether something happens that has this probability."""
    if not 0 < share < 1:
        return 0.0
    return -share * math.log2(share) - (1 - share) * math.log2(1 - share)


def symbol_bits(symbols: npt.NDArray[np.uint8]) -> float:
    """Bits a symbol of a stream of bytes, not empty, contiguous and in any shape."""
    bits, used, *_ = map(float, byte_cost(symbols.reshape(-1), ZERO, ONE))
    return (bits + MISSED * (used - 1)) / symbols.size


def mask_bits(mask: npt.NDArray[np.uint8], size: float) -> float:
    """Bits of all of a mask, by its bytes, if that of a chunk has so many.

    Few bytes seem to take less than they do, and it is corrected by how much, on average. Bits that
    take by themselves what bytes may take are strewn at random.
    """
    ones, size_in_bits = int.from_bytes(mask, "little").bit_count(), 8 * mask.size
    alone = size_in_bits * event_bits(ones / size_in_bits)
    bits, used, once, twice = map(float, byte_cost(mask, ZERO, ONE))
    # How many other bytes there are, as those say that are there once and twice (Chao 1984). That
    # is for few of all bytes.
    unseen = min(BYTES - used, once**2 / (2 * max(1, twice)))
    used += unseen * max(0.0, 1 - mask.size / size)
    missed = MISSED * (used - 1)
    bits = alone if alone < bits + 2 * missed else bits + missed
    return bits + TABLE_BITS * used * mask.size / size


def recipe_bits(recipe: Recipe) -> int:
    """Bits that the streams of a recipe take besides their symbols and tables, about."""
    return STREAM_BITS * recipe.nodes


def plain_bits(octets: npt.NDArray[np.uint8]) -> float:
    """Bits an item of the plain recipe for items, shape (items, bytes), contiguous."""
    items, width = map(int, octets.shape)
    apart = width <= MAX_PLANES and plain_recipe(Layout(width, (items,))).name == "planes"
    planes = width if apart else 1
    total = 0.0
    for plane in range(planes):
        told = np.uint64(plane), np.uint64(planes)
        bits, used, *_ = map(float, byte_cost(octets.reshape(-1), *told))
        besides = STREAM_BITS + TABLE_BITS * used if used > 1 else CONSTANT_BITS
        total += min(8.0 * octets.size / planes, bits + besides)
    return total / items


def plane_bits(
    numbers: npt.NDArray[np.unsignedinteger],
    items: float = math.inf,
    *,
    signed: bool = False,
    ordered: bool = False,
    enough: float = math.inf,
) -> float:
    """Bits a number as a stream for each of its bytes; infinite if known to be more than `enough`.

    So many share a table. Numbers may be `signed`, as in `log_bits`, or floats that have been put
    in order, whose own bytes are meant.
    """
    ones = (1 << 8 * numbers.itemsize) - 1
    masks = (ones, ones - ones // 2) if ordered else (0, ones if signed else 0)
    told = np.uint64(signed), *map(np.uint64, masks), TABLE_BITS / items, enough
    bits = plane_cost(numbers.reshape(-1), *told)
    return float(bits) / numbers.size
