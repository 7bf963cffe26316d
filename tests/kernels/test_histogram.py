"""Counts are exact whatever the length and the runs."""

import numpy as np
import pytest

from ansflow.kernels.histogram import histogram


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 1003])
@pytest.mark.parametrize("span", [1, 2, 1 << 16])
def test_equals_bincount(dtype, size, span):
    symbols = np.random.default_rng(size).integers(0, span, size).astype(dtype)
    counts = histogram(symbols)
    assert counts.shape == (np.iinfo(dtype).max + 1,)
    assert np.array_equal(counts, np.bincount(symbols, minlength=counts.size))
