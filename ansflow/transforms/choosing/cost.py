"""What numbers cost as tokens and raw bits, and symbols by themselves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ansflow.kernels.constants import ONE, ZERO
from ansflow.kernels.transforms.cost import (
    FEW_LINEAR,
    MANY_LINEAR,
    byte_cost,
    lin_cost,
    log_cost,
)
from ansflow.transforms.bins import BIN_BITS, fitted, sorted_out
from ansflow.transforms.layout import Layout
from ansflow.transforms.plain import plain_recipe
from ansflow.transforms.planes import MAX_PLANES
from ansflow.transforms.recipe import Recipe

__all__ = [
    "bins_bits",
    "delta_bits",
    "lin_bits",
    "log_bits",
    "plain_bits",
    "plane_bits",
    "recipe_bits",
    "symbol_bits",
]

# Bits that a table takes for a symbol that occurs, about, and a stream for its head and states.
TABLE_BITS = 7
STREAM_BITS = 64

# Bins are found by so many numbers, about, and told by as many.
FITTED_FEW = 1 << 10


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
    size = numbers.size
    bits, used = map(float, log_cost(numbers.reshape(-1), signed, np.uint64(size), ZERO))
    return bits / size + TABLE_BITS * used / items


def bins_bits(numbers: npt.NDArray[np.unsignedinteger], items: float) -> float:
    """Bits a number in bins, and what it takes to write these, divided among so many items.

    Bins are found by every second of the boxes that numbers are in, or of the numbers of one box,
    and told by the others: numbers that are near to each other in a box need not be so in all.
    """
    boxes = numbers if len(numbers) > 1 else numbers.reshape(-1)
    found_by, told_by = boxes[::2].reshape(-1), boxes[1::2].reshape(-1)
    bases, count = fitted(found_by, items, FITTED_FEW)
    some = np.ascontiguousarray(told_by[:: told_by.size // FITTED_FEW | 1])
    tokens, widths = sorted_out(some, bases, count)
    counts = np.bincount(tokens, minlength=len(widths))
    raw, used = float(counts @ widths) / tokens.size, np.count_nonzero(counts)
    return entropy(counts) + raw + (TABLE_BITS + BIN_BITS) * used / items


def delta_bits(
    numbers: npt.NDArray[np.unsignedinteger], axis: int, *, items: float = math.inf
) -> float:
    """Bits a difference along an axis, of at least two places, as `delta` makes it non-negative.

    The parameters are those of `log_bits`.
    """
    length, *others = map(int, numbers.shape[axis:])
    lag = math.prod(others)
    found = log_cost(numbers.reshape(-1), True, np.uint64(length * lag), np.uint64(lag))
    bits, used = map(float, found)
    return bits / (numbers.size - numbers.size // length) + TABLE_BITS * used / items


def entropy(counts: npt.NDArray[np.integer]) -> float:
    """Bits a symbol of a distribution, from counts."""
    total = counts.sum()
    seen = counts[counts > 0]
    return float(np.log2(total) - (seen @ np.log2(seen)) / total)


def symbol_bits(symbols: npt.NDArray[np.uint8]) -> float:
    """Bits a symbol of a stream of bytes, not empty, contiguous and in any shape."""
    bits, _ = byte_cost(symbols.reshape(-1), ZERO, ONE)
    return float(bits) / symbols.size


def recipe_bits(recipe: Recipe) -> int:
    """Bits that the streams of a recipe take besides their symbols and tables, about."""
    return STREAM_BITS + sum(recipe_bits(output) for output in recipe.outputs)


def plain_bits(octets: npt.NDArray[np.uint8]) -> float:
    """Bits an item of the plain recipe for items, shape (items, bytes), contiguous."""
    items, width = map(int, octets.shape)
    apart = width <= MAX_PLANES and plain_recipe(Layout(width, (items,))).name == "planes"
    planes = width if apart else 1
    total = 0.0
    for plane in range(planes):
        bits, used = map(float, byte_cost(octets.reshape(-1), np.uint64(plane), np.uint64(planes)))
        total += min(8.0 * octets.size / planes, bits + STREAM_BITS + TABLE_BITS * used)
    return total / items


def plane_bits(numbers: npt.NDArray[np.unsignedinteger], *, signed: bool) -> float:
    """Bits a number as a stream for each of its bytes; the parameters are those of `log_bits`."""
    width = numbers.itemsize
    coded: npt.NDArray[Any] = numbers.reshape(-1)
    if signed:
        negative = coded.view(f"i{width}") >> (8 * width - 1)
        coded = (coded << 1) ^ negative.view(coded.dtype)
    planes = coded.view(np.uint8)
    costs = [byte_cost(planes, np.uint64(j), np.uint64(width)) for j in range(width)]
    return float(sum(bits for bits, _ in costs)) / numbers.size


def lin_bits(
    numbers: npt.NDArray[np.unsignedinteger], items: float, *, signed: bool, wider: int = 0
) -> dict[int, float]:
    """Bits a number as at most so many linear tokens, with their table, which is for `items`.

    There may be others, in a range that is longer by so many bits. Numbers are in two's complement
    if they are `signed`.
    """
    sign = np.uint64(signed << (8 * numbers.itemsize - 1))
    found = lin_cost(numbers.reshape(-1), sign, np.uint64(wider))
    costs = zip((FEW_LINEAR, MANY_LINEAR), found, strict=True)
    return {
        # An entropy that is measured on few symbols is too low, by this (Miller & Madow 1955).
        tokens: (bits + (used - 1) / (2 * math.log(2))) / numbers.size + TABLE_BITS * used / items
        for tokens, (bits, used) in costs
    }
