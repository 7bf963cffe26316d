"""What numbers of a sample have in common: facts that say which maps are worth trying.

All functions take a few thousand numbers and take some ten microseconds to a few hundred.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.kernels.transforms.decimal import count_exceptions
from ansflow.kernels.transforms.detect import (
    common_divisor,
    count_binary_places,
    narrow_step,
    pair_steps,
)
from ansflow.kernels.transforms.quotient import goes_by_product
from ansflow.transforms.dict import counted

__all__ = ["Factor", "Patterns", "common_step", "decimal_factors"]
__all__ += ["has_high_bit", "is_dense", "patterns", "trailing_zeros"]

Numbers = npt.NDArray[Any]

POWERS_OF_TEN = np.array([10.0**k for k in range(13)])

# The share of numbers that may be exceptions.
EXCEPTIONS_UP_TO = 0.1
# Integers with nearly as many bits as the mantissa of a float are as fine as the floats, so that
# any number is one of them. This is how many bits fewer they must have, and for how many numbers
# but 0 it may be otherwise.
SPARE_BITS = 2
FINE_UP_TO = 0.5
# What a finer factor must save in exceptions, or corrections, as a share of all numbers.
WORTH_IT = 0.002

# The highest code of a correction, by up to eight units in the last place. Integers must then have
# so many more bits fewer than the mantissa; a float of 16 bits doesn't have as many.
HIGHEST_CODE = 15
BITS_OF_CODES = HIGHEST_CODE.bit_length()
NEAR_FROM_BYTES = 4
# The share of numbers with corrections from which on these say that the step is another.
OFTEN = 0.4
# By the bytes of a float; NumPy takes its time to say so.
MANTISSA_BITS = {2: 10, 4: 23, 8: 52}
# Parts of all numbers that are dealt out in turn.
DEALT = 16
# Numbers by which something is guessed, and room for a guess at how fine they may be that is wrong.
FEW, ROOM = 64, 4.0

# A common step is looked for between about so many numbers, or, if most of these are distinct,
# between all in one of so many parts of their range, which lie closer together. That is in so many
# pairs of the gaps between them, of which one lies elsewhere than the other, and a share of them
# has to agree on it.
SOME, PARTS = 512, 8
PAIRS = 64
ELSEWHERE = 0.382
AGREEING = 0.25

# A step is looked for among numbers up to this, so that sums of them are finite.
LARGEST = 2.0**1000

# The share of all integers in a range that are there.
DENSE = 0.75

MOST_PLACES = 64
DIGITS = 17


class Patterns(NamedTuple):
    """Of so many numbers, how many are distinct, which is most frequent, and the share of it."""

    size: int
    distinct: int
    most_frequent: int
    share: float


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


def patterns(numbers: Numbers) -> Patterns:
    """Count the patterns of a sample of unsigned integers, not empty, in any shape."""
    if numbers.itemsize == 1:  # which are counted faster
        counts = np.bincount(numbers.reshape(-1))
        most = int(counts.argmax())
        distinct = int(np.count_nonzero(counts))
        return Patterns(numbers.size, distinct, most, int(counts[most]) / numbers.size)
    distinct, most_frequent, count = counted(numbers)
    return Patterns(numbers.size, distinct, most_frequent, count / numbers.size)


def is_dense(numbers: Numbers) -> bool:
    """Whether most integers that lie between the quarters of a sample are in it."""
    some = np.sort(numbers.reshape(-1))
    inner = some[some.size // 4 : some.size - some.size // 4]
    distinct = 1 + int(np.count_nonzero(inner[1:] != inner[:-1]))
    return distinct > DENSE * (int(inner[-1]) - int(inner[0]) + 1)


def trailing_zeros(numbers: Numbers) -> int:
    """How many low bits of all unsigned integers are 0; 0 if all bits are."""
    all_of_them = numbers.reshape(-1)
    for some in (all_of_them[:FEW], all_of_them):
        seen = int(np.bitwise_or.reduce(some))
        if seen & 1:  # most often, a few of them tell
            break
    return (seen & -seen).bit_length() - 1 if seen else 0


def has_high_bit(numbers: Numbers) -> bool:
    """Whether any of some unsigned integers, not empty, has its highest bit set."""
    some, half = numbers.reshape(-1), 1 << (8 * numbers.itemsize - 1)
    return int(some[:FEW].max()) >= half or int(some.max()) >= half


def common_step(numbers: Numbers) -> int:
    """The greatest common divisor of the differences of unsigned integers; 0 if all are equal."""
    return int(common_divisor(numbers.reshape(-1).astype(np.uint64)))


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
    values = floats.reshape(-1)
    if not values.size:
        return []
    # So that the first ones, by which most factors are found to be of no use, are from all over.
    dealt = values.size // DEALT
    if dealt > FEW:
        values = values[: dealt * DEALT].reshape(DEALT, dealt).T.reshape(-1)
    values = np.ascontiguousarray(values)
    items = values.view(f"u{values.itemsize}")
    # NaNs, infinities and negative zeros are exceptions, whatever the factor is.
    negative_zeros = np.count_nonzero(items == 1 << (8 * values.itemsize - 1))
    fewest = values.size - np.count_nonzero(np.isfinite(values)) + negative_zeros
    least_of_all = fewest / values.size
    if least_of_all > EXCEPTIONS_UP_TO:
        return []
    enough = least_of_all + WORTH_IT
    measure = functools.partial(_measured, items, values.dtype, np.uint64(fewest))
    found = measure(POWERS_OF_TEN)
    least = _fewest(found)
    with np.errstate(invalid="ignore"):  # for signalling NaNs
        doubles = values.astype(np.float64, copy=False)
    powers = _powers_of_two(doubles)
    if least <= enough:  # then others are only better if they are coarser
        powers = powers[powers < found[-1].factor]
    found += measure(powers)
    nearly: list[Factor] = []
    if _fewest(found) > least_of_all and items.itemsize >= NEAR_FROM_BYTES:
        many = _many(values.dtype, near=True)
        nearly = _near(doubles, many, functools.partial(measure, near=True))
    good = [one for one in nearly if one.exceptions <= enough]
    # What is nearly a decimal is no multiple of a larger step if some of them are not. But the step
    # may be about as large: corrections are many then.
    may_have_step = (
        not good or good[0].corrected > OFTEN or common_step(_nearest(doubles[:FEW], good[0])) > 1
    )
    if any_step and _fewest(found) > enough and may_have_step:
        for factor, times in _steps(values):
            found += measure(np.array([factor]), times)
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


def _nearest(values: npt.NDArray[np.float64], factor: Factor) -> npt.NDArray[np.uint64]:
    """The integers that a factor makes of floats, without a sign; any of what is no number."""
    with np.errstate(invalid="ignore"):
        return np.rint(np.abs(values) * factor.factor).astype(np.uint64)


def _fewest(factors: Sequence[Factor]) -> float:
    """The share of exceptions of the best of them; all numbers if there are none."""
    return min((factor.exceptions for factor in factors), default=1.0)


def _measured(
    items: Numbers,
    dtype: np.dtype[Any],
    fewest: np.uint64,
    factors: npt.NDArray[np.float64],
    times: bool = False,
    near: bool = False,
) -> list[Factor]:
    """Those of ascending factors, up to one with the fewest exceptions, that are of use."""
    if not factors.size:
        return []
    many = _many(dtype, near=near)
    highest, most = np.uint64(near * HIGHEST_CODE), np.uint64(EXCEPTIONS_UP_TO * items.size)
    counts = np.empty((factors.size, 4), np.uint64)
    count = count_exceptions(items.itemsize, goes_by_product(*factors.tolist()))
    rows = count(items, factors, times, highest, fewest, most, many, counts)
    useful = []
    for factor, told in zip(factors.tolist(), counts[: int(rows)].tolist(), strict=False):
        exceptions, corrected, zeros, fine = told
        if exceptions <= most and fine <= FINE_UP_TO * (items.size - exceptions - zeros):
            shares = exceptions / items.size, corrected / items.size
            useful.append(Factor(factor, times, shares[0], near, shares[1]))
    return useful


def _many(dtype: np.dtype[Any], *, near: bool) -> float:
    """The first integer that is nearly as fine as the floats."""
    return 2.0 ** (MANTISSA_BITS[dtype.itemsize] + 1 - SPARE_BITS - near * BITS_OF_CODES)


def _near(
    values: npt.NDArray[np.float64],
    many: float,
    measure: Callable[[npt.NDArray[np.float64]], list[Factor]],
) -> list[Factor]:
    """Powers of ten that are factors with corrections."""
    sizes = np.abs(values[:: max(1, values.size // FEW)])
    sizes = np.sort(sizes[sizes > 0])
    if not sizes.size:
        return []
    middle = ROOM * float(sizes[sizes.size // 2])
    powers = POWERS_OF_TEN[many / middle > POWERS_OF_TEN]
    # What is nearly an integer over a power is one over any finer power, as long as not all are.
    return measure(powers) if measure(powers[-1:]) else []


def _powers_of_two(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Those that make integers of nearly all numbers, and of as many as possible."""
    counts = np.zeros(MOST_PLACES, np.uint64)
    count_binary_places(values, counts)
    # So many numbers must have no more places.
    least = [(1 - share) * values.size for share in (EXCEPTIONS_UP_TO, 0)]
    enough = sorted(set(counts.cumsum().searchsorted(least).tolist()))
    return np.array([2.0**places for places in enough if 0 < places < MOST_PLACES - 1])


def _steps(values: Numbers) -> Iterator[tuple[float, bool]]:
    """Factors of a common step of nearly all numbers that isn't known beforehand."""
    sizes = np.abs(values)
    sizes = sizes[(sizes > 0) & (sizes <= min(LARGEST, float(np.finfo(values.dtype).max)))]
    # So that exceptions don't count for more than numbers that are there many times.
    few = sizes[:: sizes.size // SOME | 1]
    some = _distinct(np.sort(few))
    if some.size > few.size // 2:
        # Differences are smaller multiples, and the fewer steps Euclid's algorithm takes, the
        # better.
        low, high = some[some.size // 2], some[some.size // 2 + some.size // PARTS]
        some = _distinct(np.sort(sizes[(sizes >= low) & (sizes <= high)]))
    if some.size < 3:
        return
    some = some.astype(np.float64, copy=False)
    half_unit = 2.0 ** -(MANTISSA_BITS[values.itemsize] + 1)
    gaps, errors = some[1:] - some[:-1], half_unit * (some[1:] + some[:-1])
    first = np.arange(0, gaps.size, gaps.size // PAIRS | 1)
    second = (first + int(gaps.size * ELSEWHERE) + 1) % gaps.size
    steps, errors_of_steps = np.empty(first.size), errors[second]
    pair_steps(gaps[first], gaps[second], errors[first], errors_of_steps, steps)
    known = steps > 0
    steps, errors = steps[known], errors_of_steps[known]
    if steps.size < AGREEING * first.size:
        return
    agree = np.abs(np.subtract.outer(steps, steps)) <= np.add.outer(errors, errors)
    votes = agree[agree.sum(axis=0).argmax()]
    count = np.count_nonzero(votes)
    if count < AGREEING * first.size:
        return
    step, error = float(steps[votes].mean()), 2 * float(errors[votes].mean()) / count**0.5
    ascending = np.sort(sizes).astype(np.float64, copy=False)
    low, high = map(float, narrow_step(ascending, half_unit, step - error, step + error))
    if low > 0:
        yield _shortest(1 / high, 1 / low), False
        yield _shortest(low, high), True


def _distinct(ascending: Numbers) -> Numbers:
    first = np.ones(ascending.size, bool)
    np.not_equal(ascending[:-1], ascending[1:], out=first[1:])
    return ascending[first]


def _shortest(low: float, high: float) -> float:
    """The number of an interval with the fewest decimal digits."""
    middle = (low + high) / 2
    for digits in range(DIGITS):
        number = float(f"{middle:.{digits}e}")
        if low <= number <= high:
            return number
    return middle
