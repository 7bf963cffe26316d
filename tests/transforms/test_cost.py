"""What numbers are said to cost is what their tokens and raw bits take."""

import math
from collections import Counter

import numpy as np
import pytest

from ansflow.transforms import Recipe
from ansflow.transforms.choosing.cost import lin_bits, log_bits, plain_bits, plane_bits, symbol_bits
from ansflow.transforms.layout import Layout

RNG = np.random.default_rng(0)


def entropy(symbols):
    """Bits of all symbols together."""
    total = len(symbols)
    return sum(n * math.log2(total / n) for n in Counter(symbols).values())


def folded(numbers):
    """Numbers in two's complement as `delta` makes them non-negative."""
    width = 8 * numbers.itemsize
    signed = numbers.view(f"i{numbers.itemsize}").tolist()
    whole = [2 * x if x >= 0 else -2 * x - 1 for x in signed]
    return np.array([x % (1 << width) for x in whole], numbers.dtype)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("kind", ["u2", "u8"])
def test_logarithmic_tokens(kind, signed):
    small = RNG.normal(0, 40, 500).astype(f"i{kind[1]}").view(kind)
    half = 1 << (8 * small.itemsize - 1)
    ends = np.array([0, 15, 16, 17, half, 2 * half - 1], kind)
    for numbers in (np.append(small, ends), ends[:1]):
        coded = folded(numbers) if signed else numbers
        _, (tokens, _) = Recipe("log").forward(
            coded.view("u1"), Layout(coded.itemsize, (coded.size,))
        )
        symbols = tokens.symbols.tolist()
        raw = sum(max(0, (token >> 2) - 2) for token in symbols if token >= 16)
        items = 1000.0
        expected = (entropy(symbols) + raw) / numbers.size + 7 * len(set(symbols)) / items
        found = log_bits(numbers, signed=signed, items=items)
        assert math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)


def test_ranges_that_overflow_when_they_get_longer():
    """They did, and tokens were counted outside of the counts."""
    numbers = np.array([0, 1 << 62, 5], "u8")
    found = lin_bits(numbers, 1000.0, signed=False, wider=2)
    for tokens, shift in ((256, 57), (4096, 53)):
        bits = 3 * shift + entropy([number >> shift for number in numbers.tolist()])
        expected = (bits + 1 / (2 * math.log(2))) / 3 + 7 * 2 / 1000
        assert math.isclose(found[tokens], expected)


def test_streams_of_bytes():
    numbers = RNG.normal(0, 300, 700).astype("i2").view("u2")
    assert math.isclose(
        symbol_bits(numbers.view("u1")), entropy(numbers.view("u1").tolist()) / (2 * numbers.size)
    )
    for signed, coded in ((False, numbers), (True, folded(numbers))):
        low, high = (coded & 0xFF).tolist(), (coded >> 8).tolist()
        expected = (entropy(low) + entropy(high)) / numbers.size
        assert math.isclose(plane_bits(numbers, signed=signed), expected)


def test_random_bytes_take_no_more_than_they_are():
    octets = RNG.integers(0, 256, (400, 4), np.uint8)
    assert plain_bits(octets) == 32
    octets[:, 3] = 7
    assert 24 < plain_bits(octets) < 24.3
