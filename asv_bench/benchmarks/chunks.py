"""Small chunks without a frame: time for each call, and bytes over the coded data.

``python -m benchmarks.chunks`` prints both next to frames and, where it is installed, zstd.
"""

from __future__ import annotations

import numpy as np

import ansflow
from ansflow.coding.coders.single import SingleCoder
from ansflow.frame.streams.scratch import EncoderScratch
from ansflow.kernels.tables.frequency_code import fit_table
from ansflow.kernels.tables.histogram import count_bytes
from ansflow.models import Categorical

from .inputs import INPUTS, input_bytes, median_seconds

SIZES = [2 << 10, 16 << 10, 256 << 10]


def plans(data):
    """With a table in each chunk, and with one that all chunks share."""
    sample = np.concatenate([data, np.arange(256, dtype=np.uint8)])
    return {
        "own table": ansflow.Plan(),
        "shared table": ansflow.Plan(tables=[Categorical.fit(sample, precision=12)]),
    }


def coded_size(data, name):
    """Bytes of the words, with four lanes or more as streams have, and of their table if any."""
    scratch = EncoderScratch.make(12, 0)
    count_bytes(data, scratch.partial, scratch.counts)
    room = scratch.table
    _, used, _ = fit_table(scratch.counts, 12, scratch.freq, scratch.keys, scratch.heap, room)
    freq = scratch.freq
    if name == "shared table":
        freq, used = plans(data)[name].tables[0].freq, 0
    lanes = max(4, min(64, data.size // 1024))
    return SingleCoder(freq, 12).encode(data, lanes).nbytes + int(used)


class Bare:
    params = (INPUTS, SIZES, ["own table", "shared table"])
    param_names = ("input", "size", "plan")

    def setup(self, name, size, plan):
        self.data = input_bytes(name, size)
        self.plan = plans(self.data)[plan]
        self.chunk = ansflow.encode_chunk(self.data, self.plan)
        self.out = np.empty_like(self.data)
        ansflow.decode_chunk(self.chunk, self.plan, self.out)
        if not np.array_equal(self.out, self.data):
            raise AssertionError("wrong content")

    def time_encode(self, name, size, plan):
        ansflow.encode_chunk(self.data, self.plan)

    def time_decode(self, name, size, plan):
        ansflow.decode_chunk(self.chunk, self.plan, self.out)

    def track_excess(self, name, size, plan):
        return len(self.chunk) - coded_size(self.data, plan)

    track_excess.unit = "bytes"


def main():
    print(f"{'':28}{'encode us':>10}{'decode us':>10}{'bytes':>9}{'excess':>8}")
    for name in INPUTS:
        for size in SIZES:
            data = input_bytes(name, size)
            for plan in ("own table", "shared table"):
                bare = Bare()
                bare.setup(name, size, plan)
                times = median_seconds(
                    [lambda b=bare: b.time_encode(0, 0, 0), lambda b=bare: b.time_decode(0, 0, 0)],
                    repeats=301,
                )
                excess = bare.track_excess(name, size, plan)
                row(f"{name} {size >> 10} KiB, {plan}", times, len(bare.chunk), excess)
            blob = ansflow.compress(data)
            times = median_seconds(
                [lambda d=data: ansflow.compress(d), lambda b=blob: ansflow.decompress(b)], 101
            )
            row("  in a frame", times, len(blob), len(blob) - coded_size(data, "own table"))
            try:
                import zstandard
            except ImportError:
                continue
            compressor, decompressor = (
                zstandard.ZstdCompressor(level=1),
                zstandard.ZstdDecompressor(),
            )
            blob = compressor.compress(data)
            times = median_seconds(
                [
                    lambda d=data, c=compressor: c.compress(d),
                    lambda b=blob, d=decompressor: d.decompress(b),
                ],
                101,
            )
            row("  zstd, level 1", times, len(blob), None)


def row(name, times, size, excess):
    encode, decode = (1e6 * seconds for seconds in times)
    print(f"{name:28}{encode:10.1f}{decode:10.1f}{size:9,}{'' if excess is None else excess:>8}")


if __name__ == "__main__":
    main()
