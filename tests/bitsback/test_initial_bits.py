"""Initial bits, of the user's or of a seed: drawn when they are needed, and given back."""

import naive_stack as oracle
import numpy as np
import pytest
from hypothesis import given, strategies as st
from naive_stack import contents
from random_stacks import SEEDS

from ansflow.bitsback import Bernoulli, Stack, Uniform
from ansflow.bitsback.stack.seeded_source import SeededSource
from ansflow.errors import (
    CorruptDataError,
    StackUnderflowError,
)

# Initial bits


@given(st.binary(max_size=40), st.booleans())
def test_initial_bits_come_back(data, ending_in_zeros):
    data += bytes(5) * ending_in_zeros
    assert Stack.from_initial_bits(data).initial_bits() == data


@pytest.mark.parametrize("lanes", [1, 2, 3, 8])
def test_initial_bits_of_any_length_come_back_or_are_too_few(lanes):
    rng = np.random.default_rng(lanes)
    for length in range(41):
        for data in (rng.bytes(length), bytes(length), b"\xff" * length, b"\1" * length):
            try:
                stack = Stack.from_initial_bits(data, lanes)
            except StackUnderflowError:
                assert lanes > 1
                assert length < 8 * lanes + 4
                continue
            assert stack.lanes == lanes
            assert (stack.heads >= 1 << 32).all()
            assert stack.initial_bits() == data


@given(st.binary(max_size=200), st.integers(0, 2**32))
def test_initial_bits_come_back_after_pushes_and_pops(data, seed):
    stack = Stack.from_initial_bits(data)
    rng = np.random.default_rng(seed)
    numbers, bits = rng.integers(0, 1000, 20), rng.integers(0, 2, 20)
    Uniform(1000, 20).push(stack, numbers)
    Bernoulli(0.2, 20).push(stack, bits)
    assert Bernoulli(0.2, 20).pop(stack).tolist() == bits.tolist()
    assert Uniform(1000, 20).pop(stack).tolist() == numbers.tolist()
    assert stack.initial_bits() == data


def test_initial_bits_are_used_and_given_back():
    data = np.random.default_rng(1).bytes(300)
    stack = Stack.from_initial_bits(data, 4)
    sample = Uniform(2**32, 20).pop(stack)
    assert stack.words.size < 60
    Uniform(2**32, 20).push(stack, sample)
    assert stack.initial_bits() == data


def test_a_stack_that_holds_more_or_less_has_no_initial_bits():
    for change in (Uniform(2**8).pop, lambda stack: Uniform(2**5).push(stack, [3])):
        stack = Stack.from_initial_bits(b"something")
        change(stack)
        with pytest.raises(CorruptDataError, match="more or less"):
            stack.initial_bits()
    for words in ([], [0], [1 << 31], [2, 9]):
        with pytest.raises(CorruptDataError, match="more or less"):
            Stack.from_parts([2**32], words).initial_bits()


def test_the_first_initial_bits_are_used_first():
    stack = Stack.from_initial_bits(bytes(range(1, 13)))
    assert stack.heads.tolist() == [2**32 + int.from_bytes(bytes(range(1, 5)), "little")]
    words = [int.from_bytes(bytes(range(i, i + 4)), "little") for i in (9, 5)]
    assert stack.words.tolist() == [1, *words]


def test_reading_the_initial_bits_changes_nothing():
    stack = Stack.from_initial_bits(bytes(range(100)), 3)
    before = contents(stack)
    stack.initial_bits()
    assert contents(stack) == before


@pytest.mark.parametrize("stack", [Stack(), Stack(3), Stack(seed=0), Stack(2, seed=5)])
def test_stacks_without_initial_bits_give_none_back(stack):
    with pytest.raises(CorruptDataError, match="initial bits"):
        stack.initial_bits()


def test_initial_bits_are_bytes():
    assert Stack.from_initial_bits(bytearray(b"abc")).initial_bits() == b"abc"
    assert Stack.from_initial_bits(memoryview(b"abcdef")[::2]).initial_bits() == b"ace"
    for data in ("text", 5, None):
        with pytest.raises(TypeError):
            Stack.from_initial_bits(data)


# Seeds


def test_equal_seeds_are_equal_stacks():
    for lanes in (1, 2, 7):
        assert Stack(lanes, seed=9) == Stack(lanes, seed=9)
        assert Stack(lanes, seed=9) != Stack(lanes, seed=8)
        assert Stack(lanes, seed=9) != Stack(lanes)
        assert Stack(lanes, seed=9) != Stack(lanes + 1, seed=9)
    assert Stack() != "a stack"


def test_words_are_drawn_when_needed_and_given_back():
    stack = Stack(2, seed=4)
    assert (stack.drawn, stack.words.tolist()) == (0, [])
    sample = Uniform(2**64, 10).pop(stack)
    assert stack.drawn == 20
    Uniform(2**64, 10).push(stack, sample)
    assert contents(stack) == contents(Stack(2, seed=4))
    assert stack == Stack(2, seed=4)
    assert stack.bits == Stack(2, seed=4).bits
    assert stack.to_bytes() == Stack(2, seed=4).to_bytes()


def test_a_word_that_was_changed_is_not_the_sources():
    stack = Stack(seed=4)
    sample = Uniform(2**64, 10).pop(stack)
    sample[3] ^= 1
    Uniform(2**64, 10).push(stack, sample)
    assert stack != Stack(seed=4)
    assert stack.bits > Stack(seed=4).bits + 32
    assert Stack.from_bytes(stack.to_bytes()) == stack


@pytest.mark.parametrize("place", [0, 1, 4095, 4096, 4097, 8191, 8192, 9999, None])
def test_all_words_that_are_the_sources_are_counted(place):
    """They are compared a piece at a time."""
    stack = Stack(seed=4)
    Uniform(2**32, 10_000).push(stack, Uniform(2**32, 10_000).pop(stack))
    words = stack.words
    assert words.size == stack.drawn == 10_000
    if place is not None:
        words[place] ^= 1 << 7
    changed = Stack.from_parts(stack.heads, words, seed=4, drawn=10_000)
    added = 0 if place is None else 10_000 - place
    assert changed.bits - Stack(seed=4).bits == pytest.approx(32 * added)
    assert (changed == stack) == (place is None)
    assert len(changed.to_bytes()) == len(stack.to_bytes()) + 4 * added
    assert Stack.from_bytes(changed.to_bytes()) == changed


def test_what_is_drawn_does_not_depend_on_how_much_is_asked_for():
    once, often = Stack(seed=4), Stack(seed=4)
    sample = Uniform(2**40, 30).pop(once)
    parts = [Uniform(2**40, count).pop(often) for count in (1, 2, 7, 20)]
    assert np.concatenate(parts).tolist() == sample.tolist()
    assert once == often


def test_the_source_is_splitmix64():
    """Published values of the generator for seed 1234567, whose upper halves are the words."""
    published = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    source = SeededSource(1234567)
    assert source.words(0, 5).tolist() == [value >> 32 for value in published]
    assert [source.word(i) for i in range(5)] == [value >> 32 for value in published]
    stack = Stack(seed=1234567)
    head = int(stack.heads[0])
    expected = oracle.Stack([head], [value >> 32 for value in published[::-1]])
    distributions = [oracle.Uniform(2**32)] * 5
    assert Uniform(2**32, 5).pop(stack).tolist() == expected.pop(distributions)
    assert stack.heads.tolist() == expected.heads


@given(SEEDS, st.integers(1, 60), st.integers(0, 60))
def test_popping_below_what_was_pushed_and_back(seed, popped, pushed):
    stack = Stack(3, seed=seed)
    Uniform(2**50, pushed).push(stack, np.arange(pushed))
    before = contents(stack)
    sample = Uniform(2**48 - 1, popped).pop(stack)
    Uniform(2**48 - 1, popped).push(stack, sample)
    assert contents(stack) == before


def test_all_that_a_stack_is_made_of_is_checked():
    for lanes in (0, -1, 2**16 + 1):
        with pytest.raises(ValueError, match="lanes"):
            Stack(lanes)
        with pytest.raises(ValueError, match="lanes"):
            Stack.from_initial_bits(bytes(100), lanes)
    for seed in (-1, 2**64):
        with pytest.raises(ValueError, match="seed"):
            Stack(seed=seed)
    for seed in (1.5, "1"):
        with pytest.raises(TypeError):
            Stack(seed=seed)
    assert Stack(2**16).lanes == 2**16


def test_parts_make_the_same_stack():
    stack = Stack(3, seed=5)
    Uniform(2**40, 7).pop(stack)
    Uniform(99, 7).push(stack, np.arange(7))
    again = Stack.from_parts(stack.heads, stack.words, seed=5, drawn=stack.drawn)
    assert again == stack
    Uniform(99).pop(again)  # has its own heads
    assert again != stack


def test_stacks_that_have_borrowed_differently_are_not_equal():
    for words in ([], [7], [7, 8]):
        for drawn in range(4):
            for other in range(4):
                stacks = (Stack.from_parts([2**40], words, seed=1, drawn=n) for n in (drawn, other))
                one, two = stacks
                assert (one == two) == (drawn == other)
                assert (one.to_bytes() == two.to_bytes()) == (drawn == other)


@pytest.mark.parametrize(
    ("heads", "more"),
    [
        ([2**32 - 1], {}),
        ([2**40, 0], {}),
        ([2**32], {"drawn": 1}),
        ([2**32], {"drawn": -1}),
        ([2**32], {"drawn": -1, "seed": 1}),
        ([2**32], {"drawn": 2**60, "seed": 1}),
    ],
)
def test_illegal_parts(heads, more):
    with pytest.raises(CorruptDataError):
        Stack.from_parts(heads, [], **more)
