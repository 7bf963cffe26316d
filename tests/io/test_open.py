"""A compressed file is read and written like any other: as `bz2`, `lzma` and `gzip` do it."""

import array
import csv
import gc
import hashlib
import io
import json
import os
import pickle
import resource
import shutil
import tarfile
import threading
import weakref
import zipfile
from contextlib import suppress

import numpy as np
import pytest

import ansflow
from ansflow.errors import AnsflowError, CorruptDataError, LimitError, TruncatedError
from ansflow.frame.constants import HEAD

LINES = [b"%d: %s\n" % (i, b"la " * (i % 7)) for i in range(400)]
TEXT = b"".join(LINES)
NOISE = np.random.default_rng(0).bytes(40_000)

# Frames of many blocks, with empty ones between.
MULTI = [TEXT[:1000], b"", b"", TEXT[1000:1001], TEXT[1001:], b""]
FILE = ansflow.compress(TEXT, chunk_size=500)
FILES = {
    "one frame": FILE,
    "one block": ansflow.compress(TEXT),
    "small blocks": ansflow.compress(TEXT, chunk_size=17),
    "several frames": b"".join(ansflow.compress(part, chunk_size=300) for part in MULTI),
}


class Unseekable(io.BytesIO):
    """As a pipe."""

    def seekable(self):
        return False

    def seek(self, *_):
        raise io.UnsupportedOperation("seek")

    def tell(self):
        raise io.UnsupportedOperation("tell")


WAYS = {"seekable": io.BytesIO, "pipe": Unseekable}


@pytest.fixture(params=FILES)
def blob(request):
    return FILES[request.param]


@pytest.fixture(params=WAYS)
def file(blob, request):
    with ansflow.open(WAYS[request.param](blob)) as file:
        yield file


def contents(path):
    with ansflow.open(path) as file:
        return file.read()


@pytest.fixture
def lasting_threads():
    """Tells the threads that came after the test began and are still there."""
    before = set(threading.enumerate())
    return lambda: set(threading.enumerate()) - before


# Reading


def test_read_all(file):
    assert file.read() == TEXT
    assert file.read() == b""


def test_read_none_and_negative_mean_all(file):
    assert file.read(0) == b""
    assert file.read(10) == TEXT[:10]
    assert file.read(None) == TEXT[10:]
    assert file.read(-1) == b""


@pytest.mark.parametrize("size", [1, 10, 500, 999, 10**6])
def test_read_in_pieces(file, size):
    pieces = list(iter(lambda: file.read(size), b""))
    assert b"".join(pieces) == TEXT
    assert {len(piece) for piece in pieces[:-1]} <= {size}


def test_read1(file):
    assert file.read1(0) == b""
    pieces = list(iter(lambda: file.read1(100), b""))
    assert b"".join(pieces) == TEXT
    assert max(map(len, pieces)) <= 100


def test_read1_of_any_size(file):
    assert b"".join(iter(file.read1, b"")) == TEXT


@pytest.mark.parametrize("method", ["readinto", "readinto1"])
def test_readinto(file, method):
    buffer, out = bytearray(333), b""
    while count := getattr(file, method)(buffer):
        out += buffer[:count]
    assert out == TEXT
    assert getattr(file, method)(bytearray()) == 0


def test_readinto_items_of_several_bytes(file):
    buffer = array.array("I", range(100))
    assert file.readinto(buffer) == 400
    assert buffer.tobytes() == TEXT[:400]
    matrix = np.zeros((5, 20), np.uint16)
    assert file.readinto(matrix) == 200
    assert matrix.tobytes() == TEXT[400:600]


def test_readinto_what_cannot_be_written(file):
    with pytest.raises(TypeError):
        file.readinto(b"constant")
    assert file.read(5) == TEXT[:5]


def test_peek(file):
    for _ in range(3):
        peeked = file.peek(10)
        assert peeked
        assert TEXT.startswith(peeked)
    assert file.read() == TEXT
    assert file.peek() == b""


def test_lines(file):
    assert file.readline() == LINES[0]
    assert file.readline(3) == LINES[1][:3]
    assert file.readline(0) == b""
    assert file.readline() == LINES[1][3:]
    assert next(file) == LINES[2]
    some = file.readlines(50)
    assert sum(map(len, some[:-1])) < 50 <= sum(map(len, some))
    assert some + file.readlines() == LINES[3:]
    assert file.readline() == b""


def test_iteration(file):
    assert list(file) == LINES


def test_iteration_after_other_reads(file):
    file.read(len(LINES[0]))
    file.peek(1)
    assert list(file) == LINES[1:]


def test_bad_sizes(file):
    for bad in ("1", 1.5, b""):
        with pytest.raises(TypeError):
            file.read(bad)
    with pytest.raises(ValueError):  # noqa: PT011
        file.read(-2)


def test_what_a_reader_cannot(file):
    with pytest.raises(io.UnsupportedOperation):
        file.write(b"")
    with pytest.raises(io.UnsupportedOperation):
        file.truncate()
    assert file.readable()
    assert not file.writable()
    assert not file.isatty()


def test_there_is_no_descriptor_from_which_content_could_be_read(tmp_path):
    """NumPy and others would read the compressed bytes from it."""
    path = tmp_path / "file"
    path.write_bytes(FILE)
    with ansflow.open(path) as file, pytest.raises(io.UnsupportedOperation):
        file.fileno()


def test_an_empty_file_is_cut_off(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(TruncatedError):
        ansflow.open(path)
    with pytest.raises(TruncatedError):
        ansflow.open(Unseekable()).read()


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        ansflow.open(tmp_path / "missing")


def test_frames_of_arrays_are_their_items():
    numbers = np.arange(1000, dtype=">u4").reshape(20, 50)
    with ansflow.open(io.BytesIO(ansflow.compress(numbers, chunk_size=77))) as file:
        assert np.array_equal(np.frombuffer(file.read(), ">u4"), numbers.ravel())


# Seeking


@pytest.fixture
def seekable(blob):
    with ansflow.open(io.BytesIO(blob)) as file:
        yield file


def test_seek(seekable):
    assert seekable.seekable()
    for at in (150, 3, len(TEXT) - 1, 0, 999, 1000, 1001):
        assert seekable.seek(at) == at
        assert seekable.tell() == at
        assert seekable.read(10) == TEXT[at : at + 10]


def test_seek_relative(seekable):
    seekable.read(1500)
    assert seekable.seek(-700, 1) == 800
    assert seekable.read(10) == TEXT[800:810]
    assert seekable.seek(300, os.SEEK_CUR) == 1110
    assert seekable.read(10) == TEXT[1110:1120]


def test_seek_from_the_end(seekable):
    assert seekable.seek(-150, os.SEEK_END) == len(TEXT) - 150
    assert seekable.read() == TEXT[-150:]
    assert seekable.seek(0, 2) == len(TEXT)
    assert seekable.read() == b""


def test_seek_past_the_end(seekable):
    for whence in (0, 2):
        at = seekable.seek(len(TEXT) + 150, whence)
        assert seekable.tell() == at
        assert seekable.read(1) == b""
        assert seekable.read() == b""
        assert seekable.readinto(bytearray(5)) == 0
    seekable.seek(2**62)
    assert seekable.read() == b""
    seekable.seek(0)
    assert seekable.read() == TEXT


def test_seek_before_the_beginning(seekable):
    seekable.read(10)
    for offset, whence in ((-1, 0), (-11, 1), (-len(TEXT) - 1, 2)):
        with pytest.raises((ValueError, OSError)):
            seekable.seek(offset, whence)
    assert seekable.read(10) == TEXT[10:20]


def test_bad_seeks(seekable):
    with pytest.raises(TypeError):
        seekable.seek()
    with pytest.raises(TypeError):
        seekable.seek("0")
    with pytest.raises(ValueError):  # noqa: PT011
        seekable.seek(0, 4)


def test_tell_follows_every_way_to_read(seekable):
    at = 0
    for call in (
        lambda: len(seekable.read(700)),
        lambda: len(seekable.read1(30)),
        lambda: len(seekable.readline()),
        lambda: seekable.readinto(bytearray(600)),
        lambda: 0 * len(seekable.peek()),
    ):
        at += call()
        assert seekable.tell() == at


def test_pipes_cannot_seek():
    with ansflow.open(Unseekable(FILE)) as file:
        assert not file.seekable()
        file.read(10)
        for call in (lambda: file.seek(0), lambda: file.seek(20), file.tell):
            with pytest.raises(io.UnsupportedOperation):
                call()
        assert file.read(10) == TEXT[10:20]


def test_only_what_is_read_is_decoded():
    """All other chunks are damaged; the first one has what's behind the header."""
    damaged = bytearray(ansflow.compress(NOISE, chunk_size=1000))
    step = HEAD.size + 2 + 1000
    first = damaged.index(NOISE[:1000])
    for chunk in range(40):
        if chunk != 17:
            damaged[first + chunk * step + 500] ^= 1
    with ansflow.open(io.BytesIO(damaged)) as file:
        file.seek(17_000)
        assert file.raw.readinto(memoryview(bytearray(1000))) == 1000
        with pytest.raises(CorruptDataError, match="chunk 18"):
            file.raw.readinto(memoryview(bytearray(1000)))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_damage_is_noticed_no_earlier_than_it_is_read(threads):
    """Also where threads decode what comes next: head and body of chunk 20 are damaged."""
    step = HEAD.size + 2 + 1000
    for place in (-20, 500):
        damaged = bytearray(ansflow.compress(NOISE, chunk_size=1000))
        damaged[damaged.index(NOISE[:1000]) + 20 * step + place] ^= 1
        with ansflow.open(io.BytesIO(damaged), threads=threads) as file:
            part = bytearray(100)
            for at in range(0, 20_000, 100):
                assert file.raw.readinto(memoryview(part)) == 100
                assert part == NOISE[at : at + 100]
            for _ in range(2):
                with pytest.raises(CorruptDataError, match="chunk 20"):
                    file.raw.readinto(memoryview(part))


# Files


def test_a_file_object_is_read_from_its_position():
    file = io.BytesIO(b"something else" + FILE + FILE)
    file.seek(len(b"something else"))
    with ansflow.open(file) as reader:
        assert reader.read() == TEXT + TEXT
        reader.seek(-10, 2)
        assert reader.read() == TEXT[-10:]
    assert not file.closed


def test_a_pipe_is_read_from_where_it_is():
    with ansflow.open(pipe := Unseekable(FILE + FILE)) as reader:
        assert reader.read() == TEXT + TEXT
    assert not pipe.closed


def test_others_may_move_the_position_of_the_file():
    file = io.BytesIO(FILE)
    with ansflow.open(file) as reader:
        parts = []
        for at in range(0, len(TEXT), 777):
            file.seek(at % 13)
            parts.append(reader.read(777))
        assert b"".join(parts) == TEXT


def test_file_objects_that_only_read():
    class Source:
        def __init__(self, blob):
            self.read = io.BytesIO(blob).read

    assert ansflow.open(Source(FILE)).read() == TEXT


def test_file_objects_that_only_write():
    class Target:
        def __init__(self):
            self.blob = b""

        def write(self, data):
            self.blob += data
            return len(data)

    target = Target()
    with ansflow.open(target, "w") as file:
        file.write(TEXT)
        file.flush()
    assert ansflow.decompress(target.blob) == TEXT


@pytest.mark.parametrize("buffering", [-1, 0])
def test_real_pipes(buffering):
    read, write = os.pipe()

    def feed():
        with open(write, "wb", buffering=0) as file:
            for at in range(0, len(FILE), 321):
                file.write(FILE[at : at + 321])

    thread = threading.Thread(target=feed)
    thread.start()
    with open(read, "rb", buffering=buffering) as pipe, ansflow.open(pipe) as file:
        assert file.read() == TEXT
    thread.join()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("buffering", [-1, 0])
def test_who_reads_a_pipe_gets_what_was_flushed_without_waiting(buffering, threads):
    read, write = os.pipe()
    with (
        open(read, "rb", buffering=buffering) as source,
        open(write, "wb") as target,
        ansflow.open(target, "w", threads=threads) as writer,
        ansflow.open(source, threads=threads) as reader,
    ):
        for line in LINES[:20]:
            writer.write(line)
            writer.flush()
            assert reader.readline() == line


def test_every_kind_of_path(tmp_path):
    path = tmp_path / "file.ans"
    for name in (path, str(path), os.fsencode(path)):
        with ansflow.open(name, "wb") as file:
            assert file.name == os.fspath(name)
            file.write(TEXT)
        with ansflow.open(name) as file:
            assert file.name == os.fspath(name)
            assert file.read() == TEXT


@pytest.mark.parametrize("file", [None, 5.5, 3, [], "".join, object()])
@pytest.mark.parametrize("mode", ["r", "w"])
def test_what_is_no_file(file, mode):
    with pytest.raises(TypeError):
        ansflow.open(file, mode)


@pytest.mark.parametrize(
    "mode", ["", "b", "t", "rw", "wr", "rb+", "r+", "U", "rU", "rbt", "xw", "wb ", "rr", "wbb", "z"]
)
def test_bad_modes(tmp_path, mode):
    with pytest.raises(ValueError, match="mode"):
        ansflow.open(tmp_path / "file", mode)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("rb", {"encoding": "utf-8"}),
        ("wb", {"newline": "\n"}),
        ("ab", {"errors": "strict"}),
        ("r", {"chunk_size": 100}),
        ("rt", {"metadata": {}}),
        ("w", {"chunk_size": 0}),
        ("w", {"threads": 0}),
        ("r", {"threads": 0}),
        ("w", {"order": 2}),
        ("wt", {"newline": "x"}),
    ],
)
def test_bad_arguments(tmp_path, mode, options):
    path = tmp_path / "file"
    path.write_bytes(FILE)
    with pytest.raises(ValueError):  # noqa: PT011
        ansflow.open(path, mode, **options)
    gc.collect()
    assert path.read_bytes() == FILE
    assert os.listdir(tmp_path) == ["file"]


def test_unknown_options_and_encodings(tmp_path):
    path = tmp_path / "file"
    with pytest.raises(TypeError):
        ansflow.open(path, "w", strength=9)
    with pytest.raises(LookupError):
        ansflow.open(path, "wt", encoding="no such")
    gc.collect()
    assert os.listdir(tmp_path) == []


# Being closed


def test_closing_a_reader(file):
    assert not file.closed
    file.read(10)
    file.close()
    file.close()
    assert file.closed
    for call in (
        *(file.read, file.read1, file.peek, file.readline, file.readlines, file.tell),
        *(file.seekable, file.readable, file.__enter__, file.__iter__, lambda: next(file)),
        *(lambda: file.readinto(bytearray(3)), lambda: file.seek(0), lambda: file.read(0)),
    ):
        with pytest.raises(ValueError):  # noqa: PT011
            call()


def test_closing_a_writer(tmp_path):
    file = ansflow.open(tmp_path / "file", "w")
    file.write(TEXT)
    assert not file.closed
    file.close()
    file.close()
    assert file.closed
    for call in (
        *(lambda: file.write(b""), lambda: file.writelines([b""]), file.flush, file.tell),
        *(file.writable, file.__enter__),
    ):
        with pytest.raises(ValueError, match="closed"):
            call()
    file.discard()
    assert contents(tmp_path / "file") == TEXT


def test_a_path_is_closed_with_the_reader(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(FILE)
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(3):
        with ansflow.open(path) as file:
            file.read(10)
        with pytest.raises(CorruptDataError), ansflow.open(path, limits=ansflow.Limits()) as file:
            raise CorruptDataError
    path.write_bytes(b"garbage")
    for _ in range(3):
        with pytest.raises(CorruptDataError):
            ansflow.open(path)
    if before:
        assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("way", WAYS.values())
def test_no_threads_are_left(way, lasting_threads):
    blob = ansflow.compress(NOISE * 200, threads=1)
    with ansflow.open(way(blob), threads=3) as file:
        for _ in range(30):
            assert len(file.read(100_000)) == 100_000
    assert not lasting_threads()
    with ansflow.open(io.BytesIO(), "w", threads=3) as file:
        file.write(NOISE * 100)
    assert not lasting_threads()


def test_no_threads_are_left_by_what_is_discarded(tmp_path, lasting_threads):
    with pytest.raises(ZeroDivisionError), ansflow.open(tmp_path / "file", "w", threads=3) as file:  # noqa: PT012
        file.write(NOISE * 100)
        raise ZeroDivisionError
    assert not lasting_threads()


@pytest.mark.parametrize("way", WAYS.values())
def test_readers_that_are_never_closed_are_freed(way, lasting_threads):
    file = ansflow.open(way(ansflow.compress(NOISE * 200, threads=1)), threads=2)
    file.read(5_000_000)
    gone = weakref.ref(file)
    del file
    gc.collect()
    assert gone() is None
    for thread in lasting_threads():
        thread.join(10)
    assert not lasting_threads()


def test_lines_while_the_file_is_collected():
    """An iterator keeps its file."""
    iterator = iter(ansflow.open(io.BytesIO(FILE)))
    gc.collect()
    assert list(iterator) == LINES


# Writing


@pytest.mark.parametrize("threads", [1, 2])
def test_write_and_read_back(tmp_path, threads):
    path = tmp_path / "file"
    with ansflow.open(path, "wb", threads=threads, chunk_size=1000) as file:
        assert file.write(NOISE) == len(NOISE)
        assert file.write(b"") == 0
        assert file.tell() == len(NOISE)
        file.writelines(LINES)
        assert file.tell() == len(NOISE) + len(TEXT)
        assert file.writable()
        assert not file.readable()
        assert not file.seekable()
        with pytest.raises(io.UnsupportedOperation):
            file.read()
        with pytest.raises(io.UnsupportedOperation):
            file.seek(0)
    assert contents(path) == NOISE + TEXT
    assert ansflow.decompress(path.read_bytes()) == NOISE + TEXT


BUFFERS = {
    "bytearray": bytearray(b"abc"),
    "array": array.array("d", [1.5, 2.5]),
    "memoryview": memoryview(b"abcdef")[1:4],
    "every other": memoryview(bytes(range(100)))[::2],
    "backwards": memoryview(array.array("i", range(10)))[::-1],
    "matrix": np.arange(12.0).reshape(3, 4),
    "fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "strided": np.arange(24, dtype=">u2").reshape(4, 6)[::2, ::3],
    "empty": np.empty((0, 3)),
    "structured": np.ones(3, [("a", "<i4"), ("b", "u1")]),
}


@pytest.mark.parametrize("name", BUFFERS)
def test_everything_with_a_buffer_can_be_written(name):
    """What counts is bytes, in the order of items."""
    data, expected = BUFFERS[name], memoryview(BUFFERS[name]).tobytes()
    out = io.BytesIO()
    with ansflow.open(out, "wb") as file:
        assert file.write(data) == len(expected)
    assert ansflow.decompress(out.getvalue()) == expected


@pytest.mark.parametrize("data", ["text", 5, None, [1, 2], np.array([object()])])
def test_what_cannot_be_written(data):
    out = io.BytesIO()
    with ansflow.open(out, "wb") as file:
        file.write(b"abc")
        with pytest.raises((TypeError, ValueError)):
            file.write(data)
        file.write(b"def")
    assert ansflow.decompress(out.getvalue()) == b"abcdef"


def test_buffers_may_change_after_they_were_written():
    buffer, expected, out = bytearray(300_000), [], io.BytesIO()
    with ansflow.open(out, "wb", threads=3) as file:
        for i in range(40):
            buffer[:] = bytes([i]) * 150_000 + NOISE[: 37_500 + i] * 4
            expected.append(bytes(buffer))
            assert file.write(buffer) == len(buffer)
            buffer[:] = bytes(len(buffer))  # no longer exported, either
    assert ansflow.decompress(out.getvalue()) == b"".join(expected)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_was_flushed_can_be_read(tmp_path, threads):
    path = tmp_path / "file"
    with open(path, "wb") as raw, ansflow.open(raw, "wb", threads=threads) as file:
        for lines in (LINES[:1], LINES[1:200], LINES[200:]):
            file.writelines(lines)
            file.flush()
            file.flush()
            so_far = b""
            with suppress(TruncatedError):
                for part in ansflow.iter_decompress([path.read_bytes()]):
                    so_far += part
            assert so_far == TEXT[: file.tell()]
    assert contents(path) == TEXT


def test_flushing_nothing_adds_nothing():
    sizes = set()
    for flushes in (0, 1, 5):
        out = io.BytesIO()
        with ansflow.open(out, "wb") as file:
            file.write(b"abc")
            for _ in range(flushes):
                file.flush()
        sizes.add(len(out.getvalue()))
    assert len(sizes) == 1


def test_append(tmp_path):
    path = tmp_path / "file"
    for part in MULTI:
        with ansflow.open(path, "a", chunk_size=300) as file:
            file.write(part)
    assert contents(path) == TEXT
    with pytest.raises(ZeroDivisionError), ansflow.open(path, "ab") as file:  # noqa: PT012
        file.write(NOISE)
        raise ZeroDivisionError
    assert contents(path) == TEXT


def test_exclusive(tmp_path):
    path = tmp_path / "file"
    with ansflow.open(path, "xb") as file:
        file.write(TEXT)
    for mode in ("x", "xb", "xt"):
        with pytest.raises(FileExistsError):
            ansflow.open(path, mode)
    assert contents(path) == TEXT


@pytest.mark.parametrize("mode", ["w", "a", "wt"])
def test_an_exception_leaves_the_old_file(tmp_path, mode):
    path = tmp_path / "file"
    path.write_bytes(FILE)
    with pytest.raises(ZeroDivisionError), ansflow.open(path, mode) as file:  # noqa: PT012
        file.write("new" if mode == "wt" else b"new")
        file.flush()
        raise ZeroDivisionError
    assert file.closed
    assert contents(path) == TEXT
    assert os.listdir(tmp_path) == ["file"]


def test_discard(tmp_path):
    file = ansflow.open(tmp_path / "file", "w")
    file.write(TEXT)
    file.discard()
    file.discard()
    assert file.closed
    assert os.listdir(tmp_path) == []


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize("mode", ["w", "a", "x", "wt"])
def test_what_is_never_closed_is_discarded_with_a_warning(tmp_path, mode):
    file = ansflow.open(tmp_path / "file", mode)
    file.write("text" if mode == "wt" else b"bytes")
    with pytest.warns(ResourceWarning, match="never closed"):  # noqa: PT031
        del file
        gc.collect()
    assert os.listdir(tmp_path) == []


@pytest.mark.filterwarnings("always")
def test_nothing_is_said_of_what_was_never_opened(tmp_path, recwarn):
    for path, mode, options in (
        (tmp_path / "no" / "file", "w", {}),
        (tmp_path, "x", {}),
        (5, "w", {}),
        (tmp_path / "file", "w", {"order": 7}),
    ):
        with pytest.raises((OSError, TypeError, ValueError)):
            ansflow.open(path, mode, **options)
    gc.collect()
    assert list(recwarn) == []


@pytest.mark.parametrize("call", ["write", "flush"])
def test_what_could_not_be_written_never_replaces_a_file(tmp_path, call):
    """Also if the error is caught, and there is room again when the file is closed."""
    path = tmp_path / "file"
    path.write_bytes(FILE)
    file = ansflow.open(path, "w", chunk_size=1000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(OSError, match="large"):  # noqa: PT012
            for _ in range(10):
                file.write(NOISE * (50 if call == "write" else 1))
                if call == "flush":
                    file.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises((OSError, ValueError)):
        file.close()
    assert file.closed
    assert path.read_bytes() == FILE
    assert os.listdir(tmp_path) == ["file"]


class Full(io.BytesIO):
    """Has room for so many bytes."""

    room = 0

    def write(self, data):
        if self.tell() + len(data) > self.room:
            raise OSError(28, "no space")
        return super().write(data)


@pytest.mark.parametrize("room", [0, 10, 60, 100, 5000])
def test_errors_of_the_file_are_raised(room):
    target = Full()
    target.room = room
    with pytest.raises(OSError, match="space"), ansflow.open(target, "w", chunk_size=500) as file:
        file.write(NOISE)
    assert file.closed


def test_the_error_that_leaves_a_block_is_the_one_that_happened_in_it():
    target = Full()
    target.room = 100
    with pytest.raises(ZeroDivisionError), ansflow.open(target, "w") as file:  # noqa: PT012
        file.write(b"abc")
        raise ZeroDivisionError


@pytest.mark.parametrize("threads", [1, 2])
def test_metadata(tmp_path, threads):
    path = tmp_path / "file"
    told = {"unit": "µm", "list": [1, 2.5, None, True], "nested": {"": ""}}
    with ansflow.open(path, "w", metadata=told, threads=threads) as file:
        file.write(TEXT)
    with ansflow.open(path, "a", metadata={"other": 1}) as file:
        file.write(TEXT)
    with ansflow.open(path) as file:
        assert file.metadata == told
    with ansflow.open(Unseekable(path.read_bytes()), threads=threads) as file:
        assert file.metadata == {}
        assert file.read() == TEXT + TEXT
        assert file.metadata == told


# Damage

SMALL = ansflow.compress(TEXT[:600], chunk_size=200) + ansflow.compress(TEXT[600:700])


def read_in_pieces(file, size):
    return b"".join(iter(lambda: file.read(size), b""))


@pytest.mark.parametrize("way", WAYS.values())
def test_cut_anywhere(way):
    """The first frame alone is a file, too."""
    whole = len(ansflow.compress(TEXT[:600], chunk_size=200))
    for end in range(len(SMALL)):
        if end == whole:
            continue
        with pytest.raises(TruncatedError), ansflow.open(way(SMALL[:end])) as file:
            read_in_pieces(file, 50)


@pytest.mark.parametrize("way", WAYS.values())
@pytest.mark.parametrize("rest", [b"\0", bytes(100), b"trailing garbage", SMALL[1:], b"\x89ANT"])
def test_garbage_behind(way, rest):
    with pytest.raises(CorruptDataError), ansflow.open(way(SMALL + rest)) as file:
        read_in_pieces(file, 50)


@pytest.mark.parametrize("way", WAYS.values())
def test_every_flipped_bit(way):
    """Nothing wrong is ever read; some of the bits of every byte."""
    expected = ansflow.decompress(SMALL)
    for bit in range(0, 8 * len(SMALL), 3):
        blob = bytearray(SMALL)
        blob[bit // 8] ^= 1 << bit % 8
        out = b""
        with suppress(AnsflowError), ansflow.open(way(blob), threads=1) as file:
            while part := file.read(50):
                out += part
            pytest.fail(f"bit {bit} wasn't noticed")
        assert expected.startswith(out)


@pytest.mark.parametrize("way", WAYS.values())
@pytest.mark.parametrize("threads", [1, 2])
def test_damage_is_no_end_of_the_file(way, threads):
    """Whoever catches the error and reads on isn't told that all was read."""
    blob = bytearray(ansflow.compress(NOISE, chunk_size=1000))
    blob[blob.index(NOISE[:1000]) + 500] ^= 1
    with ansflow.open(way(blob), threads=threads) as file:
        for call in (file.read, lambda: file.read(10), lambda: file.read1(5), file.readline) * 2:
            with pytest.raises(CorruptDataError):
                call()


@pytest.mark.parametrize("way", WAYS.values())
def test_limits(way):
    for output in (len(TEXT) - 1, 0):
        with (
            pytest.raises(LimitError),
            ansflow.open(way(FILE), limits=ansflow.Limits(max_output=output)) as file,
        ):
            file.read()
    with ansflow.open(way(FILE), limits=ansflow.Limits(max_output=len(TEXT))) as file:
        assert file.read() == TEXT


@pytest.mark.parametrize("way", WAYS.values())
def test_limits_are_those_of_all_frames(way):
    blob = ansflow.compress(TEXT) * 3
    with ansflow.open(way(blob), limits=ansflow.Limits(max_output=3 * len(TEXT))) as file:
        assert file.read() == TEXT * 3
    limits = ansflow.Limits(max_output=3 * len(TEXT) - 1)
    with pytest.raises(LimitError), ansflow.open(way(blob), limits=limits) as file:
        file.read()


# Friends


def test_copyfileobj(tmp_path):
    path = tmp_path / "file"
    with ansflow.open(path, "w") as target:
        shutil.copyfileobj(io.BytesIO(TEXT * 50), target)
    with ansflow.open(path) as source:
        shutil.copyfileobj(source, target := io.BytesIO(), 1000)
    assert target.getvalue() == TEXT * 50


def test_pickle(tmp_path):
    path = tmp_path / "file"
    data = [{"a": list(range(1000))}, np.arange(100.0), "text"]
    with ansflow.open(path, "w") as file:
        for item in data:
            pickle.dump(item, file, protocol=5)
    with ansflow.open(path) as file:
        assert pickle.load(file) == data[0]
        assert np.array_equal(pickle.load(file), data[1])
        assert pickle.load(file) == data[2]
        with pytest.raises(EOFError):
            pickle.load(file)


def test_numpy(tmp_path):
    path, numbers = tmp_path / "file", np.random.default_rng(0).normal(size=(100, 30))
    with ansflow.open(path, "w") as file:
        np.save(file, numbers)
        np.save(file, numbers.T)
    with ansflow.open(path) as file:
        assert np.array_equal(np.load(file), numbers)
        assert np.array_equal(np.load(file), numbers.T)
    with ansflow.open(path, "w") as file:
        np.savez(file, a=numbers, b=numbers.T)
    with ansflow.open(path) as file, np.load(file) as saved:
        assert np.array_equal(saved["b"], numbers.T)
    with ansflow.open(path, "w") as file:
        file.write(numbers)
    with ansflow.open(path) as file:
        assert np.array_equal(np.frombuffer(file.read()), numbers.ravel())


def test_numpy_text(tmp_path):
    path = tmp_path / "file"
    with ansflow.open(path, "wt", encoding="ascii") as file:
        np.savetxt(file, np.eye(3))
    with ansflow.open(path, "rt", encoding="ascii") as file:
        assert np.array_equal(np.loadtxt(file), np.eye(3))
    with ansflow.open(path) as file:
        assert np.array_equal(np.loadtxt(file), np.eye(3))


def test_csv_and_json(tmp_path):
    path, rows = tmp_path / "file", [["a", "ü,\n"], ["1", '"2"']] * 300
    with ansflow.open(path, "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    with ansflow.open(path, "rt", encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == rows
    with ansflow.open(path, "wt", encoding="utf-8") as file:
        json.dump(rows, file)
    with ansflow.open(path, "rt", encoding="utf-8") as file:
        assert json.load(file) == rows
    with ansflow.open(path) as file:
        assert json.load(file) == rows


@pytest.mark.parametrize("way", ["", "|"])
def test_tarfile(tmp_path, way):
    path, source = tmp_path / "file", tmp_path / "source"
    source.write_bytes(TEXT)
    with (
        ansflow.open(path, "w") as file,
        tarfile.open(fileobj=file, mode=f"w{way}", format=tarfile.PAX_FORMAT) as tar,
    ):
        tar.add(source, "first")
        tar.add(source, "second")
    with ansflow.open(path) as file, tarfile.open(fileobj=file, mode=f"r{way}") as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar}
    assert found == {"first": TEXT, "second": TEXT}
    with ansflow.open(path) as file, tarfile.open(fileobj=file, mode=f"r{way or ':'}") as tar:
        assert [member.name for member in tar] == ["first", "second"]


def test_zipfile(tmp_path):
    path = tmp_path / "file"
    with ansflow.open(path, "w") as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr("first", TEXT)
        archive.writestr("second", NOISE)
    with ansflow.open(path) as file, zipfile.ZipFile(file) as archive:
        assert archive.read("second") == NOISE
        assert archive.read("first") == TEXT


def test_file_digest():
    with ansflow.open(io.BytesIO(FILE)) as file:
        digest = hashlib.file_digest(file, "sha256")
    assert digest.digest() == hashlib.sha256(TEXT).digest()


def test_files_in_files():
    """What is compressed twice is read twice."""
    inner = io.BytesIO()
    with ansflow.open(inner, "w") as outer, ansflow.open(outer, "w") as file:
        file.write(NOISE)
    inner.seek(0)
    with ansflow.open(inner) as outer, ansflow.open(outer) as file:
        file.seek(-100, 2)
        assert file.read() == NOISE[-100:]


def test_pandas(tmp_path):
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "file"
    table = pandas.DataFrame({"a": range(1000), "b": ["ü", "x"] * 500})
    with ansflow.open(path, "wt", encoding="utf-8", newline="") as file:
        table.to_csv(file, index=False)
    with ansflow.open(path) as file:
        assert pandas.read_csv(file).equals(table)
    with ansflow.open(path, "rt", encoding="utf-8") as file:
        assert pandas.read_csv(file).equals(table)
    with ansflow.open(Unseekable(path.read_bytes())) as file:
        assert pandas.read_csv(file).equals(table)
