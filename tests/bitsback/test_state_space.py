"""Hidden Markov models: inverses, rates against the forward algorithm, words of an oracle."""

from math import log2

import naive_stack as oracle
import naive_state_space as naive
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from naive_stack import contents
from random_stacks import stacks
from scipy import stats

from ansflow.bitsback import (
    FiniteStates,
    Gaussian,
    HiddenMarkov,
    Stack,
    StateSpace,
    Uniform,
    decode,
    encode,
)
from ansflow.bitsback.models import hidden_markov
from ansflow.bitsback.models.finite_states import rounded
from ansflow.errors import AnsflowError, CorruptDataError, ModelError, StackUnderflowError
from ansflow.models import Categorical, Conditional, Markov, quantize


def tables(states, alphabet, rng, precision=16, concentration=0.3):
    """Frequencies of a prior, transitions and emissions, some of them 0."""

    def rows(*shape):
        weights = rng.dirichlet(np.full(shape[-1], concentration), shape[:-1])
        weights[rng.random(shape) < 0.2] = 0
        weights[..., rng.integers(shape[-1])] += 0.01
        return quantize(weights, precision)

    return rows(states), rows(states, states), rows(states, alphabet)


def models_of(frequencies):
    prior, transitions, emissions = frequencies
    return Categorical(prior), Conditional(transitions), Conditional(emissions)


def sequence(frequencies, length, rng):
    """A sequence that the model can make, though not one that it would choose."""
    z = rng.choice(np.flatnonzero(frequencies[0]))
    symbols = []
    for _ in range(length):
        symbols.append(int(rng.choice(np.flatnonzero(frequencies[2][z]))))
        z = rng.choice(np.flatnonzero(frequencies[1][z]))
    return symbols


SHAPES = st.tuples(st.integers(1, 9), st.integers(2, 20), st.sampled_from([0, 1, 2, 9, 40]))


@settings(max_examples=40)
@given(SHAPES, st.integers(0, 2**32), st.sampled_from([5, 12, 16, 22, 31]), st.data())
def test_words_are_those_of_the_oracle_and_come_back(shape, seed, precision, data):
    """Whatever is on the stack, and however many lanes it has: only the first is used."""
    states, alphabet, length = shape
    rng = np.random.default_rng(seed)
    frequencies = tables(states, alphabet, rng, precision)
    symbols = sequence(frequencies, length, rng)
    codec = HiddenMarkov(*models_of(frequencies), length)
    stack = data.draw(stacks())
    before = contents(stack)
    try:
        with stack.atomic():
            codec.push(stack, symbols)
    except StackUnderflowError:
        assert stack.seed is None
        assert contents(stack) == before
        return
    if stack.seed is None:
        expected = oracle.Stack(before[0], before[1])
        naive.push(expected, *(freq.tolist() for freq in frequencies), symbols)
        assert stack.heads.tolist() == expected.heads
        assert stack.words.tolist() == expected.words
    assert codec.pop(stack).tolist() == symbols
    assert contents(stack) == before


@settings(max_examples=20)
@given(SHAPES, st.integers(0, 2**32))
def test_the_forward_algorithm_is_exact(shape, seed):
    states, alphabet, length = shape
    rng = np.random.default_rng(seed)
    frequencies = tables(states, alphabet, rng)
    symbols = sequence(frequencies, length, rng)
    codec = HiddenMarkov(*models_of(frequencies), length)
    p = naive.probability(*(freq.tolist() for freq in frequencies), symbols)
    exact = log2(p.denominator) - log2(p.numerator)
    assert codec.bits(symbols) == pytest.approx(exact, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("states", "alphabet"), [(1, 2), (3, 5), (64, 300)])
def test_samples_are_pushed_back(states, alphabet):
    """From bits that nobody has pushed."""
    rng = np.random.default_rng(states)
    codec = HiddenMarkov(*models_of(tables(states, alphabet, rng)), 500)
    for lanes in (1, 2, 5):
        stack = Stack.from_initial_bits(rng.bytes(3000), lanes)
        before = stack.copy()
        sample = codec.pop(stack)
        assert sample.dtype == np.int64
        codec.push(stack, sample)
        assert stack == before


def large(states=64, alphabet=256, length=1 << 14):
    rng = np.random.default_rng(5)
    codec = HiddenMarkov(*models_of(tables(states, alphabet, rng, concentration=0.1)), length)
    return codec, codec.pop(Stack(seed=1))


def test_a_sequence_costs_what_the_forward_algorithm_says_and_a_word_to_begin_with():
    codec, symbols = large()
    stack = Stack(seed=0)
    start = stack.mark()
    codec.push(stack, symbols)
    rates, ideal = stack.rates(start), codec.bits(symbols)
    assert rates.net == pytest.approx(ideal, rel=1e-5)
    assert stack.drawn <= 1
    assert rates.used <= ideal + 65
    assert np.array_equal(codec.pop(stack), symbols)
    assert stack == Stack(seed=0)


def test_initial_bits_of_the_users_serve_as_well():
    codec, symbols = large(length=2000)
    stack = Stack.from_initial_bits(b"7 bytes")
    start = stack.mark()
    codec.push(stack, symbols)
    assert stack.rates(start).net == pytest.approx(codec.bits(symbols), rel=1e-4)
    codec.pop(stack)
    assert stack.initial_bits() == b"7 bytes"
    with pytest.raises(StackUnderflowError):
        codec.push(Stack(), symbols)


def test_in_steps_it_writes_the_same_words():
    rng = np.random.default_rng(7)
    for lanes, states in ((1, 6), (3, 64)):
        frequencies = tables(states, 9, rng)
        prior, transitions, _ = models_of(frequencies)
        emissions = Conditional(frequencies[2], low=-4)
        symbols = np.array(sequence(frequencies, 60, rng)) - 4
        codec = HiddenMarkov(prior, transitions, emissions, symbols.size)
        steps = StateSpace(codec.model, symbols.size)
        stack, other = (Stack.from_initial_bits(bytes(range(200)), lanes) for _ in range(2))
        mark, other_mark = stack.mark(), other.mark()
        codec.push(stack, symbols)
        steps.push(other, symbols)
        assert stack == other
        assert stack.rates(mark) == other.rates(other_mark)  # also what has been borrowed
        assert np.array_equal(codec.pop(stack), symbols)
        assert np.array_equal(steps.pop(other), symbols)
        assert stack == other
        assert stack.rates(mark) == other.rates(other_mark)


def test_parts_of_long_sequences_write_the_same_words(monkeypatch):
    rng = np.random.default_rng(8)
    frequencies = tables(5, 9, rng)
    symbols = sequence(frequencies, 100, rng)
    codec = HiddenMarkov(*models_of(frequencies), 100)
    monkeypatch.setattr(hidden_markov, "MAX_BELIEFS", 8 * 7)
    in_parts = HiddenMarkov(*models_of(frequencies), 100)
    stack, other = Stack(seed=0), Stack(seed=0)
    codec.push(stack, symbols)
    in_parts.push(other, symbols)
    assert stack == other
    assert codec.bits(symbols) == in_parts.bits(symbols)
    assert in_parts.pop(other).tolist() == symbols
    assert other == Stack(seed=0)


def test_a_stirred_stack_is_as_good():
    """As within the latents of another model."""
    codec, symbols = large(states=5, alphabet=9, length=50)
    for stack in (Stack(seed=3), Stack.from_initial_bits(bytes(range(100)))):
        before = stack.copy()
        with stack.stirred():
            codec.push(stack, symbols)
        with stack.stirred():
            assert np.array_equal(codec.pop(stack), symbols)
        assert stack == before


def left_to_right():
    """Three states in turn, each of which has symbols of its own."""
    return (
        Categorical([4, 0, 0]),
        Conditional([[3, 1, 0], [0, 3, 1], [0, 0, 4]]),
        Conditional([[4, 0, 0, 0], [0, 4, 0, 0], [0, 0, 2, 2]]),
    )


def test_what_is_impossible_is_refused_and_changes_nothing():
    codec = HiddenMarkov(*left_to_right(), 4)
    stack = Stack(seed=0)
    with pytest.raises(ModelError, match="symbol 2 at position 2 has no probability after"):
        codec.push(stack, [0, 0, 2, 2])
    with pytest.raises(ModelError, match="symbol 1 at position 0 has no probability"):
        codec.bits([1, 1, 2, 2])
    for symbol in (-1, 4, 2**40):
        with pytest.raises(ModelError, match=f"symbol {symbol} at position 1 has no probability"):
            codec.push(stack, [0, symbol, 2, 2])
    steps = StateSpace(codec.model, 4)
    with pytest.raises(ModelError, match="no probability"):
        steps.push(stack, [0, 0, 2, 2])
    assert stack == Stack(seed=0)
    codec.push(stack, [0, 1, 2, 3])
    assert codec.bits([0, 1, 2, 3]) == 6.0
    assert codec.pop(stack).tolist() == [0, 1, 2, 3]


def test_states_that_nobody_can_have_pushed_are_noticed():
    """The first state has no slot of 2^24 in the posterior, but one in the prior."""
    codec = HiddenMarkov(
        Categorical([1, 2**31 - 1]), Conditional([[1, 1], [1, 1]]), Conditional([[1, 1]] * 2), 1
    )
    model = codec.model
    for decoder in (codec, StateSpace(model, 1)):
        stack = Stack(seed=0)
        model.emission(0).push(stack, 1)
        model.prior().push(stack, 0)
        before = stack.copy()
        with pytest.raises(CorruptDataError, match="has no probability given the"), stack.atomic():
            decoder.pop(stack)
        assert stack == before
        if decoder is codec:
            with pytest.raises(CorruptDataError):
                codec.pop(stack)
            assert stack == before  # by itself


def test_damaged_messages_are_symbols_or_errors():
    rng = np.random.default_rng(9)
    codec = HiddenMarkov(*models_of(tables(7, 5, rng, precision=8)), 60)
    symbols = codec.pop(Stack(seed=1))
    message = encode(symbols, codec)
    assert np.array_equal(decode(message, codec), symbols)
    outcomes = set()
    for damaged in [rng.bytes(n) for n in (0, 8, 12, 40, 400)] + [
        message[:i] + bytes([message[i] ^ 1 << i % 8]) + message[i + 1 :]
        for i in range(len(message))
    ]:
        try:
            found = decode(damaged, codec)
        except AnsflowError as error:
            outcomes.add(type(error).__name__)
        else:
            assert found.shape == (60,)
            assert ((found >= 0) & (found < 5)).all()
    assert {"CorruptDataError", "TruncatedError"} <= outcomes


def test_models_that_do_not_fit_are_refused():
    prior, transitions, emissions = left_to_right()
    for wrong, message in (
        ((Categorical([1, 1]), transitions, emissions), "one for each state"),
        ((prior, Conditional([[3, 1, 0]] * 2), emissions), "one for each state"),
        ((prior, Categorical([1, 1]), emissions), "a row of frequencies for each state"),
        ((prior, Markov([[12, 4], [4, 12]]), emissions), "a row of frequencies for each state"),
        ((transitions, transitions, emissions), "the prior must be one distribution"),
        ((Categorical([4, 0, 0], low=1), transitions, emissions), "low must be 0"),
        ((prior, transitions, Conditional([[1, 1]] * 2)), "2 rows, but there are 3 states"),
    ):
        with pytest.raises(ModelError, match=message):
            HiddenMarkov(*wrong, 4)
    with pytest.raises(ValueError, match="length must be at least 0"):
        HiddenMarkov(prior, transitions, emissions, -1)
    codec = HiddenMarkov(prior, transitions, emissions, 4)
    for one in (codec, StateSpace(codec.model, 4)):
        with pytest.raises(ValueError, match="takes"):
            one.push(Stack(seed=0), [0, 1])


# Other emissions


def loudness(length):
    """Two states, whose emissions are Gaussians."""
    means, scales = np.array([-10.0, 20.0]), np.array([3.0, 9.0])
    codecs = [Gaussian(m, s, -200, 200) for m, s in zip(means, scales, strict=True)]
    model = FiniteStates(
        Categorical([1, 1]),
        Conditional([[60, 4], [6, 58]]),
        codecs.__getitem__,
        lambda x: stats.norm.pdf(x, means, scales),
    )
    return model, StateSpace(model, length), means, scales


def test_emissions_may_be_any_codec():
    _, codec, means, scales = loudness(400)
    symbols = codec.pop(Stack(seed=2))
    stack = Stack(seed=0)
    start = stack.mark()
    codec.push(stack, symbols)
    belief, ideal = np.array([0.5, 0.5]), 0.0
    for x in symbols:
        joint = belief * np.diff(stats.norm.cdf([[x - 0.5], [x + 0.5]], means, scales), axis=0)[0]
        ideal -= np.log2(joint.sum())
        belief = joint / joint.sum() @ np.array([[60, 4], [6, 58]]) / 64
    assert stack.rates(start).net == pytest.approx(ideal, rel=1e-3)
    assert stack.drawn <= 1
    assert codec.pop(stack) == symbols
    assert stack == Stack(seed=0)


def test_likelihoods_are_rounded():
    assert rounded(np.array([65535.0, 1.0, 65536.0, 0.0]) / 2**9).tolist() == [
        *(65535 / 2**17, 2.0**-17, 0.5, 0.0)
    ]
    third = rounded(np.array([1 / 3, np.nextafter(1 / 3, 0), 1.0]))
    assert third[0] == third[1] == pytest.approx(1 / 3 / 2, rel=2.0**-16)
    assert rounded(np.array([5.0, 5 * 2.0**-400, 5 * 2.0**-401])).tolist() == [
        *(5 / 8, 5 / 8 * 2.0**-400, 0.0)
    ]
    assert rounded(np.zeros(2)).tolist() == [0.0, 0.0]
    assert rounded(np.array([1e-310, 0.0])).tolist() == [pytest.approx(0.5, rel=1), 0.0]


def test_likelihoods_that_are_none_are_refused():
    for likelihoods in ([1.0], [1.0, -0.1], [np.nan, 1.0], [np.inf, 1.0], [0.0, 0.0]):
        model = FiniteStates(
            Categorical([1, 1]),
            Conditional([[1, 1]] * 2),
            lambda z: Uniform(9, ()),
            lambda x, likelihoods=likelihoods: likelihoods,
        )
        with pytest.raises(ModelError, match=r"likelihoods must be|has no probability"):
            StateSpace(model, 1).push(Stack(seed=0), [4])
