"""A stirred stack is another stack, all of whose bits are mixed, for as long as it is stirred."""

import naive_model as document
import numpy as np
import pytest
from hypothesis import given, strategies as st
from naive_stack import contents
from random_stacks import stacks

from ansflow.bitsback import Bernoulli, Buckets, Gaussian, HiddenMarkov, Stack, Uniform
from ansflow.errors import ModelError, StackUnderflowError
from ansflow.models import Categorical, Conditional

BUCKETS = Buckets(7)
CODECS = st.sampled_from(
    [
        Uniform(10, 3),
        Uniform(2**64 - 7, 4),
        Bernoulli(0.01, 30),
        Gaussian(np.arange(5.0), 3.0, -20, 30),
        BUCKETS.posterior(np.arange(90) / 30, 0.2),
        HiddenMarkov(  # one kernel that pops and pushes
            *(Categorical([3, 1]), Conditional([[2, 2], [3, 1]])),
            *(Conditional([[1, 3], [3, 1]]), 40),
        ),
    ]
)


def all_mixed(stack, mix):
    """The stack with all heads and words mixed, as MODEL.md says."""
    heads = [head // 2**28 * 2**28 + mix(head % 2**28, 28) for head in stack.heads.tolist()]
    words = [mix(word, 32) for word in stack.words.tolist()]
    return Stack.from_parts(heads, words)


@given(stacks(), CODECS)
def test_codecs_see_a_stack_that_is_mixed_as_a_whole(stack, codec):
    Uniform(2**32, 400).push(stack, np.arange(400))
    stack = Stack.from_parts(stack.heads, stack.words)
    mixed = all_mixed(stack, document.stir)
    before = contents(stack)
    with stack.stirred():
        x = codec.pop(stack)
    assert np.array_equal(codec.pop(mixed), x)
    assert all_mixed(mixed, document.unstir) == stack
    with stack.stirred():
        codec.push(stack, x)
    assert contents(stack) == before


@given(stacks(), CODECS)
def test_samples_with_initial_bits_of_a_seed_can_be_pushed_again(stack, codec):
    """However many words there are, and however many of them were drawn."""
    stack = stack if stack.seed is not None else Stack(stack.lanes, seed=1)
    before = contents(stack)
    with stack.stirred(), stack.stirred():
        outer = codec.pop(stack)
        inner = codec.pop(stack)
    with stack.stirred(), stack.stirred():
        codec.push(stack, inner)
        codec.push(stack, outer)
    assert contents(stack) == before


def test_words_that_are_not_read_stay_as_they_are_and_unused():
    rng = np.random.default_rng(0)
    stack = Stack.from_initial_bits(rng.bytes(4000))
    words, start = stack.words, stack.mark()
    with stack.stirred():
        Uniform(2**16, 8).pop(stack)
    assert np.array_equal(stack.words, words[:-4])
    rates = stack.rates(start)
    assert rates.used - rates.net == pytest.approx(start.head_bits + 4 * 32, abs=1e-3)


@pytest.mark.parametrize("lanes", [1, 64])
def test_samples_do_not_repeat_what_was_pushed(lanes):
    """All numbers that were pushed are small; those that are popped next are not."""
    rng = np.random.default_rng(0)
    stack = Stack.from_initial_bits(rng.bytes(8000), lanes)
    codec = Uniform(16, 4000)
    codec.push(stack, rng.integers(0, 3, 4000))
    assert codec.pop(stack.copy()).max() == 2
    with stack.stirred():
        count = np.bincount(codec.pop(stack), minlength=16)
    assert np.abs(count - 250).max() < 5 * 250**0.5


def test_a_stack_that_is_too_short_is_as_it_was():
    for words in (0, 3, 9):
        stack = Stack.from_parts([2**40, 2**50], np.arange(words))
        before = contents(stack)
        with pytest.raises(StackUnderflowError), stack.stirred():
            Uniform(2**32, 20).pop(stack)
        assert contents(stack) == before


def test_a_symbol_without_slots_changes_nothing():
    """Wherever it is: some have been pushed before it was noticed."""
    codec = BUCKETS.posterior(np.zeros(9), 0.01)
    stack = Stack(2, seed=1)
    with stack.stirred():
        z = codec.pop(stack)
    before = contents(stack)
    for place in (0, 4, 8):
        wrong = z.copy()
        wrong[place] = 127
        with (
            pytest.raises(ModelError, match=f"symbol 127 at position {place} has"),
            stack.stirred(),
        ):
            codec.push(stack, wrong)
        assert contents(stack) == before
    with stack.stirred():
        codec.push(stack, z)
    assert stack == Stack(2, seed=1)
