"""ansflow in other libraries, next to what they use by default: bytes, and time to write and read.

``python -m benchmarks.integrations`` (in asv_bench) prints a row for each. The data are the sea
surface temperatures of the package iris-sample-data, where that and h5py are installed, and made
up otherwise; for text, a table of them. Libraries that are not installed are left out.

One process, CPU time, best of several rounds.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
import time
from pathlib import Path

import numpy as np

ROUNDS = 5


def temperatures():
    """Sea surface temperatures of 54 months, float32, with a fill value where there is land."""
    if importlib.util.find_spec("iris_sample_data") and importlib.util.find_spec("h5py"):
        import h5py

        (folder,) = importlib.util.find_spec("iris_sample_data").submodule_search_locations
        with h5py.File(Path(folder, "sample_data", "ostia_monthly.nc")) as file:
            return file["surface_temperature"][()]
    y, x = np.mgrid[-1:1:18j, 0:12:432j]
    weather = np.random.default_rng(0).normal(0, 0.02, (54, *y.shape)).cumsum(2)
    field = (299 + 3 * np.sin(x) * np.cos(y) + weather).astype("f4")
    field[:, np.cos(2 * x) > 0.8] = 1e20
    return field


class Numcodecs:
    kinds = ("ansflow", "Blosc", "Zstd")

    def __init__(self, kind, field, folder):
        import numcodecs

        from ansflow.integrations.numcodecs import Ansflow

        default = {"Blosc": numcodecs.Blosc, "Zstd": numcodecs.Zstd}
        self.field, self.codec = field, default.get(kind, Ansflow)()

    def write(self):
        self.blob = self.codec.encode(self.field)
        return len(self.blob)

    def read(self):
        return np.frombuffer(self.codec.decode(self.blob), self.field.dtype)


class Zarr:
    kinds = ("AnsflowCodec", "AnsflowBytesCodec", "the default")

    def __init__(self, kind, field, folder):
        from zarr.codecs import Crc32cCodec

        from ansflow.integrations.zarr import AnsflowBytesCodec, AnsflowCodec

        self.field = field
        self.options = {
            "AnsflowCodec": {"serializer": AnsflowCodec(), "compressors": Crc32cCodec()},
            "AnsflowBytesCodec": {"compressors": AnsflowBytesCodec()},
        }.get(kind, {})

    def write(self):
        import zarr

        store = {}
        self.array = zarr.create_array(
            store, data=self.field, chunks=self.field.shape, **self.options
        )
        return sum(len(data) for key, data in store.items() if not key.endswith(".json"))

    def read(self):
        return self.array[:]


class Joblib:
    kinds = ("ansflow", "zlib")

    def __init__(self, kind, field, folder):
        import joblib

        import ansflow.integrations.joblib  # noqa: F401 (makes it known)

        self.joblib, self.field, self.compress = joblib, field, (kind, 3)
        self.path = Path(folder, f"{kind}.joblib")

    def write(self):
        self.joblib.dump(self.field, self.path, compress=self.compress)
        return os.path.getsize(self.path)

    def read(self):
        return self.joblib.load(self.path)


class Fsspec:
    kinds = ("ansflow", "gzip")

    def __init__(self, kind, field, folder):
        import fsspec

        import ansflow.integrations.fsspec  # noqa: F401 (makes it known)

        self.fsspec, self.kind, self.field = fsspec, kind, field
        rows = field.reshape(-1)[:100_000]
        self.text = "".join(f"{number:.2f}\n" for number in rows.tolist()).encode()
        self.path = str(Path(folder, f"text.{kind}"))

    def write(self):
        with self.fsspec.open(self.path, "wb", compression=self.kind) as file:
            file.write(self.text)
        return os.path.getsize(self.path)

    def read(self):
        with self.fsspec.open(self.path, "rb", compression=self.kind) as file:
            return file.read()


LIBRARIES = {"numcodecs": Numcodecs, "zarr": Zarr, "joblib": Joblib, "fsspec": Fsspec}
CASES = [(name, kind) for name, library in LIBRARIES.items() for kind in library.kinds]


class Integrations:
    params = [CASES]  # one parameter, whose values are pairs
    param_names = ("case",)

    def setup(self, case):
        name, kind = case
        if importlib.util.find_spec(name) is None:
            raise NotImplementedError  # which asv takes for "left out"
        self.folder = tempfile.TemporaryDirectory()
        self.case = LIBRARIES[name](kind, temperatures(), self.folder.name)
        self.size = self.case.write()
        found, field = self.case.read(), self.case.field
        expected = self.case.text if isinstance(found, bytes) else field.tobytes()
        if (found if isinstance(found, bytes) else found.tobytes()) != expected:
            raise AssertionError("wrong content")

    def teardown(self, case):
        if hasattr(self, "folder"):
            self.folder.cleanup()

    def time_write(self, case):
        self.case.write()

    def time_read(self, case):
        self.case.read()

    def track_size(self, case):
        return self.size

    track_size.unit = "bytes"


def best(call):
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def main():
    print(f"{'':32}{'size':>10}{'bytes':>11}{'ratio':>8}{'write ms':>10}{'read ms':>9}")
    for case in CASES:
        one = Integrations()
        try:
            one.setup(case)
        except NotImplementedError:
            print(f"{', '.join(case):32} not installed")
            continue
        content = len(one.case.text) if case[0] == "fsspec" else one.case.field.nbytes
        write, read = best(lambda one=one: one.case.write()), best(lambda one=one: one.case.read())
        print(
            f"{', '.join(case):32}{content:>10,}{one.size:>11,}{content / one.size:>8.2f}"
            f"{write * 1e3:>10.1f}{read * 1e3:>9.1f}"
        )
        one.teardown(case)


if __name__ == "__main__":
    main()
