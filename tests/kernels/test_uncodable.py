"""The first symbol that cannot be coded is found, wherever it is."""

import numpy as np
import pytest

from ansflow.kernels.coders import uncodable


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 10_000])
def test_first_flagged(size):
    flags = np.zeros(256, np.uint8)
    flags[7] = 1
    symbols = np.zeros(size, np.uint8)
    assert uncodable.first_flagged(symbols, flags) == size
    for position in sorted({size - 1, size // 2, 0} & set(range(size)), reverse=True):
        symbols[position] = 7
        assert uncodable.first_flagged(symbols, flags) == position


def test_first_impossible():
    cdf = np.array([[0, 2, 2, 4], [0, 0, 1, 4]], np.uint32)
    symbols = np.array([0, 1, 2, 2, 0], np.uint8)
    index = np.array([0, 1, 0, 1, 0], np.uint32)
    assert uncodable.first_impossible(symbols, index, cdf) == 5
    index[4] = 1
    assert uncodable.first_impossible(symbols, index, cdf) == 4
