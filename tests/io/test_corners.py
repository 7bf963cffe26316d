"""Arrays and files at the corners of what is legal."""

import io
import itertools

import numpy as np
import pytest

import ansflow
from ansflow.buffers import opaque
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
    for memory in range(100, 2000):
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


PADDED = np.dtype([("a", "i1"), ("b", "<f8"), ("c", ">u2")], align=True)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("told", [{}, {"chunks": (7, 9)}, {"chunk_size": 1000}])
def test_padding_is_read_as_it_was(order, told):
    """By all who read, wherever items are copied."""
    raw = np.arange(60 * 70 * 12, dtype="<u2").view("u1")
    array = np.ndarray((60, 70), PADDED, raw, order=order)
    items = opaque(array)
    blob = ansflow.compress(array, **told)
    for other in ("C", "F"):
        out = np.ndarray(array.shape, PADDED, bytearray(array.nbytes), order=other)
        ansflow.decompress(blob, out=out)
        assert opaque(out).tobytes() == items.tobytes()
    frames = 3 if order == "C" else 1
    items = np.concatenate([items] * frames)
    with ansflow.ArrayReader(io.BytesIO(blob * frames)) as reader:
        for key in (
            np.s_[...],
            np.s_[3:50],
            np.s_[2:-9, 5:60],
            np.s_[5],
            np.s_[:, 3],
            np.s_[::3, ::2],
            np.s_[59:61, 2:4],
        ):
            assert opaque(reader[key]).tobytes() == items[key].tobytes()


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">f4", "f8", "c16", "M8[s]", "i1, <f8"])
def test_numbers_without_axes_and_arrays_without_numbers(dtype):
    shapes = (), (0,), (1,), (2, 0, 3), (0, 5), (1, 1, 1)
    for level, shape in itertools.product(range(1, 10), shapes):
        array = np.ndarray(shape, dtype, bytes(range(64)))
        blob = ansflow.compress(array, level=level)
        back = ansflow.decompress(blob)
        assert (back.dtype, back.shape) == (array.dtype, array.shape)
        assert back.tobytes() == array.tobytes()
        plan = ansflow.plan(array, level=level)
        assert ansflow.compress(array, plan=plan) == blob
        with ansflow.ArrayReader(io.BytesIO(blob)) as reader:
            assert (reader.shape, reader[...].tobytes()) == (shape, array.tobytes())


@pytest.mark.parametrize("level", [1, 3, 6])
@pytest.mark.parametrize(
    "told", [{"typesize": 4}, {"typesize": 8}, {"dtype": ">f8"}, {"dtype": "c16"}]
)
def test_bytes_that_are_not_whole_numbers(told, level):
    """The rest is kept, at the end of chunks, too."""
    walk = np.cumsum(np.arange(700) % 7 - 3).astype("<i4").tobytes()
    for size in (0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 19, 100, 1021, 2799):
        for chunk_size in (None, 64, 1001):
            content = walk[:size]
            blob = ansflow.compress(content, level=level, chunk_size=chunk_size, **told)
            assert ansflow.decompress(blob) == content
            compressor = ansflow.Compressor(level=level, chunk_size=chunk_size, **told)
            pieces = [compressor.compress(content[at : at + 333]) for at in range(0, size, 333)]
            stream = b"".join([*pieces, compressor.finish()])
            assert ansflow.decompress(stream) == content
