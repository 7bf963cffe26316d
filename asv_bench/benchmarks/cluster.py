"""A large array through Dask's workers to Zarr and back, with ansflow's codec and with others.

``python -m benchmarks.cluster [--mib MIB] [--workers N ...]`` (in asv_bench) starts clusters of so
many worker processes with a thread each, which make a field of float32 in hundredths of a kelvin,
write it in chunks of 8 MiB, and read it again to sum it up. It prints bytes and MB/s of content,
by the clock, since that is what more workers are for. All sums have to be equal.

It is no asv benchmark, as it takes all cores and minutes for the 2 GiB that are the default.
"""

from __future__ import annotations

import argparse
import functools
import logging
import tempfile
import time
from pathlib import Path

import numpy as np

CHUNK = (8, 512, 512)  # 8 MiB of float32


def codecs():
    """Options of Zarr. asv imports this file even where there is no Zarr."""
    from zarr.codecs import BloscCodec

    from ansflow.integrations.zarr import AnsflowCodec

    return {
        "ansflow": {"serializer": AnsflowCodec(), "compressors": None},
        "zstd, Zarr's default": {"serializer": "auto", "compressors": "auto"},
        "Blosc": {"serializer": "auto", "compressors": BloscCodec()},
    }


def temperatures(block_info):
    """A chunk of the field: weather that drifts, on top of a climate."""
    ((first, _), *_) = block_info[None]["array-location"]
    y, x = np.mgrid[-1 : 1 : CHUNK[1] * 1j, -1 : 1 : CHUNK[2] * 1j].astype("f4")
    rng = np.random.default_rng(first)
    weather = rng.normal(0, 0.05, CHUNK).astype("f4").cumsum(2)
    climate = 273 + 28 * np.cos(2 * y) + 3 * np.sin(9 * x) * np.cos(5 * y)
    return np.round(climate + weather, 2)


def field(mib):
    import dask.array as da

    chunks = max(1, mib // 8)
    shape = (chunks * CHUNK[0], *CHUNK[1:])
    return da.map_blocks(
        temperatures, chunks=((CHUNK[0],) * chunks, *((size,) for size in shape[1:])), dtype="f4"
    )


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def seconds(call):
    start = time.perf_counter()
    result = call()
    return result, time.perf_counter() - start


def warm_up():
    """Load the kernels in each worker."""
    import zarr

    array = temperatures({None: {"array-location": [(0, 8), (0, 512), (0, 512)]}})
    for options in codecs().values():
        stored = zarr.create_array({}, data=array, chunks=CHUNK, **options)
        assert np.array_equal(stored[:], array)


def main():
    from ansflow.extras import extra

    with extra("integrations"):
        import dask.array as da
        from distributed import Client, LocalCluster

    from ansflow.integrations.dask import to_zarr

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=2048, help="MiB of content")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    options = parser.parse_args()
    sums = set()
    print(f"{'workers':8}{'':22}{'bytes':>15}{'ratio':>7}{'write MB/s':>12}{'read MB/s':>11}")
    for workers in options.workers:
        with (
            tempfile.TemporaryDirectory() as folder,
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,  # heartbeats that the end of a cluster cuts short
                local_directory=folder,
            ) as cluster,
            Client(cluster) as client,
        ):
            client.run(warm_up)
            array = field(options.mib).persist()
            sums.add(float(array.sum(dtype="f8").compute()))
            for name, codec in codecs().items():
                path = Path(folder, "field.zarr")
                write = functools.partial(to_zarr, array, str(path), overwrite=True, **codec)
                _, written = seconds(write)
                found, read = seconds(da.from_zarr(str(path)).sum(dtype="f8").compute)
                sums.add(float(found))
                size, rate = size_of(path), array.nbytes / 1e6
                print(
                    f"{workers:<8}{name:22}{size:>15,}{array.nbytes / size:>7.2f}"
                    f"{rate / written:>12,.0f}{rate / read:>11,.0f}"
                )
    if len(sums) > 1:
        raise AssertionError(f"the sums differ: {sums}")
    print(f"All sums are {sums.pop()}.")


if __name__ == "__main__":
    # Under its own name, by which workers import what is defined here.
    from benchmarks.cluster import main as run

    run()
