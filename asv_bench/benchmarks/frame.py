"""`compress` and `decompress` on one thread: speed, memory, size, size over the Shannon bound."""

from __future__ import annotations

import time

import numpy as np
import xxhash

import ansflow
from ansflow.coding.coders.contexts import ContextCoder
from ansflow.coding.coders.single import SingleCoder
from ansflow.frame.streams.scratch import EncoderScratch
from ansflow.kernels.tables.context_code import fit_contexts, read_contexts
from ansflow.kernels.tables.context_levels import count_all
from ansflow.kernels.tables.frequency_code import fit_table, read_frequencies
from ansflow.kernels.tables.histogram import count_bytes

from .inputs import INPUTS, input_bytes, shannon_bytes

SIZE = 8 << 20


def data(name):
    if name in INPUTS:
        return input_bytes(name, SIZE)
    rng = np.random.default_rng(6)
    return {
        "float64": lambda: np.cumsum(rng.normal(size=SIZE // 8)),
        "int32": lambda: np.rint(1000 * rng.normal(size=SIZE // 4)).astype(np.int32),
        "random": lambda: rng.integers(0, 256, SIZE, np.uint8),
        "zeros": lambda: np.zeros(SIZE, np.uint8),
    }[name]()


class OneShot:
    params = [*INPUTS, "float64", "int32", "random", "zeros"]
    param_names = ("input",)
    timer = time.process_time

    def setup(self, name):
        self.data = data(name)
        self.frame = ansflow.compress(self.data)
        if not np.array_equal(ansflow.decompress(self.frame), self.data):
            raise AssertionError("wrong content")

    def time_compress(self, name):
        ansflow.compress(self.data, threads=1)

    def time_decompress(self, name):
        ansflow.decompress(self.frame, threads=1)

    def peakmem_compress(self, name):
        ansflow.compress(self.data, threads=1)

    def peakmem_decompress(self, name):
        ansflow.decompress(self.frame, threads=1)

    def track_size(self, name):
        return len(self.frame)

    def track_overhead(self, name):
        """The size relative to the order-0 Shannon bound of each chunk and plane."""
        ideal = shannon_bytes(self.data)
        return 100 * (len(self.frame) / ideal - 1) if ideal else float("nan")

    track_size.unit = "bytes"
    track_overhead.unit = "%"


class OneStream:
    """Stages of a stream of 256 KiB other than coding; the last ones are of order 1."""

    size = 256 << 10
    stages = {
        "count": lambda self: self.count(),
        "fit table": lambda self: self.fit(),
        "read table": lambda self: read_frequencies(self.table, self.total, self.freq),
        "encoder's records": lambda self: SingleCoder(self.freq, 12).records,
        "decoder's slots": lambda self: SingleCoder(self.freq, 12).slots,
        "check": lambda self: xxhash.xxh3_64_intdigest(self.content.data, seed=1),
        "count pairs": lambda self: self.count_pairs(),
        "fit contexts": lambda self: self.fit_contexts(),
        "read contexts": lambda self: read_contexts(self.table1, self.bits1, self.freq1),
        "records of contexts": lambda self: ContextCoder(self.freq1, 11).records,
        "slots of contexts": lambda self: ContextCoder(self.freq1, 11).slots,
    }
    params = ([*INPUTS, "random"], list(stages))
    param_names = ("input", "stage")

    def setup(self, name, stage):
        self.content = data(name)[: self.size]
        self.scratch = EncoderScratch.make(12, 1)
        self.freq, self.total = np.empty(256, np.uint32), 1 << 12
        self.count()
        _, used, _ = self.fit()
        self.table = self.scratch.table[:used].copy()
        read_frequencies(self.table, self.total, self.freq)
        self.bits1 = np.uint64(11)
        self.count_pairs()
        used, _ = self.fit_contexts()
        self.table1 = self.scratch.contexts.table[:used].copy()
        self.freq1 = self.scratch.contexts.freq.copy()
        self.time_stage(name, stage)

    def count(self):
        count_bytes(self.content, self.scratch.partial, self.scratch.counts)

    def fit(self):
        # Scaling the counts again has no effect.
        scratch = self.scratch
        room = scratch.table
        return fit_table(scratch.counts, 12, scratch.freq, scratch.keys, scratch.heap, room)

    def count_pairs(self):
        counts = np.empty(256)
        count_all(self.content, np.uint64(64), self.scratch.contexts.counts, counts)

    def fit_contexts(self):
        counts, freq, room = self.scratch.contexts
        return fit_contexts(counts, self.bits1, freq, room)

    def time_stage(self, name, stage):
        self.stages[stage](self)
