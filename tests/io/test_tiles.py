"""Chunks of any shape: content comes back however it is read, and boxes read no more than that."""

import io

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

import ansflow
from ansflow.errors import CorruptDataError, LimitError
from ansflow.frame.constants import HEAD

RNG = np.random.default_rng(0)
DTYPES = ["u1", "<i2", ">u2", "<f8", "V3", "S70", "?"]


@st.composite
def tiled(draw, most=8):
    """An array in either order, and the shape of its chunks."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=most))
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    items = RNG.integers(0, 3, (*shape, dtype.itemsize), np.uint8)
    array = np.ndarray(shape, dtype, items.tobytes() or bytes(dtype.itemsize))
    if draw(st.booleans()):
        array = np.asfortranarray(array)
    chunks = tuple(draw(st.lists(st.integers(1, 5), min_size=len(shape), max_size=len(shape))))
    return array, chunks


def same(a, b):
    return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())


@given(tiled(), st.sampled_from([1, 2]))
@settings(max_examples=40)
def test_any_way_of_reading(case, threads):
    array, chunks = case
    blob = ansflow.compress(array, chunks=chunks, threads=threads)
    back = ansflow.decompress(blob, threads=threads)
    assert same(back, array)
    assert back.flags.f_contiguous or not array.flags.f_contiguous
    stored = array.tobytes("A" if array.flags.f_contiguous else "C")
    decompressor = ansflow.Decompressor(threads=threads)
    parts = [decompressor.decompress(blob[at : at + 33]) for at in range(0, len(blob), 33)]
    assert b"".join(parts) == stored
    with ansflow.open(io.BytesIO(blob), threads=threads) as file:
        assert file.read() == stored
        file.seek(len(stored) // 3)
        assert file.read(5) == stored[len(stored) // 3 :][:5]
    out = np.empty_like(array)
    assert ansflow.decompress(blob, out=out) is out
    assert same(out, array)


@given(tiled(), st.data())
@settings(max_examples=50)
def test_any_box(case, data):
    array, chunks = case
    blob = ansflow.compress(array, chunks=chunks)
    if not array.flags.f_contiguous and data.draw(st.booleans()):
        blob, array = 2 * blob, np.concatenate([array, array]).astype(array.dtype)
    with ansflow.ArrayReader(
        io.BytesIO(blob), threads=data.draw(st.sampled_from([1, 2]))
    ) as reader:
        for _ in range(3):
            key = data.draw(hnp.basic_indices(array.shape, allow_newaxis=True))
            found, expected = reader[key], array[key]
            assert type(found) is type(expected)
            assert same(np.asarray(found), np.asarray(expected)), key


@given(tiled(), st.lists(st.integers(1, 4), max_size=6))
def test_rows_that_are_appended(case, cuts):
    """Flushed anywhere, so that groups of chunks are cut short."""
    array, chunks = case
    array = np.ascontiguousarray(array)
    file = io.BytesIO()
    if not array[:1].nbytes:
        return
    with ansflow.ArrayWriter(file, array.dtype, array.shape[1:], chunks=chunks) as writer:
        begin = 0
        for rows in [*cuts, len(array)]:
            writer.append(array[begin : begin + rows])
            writer.flush()
            begin += rows
    assert same(ansflow.decompress(file.getvalue()), array)
    with ansflow.ArrayReader(io.BytesIO(file.getvalue())) as reader:
        assert same(reader[1:], array[1:])
        assert same(reader[..., :2], array[..., :2])


NOISE = RNG.integers(0, 1 << 32, (40, 60, 50), "<u4")


class Counting(io.BytesIO):
    count = 0

    def read(self, size=-1):
        data = super().read(size)
        self.count += len(data)
        return data


def test_boxes_read_only_the_chunks_they_meet():
    file = Counting(ansflow.compress(NOISE, chunks=(10, 20, 25), recipe="planes"))
    chunk = HEAD.size + 1 + 4 + 4 * 10 * 20 * 25
    for key, chunks in [
        ((5, 5, 5), 1),
        ((slice(0, 10), slice(0, 20), slice(0, 25)), 1),
        ((slice(9, 11), slice(19, 21), slice(24, 26)), 8),
        ((..., 7), 4 * 3),
        ((slice(None), 30), 4 * 2),
        ((3, slice(50, 20, -1), slice(0, 0)), 0),
    ]:
        file.seek(0)
        with ansflow.ArrayReader(file, threads=1) as reader:
            file.count = 0
            assert same(np.asarray(reader[key]), np.asarray(NOISE[key]))
            assert file.count == chunks * chunk, key


@pytest.mark.parametrize("threads", [1, 2])
def test_chunks_that_are_read_line_by_line_are_decoded_once(threads):
    file = Counting(ansflow.compress(NOISE, chunks=(10, 20, 25), recipe="planes"))
    chunk = HEAD.size + 1 + 4 + 4 * 10 * 20 * 25
    with ansflow.ArrayReader(file, threads=threads) as reader:
        file.count = 0
        for row, expected in zip(reader, NOISE, strict=True):
            assert same(row, expected)
            row[:] = 0  # is the caller's
        assert file.count == NOISE.nbytes // (4 * 10 * 20 * 25) * chunk
    file.seek(0)
    with ansflow.ArrayReader(file, threads=threads) as reader:
        file.count = 0
        for _ in range(2):  # nobody reads the rest of whole chunks
            assert same(reader[:10], NOISE[:10])
        assert file.count == 2 * NOISE[:10].nbytes // (4 * 10 * 20 * 25) * chunk


@pytest.mark.parametrize("room", [1, 2, 3, 5])
def test_chunks_that_were_used_longest_ago_are_not_kept(monkeypatch, room):
    monkeypatch.setattr("ansflow.engine.reader.KEPT", room * 4 * 10 * 20 * 25)
    blob = ansflow.compress(NOISE, chunks=(10, 20, 25), recipe="planes")
    file = Counting(blob)
    chunk = HEAD.size + 1 + 4 + 4 * 10 * 20 * 25
    used = []
    with ansflow.ArrayReader(file, threads=1) as reader:
        for tile in RNG.integers(0, 2, (40, 3)) * [10, 20, 25]:
            key, tile = tuple(tile + 3), tuple(tile)
            file.count = 0
            assert reader[key] == NOISE[key]
            assert file.count == (0 if tile in used[:room] else chunk)
            used = [tile, *(other for other in used if other != tile)]


def test_damage_in_other_chunks_is_not_noticed():
    blob = bytearray(ansflow.compress(NOISE, chunks=(10, 20, 25)))
    blob[len(blob) // 2] ^= 1
    with ansflow.ArrayReader(io.BytesIO(blob)) as reader:
        assert same(reader[:10], NOISE[:10])
        with pytest.raises(CorruptDataError, match="check"):
            reader[...]


def test_long_rows_are_cut():
    """A chunk is a part of a row where rows are larger than chunks."""
    array = RNG.integers(0, 9, (3, 5, 1000), np.uint8)
    for chunk_size, shape in [(100, [1, 1, 100]), (2500, [1, 2, 1000]), (12_000, [2, 5, 1000])]:
        blob = ansflow.compress(array, chunk_size=chunk_size)
        assert same(ansflow.decompress(blob), array)
        (frame,) = ansflow.describe(io.BytesIO(blob))["frames"]
        assert frame["chunk_shape"] == shape


def test_shapes_that_cannot_be():
    array = np.zeros((1 << 17, 3, 1 << 9), np.uint8)
    for chunks, text in [
        ((1, 2), "another number of axes"),
        ((1, 0, 1), "axis of length 0"),
        ((2, 1, 1 << 9, 1), "another number of axes"),
        (array.shape, "at most 134217728 bytes"),
    ]:
        with pytest.raises(ValueError, match=text):
            ansflow.compress(array, chunks=chunks)
    with pytest.raises(ValueError, match="65536 chunks"):
        ansflow.compress(np.zeros((2, 1 << 17), np.uint8), chunks=(2, 1))
    with pytest.raises(ValueError, match="give one"):
        ansflow.Options(chunks=(1,), chunk_size=5)
    with pytest.raises(ValueError, match="chunks is for arrays"):
        ansflow.compress(b"abc", chunks=(1,))
    with pytest.raises(TypeError):
        ansflow.compress(array, chunks=(1.5, 1, 1))


def test_groups_beyond_the_limits():
    blob = ansflow.compress(np.zeros((64, 1 << 16), np.uint8), chunks=(64, 64))
    assert len(ansflow.decompress(blob)) == 64
    limits = ansflow.Limits(max_memory=8 << 20)
    with pytest.raises(LimitError, match="group"):
        ansflow.decompress(blob, limits=limits)


# Buffers of the caller's


def test_out_of_bytes():
    data = RNG.bytes(5000)
    blob = ansflow.compress(data, chunk_size=700)
    for out in (bytearray(5000), np.empty(5000, "u1"), np.empty((25, 100), "<u2")):
        assert ansflow.decompress(blob, out=out) is out
        assert bytes(memoryview(out).cast("B")) == data
    assert ansflow.decompress(ansflow.compress(b""), out=bytearray()) == b""
    for out, error in [
        (bytearray(4999), ValueError),
        (bytes(5000), ValueError),
        (np.empty(10_000, "u1")[::2], ValueError),
        ("text", TypeError),
        (5, TypeError),
        (np.ma.zeros(5000, "u1"), TypeError),
    ]:
        with pytest.raises(error, match="out"):
            ansflow.decompress(blob, out=out)


@pytest.mark.parametrize("order", ["C", "F"])
def test_out_of_arrays(order):
    array = np.array(NOISE[:5], order=order)
    blob = ansflow.compress(array)
    for out in (
        np.empty(array.shape, "<u4"),
        np.empty(array.shape, "<u4", order="F"),
        np.empty((10, 60, 50), "<u4")[::2],
    ):
        assert ansflow.decompress(blob, out=out) is out
        assert np.array_equal(out, array)
    for shape, dtype in (((60, 5, 50), "<u4"), (array.shape, ">u4"), (15_000, "<f4")):
        other = np.empty(shape, dtype)
        with pytest.raises(ValueError, match="as the frame's, not"):
            ansflow.decompress(blob, out=other)
    with pytest.raises(TypeError, match="mask"):
        ansflow.decompress(blob, out=np.ma.zeros(array.shape, "<u4"))
    flat = bytearray(array.nbytes)
    if order == "C":
        ansflow.decompress(blob, out=flat)
        assert flat == array.tobytes()
        flat = np.empty(array.nbytes, np.uint8)
        ansflow.decompress(blob, out=flat)
        assert flat.tobytes() == array.tobytes()
    else:
        with pytest.raises(ValueError, match="Fortran"):
            ansflow.decompress(blob, out=flat)


def test_options_that_are_none():
    with pytest.raises(TypeError, match=r"no option 'strength'; the options are .*chunk_size"):
        ansflow.compress(b"abc", strength=9)
    for call in (ansflow.Compressor, lambda **options: next(ansflow.iter_compress([], **options))):
        with pytest.raises(TypeError, match="no option 'block_size'"):
            call(block_size=5)


def test_bitsback_is_there():
    assert ansflow.bitsback.VAE.__module__.startswith("ansflow.bitsback")
    with pytest.raises(AttributeError, match="nothing"):
        ansflow.nothing  # noqa: B018
