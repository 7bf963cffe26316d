"""Columns of a table as integers, and what those of one group have in common.

Their recipe begins with the same map, and, where numbers are as they are, with the same least one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.kernels.transforms.likeness import to_integers
from ansflow.transforms.choosing.detect import patterns
from ansflow.transforms.choosing.factors import Factor
from ansflow.transforms.choosing.mapped import Kind, Numbers
from ansflow.transforms.choosing.maps import likely_factors

__all__ = ["BYTE", "Columns", "columns_in_order"]

Integers = npt.NDArray[np.int64]

# Powers of ten that may make integers of all floats of a column but a few.
POWERS = np.array([10.0**k for k in range(9)])
BY_POWERS = [Factor(power, False, 0.0) for power in POWERS.tolist()]
# Others are looked for among a few floats, but not if so many low bits of all are 0, by their
# bytes, as where they were half as wide.
FEW, ZEROS = 512, {2: 48, 4: 37, 8: 20}
# Integers are exact in 64 bits below that.
EXACT = 2.0**62

# Integers from 0 to this are bytes.
BYTE = 255
# Columns are far from 0 if their least number is so many times their range. Those of one group are
# as far, without so many low bits.
FAR, NEAR_BITS = 4, 6
# The share of numbers, and of the integers in their range, up to which distinct ones are few.
FEW_DISTINCT = 0.5

LETTERS = {"unsigned": "u", "signed": "i", "float": "f"}


class Columns(NamedTuple):
    """Columns as integers.

    Parameters
    ----------
    numbers : ndarray of uint64, shape (columns, rows)
    traits : ndarray of int64, shape (columns,)
        The same number for columns that may be of one group.
    factors : list of Factor or None
        What makes integers of floats, if anything does.
    lacking : list of bool
        Whether some floats are no numbers.
    whole : list of bool
        Whether numbers are integers, which are not all the same.
    """

    numbers: npt.NDArray[np.uint64]
    traits: Integers
    factors: list[Factor | None]
    lacking: list[bool]
    whole: list[bool]


def columns_in_order(columns: Numbers, kind: Kind) -> Columns:
    """Columns of a sample, shape (columns, rows), whose bytes are numbers in any byte order."""
    values = columns.view(
        f"{'>' if kind.big_endian else '<'}{LETTERS[kind.name]}{columns.itemsize}"
    )
    count, rows = columns.shape
    factors: list[Factor | None] = [None] * count
    lacking, whole = [False] * count, [True] * count
    absent = None
    if kind.name == "float":
        with np.errstate(invalid="ignore"):  # for signalling NaNs
            doubles = np.ascontiguousarray(values, np.float64)
        integers, told = np.empty((count, rows), np.int64), np.empty((count, 2), np.int64)
        to_integers(doubles, POWERS, integers, told)
        for j, (power, missing) in enumerate(told.tolist()):
            if power < POWERS.size:
                factors[j] = BY_POWERS[power]
            else:
                factors[j] = _by_another_factor(doubles[j], columns[j], kind, integers[j])
            lacking[j], whole[j] = missing > 0, factors[j] is not None
        absent = ~np.isfinite(doubles) if any(lacking) else None
    else:
        integers = values.astype(np.int64)
    lows, highs = integers.min(axis=1).tolist(), integers.max(axis=1).tolist()
    traits: dict[tuple[Any, ...], int] = {}
    numbered = []
    for j, (low, high) in enumerate(zip(lows, highs, strict=True)):
        span, factor = high - low, factors[j]
        trait: tuple[Any, ...] = (lacking[j],)
        if not span:
            whole[j] = False
        elif not whole[j]:
            trait += (False,)
        else:
            far = low < 0 or low > FAR * span
            integers[j] -= low if far else 0
            if span > BYTE:
                few = patterns(columns[j]).distinct < FEW_DISTINCT * min(rows, span)
                trait += (far and low.bit_length(), few)
            else:
                trait += (far and low >> NEAR_BITS,)
            if factor is not None:
                trait += (factor.factor, factor.times, factor.near, factor.far > 0)
            if absent is not None and lacking[j] and span < BYTE:
                integers[j][absent[j]] = span + 1  # a token by itself
        numbered.append(traits.setdefault(trait, len(traits)))
    return Columns(integers.view(np.uint64), np.array(numbered), factors, lacking, whole)


def _by_another_factor(
    doubles: npt.NDArray[np.float64], raw: Numbers, kind: Kind, integers: Integers
) -> Factor | None:
    """A factor for floats of a column that is no power of ten, whose integers are filled in."""
    union = int(np.bitwise_or.reduce(doubles.view(np.uint64)))
    if (union & -union).bit_length() > ZEROS[raw.itemsize]:
        return None
    found = likely_factors(np.ascontiguousarray(raw[:: raw.size // FEW | 1]), kind)
    if not found:
        return None
    factor = found[0]
    with np.errstate(all="ignore"):
        nearest = np.rint(doubles / factor.factor if factor.times else doubles * factor.factor)
        integers[:] = np.where(np.abs(nearest) < EXACT, nearest, 0).astype(np.int64)
    return factor
