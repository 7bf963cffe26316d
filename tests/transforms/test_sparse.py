"""Items that are not a pattern, and a mask of where they were."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from single_transforms import through, undo

from ansflow.errors import CorruptDataError
from ansflow.transforms.layout import Layout
from ansflow.transforms.sparse import Kept, Sparse
from ansflow.transforms.transform import Unsuitable

RNG = np.random.default_rng(0)
SPARSE = Sparse()


@given(st.sampled_from([1, 2, 4, 8]), st.integers(1, 700), st.sampled_from([0.01, 0.5, 0.97, 1.0]))
def test_all_that_is_written(width, n, share):
    numbers = RNG.integers(1, 1 << (8 * width), n, f"u{width}")
    numbers[RNG.random(n) < share] = 0
    numbers[RNG.integers(n)] = 0
    (pattern, lag, count), (kept, mask) = through(SPARSE, numbers, settings=(0,))
    assert kept.view(numbers.dtype).tolist() == [number for number in numbers if number]
    assert (pattern, count) == (0, np.count_nonzero(numbers))
    bits = np.unpackbits(mask, count=n, bitorder="little")
    if lag:
        assert lag == 1  # for a vector
        bits = np.bitwise_xor.accumulate(bits)
    assert bits.tolist() == (numbers == 0).tolist()
    # Compared with the bit before, those are rarer which are rare or frequent.
    changes = np.count_nonzero(np.diff(bits, prepend=0))
    assert lag == (min(changes, n - changes) < min(count, n - count) if n > 1 else 0)


@pytest.mark.parametrize("change", [-1, 1])
def test_a_mask_that_leaves_another_number_of_items(change):
    layout = Layout(4, (100,))
    mask = np.packbits(np.arange(100) < 60 + change, bitorder="little")
    with pytest.raises(CorruptDataError, match="does not leave 40 items"):
        undo(SPARSE, Kept(7, 0, 40), [np.zeros(160, np.uint8), mask], layout)


def test_bits_behind_the_end_count_for_nothing():
    layout, mask = Layout(1, (3,)), np.array([0b1111_1010], np.uint8)
    out = undo(SPARSE, Kept(9, 0, 2), [np.array([1, 2], np.uint8), mask], layout)
    assert out.tolist() == [1, 9, 2]


def test_a_pattern_that_does_not_occur():
    with pytest.raises(Unsuitable, match="does not occur"):
        through(SPARSE, np.arange(9).astype(np.uint16), settings=(9,))
