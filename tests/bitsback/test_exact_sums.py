"""Sums of products are those of big integers, however they are split, and in whatever order."""

import os
import subprocess
import sys
from pathlib import Path

import naive_stack as oracle
import numpy as np
import pytest
from child_jobs import graph_digest, network_digest
from hypothesis import given, settings, strategies as st

from ansflow.bitsback.nets import Convolution, Dense
from ansflow.bitsback.nets.packing import LARGEST_PART, SAFE_RUN, parts_needed

RNGS = st.integers(0, 2**32).map(np.random.default_rng)
LIMIT = 1 << 23

# By the parts of activations and weights that they need: weights, and the largest activation, that
# still fit 32 bits, both for 40 inputs of a convolution's window or of a dense layer.
FITTING = {
    "whole": (1638, (1 << 15) - 1, 1, 1),
    "activations in two parts": (26214, LIMIT, 2, 1),
    "weights in two parts": (32767, (1 << 15) - 1, 1, 2),
    "both in two parts": (32767, LIMIT, 2, 2),
}


def plan(layer, x):
    parts, weights, run = layer._plan(int(np.abs(x).max()))
    return parts, len(weights.parts), run


def reference(x, layer):
    """The definition in Python's integers, in arrays."""
    total = x.astype(object) @ layer.weights.astype(object) + layer.bias
    value = (total + (1 << layer.shift >> 1)) // (1 << layer.shift)
    return np.clip(value, 0 if layer.relu else -LIMIT, LIMIT)


@pytest.mark.parametrize("case", FITTING)
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_largest_sums_that_fit(case, sign):
    """Just within the bound, and just beyond it, where another plan is chosen."""
    weight, largest, *parts = FITTING[case]
    inputs = 40
    for value in (weight, weight + 1):
        weights = np.full((inputs, 3), min(value, 32767), np.int16)
        weights[:, 1] *= -1
        weights[0, 2] = 1
        layer = Dense(weights, np.array([5, -7, 1 << 40]), 9, False)
        x = np.full((7, inputs), sign * largest, np.int32)
        x[3] //= 3
        if value == weight and case != "both in two parts":
            assert plan(layer, x)[:2] == tuple(parts)
        assert layer(x).tolist() == reference(x, layer).tolist()


def test_bounds_are_those_of_int32():
    for reach, largest in ((65538, 32767), (1, 32767), (2**31 - 1, 1)):
        assert parts_needed(reach, largest) == 1
        assert reach * largest < 2**31
    assert parts_needed(65539, 32767) == 2
    assert 65539 * 32767 >= 2**31
    assert parts_needed(1, 1 << 15) == 2
    assert parts_needed((1 << 20) - 1, LIMIT) == 2
    assert parts_needed(1 << 20, LIMIT) == 0
    assert 2 * SAFE_RUN * LARGEST_PART * 128 < 2**31 <= 2 * (SAFE_RUN + 1) * LARGEST_PART * 128


@pytest.mark.parametrize("inputs", [2 * SAFE_RUN - 1, 2 * SAFE_RUN, 2 * SAFE_RUN + 1, 20_001])
def test_sums_too_long_for_32_bits(inputs):
    """Of the largest parts: 32639 is 127 * 256 + 127, and -32640 is -128 * 256 + 128."""
    for value, x in ((32639, LIMIT - 2049), (-32640, LIMIT), (-32768, -LIMIT)):
        layer = Dense(np.full((inputs, 2), value, np.int16), np.zeros(2, np.int64), 40, False)
        batch = np.full((2, inputs), x, np.int32)
        assert plan(layer, batch)[:2] == (2, 2)
        assert layer(batch).tolist() == reference(batch, layer).tolist()


def test_windows_too_large_for_32_bits():
    """Row by row, and each row in runs."""
    rng = np.random.default_rng(0)
    channels = 2 * SAFE_RUN // 3 + 5
    for columns, per_row in ((1, 1), (3, 2)):
        weights = np.full((3, columns, channels, 1), -32640, np.int16)
        layer = Convolution(weights, np.zeros(1, np.int64), 40, False)
        x = rng.choice(np.array([-LIMIT, LIMIT], np.int32), (1, 3, 3, channels))
        assert plan(layer, x) == (2, 2, SAFE_RUN)
        assert -(-layer._split.pairs // SAFE_RUN) == per_row
        padded = np.pad(x[0], ((1, 1), (columns // 2, columns // 2), (0, 0)))
        for row, column in np.ndindex(3, 3):
            window = padded[row : row + 3, column : column + columns].reshape(1, -1)
            dense = Dense(weights.reshape(-1, 1), layer.bias, 40, False)
            assert layer(x)[0, row, column].tolist() == reference(window, dense)[0].tolist()


@given(RNGS, st.sampled_from(list(FITTING)), st.sampled_from([1, 2, 3]), st.booleans())
@settings(max_examples=30)
def test_all_plans_equal_the_oracle(rng, case, stride, relu):
    weight, largest, *_ = FITTING[case]
    size, channels = (int(n) for n in rng.choice([1, 3, 5], 2)), rng.integers(1, 4)
    shape = *size, int(channels), int(rng.integers(1, 19))
    weights = rng.integers(-weight, weight + 1, shape).astype(np.int16)
    bias = rng.integers(-(1 << 30), 1 << 30, shape[3])
    layer = Convolution(weights, bias, int(rng.integers(0, 30)), relu, stride)
    x = rng.integers(-largest, largest + 1, (2, *rng.integers(1, 7, 2), shape[2])).astype(np.int32)
    expected = oracle.convolve(x, weights, bias, layer.shift, relu, stride)
    assert layer(x).tolist() == expected


@given(RNGS)
@settings(max_examples=20)
def test_an_activation_more_does_not_change_the_others(rng):
    """A large activation in one image changes the plan for the batch, but no other result."""
    layer = Convolution(
        rng.integers(-99, 99, (3, 3, 4, 8)).astype(np.int16), np.zeros(8, np.int64), 6, False
    )
    x = rng.integers(-20000, 20000, (3, 5, 6, 4)).astype(np.int32)
    before, plan_before = layer(x), plan(layer, x)
    x[2, 4, 5, 0] = LIMIT
    assert plan(layer, x) != plan_before
    assert np.array_equal(layer(x)[:2], before[:2])
    assert np.array_equal(layer(x)[2, :3], before[2, :3])


def test_quantized_layers_get_the_finest_weights_with_short_sums():
    rng = np.random.default_rng(1)
    weights, bias = rng.normal(0, 0.06, (3, 3, 64, 64)), rng.normal(size=64)
    finest = Convolution.quantized(weights, bias, True)
    for largest, sums in ((1.0, 1), (7.99, 1), (8.0, 2), (100.0, 2)):
        layer = Convolution.quantized(weights, bias, True, largest_input=largest)
        assert layer.sums(largest) == sums < finest.sums(largest)
        finer = np.rint(np.ldexp(weights, layer.shift + 1)).astype(np.int16)
        finer_layer = Convolution(finer, layer.bias, layer.shift + 1, True)
        assert finer_layer.sums(largest) > sums
        assert np.abs(np.ldexp(layer.weights.astype(float), -layer.shift) - weights).max() < 2e-3


def test_quantized_layers_of_no_weights_for_large_inputs():
    layer = Dense.quantized(np.zeros((3, 2)), [0.5, 1], False, largest_input=3000.0)
    assert layer(np.ones((1, 3), np.int32)).tolist() == [[2048, 4096]]


def test_neither_instruction_sets_nor_threads_of_libraries_matter():
    """A process that has no vector instructions but the oldest, and one thread for BLAS."""
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    job = "import child_jobs as jobs; print(jobs.network_digest(50, 7, 1), jobs.graph_digest(4, 2))"
    child = subprocess.run(
        [sys.executable, "-c", job],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ
        | dict.fromkeys(threads, "1")
        | {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
        | {"PYTHONPATH": os.pathsep.join(paths)},
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout.split() == [network_digest(50, 50, 1), graph_digest(6, 1)]
