"""Datasets of xarray in Zarr, by `encoding` alone, and lazily with Dask."""

import numpy as np
import pytest

pytest.importorskip("xarray")
pytest.importorskip("zarr")

import xarray
import zarr
from zarr.codecs import Crc32cCodec

from ansflow.integrations.numcodecs import Ansflow
from ansflow.integrations.zarr import AnsflowBytesCodec, AnsflowCodec

ENCODINGS = {
    "array": {"serializer": AnsflowCodec(), "compressors": Crc32cCodec()},
    "bytes": {"compressors": AnsflowBytesCodec()},
    "sharded": {
        "serializer": AnsflowCodec(),
        "compressors": None,
        "chunks": (4, 10, 20),
        "shards": (12, 20, 20),
    },
}


@pytest.fixture
def dataset():
    """A year on a small grid, with what climate data have: fill values, packing, dates, names."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:20j, -1:1:30j]
    field = 280 + 20 * np.cos(2 * y) + 3 * np.sin(6 * x) + rng.normal(0, 0.3, (12, *y.shape))
    field = field.round(2).astype("f4")
    field[:, np.sin(5 * x) * np.cos(4 * y) > 0.5] = np.nan
    axes = ("time", "latitude", "longitude")
    return xarray.Dataset(
        {
            "kelvin": (axes, field, {"units": "K"}),
            "count": (axes[1:], rng.integers(0, 99, y.shape).astype("i2")),
        },
        coords={
            "time": np.arange("2023-01", "2024-01", dtype="M8[M]").astype("M8[ns]"),
            "latitude": np.linspace(-90, 90, 20),
            "longitude": np.linspace(0, 360, 30, endpoint=False),
        },
    )


@pytest.mark.parametrize("kind", ENCODINGS)
def test_round_trip(dataset, tmp_path, kind):
    path = tmp_path / "field.zarr"
    dataset.to_zarr(path, zarr_format=3, consolidated=False, encoding={"kelvin": ENCODINGS[kind]})
    codecs = [
        codec["name"] for codec in zarr.open_group(path)["kelvin"].metadata.to_dict()["codecs"]
    ]
    assert any(name.startswith(("ansflow", "sharding")) for name in codecs)
    with xarray.open_zarr(path, consolidated=False, chunks=None) as found:
        xarray.testing.assert_identical(found.load(), dataset)


def test_format_2(dataset, tmp_path):
    encoding = {"kelvin": {"compressors": Ansflow()}}
    dataset.to_zarr(tmp_path / "field.zarr", zarr_format=2, consolidated=False, encoding=encoding)
    with xarray.open_zarr(tmp_path / "field.zarr", consolidated=False, chunks=None) as found:
        xarray.testing.assert_identical(found.load(), dataset)


def test_packed_numbers(dataset, tmp_path):
    """Scale factors of the CF conventions, applied by xarray before the codec."""
    encoding = {
        "kelvin": {**ENCODINGS["array"], "dtype": "i2", "scale_factor": 0.01, "add_offset": 280}
    }
    encoding["kelvin"]["_FillValue"] = -32768
    dataset.to_zarr(tmp_path / "a.zarr", zarr_format=3, consolidated=False, encoding=encoding)
    with xarray.open_zarr(tmp_path / "a.zarr", consolidated=False, chunks=None) as found:
        np.testing.assert_allclose(found.kelvin.load(), dataset.kelvin, atol=0.006)


def test_lazily_with_dask(dataset, tmp_path, own_threads):
    pytest.importorskip("dask.array")
    path = tmp_path / "field.zarr"
    lazy = dataset.chunk({"time": 12, "latitude": 20, "longitude": 20})
    lazy.to_zarr(path, zarr_format=3, consolidated=False, encoding={"kelvin": ENCODINGS["sharded"]})
    with xarray.open_zarr(path, consolidated=False) as found:
        assert found.kelvin.chunks is not None
        xarray.testing.assert_allclose(found.mean("time").compute(), dataset.mean("time"))
        xarray.testing.assert_identical(found.isel(time=5).load(), dataset.isel(time=5))
    assert not own_threads


def test_misaligned_chunks_are_refused_by_xarray(dataset, tmp_path):
    pytest.importorskip("dask.array")
    lazy = dataset.chunk({"time": 5})
    with pytest.raises(ValueError, match=r"(?i)chunks"):
        lazy.to_zarr(
            tmp_path / "field.zarr",
            zarr_format=3,
            consolidated=False,
            encoding={"kelvin": ENCODINGS["sharded"]},
        )
