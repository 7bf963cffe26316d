"""Vector kernels beside scalar ones. ``python -m benchmarks.vector`` (in asv_bench) prints it.

Bare kernels, 64 lanes, blocks of 256 KiB with tables of their own, preallocated buffers; the same
blocks on one thread and on two.
"""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ansflow.coding.tables import Tables
from ansflow.kernels import lanes as scalar
from ansflow.kernels.constants import state_low
from ansflow.kernels.histogram import histogram
from ansflow.kernels.vector import lanes as vector
from ansflow.kernels.vector.isa import SCALAR, available, chosen_isa
from ansflow.models import quantize

from .inputs import INPUTS, input_bytes, median_seconds

LANES = 64
BLOCK = 256 << 10
BLOCKS = 64
ZERO = np.uint64(0)


class Job:
    """A block, and all that coding it takes."""

    def __init__(self, block, precision, isa):
        tables = Tables(quantize(histogram(block), precision), precision)
        self.precision, self.low = np.uint64(precision), np.uint64(state_low(precision))
        self.records, self.slots = tables.records, tables.slots[0]
        self.block, self.out = block, np.zeros_like(block)
        self.words = np.empty(block.size + 2 * LANES, np.uint16)
        self.states = np.empty(LANES, np.uint32)
        if isa == SCALAR:
            self.encode_rows = None
            self.decode_rows = scalar.decode_rows
        else:
            self.encode_rows = vector.encoder(LANES, isa, self.records.ndim == 1)
            self.decode_rows = vector.decoder(LANES, isa, self.slots.itemsize == 4)
            self.records = self.records.reshape(-1)
        begin = self.encode()
        self.stream, self.first = self.words[begin:].copy(), self.states.copy()
        done, cursor = self.decode()
        left = self.stream, np.uint64(cursor), self.states, self.slots, self.precision, self.low
        scalar.decode_rest(*left, self.out, np.uint64(done))
        if not np.array_equal(self.out, block):
            raise AssertionError("wrong symbols")

    def encode(self):
        self.states[:] = self.low
        tables, end = (self.records, self.precision), np.uint64(self.words.size)
        if self.encode_rows is None:
            return scalar.encode(self.block, self.states, *tables, self.words, end)
        size = np.uint64(self.block.size)
        return self.encode_rows(self.block, size, self.states, *tables, self.words, end)

    def decode(self):
        self.states[:] = self.first
        tables = self.slots, self.precision, self.low
        return self.decode_rows(self.stream, ZERO, self.states, *tables, self.out)


@functools.cache
def speeds(name, precision):
    """MB/s by ``(isa, direction, threads)``."""
    blocks = np.split(input_bytes(name, BLOCKS * BLOCK), BLOCKS)
    functions = {}
    with ThreadPoolExecutor(2) as pool:
        for isa in (SCALAR, *(isa for isa in available() if isa != "generic")):
            jobs = [Job(block, precision, isa) for block in blocks]
            halves = jobs[::2], jobs[1::2]
            for run in (Job.encode, Job.decode):

                def half(part, run=run):
                    for job in part:
                        run(job)

                functions[isa, run.__name__, 1] = functools.partial(half, jobs)
                functions[isa, run.__name__, 2] = lambda half=half, halves=halves: list(
                    pool.map(half, halves)
                )
        seconds = median_seconds(list(functions.values()))
    return {key: BLOCKS * BLOCK / s / 1e6 for key, s in zip(functions, seconds, strict=True)}


class Ratios:
    """What vectors gain over scalar code, and a second thread over the first."""

    params = (INPUTS, [12, 14], ["encode", "decode"])
    param_names = ("input", "precision", "direction")
    timeout = 300

    def track_vector_over_scalar(self, name, precision, direction):
        found = speeds(name, precision)
        return found[chosen_isa(), direction, 1] / found[SCALAR, direction, 1]

    def track_two_threads_over_one(self, name, precision, direction):
        found = speeds(name, precision)
        return found[chosen_isa(), direction, 2] / found[chosen_isa(), direction, 1]

    track_vector_over_scalar.unit = track_two_threads_over_one.unit = "ratio"


if __name__ == "__main__":
    print(f"{'MB/s':36}{'one thread':>12}{'two':>8}{'two/one':>9}{'/scalar':>9}")
    for precision in (12, 14):
        for name in INPUTS:
            found = speeds(name, precision)
            for isa, direction, threads in found:
                if threads == 1:
                    one, two = found[isa, direction, 1], found[isa, direction, 2]
                    gain = one / found[SCALAR, direction, 1]
                    label = f"{name}, {precision} bits, {isa} {direction}"
                    print(f"{label:36}{one:12,.0f}{two:8,.0f}{two / one:9.2f}{gain:9.2f}")
