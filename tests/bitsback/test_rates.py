"""What data cost on a stack, counted in three ways."""

import numpy as np
import pytest

from ansflow.bitsback import Gaussian, Stack, Uniform


def test_an_empty_stack_has_a_word_a_lane():
    assert Stack().bits == 32
    assert Stack(5).bits == 160
    assert Stack(5).rates(Stack(5).mark()).net == 0


def test_bits_are_words_and_logarithms_of_heads():
    stack = Stack.from_parts([2**32, 2**40, 3 * 2**60], [0, 7, 9])
    assert stack.bits == pytest.approx(32 + 40 + 60 + np.log2(3) + 3 * 32)


def test_rates_on_an_empty_stack():
    stack = Stack()
    start = stack.mark()
    Uniform(2**16, 10).push(stack, np.arange(10))
    rates = stack.rates(start)
    assert rates.net == pytest.approx(160, abs=1e-3)
    assert rates.used == rates.total == pytest.approx(192, abs=1e-3)


def test_rates_on_initial_bits():
    """A push touches no initial bits but the head; what lies deeper isn't used."""
    stack = Stack.from_parts([2**40], np.arange(100))
    start = stack.mark()
    Uniform(2**32, 3).push(stack, [1, 2, 3])
    rates = stack.rates(start)
    assert rates.net == pytest.approx(96)
    assert rates.used == pytest.approx(136)
    assert rates.total == pytest.approx(136 + 3200)
    per = rates.per(4)
    assert (per.net, per.used, per.total) == (rates.net / 4, rates.used / 4, rates.total / 4)


def test_used_counts_whole_words_that_were_touched():
    for borrowed in range(8):
        stack = Stack.from_parts([2**63], np.arange(100))
        start = stack.mark()
        z = Uniform(2**32, borrowed).pop(stack)
        Uniform(2**32, borrowed).push(stack, z)
        rates = stack.rates(start)
        assert rates.net == 0
        assert rates.used == 63 + 32 * borrowed
        assert rates.total == 63 + 3200


def test_a_pop_that_takes_no_word_uses_none():
    stack = Stack.from_parts([2**63], np.arange(100))
    start = stack.mark()
    Uniform(2**31, 1).pop(stack)
    assert stack.rates(start) == stack.rates(start)
    assert stack.rates(start).used == 32
    assert stack.rates(start).net == pytest.approx(-31)


def test_net_may_be_negative():
    stack = Stack.from_initial_bits(bytes(range(200)))
    start = stack.mark()
    Uniform(2**32, 5).pop(stack)
    assert stack.rates(start).net == pytest.approx(-160, abs=1)
    assert stack.rates(start).total == stack.bits


def test_rates_of_a_seeded_stack_count_what_was_drawn():
    stack = Stack(seed=1)
    start, head_bits = stack.mark(), stack.bits
    z = Uniform(2**32, 5).pop(stack)
    Gaussian(np.zeros(5), 2.0, -9, 9).push(stack, np.zeros(5, int))
    Uniform(2**32, 5).push(stack, z)
    rates = stack.rates(start)
    assert stack.drawn == 5
    assert rates.total == rates.used == stack.bits
    assert rates.net == pytest.approx(stack.bits - head_bits - 32 * 5)
    cost = -5 * np.log2(0.1974126513658474)  # of 0 under N(0, 2), between -1/2 and 1/2
    assert rates.net == pytest.approx(cost, abs=0.01)


def test_only_what_happened_since_the_mark_counts():
    stack = Stack.from_parts([2**63], np.arange(100))
    z = Uniform(2**32, 7).pop(stack)
    Uniform(2**32, 7).push(stack, z)
    start = stack.mark()
    Uniform(2**32, 2).push(stack, [5, 6])
    assert stack.rates(start).used == pytest.approx(63 + 64)


def test_words_that_only_have_been_looked_at_do_not_count():
    stack, fresh = Stack(seed=1), Stack(seed=1)
    sample = Uniform(2**32, 5).pop(stack)
    Uniform(2**32, 5).push(stack, sample)
    starts = stack.mark(), fresh.mark()
    for same in (stack, fresh):
        Uniform(2**32, 2).push(same, [5, 6])
    assert stack.rates(starts[0]) == fresh.rates(starts[1])
