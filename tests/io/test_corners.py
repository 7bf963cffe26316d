"""Arrays and files at the corners of what is legal."""

import io

import numpy as np
import pytest

import ansflow
from ansflow.errors import LimitError


def check(array, **options):
    """The array comes back whole and in part."""
    blob = ansflow.compress(array, **options)
    assert np.array_equal(ansflow.decompress(blob), array)
    assert np.array_equal(ansflow.decompress(blob, out=np.empty_like(array)), array)
    with ansflow.ArrayReader(io.BytesIO(blob)) as reader:
        assert np.array_equal(reader[...], array)
        assert np.array_equal(reader[1:2, ..., 0], array[1:2, ..., 0])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["u1", "S70"])
def test_as_many_axes_as_numpy_has(dtype, order):
    """With cells, and bytes of large items, as axes of their own there would be more."""
    ones = 64 - 3
    array = np.arange(60).astype(dtype).reshape((5, 4, 3) + (1,) * ones, order=order)
    check(array)
    check(array, chunks=(2, 2, 2) + (1,) * ones)
    check(array.reshape((1,) * ones + (5, 4, 3))[0], chunks=(1,) * (ones - 1) + (1, 2, 2))


def test_empty_arrays_with_hardly_any_memory():
    blob = ansflow.compress(np.zeros((3, 0)))
    reads = (
        lambda limits: ansflow.decompress(blob, limits=limits).tobytes(),
        lambda limits: ansflow.Decompressor(limits=limits).decompress(blob),
        lambda limits: ansflow.open(io.BytesIO(blob), limits=limits).read(),
        lambda limits: ansflow.ArrayReader(io.BytesIO(blob), limits=limits)[...].tobytes(),
    )
    outcomes = set()
    for memory in range(1000, 2000):
        for read in reads:
            try:
                outcomes.add(read(ansflow.Limits(max_memory=memory)))
            except LimitError:
                outcomes.add(None)
    assert outcomes == {b"", None}


def test_too_many_chunks_are_refused_at_once():
    """Not when so many have been compressed."""
    with pytest.raises(ValueError, match="choose a larger chunk_size"):
        ansflow.compress(bytes(1 << 26), chunk_size=1)


def test_masked_out_of_any_strides():
    """A hard mask would keep content from it."""
    blob = ansflow.compress(np.arange(5, dtype="u1"))
    for out in (np.ma.zeros(5, "u1"), np.ma.zeros(10, "u1")[::2]):
        with pytest.raises(TypeError, match="out"):
            ansflow.decompress(blob, out=out)


def test_padding_of_structures_is_copied():
    """Otherwise whatever was in memory would be in the frame."""
    dtype = np.dtype([("a", "i1"), ("b", "<f8")], align=True)
    raw = np.arange(200 * 16, dtype="<u2").view("u1").view(dtype)
    found = ansflow.decompress(ansflow.compress(raw[::2]))
    assert found.view("u1").tobytes() == raw.view("u1").reshape(-1, 16)[::2].tobytes()
