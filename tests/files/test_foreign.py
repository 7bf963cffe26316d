"""Files of others give and take what they like in a call; nothing is lost or taken for the end."""

import io
import os
import socket
import sys
import threading

import numpy as np
import pytest

from ansflow.errors import TruncatedError
from ansflow.files.foreign import (
    can_overwrite,
    can_seek,
    end_of,
    flush_all,
    read_exactly,
    read_some,
    read_up_to,
    write_all,
)

DATA = bytes(range(256)) * 300


class Scripted:
    """Gives what is in a list, one after the other; then nothing. No descriptor."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def read(self, size):
        answer = self.answers.pop(0) if self.answers else b""
        if isinstance(answer, Exception):
            raise answer
        return answer


class ScriptedRaw(io.RawIOBase):
    """The same as a raw file, for `io.BufferedReader`."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def readable(self):
        return True

    def readinto(self, buffer):
        answer = self.answers.pop(0) if self.answers else b""
        if answer is None:
            return None
        buffer[: len(answer)] = answer
        return len(answer)


class ShortReads(io.BytesIO):
    """As a raw file may: never more than seven bytes at once."""

    def read(self, size=-1):
        return super().read(min(size, 7) if size >= 0 else 7)


def all_of(file, size=1000):
    return b"".join(iter(lambda: read_some(file, size), b""))


def late_writer(descriptor, pieces):
    """Writes each piece after the reader has begun to wait, so far as can be arranged."""

    def write():
        for piece in pieces:
            while piece:
                piece = piece[os.write(descriptor, piece) :]
        os.close(descriptor)

    timer = threading.Timer(0.02, write)
    timer.start()
    return timer


OPENERS = {
    "raw": lambda fd: os.fdopen(fd, "rb", buffering=0),
    "buffered": lambda fd: os.fdopen(fd, "rb"),
    "no read1": lambda fd: OnlyRead(os.fdopen(fd, "rb", buffering=0)),
    "empty for nothing yet": lambda fd: EmptyForNone(os.fdopen(fd, "rb", buffering=0)),
    "raising": lambda fd: Raising(os.fdopen(fd, "rb", buffering=0)),
}


class OnlyRead:
    def __init__(self, file):
        self.file, self.fileno = file, file.fileno

    def read(self, size):
        return self.file.read(size)


class EmptyForNone(OnlyRead):
    def read(self, size):
        return self.file.read(size) or b""


class Raising(OnlyRead):
    def read(self, size):
        return os.read(self.fileno(), size)


@pytest.mark.parametrize("opener", OPENERS.values(), ids=OPENERS)
@pytest.mark.parametrize("read", [all_of, lambda f: read_up_to(f, len(DATA) + 1)])
def test_what_is_not_there_yet_is_waited_for(opener, read):
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    file = opener(ours)
    timer = late_writer(theirs, [DATA[:5000], DATA[5000:]])
    try:
        assert read(file) == DATA
    finally:
        timer.join()
        getattr(file, "file", file).close()


@pytest.mark.parametrize("buffering", [0, -1])
def test_sockets_that_do_not_block_are_waited_for(buffering):
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, ours.makefile("rb", buffering=buffering) as file:
        timer = late_writer(os.dup(theirs.fileno()), [DATA])
        theirs.close()
        assert all_of(file) == DATA
        timer.join()


def test_a_socket_gives_what_there_is():
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as file:
        ours.settimeout(30)  # which makes it one that doesn't block, to the system
        theirs.sendall(b"hello")
        assert read_some(file, 1000) == b"hello"


@pytest.mark.parametrize("nothing", [None, BlockingIOError()])
def test_nothing_yet_without_a_descriptor_is_an_error(nothing):
    for read in (read_some, read_up_to):
        with pytest.raises(BlockingIOError, match="returns no data at the moment"):
            read(Scripted(nothing, b"more"), 10)
    with pytest.raises(BlockingIOError, match="returns no data at the moment"):
        read_up_to(Scripted(b"some", nothing, b"more"), 10)


def test_a_buffer_over_nothing_yet_is_not_at_its_end():
    file = io.BufferedReader(ScriptedRaw(b"some", None, None, b"more"))
    assert read_some(file, 4) == b"some"
    with pytest.raises(BlockingIOError):
        read_some(file, 4)
    assert all_of(file) == b"more"


def test_a_descriptor_that_is_ready_and_gives_nothing_for_ever_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr("ansflow.files.foreign.BETWEEN_TRIES", 0)
    (tmp_path / "file").write_bytes(DATA)
    with open(tmp_path / "file", "rb") as there:
        file = Scripted(*[None] * 1000)
        file.fileno = there.fileno
        with pytest.raises(BlockingIOError):
            read_some(file, 10)


def test_short_reads_are_put_together():
    assert read_up_to(ShortReads(DATA), 5000) == DATA[:5000]
    assert read_up_to(ShortReads(DATA), len(DATA) + 10) == DATA
    assert read_up_to(ShortReads(DATA), 0) == b""
    assert read_exactly(ShortReads(DATA), 5000) == DATA[:5000]
    with pytest.raises(TruncatedError):
        read_exactly(ShortReads(DATA), len(DATA) + 1)


@pytest.mark.parametrize(
    "kind", [bytearray, memoryview, lambda d: np.frombuffer(d, np.uint8), lambda d: memoryview(d)]
)
def test_any_buffer_is_read_as_bytes(kind):
    assert read_up_to(Scripted(kind(b"abc"), kind(b"def")), 6) == b"abcdef"
    assert read_some(Scripted(memoryview(b"abcdefgh").cast("I")), 8) == b"abcdefgh"
    assert read_some(Scripted(kind(b"")), 8) == b""


@pytest.mark.parametrize(
    ("answer", "message"),
    [("text", "binary mode"), (5, "not bytes"), ([1, 2], "not bytes"), (object(), "not bytes")],
)
def test_what_is_not_bytes_is_refused(answer, message):
    with pytest.raises(TypeError, match=message):
        read_some(Scripted(answer), 100)


def test_more_than_asked_for_is_refused():
    with pytest.raises(OSError, match="returned 5 bytes"):
        read_some(Scripted(b"12345"), 4)


class Taker:
    """Answers `write` from a list, the last answer again and again."""

    def __init__(self, *answers):
        self.answers, self.got = list(answers), b""

    def write(self, data):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        self.got += bytes(data[: len(data) if answer is None else answer])
        return answer


class RawTaker(Taker, io.RawIOBase):
    pass


def test_short_writes_are_gone_on_with():
    for data in (b"0123456789", bytearray(b"0123456789"), np.frombuffer(b"0123456789", "u1")):
        file = Taker(3, 1, 2)
        write_all(file, data)
        assert file.got == b"0123456789"
    file = Taker(3, 5)
    write_all(file, np.arange(2, dtype="<u4"))
    assert file.got == np.arange(2, dtype="<u4").tobytes()


def test_nothing_is_written_of_nothing():
    for data in (b"", np.empty((0, 3)), memoryview(b"")):
        write_all(Taker(OSError("was called")), data)


def test_none_is_everything_but_of_raw_files():
    file = Taker(None)
    write_all(file, b"0123")
    assert file.got == b"0123"
    with pytest.raises(BlockingIOError, match="accepts no data at the moment"):
        write_all(RawTaker(None), b"0123")


@pytest.mark.parametrize("kind", [Taker, RawTaker])
@pytest.mark.parametrize("answers", [(0,), (2, 0), (BlockingIOError(),), (np.int64(0),)])
def test_a_file_that_takes_nothing_ends_it(kind, answers):
    with pytest.raises(BlockingIOError, match="accepts no data at the moment"):
        write_all(kind(*answers), b"0123")


@pytest.mark.parametrize("count", [-1, 5, 1 << 70, np.int8(-3)])
def test_impossible_counts_are_errors(count):
    with pytest.raises(OSError, match=r"Taker\.write returned must be 0 to 4"):
        write_all(Taker(count), b"0123")


@pytest.mark.parametrize("count", [2.0, True, "4", b"4", (4,)])
def test_counts_are_integers(count):
    file = Taker(0)
    file.write = lambda data: count
    with pytest.raises(TypeError, match="must be an integer"):
        write_all(file, b"0123")


def test_counts_of_numpy_are_counts():
    file = Taker(np.uint8(3), np.int64(1))
    write_all(file, b"01234567")
    assert file.got == b"01234567"


def test_what_a_buffer_had_room_for_is_not_written_twice():
    ours, theirs = os.pipe()
    for end in (ours, theirs):
        os.set_blocking(end, False)
    data = DATA * 4  # more than a pipe holds
    got = []
    with open(ours, "rb") as source, open(theirs, "wb") as target:
        reader = threading.Thread(target=lambda: got.append(all_of(source)))
        reader.start()
        for begin in range(0, len(data), 50_000):
            write_all(target, data[begin : begin + 50_000])
        flush_all(target)
        target.close()
        reader.join()
    assert got == [data]


def test_none_for_a_descriptor_that_does_not_block_is_ambiguous():
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    file = Taker(None)
    file.fileno = lambda: theirs
    with pytest.raises(OSError, match="number of bytes written is unknown"):
        write_all(file, b"0123")
    os.close(ours)
    os.close(theirs)


class Liar(io.BytesIO):
    def seek(self, at, whence=0):
        raise io.UnsupportedOperation("seek")


class OldSeek(io.BytesIO):
    def seek(self, at, whence=0):
        super().seek(at, whence)


def test_who_can_seek():
    assert can_seek(io.BytesIO())
    assert can_seek(OldSeek())
    assert not can_seek(Liar())
    assert not can_seek(Scripted())
    assert end_of(OldSeek(DATA)) == len(DATA)


@pytest.fixture
def some_file(tmp_path):
    """A file whose descriptor is always ready."""
    with open(tmp_path / "some file", "w+b") as file:
        yield file


@pytest.mark.parametrize("answers", [(0,), (2, 0), (BlockingIOError(),)])
def test_a_descriptor_that_is_ready_and_takes_nothing_for_ever(answers, some_file, monkeypatch):
    monkeypatch.setattr("ansflow.files.foreign.BETWEEN_TRIES", 0)
    file = Taker(*answers)
    file.fileno = some_file.fileno
    with pytest.raises(BlockingIOError, match="accepts no data at the moment"):
        write_all(file, b"0123")


class Flusher:
    """Can't flush for some time."""

    def __init__(self, *errors):
        self.errors, self.calls = list(errors), 0

    def flush(self):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)


def test_flushing_is_tried_again(some_file, monkeypatch):
    monkeypatch.setattr("ansflow.files.foreign.BETWEEN_TRIES", 0)
    file = Flusher(BlockingIOError(), BlockingIOError(11, "", 5))
    file.fileno = some_file.fileno
    flush_all(file)
    assert file.calls == 3
    file = Flusher(*[BlockingIOError(11, "", 5)] * 1000)  # it gets on
    file.fileno = some_file.fileno
    flush_all(file)
    assert file.calls == 1001
    file = Flusher(*[BlockingIOError()] * 1000)
    file.fileno = some_file.fileno
    with pytest.raises(BlockingIOError, match="accepts no data at the moment"):
        flush_all(file)
    with pytest.raises(BlockingIOError, match="accepts no data at the moment"):
        flush_all(Flusher(BlockingIOError()))
    flush_all(object())


def test_the_end_of_a_file_that_blocks_is_asked_for_once(some_file):
    """A terminal would want another ^D."""
    file = Scripted(b"all", b"", b"more")
    file.fileno = some_file.fileno
    assert read_some(file, 10) == b"all"
    assert read_some(file, 10) == b""
    assert read_some(file, 10) == b"more"


def test_what_can_be_overwritten(tmp_path):
    assert can_overwrite(io.BytesIO())
    assert not can_overwrite(Taker())
    path = tmp_path / "file"
    for mode, expected in (("wb", sys.platform != "win32"), ("ab", False)):
        with path.open(mode) as file:
            assert can_overwrite(file) == expected
