"""A climate data set with xarray, Zarr and Dask: sizes, and a result that is computed lazily.

``python climate_data.py [--made-up]`` takes monthly sea surface temperatures of the tropics from
the package iris-sample-data (and h5netcdf to read them), or makes up a field of that kind. It
writes them to Zarr with the default codec and with ansflow's, in chunks and in shards, and to a
file of ansflow. From each of these it computes how far months were from the mean of their name,
chunk by chunk in Dask's threads.

    pip install "ansflow[xarray,dask]" h5netcdf iris-sample-data
"""

import argparse
import importlib.util
import tempfile
from pathlib import Path

import numpy as np
import xarray
from zarr.codecs import Crc32cCodec

from ansflow.integrations.xarray import AnsflowBackend, to_file
from ansflow.integrations.zarr import AnsflowCodec

NAME = "surface_temperature"
NEEDED = "iris_sample_data", "h5netcdf"


def measured():
    """Sea surface temperatures of 54 months, without what netCDF says of how they were stored."""
    (folder,) = importlib.util.find_spec("iris_sample_data").submodule_search_locations
    path = Path(folder, "sample_data", "ostia_monthly.nc")
    with xarray.open_dataset(path, engine="h5netcdf") as source:
        field = source[NAME].load().drop_encoding().reset_coords(drop=True)
    return field.to_dataset()


def made_up():
    """The same kind: seasons, waves, weather, and land without temperatures."""
    rng = np.random.default_rng(0)
    months = np.arange("2006-04", "2010-10", dtype="M8[M]").astype("M8[ns]")
    latitude, longitude = np.linspace(-5, 4.4, 18), np.linspace(0, 359, 432)
    waves = 299 + 3 * np.sin(np.radians(longitude)) * np.cos(np.radians(3 * latitude))[:, None]
    seasons = 1.5 * np.sin(np.arange(months.size) * np.pi / 6)[:, None, None]
    weather = rng.normal(0, 0.02, (months.size, 18, 432)).cumsum(2)
    field = (waves + seasons + weather).astype("f4")
    field[:, :, np.sin(np.radians(2 * longitude)) > 0.9] = np.nan
    axes = {"time": months, "latitude": latitude, "longitude": longitude}
    return xarray.Dataset({NAME: (tuple(axes), field)}, coords=axes)


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def compute(data):
    """By how much each month differs from those of its name on average, at most."""
    with data:
        field = data[NAME]  # nothing of it has been read yet
        by_month = field.groupby("time.month")
        return abs(by_month - by_month.mean()).max("time", skipna=False).compute()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--made-up", action="store_true", help="even if there are real data")
    options = parser.parse_args()
    real = all(map(importlib.util.find_spec, NEEDED)) and not options.made_up
    data = measured() if real else made_up()
    shape = data[NAME].shape
    print(f"{NAME}, {'measured' if real else 'made up'}, {shape}, {data[NAME].nbytes:,} bytes")

    ansflow = {"serializer": AnsflowCodec(), "compressors": Crc32cCodec()}
    encodings = {
        "Zarr's default": {},
        "ansflow": {**ansflow, "chunks": shape},
        "ansflow, in shards": {**ansflow, "chunks": (9, *shape[1:]), "shards": shape},
    }
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, encoding in encodings.items():
            path = Path(folder, kind)
            data.to_zarr(path, zarr_format=3, consolidated=False, encoding={NAME: encoding})
            results[kind] = compute(xarray.open_zarr(path, consolidated=False))
            size = size_of(path / NAME)
            print(f"{kind:20}{size:>10,} bytes, {data[NAME].nbytes / size:.2f} times smaller")
        path = Path(folder, "field.ans")
        to_file(data, path)
        results[path] = compute(xarray.open_dataset(path, engine=AnsflowBackend, chunks={}))
        print(f"{'all in a file':20}{path.stat().st_size:>10,} bytes")
    first, *others = results.values()
    for other in others:
        xarray.testing.assert_identical(first, other)
    most = first.where(first == first.max(), drop=True)
    print(
        "The results are the same. No month was further from its mean than "
        f"{most.item():.2f} K, at {most.latitude.item():.1f} N, {most.longitude.item():.1f} E."
    )


if __name__ == "__main__":
    main()
