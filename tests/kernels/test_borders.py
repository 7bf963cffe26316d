"""Where digits may begin: as counted one by one, in Python's integers."""

import numpy as np
import pytest

from ansflow.kernels.transforms.borders import BITS, PLACES, digit_borders

RNG = np.random.default_rng(0)

# Two or three digits in one number, and numbers that are one.
NUMBERS = {
    "ids": RNG.integers(0, 2**40, 400) << 22 | RNG.integers(0, 5, 400) << 12,
    "a walk": 10**6 + np.cumsum(RNG.integers(-50, 50, 400)),
    "times": RNG.integers(0, 24, 400) * 10_000
    + RNG.integers(0, [[60], [60]], (2, 400)).T @ [100, 1],
    "the longest decimals": 10**PLACES - 1 - 10**9 * RNG.integers(0, 50, 400),
    "too long ones": 10**PLACES - RNG.integers(0, 2, 400),
    "multiples": 4000 * RNG.integers(0, 1000, 400),
    "multiples, but for one": 4000 * RNG.integers(0, 1000, 400) + (np.arange(400) == 7),
    "zeros": np.zeros(400, np.int64),
    "all bits": RNG.integers(0, 2**64, 400, np.uint64),
}


def borders(rows, lag, more, *, alone, changed_is_same=False):
    """The places of rows of digits, the last digit first."""
    places = []
    for digits in zip(*rows, strict=True):
        same = sum(a == b for a, b in zip(digits, digits[lag:], strict=False))
        places.append(max(same, len(rows) - lag - same) if changed_is_same else same)
    found = [k for k in range(1, len(places)) if places[k - 1] > more * places[k]]
    still = len(found) == 1 and all(same == len(rows) - lag for same in places[: found[0]])
    return [] if still and not alone else found


def bits_of(borders):
    return [place for place in range(BITS) if int(borders) >> place & 1]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("lag", [1, 3])
@pytest.mark.parametrize("more", [1.1, 1.5])
def test_borders_are_those_of_the_reference(name, lag, more):
    numbers = NUMBERS[name].astype(np.uint64)
    integers = [int(number) for number in numbers]
    in_bits = [[number >> bit & 1 for bit in range(BITS)] for number in integers]
    in_decimals = [[number // 10**place % 10 for place in range(PLACES + 1)] for number in integers]
    long = max(integers) >= 10**PLACES
    for alone in (False, True):
        told = lag, (more, more), alone
        found = [*map(bits_of, digit_borders(numbers, np.uint64(0), *told))]
        assert found[0] == borders(in_bits, lag, more, alone=False, changed_is_same=True)
        assert found[1] == ([] if long else borders(in_decimals, lag, more, alone=alone))


@pytest.mark.parametrize("bits", [16, 64])
def test_decimals_of_negative_numbers_are_those_of_their_sizes(bits):
    sizes = RNG.integers(0, 99, 400) * 100 + np.arange(400) % 7
    numbers = np.where(np.arange(400) % 3, sizes, -sizes).astype(np.uint64)
    told = 1, (1.1, 1.1), False
    _, tens = digit_borders(numbers & np.uint64((1 << bits) - 1), np.uint64(1 << bits - 1), *told)
    _, expected = digit_borders(sizes.astype(np.uint64), np.uint64(0), *told)
    assert tens == expected > 0
