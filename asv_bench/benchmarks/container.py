"""Streams, threads and random access. ``python -m benchmarks.container`` (in asv_bench) prints
the ratios that matter, of one run each side by side.

The *bare codec* is what a thread does with chunks that lie in memory, without anything to manage
it: two threads with half of the chunks each. The command's time is compared with that and the
time to read the input and to write and sync the output.
"""

from __future__ import annotations

import argparse
import functools
import io
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

import numpy as np

import ansflow
from ansflow.files.atomic import AtomicFile
from ansflow.frame import constants
from ansflow.frame.chunk import ChunkDecoder, ChunkEncoder, in_one
from ansflow.frame.grid import Grid
from ansflow.frame.head import Head, pack_head
from ansflow.frame.header import Header
from ansflow.io.transfer import compress_file, decompress_file

from .inputs import input_bytes

SIZE = 32 << 20
CHUNK = 256 << 10
ROUNDS = 5


class BareCodec:
    """Chunks to code and their code, in memory."""

    def __init__(self, data):
        self.contents = [data[at : at + CHUNK] for at in range(0, data.size, CHUNK)]
        grid, plan = Grid.of_bytes(data.size, CHUNK), ansflow.Plan()
        front = functools.partial(pack_head, bytes(constants.TAG_SIZE))
        self.encode = ChunkEncoder(front, grid, plan.recipe_for, plan.coding)
        self.decode = ChunkDecoder(Header(data.size, grid))
        self.coded = []
        for number, content in enumerate(self.contents):
            (pieces,) = self.encode(content, [content.size], number)
            chunk = in_one(pieces)
            _, *fields, _ = constants.HEAD.unpack(chunk[: constants.HEAD.size])
            self.coded.append(([Head(*fields)], [memoryview(chunk[constants.HEAD.size :])]))

    def encode_all(self, threads):
        def work(first):
            for number in range(first, len(self.contents), threads):
                content = self.contents[number]
                self.encode(content, [content.size], number)

        in_threads(work, threads)

    def decode_all(self, threads):
        def work(first):
            out = np.empty(CHUNK, np.uint8)
            for heads, bodies in self.coded[first::threads]:
                self.decode(heads, bodies, out[: heads[0].cells])

        in_threads(work, threads)


def in_threads(work, count):
    workers = [threading.Thread(target=work, args=(first,)) for first in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def read_all(file):
    """Read in pieces, as most readers do."""
    while file.read(1 << 20):
        pass


class Whole:
    """All functions that code the same content, by the number of threads."""

    ways = {
        "bare encode": lambda self, threads: self.bare.encode_all(threads),
        "compress": lambda self, threads: ansflow.compress(self.content, threads=threads),
        "Compressor": lambda self, threads: self.compressor(threads),
        "bare decode": lambda self, threads: self.bare.decode_all(threads),
        "decompress": lambda self, threads: ansflow.decompress(self.frame, threads=threads),
        "iter_decompress": lambda self, threads: self.iterate(threads),
        "open, read": lambda self, threads: read_all(
            ansflow.open(io.BytesIO(self.frame), threads=threads)
        ),
    }
    params = ([*ways], [1, 2])
    param_names = ("way", "threads")

    def setup(self, way="compress", threads=1):
        self.content = input_bytes("text", SIZE).tobytes()
        self.bare = BareCodec(np.frombuffer(self.content, np.uint8))
        self.frame = ansflow.compress(self.content)
        self.ways[way](self, threads)

    def compressor(self, threads):
        compressor = ansflow.Compressor(threads=threads)
        for at in range(0, len(self.content), 1 << 20):
            compressor.compress(self.content[at : at + (1 << 20)])
        compressor.finish()

    def iterate(self, threads):
        pieces = (self.frame[at : at + (1 << 20)] for at in range(0, len(self.frame), 1 << 20))
        for _ in ansflow.iter_decompress(pieces, threads=threads):
            pass

    def time_way(self, way, threads):
        self.ways[way](self, threads)


class RandomAccess:
    """A range of a file, at a random place each time."""

    params = ([1, 4096, 1 << 20], [1, 2])
    param_names = ("bytes", "threads")

    def setup(self, size, threads):
        content = input_bytes("text", 2 * SIZE).tobytes()
        self.file = ansflow.open(io.BytesIO(ansflow.compress(content)), threads=threads)
        self.places = np.random.default_rng(0).integers(0, len(content) - size, 1000).tolist()
        self.time_read(size, threads)

    def time_read(self, size, threads):
        self.file.seek(self.places[0])
        self.places.append(self.places.pop(0))
        self.file.read(size)


class Opening:
    """Open a file with an index and read its last byte."""

    params = [64 << 10, 256 << 10]
    param_names = ("chunk size",)

    def setup(self, chunk_size):
        self.blob = ansflow.compress(bytes(1 << 30), chunk_size=chunk_size)

    def time_open(self, chunk_size):
        with ansflow.open(io.BytesIO(self.blob)) as file:
            file.seek(-1, io.SEEK_END)
            file.read(1)


def print_in_memory(rounds):
    whole = Whole()
    whole.setup()
    taken = {(way, threads): [] for way in Whole.ways for threads in (1, 2)}
    for _ in range(rounds):
        for (way, threads), seconds in taken.items():
            begin = time.perf_counter()
            Whole.ways[way](whole, threads)
            seconds.append(time.perf_counter() - begin)
    print(f"{SIZE >> 20} MiB of text, chunks of 256 KiB, MB/s; /bare: over as many bare threads")
    print(f"{'':18}{'1 thread':>10}{'/bare':>8}{'2 threads':>11}{'/bare':>8}{'2 over 1':>10}")
    bare = {}
    for way in Whole.ways:
        speeds = [SIZE / median(taken[way, threads]) / 1e6 for threads in (1, 2)]
        if way.startswith("bare"):
            bare = speeds
        ratios = [speed / base for speed, base in zip(speeds, bare, strict=True)]
        print(
            f"{way:18}{speeds[0]:10.0f}{ratios[0]:8.2f}{speeds[1]:11.0f}{ratios[1]:8.2f}"
            f"{speeds[1] / speeds[0]:10.2f}"
        )


def drop(path):
    """Write a file to the disk, and keep it in the page cache."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def print_command(size, rounds):
    """``ansflow compress -T2`` and back, against the bare codec and the disk."""
    data = np.resize(input_bytes("text", SIZE), size)
    bare = BareCodec(data[:SIZE])
    # As installed: with Python's compiled files.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as directory:
        source, coded, back = (Path(directory, name) for name in ("in", "coded", "back"))
        data.tofile(source)
        drop(source)

        def command(*arguments):
            subprocess.run(
                [sys.executable, "-m", "ansflow", *arguments],
                check=True,
                env=environment,
                stdout=subprocess.DEVNULL,
            )

        compress = ("compress", "-q", "-f", "-T2", "-o", coded, source)
        decompress = ("decompress", "-q", "-f", "-T2", "-o", back, coded)
        command(*compress)
        command(*decompress)
        small = Path(directory, "small")
        data[: 4 * CHUNK].tofile(small)

        parts = {
            "encode": lambda: bare.encode_all(2),
            "decode": lambda: bare.decode_all(2),
            "read": lambda: read_file(source),
            "write": lambda: write_file(Path(directory, "other"), size),
            "start": lambda: command("compress", "-q", "-f", "-T2", small),
            "compress": lambda: command(*compress),
            "decompress": lambda: command(*decompress),
            "compress, no process": lambda: through_files(source, coded, compress_file),
            "decompress, no process": lambda: through_files(coded, back, decompress_file),
        }
        taken = {name: [] for name in parts}
        for _ in range(rounds):
            for name, part in parts.items():
                os.sync()
                begin = time.perf_counter()
                part()
                taken[name].append(time.perf_counter() - begin)
        share = coded.stat().st_size / size
    seconds = {name: median(times) for name, times in taken.items()}
    seconds["encode"] *= size / SIZE
    seconds["decode"] *= size / SIZE
    print(f"\n{size >> 20} MiB, seconds: " + ", ".join(f"{k} {v:.2f}" for k, v in seconds.items()))
    read, write, start = seconds["read"], seconds["write"], seconds["start"]
    bounds = {
        "compress": seconds["encode"] + read + write * share,
        "decompress": seconds["decode"] + read * share + write,
    }
    for name, bound in bounds.items():
        print(
            f"{name}: two bare threads, reading and writing take {bound:.2f} s. Over that speed: "
            f"in a process that runs {bound / seconds[name + ', no process']:.0%}, "
            f"the command {bound / seconds[name]:.0%}, "
            f"but for its start (a MiB takes {start:.2f} s) {bound / (seconds[name] - start):.0%}"
        )


def read_file(path):
    with open(path, "rb", buffering=0) as file:
        read_all(file)


def write_file(path, size):
    """Write noise to the disk."""
    noise = os.urandom(1 << 20)
    with open(path, "wb", buffering=0) as file:
        for _ in range(size >> 20):
            file.write(noise)
        os.fsync(file.fileno())


def through_files(source, target, function):
    with open(source, "rb") as file, AtomicFile(target) as whole:
        function(file, whole.file, threads=2)


def print_random_access(size, rounds):
    """Time to read 1 MiB of a large file, relative to decoding as many chunks as it spans."""
    data = np.resize(input_bytes("text", SIZE), size)
    bare = BareCodec(data[: 5 * CHUNK])
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "file.ans")
        with ansflow.open(path, "wb") as file:
            file.write(data)
        rng = np.random.default_rng(0)
        reads, opens, decodes = [], [], []
        begin = time.perf_counter()
        with ansflow.open(path, threads=1) as file:
            opens.append(time.perf_counter() - begin)
            for _ in range(100 * rounds):
                at = int(rng.integers(0, size - (1 << 20)))
                begin = time.perf_counter()
                file.seek(at)
                read = file.read(1 << 20)
                reads.append(time.perf_counter() - begin)
                if read != data[at : at + (1 << 20)].tobytes():
                    raise AssertionError("wrong content")
                begin = time.perf_counter()
                bare.decode_all(1)
                decodes.append(time.perf_counter() - begin)
    print(
        f"\n1 MiB anywhere in {size >> 20} MiB: {1e3 * median(reads):.2f} ms, "
        f"{median(reads) / median(decodes):.2f} times what decoding the five chunks takes; "
        f"to open the file: {1e3 * median(opens):.1f} ms"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1024, help="MiB of the large file")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    print_in_memory(2 * arguments.rounds - 1)
    print_command(arguments.size << 20, arguments.rounds)
    print_random_access(arguments.size << 20, arguments.rounds)
