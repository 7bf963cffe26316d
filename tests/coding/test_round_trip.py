"""Whatever is encoded comes back, in every type, shape and layout."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

import ansflow
from ansflow.models import Categorical, Conditional, Markov

LANES = st.sampled_from([1, 2, 4, 8, 16, 32, 64])
DTYPES = [f"{order}{kind}{size}" for order in "<>" for kind in "iu" for size in (1, 2, 4, 8)]


def check(symbols, model, **options):
    words = ansflow.encode(symbols, model, **options)
    assert words.dtype == np.uint16
    assert words.ndim == 1
    back = ansflow.decode(words, model, np.shape(symbols), **options)
    assert back.shape == np.shape(symbols)
    assert np.array_equal(back, symbols)
    return words


@given(st.data(), LANES, st.integers(4, 31), st.integers(-1000, 1000))
def test_any_precision_lanes_and_support(data, lanes, precision, low):
    n = data.draw(st.integers(1, min(300, 1 << precision)))
    seed = data.draw(st.integers(0, 2**32))
    rng = np.random.default_rng(seed)
    model = Categorical.from_counts(rng.random(n) ** 5 + 1e-9, low=low, precision=precision)
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=12))
    symbols = rng.integers(low, low + n, shape)
    check(symbols, model, lanes=lanes)
    if precision <= 16:
        check(symbols, model, lanes=lanes, method="alias")


@pytest.mark.parametrize("dtype", [*DTYPES, "?"])
def test_any_integer_type(dtype):
    symbols = (np.arange(300) ** 2 % 2).reshape(20, 15).astype(dtype)
    model = Categorical.fit(symbols)
    words = check(symbols, model)
    same = ansflow.decode(words, model, symbols.shape, dtype=dtype)
    assert same.dtype == symbols.dtype
    assert np.array_equal(same, symbols)


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a.T,
        lambda a: a[::-1, ::2],
        lambda a: a[3],
        lambda a: a[:0],
        lambda a: np.asfortranarray(a),
        lambda a: np.broadcast_to(a[0], a.shape),
        lambda a: a.tolist(),
        lambda a: a[0, 0],
    ],
)
def test_any_layout(view):
    array = np.random.default_rng(0).integers(0, 300, (40, 30)).astype(np.uint16)
    check(view(array), Categorical.from_counts(np.ones(300)))


@given(st.integers(1, 30), st.integers(1, 40), LANES, st.integers(0, 2**32))
def test_rows_broadcast_to_the_symbols(images, pixels, lanes, seed):
    rng = np.random.default_rng(seed)
    for precision in (9, 16, 22):
        model = Conditional.from_counts(rng.random((pixels, 17)) ** 4, low=-8, precision=precision)
        check(model.sample((images, pixels), rng), model, lanes=lanes)


@given(st.data(), LANES, st.integers(1, 12))
def test_markov(data, lanes, precision):
    n = data.draw(st.integers(1, min(256, 1 << precision)))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    model = Markov.from_counts(rng.random((n, n)) ** 5 + 1e-9, precision=precision)
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=20))
    symbols = rng.integers(0, n, shape)
    words = check(symbols, model, lanes=lanes)
    states = 32 * lanes
    assert 16 * words.size <= 1.01 * model.code_length(symbols, lanes) + states + 16


def test_markov_by_default_and_on_vectors():
    steps = np.random.default_rng(0).integers(-2, 3, 200_003)
    walk = (np.cumsum(steps) % 256).astype(np.uint8)
    for size in (1, 1000, 5000, walk.size):
        model = Markov.fit(walk[:size])
        words = check(walk[:size], model)
        assert 16 * words.size < 1.001 * model.code_length(walk[:size]) + 64 * 32


def test_decoding_gives_the_smallest_type_that_holds_the_support():
    for low, n, dtype in [(0, 256, "u1"), (0, 257, "u2"), (-1, 3, "i1"), (-1, 200, "i2")]:
        model = Categorical.from_counts(np.ones(n), low=low)
        assert ansflow.decode(ansflow.encode([low], model), model, 1).dtype == dtype
        with pytest.raises(ValueError, match="does not hold"):
            ansflow.decode(ansflow.encode([low], model), model, 1, dtype="?")


def test_sizes_may_be_numpy_integers():
    model = Categorical([1, 1])
    words = ansflow.encode([0, 1, 1, 0], model)
    for size in (np.int64(4), (np.int8(2), 2), [4], np.array([2, 2])):
        assert ansflow.decode(words, model, size).reshape(-1).tolist() == [0, 1, 1, 0]


def test_supports_at_the_ends_of_int64():
    for low in (-(1 << 63), (1 << 63) - 4):
        check(np.array([low, low + 3]), Categorical([1, 1, 1, 1], low=low))
    with pytest.raises(ansflow.errors.ModelError, match="int64"):
        ansflow.encode([0], Categorical([1, 1, 1, 1], low=(1 << 63) - 3))


@pytest.mark.parametrize("precision", [12, 14, 20])
def test_words_at_an_odd_address(precision):
    model = Categorical.from_counts([5, 3, 2], precision=precision)
    rows = Conditional.from_counts([[5, 3, 2], [1, 1, 1]], np.arange(500) % 2, precision=precision)
    symbols = model.sample(500, 0)
    for coder, method in ((model, "cdf"), (model, "alias"), (rows, "cdf")):
        if method == "cdf" or precision <= 16:
            words = ansflow.encode(symbols, coder, method=method)
            shifted = np.frombuffer(b"x" + words.tobytes(), np.uint16, offset=1)
            assert np.array_equal(ansflow.decode(shifted, coder, 500, method=method), symbols)


def test_wrong_arguments():
    model = Categorical([1, 1])
    words = ansflow.encode([0, 1], model)
    for lanes in (0, 3, 128, -1):
        with pytest.raises(ValueError, match="lanes"):
            ansflow.encode([0], model, lanes=lanes)
        with pytest.raises(ValueError, match="lanes"):
            ansflow.decode(words, model, 2, lanes=lanes)
    with pytest.raises(ValueError, match="method"):
        ansflow.encode([0], model, method="huffman")
    with pytest.raises(TypeError, match="integers"):
        ansflow.encode([0.5], model)
    with pytest.raises(TypeError, match="uint16"):
        ansflow.decode(words.astype(np.int32), model, 2)
    with pytest.raises(ValueError, match="at least 0"):
        ansflow.decode(words, model, -1)
    with pytest.raises(ansflow.errors.ModelError, match="alias"):
        ansflow.encode([0], Categorical.from_counts([1, 1], precision=20), method="alias")
    with pytest.raises(ansflow.errors.ModelError, match="alias"):
        ansflow.encode([0], Conditional([[1, 1]]), method="alias")
    with pytest.raises(ansflow.errors.ModelError, match="alias"):
        ansflow.encode([0], Markov([[2]]), method="alias")
