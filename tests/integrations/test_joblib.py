"""Pickles of joblib: arrays in them are numbers, and the file is one of ansflow's."""

import io
import os

import numpy as np
import pytest
from stored_arrays import DTYPES, array_of, awkward

pytest.importorskip("joblib")

import joblib

import ansflow
import ansflow.integrations.joblib as integration
from ansflow.errors import AnsflowError

COMPRESS = ("ansflow", 1)


def same(a, b):
    assert (a.dtype, a.shape) == (b.dtype, b.shape)
    assert a.tobytes() == b.tobytes()


def test_every_dtype_in_one_pickle(tmp_path):
    arrays = {dtype: array_of(dtype, (5, 7)) for dtype in DTYPES} | awkward()
    joblib.dump(arrays, tmp_path / "arrays", compress=COMPRESS)
    # Joblib would make arrays native otherwise.
    found = joblib.load(tmp_path / "arrays", ensure_native_byte_order=False)
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        same(found[name], array)


def test_objects_of_all_kinds(tmp_path):
    value = {
        "text": "x" * 5000,
        "list": list(range(3000)),
        "objects": np.array(["a", None, 3], object),
    }
    joblib.dump(value, tmp_path / "value", compress=COMPRESS)
    found = joblib.load(tmp_path / "value")
    assert found["objects"].tolist() == ["a", None, 3]
    assert found["text"] == value["text"]
    assert found["list"] == value["list"]


@pytest.mark.parametrize("size", [1, 100, 5000, 400_000])
def test_blocks_of_any_size(tmp_path, size):
    """Arrays that joblib buffers with what is around them, and those that it does not."""
    prices = np.cumsum(np.random.default_rng(0).normal(0, 0.02, size)).round(2) + 100
    value = ["head", prices, "between", prices.astype("f4")[1:], b"end"]
    joblib.dump(value, tmp_path / "value", compress=COMPRESS)
    found = joblib.load(tmp_path / "value")
    same(found[1], value[1])
    same(found[3], value[3])
    assert found[::2] == value[::2]
    if size > 5000:
        joblib.dump(value, tmp_path / "zlib", compress=("zlib", 3))
        assert os.path.getsize(tmp_path / "value") < os.path.getsize(tmp_path / "zlib") / 2


def test_the_name_and_the_beginning_say_what_it_is(tmp_path):
    value = {"a": np.arange(2000)}
    joblib.dump(value, tmp_path / "value.ans")
    data = (tmp_path / "value.ans").read_bytes()
    assert data.startswith(ansflow.compress(b"anything")[:4])
    assert b"joblib.numpy_pickle" in ansflow.decompress(data)
    same(joblib.load(tmp_path / "value.ans")["a"], value["a"])


def test_file_objects():
    value, file = np.arange(300_000) // 7, io.BytesIO()
    joblib.dump(value, file, compress=COMPRESS)
    assert file.tell() < 100_000  # and still open
    file.seek(0)
    same(joblib.load(file), value)


@pytest.mark.parametrize("level", [1, 9, None])
def test_levels(tmp_path, level):
    compress = "ansflow" if level is None else ("ansflow", level)
    joblib.dump(np.arange(300.0), tmp_path / "value", compress=compress)
    same(joblib.load(tmp_path / "value"), np.arange(300.0))
    with pytest.raises(ValueError, match="Non valid compress level"):
        joblib.dump(0, tmp_path / "value", compress=("ansflow", 10))


def test_damage_is_found(tmp_path):
    path = tmp_path / "value"
    joblib.dump({"a": np.arange(300)}, path, compress=COMPRESS)
    data = path.read_bytes()
    for at in range(4, len(data), 5):
        for damaged in (data[:at], data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]):
            path.write_bytes(damaged)
            # Cut off between two frames, the file is a whole one, but the pickle is not.
            with pytest.raises((AnsflowError, EOFError)):
                joblib.load(path)


def test_functions_are_cached(tmp_path):
    memory = joblib.Memory(tmp_path, compress=COMPRESS, verbose=0)
    calls = []

    def slow(count):
        calls.append(count)
        return np.arange(count)

    cached = memory.cache(slow)
    for _ in range(2):
        same(cached(500), np.arange(500))
    assert calls == [500]


def test_no_threads_are_started(tmp_path, own_threads):
    value = np.arange(1_000_000)
    joblib.dump(value, tmp_path / "value", compress=COMPRESS)
    same(joblib.load(tmp_path / "value"), value)
    assert not own_threads


def test_the_module_may_be_reloaded():
    import importlib

    importlib.reload(integration)
