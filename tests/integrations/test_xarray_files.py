"""Datasets of xarray in files of ansflow."""

import numpy as np
import pytest
from stored_arrays import DTYPES, array_of, nans

pytest.importorskip("xarray")

import xarray

import ansflow
from ansflow.errors import AnsflowError
from ansflow.integrations.xarray import AnsflowBackend, to_file


@pytest.fixture
def dataset():
    rows = np.arange(24)
    return xarray.Dataset(
        {
            "kelvin": (
                ("time", "x"),
                array_of("f4", (24, 30)) + 273,
                {"units": "K", "ids": [1, 2]},
            ),
            "count": ("x", array_of("i2", (30,))),
            "grid": ((), np.int32(7)),
        },
        coords={
            "time": np.datetime64("2024-01-01", "ns") + rows * np.timedelta64(3600, "s"),
            "place": ("x", np.array(["here", "there", "far away"] * 10, object)),
            "height": 2.0,
        },
        attrs={"title": "A field", "version": np.int64(3)},
    )


def test_round_trip(dataset, tmp_path):
    to_file(dataset, tmp_path / "field.ans", level=1)
    with xarray.open_dataset(tmp_path / "field.ans", engine=AnsflowBackend) as found:
        assert set(found.coords) == {"time", "place", "height"}
        xarray.testing.assert_identical(found.load(), dataset)


@pytest.mark.parametrize("name", ["kelvin", None])
def test_single_arrays(dataset, tmp_path, name):
    array = dataset["kelvin"].rename(name)
    to_file(array, tmp_path / "field.ans")
    with xarray.open_dataarray(tmp_path / "field.ans", engine=AnsflowBackend) as found:
        xarray.testing.assert_identical(found.load(), array)


def test_the_engine_is_found(dataset, tmp_path):
    if "ansflow" not in xarray.backends.list_engines():
        pytest.skip("ansflow is on the path, but not installed")
    to_file(dataset, tmp_path / "field.ans")
    for options in ({"engine": "ansflow"}, {}):
        with xarray.open_dataset(tmp_path / "field.ans", **options) as found:
            xarray.testing.assert_identical(found.load(), dataset)


def test_there_is_nothing_to_decode(dataset, tmp_path):
    """What users ask of files of netCDF is no error; what nobody asks is one."""
    path = tmp_path / "x.ans"
    to_file(dataset, path)
    for asked in ({"decode_times": False}, {"mask_and_scale": False}, {"decode_cf": False}):
        with xarray.open_dataset(path, engine="ansflow", **asked) as found:
            xarray.testing.assert_identical(found, dataset)
    with pytest.raises(TypeError, match="drop_variable"):
        xarray.open_dataset(path, engine="ansflow", drop_variable="a")


def test_what_is_guessed(dataset, tmp_path):
    backend = AnsflowBackend()
    to_file(dataset, tmp_path / "field.ans")
    assert backend.guess_can_open(tmp_path / "field.ans")
    (tmp_path / "bytes.ans").write_bytes(ansflow.compress(b"bytes"))
    (tmp_path / "empty.ans").write_bytes(b"")
    for name in ("bytes.ans", "empty.ans", "missing.ans", "field.nc"):
        assert not backend.guess_can_open(str(tmp_path / name))
    assert not backend.guess_can_open(5)


def test_every_dtype(tmp_path):
    arrays = {f"v{number}": array_of(dtype, (4, 5)) for number, dtype in enumerate(DTYPES)}
    arrays |= {"empty": np.zeros((0, 5), "f4"), "NaN": nans().reshape(400, 5), "one": np.array(2)}
    arrays["Fortran"] = np.asfortranarray(array_of("f8", (4, 5)))
    dims = {name: [f"{name}{axis}" for axis in range(array.ndim)] for name, array in arrays.items()}
    dataset = xarray.Dataset({name: (dims[name], array) for name, array in arrays.items()})
    to_file(dataset, tmp_path / "all.ans", level=1)
    with xarray.open_dataset(tmp_path / "all.ans", engine=AnsflowBackend) as found:
        for name in dataset:
            # xarray itself makes dates native and of a few units.
            array = dataset[name].to_numpy()
            assert found[name].to_numpy().tobytes() == array.tobytes()
            assert found[name].dtype == array.dtype


def test_indexing_is_lazy(dataset, tmp_path):
    to_file(dataset, tmp_path / "field.ans", chunks=None)
    with xarray.open_dataset(tmp_path / "field.ans", engine=AnsflowBackend) as found:
        for key in (
            {"time": 3},
            {"time": slice(2, 20, 3), "x": 5},
            {"time": slice(None, None, -2)},
            {"x": [4, 1, 1], "time": [0, 23]},
            {"time": xarray.DataArray([1, 2], dims="p"), "x": xarray.DataArray([3, 4], dims="p")},
            {"time": slice(0, 0), "x": slice(5, 5)},
        ):
            xarray.testing.assert_identical(found.isel(key).load(), dataset.isel(key))


def test_chunks_are_those_of_the_file(dataset, tmp_path, own_threads):
    pytest.importorskip("dask.array")
    lazy = dataset.chunk({"time": 10})
    to_file(lazy, tmp_path / "field.ans", chunk_size=6 * 30 * 4)
    with xarray.open_dataset(tmp_path / "field.ans", engine=AnsflowBackend, chunks={}) as found:
        assert found.kelvin.chunks[0][0] == 6
        xarray.testing.assert_identical(found.compute(), dataset)
    assert not own_threads


def test_collections_of_others(tmp_path):
    path = tmp_path / "others.ans"
    masked = np.ma.masked_less(array_of("f4", (5, 6)), 3)
    with ansflow.CollectionWriter(path, metadata={"run": 5}) as writer:
        writer.add("a", array_of("i4", (5, 6)), metadata={"dims": 3})
        writer.add("b", masked)
    with xarray.open_dataset(path, engine=AnsflowBackend) as found:
        assert found.attrs == {"run": 5}
        assert found.a.dims == ("a_0", "a_1")
        assert found.a.attrs == {"dims": 3}
        np.testing.assert_array_equal(found.b, masked.filled(np.nan))
    with ansflow.CollectionWriter(path, "a") as writer:
        writer.add("c", np.ma.masked_less(array_of("i4", (5, 6)), 3))
    with pytest.raises(TypeError, match="'c' of int32 is masked"):
        xarray.open_dataset(path, engine=AnsflowBackend)
    with xarray.open_dataset(path, engine=AnsflowBackend, drop_variables="c") as found:
        assert set(found) == {"a", "b"}


def test_damage_is_found(dataset, tmp_path):
    path = tmp_path / "field.ans"
    to_file(dataset[["kelvin"]].reset_coords(drop=True), path)
    data = path.read_bytes()
    for at in range(0, len(data), 11):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
        with pytest.raises(AnsflowError), xarray.open_dataset(path, engine=AnsflowBackend) as found:
            found.load()


def test_what_no_file_can_hold(tmp_path):
    with pytest.raises(TypeError, match="objects"):
        to_file(xarray.Dataset({"a": ("x", np.array([1, None], object))}), tmp_path / "a.ans")
    with pytest.raises(TypeError):
        to_file(xarray.Dataset(attrs={"a": object()}), tmp_path / "a.ans")
    variable = xarray.Variable("x", np.arange(3), {"valid_max": np.nan})
    for given in (variable, variable.chunk()):
        with pytest.raises(ValueError, match="nan") as caught:
            to_file(xarray.Dataset({"level": given}), tmp_path / "a.ans")
        assert "'level'" in caught.value.__notes__[0]
    assert not (tmp_path / "a.ans").exists()


def test_what_is_no_dataset(dataset, tmp_path):
    tree = xarray.DataTree.from_dict({"/": dataset, "/inner": dataset})
    with pytest.raises(TypeError, match="DataTree"):
        to_file(tree, tmp_path / "tree.ans")
    assert not list(tmp_path.iterdir())


def test_files_are_opened_by_their_path(dataset, tmp_path):
    to_file(dataset, tmp_path / "field.ans")
    with (
        (tmp_path / "field.ans").open("rb") as file,
        pytest.raises(TypeError, match="by their path, not BufferedReader"),
    ):
        xarray.open_dataset(file, engine=AnsflowBackend)
