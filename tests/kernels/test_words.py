"""What is told of numbers where instruction sets know no such thing."""

import numpy as np
import pytest
from no_cache import NoCache
from numba.core import config

from ansflow.kernels.jit import kernel
from ansflow.kernels.transforms import words
from ansflow.kernels.transforms.words import lane_length

AVX2 = frozenset({"avx2"})


def lengths(numbers, out):
    for i in range(np.uint64(numbers.size)):
        out[i] = lane_length(numbers[i])


@pytest.mark.parametrize("features", [frozenset(), AVX2, AVX2 | {"avx512cd"}])
@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.uint64])
def test_lengths_of_numbers_in_lanes(features, dtype, monkeypatch):
    monkeypatch.setattr(words, "compiled_features", lambda: features)
    bits = 8 * np.dtype(dtype).itemsize
    near = {(1 << k) + d for k in range(bits + 1) for d in range(-3, 4)}
    rng = np.random.default_rng(0)
    any_ = {int.from_bytes(rng.bytes(8), "little") >> k for k in range(64) for _ in range(20)}
    numbers = [number for number in near | any_ if 0 <= number < 1 << bits]
    compiled = kernel(lengths)
    if not config.DISABLE_JIT:
        compiled.dispatcher._cache = NoCache()
    out = np.empty(len(numbers), dtype)
    compiled(np.array(numbers, dtype), out)
    assert out.tolist() == [number.bit_length() for number in numbers]
