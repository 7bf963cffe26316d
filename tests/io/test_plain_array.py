"""Arrays and tables of other libraries are taken by the protocols that they share."""

import array
import importlib.util
import io

import numpy as np
import pytest

import ansflow
from ansflow.io.plain_array import named_columns, plain_array

WALK = np.cumsum(np.arange(500) ** 2 % 17 - 8).astype("<i4")


class ByArray:
    """Has `__array__`."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return self.values


class ByDlpack:
    """Has `__dlpack__`, as tensors do."""

    def __init__(self, values):
        self.values = values

    def __dlpack__(self, **options):
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()


@pytest.mark.parametrize("protocol", [ByArray, ByDlpack])
def test_protocols(protocol):
    thing = protocol(WALK)
    assert plain_array(thing) is not None
    assert ansflow.compress(thing) == ansflow.compress(WALK)
    file = io.BytesIO()
    ansflow.save(file, a=thing)
    file.seek(0)
    assert np.array_equal(ansflow.load(file)["a"][...], WALK)


def test_a_masked_array_keeps_its_mask():
    masked = np.ma.MaskedArray([1, 2, 3], [0, 1, 0])
    assert ansflow.compress(ByArray(masked)) == ansflow.compress(masked)


def test_readers_are_arrays():
    reader = ansflow.ArrayReader(io.BytesIO(ansflow.compress(WALK)))
    assert ansflow.compress(reader) == ansflow.compress(WALK)


def test_buffers_are_bytes_to_compress_and_arrays_to_save():
    """What was compressed stays what it was."""
    numbers = array.array("d", [1, 2.5])
    assert ansflow.decompress(ansflow.compress(numbers)) == numbers.tobytes()
    file = io.BytesIO()
    ansflow.save(file, numbers=numbers, raw=b"bytes")
    file.seek(0)
    reader = ansflow.load(file)
    assert (reader["numbers"].dtype, reader["numbers"][...].tolist()) == ("f8", [1, 2.5])
    assert (reader["raw"].dtype, reader["raw"][...].tobytes()) == ("u1", b"bytes")


@pytest.mark.parametrize("thing", [3, [1, 2], "text", None, {"a": 1}, object()])
def test_what_is_no_array(thing):
    assert plain_array(thing) is None
    with pytest.raises(TypeError):
        ansflow.compress(thing)


def test_what_has_columns():
    assert named_columns(WALK) is None
    assert named_columns([1]) is None
    assert dict(named_columns({"a": 1})) == {"a": 1}


def saved(table):
    file = io.BytesIO()
    ansflow.save(file, table)
    file.seek(0)
    return {name: reader[...] for name, reader in ansflow.load(file).items()}


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="needs pyarrow")
class TestArrow:
    def test_tables(self):
        import pyarrow as pa

        table = pa.table(
            {
                "whole": pa.chunked_array([[1, 2], [3]]),
                "missing": pa.array([1, None, 3], pa.int16()),
                "nothing": pa.array([None, None, None], pa.float32()),
                "floats": [1.5, float("nan"), 3],
                "times": pa.array([7, None, 9], pa.timestamp("ms")),
                "bools": [True, None, False],
            }
        )
        found = saved(table)
        assert list(found) == table.column_names
        assert found["whole"].tolist() == [1, 2, 3]
        assert type(found["whole"]) is np.ndarray
        assert (found["missing"].dtype, found["missing"].tolist()) == ("i2", [1, None, 3])
        assert (found["nothing"].dtype, found["nothing"].mask.all()) == ("f4", True)
        assert type(found["floats"]) is np.ndarray
        assert np.isnan(found["floats"][1])
        assert found["times"].dtype == "M8[ms]"
        assert found["times"].mask.tolist() == [False, True, False]
        assert found["bools"].tolist() == [True, None, False]
        (batch,) = table.slice(1).combine_chunks().to_batches()
        assert saved(batch)["missing"].tolist() == [None, 3]

    def test_arrays(self):
        import pyarrow as pa

        assert ansflow.compress(pa.array(WALK)) == ansflow.compress(WALK)
        found = ansflow.decompress(ansflow.compress(pa.array([1, None])))
        assert found.tolist() == [1, None]
        empty = ansflow.decompress(ansflow.compress(pa.array([], pa.int32())))
        assert (empty.dtype, empty.shape) == ("i4", (0,))

    @pytest.mark.parametrize("kind", ["time32[s]", "time32[ms]", "time64[us]", "time64[ns]"])
    def test_times_of_a_day_are_those_since_midnight(self, kind):
        import pyarrow as pa

        unit = kind[7:-1]
        last = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit] * 86_400 - 1
        integers = pa.array([0, None, last], f"int{kind[4:6]}")
        found = saved(pa.table({"times": integers.cast(kind), "none": pa.nulls(3, kind)}))
        assert found["times"].dtype == found["none"].dtype == f"m8[{unit}]"
        assert found["times"].mask.tolist() == [False, True, False]
        assert found["times"].data.view("i8")[[0, 2]].tolist() == [0, last]
        assert found["none"].mask.all()
        since = saved(pa.table({"times": pa.array([7], integers.type).cast(kind)}))["times"]
        assert pa.array(since).cast("int64").to_pylist() == [7]

    def test_dictionaries_of_numbers(self):
        import pyarrow as pa

        parts = [pa.array(part).dictionary_encode() for part in ([5, None, 5], [9, 5, 7])]
        found = saved(pa.table({"n": pa.chunked_array(parts), "whole": parts[1].take([0] * 6)}))
        assert found["n"].tolist() == [5, None, 5, 9, 5, 7]
        assert (type(found["whole"]), found["whole"].tolist()) == (np.ndarray, [9] * 6)

    def test_nothing_but_what_is_missing_keeps_its_dtype(self):
        import pyarrow as pa

        kinds = {"date32": "M8[D]", "timestamp[us]": "M8[us]", "bool": "?", "float16": "f2"}
        found = saved(pa.table({kind: pa.nulls(2, kind) for kind in kinds}))
        assert {name: column.dtype for name, column in found.items()} == kinds
        assert all(column.mask.all() for column in found.values())

    def test_texts_and_lists_are_refused_by_name(self):
        import pyarrow as pa

        texts = pa.array(["a", "b"]).dictionary_encode()
        for values in (["a", "b"], [[1], [2]], ["a", None], texts, pa.nulls(2)):
            with pytest.raises(TypeError, match="Python objects") as caught:
                saved(pa.table({"a": [1, 2], "column": values}))
            assert "'column'" in caught.value.__notes__[0]

    def test_two_columns_of_the_same_name(self):
        import pyarrow as pa

        table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
        with pytest.raises(ValueError, match="'a' already"):
            saved(table)

    def test_objects_that_become_arrays_of_arrow(self):
        import pyarrow as pa

        class ByArrow:
            def __arrow_array__(self, type=None):
                return pa.array([4, None], type or pa.int8())

        found = plain_array(ByArrow())
        assert (found.dtype, found.tolist()) == ("i1", [4, None])


@pytest.mark.skipif(importlib.util.find_spec("pandas") is None, reason="needs pandas")
def test_frames_of_pandas():
    import pandas as pd

    columns = {"floats": [1.5, np.nan], "times": pd.date_range("2020", periods=2)}
    found = saved(pd.DataFrame(columns))
    assert found["floats"].tobytes() == np.array([1.5, np.nan]).tobytes()
    assert found["times"].dtype.kind == "M"
    zoned = columns["times"].tz_localize("Asia/Tokyo")
    for given in (zoned, pd.Series(zoned)):
        assert plain_array(given).tolist() == zoned.tz_convert(None).to_numpy().tolist()
    assert ansflow.compress(pd.Series(WALK)) == ansflow.compress(WALK)
    with pytest.raises(TypeError, match="must be text, not 0"):
        saved(pd.DataFrame(np.eye(2)))
    categories = pd.DataFrame({"n": [3, 4, 3], "text": ["a", "b", "a"]}).astype("category")
    assert saved(categories[["n"]])["n"].tolist() == [3, 4, 3]
    with pytest.raises(TypeError, match=r"column\.cat\.codes") as caught:
        saved(categories)
    assert "'text'" in caught.value.__notes__[0]
    assert saved({"text": categories["text"].cat.codes})["text"].tolist() == [0, 1, 0]


@pytest.mark.skipif(
    None in map(importlib.util.find_spec, ["pandas", "pyarrow"]), reason="needs pandas and pyarrow"
)
def test_missing_numbers_of_pandas():
    import pandas as pd

    found = saved(pd.DataFrame({"n": pd.array([1, None], "Int64"), "b": pd.array([True, None])}))
    assert (found["n"].dtype, found["n"].tolist()) == ("i8", [1, None])
    assert (found["b"].dtype, found["b"].tolist()) == ("?", [True, None])


@pytest.mark.skipif(
    None in map(importlib.util.find_spec, ["pandas", "pyarrow"]), reason="needs pandas and pyarrow"
)
def test_numbers_that_stand_for_others_are_refused():
    import pandas as pd

    months = pd.Series(pd.period_range("2024-01", periods=4, freq="M"))
    with pytest.raises(TypeError, match=r"period\.dt\.to_timestamp\(\)"):
        saved({"months": months})
    starts = saved({"months": months.dt.to_timestamp()})["months"]
    assert starts[3] == np.datetime64("2024-04-01")


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
@pytest.mark.parametrize("shape", [(), (3, 5), (0, 2)])
def test_tensors_of_dtypes_that_numpy_lacks(name, shape):
    torch = pytest.importorskip("torch")
    ml_dtypes = pytest.importorskip("ml_dtypes")
    numbers = torch.arange(float(np.prod(shape))).reshape(shape)
    tensor = numbers.to(getattr(torch, name))
    if tensor.ndim == 2:
        tensor = tensor.T
    found = ansflow.decompress(ansflow.compress(tensor))
    assert found.dtype == getattr(ml_dtypes, name)
    assert np.array_equal(found.astype("f4"), tensor.float().numpy())


def test_tensors_without_the_package(monkeypatch):
    class Tensor:
        dtype = "torch.bfloat16"

    monkeypatch.setattr("ansflow.io.plain_array.extension_dtype", lambda name: None)
    with pytest.raises(TypeError, match=r"torch.bfloat16 .*ml_dtypes.*install it"):
        plain_array(Tensor())
