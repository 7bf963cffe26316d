"""What numbers of a sample have in common: facts that say which maps are worth trying.

All functions take a few thousand numbers and take some microseconds to some ten.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ansflow.buffers import Bytes
from ansflow.kernels.transforms.detect import NEAR, common_divisor, pairs_alike, pick, survey, tell
from ansflow.transforms.dict import SECRET, counted

__all__ = ["Facts", "Patterns", "bits_of", "common_step", "facts", "few_of", "have_gaps"]
__all__ += ["is_dense", "patterns", "surveyed", "trailing_zeros"]

Numbers = npt.NDArray[Any]
Words = npt.NDArray[np.uint64]

# The share of all integers in a range that are there.
DENSE = 0.75

# The share of integers of 16 bits that are near to each other from which on there are no gaps
# between those that come, but for which of them are more frequent.
WITHOUT_GAPS = 0.6


class Patterns(NamedTuple):
    """Of so many numbers, how many are distinct, which is most frequent, and the share of it."""

    size: int
    distinct: int
    most_frequent: int
    share: float


def surveyed(numbers: Numbers, most: int) -> tuple[Words, Patterns, int, float]:
    """What is known at a glance of unsigned integers, not empty and contiguous in any shape.

    Returns
    -------
    ndarray of uint64, Patterns
        A few of them, as `few_of` has them, and their patterns.
    int
        Which bits are set in any of all numbers.
    float
        The share of numbers that are as the one before.
    """
    octets, width, step, few = _taken(numbers, most)
    told = map(int, survey(octets, width, step, SECRET, few))
    distinct, most_frequent, count, bits, repeats, following = told
    seen = Patterns(few.size, distinct, most_frequent, count / few.size)
    return few, seen, bits, repeats / following


class Facts(NamedTuple):
    """What integers have in common.

    A few of them, as `few_of` has them, and the `common_step` of these; the least and the greatest
    of all.
    """

    few: Words
    step: int
    least: int
    greatest: int

    @property
    def range(self) -> int:
        """How many integers there are from the least to the greatest."""
        return self.greatest - self.least + 1


def facts(numbers: Numbers, most: int) -> Facts:
    """Those of unsigned integers, not empty and contiguous in any shape."""
    octets, width, step, few = _taken(numbers, most)
    return Facts(few, *map(int, tell(octets, width, step, few)))


def few_of(numbers: Numbers, most: int) -> Words:
    """Some of contiguous unsigned integers from all over, at most so many or a few more.

    They are in pairs, which begin at equal distances, so that both distances between neighbours
    have no common divisor: it would seem to be one of numbers that rise evenly. And they are as
    wide as kernels have them.
    """
    octets, width, step, few = _taken(numbers, most)
    pick(octets, width, step, few)
    return few


def _taken(numbers: Numbers, most: int) -> tuple[Bytes, int, int, Words]:
    """What a kernel takes to pick a few of contiguous numbers; the last one is room for them."""
    step, count = _taken_of(numbers.size, most)
    return np.frombuffer(numbers, np.uint8), numbers.itemsize, step, np.empty(count, np.uint64)


@functools.lru_cache
def _taken_of(size: int, most: int) -> tuple[int, int]:
    """How far apart numbers are that are picked of so many, and how many these are."""
    step = max(1, size // most)
    step = 3 if step == 2 else step
    return step, size // (2 * step) * 2 if step > 1 else size


def patterns(numbers: Numbers) -> Patterns:
    """Count the patterns of fewer than 2^16 unsigned integers, not empty, in any shape."""
    distinct, most_frequent, count = counted(numbers)
    return Patterns(numbers.size, distinct, most_frequent, count / numbers.size)


def is_dense(numbers: Numbers) -> bool:
    """Whether most integers that lie between the quarters of a sample may come.

    That is told by every second one. If so, and all of them as often, no fewer distinct ones are
    expected in it.
    """
    some = numbers.reshape(-1)[::2].astype(np.uint64)  # NumPy takes longer to sort narrow ones
    some.sort()
    inner = some[some.size // 4 : some.size - some.size // 4]
    distinct = 1 + int(np.count_nonzero(inner[1:] != inner[:-1]))
    most = DENSE * (int(inner[-1]) - int(inner[0]) + 1)
    return distinct > -most * math.expm1(-inner.size / most)


def have_gaps(numbers: Numbers) -> bool:
    """Whether many integers of 16 bits never come, though others around them do.

    Pairs of equal numbers are as many as pairs of those near to each other say, or else as many
    times more as there are fewer integers that come. That is not asked of the most frequent one.
    """
    equal, together = map(int, pairs_alike(numbers.reshape(-1)))
    return together < WITHOUT_GAPS * NEAR * equal


def bits_of(numbers: Numbers) -> int:
    """The bits that are set in any of some unsigned integers."""
    return int(np.bitwise_or.reduce(numbers.reshape(-1)))


def trailing_zeros(bits: int) -> int:
    """How many low bits are 0; 0 if all bits are."""
    return (bits & -bits).bit_length() - 1 if bits else 0


def common_step(numbers: Numbers) -> int:
    """The greatest common divisor of the differences of unsigned integers; 0 if all are equal."""
    # As numbers of one width, for which the kernel is compiled once.
    return int(common_divisor(numbers.reshape(-1).astype(np.uint64, "C", copy=False)))
