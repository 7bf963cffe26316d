"""`compress` and `decompress`: speed, memory, size, and size over the Shannon bound."""

from __future__ import annotations

import numpy as np

import ansflow
from ansflow.demo import shannon_bytes

from .inputs import INPUTS, input_bytes

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

    def setup(self, name):
        self.data = data(name)
        self.frame = ansflow.compress(self.data)
        if not np.array_equal(ansflow.decompress(self.frame), self.data):
            raise AssertionError("wrong content")

    def time_compress(self, name):
        ansflow.compress(self.data)

    def time_decompress(self, name):
        ansflow.decompress(self.frame)

    def peakmem_compress(self, name):
        ansflow.compress(self.data)

    def peakmem_decompress(self, name):
        ansflow.decompress(self.frame)

    def track_size(self, name):
        return len(self.frame)

    def track_overhead(self, name):
        """Over the order-0 Shannon bound of each block and plane."""
        ideal = shannon_bytes(self.data)
        return 100 * (len(self.frame) / ideal - 1) if ideal else float("nan")

    track_size.unit = "bytes"
    track_overhead.unit = "%"
