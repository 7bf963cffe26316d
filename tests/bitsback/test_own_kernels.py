"""Kernels of users that pop and push: the README's example, and what the stack promises them."""

import re
from pathlib import Path

import numpy as np
import pytest
from guard import guarded
from naive_stack import contents

from ansflow.bitsback import Stack, Uniform, decode, encode
from ansflow.errors import ModelError, StackUnderflowError
from ansflow.kernels.stack.heads import IMPOSSIBLE, UNDERFLOW

README = Path(__file__).parents[2] / "ansflow" / "bitsback" / "README.md"


@pytest.fixture(scope="module")
def example():
    """What the README's example defines; it runs."""
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    (block,) = [block for block in blocks if "njit" in block]
    namespace = {}
    exec(compile(block, str(README), "exec"), namespace)
    return namespace


def mixture(example, count):
    return example["Mixture"](
        *(example[name] for name in ("prior", "likelihood", "posterior")), count
    )


def stacks(lanes):
    yield Stack(lanes, seed=7)
    yield Stack.from_initial_bits(np.random.default_rng(1).bytes(4000), lanes)
    borrowed = Stack(lanes, seed=8)
    Uniform(2**31, 30).push(borrowed, Uniform(2**32, 30).pop(borrowed) >> 1)
    yield borrowed


@pytest.mark.parametrize("lanes", [1, 3, 64])
@pytest.mark.parametrize("count", [0, 1, 200])
def test_the_example_is_its_own_inverse(example, lanes, count):
    codec = mixture(example, count)
    x = codec.pop(Stack(lanes, seed=2))
    for stack in stacks(lanes):
        before = contents(stack)
        codec.push(stack, x)
        assert np.array_equal(codec.pop(stack), x)
        assert contents(stack) == before
        codec.push(stack, codec.pop(stack))
        assert contents(stack) == before


def test_messages_of_the_example_have_the_words_that_it_has_popped(example):
    """Also where it pushes what it has just popped, so that the stack looks as if it had not."""
    for seed in range(300):
        codec = mixture(example, 1 + seed % 5)
        x = np.random.default_rng(seed).integers(0, 3, codec.count)
        message = encode(x, codec, seed=seed)
        assert np.array_equal(decode(message, codec, seed=seed), x)
        # At most 10 bits a symbol, and the words that it may pop.
        assert len(message) <= 8 + 4 * (codec.count + 10 * codec.count // 32 + 1)


def test_the_example_refuses_symbols_after_it_has_changed_the_stack(example):
    codec = mixture(example, 40)
    for stack in stacks(3):
        x, before = np.zeros(40, np.int64), contents(stack)
        for place in (0, 20, 39):
            x[place] = 3 - place
            with pytest.raises(ModelError):
                codec.push(stack, x)
            assert contents(stack) == before


def test_the_example_costs_the_free_energy(example):
    codec = mixture(example, 5000)
    stack = Stack(8, seed=2)
    x = codec.pop(stack)
    start = stack.mark()
    codec.push(stack, x)
    prior, likelihood, posterior = (np.diff(cdf.astype(float)) / 256 for cdf in codec.cdfs)
    expected = posterior * np.log2(posterior / (prior[:, None] * likelihood).T)
    assert stack.rates(start).net == pytest.approx(expected.sum(axis=1)[x].sum(), rel=0.02)


def strict(kernel, most, room):
    """A kernel that has no byte more than it was promised, and finds unreadable memory there."""

    def run(heads, tail, size, *args):
        assert tail.size > size + room
        lower = max(0, size - most)
        own_heads, own = guarded(heads), guarded(tail[lower : size + room + 1])
        after = int(kernel(own_heads, own, size - lower, *args))
        heads[:], tail[lower : size + room + 1] = own_heads, own
        return after if after >= IMPOSSIBLE else after + lower

    return run


@pytest.mark.parametrize("lanes", [1, 5])
def test_there_is_room_for_all_that_a_kernel_may_push(example, lanes):
    """Also where each symbol pops no word and pushes two, and on tails without any room left."""
    count = 60
    codec = mixture(example, count)
    for stack in (*stacks(lanes), Stack.from_parts([2**64 - 1] * lanes, np.arange(count))):
        for x in (np.full(count, 2), codec.pop(stack.copy())):
            before = contents(stack)
            push = strict(example["push"], count, 2 * count)
            stack.run_pop(push, count, *codec.cdfs, x, room=2 * count)
            out = np.zeros(count, np.int64)
            pop = strict(example["pop"], 2 * count, count)
            stack.run_pop(pop, 2 * count, *codec.cdfs, out, room=count)
            assert np.array_equal(out, x)
            assert contents(stack) == before


@pytest.mark.parametrize(
    ("status", "error"), [(UNDERFLOW, StackUnderflowError), (IMPOSSIBLE, ModelError)]
)
@pytest.mark.parametrize("most", [0, 1, 9, 500])
def test_a_kernel_may_fail_at_any_moment(status, error, most):
    """Heads, words and what was drawn are as before, whatever it has overwritten."""

    def fail(heads, tail, size):
        heads[:] = 12345
        tail[max(0, size - most) : size + 21] = 54321
        return status

    for lanes in (1, 3):
        for stack in stacks(lanes):
            for view in (stack, stack.view(0, 1)):
                before, drawn = contents(stack), stack.drawn
                with pytest.raises(error):
                    view.run_pop(fail, most, room=20)
                assert contents(stack) == before
                assert stack.drawn == drawn


def test_numbers_of_words_that_are_none():
    stack = Stack(seed=1)
    for words, error in ((-1, ValueError), (1.0, TypeError), (None, TypeError)):
        with pytest.raises(error):
            stack.run_pop(lambda *_: 0, words)
        with pytest.raises(error):
            stack.run_push(lambda *_: 0, words)
    with pytest.raises(ValueError, match="room"):
        stack.run_pop(lambda *_: 0, 1, room=-1)
    assert stack == Stack(seed=1)


def test_the_smallest_size_meanwhile_is_what_was_used():
    lowest = np.zeros(1, np.uint64)

    def kernel(heads, tail, size):
        lowest[0] = size - 7
        return size

    stack = Stack.from_parts([2**40], np.arange(50))
    start = stack.mark()
    stack.run_pop(kernel, 7, room=1, lowest=lowest)
    assert stack.rates(start).used == 40 + 7 * 32
