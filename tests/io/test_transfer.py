"""Files to frames and back in bounded memory, from pipes and from files that can seek."""

import io
import os
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import naive_model
import numpy as np
import pytest
import small_vaes

import ansflow
from ansflow.io.transfer import compress_file, decompress_file, read_range

DATA = np.random.default_rng(0).geometric(0.2, 300_000).astype(np.uint8).tobytes()
MIB = 1 << 20


class Nowhere(io.RawIOBase):
    """Takes everything, keeps nothing."""

    def writable(self):
        return True

    def write(self, data):
        return len(data)


@contextmanager
def piped(data):
    """A file that can't seek."""
    readable, writable = os.pipe()

    def write():
        with open(writable, "wb") as file:
            file.write(data)

    with ThreadPoolExecutor(1) as pool, open(readable, "rb") as file:
        pool.submit(write)
        yield file


def through(source, function, **options):
    target = io.BytesIO()
    seen = []
    sizes = function(source, target, on_progress=seen.append, **options)
    assert sizes[1] == len(target.getvalue())
    assert seen == sorted(seen)
    assert seen[-1:] in ([sizes[0]], [])
    return target.getvalue()


def test_pipes_and_files_give_the_same():
    frame = through(io.BytesIO(DATA), compress_file)
    with piped(DATA) as source:
        assert through(source, compress_file) == frame
    with piped(frame) as source:
        assert through(source, decompress_file) == DATA


def test_any_number_of_frames():
    frames = [ansflow.compress(DATA[:size]) for size in (0, 10, 0, 5000, 300_000)]
    for count in range(1, len(frames) + 1):
        back = through(io.BytesIO(b"".join(frames[:count])), decompress_file)
        assert back == b"".join(ansflow.decompress(frame) for frame in frames[:count])
    many = ansflow.compress(b"x") * 5000
    assert through(io.BytesIO(many), decompress_file) == b"x" * 5000


def test_from_the_position_on():
    source = io.BytesIO(b"before" + DATA)
    source.seek(6)
    frame = through(source, compress_file)
    source = io.BytesIO(b"before" + frame)
    source.seek(6)
    assert through(source, decompress_file) == DATA
    source.seek(6)
    target = io.BytesIO()
    assert read_range(source, target, 1000, 500) == 500
    assert target.getvalue() == DATA[1000:1500]


@pytest.mark.parametrize("cut", [0, 1, 4, 30, 60, -1])
def test_cut_frames(cut):
    frame = ansflow.compress(DATA)
    with pytest.raises(ansflow.errors.TruncatedError):
        decompress_file(io.BytesIO(frame[:cut]), None)
    with pytest.raises(ansflow.errors.AnsflowError):
        decompress_file(io.BytesIO(frame + frame[: cut or 3]), None)


def peak(function, *arguments, **options):
    tracemalloc.start()
    function(*arguments, **options)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return used


def test_memory_is_bounded(tmp_path):
    """Whatever the size; also where a few bytes stand for very many."""
    path, frame = tmp_path / "zeros", tmp_path / "frame"
    with path.open("wb") as file:
        file.truncate(128 * MIB)
    with path.open("rb") as source, frame.open("wb") as target:
        assert peak(compress_file, source, target, threads=2) < 24 * MIB
    with frame.open("rb") as source:
        assert peak(decompress_file, source, Nowhere(), threads=2) < 24 * MIB
    with frame.open("rb") as source:
        assert peak(read_range, source, Nowhere(), 5, None, threads=2) < 24 * MIB
    with frame.open("rb") as source:
        assert peak(ansflow.describe, source) < 24 * MIB


def test_models_of_images():
    """By name, from a pipe or a file; what isn't whole images is coded without."""
    _, model = small_vaes.make_known("transferred", components=2, seed=1)
    content = naive_model.sample(model, 40) + b"more"
    options = {"model": "transferred", "chunk_size": 480}
    frame = through(io.BytesIO(content), compress_file, **options)
    with piped(content) as source:
        assert through(source, compress_file, **options) == frame
    assert ansflow.describe(io.BytesIO(frame))["frames"][0]["streams"]["modelled"] == 2
    with piped(frame) as source:
        assert through(source, decompress_file) == content
    target = io.BytesIO()
    read_range(io.BytesIO(frame), target, 470, 30)
    assert target.getvalue() == content[470:500]


def test_ranges_are_integers():
    frame = ansflow.compress(DATA)
    for kind in (np.uint8, np.int64, np.array):
        target = io.BytesIO()
        assert read_range(io.BytesIO(frame), target, kind(200), kind(100)) == 100
        assert target.getvalue() == DATA[200:300]
    for name, offset, size in [("offset", 1.0, 1), ("offset", True, 1), ("size", 1, 2.0)]:
        with pytest.raises(TypeError, match=f"{name} must be an integer"):
            read_range(io.BytesIO(frame), io.BytesIO(), offset, size)
    for name, offset, size in [("offset", -1, 1), ("size", 1, np.int8(-1))]:
        with pytest.raises(ValueError, match=f"{name} must be at least 0"):
            read_range(io.BytesIO(frame), io.BytesIO(), offset, size)
