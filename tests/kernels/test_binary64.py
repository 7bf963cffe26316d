"""Integers become the nearest binary64 numbers, with and without an instruction for that."""

import numpy as np
import pytest

from ansflow.kernels.jit import kernel
from ansflow.kernels.transforms import binary64


@pytest.mark.parametrize("features", [{"avx2"}, {"avx2", "avx512dq"}, set()])
def test_integers_with_an_offset(features, monkeypatch):
    monkeypatch.setattr(binary64, "compiled_features", lambda: features)
    number = binary64.from_offset.__wrapped__()

    @kernel
    def convert(items, out):
        for i in range(np.uint64(items.size)):
            out[i] = number(items[i])

    rng = np.random.default_rng(0)
    # Halfway between two numbers and beside that, small ones and large ones.
    powers = [1 << k for k in range(64)]
    edges = [above + add for above in powers for add in (-1025, -1024, -513, -512, -1, 0, 1, 512)]
    some = rng.integers(-(1 << 63), 1 << 63, 1 << 14) >> rng.integers(0, 64, 1 << 14)
    items = np.array([edge % (1 << 64) for edge in edges], np.uint64)
    items = np.concatenate([items, items ^ np.uint64(1 << 63), some.astype(np.uint64)])
    out = np.empty(items.size)
    convert(items, out)
    expected = (items ^ np.uint64(1 << 63)).view(np.int64).astype(np.float64)
    assert np.array_equal(out.view(np.uint64), expected.view(np.uint64))
