"""Everything at once, for long: results stay right, and nothing grows."""

import gc
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import ansflow

MIB = 1 << 20
STATUS = Path("/proc/self/status")
DESCRIPTORS = Path("/proc/self/fd")

needs_proc = pytest.mark.skipif(not STATUS.exists(), reason="needs /proc")


def memory(field, process="self"):
    """Of a process, in MiB: VmRSS is what it uses now, VmHWM the most that it ever did."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return 0.0  # it has ended


# Mixed work

rng = np.random.default_rng(0)
ARRAYS = [
    np.zeros(0, np.uint8),
    np.arange(7, dtype="u1"),
    rng.geometric(0.1, 3000).astype(np.uint8),
    rng.geometric(0.3, 2_300_000).astype(np.uint8),
    rng.integers(0, 256, 400_000, np.uint8),
    np.zeros(1_500_000, np.uint8),
    rng.normal(size=(300, 40, 5)).astype("f4"),
    np.cumsum(rng.integers(-3, 4, (500, 600)), axis=1).astype(">i4"),
    np.asfortranarray(rng.poisson(4, (700, 300)).astype("i2")),
]


class Worker:
    """Does one thing after the other, and compares what comes back with what went in."""

    def __init__(self, directory, seed):
        self.rng = random.Random(seed)
        self.path = directory / f"{seed}.ans"
        self.done = 0
        self.jobs = (
            self.one_shot,
            self.file,
            self.appended,
            self.stream,
            self.iterators,
            self.array,
            self.bare_chunks,
        )

    def run(self, end):
        while time.monotonic() < end:
            self.rng.choice(self.jobs)(self.rng.choice(ARRAYS))
            self.done += 1

    def options(self):
        return {
            "chunk_size": self.rng.choice([3000, 1 << 16, 1 << 18]),
            "order": self.rng.choice([0, 0, 0, 1]),
            "precision": self.rng.choice([12, 14]),
            "lanes": self.rng.choice([8, 64]),
            "threads": self.threads(),
        }

    def threads(self):
        return self.rng.choice([None, 1, 2, 4])

    def pieces(self, data):
        at = 0
        while at < len(data):
            size = self.rng.choice([1, 1000, 60_000, 10**6])
            yield data[at : at + size]
            at += size

    def one_shot(self, array):
        found = ansflow.decompress(
            ansflow.compress(array, **self.options()), threads=self.threads()
        )
        assert found.dtype == array.dtype
        assert np.array_equal(found, array)

    def file(self, array):
        data = array.tobytes()
        with ansflow.open(self.path, "wb", **self.options()) as file:
            for piece in self.pieces(data):
                file.write(piece)
        with ansflow.open(self.path, threads=self.threads()) as file:
            for _ in range(self.rng.randrange(8)):
                at, size = self.rng.randrange(len(data) + 9), self.rng.choice([1, 5000, 300_000])
                file.seek(at)
                assert file.read(size) == data[at : at + size]
            file.seek(0)
            assert file.read() == data

    def appended(self, array):
        data = array.tobytes()[: 10**6]
        for mode in ("wb", "ab"):
            with ansflow.open(self.path, mode, **self.options()) as file:
                file.write(data)
        with ansflow.open(self.path, threads=self.threads()) as file:
            for piece in self.pieces(data + data):
                assert file.read(len(piece)) == piece
                if self.rng.random() < 0.03:
                    break  # while threads decode what is ahead

    def stream(self, array):
        data = array.tobytes()
        compressor = ansflow.Compressor(**self.options())
        frame = bytearray()
        for piece in self.pieces(data):
            frame += compressor.compress(piece)
            if self.rng.random() < 0.05:
                frame += compressor.flush()
        frame += compressor.finish()
        decompressor = ansflow.Decompressor(threads=self.threads())
        found = bytearray()
        for piece in self.pieces(bytes(frame) + b"rest"):
            if decompressor.eof:
                break
            found += decompressor.decompress(piece, self.rng.choice([-1, 50_000]))
            while not decompressor.needs_input and not decompressor.eof:
                found += decompressor.decompress(b"", self.rng.choice([-1, 50_000]))
        assert decompressor.eof
        assert found == data

    def iterators(self, array):
        data = array.tobytes()
        parts = ansflow.iter_compress(self.pieces(data), **self.options())
        if self.rng.random() < 0.2:
            next(parts)  # and abandon it
            return
        found = ansflow.iter_decompress(parts, threads=self.threads())
        assert b"".join(found) == data

    def array(self, array):
        options = self.options()
        if array.ndim > 1 and self.rng.random() < 0.5:
            del options["chunk_size"]
            options["chunks"] = tuple(max(1, length // 5) for length in array.shape)
        with ansflow.ArrayWriter(self.path, array.dtype, array.shape[1:], **options) as writer:
            for begin in range(0, len(array), 200_000):
                writer.append(array[begin : begin + 200_000])
        with ansflow.ArrayReader(self.path, threads=self.threads()) as reader:
            assert reader.shape == array.shape
            for _ in range(3):
                begin = self.rng.randrange(len(array) + 1)
                end = begin + self.rng.choice([1, 50, 10**5])
                assert np.array_equal(reader[begin:end], array[begin:end])

    def bare_chunks(self, array):
        order, lanes = self.rng.choice([0, 1]), self.rng.choice([8, 64])
        plan = ansflow.Plan(order=order, lanes=lanes)
        items = np.ascontiguousarray(array).reshape(-1)
        for begin in range(0, items.size, 100_000):
            part = items[begin : begin + 100_000]
            found = np.empty_like(part)
            ansflow.decode_chunk(ansflow.encode_chunk(part, plan), plan, found)
            assert np.array_equal(found, part)


def soak(directory, seconds, workers=8):
    """Memory in use in MiB, sampled over the time, and how much was done."""
    begun = time.monotonic()
    end = begun + seconds
    crew = [Worker(directory, seed) for seed in range(workers)]
    samples = []
    with ThreadPoolExecutor(workers) as pool:
        running = [pool.submit(worker.run, end) for worker in crew]
        while time.monotonic() < end and not any(job.done() for job in running):
            samples.append(memory("VmRSS") if STATUS.exists() else 0.0)
            time.sleep(0.05)
        for job in running:
            job.result()
    return samples, sum(worker.done for worker in crew)


def count_descriptors():
    return len(list(DESCRIPTORS.iterdir())) if DESCRIPTORS.exists() else 0


@pytest.mark.parametrize("seconds", [1, pytest.param(120, marks=pytest.mark.slow)])
def test_mixed_work_on_many_threads(tmp_path, seconds):
    seconds = int(os.environ.get("ANSFLOW_SOAK", seconds))
    soak(tmp_path, 0.1)  # the first compiles
    gc.collect()
    threads, descriptors = threading.active_count(), count_descriptors()
    samples, done = soak(tmp_path, seconds)
    gc.collect()
    end = time.monotonic() + 10
    while threading.active_count() > threads and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() == threads
    assert count_descriptors() == descriptors
    assert not list(tmp_path.glob(".*.part"))
    assert done > 0
    earlier = statistics.median(samples[len(samples) // 4 : len(samples) // 2])
    later = statistics.median(samples[3 * len(samples) // 4 :])
    print(f"{done} jobs, {earlier:.0f} MiB in use earlier, {later:.0f} later")
    if seconds > 60:
        assert later < 1.1 * earlier


# Interrupts

INTERRUPTED = """
import os, random, signal, sys, threading, time
import numpy as np
import ansflow

path, seconds = sys.argv[1], float(sys.argv[2])
data = np.random.default_rng(0).geometric(0.1, 6 << 20).astype(np.uint8).tobytes()
frame = ansflow.compress(data, threads=1)
pieces = [data[at : at + 300_000] for at in range(0, len(data), 300_000)]

def write():
    with ansflow.open(path, "wb", threads=3) as file:
        for piece in pieces:
            file.write(piece)

def read():
    with ansflow.open(path, threads=3) as file:
        assert file.read() == data

jobs = [
    lambda: ansflow.compress(data, threads=3),
    lambda: ansflow.decompress(frame, threads=3),
    lambda: list(ansflow.iter_compress(pieces, threads=3)),
    lambda: list(ansflow.iter_decompress([frame], threads=3)),
    write,
    read,
]
write()
longest = 0
for job in jobs:
    begun = time.monotonic()
    job()
    longest = max(longest, time.monotonic() - begun)

def interrupt(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGALRM, interrupt)
rng = random.Random(0)
done = stopped = 0
end = time.monotonic() + seconds
while time.monotonic() < end:
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-4 + rng.random() * longest)
        rng.choice(jobs)()
        signal.setitimer(signal.ITIMER_REAL, 0)
        done += 1
    except KeyboardInterrupt:
        stopped += 1
assert done and stopped, (done, stopped)
for job in jobs:
    job()
print("whole")
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers")
@pytest.mark.parametrize("seconds", [1, pytest.param(60, marks=pytest.mark.slow)])
def test_interrupts_at_any_moment(tmp_path, seconds):
    """Nothing hangs, neither then nor at exit. (Python may say that a finalizer was hit.)"""
    result = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path / "file"), str(seconds)],
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    assert (result.stdout, result.returncode) == ("whole\n", 0), result.stderr


# A stream that is far larger than memory may be

STREAM = 5 << 30
MOST_MEMORY = 200


@needs_proc
@pytest.mark.slow
def test_a_large_stream_through_the_command_line():
    base = np.random.default_rng(1).geometric(0.1, 8 * MIB).astype(np.uint8)
    # Windows of the same bytes, so that it costs next to nothing to make them.
    starts = [(number * 7919) % (7 * MIB) for number in range(STREAM // MIB)]

    def run(*command, source):
        return subprocess.Popen(
            # Each thread needs memory of its own.
            [sys.executable, "-m", "ansflow", *command, "-T", "2", "-c", "-"],
            stdin=source,
            stdout=subprocess.PIPE,
        )

    def produce():
        checksum = 0
        with compressor.stdin:
            for start in starts:
                window = base[start : start + MIB]
                compressor.stdin.write(window)
                checksum = zlib.crc32(window, checksum)
        return checksum

    def consume():
        checksum = size = 0
        with decompressor.stdout:
            while piece := decompressor.stdout.read(MIB):
                checksum = zlib.crc32(piece, checksum)
                size += len(piece)
        return checksum, size

    with (
        run("compress", source=subprocess.PIPE) as compressor,
        run("decompress", source=compressor.stdout) as decompressor,
        ThreadPoolExecutor(2) as pool,
    ):
        compressor.stdout.close()  # is the other's now
        begun = time.monotonic()
        produced, consumed = pool.submit(produce), pool.submit(consume)
        peaks = [0.0, 0.0]
        while not consumed.done():
            for i, process in enumerate((compressor, decompressor)):
                if process.poll() is None:
                    peaks[i] = max(peaks[i], memory("VmHWM", process.pid))
            time.sleep(0.05)
        seconds = time.monotonic() - begun
        checksum = produced.result()
        assert consumed.result() == (checksum, STREAM)
    assert compressor.returncode == decompressor.returncode == 0
    print(f"{STREAM / seconds / 1e6:.0f} MB/s, peaks of {peaks[0]:.0f} and {peaks[1]:.0f} MiB")
    assert max(peaks) < MOST_MEMORY
