"""Threads that share a stack, or what is pushed on it, get garbage or errors, but nothing else."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from guard import guarded

from ansflow.bitsback import Stack
from ansflow.bitsback.distributions.families import family
from ansflow.bitsback.read_only import read_only
from ansflow.bitsback.stack.tail import Tail
from ansflow.errors import StackUnderflowError
from ansflow.kernels.stack import coins, intervals, location_scale, tables, uniform

HAMMER = Path(__file__).with_name("hammer.py")


def hammer(seconds):
    result = subprocess.run(
        [sys.executable, str(HAMMER), str(seconds)], capture_output=True, text=True, timeout=600
    )
    assert (result.returncode, result.stdout) == (0, "alive\n"), result.stderr


def test_threads_that_share_a_stack():
    hammer(0.25)


@pytest.mark.slow
def test_threads_that_share_a_stack_for_a_while():
    hammer(30)


N = 40
P = np.uint64(20)
PARAMS = {
    "uniform": (uniform, 1, (np.array([999], np.uint64),)),
    "uniform, large": (uniform, 4, (np.array([2**63 - 5], np.uint64),)),
    "coins": (coins, 1, (np.array([77], np.uint32), P)),
    "tables": (
        tables,
        1,
        (np.zeros(1, np.uint32), np.array([[0, 5, 2**20 - 9, 2**20]], np.uint32), P),
    ),
    "location and scale": (
        location_scale,
        1,
        (
            np.tile([1.5, family("gaussian").rate, 2.0**16], (N, 1, 1)),
            np.arange(10.0),
            family("gaussian").table,
            20,
            1,
            0,
        ),
    ),
    "intervals": (
        intervals,
        1,
        (np.arange(N), np.ones(N, int), np.array([999], np.uint64)),
    ),
}
HEADS = [0, 1, 2**32 - 1, 2**64 - 1, 12345]


@pytest.mark.parametrize("name", PARAMS)
@pytest.mark.parametrize("size", [0, 3])
def test_kernels_stay_in_their_arrays_whatever_heads_and_words_hold(name, size):
    module, digits, params = PARAMS[name]
    params = tuple(guarded(p) if isinstance(p, np.ndarray) else p for p in params)
    # Each kernel as it is compiled for codecs.
    params = (*params[:2], read_only(params[2])) if module is intervals else read_only(params)
    for heads in (HEADS, [0] * 7, HEADS[:1], [2**32 - 1] * 64):
        room = digits * N
        for words in (np.zeros(size + room + 1, np.uint32), np.full(size + room + 1, 2**32 - 1)):
            tail = guarded(words.astype(np.uint32))
            own = guarded(np.array(heads, np.uint64))
            symbols = () if module is intervals else (guarded(np.zeros(N, np.int64)),)
            pushed = module.push(own, tail, size, *symbols, *params)
            assert pushed <= size + room
            own[:] = np.array(heads, np.uint64)
            popped = module.pop(own, tail, size, *params, *symbols)
            assert popped <= size or popped >= intervals.IMPOSSIBLE


def test_lanes_that_have_become_more_or_fewer():
    slots = guarded(np.zeros(3, np.int64))
    totals = read_only(guarded(np.array([1 << 20], np.uint64)))
    intervals.peek(np.full(9, 2**40, np.uint64), totals, slots)
    intervals.peek(np.full(2, 2**40, np.uint64), totals, slots)
    for lanes in (2, 9):
        heads, tail = guarded(np.full(lanes, 2**40, np.uint64)), guarded(np.zeros(9, np.uint32))
        params = (guarded(np.zeros(3, int)), guarded(np.ones(3, int)), totals)
        assert intervals.push(heads, tail, 5, *params) <= 8
        assert intervals.pop(heads, tail, 5, *params) <= 5


def test_a_tail_and_its_size_are_one_value():
    """Whenever a thread looks, there is room for what it was promised."""
    tail = Tail(np.zeros(9, np.uint32))
    for room in (0, 5, 100, np.uint8(200)):
        words, size = tail.with_room(room)
        assert size + room < words.size
        assert tail.content[1] <= tail.content[0].size
    tail.give_back(10_000)  # more than another thread has left
    assert tail.content[1] == 0
    for room in (-1, 1.0, True, "5"):
        with pytest.raises((ValueError, TypeError), match="room"):
            tail.with_room(room)


# Kernels of users


@pytest.mark.parametrize("seed", [None, 5])
@pytest.mark.parametrize("room", [None, 500])
def test_a_pop_may_also_push(seed, room):
    """As many words as it may pop, or as it says."""
    most = 37
    more = most if room is None else room

    def kernel(heads, tail, size, taken):
        assert size >= taken
        assert tail.size > size + more
        below = tail[size - taken : size].copy()
        tail[size - taken : size + more] = 7
        tail[size - taken : size] = below
        return size

    stack = Stack.from_parts([2**40], range(most if seed is None else 9), seed=seed)
    before = stack.copy()
    for taken in (most, 1, 0):
        stack.run_pop(kernel, most, taken, room=room)
        assert stack == before


def test_words_that_a_pop_has_changed_are_not_given_back():
    def kernel(heads, tail, size):
        tail[0] ^= 1
        return size

    stack = Stack(seed=3)
    stack.run_pop(kernel, 5)
    assert stack.drawn == 5
    assert stack != Stack(seed=3)
    assert Stack.from_bytes(stack.to_bytes()) == stack


def test_a_push_that_takes_what_is_not_there_says_so():
    stack = Stack.from_parts([2**40], [1, 2])
    before = stack.copy()
    with pytest.raises(StackUnderflowError):
        stack.run_push(lambda heads, tail, size: intervals.UNDERFLOW, 3)
    assert stack == before
