"""Inputs are not changed, and results belong to the caller: they share no memory with frames."""

import array
import mmap

import numpy as np
import pytest

import ansflow

RAMP = np.arange(600, dtype="<i4").reshape(20, 30)
PADDED = np.dtype(
    {"names": ["a", "b"], "formats": ["u1", "<f8"], "offsets": [1, 16], "itemsize": 32}
)


def test_results_share_no_memory_with_the_frame():
    for content in (RAMP, RAMP.view("V4"), np.arange(256, dtype=np.uint8)):
        blob = bytearray(ansflow.compress(content))
        back = ansflow.decompress(blob)
        blob[:] = bytes(len(blob))
        assert np.array_equal(back, content)


def test_results_may_be_written_to_and_outlive_the_frame():
    blob = bytearray(ansflow.compress(RAMP))
    back = ansflow.decompress(blob)
    blob.clear()  # raises BufferError if anything still held the buffer
    back += 1
    assert np.array_equal(back, RAMP + 1)


def test_two_results_of_one_frame_are_independent():
    blob = ansflow.compress(RAMP)
    first, second = ansflow.decompress(blob), ansflow.decompress(blob)
    first[:] = 0
    assert np.array_equal(second, RAMP)


def test_inputs_are_left_alone_and_released():
    mutable = bytearray(b"content " * 100)
    blob = ansflow.compress(mutable)
    mutable.clear()
    assert ansflow.decompress(blob) == b"content " * 100
    locked = RAMP.copy()
    locked.setflags(write=False)
    back = ansflow.decompress(ansflow.compress(locked))
    assert back.flags.writeable
    assert not locked.flags.writeable


def test_frames_are_read_from_any_buffer(tmp_path):
    blob = ansflow.compress(RAMP)
    (tmp_path / "frame").write_bytes(blob)
    with open(tmp_path / "frame", "rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        assert np.array_equal(ansflow.decompress(mapped), RAMP)
        mapped.close()  # raises BufferError if anything still held the buffer
    shifted = memoryview(b"x" + blob)[1:]
    for buffer in (bytearray(blob), array.array("B", blob), np.frombuffer(blob, "u1"), shifted):
        assert np.array_equal(ansflow.decompress(buffer), RAMP)


@pytest.mark.parametrize("blob", ["text", None, [1, 2], 5])
def test_frames_that_are_no_buffers(blob):
    with pytest.raises(TypeError):
        ansflow.decompress(blob)


def test_buffers_of_other_items_are_taken_as_their_bytes():
    numbers = array.array("d", [0.5, 1.5])
    for buffer in (numbers, memoryview(numbers), memoryview(RAMP), memoryview(np.float64(2))):
        assert ansflow.decompress(ansflow.compress(buffer)) == memoryview(buffer).tobytes()
    columns = memoryview(np.asfortranarray(RAMP))
    assert ansflow.decompress(ansflow.compress(columns)) == RAMP.tobytes()


def test_offsets_and_padding_of_fields_are_kept():
    records = np.zeros(5, PADDED)
    records["a"], records["b"] = range(5), np.linspace(0, 1, 5)
    back = ansflow.decompress(ansflow.compress(records))
    assert back.dtype == PADDED
    assert back.dtype.fields["b"][1] == 16
    assert np.array_equal(back, records)


def test_subclasses_come_back_as_plain_arrays(tmp_path):
    records = np.rec.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")])
    mapped = np.memmap(tmp_path / "map", "<i4", "w+", shape=RAMP.shape)
    mapped[:] = RAMP
    for content in (records, mapped):
        back = ansflow.decompress(ansflow.compress(content))
        assert type(back) is np.ndarray
        assert np.array_equal(back, np.asarray(content))


def test_bit_patterns_of_floats_survive_every_memory_order():
    bits = (np.arange(24, dtype="u8") * 0x9E3779B97F4A7C15 | 0x7FF0000000000001).reshape(2, 3, 4)
    floats = bits.view("f8")
    assert np.isnan(floats).all()
    for view in (floats, floats.T, floats[:, ::-1], floats.transpose(1, 2, 0), floats.byteswap()):
        back = ansflow.decompress(ansflow.compress(view, chunk_size=7))
        assert back.shape == view.shape
        assert back.tobytes() == view.tobytes()
        assert back.flags.f_contiguous == (view.flags.f_contiguous)


@pytest.mark.parametrize("span", [1, 300, 20_000])
@pytest.mark.parametrize("offset", [0, 1, 2])
def test_symbols_of_16_bits_go_to_any_address(span, offset):
    """Stored, by a table of bytes, or by a table of more symbols."""
    numbers = (np.arange(5000, dtype=np.uint16) ** 2 % span).astype("<u2")
    plan = ansflow.Plan(recipe="stream")
    room = np.zeros(offset + numbers.nbytes, np.uint8)
    out = np.ndarray(numbers.shape, "<u2", room, offset)
    ansflow.decode_chunk(ansflow.encode_chunk(numbers, plan), plan, out)
    assert room[offset:].tobytes() == numbers.tobytes()
