"""Factors that make integers of floats: decimals, binary fractions, multiples of any step."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.kernels.transforms.decimal import count_exceptions
from ansflow.kernels.transforms.glance import MOST_PLACES, glance
from ansflow.kernels.transforms.quotient import goes_by_product
from ansflow.transforms.choosing.detect import common_step, patterns
from ansflow.transforms.choosing.steps import MANTISSA_BITS, steps

__all__ = ["Factor", "decimal_factors"]

Numbers = npt.NDArray[Any]

POWERS_OF_TEN = np.array([10.0**k for k in range(13)])
# Programs that scale integers, such as those of samples in time, may round the scale to a float of
# as many bytes before.
SCALES = {
    width: np.array([scale for scale in map(narrow, 1 / POWERS_OF_TEN[1:]) if scale], np.float64)
    for width, narrow in ((2, np.float16), (4, np.float32), (8, np.float64))
}

# The share of numbers that may be exceptions.
EXCEPTIONS_UP_TO = 0.1
# Integers with nearly as many bits as the mantissa of a float are as fine as the floats, so that
# any number is one of them. This is how many bits fewer they must have, and for how many numbers
# but 0 it may be otherwise, and if no number is an exception.
SPARE_BITS = 2
FINE_UP_TO, FINE_UP_TO_IF_ALL = 0.5, 0.9
# What a finer factor must save in exceptions, or corrections, as a share of all numbers.
WORTH_IT = 0.002

# The highest code of a correction, by up to eight units in the last place. Integers must then have
# so many more bits fewer than the mantissa; a float of 16 bits doesn't have as many.
HIGHEST_CODE = 15
BITS_OF_CODES = HIGHEST_CODE.bit_length()
NEAR_FROM_BYTES, ALL_DIGITS_FROM_BYTES = 4, 8
# Programs write as many digits as any float of 8 bytes has, and those that read them fast may be
# off by a unit in the last place: corrections are few then.
CODE_OF_A_UNIT = 2
# Or what they write was a float of 4 bytes, which is as near to one as so many digits say.
NARROWER = 1e-14
ALL_DIGITS, FINE_POWERS = 1e15, np.array([10.0**k for k in range(16)])
# The share of numbers with corrections from which on these say that the step is another.
OFTEN = 0.4
# The share of numbers that may be further from integers than that, of those that aren't 0, if there
# are no others that are as fine; and from which on corrections of any size take less than
# exceptions do, about half as many bits.
FAR_UP_TO, FAR_FROM = 0.4, 1 / 90
BITS_OF_FAR = 0.5
# Parts of all numbers that are dealt out in turn.
DEALT = 16
# Numbers by which something is guessed, and room for a guess at how fine they may be that is wrong.
FEW, ROOM = 64, 4.0


class Factor(NamedTuple):
    """A factor for the transform `decimal`, and the share of numbers that are exceptions.

    With `near`, numbers have corrections, and a share of them others than 0. If a share of them is
    `far`, corrections are of any size.
    """

    factor: float
    times: bool
    exceptions: float
    near: bool = False
    corrected: float = 0.0
    far: float = 0.0

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


def decimal_factors(
    floats: Numbers, *, any_step: bool = True, every: Callable[[], Numbers] | None = None
) -> list[Factor]:
    """Return factors that make integers of floats, from the coarsest to the finest.

    Parameters
    ----------
    floats : ndarray of float16, float32 or float64
        In native byte order.
    any_step : bool
        Whether to look for other factors than powers of ten and of two.
    every : callable, optional
        What makes many more of the floats, in more time.

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
    length = items.size // parts
    dealt = items[: parts * length].reshape(parts, length).T.flatten()
    many = (1 - EXCEPTIONS_UP_TO) * dealt.size
    values = doubles = dealt.view(f"f{dealt.itemsize}")
    if values.itemsize < 8:
        with np.errstate(invalid="ignore"):  # a NaN may be a signalling one
            doubles = values.astype(np.float64)
    told = glance(doubles, many, np.empty(FEW))
    # NaNs, infinities and negative zeros are exceptions, whatever the factor is.
    fewest, *places, middle = told
    least_of_all = fewest / dealt.size
    if least_of_all > EXCEPTIONS_UP_TO:
        return []
    enough, few = least_of_all + WORTH_IT, least_of_all + FAR_FROM
    measure = functools.partial(_measured, dealt, fewest)
    found = measure(POWERS_OF_TEN)
    powers = sorted({2.0**count for count in places if 0 < count < MOST_PLACES - 1})
    if _fewest(found) <= enough:  # then others are only better if they are coarser
        powers = [power for power in powers if power < found[-1].factor]
    if powers:
        found += measure(np.array(powers))
    if _fewest(found) > enough:
        found += measure(SCALES[items.itemsize], True)
    corrected: list[Factor] = []
    if _fewest(found) > least_of_all and items.itemsize >= NEAR_FROM_BYTES and middle:
        fine = _many(items.itemsize, SPARE_BITS + BITS_OF_CODES) / (ROOM * middle)
        coarse = POWERS_OF_TEN[fine > POWERS_OF_TEN]  # so that they aren't integers by chance
        # What is nearly an integer over a power is one over any finer power, as long as not all
        # are.
        if measure(coarse[-1:], near=True):
            corrected = measure(coarse, near=True)
    nearly = [one for one in corrected if one.exceptions <= EXCEPTIONS_UP_TO]
    good = [one for one in nearly if one.exceptions <= enough]
    step = common_step(_nearest(values[:FEW], good[0])) if good else 0
    if step > 1:
        rounded = np.array([step / good[0].factor], values.dtype).astype(np.float64)
        found += measure(rounded[rounded > 0], True)
    # What is nearly a decimal is no multiple of a larger step if some of them are not. But the step
    # may be about as large: corrections are many then.
    may_have_step = not good or good[0].corrected > OFTEN or step > 1
    if any_step and _fewest(found) > enough and may_have_step:
        for factors, times in steps(doubles, values.itemsize):
            found += sorted(measure(factors, times), key=lambda one: one.exceptions)[:1]
    if items.itemsize == ALL_DIGITS_FROM_BYTES and middle and not (nearly or found):
        digits = FINE_POWERS[ALL_DIGITS / middle > FINE_POWERS][-1:]
        told = measure(digits, near=True, all_digits=True)
        if told and _hardly_come_again(values) and not _were_narrower(values):
            nearly = [
                one
                for one in told
                if one.exceptions <= few or _are_distinct(values, one, CODE_OF_A_UNIT)
            ]
    best = _each_better(sorted(found, key=lambda one: (one.per_unit, one.exceptions)))
    least = _fewest(best)
    for one in nearly:
        # A few exceptions here may be many elsewhere: half of them are worth it, too.
        if one.exceptions < least - min(WORTH_IT, least / 2):
            best.append(one)
            least = one.exceptions
    if _fewest(found) > EXCEPTIONS_UP_TO - FAR_FROM:
        best = [one for one in _each_better(corrected) if one not in best] + best
    seldom = [one.factor for one in best if one.near and one.exceptions <= few]
    told_apart = [
        one._replace(exceptions=least_of_all, far=one.exceptions - least_of_all)
        if one.exceptions > few and one.factor not in seldom and _are_distinct(values, one)
        else one
        for one in best
    ]
    best = [one for one in told_apart if one.exceptions <= EXCEPTIONS_UP_TO]
    if best or not powers or every is None:
        return best
    # Binary fractions that are as fine as most floats, of which none is finer.
    fine = measure(np.array(powers), fine_up_to=FINE_UP_TO_IF_ALL)
    return [one for one in fine if one.exceptions <= least_of_all and _suits(one, every())][:1]


def _suits(factor: Factor, floats: Numbers) -> bool:
    """Whether all floats that are numbers are multiples, but for hardly any."""
    with np.errstate(invalid="ignore"):  # for signalling NaNs
        multiples = floats[np.isfinite(floats)].astype(np.float64) * factor.factor
    others = np.count_nonzero(multiples != np.rint(multiples))
    return int(others) <= WORTH_IT * floats.size


def _each_better(factors: Sequence[Factor]) -> list[Factor]:
    """Those that have fewer exceptions than all before them."""
    best: list[Factor] = []
    for one in factors:
        if not best or one.exceptions < best[-1].exceptions - WORTH_IT:
            best.append(one)
    return best


def _are_distinct(values: Numbers, factor: Factor, highest: int = HIGHEST_CODE) -> bool:
    """Whether exceptions hardly come again: others take less as they are."""
    unit = factor.factor if factor.times else 1 / factor.factor
    with np.errstate(all="ignore"):
        doubles = values.astype(np.float64, copy=False)
        away = np.abs(doubles - np.rint(doubles / unit) * unit)
        # Half of what the last place of a float is at most: the place itself takes long to tell.
        least = 2.0 ** -(MANTISSA_BITS[values.itemsize] + 1)
        (suspects,) = (away > highest / 2 * least * np.abs(doubles)).nonzero()
        some = values[suspects]
        exceptions = some[away[suspects] > highest / 2 * np.spacing(np.abs(some))]
    return _hardly_come_again(exceptions)


def _hardly_come_again(values: Numbers) -> bool:
    if not values.size:
        return False
    return 2 * patterns(values.view(f"u{values.itemsize}")).distinct > values.size


def _were_narrower(values: Numbers) -> bool:
    """Whether most numbers are nearly floats of 4 bytes, whose other bytes are about the same."""
    with np.errstate(all="ignore"):
        away = np.abs(values - values.astype(np.float32))
        return 2 * int(np.count_nonzero(away <= NARROWER * np.abs(values))) > values.size


def _nearest(values: Numbers, factor: Factor) -> npt.NDArray[np.uint64]:
    """The integers that a factor makes of floats, without a sign; any of what is no number."""
    with np.errstate(all="ignore"):
        doubles = np.abs(values.astype(np.float64))
        return np.rint(doubles * factor.factor).astype(np.uint64)


def _fewest(factors: Sequence[Factor]) -> float:
    """The share of exceptions of the best of them; all numbers if there are none."""
    return min([factor.exceptions for factor in factors]) if factors else 1.0


def _measured(
    items: Numbers,
    fewest: int,
    factors: npt.NDArray[np.float64],
    times: bool = False,
    near: bool = False,
    all_digits: bool = False,
    fine_up_to: float = FINE_UP_TO,
) -> list[Factor]:
    """Those of ascending factors, up to one with the fewest exceptions, that are of use.

    Of what has corrections exceptions may be many, as these may be of any size. With `all_digits`,
    integers may be finer, and corrections are by a unit.
    """
    if not factors.size:
        return []
    size, width = items.size, items.itemsize
    highest, up_to = (HIGHEST_CODE, FAR_UP_TO) if near else (0, EXCEPTIONS_UP_TO)
    spare = SPARE_BITS + near * BITS_OF_CODES
    if all_digits:
        highest, spare = CODE_OF_A_UNIT, SPARE_BITS
    told = highest, fewest, up_to, fine_up_to, _many(width, spare)
    found = np.empty((factors.size, 3), np.uint64)
    count = count_exceptions(width, goes_by_product(float(factors[0]), float(factors[-1])))
    rows = count(items, factors, times, *told, found)
    return [
        Factor(float(factors[k]), times, exceptions / size, near, corrected / size)
        for k, exceptions, corrected in found[:rows].tolist()
    ]


@functools.cache
def _many(width: int, spare: int) -> float:
    """The first integer with less than so many bits fewer than floats of so many bytes have."""
    return 2.0 ** (MANTISSA_BITS[width] + 1 - spare)
