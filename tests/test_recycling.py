"""Memory is used again, and never by two arrays at once."""

import numpy as np

from ansflow.recycling import KEPT, LARGEST, SMALLEST, _shelves, empty

SIZE = 1 << SMALLEST


def address(array):
    return array.ctypes.data


def test_memory_is_taken_again_when_the_last_view_of_it_is_gone():
    array = empty(SIZE, np.uint8)
    where, part = address(array), array[5:].view(np.int8)
    del array
    other = empty(SIZE, np.uint8)
    assert address(other) != where
    del part
    assert address(empty(SIZE // 4 - 1, np.uint32)) == where


def test_arrays_are_as_numpy_makes_them():
    for size in (0, 1, SIZE // 8 - 1, SIZE // 8 + 1, (1 << LARGEST) // 8 + 1):
        array = empty(size, "<u8")
        assert array.shape == (size,)
        assert array.dtype == np.uint64
        assert array.flags.writeable
        assert array.flags.aligned
        assert array.flags.c_contiguous


def test_what_is_kept_is_bounded():
    power = LARGEST - 2
    arrays = [empty(1 << power, np.uint8) for _ in range(2 * KEPT >> power)]
    assert len({address(array) for array in arrays}) == len(arrays)
    arrays.clear()
    assert len(_shelves[power]) << power == KEPT
    _shelves[power].clear()
