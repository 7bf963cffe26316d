"""Columns of tables that are alike: their tokens, and what they take together."""

import numpy as np
import pytest

from ansflow.kernels.transforms.likeness import count_tokens, join_alike, to_integers
from ansflow.transforms.choosing.effort import effort_of
from ansflow.transforms.choosing.likeness import alike
from ansflow.transforms.choosing.mapped import Kind
from ansflow.transforms.layout import Layout
from ansflow.transforms.log import Log

RNG = np.random.default_rng(0)
FACTORS = np.array([1.0, 10.0, 100.0])


def integers_of(*columns):
    floats = np.array(columns, np.float64)
    numbers, told = np.empty(floats.shape, np.int64), np.empty((len(floats), 2), np.int64)
    to_integers(floats, FACTORS, numbers, told)
    return numbers, told.tolist()


def test_the_first_factor_that_makes_integers():
    whole = RNG.integers(-999, 999, 500)
    numbers, told = integers_of(whole, whole / 10, whole / 100, whole * 1e20)
    assert told == [[0, 0], [1, 0], [2, 0], [3, 0]]
    assert np.array_equal(numbers[:3], [whole] * 3)
    assert np.array_equal(np.argsort(numbers[3], kind="stable"), np.argsort(whole, kind="stable"))


def test_a_few_floats_may_be_no_integers_and_some_may_lack():
    some = RNG.integers(0, 9, 640).astype(float)
    some[3:13] = np.pi
    some[100:400] = np.nan
    some[400] = np.inf
    numbers, told = integers_of(some)
    assert told == [[0, 301]]
    assert set(numbers[0, 3:13]) == {int(some[2])}
    assert set(numbers[0, 100:401]) == {int(some[99])}
    some[13] = np.pi
    assert integers_of(some)[1] == [[3, 301]]
    assert integers_of([np.nan] * 9)[1] == [[0, 9]]


def test_bits_that_are_0_in_all_floats_do_not_count():
    numbers, _ = integers_of(np.array([1.0, 1.5, 2.0, 3.0] * 9) / 1024)
    assert np.array_equal(np.diff(numbers[0][:4]), [1, 1, 1])


def test_tokens_and_raw_bits():
    numbers = np.concatenate([RNG.integers(0, 1 << k, 40, np.uint64) for k in range(1, 64)])
    numbers = np.stack([numbers, numbers[::-1], np.full(numbers.size, 2**64 - 1, np.uint64)])
    counts, raw_bits = np.ones((3, 2, 256), np.uint32), np.empty((3, 2))
    count_tokens(numbers, counts, raw_bits)
    for row, told, raw in zip(numbers, counts, raw_bits, strict=True):
        lengths = [int(x).bit_length() for x in row]
        tokens = [int(x) if x < 192 else 184 + n for x, n in zip(row, lengths, strict=True)]
        assert np.array_equal(told[0], np.bincount(tokens, minlength=256))
        assert raw[0] == sum(n - 1 for x, n in zip(row, lengths, strict=True) if x >= 192)
        deltas = np.diff(row, prepend=row[:1]).view(np.int64)
        folded = ((deltas << 1) ^ (deltas >> 63)).view(np.uint8)
        _, (symbols, _) = Log().forward(folded, Layout(8, row.shape))
        assert np.array_equal(told[1], np.bincount(symbols, minlength=256))
        widths = np.maximum(symbols.astype(int) // 4 - 2, 0) * (symbols >= 16)
        assert raw[1] == widths.sum()


def test_groups_are_joined_while_that_saves_their_price():
    counts = np.array([[[90, 10, 0]], [[0, 10, 90]], [[88, 12, 0]], [[0, 12, 88]]], np.uint32)
    raw_bits, firsts = np.zeros((4, 1)), np.empty(4, np.int64)
    told = 1.0, 0.0

    def joined(traits, price):
        join_alike(counts.copy(), raw_bits.copy(), np.array(traits), *told, price, firsts)
        return firsts.tolist()

    assert joined([0, 0, 0, 0], 0.0) == [0, 1, 2, 3]
    assert joined([0, 0, 0, 0], 9.0) == [0, 1, 0, 1]
    assert joined([0, 0, 1, 0], 9.0) == [0, 1, 2, 1]
    assert joined([0, 0, 0, 0], 999.0) == [0, 0, 0, 0]


def groups_of(columns, name="float"):
    columns = np.array(columns, {"float": np.float64, "signed": np.int64}[name])
    kind = Kind(name, False, effort_of(3), columns.size)
    return alike(columns.view("u8"), kind)


@pytest.mark.parametrize("name", ["float", "signed"])
def test_groups_of_columns(name):
    bits = [RNG.integers(0, 2, 1000) for _ in range(5)]
    ages = [RNG.integers(18, 90, 1000) for _ in range(5)]
    ids = np.cumsum(RNG.integers(1, 99, 1000)) * 1000
    found = groups_of([ids, *bits, *ages, [7] * 1000, [-900] * 1000], name)
    assert [group.columns for group in found] == [[0], [*range(1, 11)], [11, 12]]
    assert [group.small for group in found] == [False, True, False]
    assert 3.4 < found[1].bits < 3.7  # half of them a bit, and half of them log2(72)


def test_groups_of_floats():
    cents = [RNG.integers(0, 99, 1000) / 100 for _ in range(3)]
    lacking = [np.where(RNG.random(1000) < 0.2, np.nan, cents[0]) for _ in range(2)]
    noise = [RNG.normal(size=1000) for _ in range(2)]
    found = groups_of([*cents, *lacking, *noise])
    assert [group.columns for group in found] == [[0, 1, 2], [3, 4], [5, 6]]
    assert [group.lacking for group in found] == [False, True, False]
    factors = [group.factor and group.factor.factor for group in found]
    assert factors == [100.0, 100.0, None]


def test_runs_are_alike():
    """Each number comes many times in a row, in columns that have few values in common."""
    runs = [np.repeat(RNG.integers(0, 1 << 12 + 9 * j, 100), 10) for j in range(3)]
    found = groups_of([*runs, RNG.integers(0, 1 << 30, 1000)])
    assert [group.columns for group in found] == [[0, 1, 2], [3]]
    assert not found[0].small


def test_more_classes_than_there_may_be():
    """Twenty kinds of columns that no table suits are as few groups as have a class for each."""
    columns = np.array([RNG.normal(9 * j, 0.8, 1000).round().clip(0, 255) for j in range(20)])
    columns[:, 0] = 0
    found = groups_of(columns)
    assert all(group.small for group in found)
    assert len(found) == 3
    assert sorted(j for group in found for j in group.columns) == [*range(20)]
