"""Many short messages: what is written, that it comes back, what it takes, and what is refused."""

import hashlib
import pickle

import naive_messages as naive
import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

import ansflow
from ansflow.errors import CorruptDataError, ModelError, TruncatedError
from ansflow.models import Categorical, Conditional, Escaped, Markov, quantize

LENGTHS = st.lists(st.sampled_from([0, 1, 2, 3, 5, 50, 300]), max_size=12)
SEEDS = st.integers(0, 2**32)


def escaped_rows(rng, rows, most, precision):
    """Rows of CompressAI's kind: of all lengths, with anything behind their ends."""
    length = rng.integers(2, most + 1, rows)
    cdf = rng.integers(-9, 1 << 20, (rows, most + 3))
    for row, columns in zip(cdf, length, strict=True):
        freq = quantize(rng.random(columns - 1) ** 4 + 1e-9, precision)
        row[:columns] = np.append(0, freq.cumsum())
    return Escaped(cdf, length, rng.integers(-20, 20, rows))


def naive_words(numbers, lengths, model):
    ends = np.cumsum(lengths)
    index = np.broadcast_to(getattr(model, "index", 0), len(numbers))
    freq = np.atleast_2d(model.freq)
    lows = np.broadcast_to(model.low, len(freq))
    escaped = isinstance(model, Escaped)
    rows = [[int(f) for f in row if f or not escaped] for row in freq]
    parts = []
    for begin, end in zip(ends - lengths, ends, strict=True):
        of = index[begin:end]
        parts.append(
            (
                [int(n) for n in numbers[begin:end]],
                [rows[r] for r in of],
                [int(lows[r]) for r in of],
            )
        )
    return naive.messages(parts, freq.shape[1], model.precision, escaped)


def check(numbers, lengths, model):
    """Words and offsets, which are those of the oracle, and from which everything comes back."""
    lengths = np.array(lengths, np.int64)
    words, offsets = ansflow.encode_many(numbers, model, lengths)
    assert words.dtype == np.uint16
    assert offsets.dtype == np.int64
    expected = naive_words(numbers, lengths, model)
    assert words.tolist() == expected[0]
    assert offsets.tolist() == expected[1]
    back = ansflow.decode_many(words, offsets, model, lengths)
    assert back.shape == np.shape(numbers)
    assert np.array_equal(back, numbers)
    return words, offsets


@given(st.data(), LENGTHS, st.integers(1, 16), st.integers(-1000, 1000), SEEDS)
def test_one_distribution(data, lengths, precision, low, seed):
    alphabet = data.draw(st.integers(1, min(600, 1 << precision)))
    rng = np.random.default_rng(seed)
    weights = rng.random(alphabet) ** 5 * (rng.random(alphabet) < 0.8)
    weights[rng.integers(0, alphabet)] = 1
    model = Categorical.from_counts(weights, low=low, precision=precision)
    check(model.sample(sum(lengths), rng), lengths, model)


@given(st.data(), LENGTHS, st.sampled_from([2, 5, 12, 13, 16]), st.integers(1, 40), SEEDS)
def test_rows(data, lengths, precision, rows, seed):
    alphabet = data.draw(st.integers(1, min(300, 1 << precision)))
    rng = np.random.default_rng(seed)
    weights = rng.random((rows, alphabet)) ** 5 * (rng.random((rows, alphabet)) < 0.8)
    weights[np.arange(rows), rng.integers(0, alphabet, rows)] = 1
    total = sum(lengths)
    index = rng.integers(0, rows, total)
    model = Conditional.from_counts(weights, index, low=-7, precision=precision)
    check(model.sample(total, rng), lengths, model)


@given(LENGTHS, st.sampled_from([3, 12, 16]), st.integers(1, 40), SEEDS)
def test_escapes(lengths, precision, rows, seed):
    rng = np.random.default_rng(seed)
    total = sum(lengths)
    model = escaped_rows(rng, rows, 9, precision).at(rng.integers(0, rows, total))
    numbers = rng.integers(-25, 25, total)
    far = rng.random(total) < 0.2
    numbers[far] = rng.integers(-(2**31), 2**31, total)[far]
    numbers[rng.random(total) < 0.02] = 2**31 - 1
    numbers[rng.random(total) < 0.02] = -(2**31)
    words, _ = check(numbers, lengths, model)
    # Each message has a state of up to 32 bits, and a tail.
    assert 16 * words.size <= model.code_length(numbers) * 1.05 + len(lengths) * (32 + precision)


def test_more_rows_than_buckets_and_a_large_alphabet():
    rng = np.random.default_rng(0)
    for shape, precision in (((9000, 3), 13), ((2, 5000), 14)):
        model = Conditional.from_counts(rng.random(shape) ** 9 + 1e-9, precision=precision)
        model = model.at(rng.integers(0, shape[0], 400))
        check(model.sample(400, rng), [200, 150, 50], model)


def test_words_never_change():
    """They carry no version: whoever changes them on purpose changes a format."""
    numbers = np.arange(4000) ** 2 % 2654435761 % 61
    rows = np.arange(4000) // 7 % 2
    freq = np.array([[64] * 64, [100] * 40 + [4] * 24])
    escaped = np.array([[84] * 48 + [64], [83] * 48 + [112]])
    cdf = np.append([[0], [0]], escaped.cumsum(axis=1), axis=1)
    models = {
        "12 bits": Categorical(freq[1], low=-1),
        "16 bits": Categorical(freq[1] * 16, low=-1),
        "rows": Conditional(freq, rows, low=-1),
        "escapes": Escaped(cdf, [50, 50], [0, 5], rows),
    }
    lengths = np.tile([0, 1, 2, 97, 300], 10)
    found = {}
    for name, model in models.items():
        words, offsets = ansflow.encode_many(numbers, model, lengths)
        found[name] = hashlib.sha256(
            words.astype("<u2").tobytes() + offsets.astype("<i8").tobytes()
        ).hexdigest()[:16]
    assert found == {
        "12 bits": "60ecf7988959faf7",
        "16 bits": "f3b5c37b3e2fe759",
        "rows": "c25f2bc8874b3256",
        "escapes": "bb50c6611706651e",
    }


def test_messages_in_any_form():
    rng = np.random.default_rng(0)
    model = Categorical.from_counts([5, 3, 2], low=-1)
    matrix = model.sample((7, 9), rng)
    words, offsets = ansflow.encode_many(matrix, model)
    forms = [
        (np.asfortranarray(matrix), None),
        (matrix.reshape(-1), 9),
        (matrix.astype(">i4").reshape(-1), [9] * 7),
        (matrix.reshape(-1).tolist(), np.full(7, 9, np.uint8)),
        (list(matrix), None),
        (matrix.tolist(), None),
        (tuple(matrix.astype(np.int64)), None),
    ]
    for messages, lengths in forms:
        again = ansflow.encode_many(messages, model, lengths)
        assert np.array_equal(again[0], words)
        assert np.array_equal(again[1], offsets)
    decoded = ansflow.decode_many(words, offsets, model, 9)
    assert decoded.shape == (7, 9)
    assert decoded.dtype == np.int8
    assert np.array_equal(decoded, matrix)
    wide = ansflow.decode_many(words, offsets.tolist(), model, [9] * 7, dtype=np.int64)
    assert wide.dtype == np.int64
    assert np.array_equal(wide, matrix.reshape(-1))


@pytest.mark.parametrize("precision", [12, 16])
def test_each_message_alone(precision):
    rng = np.random.default_rng(0)
    lengths = rng.integers(0, 30, 40)
    index = rng.integers(0, 5, lengths.sum())
    model = Conditional.from_counts(rng.random((5, 30)) ** 4, precision=precision).at(index)
    symbols = model.sample(rng=rng)
    words, offsets = ansflow.encode_many(symbols, model, lengths)
    ends = lengths.cumsum()
    for k, (length, end) in enumerate(zip(lengths, ends, strict=True)):
        own = model.at(index[end - length : end])
        alone = ansflow.decode_many(words, offsets[k : k + 2], own, lengths[k : k + 1])
        assert np.array_equal(alone, symbols[end - length : end])
        cut = words[offsets[k] : offsets[k + 1]]
        assert np.array_equal(ansflow.decode_many(cut, [0, cut.size], own, [length]), alone)
        again, _ = ansflow.encode_many([symbols[end - length : end]], own)
        assert np.array_equal(again, cut)


def test_empty_messages_take_nothing():
    model = Categorical([3, 1])
    for messages in ([], np.zeros((0, 5), int), [[], [], []], np.zeros((4, 0), np.uint8)):
        words, offsets = ansflow.encode_many(messages, model)
        assert words.size == 0
        assert offsets.tolist() == [0] * (len(messages) + 1)
        assert ansflow.decode_many(words, offsets, model, 0).shape == (len(messages), 0)


EXCESS = {
    "64 symbols, 12 bits": (np.exp(-np.abs(np.arange(64) - 32) / 4), 12),
    "64 symbols, 16 bits": (np.exp(-np.abs(np.arange(64) - 32) / 4), 16),
    "2000 symbols, 14 bits": (np.exp(-np.abs(np.arange(2000) - 1000) / 100), 14),
    "256 equal symbols": (np.ones(256), 12),
    "a fair coin, 16 bits": (np.ones(2), 16),
    "a coin": (np.array([9, 1]), 12),
}


@pytest.mark.parametrize("name", EXCESS)
def test_a_message_takes_little_more_than_the_ideal(name):
    """On average, that is half of the 16 bits between full words, one bit of a state of 31, and
    what the tail takes more than it should.
    """
    weights, precision = EXCESS[name]
    model = Categorical.from_counts(weights, precision=precision)
    symbols = model.sample((1000, 50), 0)
    words, _ = ansflow.encode_many(symbols, model)
    excess = (words.nbytes - model.code_length(symbols) / 8) / 1000
    assert 0 < excess < 1.5


def test_rows_of_a_wide_range_of_scales_take_little_more_than_the_ideal():
    scale = np.geomspace(0.11, 20, 64)[:, np.newaxis]
    weights = np.exp(-np.abs(np.arange(-100, 101)) / scale) + 1e-9
    rng = np.random.default_rng(0)
    rows = Conditional.from_counts(weights, rng.integers(0, 64, (1000, 50)), precision=16)
    symbols = rows.sample(rng=rng)
    words, _ = ansflow.encode_many(symbols, rows)
    assert (words.nbytes - rows.code_length(symbols) / 8) / 1000 < 2.5


MODELS = {
    "12 bits": Categorical([5, 0, 2, 9], low=-1),
    "16 bits": Categorical.from_counts([5, 0, 2, 9], precision=16),
    "rows": Conditional([[4, 0], [1, 3]], np.arange(60) % 2),
    "escapes": Escaped([[0, 9, 13, 16], [0, 15, 16, 0]], [4, 3], [0, -1], np.arange(60) % 2),
}


def attempt(words, offsets, model, lengths):
    """What a decoder returns of anything is what the model can code; or it raises."""
    try:
        symbols = ansflow.decode_many(words, offsets, model, lengths)
    except CorruptDataError:
        return None
    assert np.isfinite(model.code_length(symbols))
    return symbols


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]


@given(
    words=hnp.arrays(np.uint16, st.integers(0, 12)), cuts=st.lists(st.integers(0, 12), max_size=3)
)
@pytest.mark.parametrize("name", MODELS)
def test_whatever_decodes_is_what_would_be_encoded(name, words, cuts):
    model = MODELS[name]
    offsets = [0, *sorted(min(cut, words.size) for cut in cuts), words.size]
    lengths = np.diff(np.linspace(0, 60, len(offsets)).astype(int))
    symbols = attempt(words, offsets, model, lengths)
    if symbols is not None:
        again = ansflow.encode_many(symbols, model, lengths)
        assert np.array_equal(again[0], words)
        assert again[1].tolist() == offsets


def test_flipped_bits_and_moved_offsets(model):
    rng = np.random.default_rng(0)
    symbols = np.arange(60) ** 2 % 5 if isinstance(model, Escaped) else model.sample(60, rng)
    lengths = np.array([20, 0, 1, 39])
    words, offsets = ansflow.encode_many(symbols, model, lengths)
    for bit in range(16 * words.size):
        damaged = words.copy()
        damaged[bit // 16] ^= np.uint16(1 << bit % 16)
        back = attempt(damaged, offsets, model, lengths)
        assert back is None or not np.array_equal(back, symbols)
    for k in range(offsets.size):
        for step in (-1, 1):
            moved = offsets.copy()
            moved[k] += step
            back = attempt(words, moved, model, lengths)
            assert back is None or not np.array_equal(back, symbols)


def test_an_error_names_the_first_damaged_message():
    model = Categorical.from_counts([9, 3, 2, 2])
    symbols = model.sample((30, 20), 0)
    words, offsets = ansflow.encode_many(symbols, model)
    words[offsets[7] : offsets[8]] = 0
    words[offsets[20] : offsets[21]] = 0
    with pytest.raises(CorruptDataError, match=r"^message 7 is damaged"):
        ansflow.decode_many(words, offsets, model, 20)
    rest = ansflow.decode_many(words, offsets[8:21], model, 20)
    assert np.array_equal(rest, symbols[8:20])


@pytest.mark.parametrize(
    ("offsets", "error"),
    [
        ([0, 1, 2, 99], TruncatedError),
        ([0, 2, 1, 3], CorruptDataError),
        ([-1, 1, 2, 3], CorruptDataError),
        (np.array([0, 1, 2, 2**64 - 1], np.uint64), CorruptDataError),
        ([0, 1, 2], CorruptDataError),
        ([], CorruptDataError),
        ([0.0, 1.0, 2.0, 3.0], TypeError),
        ([[0, 1, 2, 3]], TypeError),
        (np.ma.array([0, 1, 2, 3]), TypeError),
    ],
)
def test_bad_offsets(offsets, error):
    with pytest.raises(error):
        ansflow.decode_many(np.ones(3, np.uint16), offsets, Categorical([3, 1]), [4, 4, 4])


@pytest.mark.parametrize(
    ("lengths", "error"),
    [
        ([4, -1, 4], ValueError),
        ([2**62, 2**62, 2**62], ValueError),
        ([2**48, 2**48, 4], ValueError),
        ([4.0, 4.0, 4.0], TypeError),
        ([[4, 4, 4]], TypeError),
        (-4, ValueError),
        (2**48, ValueError),
        (True, TypeError),
        ([True, True, False], TypeError),
    ],
)
def test_bad_lengths(lengths, error):
    words, model = np.zeros(0, np.uint16), Categorical([3, 1])
    with pytest.raises(error):
        ansflow.decode_many(words, [0, 0, 0, 0], model, lengths)
    with pytest.raises(error):
        ansflow.encode_many(np.zeros(12, np.uint8), model, lengths)


def test_bad_messages():
    model = Categorical([3, 1])
    with pytest.raises(ValueError, match="add up to 5, but there are 4"):
        ansflow.encode_many([0, 0, 1, 0], model, [2, 3])
    with pytest.raises(ValueError, match="no whole messages of 3"):
        ansflow.encode_many([0, 0, 1, 0], model, 3)
    with pytest.raises(ValueError, match="no whole messages of 0"):
        ansflow.encode_many([0, 0, 1, 0], model, 0)
    with pytest.raises(ValueError, match="must be a vector, not of shape"):
        ansflow.encode_many([[0, 0], [1, 0]], model, 2)
    with pytest.raises(ValueError, match="need lengths"):
        ansflow.encode_many(np.zeros(4, np.uint8), model)
    with pytest.raises(ValueError, match="needs lengths"):
        ansflow.encode_many([0, 1, 0], model)
    with pytest.raises(TypeError, match="must be integers"):
        ansflow.encode_many(np.zeros((2, 2)), model)
    with pytest.raises(TypeError, match="masked"):
        ansflow.encode_many([np.ma.array([0, 1])], model)
    with pytest.raises(TypeError, match="vector of uint16"):
        ansflow.decode_many(np.zeros(1, np.int16), [0, 1], model, 2)
    with pytest.raises(ValueError, match="does not hold the support"):
        ansflow.decode_many(np.zeros(0, np.uint16), [0, 0], MODELS["12 bits"], 0, dtype=np.uint8)


def test_symbols_without_probability():
    with pytest.raises(ModelError, match=r"symbol 0 at position \(1, 2\) no probability"):
        ansflow.encode_many(np.array([[1, 1, 1], [1, 1, 0]]), MODELS["12 bits"])
    with pytest.raises(ModelError, match="in row 0"):
        ansflow.encode_many([1, 1], MODELS["rows"].at([1, 0]), [1, 1])
    for number in (-(2**31) - 1, 2**31):
        with pytest.raises(ModelError, match="symbols must be -2147483648 to 2147483647"):
            ansflow.encode_many([number], MODELS["escapes"].at([0]), [1])


def test_models_that_messages_do_not_take():
    for model in (Markov([[2, 2], [1, 3]]), Categorical.from_counts([3, 1], precision=17)):
        with pytest.raises(ModelError, match="at most 16 bits"):
            ansflow.encode_many([[0, 1]], model)
    with pytest.raises(ModelError, match="only for `encode_many`"):
        ansflow.encode([0, 0], MODELS["escapes"].at([0, 1]))
    with pytest.raises(TypeError, match="a model has"):
        ansflow.encode_many([[0, 1]], object())


class Own:
    """A model of a user's, with escapes."""

    precision, escape = 4, True
    freq = np.array([[9, 5, 2], [15, 1, 0]])
    index = np.arange(60).reshape(3, 20) % 2

    def __init__(self, low=(0, -1), freq=None):
        self.low = low
        self.freq = Own.freq if freq is None else np.array(freq)


def test_own_model_with_escapes():
    numbers = np.arange(60) - 30
    words, offsets = ansflow.encode_many(numbers, Own(), 20)
    same = Escaped([[0, 9, 14, 16], [0, 15, 16, 0]], [4, 3], [0, -1], Own.index.reshape(-1))
    expected = ansflow.encode_many(numbers, same, [20, 20, 20])
    assert np.array_equal(words, expected[0])
    assert np.array_equal(ansflow.decode_many(words, offsets, Own(), 20).reshape(-1), numbers)
    for bad in (Own(low=0), Own(low=(0,)), Own(low=(0, 2**31)), Own(freq=[[9, 0, 7], [15, 1, 0]])):
        with pytest.raises(ModelError):
            ansflow.encode_many(numbers, bad, 20)


def test_escaped_survives_pickling_and_refuses_nonsense():
    model = pickle.loads(pickle.dumps(MODELS["escapes"]))
    assert not any(array.flags.writeable for array in (model.freq, model.cdf, model.low))
    numbers = np.arange(60) * 9
    assert np.array_equal(
        ansflow.encode_many(numbers, model, 60)[0],
        ansflow.encode_many(numbers, MODELS["escapes"], 60)[0],
    )
    good = [[0, 9, 16], [0, 15, 16]]
    for cdf, length, offset in (
        ([[0, 9, 16], [1, 15, 16]], [3, 3], [0, 0]),
        ([[0, 9, 16], [0, 16, 16]], [3, 3], [0, 0]),
        ([[0, 9, 16], [0, 15, 32]], [3, 3], [0, 0]),
        ([[0, 9, 1 << 17]] * 2, [3, 3], [0, 0]),
        ([0, 9, 16], [3], [0]),
        (np.zeros((0, 3), int), [], []),
        (np.array(good, float), [3, 3], [0, 0]),
        (good, [3], [0, 0]),
        (good, [3, 4], [0, 0]),
        (good, [3, 1], [0, 0]),
        (good, [3, 3], [0]),
        (good, [3, 3], [0, 2**31]),
        (good, [3, 3], [[0, 0]]),
    ):
        with pytest.raises(ModelError):
            Escaped(cdf, length, offset)
    with pytest.raises(ModelError, match="outside 0 to 1"):
        Escaped(good, [3, 3], [0, 0], [2])
