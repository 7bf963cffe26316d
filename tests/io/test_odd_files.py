"""What uses files works with odd ones: short reads and writes, other buffers, no answers."""

import io
import os
import threading

import numpy as np
import pytest

import ansflow
from ansflow.errors import TruncatedError
from ansflow.inspect.description import describe
from ansflow.io.transfer import compress_file, decompress_file, read_range

DATA = np.random.default_rng(0).geometric(0.2, 150_000).astype(np.uint8)
ARRAY = DATA.reshape(-1, 100)
FRAME = ansflow.compress(DATA.tobytes(), chunk_size=20_000)
ARRAY_FRAME = ansflow.compress(ARRAY, chunk_size=20_000)


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


# Files to read from


class Short(io.BytesIO):
    """As a raw file may, it never gives more than 999 bytes at once; nor does `read1`."""

    def read(self, size=-1):
        return super().read(999 if size < 0 else min(size, 999))

    read1 = read


class OneByte(Short):
    """What is asked for in small pieces comes in smaller ones."""

    def read(self, size=-1):
        return super().read(1 if 0 <= size < 100 else size)

    read1 = read


class ShortRaw(io.RawIOBase):
    """A raw file that can seek."""

    def __init__(self, data):
        self._file = io.BytesIO(data)
        self.seek, self.tell = self._file.seek, self._file.tell

    def readable(self):
        return True

    def seekable(self):
        return True

    def readinto(self, buffer):
        return self._file.readinto(memoryview(buffer)[:999])


class ByteArrays(io.BytesIO):
    def read(self, size=-1):
        return bytearray(super().read(size))

    read1 = read


class Views(io.BytesIO):
    """Gives views of one buffer that it uses again."""

    def read(self, size=-1):
        data = super().read(size)
        if len(data) > len(getattr(self, "room", b"")):
            self.room = bytearray(len(data))
        self.room = getattr(self, "room", bytearray())
        view = memoryview(self.room)[: len(data)]
        view[:] = data
        return view

    read1 = read


class OldSeek(io.BytesIO):
    def seek(self, at, whence=0):
        super().seek(at, whence)


class Delegate:
    """Only what is needed, and no `io` class."""

    def __init__(self, data):
        self._file = io.BytesIO(data)
        for name in ("read", "seek", "tell", "seekable"):
            setattr(self, name, getattr(self._file, name))


class Liar(io.BytesIO):
    """Says that it can seek."""

    def seek(self, at, whence=0):
        raise io.UnsupportedOperation("seek")


class OnlyRead:
    def __init__(self, data):
        self.read = io.BytesIO(data).read


SEEKABLE = [Short, OneByte, ShortRaw, ByteArrays, Views, OldSeek, Delegate]
ANY = [*SEEKABLE, Liar, OnlyRead]


def through(function, source, *arguments):
    target = io.BytesIO()
    function(source, target, *arguments)
    return target.getvalue()


@pytest.mark.parametrize("kind", ANY)
def test_whole_files(kind):
    assert ansflow.open(kind(FRAME)).read() == DATA.tobytes()
    assert through(decompress_file, kind(FRAME)) == DATA.tobytes()
    assert ansflow.decompress(through(compress_file, kind(DATA.tobytes()))) == DATA.tobytes()


@pytest.mark.parametrize("kind", SEEKABLE)
def test_parts_of_files(kind):
    reader = ansflow.open(kind(FRAME))
    reader.seek(70_000)
    assert reader.read(50_000) == DATA[70_000:120_000].tobytes()
    with ansflow.ArrayReader(kind(ARRAY_FRAME)) as array:
        np.testing.assert_array_equal(array[900:300:-7], ARRAY[900:300:-7])
    assert describe(kind(FRAME)) == describe(io.BytesIO(FRAME))
    assert through(read_range, kind(FRAME), 19_990, 30) == DATA[19_990:20_020].tobytes()
    blob = through(compress_file, kind(npy(ARRAY)))
    assert ansflow.decompress(blob).shape == ARRAY.shape
    assert through(decompress_file, kind(blob)) == npy(ARRAY)


@pytest.mark.parametrize("kind", [Liar, OnlyRead])
def test_what_takes_seeking_says_so(kind):
    for use in (ansflow.ArrayReader, describe, lambda file: read_range(file, io.BytesIO(), 0, 1)):
        with pytest.raises(io.UnsupportedOperation, match=f"{kind.__name__} cannot seek"):
            use(kind(ARRAY_FRAME))
    # What isn't known to be all of a .npy file is bytes.
    assert ansflow.decompress(through(compress_file, kind(npy(ARRAY)))) == npy(ARRAY)


@pytest.mark.parametrize("size", [0, 1, 30, 31, 60, len(FRAME) // 2])
def test_a_file_that_shrinks_is_cut_off(size):
    file = io.BytesIO(FRAME)
    reader = ansflow.open(file)
    file.truncate(size)
    with pytest.raises(TruncatedError, match="shorter"):
        reader.read()


@pytest.mark.parametrize("size", range(0, 64, 7))
def test_a_file_that_is_shorter_than_it_says_is_cut_off(size):
    """Not a bare error of `struct`: its end was measured before it shrank."""

    class Shrinking(io.BytesIO):
        def seek(self, at, whence=0):
            place = super().seek(at, whence)
            if whence == 2:
                self.truncate(size)
            return place

    for use in (ansflow.open, ansflow.ArrayReader, describe):
        with pytest.raises(TruncatedError):
            use(Shrinking(ARRAY_FRAME))


def test_what_a_file_grows_by_later_is_not_read():
    file = io.BytesIO(FRAME)
    reader = ansflow.open(file)
    file.seek(0, 2)
    file.write(b"garbage" * 100)
    assert reader.read() == DATA.tobytes()


def test_a_position_behind_the_end_is_an_empty_file():
    file = io.BytesIO(FRAME)
    for use in (ansflow.open, ansflow.ArrayReader, describe):
        file.seek(len(FRAME) + 10)
        with pytest.raises(TruncatedError):
            use(file)


# Nothing yet


@pytest.mark.parametrize("buffering", [0, -1])
@pytest.mark.parametrize("source", [FRAME, DATA.tobytes()], ids=["frame", "data"])
def test_pipes_that_do_not_block(buffering, source):
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    begun = threading.Event()

    def write():
        begun.wait()
        with open(theirs, "wb", buffering=0) as file:
            for at in range(0, len(source), 20_000):
                file.write(source[at : at + 20_000])

    thread = threading.Thread(target=write)
    thread.start()
    with open(ours, "rb", buffering=buffering) as file:
        if source is FRAME:
            reader = ansflow.open(file)
            begun.set()
            assert reader.read() == DATA.tobytes()
        else:
            begun.set()
            assert ansflow.decompress(through(compress_file, file)) == source
    thread.join()


class NothingYet(io.RawIOBase):
    """Gives some bytes, then says once or again and again that there is nothing yet."""

    def __init__(self, data, first):
        self._parts = [data[:first], None, None, data[first:]]

    def readable(self):
        return True

    def readinto(self, buffer):
        part = self._parts.pop(0) if self._parts else b""
        if part is None:
            return None
        size = min(len(part), len(buffer))
        buffer[:size] = part[:size]
        if part[size:]:
            self._parts.insert(0, part[size:])
        return size


@pytest.mark.parametrize("first", [1, 10, 1000, len(FRAME)])
@pytest.mark.parametrize("wrap", [io.BufferedReader, lambda raw: raw])
@pytest.mark.parametrize(
    "use",
    [
        lambda file: ansflow.open(file).read(),
        lambda file: through(decompress_file, file),
        lambda file: through(compress_file, file),
    ],
)
def test_nothing_yet_is_never_the_end(first, wrap, use):
    with pytest.raises(BlockingIOError):
        use(wrap(NothingYet(FRAME, first)))


# Files to write to


class Target:
    """Takes what it likes; `got` is what it took."""

    def __init__(self):
        self.got = b""

    def write(self, data):
        self.got += bytes(data)
        return len(data)


class ShortTarget(Target):
    def write(self, data):
        return super().write(data[:777])


class NumPyCounts(Target):
    def write(self, data):
        return np.int64(super().write(data[:30_000]))


class NoCounts(Target):
    def write(self, data):
        super().write(data)


class RawShort(ShortTarget, io.RawIOBase):
    pass


def write_with_open(target):
    with ansflow.open(target, "w", chunk_size=20_000) as file:
        file.write(DATA)


def write_text(target):
    with ansflow.open(target, "wt", encoding="latin-1", chunk_size=20_000) as file:
        file.write(DATA.tobytes().decode("latin-1"))


def write_array(target):
    with ansflow.ArrayWriter(target, np.uint8, chunk_size=20_000) as writer:
        writer.append(DATA)


def write_compressed(target):
    compress_file(io.BytesIO(DATA.tobytes()), target, chunk_size=20_000)


def write_decompressed(target):
    decompress_file(io.BytesIO(FRAME), target)


def write_range(target):
    read_range(io.BytesIO(FRAME), target, 0, None)


def write_npy(target):
    decompress_file(io.BytesIO(through(compress_file, io.BytesIO(npy(DATA)))), target)


def write_fortran(target):
    decompress_file(io.BytesIO(ansflow.compress(np.asfortranarray(ARRAY))), target)


WRITERS = [
    write_with_open,
    write_text,
    write_array,
    write_compressed,
    write_decompressed,
    write_range,
    write_npy,
    write_fortran,
]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("kind", [ShortTarget, NumPyCounts, NoCounts, RawShort])
def test_all_is_written(write, kind):
    expected, target = Target(), kind()
    write(expected)
    write(target)
    assert len(expected.got) > 10_000
    assert target.got == expected.got


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(
    ("count", "error"), [(0, BlockingIOError), (-1, OSError), (1 << 40, OSError), (1.5, TypeError)]
)
def test_counts_that_cannot_be_end_it(write, count, error):
    target = Target()
    target.write = lambda data: count
    with pytest.raises(error):
        write(target)


@pytest.mark.parametrize("write", WRITERS)
def test_a_raw_file_that_takes_nothing_ends_it(write):
    target = RawShort()
    target.write = lambda data: None
    with pytest.raises(BlockingIOError):
        write(target)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("buffering", [0, -1])
def test_pipes_that_take_little_are_waited_for(write, buffering):
    expected = Target()
    write(expected)
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    got = []

    def read():
        with open(ours, "rb") as file:
            got.append(file.read())

    thread = threading.Thread(target=read)
    thread.start()
    with open(theirs, "wb", buffering=buffering) as file:
        write(file)
        os.set_blocking(theirs, True)  # for what is in the buffer still
    thread.join()
    assert got == [expected.got]


# Text


def test_files_of_text_are_refused(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(FRAME)
    with open(path) as file:
        for use in (ansflow.open, ansflow.ArrayReader, describe):
            with pytest.raises(TypeError, match="binary"):
                use(file)
        for use in (compress_file, decompress_file):
            with pytest.raises(TypeError, match="binary"):
                through(use, file)
    with open(path, "w") as file:
        for use in (ansflow.open, lambda f, m: ansflow.ArrayWriter(f, "u1", mode=m)):
            with pytest.raises(TypeError, match="binary"):
                use(file, "w")
        for use, blob in ((compress_file, b"data"), (decompress_file, FRAME)):
            with pytest.raises(TypeError, match="binary"):
                use(io.BytesIO(blob), file)
    ours, theirs = os.pipe()
    os.write(theirs, FRAME[:1000])
    os.close(theirs)
    with open(ours) as file, pytest.raises(TypeError, match="binary"):
        ansflow.open(file).read()
    for source in (io.StringIO("text"), OnlyRead(b"")):
        source.read = lambda size: "text"
        with pytest.raises(TypeError, match="binary"):
            ansflow.open(source).read()
