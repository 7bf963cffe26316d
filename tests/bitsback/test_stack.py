"""Stacks: lanes, views, copies, failures undone, and the door for kernels."""

import naive_stack as oracle
import numpy as np
import pytest
from hypothesis import given, strategies as st
from naive_stack import contents
from random_stacks import stacks

from ansflow.bitsback import BitsBack, Repeat, Serial, Stack, Unfolded, Uniform
from ansflow.errors import (
    ModelError,
    StackUnderflowError,
)

# Fewer and more lanes


@given(stacks(), st.integers(1, 100))
def test_unfold_undoes_fold(stack, lanes):
    before, total = contents(stack), stack.lanes
    lanes = min(lanes, total)
    assert stack.fold(lanes) is stack
    assert stack.lanes == lanes
    assert stack.unfold(total) is stack
    assert contents(stack) == before


@given(stacks(st.sampled_from([1, 2, 3])), st.integers(0, 30))
def test_fold_undoes_unfold(stack, more):
    Uniform(2**64, 200).push(stack, np.full(200, 2**63 + 12345))
    before, lanes = contents(stack), stack.lanes
    stack.unfold(lanes + more)
    assert (stack.heads >= 1 << 32).all()
    stack.fold(lanes)
    assert contents(stack) == before


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32))
def test_fold_and_unfold_equal_the_oracle(kept, more, seed):
    rng = np.random.default_rng(seed)
    heads, words = oracle.heads_of(rng, kept + more, []), oracle.some_words(rng, 9)
    stack = Stack.from_parts(np.array(heads, np.uint64), words).fold(kept)
    expected = oracle.Stack(heads, words).fold(kept)
    assert contents(stack)[:2] == (expected.heads, expected.words)
    heads, words = oracle.heads_of(rng, kept, []), oracle.some_words(rng, 60)
    stack = Stack.from_parts(np.array(heads, np.uint64), words).unfold(kept + more)
    expected = oracle.Stack(heads, words).unfold(kept + more)
    assert contents(stack)[:2] == (expected.heads, expected.words)


def test_unfold_leaves_a_stack_that_has_too_few_bits():
    for words in range(0, 12):
        for lanes in (2, 3, 9, 65536):
            rng = np.random.default_rng(words)
            heads = oracle.heads_of(rng, 1, [])
            stack = Stack.from_parts(heads, oracle.some_words(rng, words))
            before = contents(stack)
            try:
                stack.unfold(lanes)
            except StackUnderflowError:
                assert contents(stack) == before
                assert stack.lanes == 1
            else:
                assert stack.lanes == lanes
                assert words > lanes - 3


@pytest.mark.parametrize("lanes", [0, -1, 4])
def test_no_more_lanes_are_left_than_there_are(lanes):
    with pytest.raises(ValueError, match="3 lanes can be folded into 1 to 3"):
        Stack(3).fold(lanes)


@pytest.mark.parametrize("lanes", [0, -1, 2, 2**16 + 1])
def test_no_fewer_lanes_are_made_than_there_are(lanes):
    stack = Stack(3, seed=1)
    with pytest.raises(ValueError, match="lanes"):
        stack.unfold(lanes)
    assert stack == Stack(3, seed=1)


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (2, 2), (2, 1), (-1, 2), (0, 4), (3, 4)])
def test_views_hold_lanes_that_exist(start, stop):
    with pytest.raises(ValueError, match="some of the stack's 3 lanes"):
        Stack(3).view(start, stop)


def test_a_view_shares_heads_and_tail():
    stack = Stack(4, seed=2)
    view = stack.view(1, 3)
    Uniform(2**32, 20).push(view, np.arange(20))
    assert stack.words.size == 20
    assert np.array_equal(stack.heads[1:3], view.heads)
    assert stack != Stack(4, seed=2)
    Uniform(2**32, 20).pop(stack.view(1, 3))
    assert stack == Stack(4, seed=2)


def test_a_view_keeps_its_lanes():
    stack = Stack.from_initial_bits(bytes(range(200)), 4)
    before = contents(stack)
    for change in (lambda v: v.fold(1), lambda v: v.unfold(5), lambda v: v.fold(2)):
        with pytest.raises(ValueError, match="view"):
            change(stack.view(0, 2))
    with pytest.raises(ValueError, match="view"):
        Unfolded(Uniform(9), 8).push(stack.view(0, 4), [0] * 8)
    assert contents(stack) == before


def test_a_copy_is_a_stack_of_its_own():
    stack = Stack(4, seed=2)
    Uniform(2**32, 20).push(stack, np.arange(20))
    copy, before = stack.copy(), contents(stack)
    assert copy == stack
    Uniform(2**60, 70).pop(copy)
    assert contents(stack) == before
    Uniform(2**60, 70).pop(stack)
    assert copy == stack
    part = stack.view(1, 3).copy()
    assert part.lanes == 2
    part.fold()  # a copy of a view is no view


def test_words_are_a_copy():
    stack = Stack()
    Uniform(2**32, 9).push(stack, np.arange(9))
    before = contents(stack)
    stack.words[:] = 0
    assert contents(stack) == before


# After failures


CERTAIN = Uniform(10, 3)


def failures():
    """What changes a stack of at least 2 lanes and then raises, by name."""

    def interrupt(x):
        raise KeyboardInterrupt

    many = Uniform(2**40, 50)
    bad = [1, 2, 10]
    return {
        "serial": (Serial([CERTAIN, many]), (bad, np.arange(50)), ModelError),
        "repeat": (Repeat(CERTAIN, 3), [bad, [0, 0, 0], [0, 0, 0]], ModelError),
        "wrong shape": (Serial([CERTAIN, many]), ([1, 2], np.arange(50)), ValueError),
        "wrong type": (Serial([CERTAIN, many]), ([1.0, 2, 3], np.arange(50)), TypeError),
        "bits back": (BitsBack(many, lambda z: CERTAIN, lambda x: many), bad, ModelError),
        "interrupt": (BitsBack(many, interrupt, lambda x: many), [1, 2, 3], KeyboardInterrupt),
        "unfolded": (Unfolded(Serial([CERTAIN, many]), 8), (bad, np.arange(50)), ModelError),
        "unfolded, interrupt": (
            Unfolded(BitsBack(many, interrupt, lambda x: many), 8),
            [1, 2, 3],
            KeyboardInterrupt,
        ),
    }


@pytest.mark.parametrize("name", failures())
@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("lanes", [2, 3, 8])
def test_atomic_undoes_failed_pushes(name, seed, lanes):
    codec, data, error = failures()[name]
    stack = Stack(lanes, seed=seed)
    Uniform(2**32, 300).push(stack, np.arange(300))
    before = contents(stack)
    with pytest.raises(error), stack.atomic():
        codec.push(stack, data)
    assert contents(stack) == before


@pytest.mark.parametrize("lanes", [1, 2, 8])
def test_atomic_undoes_failed_pops(lanes):
    for count in range(0, 40, 3):
        stack = Stack(lanes)
        Uniform(2**32, count).push(stack, np.arange(count))
        before = contents(stack)
        with pytest.raises(StackUnderflowError), stack.atomic():
            Repeat(Uniform(2**32, 2), 21 + lanes).pop(stack)
        assert contents(stack) == before


def test_atomic_undoes_what_was_drawn_and_folded():
    stack = Stack(6, seed=3)

    def change_and_fail():
        with stack.atomic() as same:
            assert same is stack
            Uniform(2**50, 99).pop(stack)
            stack.fold(2)
            Uniform(9, 99).push(stack, np.zeros(99, int))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        change_and_fail()
    assert stack == Stack(6, seed=3)
    assert stack.drawn == 0


def test_atomic_through_a_view_undoes_what_the_view_may_change():
    stack = Stack(6, seed=3)
    view = stack.view(2, 4)

    def change_and_fail():
        with view.atomic():
            Uniform(2**50, 99).pop(view)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()
    assert stack == Stack(6, seed=3)


def test_atomic_keeps_what_succeeds():
    stack, other = Stack(seed=1), Stack(seed=1)
    with stack.atomic():
        CERTAIN.push(stack, [1, 2, 3])
    CERTAIN.push(other, [1, 2, 3])
    assert stack == other


@pytest.mark.parametrize("name", ["unfolded", "unfolded, interrupt"])
def test_unfolded_codecs_give_lanes_back_when_they_fail(name):
    codec, data, error = failures()[name]
    stack = Stack(2, seed=3)
    with pytest.raises(error):
        codec.push(stack, data)
    assert stack.lanes == 2


# What kernels are given


@pytest.mark.parametrize("seed", [None, 1])
def test_kernels_have_the_room_that_they_ask_for(seed):
    """A push one word more than it can need, and a pop one word above the top."""
    rooms = []

    def push(heads, tail, size, room):
        assert tail.dtype == np.uint32
        assert tail.size >= size + room + 1
        tail[size : size + room] = rng.integers(0, 2**32, room)
        rooms.append(room)
        return size + room

    def pop(heads, tail, size, count):
        assert tail.size >= size + 1
        assert seed is None or size >= count
        return size - count

    rng = np.random.default_rng(6)
    stack = Stack(seed=seed)
    for room in [*range(70), *rng.integers(0, 300, 200).tolist()]:
        stack.run_push(push, room, room)
        if room % 3 == 0:
            before = contents(stack)
            stack.run_push(push, 5, 5)
            stack.run_pop(pop, 5, 5)
            assert contents(stack) == before
    while stack.words.size:
        count = min(stack.words.size, 37)
        stack.run_pop(pop, count, count)
    if seed is not None:
        stack.run_pop(pop, 50, 50)
        assert stack.drawn == 50
    assert len(rooms) > 300


def test_repr_tells_lanes_and_bits():
    assert repr(Stack(3)) == "Stack(lanes=3, 96.0 bits)"
