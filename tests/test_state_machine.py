"""Whatever is done with a file, in whatever order, it's as with one that isn't compressed."""

import io
from contextlib import contextmanager, suppress
from unittest import mock

import naive_frame as naive
import naive_golden as golden
import numpy as np
from hypothesis import settings, strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

import ansflow
from ansflow.errors import TruncatedError

LINES = b"".join(b"%d %s\n" % (i, b"x" * (i * i % 60)) for i in range(60))
NOISE = np.random.default_rng(0).bytes(700)
NUMBERS = np.cumsum(np.arange(600, dtype=">u4") % 7)
TEXT = LINES[:400]


def flushed(data, *, chunk_size, every):
    """Chunks of odd sizes."""
    compressor = ansflow.Compressor(chunk_size=chunk_size)
    out = b""
    for at in range(0, len(data), every):
        out += compressor.compress(data[at : at + every]) + compressor.flush()
    return out + compressor.finish()


def rows(numbers, **options):
    out = io.BytesIO()
    with ansflow.ArrayWriter(out, numbers.dtype, **options) as writer:
        for at in range(0, numbers.size, 70):
            writer.append(numbers[at : at + 70])
            writer.flush()
    return out.getvalue()


def frame(data, **options):
    return ansflow.compress(data, **options)


def files():
    """Some of our own, one behind the other, or what was written for other tests."""
    frames = {
        "empty": (frame(b""), b""),
        "one byte": (frame(b"\n"), b"\n"),
        "tiny chunks": (frame(TEXT, chunk_size=3), TEXT),
        "small chunks": (frame(LINES, chunk_size=100), LINES),
        "one chunk": (frame(LINES), LINES),
        "noise": (frame(NOISE, chunk_size=64), NOISE),
        "flushed": (flushed(LINES, chunk_size=64, every=97), LINES),
        "flushed often": (flushed(TEXT, chunk_size=1000, every=5), TEXT),
        "planes": (frame(NUMBERS, chunk_size=50), NUMBERS.tobytes()),
        "rows": (rows(NUMBERS, chunk_size=60), NUMBERS.tobytes()),
        "tiles": (frame(NUMBERS.reshape(20, 30), chunks=(7, 11)), NUMBERS.tobytes()),
        "contexts": (frame(LINES, order=1, chunk_size=500), LINES),
    }
    stored = []
    for name in golden.GOLDEN:
        path = golden.path_of(name)
        content = ansflow.decompress(path.read_bytes())
        if isinstance(content, np.ma.MaskedArray):
            content = naive.read(path.read_bytes()).content  # with the mask
        elif isinstance(content, np.ndarray):
            content = content.tobytes(order="A")
        # Some are larger than it takes to find out.
        if len(content) < 100_000:
            stored.append((path.read_bytes(), content))
    return st.lists(st.sampled_from(sorted(frames)), min_size=1, max_size=5).map(
        lambda names: tuple(b"".join(parts) for parts in zip(*map(frames.get, names), strict=True))
    ) | st.sampled_from(stored)


FILES = st.deferred(files)  # not by whoever collects tests: it takes as long as hundreds of them

# What threads take at once: so little that there's something ahead, or all.
UNITS = st.sampled_from([1, 40, 500, 1 << 20])


@contextmanager
def unit(size):
    """Whatever is opened meanwhile gives threads so much at once."""
    with (
        mock.patch("ansflow.engine.schedule.TASK_SIZE", size),
        mock.patch("ansflow.engine.encoder.TASK_SIZE", size),
        mock.patch("ansflow.engine.at_once.TASK_SIZE", size),
    ):
        yield


SIZES = st.integers(-1, 300) | st.sampled_from([0, 1, 64, 4096, 1 << 17]) | st.none()


class Reading(RuleBasedStateMachine):
    """`FrameReader` and `io.BytesIO`."""

    @initialize(file=FILES, threads=st.sampled_from([1, 2]), buffered=st.booleans(), size=UNITS)
    def begin(self, file, threads, buffered, size):
        blob, self.content = file
        self.expected = io.BytesIO(self.content)
        with unit(size):
            self.reader = ansflow.open(io.BytesIO(blob), threads=threads)
        # Small reads get to the content itself, not only to a buffer that has it all.
        self.file = self.reader if buffered else io.BufferedReader(self.reader.raw, 50)

    @rule(size=SIZES)
    def read(self, size):
        assert self.file.read(size) == self.expected.read(size)

    @rule(size=st.integers(0, 200))
    def read1(self, size):
        """May give less, but not nothing."""
        data = self.file.read1(size)
        assert data == self.expected.read(len(data))
        assert data or not size or not self.expected.read(1)

    @rule(size=st.integers(0, 300))
    def readinto(self, size):
        buffer, expected = bytearray(size), bytearray(size)
        assert self.file.readinto(buffer) == self.expected.readinto(expected)
        assert buffer == expected

    @rule(size=st.integers(0, 200))
    def readinto1(self, size):
        buffer = bytearray(size)
        count = self.file.readinto1(buffer)
        assert buffer[:count] == self.expected.read(count)
        assert count or not size or not self.expected.read(1)

    @rule(size=st.integers(0, 300))
    def peek(self, size):
        at = self.file.tell()
        data = self.file.peek(size)
        assert self.content[at : at + len(data)] == data
        assert data or at >= len(self.content)

    @rule(size=st.integers(-1, 100))
    def readline(self, size):
        assert self.file.readline(size) == self.expected.readline(size)

    @rule()
    def readlines(self):
        assert self.file.readlines() == self.expected.readlines()

    @rule()
    def step(self):
        assert next(self.file, None) == next(self.expected, None)

    @rule(share=st.floats(0, 1.1), odd=st.integers(-2, 2), whence=st.integers(0, 2))
    def seek(self, share, odd, whence):
        target = max(0, int(share * len(self.content)) + odd)
        base = (0, self.expected.tell(), len(self.content))[whence]
        assert self.file.seek(target - base, whence) == target
        self.expected.seek(target)

    @rule(offset=st.integers(-70, 70))
    def move(self, offset):
        target = self.expected.tell() + offset
        if target >= 0:
            assert self.file.seek(offset, 1) == target
            self.expected.seek(target)

    @invariant()
    def tell(self):
        if hasattr(self, "file"):
            assert self.file.tell() == self.expected.tell()

    def teardown(self):
        if hasattr(self, "file"):
            self.file.close()
            assert self.reader.closed


class Writing(RuleBasedStateMachine):
    """`FrameWriter` and a bytearray."""

    @initialize(
        threads=st.sampled_from([1, 2]), chunk_size=st.sampled_from([1, 7, 64, 1 << 18]), size=UNITS
    )
    def begin(self, threads, chunk_size, size):
        self.target, self.expected = io.BytesIO(), bytearray()
        self.begin_at = 0  # of the frame that is being written
        with unit(size):
            self.writer = ansflow.open(self.target, "wb", threads=threads, chunk_size=chunk_size)

    parts = Bundle("parts")

    @rule(target=parts, data=st.binary(max_size=300))
    def part(self, data):
        return data

    @rule(data=parts, times=st.integers(0, 5))
    def write(self, data, times):
        assert self.writer.write(bytearray(data * times)) == len(data * times)
        self.expected += data * times

    @rule(some=st.lists(parts, max_size=4))
    def writelines(self, some):
        self.writer.writelines(some)
        self.expected += b"".join(some)

    @rule()
    def flush(self):
        """All can be read that was written."""
        self.writer.flush()
        found, pieces = b"", ansflow.iter_decompress([self.target.getvalue()], threads=1)
        with suppress(TruncatedError):
            for piece in pieces:
                found += piece
        assert found == self.expected

    @rule()
    def next_frame(self):
        """One after the other in one file."""
        self.writer.close()
        self.check()
        self.target.seek(0, 2)
        self.writer = ansflow.open(self.target, "wb", threads=1, chunk_size=10)
        self.begin_at = len(self.expected)

    @invariant()
    def tell(self):
        if hasattr(self, "writer"):
            assert self.writer.tell() == len(self.expected) - self.begin_at

    def check(self):
        assert ansflow.decompress(self.target.getvalue()) == self.expected
        self.target.seek(0)
        with ansflow.open(self.target) as file:
            assert file.read() == self.expected

    def teardown(self):
        if hasattr(self, "writer"):
            self.writer.close()
            self.check()


TestReading = Reading.TestCase
TestReading.settings = settings(max_examples=30, stateful_step_count=40)
TestWriting = Writing.TestCase
TestWriting.settings = settings(max_examples=25, stateful_step_count=25)
