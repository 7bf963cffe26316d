"""Dask reads files of ansflow chunk by chunk, and writes Zarr with it, in threads and processes."""

import os
import pickle

import numpy as np
import pytest
from stored_arrays import array_of

pytest.importorskip("dask.array")

import dask
import dask.array as da

import ansflow
from ansflow.errors import CorruptDataError
from ansflow.integrations.dask import from_file, to_zarr

pytestmark = pytest.mark.filterwarnings("ignore:The data type ")


@pytest.fixture
def field(tmp_path):
    """An array, and a file with it in tiles."""
    array = array_of("f4", (60, 40, 10))
    path = tmp_path / "field.ans"
    path.write_bytes(ansflow.compress(array, chunks=(25, 20, 10)))
    return array, path


def test_chunks_are_those_that_are_stored(field):
    array, path = field
    lazy = from_file(path)
    assert lazy.chunks == ((25, 25, 10), (20, 20), (10,))
    assert lazy.dtype == array.dtype
    assert np.array_equal(lazy.compute(), array)
    assert from_file(path, chunks=(30, -1, -1)).chunks == ((30, 30), (40,), (10,))


@pytest.mark.parametrize("dtype", ["?", ">i2", "f8", "c8", "M8[s]", "S3", "U4", "V5", "S70000"])
def test_dtypes(tmp_path, dtype):
    for shape in ((7, 6), (5,), (), (3, 0, 2)):
        array = np.zeros(shape, dtype) if dtype == "S70000" else array_of(dtype, shape)
        path = tmp_path / "array.ans"
        path.write_bytes(ansflow.compress(array))
        found = from_file(path).compute()
        assert (found.dtype, found.shape) == (array.dtype, shape)
        assert found.tobytes() == array.tobytes()


def test_fortran_order_and_masks(tmp_path):
    array = np.ma.masked_less(np.asfortranarray(array_of("f8", (30, 20))), 5)
    for kind in (array, array.data):
        path = tmp_path / "array.ans"
        path.write_bytes(ansflow.compress(kind, chunks=(10, 5)))
        lazy = from_file(path)
        assert lazy.chunks == ((10,) * 3, (5,) * 4)
        found = lazy.compute()
        assert np.array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(kind))
        assert np.array_equal(np.ma.getdata(found), array.data)


def test_readers_have_chunks_and_are_pickled_by_path(field, monkeypatch, tmp_path):
    """So that they can be given to Dask as they are."""
    array, path = field
    monkeypatch.chdir(tmp_path)
    with ansflow.ArrayReader(path.name, threads=1) as reader:
        assert reader.chunks == (25, 20, 10)
        data = pickle.dumps(reader)
        lazy = da.from_array(reader, chunks=reader.chunks)
        assert np.array_equal(lazy.compute(), array)
    monkeypatch.chdir("/")
    with pickle.loads(data) as again:
        assert np.array_equal(again[3:5], array[3:5])
    with open(path, "rb") as file, ansflow.ArrayReader(file) as reader:
        assert np.array_equal(reader[0], array[0])
        with pytest.raises(TypeError, match="the path of the file"):
            pickle.dumps(reader)


def test_arrays_of_a_collection(tmp_path):
    arrays = {"a": array_of("f4", (30, 20)), "b": array_of("f4", (30, 20)) + 1}
    path = tmp_path / "both.ans"
    ansflow.save(path, arrays, chunks=(10, 20))
    for name, array in arrays.items():
        lazy = from_file(path, name)
        assert lazy.chunks == ((10,) * 3, (20,))
        assert np.array_equal(lazy.compute(), array)
    with pytest.raises(KeyError):
        from_file(path, "c")
    with pytest.raises(CorruptDataError):
        from_file(path)
    with ansflow.load(path, threads=1) as file:
        # Under one name, Dask would take them for the same.
        a, b = (da.from_array(file[name], chunks=(10, 20)) for name in "ab")
        assert (b - a).min().compute() == 1


@pytest.mark.parametrize("fortran", [False, True])
def test_chunks_of_readers(tmp_path, fortran):
    array = np.array(array_of("i4", (9, 8)), order="F" if fortran else "C")
    path = tmp_path / "array.ans"
    path.write_bytes(ansflow.compress(array, chunks=(4, 3)))
    with ansflow.ArrayReader(path) as reader:
        assert reader.chunks == (4, 3)


def test_files_that_change_are_noticed(field):
    _, path = field
    lazy = from_file(path)
    name = lazy.name
    assert from_file(path).name == name
    path.write_bytes(ansflow.compress(np.zeros((60, 40, 10), "f4")))
    assert from_file(path).name != name
    with pytest.raises(ValueError, match="has changed"):
        lazy.compute()


def test_damaged_chunks_are_found(field):
    _, path = field
    data = bytearray(path.read_bytes())
    lazy = from_file(path)
    status = path.stat()
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(CorruptDataError):
        lazy.compute()


def test_threads_are_those_of_dask(tmp_path, own_threads):
    array = array_of("f4", (64, 100, 100))
    path = tmp_path / "array.ans"
    path.write_bytes(ansflow.compress(array, chunks=(8, 100, 100), threads=1))
    with dask.config.set(scheduler="threads", num_workers=4):
        assert np.array_equal(from_file(path).compute(), array)
    assert not own_threads


class TestZarr:
    @pytest.fixture(autouse=True)
    def zarr(self):
        return pytest.importorskip("zarr")

    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"chunks": (5, 10)},
            {"chunks": (5, 10), "shards": (10, 20)},
            {"chunks": (5, 10), "shards": (20, 40)},
            {"serializer": "auto", "compressors": None},
        ],
        ids=str,
    )
    def test_round_trip(self, tmp_path, options):
        array = array_of("i4", (50, 70))
        url = str(tmp_path / "array.zarr")
        to_zarr(da.from_array(array, chunks=(20, 40)), url, **options)
        assert np.array_equal(da.from_zarr(url).compute(), array)

    def test_the_codec_is_that_of_ansflow(self, zarr, tmp_path):
        url = str(tmp_path / "array.zarr")
        to_zarr(da.zeros((8, 8)), url)
        told = [codec.to_dict()["name"] for codec in zarr.open_array(url).metadata.codecs]
        assert told == ["ansflow", "crc32c"]

    @pytest.mark.parametrize(
        "options",
        [
            {"chunks": (30, 40)},
            {"chunks": (10, 10), "shards": (40, 30)},
            {"chunks": (20, 40), "shards": (60, 40)},
        ],
        ids=str,
    )
    def test_chunks_that_two_tasks_would_write_to(self, tmp_path, options):
        array = array_of("i4", (50, 70))
        lazy = da.from_array(array, chunks=(20, 40))
        with pytest.raises(ValueError, match="two tasks would write"):
            to_zarr(lazy, str(tmp_path / "array.zarr"), **options)
        assert not (tmp_path / "array.zarr").exists()
        whole = options.get("shards") or options["chunks"]
        # What the error says to do.
        to_zarr(lazy.rechunk(whole), str(tmp_path / "array.zarr"), **options)
        assert np.array_equal(da.from_zarr(str(tmp_path / "array.zarr")).compute(), array)

    def test_arrays_that_exist_are_no_stores(self, zarr):
        there = zarr.create_array({}, shape=(60,), dtype="i8", chunks=(30,))
        with pytest.raises(TypeError, match=r"new array.*dask\.array\.store"):
            to_zarr(da.arange(60, chunks=20), there)

    def test_chunks_of_unknown_size(self, tmp_path):
        array = da.arange(60, chunks=20)
        odd = array[array % 2 == 1]
        with pytest.raises(ValueError, match=r"compute_chunk_sizes\(\)"):
            to_zarr(odd, str(tmp_path / "array.zarr"))
        to_zarr(odd.compute_chunk_sizes(), str(tmp_path / "array.zarr"))
        assert da.from_zarr(str(tmp_path / "array.zarr")).sum().compute() == 900

    def test_awkward_arrays(self, tmp_path):
        for number, array in enumerate((np.zeros((4, 0, 3)), np.array(2.5), np.zeros(0, "u1"))):
            url = str(tmp_path / f"{number}.zarr")
            to_zarr(da.from_array(array), url)
            assert np.array_equal(da.from_zarr(url).compute(), array)

    def test_later(self, zarr, tmp_path):
        url = str(tmp_path / "array.zarr")
        later = to_zarr(da.ones((8, 8)), url, compute=False)
        assert zarr.open_array(url)[:].sum() == 0
        later.compute()
        assert zarr.open_array(url)[:].sum() == 64

    def test_names_in_groups(self, zarr):
        store = zarr.storage.MemoryStore()
        for name in ("a", "b"):
            to_zarr(da.ones((8, 8)), store, name=name)
        assert set(zarr.open_group(store).array_keys()) == {"a", "b"}

    def test_threads_are_those_of_dask(self, tmp_path, own_threads):
        array = array_of("f4", (64, 100, 100))
        url = str(tmp_path / "array.zarr")
        with dask.config.set(scheduler="threads", num_workers=4):
            to_zarr(da.from_array(array, chunks=(16, 100, 100)), url)
            assert np.array_equal(da.from_zarr(url).compute(), array)
        assert not own_threads

    def test_irregular_chunks(self, tmp_path):
        array = da.from_array(array_of("i4", (50,)), chunks=((20, 5, 25),))
        with pytest.raises(ValueError, match="end at 25"):
            to_zarr(array, str(tmp_path / "array.zarr"))
        with pytest.raises(ValueError, match="2 integers"):
            to_zarr(da.zeros((4, 4)), str(tmp_path / "array.zarr"), chunks="auto")
        with pytest.raises(ValueError, match="end at 20"):
            to_zarr(array, str(tmp_path / "array.zarr"), chunks=15)


def test_a_cluster_of_processes(field, tmp_path):
    """Two workers read a file, write to Zarr, and read that; codecs get there by themselves."""
    pytest.importorskip("zarr")
    distributed = pytest.importorskip("distributed")
    array, path = field
    url = str(tmp_path / "array.zarr")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, dashboard_address=None, local_directory=str(tmp_path)
        ) as cluster,
        distributed.Client(cluster),
    ):
        to_zarr(from_file(path), url, chunks=(5, 20, 10), shards=(25, 20, 10))
        found = da.from_zarr(url)
        assert np.array_equal(found.compute(), array)
        assert found.sum(dtype="f8").compute() == array.sum(dtype="f8")
        with ansflow.ArrayReader(path, threads=1) as reader:
            again = da.from_array(reader, chunks=reader.chunks).max(axis=0).compute()
        assert np.array_equal(again, array.max(axis=0))
