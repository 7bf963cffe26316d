"""What Python calls a kernel by: arguments as they are, and nobody's references are kept."""

import sys
import threading

import numpy as np
import pytest
from numba.core import config

from ansflow.kernels.jit import kernel

ZERO = np.uint64(0)


@kernel
def seen(array, number, flag):
    rows, columns = array.shape
    first, last = array[ZERO, ZERO], array[rows - 1, columns - 1]
    return array.size, rows, columns, first, last, number, flag


@kernel
def only_item(array):
    return array[()]


@kernel
def fill(array, item):
    for i in range(array.size):
        array[i] = item


@kernel
def fill_both(array, other):
    fill(array, 1)
    fill(other, 2)


def frozen(array):
    array.flags.writeable = False
    return array


ITEMS = np.arange(60, dtype=np.int32)


@pytest.mark.parametrize(
    "array",
    [
        ITEMS.reshape(5, 12),
        ITEMS.reshape(5, 12).T,
        ITEMS.reshape(5, 12)[::-2, 3:],
        np.broadcast_to(ITEMS[7], (3, 4)),
        frozen(ITEMS.copy()).reshape(6, 10),
        ITEMS.reshape(60, 1),
    ],
    ids=["c", "fortran", "strided", "broadcast", "read-only", "column"],
)
def test_arrays_of_all_layouts(array):
    before = sys.getrefcount(array), sys.getrefcount(ITEMS)
    told = seen(array, 2.5, True)
    assert told == (array.size, *array.shape, array[0, 0], array[-1, -1], 2.5, True)
    assert before == (sys.getrefcount(array), sys.getrefcount(ITEMS))


def test_arrays_of_files_and_of_nothing(tmp_path):
    (tmp_path / "items").write_bytes(ITEMS.tobytes())
    mapped = np.memmap(tmp_path / "items", np.int32, "r", shape=(12, 5))
    assert seen(mapped, 0.5, False) == (60, 12, 5, 0, 59, 0.5, False)
    assert only_item(np.array(7.5)) == 7.5
    nothing = np.empty(0)
    assert fill(nothing, 1) is None
    array = np.zeros(3)
    fill(array, 4)
    assert array.tolist() == [4, 4, 4]


def test_arguments_that_are_missing():
    with pytest.raises(TypeError):
        seen(ITEMS.reshape(5, 12))


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
def test_kernels_are_parts_of_those_that_call_them():
    """What Python would need to call them is compiled where Python does."""
    array, other = np.zeros(3, np.int8), np.zeros(2, np.int8)
    known = len(fill.signatures)
    fill_both(array, other)
    assert array.tolist() == [1, 1, 1]
    assert other.tolist() == [2, 2]
    assert len(fill.signatures) == known
    fill(array, 3)
    assert array.tolist() == [3, 3, 3]
    assert len(fill.signatures) == known + 1


@kernel
def busy(array, rounds):
    """Make many rounds over the first items of an array, whatever its size."""
    total = ZERO
    for i in range(rounds):
        for j in range(16):
            total = total * np.uint64(3) + np.uint64(array[np.uint64(j)]) + np.uint64(i)
    return total


def lets_others_in(items):
    """Whether another thread comes to run Python while a kernel is at work on so many bytes."""
    array, begin, seen = np.ones(items, np.uint8), threading.Event(), []
    other = threading.Thread(target=lambda: (begin.wait(), seen.append(1)))
    other.start()
    busy(array, 1)
    begin.set()
    busy(array, 1 << 21)  # tens of milliseconds
    came = bool(seen)
    other.join()
    return came


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
@pytest.mark.skipif(bool(config.BOUNDSCHECK), reason="Numba makes what Python calls")
def test_kernels_give_the_gil_away_only_for_large_arrays():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000.0)  # so that nobody has to give it away
    try:
        assert not any(lets_others_in((1 << 17) - 1) for _ in range(3))
        assert any(lets_others_in(1 << 17) for _ in range(100))
    finally:
        sys.setswitchinterval(interval)
