"""Any words at all decode to symbols of the support or raise; nothing else can happen."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

import ansflow
from ansflow.errors import CorruptDataError, TruncatedError
from ansflow.models import Categorical, Conditional, Markov

N = 60
CODERS = {
    "lanes": (Categorical([5, 0, 2, 9], low=-1), {}),
    "16 bits": (Categorical.from_counts([5, 0, 2, 9], precision=16), {}),
    "alias": (Categorical([5, 0, 2, 9]), {"method": "alias"}),
    "rows": (Conditional([[4, 0], [1, 3]], np.arange(N) % 2), {}),
    "contexts": (Markov([[2, 1, 1], [0, 0, 4], [1, 3, 0]]), {}),
    "wide": (Categorical.from_counts([5, 0, 2, 9], precision=25), {}),
}


def encoded(model, options):
    """A valid stream of four lanes."""
    by_lanes = {"lanes": 4} if isinstance(model, Markov) else {}
    return ansflow.encode(model.sample(N, 1, **by_lanes), model, lanes=4, **options)


def attempt(words, model, options, lanes):
    try:
        symbols = ansflow.decode(words, model, N, lanes=lanes, **options)
    except CorruptDataError:
        return None
    assert symbols.shape == (N,)
    by_lanes = {"lanes": lanes} if isinstance(model, Markov) else {}
    assert np.isfinite(model.code_length(symbols, **by_lanes))
    return symbols


@pytest.fixture(params=CODERS)
def coder(request):
    return CODERS[request.param]


@given(words=hnp.arrays(np.uint16, st.integers(0, 80)), lanes=st.sampled_from([1, 4, 32]))
@pytest.mark.parametrize("name", CODERS)
def test_random_words(name, words, lanes):
    attempt(words, *CODERS[name], lanes)


def test_random_words_behind_valid_states(coder):
    model, options = coder
    rng = np.random.default_rng(0)
    valid = encoded(model, options)
    for _ in range(300):
        words = valid.copy()
        at = rng.integers(0, words.size)
        words[at:] = rng.integers(0, 1 << 16, words.size - at)
        attempt(words, model, options, 4)


def test_every_cut_is_noticed(coder):
    model, options = coder
    valid = encoded(model, options)
    for end in range(valid.size):
        with pytest.raises(TruncatedError):
            ansflow.decode(valid[:end], model, N, lanes=4, **options)


def test_words_left_over_are_noticed(coder):
    model, options = coder
    valid = encoded(model, options)
    for extra in (1, 2):
        with pytest.raises(CorruptDataError):
            ansflow.decode(np.append(valid, [7] * extra).astype("u2"), model, N, lanes=4, **options)


@pytest.mark.parametrize(
    ("precision", "state"),
    [(12, 1 << 31), (12, (1 << 15) - 1), (16, 65535), (17, (1 << 32) - 1)],
)
def test_states_outside_their_interval_are_refused(precision, state):
    model = Categorical.from_counts([1, 1], precision=precision)
    count = 2 if precision <= 16 else 4
    words = np.array([state >> 16 * k & 0xFFFF for k in range(count)], np.uint16)
    with pytest.raises(CorruptDataError, match="interval"):
        ansflow.decode(words, model, 0, lanes=1)


def test_another_model_is_mostly_noticed():
    symbols = CODERS["lanes"][0].sample(N, 2)
    words = ansflow.encode(symbols, CODERS["lanes"][0], lanes=4)
    other = Categorical([9, 2, 1, 4], low=-1)
    decoded = attempt(words, other, {}, 4)
    assert decoded is None or not np.array_equal(decoded, symbols)


@given(st.data())
@pytest.mark.parametrize("name", CODERS)
def test_what_decodes_is_what_was_encoded(name, data):
    """No words but those of `encode` are taken: a stream ends where it begins, in every lane."""
    model, options = CODERS[name]
    words = encoded(model, options)
    for _ in range(data.draw(st.integers(1, 3))):
        words[data.draw(st.integers(0, words.size - 1))] ^= 1 << data.draw(st.integers(0, 15))
    symbols = attempt(words, model, options, 4)
    if symbols is not None:
        assert np.array_equal(ansflow.encode(symbols, model, lanes=4, **options), words)


@pytest.mark.parametrize("name", CODERS)
def test_the_state_in_which_a_stream_ends_is_checked(name):
    """A symbol fewer may take as many words: only the state is another then."""
    model, options = CODERS[name]
    if isinstance(model, Conditional):
        model = Conditional([[3, 1]], 0)
    head = 2 if model.precision <= 16 else 4
    low = model.low if hasattr(model, "low") else 0
    for count in range(1, 4):
        words = ansflow.encode([low] * count, model, lanes=1, **options)
        assert words.size == head
        with pytest.raises(CorruptDataError, match="end"):
            ansflow.decode(words, model, count - 1, lanes=1, **options)
