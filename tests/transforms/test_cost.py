"""What numbers are said to cost is what their tokens and raw bits take."""

import math
from collections import Counter

import numpy as np
import pytest

from ansflow.kernels.transforms.cost import FEW_LINEAR, MANY_LINEAR, lin_cost
from ansflow.transforms import Recipe
from ansflow.transforms.choosing.axes import differences, orders
from ansflow.transforms.choosing.cost import (
    bins_bits,
    log_bits,
    mask_bits,
    plain_bits,
    plane_bits,
    symbol_bits,
    ways_bits,
    ways_cost,
)
from ansflow.transforms.choosing.dealt import dealt
from ansflow.transforms.layout import Layout
from ansflow.transforms.registry import by_name

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


def lin_bits(numbers, items, *, block=0, lag=0, wider=0, enough=math.inf):
    """Bits of few and of many linear tokens, and whether a difference is negative."""
    spare = 64 - 8 * numbers.itemsize
    words = numbers.reshape(-1).astype(np.uint64) << spare
    told = map(np.uint64, (spare, block or numbers.size, lag, wider))
    few, many, falls = lin_cost(words, *told, 7 / items, enough)
    return {FEW_LINEAR: few, MANY_LINEAR: many}, falls


@pytest.mark.parametrize("kind", ["u2", "u8"])
@pytest.mark.parametrize("boxes", [1, 6])
def test_bins_of_numbers_that_become_non_negative(kind, boxes):
    sizes = RNG.choice([900, 5000], (boxes, 400)) + RNG.integers(0, 8, (boxes, 400))
    numbers = (sizes * RNG.choice([-1, 1], sizes.shape)).astype(f"i{kind[1]}").view(kind)
    bits = bins_bits(numbers, 1e6, signed=True)
    assert bits == bins_bits(folded(numbers.reshape(-1)).reshape(numbers.shape), 1e6)
    steps = numbers.cumsum(axis=1, dtype=kind)
    left = np.ascontiguousarray(steps[:, 1:] - steps[:, :-1])
    assert bins_bits(steps, 1e6, (1,), signed=True) == bins_bits(left, 1e6, signed=True)
    assert bits < log_bits(numbers, signed=True) - 2


@pytest.mark.parametrize("shape", [(1, 9), (1, 5000), (2, 3), (4, 1500), (5, 40, 33), (16, 9, 25)])
def test_halves_of_numbers_that_find_bins_and_that_tell_of_them(shape):
    numbers = np.arange(math.prod(shape)).astype("u4").reshape(shape)
    even = shape[0] // 2 * 2
    rows = numbers[:even] if even else numbers.reshape(-1)[: shape[1] // 2 * 2]
    parts = (rows[half::2].reshape(-1) for half in range(2))
    found = dealt(numbers, math.inf).tolist()
    assert found == [part[:: part.size // 1024 | 1].tolist() for part in parts]


@pytest.mark.parametrize("axes", [(1,), (2, 3), (1, 1, 3)])
@pytest.mark.parametrize("shape", [(1, 9, 8, 7), (2, 40, 3, 9), (5, 9, 10, 70)])
@pytest.mark.parametrize("kind", ["u1", "u4", "u8"])
def test_halves_of_differences(kind, shape, axes):
    numbers = RNG.integers(0, 1 << 8 * int(kind[1]), shape, kind)
    left = differences(numbers, axes)
    assert np.array_equal(dealt(numbers, math.inf, axes), dealt(left, math.inf))
    non_negative = folded(left.reshape(-1)).reshape(left.shape)
    signed = dealt(numbers, math.inf, axes, signed=True)
    assert np.array_equal(signed, dealt(non_negative, math.inf))


def test_all_numbers_tell_of_bins_if_a_chunk_has_no_more():
    numbers = np.arange(1, 31, dtype="u2").reshape(1, 5, 6)
    assert dealt(numbers, 59).tolist() == [[*range(1, 31)]]
    assert dealt(numbers, 60).shape == (2, 15)
    assert dealt(numbers, 49, (2,)).tolist() == [[1] * 25]


def test_bins_of_no_numbers():
    assert bins_bits(np.zeros((4, 0, 9), np.uint16), 1e6) == math.inf
    assert bins_bits(np.zeros((4, 9, 1), np.uint16), 1e6, (2,)) == math.inf
    assert bins_bits(np.zeros((1, 1), np.uint16), 1e6) == math.inf


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("kind", ["u2", "u4", "u8"])
def test_logarithmic_tokens(kind, signed):
    small = RNG.normal(0, 40, 500).astype(f"i{kind[1]}").view(kind)
    half = 1 << (8 * small.itemsize - 1)
    lengths = [(1 << k) + more for k in range(4, half.bit_length()) for more in (-1, 0, 1)]
    ends = np.array([0, *lengths, 2 * half - 1], kind)
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


@pytest.mark.parametrize("kind", ["u1", "u8"])
def test_differences_are_counted_without_the_borders(kind):
    numbers = RNG.normal(0, 40, (3, 7, 11)).astype("i8").cumsum(axis=1).astype(kind)
    ways = [(0,), (1,), (2,), (1, 2), (1, 1), (0, 1, 2), (1, 1, 2, 2)]
    orders = [[*map(way.count, range(3)), 1] for way in ways]
    found = ways_bits(numbers, np.array(orders, np.uint64), 500.0)
    for way, bits in zip(ways, found, strict=True):
        left = numbers
        for axis in way:
            left = np.diff(left, axis=axis)
        expected = log_bits(np.ascontiguousarray(left), signed=True, items=500.0)
        assert math.isclose(bits, expected), way


def test_differences_along_axes_that_are_too_short():
    numbers = RNG.integers(0, 99, (4, 1, 2)).astype("u4")
    orders = np.array([[0, 1, 0, 1], [0, 0, 2, 1], [0, 0, 3, 1], [0, 0, 1, 0]], np.uint64)
    *impossible, possible = ways_bits(numbers, orders, 500.0)
    assert impossible == [math.inf] * 3
    assert 0 < possible < 33


def test_linear_tokens_that_are_numbers_by_themselves():
    numbers = RNG.integers(0, 200, 900).astype("u8") + np.uint64(10**12)
    found, _ = lin_bits(numbers, 1000.0)
    for tokens in (256, 4096):
        assert math.isclose(found[tokens], linear(numbers.tolist(), 1000))


def linear(tokens, items):
    """Bits of a linear token where so many items pay for the table, without raw bits.

    Of those that do not occur, though they are between some that do, some do among all items.
    """
    times = Counter(Counter(tokens).values())
    used = len(set(tokens))
    absent = 1 + max(tokens) - min(tokens) - used
    unseen = min(absent, times[1] ** 2 / (2 * (1 + times[2]))) * max(0, 1 - len(tokens) / items)
    bits = entropy(tokens) + (used + unseen - 1) / (2 * math.log(2))
    return bits / len(tokens) + (7 * (used + unseen) + absent - unseen) / items


def test_linear_tokens_that_a_sample_lacks():
    """Few of the numbers that are as likely as each other occur in it, and most of them once."""
    rng = np.random.default_rng(5)
    few, many = (rng.integers(0, 2000, size).astype("u8") for size in (1000, 100_000))
    told, _ = lin_bits(few, 1e5)
    expected, _ = lin_bits(many, 1e5)
    assert 0.95 < told[4096] / expected[4096] < 1.05


def test_ranges_that_overflow_when_they_get_longer():
    """They did, and tokens were counted outside of the counts."""
    numbers = np.array([0, 1 << 62, 5], "u8")
    found, _ = lin_bits(numbers, 1000.0, wider=2)
    for tokens, shift in ((256, 57), (4096, 53)):
        shifted = [number >> shift for number in numbers.tolist()]
        assert math.isclose(found[tokens], shift + linear(shifted, 1000))


def test_linear_tokens_of_differences_in_blocks():
    steps = RNG.integers(-9, 90, (3, 40, 2))
    numbers = steps.cumsum(axis=1).astype("u2")
    deltas = steps[:, 1:].ravel().tolist()
    found, falls = lin_bits(numbers, 1000.0, block=80, lag=2)
    assert falls
    assert math.isclose(found[256], linear(deltas, 1000))
    rises = (np.abs(steps) + 40_000).astype("u2").cumsum(axis=1, dtype="u2")
    assert lin_bits(rises, 1000.0, block=80, lag=2)[1]  # what is half of all or more is below 0
    rises = np.abs(steps).astype("u2").cumsum(axis=1, dtype="u2")
    assert not lin_bits(rises, 1000.0, block=80, lag=2)[1]


def test_linear_tokens_that_are_too_many_bits():
    numbers = RNG.integers(0, 1 << 40, 900).astype("u8")
    found, _ = lin_bits(numbers, math.inf)
    assert 39 < found[4096] < 41
    for enough in (41.0, 37.0, 33.0, 27.0):
        less, _ = lin_bits(numbers, math.inf, enough=enough)
        assert less == (found if enough == 41 else dict.fromkeys(found, math.inf))


@pytest.mark.parametrize("linear", [None, "plain", "rising"])
def test_costs_of_several_ways_by_one_call(linear):
    numbers = (RNG.integers(-20, 90, (4, 50, 3)).cumsum(axis=1) + 1000).astype("u4")
    ways = np.array([[0, 0, 0, 0], [0, 1, 0, 1], [0, 1, 1, 1]], np.uint64)
    (plain, first, both), found, falls = ways_cost(numbers, ways, 1000.0, linear=linear)
    assert [plain[0], first[0], both[0]] == ways_bits(numbers, ways, 1000.0)
    assert (plain[1], first[1] < 0.3, 0.4 < both[1] < 0.6) == (0, True, True)
    told = {"block": 150, "lag": 3, "wider": 2} if linear == "rising" else {}
    expected, falling = lin_bits(numbers, 1000.0, enough=min(plain[0], first[0], both[0]), **told)
    assert found == ([math.inf] * 2 if linear is None else [*expected.values()])
    assert falls == (falling or linear is None)


@pytest.mark.parametrize("louder", [1, 30])
def test_of_many_ways_all_boxes_are_looked_at_for_those_that_some_say_are_likely(louder):
    """Even where other boxes take far more: what is unlikely by some is never the best by all."""
    steps = RNG.normal(0, 40, (8, 40, 20)) * np.array([louder, *[1] * 6, louder])[:, None, None]
    numbers = (steps.cumsum(axis=1).astype("i8") + RNG.integers(0, 30, (8, 40, 20))).view("u8")
    ways = np.array([[0, 0, 0, 0], [0, 1, 0, 1], [0, 2, 0, 1], [0, 0, 1, 1], [0, 3, 0, 1]])
    ways = ways.astype(np.uint64)
    found = ways_bits(numbers, ways, 1e5)
    alone = [ways_bits(numbers, ways[k : k + 1], 1e5)[0] for k in range(len(ways))]
    middle = ways_bits(np.ascontiguousarray(numbers[3:5]), ways, 1e5)
    likely = [bits <= 1.1 * min(middle) + 0.5 for bits in middle]
    assert 1 < sum(likely) < len(ways)
    best = middle.index(min(middle))
    more = max(0.0, alone[best] - middle[best])
    for k, is_likely in enumerate(likely):
        assert math.isclose(found[k], alone[k] if is_likely else middle[k] + more)
        assert is_likely or found[k] > found[best]


def corrected(symbols):
    """The entropy of symbols, without what few of them lack on average."""
    return entropy(symbols) + (len(set(symbols)) - 1) / (2 * math.log(2))


def test_masks():
    """Bits strewn at random take what they take one by one; others what their bytes do."""
    bits = RNG.random(8 * 700) < 0.2
    strewn = mask_bits(np.packbits(bits), 1e9)
    assert math.isclose(strewn, entropy(bits.tolist()), rel_tol=0.01)
    octets = np.packbits(np.repeat(bits[::4], 4))
    assert math.isclose(mask_bits(octets, 1e9), corrected(octets.tolist()), rel_tol=1e-5)
    used = len(set(octets.tolist()))
    assert math.isclose(mask_bits(octets, 700) - mask_bits(octets, 1e12), 7 * used, rel_tol=1e-5)


def test_masks_of_samples_lack_bytes():
    """Those that are there once tell how many others the mask of a chunk has."""
    dense = np.random.default_rng(3).beta(0.4, 1.2, (6000, 1))
    octets = np.packbits(np.random.default_rng(4).random((6000, 8)) < dense, axis=1).reshape(-1)
    parts = octets.reshape(12, 500)
    told = np.mean([mask_bits(part, octets.size) for part in parts]) / 500
    assert math.isclose(told, mask_bits(octets, octets.size) / octets.size, rel_tol=0.035)


def test_streams_of_bytes():
    numbers = RNG.normal(0, 300, 700).astype("i2").view("u2")
    octets = numbers.view("u1")
    assert math.isclose(symbol_bits(octets), corrected(octets.tolist()) / octets.size)
    for signed, coded in ((False, numbers), (True, folded(numbers))):
        low, high = (coded & 0xFF).tolist(), (coded >> 8).tolist()
        expected = (corrected(low) + corrected(high)) / numbers.size
        assert math.isclose(plane_bits(numbers, signed=signed), expected)
        assert math.isclose(plane_bits(numbers, signed=signed, enough=expected), expected)
        assert plane_bits(numbers, signed=signed, enough=0.7 * expected) == math.inf


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
def test_bytes_of_floats_that_have_been_put_in_order(kind):
    floats = RNG.normal(0, 300, 700).astype(kind)
    octets = floats.view(np.uint8)
    layout = Layout(floats.itemsize, floats.shape)
    _, (ordered,) = by_name("ordered").forward(octets, layout, "float")
    planes = [octets[j :: floats.itemsize].tolist() for j in range(floats.itemsize)]
    expected = sum(min(corrected(plane), 8.0 * floats.size) for plane in planes)
    numbers = ordered.view(f"u{floats.itemsize}")
    assert math.isclose(plane_bits(numbers, ordered=True), expected / floats.size)


def test_random_bytes_take_no_more_than_they_are():
    octets = RNG.integers(0, 256, (400, 4), np.uint8)
    assert plain_bits(octets) == 32
    octets[:, 3] = 7
    assert 24 < plain_bits(octets) < 24.3


def test_what_is_negative_does_not_depend_on_what_memory_held():
    """Numbers without one before them stay as they are, where differences are made in turn."""
    numbers = np.random.default_rng(0).integers(0, 1000, (2, 30, 20)).astype("u4")
    once = np.diff(numbers.reshape(-1).astype("i8"), prepend=0)
    twice = np.concatenate([once[:20], once[20:] - once[:-20]])
    thrice = twice[20:] - twice[:-20]
    [[_, below]], *_ = ways_cost(numbers, orders(((1, 1, 2),), 3), 1200.0)
    assert below == np.mean(thrice[:512] < 0)
