"""Compressed files through fsspec, and with it those of pandas and Dask."""

import uuid

import numpy as np
import pytest

pytest.importorskip("fsspec")

import fsspec

import ansflow
import ansflow.integrations.fsspec
from ansflow.errors import AnsflowError

TEXT = "".join(f"{i},{i * i}\n" for i in range(20_000))


@pytest.fixture
def url():
    """A name that is free, of a file in memory."""
    return f"memory://{uuid.uuid4()}.csv.ans"


@pytest.mark.parametrize("compression", ["ansflow", "infer"])
def test_round_trip(url, compression):
    with fsspec.open(url, "wt", compression=compression, newline="") as file:
        file.write(TEXT)
    with fsspec.open(url, "rb") as file:
        data = file.read()
    assert len(data) < len(TEXT) / 2
    assert ansflow.decompress(data).decode() == TEXT
    with fsspec.open(url, "rt", compression=compression, newline="") as file:
        assert file.read() == TEXT


def test_no_more_is_read_than_needed(url, monkeypatch):
    numbers = np.random.default_rng(0).integers(0, 256, 4 << 20, "u1").tobytes()
    with fsspec.open(url, "wb", compression="ansflow") as file:
        file.write(numbers)
    with fsspec.open(url, "rb", compression="ansflow") as file:
        inner = file.raw._file
        taken, read = [], inner.read

        def noted(size=-1):
            data = read(size)
            taken.append(len(data))
            return data

        monkeypatch.setattr(inner, "read", noted)
        file.seek(3_000_000)
        assert file.read(1000) == numbers[3_000_000:3_001_000]
    assert 0 < sum(taken) < 1 << 20


def test_local_files(tmp_path):
    path = tmp_path / "table.csv.ans"
    with fsspec.open(str(path), "wb", compression="infer") as file:
        file.write(TEXT.encode())
    with ansflow.open(path, "rt", newline="") as file:
        assert file.read() == TEXT


def test_damage_is_found(url):
    with fsspec.open(url, "wb", compression="ansflow") as file:
        file.write(TEXT.encode())
    with fsspec.open(url, "rb") as file:
        data = bytearray(file.read())
    data[len(data) // 2] ^= 4
    with fsspec.open(url, "wb") as file:
        file.write(data)
    with pytest.raises(AnsflowError), fsspec.open(url, "rb", compression="ansflow") as file:
        file.read()


class TestPandas:
    """Of `compression=`, pandas has a closed list; file objects and fsspec are the ways in."""

    @pytest.fixture
    def pandas(self):
        return pytest.importorskip("pandas")

    @pytest.fixture
    def table(self, pandas):
        rows = np.arange(2000)
        return pandas.DataFrame({"day": rows // 24, "kelvin": np.round(273 + rows / 77, 2)})

    def test_file_objects(self, pandas, table, tmp_path):
        with ansflow.open(tmp_path / "table.csv.ans", "wt", newline="") as file:
            table.to_csv(file, index=False)
        for mode in ("rt", "rb"):
            with ansflow.open(tmp_path / "table.csv.ans", mode) as file:
                pandas.testing.assert_frame_equal(pandas.read_csv(file), table)
        with ansflow.open(tmp_path / "table.csv.ans", "rt") as file:
            parts = list(pandas.read_csv(file, chunksize=300))
        pandas.testing.assert_frame_equal(pandas.concat(parts), table)

    def test_pickles(self, pandas, table, tmp_path):
        with ansflow.open(tmp_path / "table.pkl.ans", "wb") as file:
            table.to_pickle(file)
        with ansflow.open(tmp_path / "table.pkl.ans") as file:
            pandas.testing.assert_frame_equal(pandas.read_pickle(file), table)

    @pytest.mark.parametrize("compression", ["ansflow", "infer"])
    def test_storage_options(self, pandas, table, tmp_path, url, compression):
        options = {"compression": compression}
        for name in (url, f"local://{tmp_path}/table.csv.ans"):
            table.to_csv(name, index=False, storage_options=options)
            found = pandas.read_csv(name, storage_options=options)
            pandas.testing.assert_frame_equal(found, table)
        with ansflow.open(tmp_path / "table.csv.ans", "rt") as file:
            assert file.readline() == "day,kelvin\n"

    def test_the_closed_list(self, pandas, table, tmp_path):
        """If this fails, pandas has opened up: say so in the README."""
        with pytest.raises(ValueError, match="Unrecognized compression type"):
            table.to_csv(tmp_path / "table.csv.ans", compression="ansflow")
