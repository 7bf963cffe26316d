"""Networks give the integers that the definition gives, wherever and however they run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import naive_stack as oracle
import numpy as np
import pytest
from child_jobs import network_digest, network_inputs, small_network
from hypothesis import given, settings, strategies as st

from ansflow.bitsback.nets import Convolution, Dense, Network, Reshape, Residual, Upsample
from ansflow.errors import ModelError

RNGS = st.integers(0, 2**32).map(np.random.default_rng)
LIMIT = 1 << 23


def weights_of(rng, shape):
    """Weights, sometimes all extreme ones."""
    if rng.random() < 0.2:
        return np.full(shape, rng.choice([-32768, 32767]), np.int16)
    return rng.integers(-32768, 32768, shape, np.int16) >> np.int16(rng.integers(0, 15))


def bias_of(rng, count):
    bias = rng.integers(-(1 << 61), (1 << 61) + 1, count) >> rng.integers(0, 62)
    bias[rng.random(count) < 0.1] = rng.choice([-(1 << 61), 1 << 61])
    return bias


def activations_of(rng, shape):
    """Activations, many of them 0 or at the limit."""
    x = rng.integers(-LIMIT, LIMIT + 1, shape, np.int32) >> np.int32(rng.integers(0, 23))
    x[rng.random(shape) < 0.3] = 0
    if rng.random() < 0.3:
        x[...] = rng.choice([-LIMIT, LIMIT])
    return x


# Layers


@given(RNGS, st.integers(0, 5), st.integers(1, 40), st.integers(1, 9), st.booleans())
def test_dense_layers_equal_the_oracle(rng, batch, inputs, outputs, relu):
    shift = int(rng.integers(0, 41))
    weights, bias = weights_of(rng, (inputs, outputs)), bias_of(rng, outputs)
    x = activations_of(rng, (batch, inputs))
    layer = Dense(weights, bias, shift, relu)
    y = layer(x)
    assert y.dtype == np.int32
    assert y.shape == (batch, *layer.output_shape((inputs,)))
    assert y.tolist() == oracle.dense(x, weights, bias, shift, relu)


@given(
    RNGS,
    st.tuples(st.sampled_from([1, 3, 5]), st.sampled_from([1, 3, 7])),
    st.sampled_from([(1, 1), (1, 7), (7, 1), (2, 9), (9, 2), (4, 4), (5, 6)]),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.integers(1, 4),
    st.booleans(),
)
def test_convolutions_equal_the_oracle(rng, size, image, channels, stride, relu):
    """Also where the weights reach far beyond the image."""
    shift = int(rng.integers(0, 41))
    affine = weights_of(rng, (*size, *channels)), bias_of(rng, channels[1]), shift, relu
    x = activations_of(rng, (2, *image, channels[0]))
    expected = oracle.convolve(x, *affine, stride)
    layer = Convolution(*affine, stride)
    y = layer(x)
    assert y.dtype == np.int32
    assert y.shape == (2, *layer.output_shape(x.shape[1:]))
    assert y.tolist() == expected


@given(RNGS, st.sampled_from([1, 15, 16, 17, 33]))
@settings(max_examples=20)
def test_convolutions_to_few_and_to_many_channels_equal_the_oracle(rng, outputs):
    affine = weights_of(rng, (3, 3, 2, outputs)), bias_of(rng, outputs), 20, False
    x = activations_of(rng, (2, 4, 3, 2))
    assert Convolution(*affine)(x).tolist() == oracle.convolve(x, *affine, 1)


def test_sums_of_the_largest_values_do_not_overflow():
    """As many inputs as int16 weights of one output can sensibly be tested with."""
    inputs = 1 << 20
    for sign in (-1, 1):
        weights = np.full((inputs, 1), -32768, np.int16)
        bias = np.array([-sign * (1 << 61)])
        x = np.full((1, inputs), sign * LIMIT, np.int32)
        total = -sign * ((1 << 61) + (inputs << 38))
        for shift in (0, 40):
            y = Dense(weights, bias, shift, False)(x)
            assert y.item() == oracle.activation(total, shift, False)
            assert np.sign(y.item()) == -sign


def test_too_many_inputs_for_a_sum_are_refused():
    with pytest.raises(ModelError, match="inputs"):
        Dense(np.zeros((1 << 23, 1), np.int16), np.zeros(1, np.int64), 0, False)


@pytest.mark.parametrize("shift", [0, 1, 5, 40])
def test_results_are_rounded_half_up(shift):
    half = 1 << shift >> 1
    layer = Dense(np.ones((1, 5), np.int16), np.arange(-2, 3) + half, shift, False)
    x = np.array([[0], [1], [-1], [7]], np.int32)
    assert layer(x).tolist() == oracle.dense(x, layer.weights, layer.bias, shift, False)
    total = Dense(np.zeros((1, 2), np.int16), np.array([3, -3]), 1, False)(x[:1])
    assert total.tolist() == [[2, -1]]


@given(RNGS, st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))
def test_upsampled_pixels_are_repeated(rng, factor, height, width):
    x = activations_of(rng, (2, height, width, 3))
    layer = Upsample(factor)
    y = layer(x)
    assert y.shape == (2, *layer.output_shape(x.shape[1:]))
    for i, row, column in np.ndindex(2, height * factor, width * factor):
        assert y[i, row, column].tolist() == x[i, row // factor, column // factor].tolist()


@given(RNGS, st.booleans())
def test_residuals_are_added_and_cut_off(rng, relu):
    layer = Dense(weights_of(rng, (4, 4)), bias_of(rng, 4), 12, False)
    x = activations_of(rng, (5, 4))
    total = x.astype(object) + layer(x).astype(object)
    low = 0 if relu else -LIMIT
    expected = [[min(max(value, low), LIMIT) for value in row] for row in total.tolist()]
    y = Residual((layer,), relu)(x)
    assert y.dtype == np.int32
    assert y.tolist() == expected
    assert Residual((), False)(x // 2).tolist() == (x // 2 * 2).tolist()


def test_reshaped_activations_are_the_same():
    x = np.arange(24, dtype=np.int32).reshape(2, 12)
    layer = Reshape((3, 2, 2))
    assert layer.output_shape((12,)) == (3, 2, 2)
    assert np.array_equal(layer(x), x.reshape(2, 3, 2, 2))


# Networks


NET, INPUTS, COUNT = small_network(), network_inputs(10_000), 10_000


@pytest.fixture(scope="module")
def results():
    return NET(INPUTS)


def by_definition(layers, x):
    for layer in layers:
        if isinstance(layer, Dense):
            y = oracle.dense(x, layer.weights, layer.bias, layer.shift, layer.relu)
        elif isinstance(layer, Convolution):
            affine = layer.weights, layer.bias, layer.shift, layer.relu
            y = oracle.convolve(x, *affine, layer.stride)
        elif isinstance(layer, Residual):
            low = 0 if layer.relu else -LIMIT
            y = np.clip(x + by_definition(layer.layers, x), low, LIMIT)
        else:
            y = layer(x)
        x = np.array(y, np.int64)
    return x


def test_a_network_equals_the_oracle(results):
    assert results.shape == (COUNT, 7)
    assert np.array_equal(
        by_definition(NET.layers, np.clip(INPUTS[:20], -LIMIT, LIMIT)), results[:20]
    )
    assert np.unique(results).size > 1000  # or else the rest would prove little


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_batches_do_not_matter(results, batch):
    count = 1000 if batch == 1 else COUNT
    parts = [NET(INPUTS[i : i + batch]) for i in range(0, count, batch)]
    assert np.array_equal(np.concatenate(parts), results[:count])


def test_neither_slices_nor_layouts_matter(results):
    assert np.array_equal(NET(INPUTS[5::50]), results[5::50])
    assert np.array_equal(NET(INPUTS[::-100]), results[::-100])
    assert np.array_equal(NET(np.asfortranarray(INPUTS[:50])), results[:50])
    assert np.array_equal(NET(INPUTS[:50].astype(">i4")), results[:50])
    swapped = np.ascontiguousarray(INPUTS[:50].swapaxes(1, 2)).swapaxes(1, 2)
    assert np.array_equal(NET(swapped), results[:50])
    read_only = INPUTS[:50].copy()
    read_only.setflags(write=False)
    assert np.array_equal(NET(read_only), results[:50])
    assert NET(INPUTS[:0]).shape == (0, 7)


# So that no release gives other integers.
DIGEST = "d11de290581fcdec"


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_threads_do_not_matter(threads):
    assert network_digest(COUNT, 97, threads) == DIGEST


def test_processes_and_libraries_threads_do_not_matter():
    threads = "1"  # this process has as many as it likes
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    job = f"import child_jobs; print(child_jobs.network_digest({COUNT}, 1000, {threads}))"
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    child = subprocess.run(
        [sys.executable, "-c", job],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | dict.fromkeys(names, threads) | {"PYTHONPATH": os.pathsep.join(paths)},
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout.strip() == DIGEST


def test_inputs_are_rounded_and_cut_off():
    layer = Dense(np.eye(2, dtype=np.int16) << 12, np.zeros(2, np.int64), 12, False)
    net = Network([layer], (2,))
    x = [[0.5, -0.25], [1 / 4096, 1.4 / 4096], [1e308, -1e308], [np.inf, -np.inf], [3000, -3000]]
    expected = [[2048, -1024], [1, 1], *[[LIMIT, -LIMIT]] * 3]
    assert net(x).tolist() == expected
    assert net(np.array([[3, 5]], np.uint8)).tolist() == [[3 * 4096, 5 * 4096]]
    assert net(np.array([[3, 5]], np.int64)).tolist() == [[3 * 4096, 5 * 4096]]
    assert net(np.array([[3, 5]], np.float32)).tolist() == [[3 * 4096, 5 * 4096]]
    assert net(np.array([[True, False]])).tolist() == [[4096, 0]]
    activations = np.array([[3, 5], [2**31 - 1, -(2**31)]], np.int32)
    assert net(activations).tolist() == [[3, 5], [LIMIT, -LIMIT]]
    assert Network([], (2,))(activations[:1]).tolist() == [[3, 5]]


@pytest.mark.parametrize("shape", [(2,), (1, 3), (1, 2, 1), ()])
def test_inputs_of_another_shape(shape):
    net = Network([Dense.quantized(np.eye(2), [0, 0], False)], (2,))
    with pytest.raises(ValueError, match="shape"):
        net(np.zeros(shape))


def test_inputs_that_are_no_numbers():
    with pytest.raises(ModelError):
        Network([], (2,))([[np.nan, 0.0]])


# Making layers


@given(RNGS, st.booleans())
def test_quantized_layers_are_close_to_the_real_ones(rng, relu):
    weights, bias = rng.normal(0, 0.3, (20, 6)), rng.normal(0, 2, 6)
    x = rng.normal(0, 1, (9, 20))
    y = Network([Dense.quantized(weights, bias, relu)], (20,))(x) / 4096
    expected = x @ weights + bias
    if relu:
        expected = np.maximum(expected, 0)
    assert np.abs(y - expected).max() < 4e-3


@pytest.mark.parametrize("scale", [1e-320, 1e-12, 1e-3, 1.0, 32767.0])
def test_weights_of_any_size_can_be_quantized(scale):
    layer = Dense.quantized(np.array([[1.0], [-0.5]]) * scale, [0.0], False)
    assert 0 <= layer.shift <= 40
    assert layer.weights.dtype == np.int16
    assert np.ldexp(layer.weights.astype(float), -layer.shift).ravel() == pytest.approx(
        [scale, -scale / 2], rel=1e-4, abs=2.0**-41
    )


def test_weights_that_are_all_zero_can_be_quantized():
    layer = Dense.quantized(np.zeros((2, 2)), [0.5, -0.25], False)
    assert Network([layer], (2,))(np.ones((1, 2))).tolist() == [[2048, -1024]]


@pytest.mark.parametrize(
    ("weights", "bias"),
    [
        ([[np.nan]], [0.0]),
        ([[np.inf]], [0.0]),
        ([[1.0]], [np.nan]),
        ([[1.0]], [-np.inf]),
        ([[40000.0]], [0.0]),
        ([[1e308]], [0.0]),
        ([[1.0]], [1e300]),
        (np.empty((0, 1)), [0.0]),
        ([[1.0, 2.0]], [0.0]),
        ([1.0], [0.0]),
        (1.0, [0.0]),
    ],
)
def test_illegal_weights_and_biases(weights, bias):
    with pytest.raises(ModelError):
        Dense.quantized(weights, bias, False)


W, B = np.ones((3, 2), np.int16), np.zeros(2, np.int64)
KERNEL = np.ones((3, 1, 3, 2), np.int16)
ILLEGAL = {
    "float weights": lambda: Dense(W.astype(float), B, 1, True),
    "wide weights": lambda: Dense(W.astype(np.int32), B, 1, True),
    "narrow bias": lambda: Dense(W, B.astype(np.int32), 1, True),
    "bias of another shape": lambda: Dense(W, np.zeros(3, np.int64), 1, True),
    "lists": lambda: Dense([[1]], [0], 1, True),
    "a list of biases": lambda: Dense(W, [0, 0], 1, True),
    "negative shift": lambda: Dense(W, B, -1, True),
    "large shift": lambda: Dense(W, B, 41, True),
    "fractional shift": lambda: Dense(W, B, 2.5, True),
    "shift of another type": lambda: Dense(W, B, "2", True),
    "relu of another type": lambda: Dense(W, B, 2, "yes"),
    "large bias": lambda: Dense(W, B + (1 << 61) + 1024, 1, True),
    "smallest bias": lambda: Dense(W, B - (1 << 62) - (1 << 62), 1, True),
    "three axes": lambda: Dense(KERNEL[0], B, 1, True),
    "two axes": lambda: Convolution(W, B, 1, True),
    "convolution of lists": lambda: Convolution([[[[1]]]], [0], 1, True),
    "even size": lambda: Convolution(np.ones((2, 3, 3, 2), np.int16), B, 1, True),
    "no inputs": lambda: Convolution(np.ones((3, 3, 0, 2), np.int16), B, 1, True),
    "no stride": lambda: Convolution(KERNEL, B, 1, True, 0),
    "large stride": lambda: Convolution(KERNEL, B, 1, True, 17),
    "fractional stride": lambda: Convolution(KERNEL, B, 1, True, 1.5),
    "no factor": lambda: Upsample(0),
    "fractional factor": lambda: Upsample(1.5),
    "negative size": lambda: Reshape((-1, 3)),
    "fractional size": lambda: Reshape((1.5, 2)),
    "inputs that don't fit": lambda: Network([Dense(W, B, 1, True)], (4,)),
    "images for a dense layer": lambda: Network([Dense(W, B, 1, True)], (3, 1, 1)),
    "layers that don't fit": lambda: Network([Dense(W, B, 1, True)] * 2, (3,)),
    "channels that don't fit": lambda: Network([Convolution(KERNEL, B, 1, True)], (4, 4, 2)),
    "no image": lambda: Network([Convolution(KERNEL, B, 1, True)], (3,)),
    "nothing to upsample": lambda: Network([Upsample()], (3,)),
    "another size": lambda: Network([Reshape((2, 2))], (5,)),
    "residual of another shape": lambda: Network([Residual((Dense(W, B, 1, True),), True)], (3,)),
}


@pytest.mark.parametrize("name", ILLEGAL)
def test_illegal_layers(name):
    with pytest.raises(ModelError):
        ILLEGAL[name]()


def test_layers_keep_their_weights():
    layer = Dense(W, B, 1, True)
    with pytest.raises(AttributeError):
        layer.shift = 3


# Descriptions


def test_a_description_makes_the_same_network(results):
    description, arrays = NET.describe("some net")
    description = json.loads(json.dumps(description))
    assert all(name.startswith("some net") for name in arrays)
    again = Network.from_description(description, arrays, "some net", NET.input_shape)
    assert again.output_shape == NET.output_shape
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in NET.layers]
    assert np.array_equal(again(INPUTS[:100]), results[:100])
    assert json.loads(json.dumps(again.describe("some net")[0])) == description


def test_networks_with_other_names_do_not_share_arrays():
    one, other = NET.describe("a")[1], NET.describe("b")[1]
    assert not set(one) & set(other)
    assert len(one) == 2 * 6


DENSE = {"kind": "dense", "shift": 1, "relu": True}
ARRAYS = {"n.0.weights": W, "n.0.bias": B}


def nested(depth):
    description = []
    for _ in range(depth):
        description = [{"kind": "residual", "relu": True, "layers": description}]
    return description


DESCRIPTIONS = {
    "nothing": None,
    "a number": 5,
    "a number as a layer": [5],
    "text as a layer": ["dense"],
    "no kind": [{"shift": 1, "relu": True}],
    "unknown kind": [{"kind": "softmax"}],
    "list as a kind": [{"kind": []}],
    "field missing": [{"kind": "dense", "shift": 1}],
    "field too many": [DENSE | {"stride": 1}],
    "shift of another type": [DENSE | {"shift": "1"}],
    "fractional shift": [DENSE | {"shift": 1.5}],
    "huge shift": [DENSE | {"shift": 2**70}],
    "true as a shift": [DENSE | {"shift": True}],
    "null as a shift": [DENSE | {"shift": None}],
    "relu of another type": [DENSE | {"relu": "no"}],
    "weights of two axes": [DENSE | {"kind": "convolution"}],
    "one layer too many": [DENSE, DENSE],
    "factor of another type": [{"kind": "upsample", "factor": 1.0}],
    "huge factor": [{"kind": "upsample", "factor": 2**40}],
    "no shape": [{"kind": "reshape"}],
    "a number as a shape": [{"kind": "reshape", "shape": 3}],
    "text as a shape": [{"kind": "reshape", "shape": "3"}],
    "negative shape": [{"kind": "reshape", "shape": [-3, -1]}],
    "fractional shape": [{"kind": "reshape", "shape": [3.0]}],
    "huge shape": [{"kind": "reshape", "shape": [2**40, 2**40]}],
    "no layers": [{"kind": "residual", "relu": True}],
    "a number as layers": [{"kind": "residual", "relu": True, "layers": 3}],
    "relu of a residual": [{"kind": "residual", "relu": 1, "layers": []}],
    "deeply nested": nested(3000),
}


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_illegal_descriptions(name):
    with pytest.raises(ModelError):
        Network.from_description(DESCRIPTIONS[name], ARRAYS, "n", (3,))


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"n.0.weights": W},
        {"m.0.weights": W, "m.0.bias": B},
        ARRAYS | {"n.0.weights": W.tolist()},
        ARRAYS | {"n.0.bias": B.tolist()},
        ARRAYS | {"n.0.bias": None},
        ARRAYS | {"n.0.weights": W.astype(np.int32)},
        ARRAYS | {"n.0.weights": W[:2]},
        ARRAYS | {"n.0.bias": B[:1]},
    ],
)
def test_illegal_arrays(arrays):
    assert Network.from_description([DENSE], ARRAYS, "n", (3,)).output_shape == (2,)
    with pytest.raises(ModelError):
        Network.from_description([DENSE], arrays, "n", (3,))
