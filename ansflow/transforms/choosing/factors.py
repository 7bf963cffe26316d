"""Factors that make integers of floats: decimals, binary fractions, multiples of any step."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.kernels.transforms.decimal import count_exceptions
from ansflow.kernels.transforms.factors import (
    EXCEPTIONS_UP_TO,
    FEW,
    FINE_UP_TO,
    WORTH_IT,
    finest,
    try_factors,
)
from ansflow.kernels.transforms.quotient import goes_by_product
from ansflow.transforms.choosing.detect import common_step
from ansflow.transforms.choosing.steps import steps

__all__ = ["Factor", "decimal_factors"]

Numbers = npt.NDArray[Any]

POWERS_OF_TEN = np.array([10.0**k for k in range(13)])
# Programs that scale integers may round the scale to a float of as many bytes before.
SCALES = {
    width: np.array([scale for scale in map(narrow, 1 / POWERS_OF_TEN[1:]) if scale], np.float64)
    for width, narrow in ((2, np.float16), (4, np.float32))
}
NO_SCALES = np.empty(0)

# The share of numbers with corrections from which on these say that the step is another.
OFTEN = 0.4
# Parts of all numbers that are dealt out in turn.
DEALT = 16


class Factor(NamedTuple):
    """A factor for the transform `decimal`, and the share of numbers that are exceptions.

    With `near`, numbers have corrections, and a share of them others than 0.
    """

    factor: float
    times: bool
    exceptions: float
    near: bool = False
    corrected: float = 0.0

    @property
    def per_unit(self) -> float:
        """Integers from one real number to the next."""
        return 1 / self.factor if self.times else self.factor

    def times_step(self, step: int) -> Factor | None:
        """The same for multiples of an integer; None if no floating-point number stands for it."""
        if self.times:
            return self._replace(factor=self.factor * step)
        if not self.factor % step:
            return self._replace(factor=self.factor / step)
        if not step % self.factor:
            return self._replace(factor=step / self.factor, times=True)
        return None


def decimal_factors(floats: Numbers, *, any_step: bool = True) -> list[Factor]:
    """Return factors that make integers of floats, from the coarsest to the finest.

    Parameters
    ----------
    floats : ndarray of float16, float32 or float64
        In native byte order.
    any_step : bool
        Whether to look for other factors than powers of ten and of two.

    Returns
    -------
    list of Factor
        Each has fewer exceptions than those before, and none more than a tenth. Integers are far
        fewer than floats in between: factors that would make an integer of anything are left out.
        Behind those without corrections are those with corrections.
    """
    items = floats.reshape(-1).view(f"u{floats.itemsize}")
    if not items.size:
        return []
    # So that the first ones, by which most factors are found to be of no use, are from all over.
    parts = DEALT if items.size > DEALT * FEW else 1
    dealt = np.empty(items.size // parts * parts, items.dtype)
    fewest, found, nearly = _usual(items, parts, dealt)
    least_of_all = fewest / dealt.size
    if least_of_all > EXCEPTIONS_UP_TO:
        return []
    enough = least_of_all + WORTH_IT
    measure = functools.partial(_measured, dealt, np.uint64(fewest))
    values = dealt.view(f"f{dealt.itemsize}")
    good = [one for one in nearly if one.exceptions <= enough]
    step = common_step(_nearest(values[:FEW], good[0])) if good else 0
    if items.itemsize in SCALES and step > 1:
        rounded = float(np.array(step / good[0].factor, values.dtype))
        found += measure(rounded, True) if rounded else []
    # What is nearly a decimal is no multiple of a larger step if some of them are not. But the step
    # may be about as large: corrections are many then.
    may_have_step = not good or good[0].corrected > OFTEN or step > 1
    if any_step and _fewest(found) > enough and may_have_step:
        for factor, times in steps(values):
            found += measure(factor, times)
    best: list[Factor] = []
    for one in sorted(found, key=lambda one: (one.per_unit, one.exceptions)):
        if not best or one.exceptions < best[-1].exceptions - WORTH_IT:
            best.append(one)
    least = _fewest(best)
    for one in nearly:
        # A few exceptions here may be many elsewhere: half of them are worth it, too.
        if one.exceptions < least - min(WORTH_IT, least / 2):
            best.append(one)
            least = one.exceptions
    return best


def _nearest(values: Numbers, factor: Factor) -> npt.NDArray[np.uint64]:
    """The integers that a factor makes of floats, without a sign; any of what is no number."""
    with np.errstate(invalid="ignore"):
        doubles = np.abs(values.astype(np.float64))
        return np.rint(doubles * factor.factor).astype(np.uint64)


def _fewest(factors: Sequence[Factor]) -> float:
    """The share of exceptions of the best of them; all numbers if there are none."""
    return min([factor.exceptions for factor in factors]) if factors else 1.0


def _usual(items: Numbers, parts: int, dealt: Numbers) -> tuple[int, list[Factor], list[Factor]]:
    """How many items are exceptions anyhow, factors that are of use, and those with corrections."""
    size, scales = dealt.size, SCALES.get(items.itemsize, NO_SCALES)
    room = 2 * POWERS_OF_TEN.size + scales.size + 2
    factors, counts, ends = np.empty(room), np.empty((room, 2), np.uint64), np.empty(3, np.uint64)
    told = np.uint64(parts), POWERS_OF_TEN, scales, dealt, factors, counts, ends
    by_product = goes_by_product(1.0)  # as by all of these: none is nearly as large or small
    fewest = int(try_factors(items.itemsize, by_product)(items, *told))
    plain, exact, count = ends.tolist()
    found = [
        Factor(factor, plain <= k < exact, exceptions / size, k >= exact, corrected / size)
        for k, (factor, (exceptions, corrected)) in enumerate(
            zip(factors[:count].tolist(), counts[:count].tolist(), strict=True)
        )
    ]
    return fewest, found[:exact], found[exact:]


def _measured(items: Numbers, fewest: np.uint64, factor: float, times: bool) -> list[Factor]:
    """A factor, if it is of use."""
    size, most = items.size, int(EXCEPTIONS_UP_TO * items.size)
    told = np.array([factor]), times, np.uint64(0), fewest, np.uint64(most)
    many, counts = finest(items.itemsize, near=False), np.empty((1, 4), np.uint64)
    count_exceptions(items.itemsize, goes_by_product(factor))(items, *told, many, counts)
    exceptions, _, zeros, fine = map(int, counts[0])
    if exceptions > most or fine > FINE_UP_TO * (size - exceptions - zeros):
        return []
    return [Factor(factor, times, exceptions / size)]
