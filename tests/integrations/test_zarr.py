"""The codecs of Zarr's format 3, in real arrays."""

import asyncio
import json
import pickle

import numpy as np
import pytest
from stored_arrays import DTYPES, array_of, nans

pytest.importorskip("zarr")

import zarr
import zarr.abc.codec
from zarr.codecs import BytesCodec, Crc32cCodec, TransposeCodec
from zarr.core.array_spec import ArrayConfig, ArraySpec
from zarr.core.buffer import default_buffer_prototype
from zarr.core.sync import sync
from zarr.registry import get_codec_class

import ansflow
from ansflow.errors import AnsflowError
from ansflow.integrations.zarr import AnsflowBytesCodec, AnsflowCodec

# Zarr says of such dtypes that they are not in its specification yet.
pytestmark = pytest.mark.filterwarnings("ignore:The data type ")

ARRAYS = {
    "array": {"serializer": AnsflowCodec(), "compressors": None},
    "pieces": {"serializer": AnsflowCodec(level=1, chunk_size=100), "compressors": None},
    "checked": {"serializer": AnsflowCodec(), "compressors": Crc32cCodec()},
    "bytes": {"compressors": AnsflowBytesCodec()},
    "bytes, typesize": {"compressors": AnsflowBytesCodec(level=1, typesize=4)},
}


def stored(array, store=None, **options):
    """An array in a store, opened again."""
    store = {} if store is None else store
    zarr.create_array(store, data=array, **options)
    return zarr.open_array(store, mode="r")


def chunks_of(store):
    return {key: data for key, data in store.items() if not key.endswith(".json")}


def same(a, b):
    """Equal bit by bit; metadata of Zarr know no byte order."""
    assert a.dtype.newbyteorder("=") == b.dtype.newbyteorder("=")
    assert a.shape == b.shape
    assert a.astype(b.dtype).tobytes() == b.tobytes()


def test_the_entry_points_are_found():
    assert get_codec_class("ansflow") is AnsflowCodec
    assert get_codec_class("ansflow_bytes") is AnsflowBytesCodec


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("dtype", [*DTYPES, [("a", "i2"), ("b", "f8")]], ids=str)
def test_every_dtype(kind, dtype):
    array = np.zeros((7, 10), dtype)
    if array.dtype.names:
        array["a"], array["b"] = array_of("i2", (7, 10)), array_of("f8", (7, 10))
    else:
        array = array_of(dtype, (7, 10))
    found = stored(array, chunks=(4, 6), **ARRAYS[kind])
    same(found[:], array)
    same(found[2:6, 3], array[2:6, 3])


@pytest.mark.parametrize("kind", ARRAYS)
def test_awkward_arrays(kind):
    base = array_of("f4", (12, 10, 6))
    for array in (
        np.zeros((4, 0, 3), "f4"),
        np.array(2.5, "f4"),
        np.asfortranarray(base),
        base.transpose(1, 0, 2),
        base[::2, ::-1, 1:5],
        nans(),
        nans(">f4"),
    ):
        same(stored(array, **ARRAYS[kind])[...], array)


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("fill", [0.0, np.nan, -0.0, 1e20])
def test_chunks_at_edges(kind, fill):
    array = np.sin(np.arange(11 * 13, dtype="f4")).reshape(11, 13)
    array[4:6] = fill
    store = {}
    found = stored(array, store, chunks=(8, 5), fill_value=fill, **ARRAYS[kind])
    same(found[:], array)
    grown = zarr.open_array(store)
    grown.resize((12, 15))
    grown[11, 14] = 5
    whole = np.full((12, 15), fill, "f4")
    whole[:11, :13] = array
    whole[11, 14] = 5
    same(grown[:], whole)


SELECTIONS = [
    np.s_[:],
    np.s_[3],
    np.s_[5:6, 2:9],
    np.s_[-1, ...],
    np.s_[2:19:3, 1::4],
    np.s_[7:7],
    np.s_[..., 0],
]


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("shards", [None, (20, 12, 4)])
def test_selections(kind, shards):
    array = array_of("i4", (23, 12, 5))
    found = stored(array, chunks=(10, 6, 4), shards=shards, **ARRAYS[kind])
    for selection in SELECTIONS:
        same(found[selection], array[selection])
    rows, columns = [1, 17, 3, 3], [0, 11, 2, 5]
    same(found.oindex[rows, columns, 2], array[np.ix_(rows, columns)][:, :, 2])
    same(found.vindex[rows, columns, [0, 1, 2, 3]], array[rows, columns, [0, 1, 2, 3]])
    mask = array % 7 == 0
    same(found.vindex[mask], array[mask])
    same(found.blocks[1, 0], array[10:20, :6] if shards is None else array[20:, :12])


@pytest.mark.parametrize("shards", [None, (800, 50)])
def test_a_part_is_read_in_parts(shards, monkeypatch):
    """Of a chunk, no more pieces than it takes, and the whole at once."""
    array = np.random.default_rng(0).integers(0, 1000, (800, 50), "i4")
    found = stored(
        array,
        chunks=(400, 50),
        shards=shards,
        serializer=AnsflowCodec(chunk_size=4000),
        compressors=None,
    )
    taken = []
    get = zarr.storage.MemoryStore.get

    async def noted(store, key, prototype, byte_range=None):
        data = await get(store, key, prototype, byte_range)
        taken.append(len(data))
        return data

    monkeypatch.setattr(zarr.storage.MemoryStore, "get", noted)
    size = found.nbytes_stored()
    assert size > 40_000
    taken.clear()
    same(found[130:140, 7], array[130:140, 7])
    if shards is None:
        assert 0 < sum(taken) < size / 30  # shards are read up to their chunks
    taken.clear()
    same(found[:], array)
    assert len(taken) == (2 if shards is None else 1)


def test_a_chunk_has_no_frame_around_it():
    array = array_of("i4", (40, 25))
    store = {}
    stored(array, store, chunks=array.shape, **ARRAYS["array"])
    (chunk,) = chunks_of(store).values()
    bare = ansflow.encode_chunk(array, ansflow.plan(array))
    assert chunk.to_bytes() == b"\0" + bare


def test_the_bytes_codec_is_told_what_the_bytes_are():
    """As an array of its dtype and shape, or by `typesize`, as small but for the frame."""
    steps = np.random.default_rng(0).normal(0, 0.02, (400, 300))
    field = np.cumsum(steps, 0).round(2).astype("f4")
    sizes = {}
    for kind, options in ARRAYS.items():
        store = {}
        same(stored(field, store, chunks=field.shape, **options)[:], field)
        sizes[kind] = sum(map(len, chunks_of(store).values()))
    assert sizes["bytes"] < sizes["array"] + 150
    assert sizes["checked"] == sizes["array"] + 4
    store = {}
    zarr.create_array(store, data=field, chunks=field.shape)
    assert sizes["array"] < sum(map(len, chunks_of(store).values())) / 2


def test_big_endian_bytes():
    array = array_of("i4", (9, 8))
    options = {
        "serializer": BytesCodec(endian="big"),
        "compressors": AnsflowBytesCodec(dtype=">i4"),
    }
    found = stored(array, chunks=(4, 8), **options)
    assert found.metadata.codecs[1].dtype == ">i4"
    same(found[:], array)


def test_strings_of_any_length():
    words = np.array(["a", "", "bcd" * 40, "ä"] * 30, np.dtypes.StringDType())
    found = stored(words, chunks=50, compressors=AnsflowBytesCodec())
    assert found[:].tolist() == words.tolist()
    with pytest.raises(TypeError, match="AnsflowBytesCodec"):
        zarr.create_array({}, data=words, serializer=AnsflowCodec(), compressors=None)


def test_behind_other_codecs():
    array = array_of("f4", (6, 8, 10))
    for options in (
        {"filters": TransposeCodec(order=(2, 0, 1)), **ARRAYS["pieces"]},
        {"filters": TransposeCodec(order=(2, 0, 1)), **ARRAYS["bytes"]},
        {"compressors": [zarr.codecs.GzipCodec(), AnsflowBytesCodec(), Crc32cCodec()]},
    ):
        found = stored(array, chunks=(4, 8, 3), **options)
        same(found[:], array)
        same(found[1:3, 4], array[1:3, 4])


CODECS = [
    AnsflowCodec(),
    AnsflowCodec(level=9, chunk_size=1000, recipe="planes"),
    AnsflowBytesCodec(),
    AnsflowBytesCodec(typesize=8),
    AnsflowBytesCodec(level=1, dtype=">f4"),
]


@pytest.mark.parametrize("codec", CODECS, ids=repr)
def test_configurations_round_trip(codec):
    told = json.loads(json.dumps(codec.to_dict()))
    assert set(told) == {"name", "configuration"}
    assert get_codec_class(told["name"]).from_dict(told) == codec
    assert type(codec).from_dict({"name": told["name"]}) == type(codec)()
    assert hash(codec) == hash(type(codec).from_dict(told))


@pytest.mark.parametrize("dtype", ["f4", ">i2", "M8[s]", "?", "S3", "V9"])
def test_a_recipe_for_all_chunks(dtype):
    array = array_of(dtype, (60, 40))
    codec = AnsflowCodec.chosen_by(array[:20, :30], level=1, chunk_size=500)
    assert AnsflowCodec.from_dict(json.loads(json.dumps(codec.to_dict()))) == codec
    found = stored(array, chunks=(20, 30), serializer=codec, compressors=None)
    same(found[:], array)
    same(found[7:33, 25:], array[7:33, 25:])


def test_a_recipe_is_chosen_by_what_is_stored():
    """That is little-endian, and in pieces that may have fewer axes."""
    i, j, k = np.ogrid[:4, :40, :50]
    array = (i**2 + (2 * j) ** 2 + k**2 + (i * j) % 7).astype("i4")
    codec = AnsflowCodec.chosen_by(array, chunk_size=1000)
    assert codec == AnsflowCodec.chosen_by(array.astype(">i4"), chunk_size=1000)
    assert codec == AnsflowCodec.chosen_by(array.reshape(160, 50), chunk_size=1000)
    found = stored(array, chunks=array.shape, serializer=codec, compressors=None)
    same(found[:], array)


def test_chunks_unlike_the_sample(monkeypatch):
    array = np.round(np.cumsum(array_of("f8", (50, 40)), axis=1), 2)
    codec = AnsflowCodec.chosen_by(array[:10])
    assert codec.recipe.startswith("decimal")
    monkeypatch.setattr(ansflow, "plan", None)  # nothing is chosen any more
    rough = (np.arange(2000, dtype="u8") + (0x7FF8 << 48)).view("f8").reshape(50, 40)
    both, store = np.concatenate([array, np.pi * array, rough]), {}
    found = stored(both, store, chunks=(10, 40), serializer=codec, compressors=None)
    same(found[:], both)
    sizes = [len(store[f"c/{chunk}/0"]) for chunk in (0, 5)]
    assert sizes[0] < sizes[1]


def test_objects_have_no_recipe():
    with pytest.raises(TypeError, match="Python objects"):
        AnsflowCodec.chosen_by(np.array(["a", None]))
    with pytest.raises(ValueError, match="level"):
        AnsflowCodec.chosen_by(np.arange(9), level=0)


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_are_pickled(kind, tmp_path):
    array = array_of("f4", (20, 30))
    zarr.create_array(tmp_path / "array.zarr", data=array, chunks=(8, 30), **ARRAYS[kind])
    again = pickle.loads(pickle.dumps(zarr.open_array(tmp_path / "array.zarr")))
    same(again[:], array)


def test_nothing_but_fill_values():
    store = {}
    options = {"config": {"write_empty_chunks": True}, "fill_value": 7, **ARRAYS["array"]}
    found = stored(np.full((30, 20), 7, "i4"), store, chunks=(30, 20), **options)
    assert sum(map(len, chunks_of(store).values())) == 9
    same(found[:], np.full((30, 20), 7, "i4"))


def test_metadata_say_how_to_read():
    store = {}
    stored(array_of("f4", (5, 6)), store, **ARRAYS["array"])
    told = json.loads(store["zarr.json"].to_bytes())["codecs"]
    assert told == [{"name": "ansflow", "configuration": {"level": 3, "chunk_size": 4 << 20}}]
    store = {}
    stored(array_of("f4", (5, 6)), store, **ARRAYS["bytes"])
    told = json.loads(store["zarr.json"].to_bytes())["codecs"]
    assert told[1] == {"name": "ansflow_bytes", "configuration": {"level": 3, "dtype": "<f4"}}


@pytest.mark.parametrize(
    ("name", "configuration"),
    [
        ("ansflow", {"level": 0}),
        ("ansflow", {"level": "3"}),
        ("ansflow", {"chunk_size": 0}),
        ("ansflow", {"chunk_size": None}),
        ("ansflow", {"chunk_size": 1 << 28}),
        ("ansflow", {"recipe": ["planes"]}),
        ("ansflow", {"recipe": "no_such"}),
        ("ansflow", {"levle": 3}),
        ("ansflow", [3]),
        ("ansflow_bytes", {"level": 10}),
        ("ansflow_bytes", {"typesize": 3}),
        ("ansflow_bytes", {"dtype": "no such"}),
        ("ansflow_bytes", {"dtype": 4}),
        ("ansflow_bytes", {"dtype": "<f4", "typesize": 4}),
        ("ansflow_bytes", {"chunk_size": 4}),
    ],
)
def test_configurations_are_checked(name, configuration):
    with pytest.raises((TypeError, ValueError)):
        get_codec_class(name).from_dict({"name": name, "configuration": configuration})


def test_the_configuration_of_another_codec_is_refused():
    with pytest.raises(ValueError, match="ansflow_bytes"):
        AnsflowBytesCodec.from_dict({"name": "ansflow"})


def test_sync_and_async_are_the_same():
    array = array_of("f4", (7, 9))
    store = {}
    found = stored(array, store, chunks=array.shape, **ARRAYS["array"])
    (chunk,) = chunks_of(store).values()
    spec = ArraySpec(
        shape=array.shape,
        dtype=found.metadata.data_type,
        fill_value=found.fill_value,
        config=ArrayConfig.from_dict({}),
        prototype=default_buffer_prototype(),
    )
    codec = found.metadata.codecs[0]
    # Zarr has a name for such codecs since 3.1.6.
    assert isinstance(codec, getattr(zarr.abc.codec, "SupportsSyncCodec", AnsflowCodec))
    items = codec._decode_sync(chunk, spec)
    same(items.as_numpy_array(), array)
    assert codec._encode_sync(items, spec).to_bytes() == chunk.to_bytes()
    (again,) = sync(codec.encode([(items, spec)]))
    assert again.to_bytes() == chunk.to_bytes()

    async def read():
        opened = await zarr.AsyncArray.open(zarr.storage.MemoryStore(store))
        return await asyncio.gather(*(opened.getitem((row,)) for row in range(7)))

    same(np.stack(asyncio.run(read())), array)


@pytest.mark.parametrize("kind", ["checked", "bytes", "bytes, typesize"])
def test_damage_is_found(kind):
    array = array_of("i4", (12, 10))
    store = {}
    found = stored(array, store, chunks=array.shape, **ARRAYS[kind])
    ((key, chunk),) = chunks_of(store).items()
    data = chunk.to_bytes()
    for at in range(0, len(data), 3):
        for damaged in (data[:at], data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]):
            store[key] = type(chunk).from_bytes(damaged)
            with pytest.raises((AnsflowError, ValueError)):
                found[:]


def test_damage_without_a_checksum_goes_no_further():
    """Then it is an error of ansflow, or other numbers in an array of the same dtype and shape."""
    array = array_of("i4", (40, 10))
    store = {}
    found = stored(array, store, chunks=array.shape, **ARRAYS["pieces"])
    ((key, chunk),) = chunks_of(store).items()
    data = chunk.to_bytes()
    errors = 0
    for at in range(0, len(data), 7):
        for damaged in (data[:at], data[:at] + b"\xff" + data[at + 1 :]):
            store[key] = type(chunk).from_bytes(damaged)
            for selection in (np.s_[:], np.s_[11:13]):
                try:
                    assert found[selection].shape == array[selection].shape
                except AnsflowError:
                    errors += 1
    assert errors > 20


def test_threads_are_those_of_zarr(own_threads):
    array = array_of("f4", (64, 50, 400))
    for kind in ("array", "checked", "bytes"):
        same(stored(array, chunks=(32, 50, 400), **ARRAYS[kind])[:], array)
    assert not own_threads
    ansflow.compress(array, threads=2)
    assert own_threads  # that would have been noticed
