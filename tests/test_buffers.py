"""Whatever has a buffer is its bytes in C order; Python objects and masked arrays are refused."""

import array
import ctypes
import io
import mmap

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

import ansflow
from ansflow.errors import CorruptDataError

CONTENT = bytes(range(251)) * 200


class Named(ctypes.Structure):
    _fields_ = (("Open", ctypes.c_int), ("O", ctypes.c_double), ("GO:", ctypes.c_uint8))


class Nested(ctypes.Structure):
    _fields_ = (("Outer", Named), ("OO", ctypes.c_short * 5))


class WithObject(ctypes.Structure):
    _fields_ = (("a", ctypes.c_int), ("b", ctypes.py_object))


class Subclass(np.ndarray):
    pass


class WithColon(ctypes.Structure):
    _fields_ = (("a:", ctypes.c_int), ("b", WithObject))


def mapped(data):
    memory = mmap.mmap(-1, len(data))
    memory.write(data)
    return memory


TALL = np.arange(120, dtype="<u4").reshape(4, 5, 6)

BUFFERS = {
    "bytes": b"abc",
    "bytearray": bytearray(b"abc"),
    "nothing": b"",
    "array": array.array("d", [1.5, 2.5]),
    "mmap": mapped(b"abcdef"),
    "read-only": memoryview(bytearray(b"abcdef")).toreadonly(),
    "every other": memoryview(bytes(range(100)))[::2],
    "backwards": memoryview(array.array("i", range(10)))[::-1],
    "cast": memoryview(bytes(range(24))).cast("I", (2, 3)),
    "cast to a scalar": memoryview(bytes(8)).cast("d", ()),
    "fortran": np.asfortranarray(TALL),
    "strided": TALL[::2, ::-1, ::3],
    "view of strided": memoryview(TALL[::2, ::-1, ::3]),
    "broadcast": np.broadcast_to(np.arange(3, dtype="<i2"), (4, 3)),
    "no strides": np.lib.stride_tricks.as_strided(np.arange(3, dtype="u1"), (2, 2), (0, 0)),
    "empty": np.empty((0, 3)),
    "empty view": memoryview(np.empty((3, 0, 2), "<f8", order="F")),
    "empty slice": memoryview(bytes(10))[5:5:2],
    "a scalar": np.float32(2),
    "an array without axes": np.array(5, ">i8"),
    "big-endian": np.arange(10, dtype=">u2"),
    "structured": np.ones(3, [("a", "<i4"), ("Open", "u1")]),
    "view of structured": memoryview(np.ones(3, [("Open", "<i4"), ("O", "u1")])),
    "bools": np.array([True, False]),
    "complex": np.array([1j]),
    "text": np.array(["ab", "c"]),
    "a subclass": np.arange(6, dtype="u1").reshape(2, 3).view(Subclass),
    "ctypes": (ctypes.c_int * 3)(1, 2, 3),
    "ctypes of two axes": ((ctypes.c_int16 * 3) * 2)((1, 2, 3), (4, 5, 6)),
    "ctypes scalar": ctypes.c_double(1.5),
    "ctypes structure": Named(1, 2.5, 3),
    "ctypes nested": Nested(Named(1, 2.5, 3)),
    "ctypes structures": (Named * 2)(),
    "BytesIO": io.BytesIO(b"abcdef").getbuffer(),
    "dates": np.array(["2020-01-01", "NaT"], "M8[s]"),
    "durations": np.array([5], "m8[s]"),
}

REFUSED = {
    "text": "text",
    "a number": 5,
    "nothing": None,
    "a list": [1, 2],
    "objects": np.array([object()]),
    "an object in a structure": np.zeros(2, [("a", "i4"), ("b", "O")]),
    "a view of objects": memoryview(np.array([object()])),
    "a ctypes object": ctypes.py_object(1),
    "a ctypes structure with an object": WithObject(1, "x"),
    "an object that a name hides": WithColon(),
    "ctypes objects": (WithObject * 2)(),
    "a view of a ctypes object": memoryview(WithObject(1, "x")),
}

# What are arrays to `compress`.
MASKED = {
    "masked": np.ma.masked_array([1, 2], [True, False]),
    "masked without a mask": np.ma.masked_array([1, 2]),
}


def one_shot(data):
    back = ansflow.decompress(ansflow.compress(data))
    return back if isinstance(back, bytes) else back.tobytes("C")


def compressor(data):
    machine = ansflow.Compressor()
    return ansflow.decompress(machine.compress(data) + machine.finish())


def iterated(data):
    return ansflow.decompress(b"".join(ansflow.iter_compress([data])))


def file(data):
    out = io.BytesIO()
    with ansflow.open(out, "w") as writer:
        size = writer.write(data)
    content = ansflow.decompress(out.getvalue())
    assert size == len(content)
    return content


TAKERS = [one_shot, compressor, iterated, file]


def c_order(data):
    if isinstance(data, np.ndarray):
        return np.asarray(data).tobytes("C")
    return memoryview(data).tobytes()


@pytest.mark.parametrize("name", BUFFERS)
def test_everything_with_a_buffer(name):
    for take in TAKERS:
        assert take(BUFFERS[name]) == c_order(BUFFERS[name])


@pytest.mark.parametrize("name", MASKED)
@pytest.mark.parametrize("take", [compressor, iterated, file])
def test_masked_arrays_are_not_bytes(name, take):
    with pytest.raises(TypeError, match="mask"):
        take(MASKED[name])


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_none(name):
    for take in TAKERS:
        with pytest.raises(TypeError):
            take(REFUSED[name])


@given(
    hnp.arrays(
        st.sampled_from(["u1", "<i4", ">f8", "c8", "M8[us]", "i1, <i8"]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
        fill=st.nothing(),
    ),
    st.data(),
)
def test_any_view_of_any_array(items, data):
    axes = data.draw(st.permutations(range(items.ndim)))
    view = items.transpose(axes)
    if view.ndim:
        view = view[data.draw(hnp.basic_indices(view.shape, allow_ellipsis=False))]
    for take in (compressor, one_shot):
        assert take(view) == np.asarray(view).tobytes("C")


# Frames


def strided(frame):
    room = np.zeros(2 * len(frame), np.uint8)
    room[::2] = np.frombuffer(frame, np.uint8)
    return room[::2]


def ctypes_array(frame):
    return (ctypes.c_char * len(frame)).from_buffer_copy(frame)


FORMS = [
    bytes,
    bytearray,
    memoryview,
    mapped,
    strided,
    lambda frame: memoryview(strided(frame)),
    lambda frame: memoryview(frame[::-1])[::-1],
    lambda frame: np.frombuffer(frame, np.int8),
    lambda frame: np.frombuffer(frame, np.uint8).reshape(1, -1),
    lambda frame: np.asfortranarray(np.frombuffer(frame, np.uint8).reshape(2, -1)),
    lambda frame: np.void(frame),
    ctypes_array,
    lambda frame: array.array("b", frame),
    lambda frame: memoryview(frame).cast("H") if len(frame) % 2 == 0 else frame,
]


@pytest.mark.parametrize("form", FORMS)
def test_frames_in_everything_with_a_buffer(form):
    frame = ansflow.compress(CONTENT)
    if len(frame) % 2:
        frame = ansflow.compress(CONTENT, metadata={"a": 1})
    if len(frame) % 2:
        frame = ansflow.compress(CONTENT, metadata={"a": 10})
    assert len(frame) % 2 == 0
    assert ansflow.decompress(form(frame)) == CONTENT
    assert ansflow.Decompressor().decompress(form(frame)) == CONTENT
    assert b"".join(ansflow.iter_decompress([form(frame)])) == CONTENT


@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_no_frame(name):
    with pytest.raises(TypeError):
        ansflow.decompress(REFUSED[name])
    with pytest.raises(TypeError):
        ansflow.Decompressor().decompress(REFUSED[name])
    with pytest.raises(TypeError):
        list(ansflow.iter_decompress([REFUSED[name]]))


# What changes after the call


@pytest.mark.parametrize("kind", [bytearray, lambda data: np.frombuffer(data, np.uint8).copy()])
@pytest.mark.parametrize("way", ["compressor", "file", "iterated", "array"])
def test_what_may_change_is_copied(kind, way, monkeypatch):
    """Also whole units, which threads may encode long after the call."""
    data = kind(CONTENT * 60)  # several units
    given, units = np.frombuffer(data, np.uint8), []
    put = ansflow.engine.encoder.FrameEncoder._put

    def noted(self, unit):
        units.append(unit)
        return put(self, unit)

    monkeypatch.setattr(ansflow.engine.encoder.FrameEncoder, "_put", noted)
    out = io.BytesIO()
    if way == "compressor":
        machine = ansflow.Compressor(threads=2)
        machine.compress(data)
        machine.finish()
    elif way == "file":
        with ansflow.open(out, "w", threads=2) as writer:
            writer.write(data)
    elif way == "iterated":
        list(ansflow.iter_compress([data], threads=2))
    else:
        with ansflow.ArrayWriter(out, "u1", threads=2) as writer:
            writer.append(given)
    assert len(units) > 2
    assert sum(unit.size for unit in units) == given.size
    assert not any(np.shares_memory(unit, given) for unit in units)


def test_what_cannot_change_is_not_copied(monkeypatch):
    data, units = CONTENT * 60, []
    put = ansflow.engine.encoder.FrameEncoder._put

    def noted(self, unit):
        units.append(unit)
        return put(self, unit)

    monkeypatch.setattr(ansflow.engine.encoder.FrameEncoder, "_put", noted)
    ansflow.compress(data)
    list(ansflow.iter_compress([data]))
    assert all(np.shares_memory(unit, np.frombuffer(data, np.uint8)) for unit in units)


@pytest.mark.parametrize("walks", [1, 2])
def test_a_frame_that_changes_while_it_is_decompressed(monkeypatch, walks):
    """Nothing is written where there is no room, or left as it was."""
    if walks == 2:  # as over a frame of many chunks
        monkeypatch.setattr(ansflow.io.one_shot, "KEPT_EVENTS", 0)
    small = ansflow.compress(b"a" * 10_000, chunk_size=1000)
    large = ansflow.compress(b"b" * 15_000, chunk_size=1500)
    assert len(small) == len(large)
    survey = ansflow.io.one_shot._survey
    for first, then in ((small, large), (large, small)):
        buffer = bytearray(first)

        def changed(data, limits, buffer=buffer, then=then):
            found = survey(data, limits)
            buffer[:] = then
            return found

        monkeypatch.setattr(ansflow.io.one_shot, "_survey", changed)
        with pytest.raises(CorruptDataError, match="changed" if walks == 2 else "chunk 0"):
            ansflow.decompress(buffer)
