"""
Climate data with xarray, Zarr and Dask
=======================================

A field of temperatures goes to Zarr with the codecs that people use and with ansflow's, and to a
file of ansflow. Then a result is computed lazily from each of them, chunk by chunk in Dask's
threads: by how much months differ from what is usual, which shows El Niño.
"""

# %%
# The data are monthly sea surface temperatures of the tropics, of 54 months, from the package
# iris-sample-data (h5netcdf and h5py read them). Without it, a field of that kind is made up::
#
#     pip install "ansflow[xarray,dask,plot]" h5netcdf h5py iris-sample-data

# region Imports and options
import argparse
import importlib.util
import sys
import tempfile
from pathlib import Path

import numpy as np
import xarray
from zarr.codecs import BloscCodec, Crc32cCodec

from ansflow.integrations.xarray import AnsflowBackend, to_file
from ansflow.integrations.zarr import AnsflowCodec

try:
    from matplotlib import pyplot as plt
except ModuleNotFoundError:
    plt = None
    print('The figures need matplotlib: pip install "ansflow[plot]"')

parser = argparse.ArgumentParser(description="A climate data set with xarray, Zarr and Dask.")
parser.add_argument("--made-up", action="store_true", help="even if there are real data")
parser.add_argument("--figure", type=Path, help="where to save the figure of sizes")
options = parser.parse_args(sys.argv[1:] if "__file__" in globals() else [])  # in a notebook: none
# endregion

NAME = "surface_temperature"
NEEDED = "iris_sample_data", "h5netcdf", "h5py"


# region The data
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


# endregion


real = all(map(importlib.util.find_spec, NEEDED)) and not options.made_up
data = measured() if real else made_up()
field = data[NAME]
print(f"{NAME}, {'measured' if real else 'made up'}, {field.shape}, {field.nbytes:,} bytes")

# %%
# In Zarr 3, an array's chunks go through a *serializer*, which makes bytes of them, and through
# *compressors*, which see bytes only. ``AnsflowCodec`` is a serializer, since it has to know
# dtype and shape to subtract neighbours from each other. Damage is noticed by ``Crc32cCodec``
# behind it; Zarr would add zstd there if nothing were said.
#
# Chunks are what is read at once. Small ones suit those who read a little at a time, but each has
# tables of its own. *Shards* hold many of them in a file.

as_numbers = {"serializer": AnsflowCodec(), "compressors": Crc32cCodec()}
encodings = {
    "Zarr's default, zstd": {},
    "Blosc: shuffle, zstd": {"compressors": BloscCodec(cname="zstd", clevel=9, shuffle="shuffle")},
    "ansflow": {**as_numbers, "chunks": field.shape},
    "ansflow, shards of 9 months": {
        **as_numbers,
        "chunks": (9, *field.shape[1:]),
        "shards": field.shape,
    },
}


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


# %%
# With ``chunks``, or in Zarr, ``xarray.open_...`` reads nothing but the description. What follows
# builds a graph of tasks, and Dask reads, decodes and computes when a result is asked for, in as
# many threads as there are cores. ansflow starts none of its own there, and its kernels release
# the interpreter's lock.


def departures(stored):
    """By how much each month differs from those of its name on average, in kelvins."""
    with stored:
        by_month = stored[NAME].groupby("time.month")  # nothing has been read yet
        return (by_month - by_month.mean()).compute()


sizes, results = {"uncompressed": field.nbytes}, {}
with tempfile.TemporaryDirectory() as folder:
    for kind, encoding in encodings.items():
        path = Path(folder, kind)
        data.to_zarr(path, zarr_format=3, consolidated=False, encoding={NAME: encoding})
        stored = xarray.open_zarr(path, consolidated=False)
        xarray.testing.assert_identical(stored[NAME].load(), field)
        results[kind] = departures(xarray.open_zarr(path, consolidated=False))
        sizes[kind] = size_of(path / NAME)
    kind, path = "ansflow, a file of all arrays", Path(folder, "field.ans")
    to_file(data, path)
    results[kind] = departures(xarray.open_dataset(path, engine=AnsflowBackend, chunks={}))
    sizes[kind] = path.stat().st_size

first, *others = results.values()
for other in others:
    xarray.testing.assert_identical(first, other)
for kind, size in sizes.items():
    print(f"{kind:30}{size:>10,} bytes, {field.nbytes / size:.2f} times smaller")
largest = abs(first)
most = first.where(largest == largest.max(), drop=True)
print("The results are the same. The furthest from what is usual:")
print(
    f"{most.time.dt.strftime('%B %Y').item()}, {most.item():+.2f} K, "
    f"at {most.latitude.item():.1f} N, {most.longitude.item():.1f} E."
)

# %%
# What it takes. Zarr's default sees bytes, of which the lower ones of each float look like noise.
# Blosc's shuffle puts bytes of the same place side by side, and zstd finds repetitions among them.
# ansflow takes out the land, makes integers of floats, subtracts neighbours, and codes what is
# left. :doc:`what_a_plan_gains` shows these steps for this very array.

# region Drawing
BLUE, ORANGE, SKY = "#0072B2", "#E69F00", "#56B4E9"

if plt:
    figure, axes = plt.subplots(figsize=(8, 3.2))
    ours = [kind.startswith("ansflow") for kind in sizes]
    bars = axes.barh([*sizes], np.array([*sizes.values()]) / 1000)
    for bar, own in zip(bars, ours, strict=True):
        bar.set(color=ORANGE if own else SKY, hatch="" if own else "//", edgecolor="white")
    axes.bar_label(bars, [f" {size / 1000:,.0f}" for size in sizes.values()])
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set(xlabel="kB", xlim=(0, 1.12 * field.nbytes / 1000))
    figure.tight_layout()
    if options.figure:
        figure.savefig(options.figure, dpi=120)
# endregion

# %%
# And what was asked for: the temperatures of a month, by how much that month differs from its
# mean, and these differences near the equator, month after month. In the measured data one can see
# the El Niños of 2006 and 2009, when the east of the Pacific was warm, and a La Niña behind each.

# sphinx_gallery_thumbnail_number = 2
# region Drawing
EVENTS = {"2006-12": "El Niño", "2007-11": "La Niña", "2009-12": "El Niño"}

if plt:
    month = int(largest.mean(("latitude", "longitude")).argmax("time"))
    name = f"{field.time[month].dt.strftime('%B %Y').item()}"
    equator = first.sel(latitude=slice(-2, 2)).mean("latitude")
    limit = float(np.nanquantile(np.abs(equator), 0.999))
    figure, rows = plt.subplots(
        3, figsize=(10, 7.5), height_ratios=[1, 1, 3], sharex=True, layout="constrained"
    )
    warmth, change = plt.colormaps["cividis"], plt.colormaps["PuOr_r"]
    pictures = (
        (field[month], warmth, {}, f"{name}, in kelvins"),
        (first[month], change, {"vmin": -limit, "vmax": limit}, f"{name}, less the usual"),
        (equator, change, {"vmin": -limit, "vmax": limit}, "2 S to 2 N, less the usual"),
    )
    for axes, (values, colours, limits, title) in zip(rows, pictures, strict=True):
        down = values.time if "time" in values.dims else values.latitude
        mesh = axes.pcolormesh(values.longitude, down, values, cmap=colours, **limits)
        axes.set_facecolor("#BBBBBB")  # land
        axes.set_title(title, loc="left", fontsize=10)
        figure.colorbar(mesh, ax=axes, label="K", pad=0.01)
        axes.set_ylabel("" if "time" in values.dims else "latitude")
    if real:
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2}
        for date, event in EVENTS.items():
            rows[-1].text(225, np.datetime64(date), event, ha="center", va="center", bbox=box)
    rows[-1].invert_yaxis()
    rows[-1].set(xlabel="longitude, degrees east")
# endregion
