"""`compress` and `decompress` return exactly what they were given, and cost next to nothing."""

import mmap
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

import ansflow
from ansflow.engine.at_once import JOINED_UP_TO
from ansflow.frame.constants import CHECK, HEAD, HEADER, TRAILER

# No description, no shared tables, the size in three bytes, and so the chunk size.
BEGIN = HEADER.size + 1 + 1 + 3 + 3 + CHECK.size
STREAM = 2  # the recipe of bytes, and the kind of their stream


def frame_size(chunks, payload):
    """Bytes of a frame of bytes: header, heads and end mark; from two chunks on an index."""
    once = BEGIN + chunks * HEAD.size
    whole = once + HEAD.size + chunks * STREAM + payload
    return whole + (once + TRAILER.size if chunks > 1 else 0)


NESTED = np.dtype([("a", "<i2"), ("b", ">f8", (2, 3)), ("c", [("x", "u1"), ("y", "S3")])])
ALIGNED = np.dtype([("a", "u1"), ("b", "<f8")], align=True)

ARRAYS = {
    "bool": np.arange(9) % 2 == 0,
    "big-endian": np.arange(1000, dtype=">i4").reshape(10, 100),
    "half": np.linspace(-1, 1, 77).astype(np.float16),
    "nan payloads": np.array([0x7FF8000000000001, 0xFFF0000000000123], "u8").view("f8"),
    "long double": np.arange(5, dtype=np.longdouble),
    "complex": np.exp(1j * np.arange(100.0)),
    "dates": np.arange("2020-01", "2022-12", dtype="M8[M]"),
    "durations": np.arange(7, dtype="m8[15us]"),
    "bytes": np.array([b"a", b"bcd", b""]),
    "text": np.array(["über", "ans"]),
    "long items": np.array([b"x" * 300, b"y"]),
    "void": np.zeros(3, "V7"),
    "nested": np.ones(4, NESTED),
    "aligned": np.ones(4, ALIGNED),
    "titles": np.zeros(2, [(("a title", "a"), "<i4"), ("b", "u1")]),
    "scalar": np.array(3.5),
    "empty": np.zeros((0, 3), ">u2"),
    "empty strings": np.zeros(4, "S0"),
    "fortran": np.asfortranarray(np.arange(60.0).reshape(3, 4, 5)),
    "strided": np.arange(1000).reshape(10, 100)[::-2, 3::7],
    "transposed": np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2),
    "broadcast": np.broadcast_to(np.arange(3), (5, 3)),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back_exactly(name):
    array = ARRAYS[name]
    for chunk_size in (1, 100, 1 << 18):
        back = ansflow.decompress(ansflow.compress(array, chunk_size=chunk_size))
        assert back.dtype == array.dtype
        assert back.dtype.isnative == array.dtype.isnative
        assert back.shape == array.shape
        # Padding is not content.
        assert back.tobytes() == array.tobytes() or name == "aligned"
        assert np.array_equal(back, array) or name == "nan payloads"
        assert back.flags.f_contiguous or not array.flags.f_contiguous
        assert back.flags.writeable


def test_numpy_scalars_are_arrays():
    back = ansflow.decompress(ansflow.compress(np.float32(1.5)))
    assert back.shape == ()
    assert back.dtype == np.float32
    assert back == 1.5


@given(st.binary(max_size=2000), st.integers(1, 3000))
def test_bytes_come_back_exactly(data, chunk_size):
    assert ansflow.decompress(ansflow.compress(data, chunk_size=chunk_size)) == data


def test_everything_bytes_like():
    data = bytes(range(256)) * 3
    anonymous = mmap.mmap(-1, len(data))
    anonymous.write(data)
    for like in (data, bytearray(data), memoryview(data), memoryview(data)[::2], anonymous):
        frame = ansflow.compress(like)
        assert ansflow.decompress(frame) == bytes(memoryview(like))
        assert ansflow.decompress(bytearray(frame)) == bytes(memoryview(like))


@given(
    hnp.arrays(
        st.one_of(hnp.integer_dtypes(), hnp.floating_dtypes(), hnp.complex_number_dtypes()),
        hnp.array_shapes(min_dims=0, min_side=0, max_side=9),
    ),
    st.integers(1, 50),
)
def test_any_array(array, chunk_size):
    back = ansflow.decompress(ansflow.compress(array, chunk_size=chunk_size))
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize("data", [[1, 2], "text", 5, None, np.array([object()]), 1.5])
def test_other_things_are_refused(data):
    with pytest.raises(TypeError):
        ansflow.compress(data)


def test_types_that_cannot_be_described_are_refused():
    overlapping = np.dtype({"names": ["a", "b"], "formats": ["<i4", "<i4"], "offsets": [0, 2]})
    with pytest.raises(TypeError, match="cannot be stored"):
        ansflow.compress(np.zeros(3, overlapping))


def test_parameters_may_be_numpy_integers():
    frame = ansflow.compress(b"abc" * 1000, lanes=np.int64(4), chunk_size=np.uint16(500))
    assert ansflow.decompress(frame) == b"abc" * 1000
    with pytest.raises(TypeError):
        ansflow.compress(b"abc", chunk_size=1.5)


@pytest.mark.parametrize(
    "options",
    [
        {"chunk_size": 0},
        {"chunk_size": (1 << 27) + 1},
        {"precision": 7},
        {"precision": 17},
        {"lanes": 0},
        {"lanes": 3},
        {"lanes": 128},
        {"order": 2},
        {"order": -1},
    ],
)
def test_parameters_outside_their_range_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        ansflow.compress(b"abc", **options)


@pytest.mark.parametrize("chunk_size", [1 << 16, 1 << 22])
def test_nothing_is_held_twice(chunk_size):
    """Long results are written where they stay: beside there is room for a block and tables."""
    size = JOINED_UP_TO + (1 << 20)
    data = np.random.default_rng(0).integers(0, 200, size, np.uint8).tobytes()
    blob = ansflow.compress(data, chunk_size=chunk_size)
    assert ansflow.decompress(blob) == data  # and all kernels are compiled
    # The scratch of blocks on two threads, and up to four units of a MiB that are being worked on.
    room = 2 * 3 * chunk_size + (5 << 20)
    assert room < len(data)
    for call, argument in ((ansflow.compress, data), (ansflow.decompress, blob)):
        options = {"threads": 2} | ({"chunk_size": chunk_size} if call is ansflow.compress else {})
        tracemalloc.start()
        result = call(argument, **options)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < len(data) + room
        assert sys.getsizeof(result) == len(result) + sys.getsizeof(b"")


def test_results_of_all_sizes_around_huge_pages():
    """From 4 MiB on, memory is asked for in another way."""
    for size in ((4 << 20) - 1, 4 << 20, (4 << 20) + 1):
        data = b"\1\2" + bytes(size - 2)
        assert ansflow.decompress(ansflow.compress(data)) == data
    noise = np.random.default_rng(0).bytes(size)
    assert ansflow.decompress(ansflow.compress(noise)) == noise


def test_noise_is_stored():
    data = np.random.default_rng(0).bytes(1_000_000)
    assert len(ansflow.compress(data)) == frame_size(4, len(data))


def test_constant_chunks_take_a_byte():
    assert len(ansflow.compress(bytes(1_000_000))) == frame_size(4, 4)


@pytest.mark.parametrize("precision", [8, 12, 14, 16])
def test_coded_chunks_are_close_to_their_entropy(precision):
    data = np.random.default_rng(0).geometric(0.3, 1 << 20).clip(1, 12).astype(np.uint8)
    counts = np.bincount(data.reshape(4, -1)[0])
    counts = counts[counts > 0]
    shannon = -4 * np.sum(counts * np.log2(counts / counts.sum())) / 8
    overhead = {8: 0.01, 12: 0.004, 14: 0.004, 16: 0.006}[precision]
    assert len(ansflow.compress(data.tobytes(), precision=precision)) < shannon * (1 + overhead)


def test_small_inputs_pay_for_few_lanes():
    # 32 states alone would be 128 bytes.
    assert len(ansflow.compress(b"abracadabra" * 40)) < frame_size(1, 160)


def test_planes_help_numbers():
    steps = np.random.default_rng(0).integers(-50, 51, 50_000)
    array = np.cumsum(steps, dtype=np.int32)
    assert len(ansflow.compress(array)) < 0.8 * len(ansflow.compress(array.tobytes()))


def test_output_is_deterministic():
    data = np.random.default_rng(0).geometric(0.1, 300_000).astype(np.uint8)
    assert ansflow.compress(data) == ansflow.compress(data)
