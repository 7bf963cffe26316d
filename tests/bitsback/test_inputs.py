"""What users hand over: integers of any kind, arrays, shapes and bytes, by one rule for all."""

import array
import ctypes
import json
from contextlib import suppress
from functools import partial

import numpy as np
import pytest
import small_vaes
from scipy import stats

from ansflow import models
from ansflow.bitsback import (
    VAE,
    Autoregressive,
    Bernoulli,
    BetaBinomial,
    BitsBack,
    Buckets,
    Categorical,
    Certain,
    ConditionalBuckets,
    FromIterable,
    Gaussian,
    Intervals,
    LocationScale,
    Logistic,
    Mapped,
    Parallel,
    Repeat,
    Scan,
    Serial,
    Stack,
    Substack,
    Symbols,
    Unfolded,
    Uniform,
    categorical_by_alias,
    categorical_by_cdf,
    decode,
    encode,
)
from ansflow.bitsback.models.pixels import BinaryPixels, GreyPixels
from ansflow.bitsback.nets import Convolution, Dense, Network, Reshape, Upsample
from ansflow.errors import CorruptDataError, ModelError

VAE_ = small_vaes.GOLDEN
IMAGES = VAE_.sample(4, rng=0)
OWN = partial(ConditionalBuckets, Buckets(3))
MESSAGE = VAE_.encode(IMAGES)
ZERO, ONE = np.zeros(1), np.ones(1)
W, B = np.ones((3, 2), np.int16), np.zeros(2, np.int64)
KERNEL = np.ones((1, 1, 2, 2), np.int16)
EDGES = np.arange(9.0)


def used(codec, lanes=4):
    """What a codec pops, and the stack afterwards."""
    stack = Stack(lanes, seed=1)
    return np.asarray(codec.pop(stack)).tolist(), stack.heads.tolist(), stack.words.tolist()


def pushed(codec, x):
    """The stack after a push."""
    stack = Stack(2, seed=1)
    codec.push(stack, x)
    return stack.heads.tolist(), stack.words.tolist()


def attributes(layer):
    return json.dumps({k: v for k, v in vars(layer).items() if not isinstance(v, np.ndarray)})


# Names of arguments, a value for each, and something that shows what it was taken for.
INTEGERS = {
    "lanes": (3, lambda n: Stack(n).lanes),
    "lanes of initial bits": (3, lambda n: Stack.from_initial_bits(bytes(99), n).lanes),
    "lanes, folded": (3, lambda n: Stack(4).fold(n).lanes),
    "lanes, unfolded": (3, lambda n: Stack(seed=1).unfold(n).lanes),
    "seed": (100, lambda n: Stack(seed=n).heads.tolist()),
    "seed of parts": (100, lambda n: Stack.from_parts([2**40], [], seed=n).seed),
    "seed of a message": (100, lambda n: encode([3], Uniform(9, 1), seed=n)),
    "drawn": (3, lambda n: Stack.from_parts([2**40], [], seed=1, drawn=n).drawn),
    "heads": (2**32 + 5, lambda n: Stack.from_parts([n], []).heads.tolist()),
    "words": (100, lambda n: Stack.from_parts([2**40], [n]).words.tolist()),
    "start": (2, lambda n: Stack(4).view(n, 4).lanes),
    "stop": (2, lambda n: Stack(4).view(0, n).lanes),
    "n": (100, lambda n: used(Uniform(n, 3))),
    "n of each": (100, lambda n: used(Uniform([n, 3]))),
    "shape": (3, lambda n: used(Uniform(9, n))),
    "axis": (3, lambda n: used(Uniform(9, (2, n)))),
    "shape of bits": (3, lambda n: used(Bernoulli(0.5, n))),
    "shape of symbols": (3, lambda n: used(Symbols(models.Categorical([3, 1]), n))),
    "precision of bits": (12, lambda n: used(Bernoulli(0.5, precision=n))),
    "precision of logits": (12, lambda n: used(Bernoulli.from_logits(ONE, n))),
    "precision of categories": (12, lambda n: used(Categorical(np.eye(3), n))),
    "precision of counts": (12, lambda n: used(BetaBinomial(ONE, 1, 9, n))),
    "precision of a line": (12, lambda n: used(Gaussian(ONE, 1, 0, 9, precision=n))),
    "precision of a mixture": (
        12,
        lambda n: used(Logistic.mixture([ONE], [ONE], 1, 0, 9, precision=n)),
    ),
    "precision of intervals": (
        12,
        lambda n: used(Intervals(lambda x: (x, np.ones(x.size, int)), lambda slot: slot, n)),
    ),
    "precision of buckets": (12, lambda n: used(Buckets(3).posterior(ONE, 1, precision=n))),
    "trials": (100, lambda n: used(BetaBinomial(ONE, 1, n))),
    "low": (100, lambda n: used(Gaussian(ONE, 1, n, 127))),
    "high": (100, lambda n: used(Gaussian(ONE, 1, 0, n))),
    "low of a mixture": (100, lambda n: used(Gaussian.mixture([ONE], [ONE], 1, n, 127))),
    "high of a mixture": (100, lambda n: used(Gaussian.mixture([ONE], [ONE], 1, 0, n))),
    "low of edges": (
        100,
        lambda n: used(LocationScale("gaussian", [ZERO], [ONE], EDGES, low=n)),
    ),
    "bits": (7, lambda n: used(Buckets(n).prior(3))),
    "shape of buckets": (3, lambda n: used(Buckets(5).prior(n))),
    "count": (3, lambda n: used(Repeat(Uniform(9), n))),
    "count, autoregressive": (3, lambda n: used(Autoregressive(lambda items: Uniform(9), n))),
    "start of lanes": (1, lambda n: used(Substack(Uniform(9), n, 3))),
    "stop of lanes": (3, lambda n: used(Substack(Uniform(9), 1, n))),
    "counts of lanes": (2, lambda n: used(Parallel([Uniform(9)] * 2, [n, n]))),
    "lanes, for a while": (7, lambda n: used(Unfolded(Uniform(9), n))),
    "masses": (5, lambda n: used(categorical_by_cdf([3, n]), 1)),
    "masses in columns": (5, lambda n: used(categorical_by_alias([3, n]), 1)),
    "a symbol": (1, lambda n: encode(n, categorical_by_cdf([3, 5]))),
    "a symbol of columns": (1, lambda n: encode(n, categorical_by_alias([3, 5]))),
    "shift": (12, lambda n: attributes(Dense(W, B, n, True))),
    "stride": (2, lambda n: attributes(Convolution(KERNEL, B, 3, True, n))),
    "factor": (3, lambda n: attributes(Upsample(n))),
    "sizes": (6, lambda n: attributes(Reshape((n, 2)))),
    "input_shape": (3, lambda n: Network([Dense(W, B, 3, True)], (n,)).input_shape),
    "pixels' precision": (12, lambda n: attributes(BinaryPixels(n))),
    "grey pixels' precision": (12, lambda n: attributes(GreyPixels(2, n))),
    "components": (3, lambda n: attributes(GreyPixels(n, 12))),
    "bucket_bits": (
        9,
        lambda n: VAE("x", VAE_.encoder, VAE_.decoder, VAE_.pixels, n).fingerprint,
    ),
    "batch": (2, lambda n: pushed(VAE_.codec(n), IMAGES[:2])),
    "images": (4, lambda n: VAE_.decode(MESSAGE, n).tolist()),
    "images of a chain": (4, lambda n: pushed(VAE_.chain(n), IMAGES)),
    "images drawn": (4, lambda n: VAE_.sample(n, rng=0).tolist()),
    "samples": (2, lambda n: VAE_.elbo(IMAGES, n, rng=0).tolist()),
}
NARROW = [
    np.int8,
    np.uint8,
    np.int16,
    np.uint32,
    np.int64,
    np.uint64,
    lambda n: np.array(n, np.uint8),
]


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_of_any_type_are_the_same(name):
    value, shown = INTEGERS[name]
    expected = shown(value)
    for kind in NARROW:
        if value < 128 or kind in (np.int64, np.uint64):
            assert shown(kind(value)) == expected


OTHERS = [float, str, np.float64, lambda n: n > 0, lambda n: np.array([n > 0])[0]]


@pytest.mark.parametrize("name", INTEGERS)
def test_nothing_else_is_an_integer(name):
    value, shown = INTEGERS[name]
    for wrong in OTHERS:
        with pytest.raises((TypeError, ModelError, CorruptDataError), match=r"an integer|integers"):
            shown(wrong(value))


def test_arrays_of_integers_of_any_type():
    expected = used(Uniform([200, 100]))
    for dtype in ("u1", ">i2", "i8", "u8", object):
        assert used(Uniform(np.array([200, 100], dtype))) == expected
        assert used(categorical_by_cdf(np.array([200, 100], dtype)), 1) == used(
            categorical_by_cdf([200, 100]), 1
        )
    with pytest.raises(TypeError, match="n must be an integer"):
        Uniform(np.array([2.0, 3.0]))


# Symbols


CODECS = {
    "uniform": Uniform(100, 3),
    "uniform, largest": Uniform(2**64, 3),
    "symbols": Symbols(models.Categorical([1, 1, 2]), 3),
    "symbols below zero": Symbols(models.Quantized(stats.norm(0, 2), -100, 100), 3),
    "symbols far below zero": Symbols(models.Categorical([1, 1, 2], low=-(2**63)), 3),
    "symbols far above": Symbols(models.Categorical([1, 1, 2], low=2**63 - 3), 3),
    "bernoulli": Bernoulli(0.3, 3),
    "categorical": Categorical(np.zeros((3, 5))),
    "beta-binomial": BetaBinomial(np.ones(3), 1.0, 200),
    "gaussian": Gaussian(np.zeros(3), 9.0, -100, 100),
    "logistic": Logistic(np.zeros(3), 9.0, -(2**51), 5 - 2**51),
    "posterior": Buckets(8).posterior(np.zeros(3), 1.0),
    "prior": Buckets(8).prior(3),
}


@pytest.mark.parametrize("name", CODECS)
def test_what_is_popped_does_not_wrap(name):
    """Functions of a latent calculate with it."""
    x = CODECS[name].pop(Stack(seed=5))
    assert x.dtype == (np.uint64 if name == "uniform, largest" else np.int64)


def test_slots_do_not_wrap():
    def symbol_at(slot):
        assert slot.dtype == np.int64
        return slot

    Intervals(lambda x: (x, np.ones(x.size, int)), symbol_at, 8).pop(Stack(seed=1))


@pytest.mark.parametrize("name", CODECS)
def test_symbols_of_any_type_are_themselves_or_have_no_probability(name):
    codec = CODECS[name]
    for dtype in ("i1", "u1", ">i2", "i4", "u4", "i8", "u8", "?"):
        highest, lowest = (1, 0) if dtype == "?" else (np.iinfo(dtype).max, np.iinfo(dtype).min)
        for value in (0, 1, 2, lowest, lowest + 1, highest, highest - 1, highest // 2 + 1):
            data = np.full(3, value).astype(dtype) if dtype == "?" else np.array([value] * 3, dtype)
            stack = Stack(seed=1)
            with suppress(ModelError):
                codec.push(stack, data)
                assert codec.pop(stack).tolist() == data.tolist()
            assert stack == Stack(seed=1)


EMPTY = {
    "uniform": lambda shape: Uniform(9, shape),
    "each its own": lambda shape: Uniform(np.zeros(shape, int)),
    "symbols": lambda shape: Symbols(models.Categorical([3, 1]), shape),
    "conditional": lambda shape: Symbols(models.Conditional([[3, 1]], np.zeros(shape, int))),
    "bernoulli": lambda shape: Bernoulli(0.5, shape),
    "bernoulli, each its own": lambda shape: Bernoulli(np.zeros(shape)),
    "logits": lambda shape: Bernoulli.from_logits(np.zeros(shape)),
    "categorical": lambda shape: Categorical(np.zeros((*shape, 5))),
    "weights": lambda shape: Categorical.from_weights(np.ones((*shape, 5))),
    "rows": lambda shape: Categorical(np.eye(3)).at(np.zeros(shape, int)),
    "beta-binomial": lambda shape: BetaBinomial(np.ones(shape), 1.0, 9),
    "gaussian": lambda shape: Gaussian(np.zeros(shape), 1.0, -4, 9),
    "mixture": lambda shape: Logistic.mixture(*np.ones((3, *shape, 2)), 0, 9),
    "posterior": lambda shape: Buckets(3).posterior(np.ones(shape), 1.0),
    "buckets of their own": lambda shape: OWN(np.ones(shape), 1.0).posterior(1.0, 1.0),
    "prior": lambda shape: Buckets(3).prior(shape),
    "prior of buckets of their own": lambda shape: OWN(np.ones(shape), 1.0).prior,
    "repeat": lambda shape: Repeat(Uniform(9), 0),
    "serial": lambda shape: Serial([]),
}


@pytest.mark.parametrize("name", EMPTY)
def test_no_symbols_at_all(name):
    for shape, data in (
        ((0,), []),
        ((0,), np.zeros(0)),
        ((2, 0), [[], []]),
        ((0, 3), np.zeros((0, 3))),
    ):
        codec, stack = EMPTY[name](shape), Stack(seed=1)
        codec.push(stack, data if name not in ("repeat", "serial") else [])
        assert stack == Stack(seed=1)
        assert np.size(codec.pop(stack)) == 0
        assert stack == Stack(seed=1)


NOTHING = [
    BitsBack(Uniform(9, 0), lambda z: Uniform(z.size + 1, (0, 3)), lambda x: Uniform(9, 0)),
    Autoregressive(lambda items: Bernoulli(np.zeros((0, 3))), 2),
    Scan(lambda state: Gaussian(state, 1.0, -9, 9), np.subtract, np.zeros((0, 3)), 2),
    Repeat(Categorical(np.zeros((0, 3, 4))), 2),
    Serial([Uniform(9, (0, 3)), Uniform(np.zeros((0, 3), int))]),
    FromIterable(lambda: [BetaBinomial(np.ones((0, 3)), 1.0, 9)]),
    Parallel(
        [Uniform(9, 0), Categorical.from_weights(np.eye(2)).at(np.zeros((0, 3), int))], [1, 1]
    ),
    Substack(Symbols(models.Categorical([3, 1]), (0, 3)), 1, 2),
    Unfolded(Buckets(3).posterior(np.zeros((0, 3)), 1.0), 5),
    Mapped(Uniform(9, (0, 3)), np.negative, np.negative),
]


@pytest.mark.parametrize("codec", NOTHING, ids=lambda codec: type(codec).__name__)
def test_codecs_of_empty_arrays(codec):
    """Popped from any stack, they are pushed again and change nothing."""
    stack = Stack(2, seed=1).fold().unfold(2)
    nothing = codec.pop(stack)
    assert stack == Stack(2, seed=1)
    codec.push(stack, nothing)
    assert stack == Stack(2, seed=1)
    arrays = nothing if isinstance(nothing, list | tuple) else [nothing]
    assert all(x.shape in ((0,), (0, 3)) and x.dtype == np.int64 for x in arrays)


def test_no_images_at_all():
    for none in ([], (), IMAGES[:0], np.zeros((0, *VAE_.image_shape))):
        assert VAE_.decode(VAE_.encode(none), 0).shape == (0, *VAE_.image_shape)
        assert VAE_.elbo(none).shape == (0,)


# Masks


MASKED = np.ma.array([1, 0, 1], mask=[False, True, False])
FLOATS = np.ma.array([0.5, 0.25, 1.0], mask=[False, True, False])
TAKERS = {
    **{name: partial(codec.push, Stack(seed=1), MASKED) for name, codec in CODECS.items()},
    "n": lambda: Uniform(MASKED + 1),
    "probability": lambda: Bernoulli(FLOATS),
    "log odds": lambda: Bernoulli.from_logits(FLOATS),
    "logits": lambda: Categorical(FLOATS),
    "alpha": lambda: BetaBinomial(FLOATS, 1.0, 9),
    "beta": lambda: BetaBinomial(1.0, FLOATS, 9),
    "mean": lambda: Gaussian(FLOATS, 1.0, 0, 9),
    "scale": lambda: Logistic(0.0, FLOATS, 0, 9),
    "logits of a mixture": lambda: Gaussian.mixture(FLOATS, 0.0, 1.0, 0, 9),
    "means": lambda: Gaussian.mixture([0.0] * 3, FLOATS, 1.0, 0, 9),
    "scales": lambda: Gaussian.mixture([0.0] * 3, 0.0, FLOATS, 0, 9),
    "edges": lambda: LocationScale("gaussian", [ZERO], [ONE], np.ma.array(EDGES)),
    "weights": lambda: LocationScale(
        "gaussian", [ZERO], [ONE], EDGES, shares=np.ma.array([2**16], np.uint32)
    ),
    "posterior": lambda: Buckets(3).posterior(FLOATS, 1.0),
    "mean of buckets": lambda: OWN(FLOATS, 1.0),
    "scale of buckets": lambda: OWN(0.0, FLOATS),
    "mean in buckets": lambda: OWN([0.0] * 3, 1.0).posterior(FLOATS, 1.0),
    "intervals": lambda: Intervals(lambda x: (MASKED, MASKED), lambda slot: slot, 9).push(
        Stack(3), 0
    ),
    "heads": lambda: Stack.from_parts(np.ma.array([2**40]), []),
    "words": lambda: Stack.from_parts([2**40], MASKED),
    "initial bits": lambda: Stack.from_initial_bits(np.ma.array([1, 2], np.uint8)),
    "bytes": lambda: Stack.from_bytes(np.ma.array(np.frombuffer(Stack().to_bytes(), np.uint8))),
    "images": lambda: VAE_.encode(np.ma.array(IMAGES)),
    "images of a chain": lambda: VAE_.chain(4).push(Stack(seed=1), np.ma.array(IMAGES)),
    "inputs": lambda: VAE_.encoder(np.ma.zeros((1, *VAE_.encoder.input_shape))),
    "weights of a layer": lambda: Dense(np.ma.array(W), B, 3, True),
    "weights in floating point": lambda: Dense.quantized(np.ma.array(W), B, True),
    "index": lambda: Symbols(models.Conditional([[3, 1]] * 2, [0]), 3) and Symbols(masked_index()),
    "in a list": lambda: Uniform(100, (2, 3)).push(Stack(), [MASKED, MASKED]),
}


def masked_index():
    class Own:
        freq, precision, index = np.array([[3, 1]] * 2), 2, MASKED

    return Own()


@pytest.mark.parametrize("name", TAKERS)
def test_masks_are_not_lost(name):
    with pytest.raises(TypeError, match="masked"):
        TAKERS[name]()


# Shapes


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: Gaussian(np.ones(2), np.ones(3), 0, 9), ("mean (2,)", "scale (3,)")),
        (lambda: Buckets(3).posterior(np.ones(2), np.ones(3)), ("mean (2,)", "scale (3,)")),
        (lambda: BetaBinomial(np.ones(2), np.ones(3), 9), ("alpha (2,)", "beta (3,)")),
        (
            lambda: Logistic.mixture(np.ones(2), np.ones(3), 1.0, 0, 9),
            ("logits (2,)", "means (3,)", "scales ()"),
        ),
        (lambda: Uniform([3, 4], 3), ("n has shape (2,)", "shape is (3,)")),
        (lambda: Bernoulli([0.1, 0.4], 3), ("probability has shape (2,)", "shape is (3,)")),
        (lambda: Uniform(9, 3).push(Stack(), [1, 2]), ("symbols of shape (3,), not (2,)",)),
        (
            lambda: LocationScale(
                "gaussian", np.ones((3, 1)), 1.0, EDGES, shares=np.full((2, 1), 2**16, np.uint32)
            ),
            ("shares of shape (2, 1)", "(3, 1)"),
        ),
        (lambda: VAE_.encode(IMAGES[0]), ("images must have shape",)),
        (lambda: VAE_.encoder(np.zeros((1, 2))), ("inputs of shape", "not (2,)")),
        (lambda: Stack.from_parts(2**40, []), ("heads must be one-dimensional",)),
        (lambda: Stack.from_parts([2**40], 3), ("words must be one-dimensional",)),
    ],
)
def test_arguments_of_a_wrong_shape_are_named(make, names):
    with pytest.raises(ValueError, match="shape") as caught:
        make()
    assert all(name in str(caught.value) for name in names)


def test_layers_refuse_what_does_not_fit_them():
    """They would read beyond their weights."""
    for shape in ((4, 2), (4, 4), (4, 3, 1), (4,)):
        with pytest.raises(ModelError, match="inputs"):
            Dense(W, B, 3, True)(np.zeros(shape, np.int32))

    class Wrong:
        def output_shape(self, shape):
            return shape

        def __call__(self, x):
            return x.astype(float)

    with pytest.raises(ModelError, match="float64"):
        Network([Wrong()], (3,))(np.zeros((1, 3)))


# Logits


def test_logits_are_natural():
    p = np.array([0.5, 0.25, 0.125, 0.125])
    bits = -np.log2(p)
    for codec in (
        Categorical(np.log(np.tile(p, (4, 1)))),
        Gaussian.mixture(np.log(np.tile(p, (4, 1))), np.arange(4.0) * 1000, 1e-3, 0, 3000),
    ):
        stack = Stack()
        codec.push(stack, np.arange(4) * (1000 if isinstance(codec, Gaussian) else 1))
        assert stack.bits - 32 == pytest.approx(bits.sum(), abs=0.02)
    stack = Stack()
    Bernoulli.from_logits(np.log([0.25 / 0.75, 1.0])).push(stack, [1, 0])
    assert stack.bits - 32 == pytest.approx(3, abs=0.01)


# Bytes


class Structure(ctypes.Structure):
    _fields_ = (("Open", ctypes.c_uint32), ("O", ctypes.c_uint32))


def forms(data):
    """The same bytes as buffers of other kinds."""
    words = np.frombuffer(data, np.uint8)
    apart = np.repeat(words, 2)[::2]
    assert len(data) % 8 == 0
    yield from (data, bytearray(data), memoryview(data), memoryview(data).cast("I"))
    yield from (memoryview(data).cast("B", (len(data) // 4, 4)), words, apart, memoryview(apart))
    yield from (words.view(">u4"), words.view("<f8"), array.array("Q", data))
    yield np.asfortranarray(words.reshape(2, -1))
    yield words.view([("Open", "<u4"), ("b", "<u2", (2,))])
    yield (Structure * (len(data) // 8)).from_buffer_copy(data)


def test_bytes_are_those_of_any_buffer():
    codec, numbers = Uniform(2**32, 6), np.arange(6) * 10**8
    message = encode(numbers, codec)
    for form in forms(message):
        assert Stack.from_initial_bits(form).initial_bits() == message
        assert np.array_equal(decode(form, codec), numbers)
    images = VAE_.sample(30, rng=0)
    count = next(n for n in range(1, 31) if len(VAE_.encode(images[:n])) % 8 == 0)
    for form in forms(VAE_.encode(images[:count])):
        assert np.array_equal(VAE_.decode(form, count), images[:count])


def test_a_stack_comes_back_from_any_buffer():
    data = Stack(3, seed=1).to_bytes()
    words = np.frombuffer(data, np.uint8)
    for form in (bytearray(data), memoryview(data).cast("B"), words, np.repeat(words, 2)[::2]):
        assert Stack.from_bytes(form) == Stack(3, seed=1)
    if len(data) % 2 == 0:
        assert Stack.from_bytes(memoryview(data).cast("H")) == Stack(3, seed=1)


@pytest.mark.parametrize("data", ["text", 5, None, [1, 2], np.array([None, 1]), object()])
def test_what_has_no_bytes(data):
    for read in (
        Stack.from_bytes,
        Stack.from_initial_bits,
        lambda data: decode(data, Certain(0)),
        lambda data: VAE_.decode(data, 1),
    ):
        with pytest.raises(TypeError, match="must be bytes"):
            read(data)
