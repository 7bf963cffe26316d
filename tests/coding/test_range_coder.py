"""The range coder writes what its oracle writes, and decodes it as soon as that can be done."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from naive_messages import number_outside
from naive_range import Interval, decode as naive_decode, encode as naive_encode

from ansflow import RangeDecoder, RangeEncoder
from ansflow.errors import CorruptDataError, ModelError, TruncatedError
from ansflow.models import (
    Categorical,
    Conditional,
    Escaped,
    Markov,
    Probabilities,
    Uniform,
    quantize,
)


class Own:
    """A model as its users write one; its frequencies may be written to."""

    def __init__(self, freq, low=0):
        self.freq, self.low = np.array(freq), low
        self.precision = int(self.freq.sum()).bit_length() - 1


def interval(freq, symbol):
    return sum(freq[:symbol]), freq[symbol], sum(freq)


@st.composite
def runs(draw):
    """Distributions, each with symbols that it codes."""
    counts = st.lists(st.integers(0, 2000), min_size=1, max_size=7).filter(any)
    freq = draw(counts)
    precision = draw(st.sampled_from([None, None, 3, 12, 16, 24, 31]))
    if precision is not None:
        freq = [int(f) for f in quantize(freq, precision)]
    possible = [s for s, f in enumerate(freq) if f]
    return freq, draw(st.lists(st.sampled_from(possible), min_size=1, max_size=30))


def as_models(freq):
    """What says the same as some frequencies."""
    yield np.array(freq)
    yield np.array(freq, np.uint32)
    if sum(freq).bit_count() == 1 and sum(freq) > 1:
        yield Categorical(freq)
        yield Own(freq)
        yield Conditional([freq[::-1], freq], 1)


@settings(max_examples=30, deadline=None)
@given(st.lists(runs(), max_size=6), st.randoms(use_true_random=False))
def test_each_way_to_say_it_gives_the_bytes_of_the_oracle(parts, random):
    expected = naive_encode([interval(freq, s) for freq, symbols in parts for s in symbols])
    in_arrays, one_by_one, by_intervals = RangeEncoder(), RangeEncoder(), RangeEncoder()
    taken = b""
    for freq, symbols in parts:
        models = list(as_models(freq))
        cut = random.randint(0, len(symbols))
        for part in (symbols[:cut], symbols[cut:]):
            in_arrays.encode(part, random.choice(models))
        taken += in_arrays.take() if random.random() < 0.5 else b""
        for s in symbols:
            one_by_one.encode(s, random.choice(models))
            by_intervals.encode_interval(*interval(freq, s))
    data = taken + in_arrays.finish()
    assert data == one_by_one.finish() == by_intervals.finish() == expected

    in_arrays, one_by_one, by_intervals = (RangeDecoder(data) for _ in range(3))
    for freq, symbols in parts:
        models = list(as_models(freq))
        cut = random.randint(0, len(symbols))
        for part in (symbols[:cut], symbols[cut:]):
            assert in_arrays.decode(random.choice(models), len(part)).tolist() == part
        for s in symbols:
            assert one_by_one.decode(random.choice(models)) == s
            start, count, total = interval(freq, s)
            assert start <= by_intervals.slot(total) < start + count
            by_intervals.decode_interval(start, count, total)
    assert in_arrays.finish() == one_by_one.finish() == by_intervals.finish() == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(runs(), max_size=3))
def test_a_symbol_is_decoded_as_soon_as_the_bytes_determine_it(parts):
    dists = [freq for freq, symbols in parts for _ in symbols]
    symbols = [s for _, symbols in parts for s in symbols]
    data = naive_encode([interval(freq, s) for freq, s in zip(dists, symbols, strict=True)])
    decoder, decoded = RangeDecoder(), []
    for end in range(len(data) + 1):
        if end:
            decoder.feed(data[end - 1 : end])
        known, _ = naive_decode(data[:end], dists)
        while len(decoded) < len(dists):
            try:
                decoded.append(decoder.decode(np.array(dists[len(decoded)])))
            except TruncatedError:
                break
        assert decoded == known
    assert decoded == symbols
    assert decoder.finish() == 0


def test_integers_outside_are_escaped():
    rows = Escaped([[0, 9, 14, 16], [0, 15, 16, 16]], [4, 3], [0, -5])
    numbers = np.array([[0, 1, 2, -1, 3, 1 << 30], [-5, -6, 0, 17, -(1 << 31), (1 << 31) - 1]])
    expected = []
    for row, low, freq in ((0, 0, [9, 5, 2]), (1, -5, [15, 1])):
        escape = len(freq) - 1
        for number in (numbers[row] - low).tolist():
            inside = 0 <= number < escape
            expected.append(interval(freq, number if inside else escape))
            if not inside:
                distance = -2 * number - 1 if number < 0 else 2 * (number - escape)
                expected += [(digit, 1, 16) for digit in number_outside(distance)]
    data = naive_encode(expected)
    whole, one_by_one = RangeEncoder(), RangeEncoder()
    whole.encode(numbers, rows.at([[0], [1]]))
    for row, number in np.ndenumerate(numbers):
        one_by_one.encode(number, rows.at(row[0]))
    assert whole.finish() == one_by_one.finish() == data
    decoder = RangeDecoder(data)
    assert np.array_equal(decoder.decode(rows.at([[0], [1]]), numbers.shape), numbers)
    assert decoder.finish() == 0
    decoder = RangeDecoder(data)
    assert [decoder.decode(rows.at(i // 6)) for i in range(12)] == numbers.ravel().tolist()
    with pytest.raises(ModelError, match="2147483647, with escapes, too"):
        whole.encode([1 << 31], rows.at(0))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_are_quantised_as_by_their_model(dtype):
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.full(20, 0.3), (4, 6)).astype(dtype)
    symbols = rng.integers(0, 20, (4, 6))
    for precision in (14, 31):
        model = Probabilities(probs, precision=precision, low=-3)
        rows = zip(model.freq.tolist(), symbols.ravel().tolist(), strict=True)
        data = naive_encode([interval(freq, s) for freq, s in rows])
        assert encoded(symbols - 3, model) == data
        assert np.array_equal(decoded(data, model, (4, 6)), symbols - 3)
        for end in range(len(data)):
            with pytest.raises(TruncatedError):
                decoded(data[:end], model, (4, 6))
        if precision == 14:
            encoder, decoder = RangeEncoder(), RangeDecoder(data)
            for at, s in np.ndenumerate(symbols):
                encoder.encode(s, probs[at])
                assert decoder.decode(probs[at]) == s
            assert encoder.finish() == data
            assert decoder.finish() == 0
    whole = encoded(symbols, probs[0, 0])
    encoder = RangeEncoder()
    for s in symbols.ravel():
        encoder.encode(s, probs[0, 0])
    assert encoder.finish() == whole
    assert np.array_equal(decoded(whole, probs[0, 0], (4, 6)), symbols)
    for wrong in ([0, 0], 0, symbols[:, :5] - 3):
        with pytest.raises(ModelError, match="need probabilities of shape"):
            encoder.encode(wrong, model)
    with pytest.raises(ModelError, match="need probabilities of shape"):
        RangeDecoder(data).decode(model)


def around_one_half(steps, total):
    """Intervals of two slots that all contain 1/2, and those of two symbols on its sides."""
    state, symbols = Interval(), []

    def slot():
        return (2 ** (state.bits - 1) - state.low) // (state.width // total)

    for _ in range(steps):
        symbols.append((slot() - 1, 2, total))
        state.narrow(*symbols[-1])
    return symbols, (slot() - 2, 1, total), (slot() + 1, 1, total)


@pytest.mark.parametrize("total", [1 << 16, 10**6, 1 << 31])
def test_carries_run_through_all_words(total):
    symbols, below, above = around_one_half(300, total)
    for last, first_byte in ((below, 0x7F), (above, 0x80)):
        encoder, taken = RangeEncoder(), b""
        for symbol in symbols:
            encoder.encode_interval(*symbol)
            taken += encoder.take()
        assert taken == b""  # all words may still change
        encoder.encode_interval(*last)
        taken = encoder.take()
        assert len(taken) > 300
        data = taken + encoder.finish()
        assert data == naive_encode([*symbols, last])
        assert data[0] == first_byte
        assert data[1:300] == bytes([0xFF if last is below else 0]) * 299
        decoder = RangeDecoder(data)
        for start, freq, _ in [*symbols, last]:
            assert start <= decoder.slot(total) < start + freq
            decoder.decode_interval(start, freq, total)
        decoder.finish()


def test_the_end_of_a_message_may_carry():
    symbols, _, _ = around_one_half(30, 1000)
    encoder = RangeEncoder()
    for symbol in symbols:
        encoder.encode_interval(*symbol)
    assert encoder.finish() == naive_encode(symbols)
    encoder.encode_interval(1, 2, 3)
    assert encoder.finish() == naive_encode([(1, 2, 3)])


N = 50
MODELS = {
    "12 bits": Categorical.from_counts([5, 0, 2, 90], low=-1),
    "20 bits": Categorical.from_counts(np.arange(400) + 1, precision=20),
    "rows": Conditional([[4, 0], [1, 3]], np.arange(N) % 2),
    "contexts": Markov([[2, 1, 1], [0, 0, 4], [1, 3, 0]]),
    "counts": np.array([3, 0, 50, 7]),
    "escapes": Escaped([[0, 9, 14, 16], [0, 15, 16, 16]], [4, 3], [0, 1], np.arange(N) % 2),
}


def sample(model):
    if isinstance(model, np.ndarray):
        return np.random.default_rng(1).choice(model.size, N, p=model / model.sum())
    if isinstance(model, Escaped):
        return np.where(np.arange(N) % 9, 1, (np.arange(N) * 7) ** 3)
    by_lanes = {"lanes": 1} if isinstance(model, Markov) else {}
    return model.sample(N, 1, **by_lanes)


def encoded(symbols, model):
    encoder = RangeEncoder()
    encoder.encode(symbols, model)
    return encoder.finish()


def decoded(data, model, size=N):
    decoder = RangeDecoder(data)
    symbols = decoder.decode(model, size)
    decoder.finish()
    return symbols


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]


@pytest.mark.parametrize("name", MODELS)
@given(data=st.binary(max_size=40))
def test_any_bytes_are_what_is_encoded_or_refused(name, data):
    model = MODELS[name]
    for size in (1, 5, N):
        if name in ("rows", "escapes") and size < N:
            continue
        try:
            symbols = decoded(data, model, size)
        except CorruptDataError:
            continue
        assert encoded(symbols, model) == data


def test_every_cut_is_noticed(model):
    data = encoded(sample(model), model)
    for end in range(len(data)):
        with pytest.raises(TruncatedError):
            decoded(data[:end], model)


def test_every_flipped_bit_is_noticed_or_changes_symbols(model):
    symbols = sample(model)
    data = encoded(symbols, model)
    for bit in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        with suppress(CorruptDataError):
            assert not np.array_equal(decoded(damaged, model), symbols)


def test_bytes_left_over_are_noticed(model):
    data = encoded(sample(model), model)
    for extra in (b"\0", b"\xff" * 9):
        with pytest.raises(CorruptDataError, match=f"{len(extra)} bytes follow"):
            decoded(data + extra, model)


def test_messages_follow_each_other():
    model = MODELS["12 bits"]
    encoder, parts = RangeEncoder(), []
    messages = [model.sample(size, size) for size in (0, 1, 70, 0, 3, 500)]
    for message in messages:
        encoder.encode(message, model)
        parts.append(encoder.finish())
        assert parts[-1] == encoded(message, model)
    decoder = RangeDecoder(b"".join(parts))
    for k, message in enumerate(messages):
        assert np.array_equal(decoder.decode(model, message.size), message)
        assert decoder.finish(more=True) == sum(map(len, parts[k + 1 :]))
    # And as they come.
    decoder = RangeDecoder()
    for message, part in zip(messages, parts, strict=True):
        for byte in part:
            decoder.feed(bytes([byte]))
        assert np.array_equal(decoder.decode(model, message.size), message)
        assert decoder.finish(more=True) == 0


def test_a_truncated_call_can_be_repeated(model):
    symbols = sample(model)
    data = encoded(symbols, model)
    decoder, done = RangeDecoder(), []
    todo = [lambda: decoder.decode(model, N), decoder.finish]
    for byte in data:
        with suppress(TruncatedError):
            done.append(todo[len(done)]())
        assert len(done) < 2, "it has ended too early"
        decoder.feed(bytes([byte]))
    done += [call() for call in todo[len(done) :]]
    assert np.array_equal(done[0], symbols)


@pytest.mark.parametrize("precision", [8, 12, 16, 20, 24, 31])
def test_overhead(precision):
    n = 20_000
    alphabet = min(1 << precision, 60_000)
    model = Categorical.from_counts(1 / (3 + np.arange(alphabet)), precision=precision)
    symbols = model.sample(n, 0)
    ideal = model.code_length(symbols)
    over = 8 * len(encoded(symbols, model)) - ideal
    expected = n * 0.033 * 2.0 ** (precision - 32)
    assert 0.8 * expected < over < 9 + 1.2 * expected
    for single in np.unique(symbols)[:: max(1, alphabet // 300)]:
        assert 0 < 8 * len(encoded([single], model)) - model.code_length([single]) < 9


def test_certain_symbols_take_a_byte():
    for certain in ([1], [3], [0, 1 << 31, 0]):
        data = encoded([np.argmax(certain)] * 1000, np.array(certain))
        assert len(data) == 1
        assert decoded(data, np.array(certain), 1000).max() == np.argmax(certain)
    assert encoded([], np.array([1])) == b""
    assert RangeDecoder().finish() == 0


def test_contexts_go_on_in_the_next_call():
    model = MODELS["contexts"]
    symbols = model.sample(300, 0, lanes=1)
    encoder = RangeEncoder()
    encoder.encode(symbols[:100], model)
    encoder.encode(int(symbols[100]), model)
    encoder.encode(1, np.array([1, 1]))  # without contexts, so the next row is that of symbol 100
    encoder.encode(symbols[101:], model)
    data = encoder.finish()
    encoder.encode(symbols[:5], model)  # the first one follows a 0 again
    data += encoder.finish()
    decoder = RangeDecoder(data)
    assert np.array_equal(decoder.decode(model, (10, 10)).ravel(), symbols[:100])
    assert decoder.decode(model) == symbols[100]
    assert decoder.decode(np.array([1, 1])) == 1
    assert np.array_equal(decoder.decode(model, 199), symbols[101:])
    decoder.finish(more=True)
    assert np.array_equal(decoder.decode(model, 5), symbols[:5])
    assert decoder.finish() == 0
    assert abs(8 * len(encoded(symbols, model)) - model.code_length(symbols, lanes=1)) < 9


def test_a_context_without_a_row():
    pairs, triples = Markov([[0, 2], [1, 1]]), Markov([[2, 0, 0], [0, 0, 0], [0, 0, 0]])
    encoder = RangeEncoder()
    encoder.encode(1, pairs)
    for symbols in (0, [0, 0]):
        with pytest.raises(ModelError, match="what follows 1"):
            encoder.encode(symbols, triples)
    decoder = RangeDecoder(encoder.finish())
    decoder.decode(pairs)
    for size in (None, 300):
        with pytest.raises(ModelError, match="what follows 1"):
            decoder.decode(triples, size)


@pytest.mark.parametrize("model", [Markov([[2, 0, 0], [0, 0, 0], [0, 0, 0]]), MODELS["contexts"]])
def test_contexts_are_found_by_tables(model):
    symbols = model.sample(3000, 0, lanes=1)
    assert np.array_equal(decoded(encoded(symbols, model), model, 3000), symbols)


def test_supports_shapes_and_types():
    wide = Uniform(300, low=-200)
    symbols = wide.sample((4, 5, 6), 0).astype(np.int64)
    decoder = RangeDecoder(encoded(symbols[:, ::2], wide))
    again = decoder.decode(wide, (4, 3, 6))
    assert again.dtype == np.int16
    assert np.array_equal(again, symbols[:, ::2])
    assert decoder.decode(wide, (2, 0)).shape == (2, 0)
    low = (1 << 63) - 5
    ends = Categorical([1, 2, 1], low=low)
    data = encoded(np.array([low + 2, low], np.uint64), ends)
    assert decoded(data, ends, 2).tolist() == [low + 2, low]
    encoder = RangeEncoder()
    for symbol in (True, np.True_, np.uint8(1), np.array(1), np.int64(1)):
        encoder.encode(symbol, np.array([1, 1]))
    data = encoder.finish()
    assert data == encoded([1] * 5, np.array([1, 1]))
    assert decoded(data, np.array([1, 1]), 5).dtype == np.uint8


def test_large_alphabets_by_counts():
    counts = np.ones(200_000, np.uint32)
    encoder = RangeEncoder()
    encoder.encode(123_456, counts)
    data = encoder.finish()
    assert RangeDecoder(data).decode(counts) == 123_456
    with pytest.raises(ModelError, match="200000 weights codes single integers"):
        encoder.encode([5], counts)


IMPOSSIBLE = [
    (Categorical([3, 0, 5]), [1, 3, -1, 1 << 70]),
    (Categorical([3, 0, 5], low=7), [8, 0, 10]),
    (np.array([3, 0, 5]), [1, 3, -1]),
    (Conditional([[1, 1], [0, 2]], 1), [0, 2]),
    (Markov([[0, 2], [1, 1]]), [0]),
]


@pytest.mark.parametrize(("model", "symbols"), IMPOSSIBLE)
def test_impossible_symbols_change_nothing(model, symbols):
    encoder = RangeEncoder()
    encoder.encode([1, 0, 1, 1] * 9, np.array([1, 2]))
    for symbol in symbols:
        with pytest.raises(ModelError, match=f"symbol {symbol} no probability"):
            encoder.encode(symbol, model)
        possible = 9 if getattr(model, "low", 0) else int(symbol != 2 and model is IMPOSSIBLE[3][0])
        if abs(symbol) < 1 << 60 and not isinstance(model, Markov):
            with pytest.raises(ModelError, match=f"symbol {symbol} at position 2 no"):
                encoder.encode([possible, possible, symbol], model)
    assert encoder.finish() == encoded([1, 0, 1, 1] * 9, np.array([1, 2]))


@pytest.mark.parametrize(
    ("model", "error"),
    [
        (np.array([1, -1, 5]), ModelError),
        (np.array([0, 0]), ModelError),
        (np.array([], int), ModelError),
        (np.array([1 << 31, 1]), ModelError),
        (np.array([1 << 63, 1 << 63, 3], np.uint64), ModelError),
        (np.full(3, (1 << 63) - 1), ModelError),
        (np.array([0.5, 0.6]), ModelError),
        (np.array([1.5, -0.5]), ModelError),
        (np.array([1.0, np.nan]), ModelError),
        (np.array([]), ModelError),
        (np.array([True, True]), ModelError),
        (np.array(["1", "1"]), ModelError),
        (np.ones((2, 2), int), ModelError),
        (np.ma.masked_array([1, 1], [0, 1]), TypeError),
        ([1, 1], TypeError),
        (Own([3, 3]), ModelError),
        (Conditional([[1, 1]], [0, 0, 0]), ModelError),
    ],
)
def test_bad_models(model, error):
    encoder, decoder = RangeEncoder(), RangeDecoder(bytes(20))
    for symbols, size in ((0, None), ([0, 0], 2)):
        with pytest.raises(error):
            encoder.encode(symbols, model)
        with pytest.raises(error):
            decoder.decode(model, size)
    assert encoder.finish() == b""


def test_bad_arguments():
    encoder, decoder = RangeEncoder(), RangeDecoder()
    for bad in ((0, 0, 1), (-1, 1, 3), (2, 2, 3), (0, 1, (1 << 31) + 1)):
        with pytest.raises(ModelError, match="must make an interval"):
            encoder.encode_interval(*bad)
        with pytest.raises(ModelError, match="must make an interval"):
            decoder.decode_interval(*bad)
    with pytest.raises(ModelError):
        decoder.slot(0)
    with pytest.raises(TypeError):
        encoder.encode_interval(0, 1.0, 2)
    with pytest.raises(TypeError):
        encoder.encode(0.0, MODELS["12 bits"])
    with pytest.raises(TypeError):
        decoder.feed("text")
    assert encoder.take() + encoder.finish() == b""


def test_a_number_that_no_symbol_has():
    top = b"\xff" * 12
    for call in (
        lambda decoder: decoder.decode(np.array([3])),
        lambda decoder: decoder.decode(np.array([3, 3, 5]), 1),
        lambda decoder: decoder.decode(MODELS["12 bits"]),
        lambda decoder: decoder.slot(7),
        lambda decoder: decoder.decode_interval(0, 1, 7),
    ):
        with pytest.raises(CorruptDataError, match="stand for nothing"):
            call(RangeDecoder(top))


GOLDEN = {
    "12 bits": "13ee8aac131362d47dfae91d04cd07eceea279f78c",
    "20 bits": "00000000a926d2a1d8ef6707fa334682d8b456f61fe6c7b3a5fa",
    "rows": "ffcf",
    "contexts": "6b7e3b80bc34bf",
    "counts": "07901cfab0b349",
    "escapes": "6b9eda6fffe71502a4d3ee884813a9ff2dc8ec5dd6",
}


@pytest.mark.parametrize("name", GOLDEN)
def test_bytes_never_change(name):
    model = MODELS[name]
    size = 20 if name == "20 bits" else N
    step = np.arange(size)
    symbols = {
        "12 bits": np.where(step**2 % 7 == 1, -1, 2 - step % 2),
        "20 bits": step**3 % 400,
        "rows": step % 2,
        "contexts": np.array([0, 2, 1, 2, 0, 1, 2, 1, 2, 0] * 5),
        "counts": np.where(step % 5, 2, step % 10 // 5 * 3),
        "escapes": np.where(step % 9, 1, step**3),
    }[name]
    assert encoded(symbols, model).hex() == GOLDEN[name]


def test_a_decoder_of_much_data_in_small_pieces():
    model = Uniform(256, precision=8)
    symbols = model.sample(30_000, 0)
    data = encoded(symbols, model)
    decoder, parts = RangeDecoder(), []
    for begin in range(0, len(data), 777):
        decoder.feed(np.frombuffer(data, np.uint8)[begin : begin + 777])
        parts.append(decoder.decode(model, 400 if begin == 0 else 777 if begin < 23_000 else 0))
    known = sum(part.size for part in parts)
    parts.append(decoder.decode(model, symbols.size - known))
    assert np.array_equal(np.concatenate(parts), symbols)
    assert decoder.finish() == 0


def random_intervals(rng, steps, near):
    """Of all kinds of totals; those that are `near` contain 1/2 where they can, for carries."""
    state, symbols = Interval(), []
    for _ in range(steps):
        total = int(rng.choice([1, 2, 3, 1 << 16, 65537, (1 << 31) - 1, 1 << 31]))
        slot = (2 ** (state.bits - 1) - state.low) // (state.width // total)
        if near and 1 <= slot < total:
            symbols.append((slot - 1, int(rng.choice([1, 2, 2, 2])), total))
        else:
            start = int(rng.integers(total))
            freq = int(rng.choice([1, total - start, rng.integers(1, total - start + 1)]))
            symbols.append((start, freq, total))
        state.narrow(*symbols[-1])
    return symbols


@pytest.mark.slow
def test_campaign():
    rng = np.random.default_rng(0)
    for case in range(4000):
        symbols = random_intervals(rng, int(rng.choice([1, 2, 5, 40, 300])), case % 2)
        encoder, data = RangeEncoder(), b""
        for symbol in symbols:
            encoder.encode_interval(*symbol)
            if rng.random() < 0.1:
                data += encoder.take()
        data += encoder.finish()
        assert data == naive_encode(symbols)
        others = rng.bytes(int(rng.choice([0, 3, 12])))
        decoder = RangeDecoder(data + others)
        for start, freq, total in symbols:
            assert start <= decoder.slot(total) < start + freq
            decoder.decode_interval(start, freq, total)
        assert decoder.finish(more=True) == len(others)
