"""Floating-point probabilities: the closed form, exactly; what it costs; what is refused."""

import copy
import pickle
from contextlib import suppress
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

import ansflow
from ansflow.errors import ModelError
from ansflow.models import Conditional, Probabilities

UNIT = 1 << 30
SEEDS = st.integers(0, 2**32)
FLOATS = st.sampled_from([np.float32, np.float64])


def softmax(rng, shape, spread=3.0, dtype=np.float32):
    weights = np.exp(rng.normal(0, spread, shape))
    return (weights / weights.sum(axis=-1, keepdims=True)).astype(dtype)


def naive_weights(row):
    return [int(Fraction(float(p)) * UNIT) for p in row]


def naive_cdf(row, precision):
    """The definition, in integers of any size."""
    weights, slots = naive_weights(row), 2**precision - len(row)
    places = 62 - precision
    scale = -(-(slots << places) // sum(weights))
    return [s + (sum(weights[:s]) * scale >> places) for s in range(len(row) + 1)]


def draw(model, rng):
    """Anything that can be coded, the rarest as often as all others."""
    return rng.integers(0, model.alphabet, model.shape) + model.low


@given(st.data(), st.integers(1, 31), FLOATS, st.floats(0, 30), SEEDS)
@settings(max_examples=40)
def test_frequencies_are_those_of_the_definition(data, precision, dtype, spread, seed):
    alphabet = data.draw(st.integers(1, min(70, 1 << precision)))
    rng = np.random.default_rng(seed)
    probs = softmax(rng, (5, alphabet), spread, dtype)
    probs[0] = np.eye(alphabet)[rng.integers(alphabet)]
    probs[1] *= dtype(1 + rng.uniform(-1, 1) / 65)
    model = Probabilities(probs, low=-7, precision=precision)
    expected = np.array([naive_cdf(row, precision) for row in probs])
    assert np.array_equal(model.cdf, expected)
    assert np.array_equal(model.freq, np.diff(expected))
    assert model.freq.min() >= 1
    assert (expected[:, -1] == 1 << precision).all()
    symbols = np.resize(np.arange(alphabet, dtype=np.uint8), 5)
    symbols.setflags(write=False)
    starts, freqs = model.intervals(symbols)
    assert np.array_equal(starts, expected[range(5), symbols])
    assert np.array_equal(starts + freqs, expected[range(5), symbols + 1])
    assert model.code_length(symbols.astype(int) - 7) == pytest.approx(
        np.sum(precision - np.log2(freqs))
    )


@given(st.integers(2, 300), st.integers(9, 31), FLOATS, st.floats(0, 30), SEEDS)
@settings(max_examples=40)
@example(256, 9, np.float32, 0.0, 0)
def test_what_it_costs_at_most(alphabet, precision, dtype, spread, seed):
    probs = softmax(np.random.default_rng(seed), (3, alphabet), spread, dtype)
    freq = Probabilities(probs, precision=precision).freq
    slots = 2**precision - alphabet
    for row, units in zip(probs, freq.tolist(), strict=True):
        weights = naive_weights(row)
        total = sum(weights)
        for w, f in zip(weights, units, strict=True):
            assert f * total > w * slots
    exact = probs.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    ideal = np.log2(exact, out=np.zeros_like(exact), where=exact > 0)
    over = (exact * (precision - np.log2(freq) + ideal)).sum(axis=1)
    assert over.max() <= -np.log2(1 - alphabet / 2**precision) + alphabet * 2.0**-29 + 1e-12


@pytest.mark.parametrize(("alphabet", "bits"), [(64, 0.0005), (256, 0.004)])
def test_what_it_costs_usually(alphabet, bits):
    probs = softmax(np.random.default_rng(0), (500, alphabet), 2.0)
    ideal = -np.sum(probs * np.log2(probs), axis=1).mean()

    def cross_entropy(freq):
        return -np.sum(probs * (np.log2(freq) - 14), axis=1).mean()

    best = cross_entropy(Conditional.from_counts(probs, precision=14).freq)
    assert ideal < best < cross_entropy(Probabilities(probs).freq) < ideal + bits


@given(
    st.sampled_from([(0,), (1,), (700,), (3, 70), (2, 0, 3)]),
    st.sampled_from([2, 7, 8, 9, 64, 300]),
    st.sampled_from([9, 12, 14, 16, 17]),
    st.integers(-500, 500),
    SEEDS,
)
@settings(max_examples=30)
def test_words_are_those_of_the_matrix(shape, alphabet, precision, low, seed):
    rng = np.random.default_rng(seed)
    probs = softmax(rng, (*shape, alphabet))
    model = Probabilities(probs, low=low, precision=precision)
    symbols = draw(model, rng)
    words = ansflow.encode(symbols, model, lanes=8)
    assert np.array_equal(ansflow.decode(words, model, shape, lanes=8), symbols)
    if symbols.size:
        matrix = model.conditional()
        assert np.array_equal(words, ansflow.encode(symbols, matrix, lanes=8))
        assert np.array_equal(ansflow.decode(words, matrix, shape, lanes=8), symbols)
        assert model.code_length(symbols) == pytest.approx(matrix.code_length(symbols))


@given(
    st.lists(st.sampled_from([0, 1, 2, 5, 50]), max_size=9),
    st.sampled_from([2, 7, 9, 64, 300]),
    st.sampled_from([9, 12, 14, 16]),
    SEEDS,
)
@settings(max_examples=30)
def test_messages_are_those_of_the_matrix(lengths, alphabet, precision, seed):
    rng = np.random.default_rng(seed)
    probs = softmax(rng, (sum(lengths), alphabet))
    model = Probabilities(probs, low=3, precision=precision)
    symbols = draw(model, rng)
    words, offsets = ansflow.encode_many(symbols, model, lengths)
    assert np.array_equal(ansflow.decode_many(words, offsets, model, lengths), symbols)
    if symbols.size:
        for found, expected in zip(
            (words, offsets),
            ansflow.encode_many(symbols, model.conditional(), lengths),
            strict=True,
        ):
            assert np.array_equal(found, expected)
        last = Probabilities(probs[symbols.size - lengths[-1] :], low=3, precision=precision)
        alone = ansflow.decode_many(words, offsets[-2:], last, lengths[-1:])
        assert np.array_equal(alone, symbols[symbols.size - lengths[-1] :])


def test_any_kind_of_real_numbers():
    exact = np.array([[0.5, 0.25, 0.25, 0], [0, 0, 1, 0]])
    expected = Probabilities(exact).freq
    kinds = [np.float16, ">f4", ">f8", np.longdouble, ml_dtypes.bfloat16]
    for given_as in (exact.tolist(), np.asfortranarray(exact), *(exact.astype(k) for k in kinds)):
        model = Probabilities(given_as)
        assert model.probs.dtype in (np.float32, np.float64)
        assert np.array_equal(model.freq, expected)
    unaligned = np.frombuffer(b"x" + exact.tobytes(), np.uint8)[1:].view(np.float64)
    assert np.array_equal(Probabilities(unaligned.reshape(2, 4)).freq, expected)
    assert np.array_equal(Probabilities([[False, True]]).freq, [[1, (1 << 14) - 1]])
    for wrong in ("1", 1j, None, np.timedelta64(1, "s")):
        with pytest.raises(TypeError):
            Probabilities(np.array([[wrong, wrong]]))
    with pytest.raises(TypeError, match="masked"):
        Probabilities(np.ma.array(exact, mask=exact > 0))


def test_floats_are_not_copied():
    for dtype in (np.float32, np.float64):
        probs = softmax(np.random.default_rng(0), (4, 5, 6), dtype=dtype)
        model = Probabilities(probs)
        assert np.shares_memory(model.probs, probs)
        assert np.shares_memory(Probabilities(probs[1:3]).probs, probs)
        assert probs.flags.writeable
        assert not model.probs.flags.writeable


@given(st.sampled_from([np.nan, -1e-30, -1, np.inf, -np.inf, 1.02, 5]), SEEDS, FLOATS)
@settings(max_examples=30)
@example(5, 0, np.float32)
def test_bad_numbers_are_named(number, seed, dtype):
    rng = np.random.default_rng(seed)
    probs = softmax(rng, (4, 5, 20), dtype=dtype)
    place = tuple(int(rng.integers(n)) for n in probs.shape)
    probs[place] = number
    with pytest.raises(ModelError, match=rf"symbol \({place[0]}, {place[1]}\) (have|sum)"):
        Probabilities(probs)


def test_sums_that_are_not_one():
    good = np.full((9, 80), 1 / 80)
    good[3] *= 1 + 1 / 65
    good[4] *= 1 - 1 / 65
    Probabilities(good)
    # Weights of 2^30 might wrap around: 4 + 1 and 64 + 1 look like 1 modulo 2^32 / 2^30.
    for total in (0, 1 - 1 / 63, 1 + 1 / 63, 5, 65):
        bad = good.copy()
        bad[7] *= total
        for dtype in (np.float32, np.float64):
            with pytest.raises(ModelError, match=r"symbol 7 sum to .*it must be 1, give or take"):
                Probabilities(bad.astype(dtype))


def test_other_bad_arguments():
    probs = np.full((3, 4), 0.25)
    for shape in ((4,), (3, 0), (2, 65537)):
        with pytest.raises(ModelError, match="the shape of the symbols"):
            Probabilities(np.zeros(shape))
    with pytest.raises(ModelError, match="at least 2 bits, not 1"):
        Probabilities(probs, precision=1)
    with pytest.raises(ModelError, match="1 to 31"):
        Probabilities(probs, precision=32)
    with pytest.raises(TypeError, match="integer"):
        Probabilities(probs, low=0.5)
    model = Probabilities(probs, precision=2)
    assert (model.freq == 1).all()
    for use in (
        model.code_length,
        lambda symbols: ansflow.encode(symbols, model),
        lambda symbols: ansflow.encode_many(symbols, model, [1, len(symbols) - 1]),
    ):
        with pytest.raises(ModelError, match=r"symbols of shape \(2,\) need .*\(2, 4\), not"):
            use([0, 1])
    with pytest.raises(ModelError, match="symbols of shape"):
        ansflow.decode(ansflow.encode([0, 1, 2], model), model, 4)
    with pytest.raises(ModelError, match="alias"):
        ansflow.encode([0, 1, 2], model, method="alias")
    with pytest.raises(ModelError, match="at most 16 bits"):
        ansflow.encode_many([0, 1, 2], Probabilities(probs, precision=17), [3])
    with pytest.raises(ModelError, match="symbol 4 at position 1 no probability"):
        ansflow.encode([0, 4, 2], model)
    assert model.code_length([0, 4, 2]) == np.inf


@pytest.mark.parametrize(("alphabet", "precision"), [(1, 14), (256, 14), (257, 15), (65536, 22)])
def test_precision_by_default(alphabet, precision):
    assert Probabilities(np.full((1, alphabet), 1 / alphabet)).precision == precision


def test_damage_is_an_error_or_goes_unnoticed():
    rng = np.random.default_rng(0)
    probs = softmax(rng, (300, 20))
    model = Probabilities(probs)
    symbols = draw(model, rng)
    words = ansflow.encode(symbols, model)
    wrong = 0
    for at in range(words.size):
        with pytest.raises(ansflow.errors.AnsflowError):
            ansflow.decode(words[:at], model, 300)
        bad = words.copy()
        bad[at] ^= 1 << rng.integers(16)
        try:
            found = ansflow.decode(bad, model, 300)
        except ansflow.errors.AnsflowError:
            wrong += 1
        else:
            assert found.max() < 20
    assert wrong > words.size // 2


def test_samples_follow_the_rows():
    model = Probabilities(np.tile([0.7, 0.2, 0.1, 0.0], (20_000, 1)), low=-1)
    draws = model.sample(0)
    assert draws.shape == (20_000,)
    assert np.bincount(draws + 1, minlength=4) / 20_000 == pytest.approx(
        [0.7, 0.2, 0.1, 0], abs=0.02
    )


@pytest.mark.parametrize("way", [pickle, copy.copy, copy.deepcopy], ids=lambda way: way.__name__)
def test_copies(way):
    model = Probabilities(softmax(np.random.default_rng(0), (3, 4)), precision=16, low=2)
    again = pickle.loads(pickle.dumps(model)) if way is pickle else way(model)
    assert repr(again) == repr(model)
    assert not again.probs.flags.writeable
    assert np.array_equal(again.freq, model.freq)


def test_what_becomes_of_numbers_that_change():
    """Whatever they are then, kernels find rows that they can work with."""
    rng = np.random.default_rng(0)
    probs = softmax(rng, (400, 20))
    model = Probabilities(probs)
    words = ansflow.encode(draw(model, rng), model)
    messages, offsets = ansflow.encode_many(draw(model, rng), model, [20] * 20)
    wide = Probabilities(probs, precision=31)
    deep = ansflow.encode(draw(wide, rng), wide)
    symbols = draw(model, rng).astype(np.uint8)
    symbols.setflags(write=False)
    for number in (np.nan, np.inf, -1, 0, 5.0, 1e-20, 0.06, None):
        anything = rng.integers(0, 2**32, probs.shape, np.uint32).view(np.float32)
        probs[:] = anything if number is None else number
        ansflow.encode(draw(model, rng), model)
        ansflow.encode_many(draw(model, rng), model, [20] * 20)
        ansflow.encode(draw(wide, rng), wide)
        for decode in (
            lambda: ansflow.decode(words, model, 400),
            lambda: ansflow.decode_many(messages, offsets, model, [20] * 20),
            lambda: ansflow.decode(deep, wide, 400),
        ):
            with suppress(ansflow.errors.AnsflowError):
                assert decode().max() < 20
        for each in (model, wide):
            cdf = Probabilities.cdf.compute(each).astype(np.int64)
            assert (np.diff(cdf) >= 1).all()
            assert (cdf[:, -1] == 1 << each.precision).all()
            starts, freqs = (part.astype(np.int64) for part in each.intervals(symbols))
            assert freqs.min() >= 1
            assert (starts + freqs).max() <= 1 << each.precision
