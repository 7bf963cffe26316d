"""The codec of numcodecs: arrays keep what they are, bytes are numbers, damage is found."""

import json
import pickle

import numpy as np
import pytest

pytest.importorskip("numcodecs")

import numcodecs
from numcodecs.tests import common
from stored_arrays import DTYPES, array_of, awkward, nans

from ansflow.errors import AnsflowError
from ansflow.integrations.numcodecs import Ansflow

CODECS = [Ansflow(), Ansflow(1, typesize=4), Ansflow(2, dtype="<f8"), Ansflow(recipe="planes")]


def same(a, b):
    assert (a.dtype, a.shape) == (b.dtype, b.shape)
    assert a.tobytes() == b.tobytes()


def test_the_entry_point_is_found(is_installed):
    if not is_installed:
        pytest.skip("ansflow is on the path, but not installed")
    from numcodecs.registry import entries

    assert entries["ansflow"].load() is Ansflow


@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_keep_dtype_and_shape(dtype):
    array = array_of(dtype, (5, 40))
    same(Ansflow().decode(Ansflow().encode(array)), array)


@pytest.mark.parametrize("kind", awkward())
@pytest.mark.parametrize("codec", CODECS[:2], ids=repr)
def test_awkward_arrays(codec, kind):
    array = awkward()[kind]
    back = codec.decode(codec.encode(array))
    same(back, array)
    assert back.flags.f_contiguous or kind != "Fortran"


def test_big_endian_nans():
    same(Ansflow().decode(Ansflow().encode(nans(">f4"))), nans(">f4"))


@pytest.mark.parametrize("codec", CODECS[:3], ids=repr)
@pytest.mark.parametrize("dtype", ["i4", ">f8", "M8[s]", "S3", "U4"])
def test_what_numcodecs_asks_of_all_codecs(codec, dtype):
    for order in "CF":
        array = np.array(array_of(dtype, (30, 8)), order=order)
        common.check_encode_decode(array, codec)
        common.check_encode_decode_array(array, codec)
    common.check_err_encode_object_buffer(codec)
    common.check_err_decode_object_buffer(codec)


@pytest.mark.parametrize("codec", CODECS, ids=repr)
def test_configurations_round_trip(codec):
    config = json.loads(json.dumps(codec.get_config()))
    assert config["id"] == "ansflow"
    again = numcodecs.get_codec(config)
    assert again == codec
    assert eval(repr(codec)) == codec
    array = array_of("f8", (300,))
    assert again.encode(array) == codec.encode(array)


@pytest.mark.parametrize(
    "wrong",
    [
        {"level": 0},
        {"level": "3"},
        {"typesize": 3},
        {"dtype": "<f8", "typesize": 8},
        {"dtype": np.dtype("f4")},
        {"dtype": "no such"},
        {"recipe": 5},
        {"recipe": "no_such"},
        {"levle": 3},
    ],
    ids=str,
)
def test_configurations_are_checked(wrong):
    with pytest.raises((TypeError, ValueError)):
        Ansflow.from_config(wrong)


def test_numbers_in_bytes():
    field = np.linspace(0, 1, 5000).round(3)
    plain = len(Ansflow().encode(field.tobytes()))
    for codec in (Ansflow(dtype="<f8"), Ansflow(typesize=8)):
        for data in (field.tobytes(), bytearray(field.tobytes()), field.view("u1")):
            blob = codec.encode(data)
            assert len(blob) < plain / 2
            assert bytes(codec.decode(blob)) == field.tobytes()
    # Of arrays, the dtype is known.
    assert Ansflow(typesize=4).encode(field) == Ansflow().encode(field)


def test_codecs_are_pickled_after_use():
    codec = Ansflow(1, typesize=4)
    blob = codec.encode(array_of("f4", (300,)))
    again = pickle.loads(pickle.dumps(codec))
    assert again == codec
    same(again.decode(blob), array_of("f4", (300,)))


def test_masks_are_kept():
    array = np.ma.masked_less(array_of("f4", (20, 30)), 5)
    back = Ansflow().decode(Ansflow().encode(array))
    assert np.array_equal(back.mask, array.mask)
    same(back.data, array.data)


def test_out_is_filled_whatever_its_dtype():
    array = array_of("f4", (6, 10))
    blob = Ansflow().encode(array)
    for out in (
        np.empty((6, 10), "f4"),
        np.empty(30, "u8"),
        bytearray(240),
        memoryview(bytearray(240)),
    ):
        assert Ansflow().decode(blob, out) is out
        assert bytes(out) == array.tobytes()
    for wrong in (np.empty((6, 9), "f4"), np.empty((12, 10), "f4")[::2], bytes(240)):
        with pytest.raises((TypeError, ValueError)):
            Ansflow().decode(blob, wrong)
    with pytest.raises(ValueError, match="out has 216 bytes, the content 240"):
        Ansflow().decode(blob, np.empty((6, 9), "f4"))


def test_damage_is_found():
    codec, array = Ansflow(), array_of("i4", (8, 50))
    blob = codec.encode(array)
    for at in range(len(blob)):
        with pytest.raises(AnsflowError):
            codec.decode(blob[:at])
        damaged = bytearray(blob)
        damaged[at] ^= 1 << at % 8
        with pytest.raises(AnsflowError):
            codec.decode(damaged)


def test_no_threads_are_started(own_threads):
    array = array_of("f4", (64, 50, 400))
    same(Ansflow().decode(Ansflow().encode(array)), array)
    assert not own_threads


class TestZarrFormat2:
    """Arrays in the older format, by the Zarr that is installed."""

    @pytest.fixture
    def zarr(self):
        return pytest.importorskip("zarr")

    @pytest.mark.parametrize(
        ("dtype", "order"),
        [
            *((dtype, "C") for dtype in ("?", "i2", ">i4", ">f8", "c8", "M8[s]", "S3", "U4")),
            *((dtype, "F") for dtype in ("i2", ">f8", "S3")),
        ],
    )
    def test_round_trip(self, zarr, dtype, order):
        array = array_of(dtype, (25, 14))
        store = {}
        stored = zarr.create_array(
            store,
            shape=array.shape,
            dtype=array.dtype,
            chunks=(10, 5),
            compressors=Ansflow(),
            zarr_format=2,
            order=order,
            config={"order": order},
        )
        stored[:] = array
        again = zarr.open_array(store, mode="r")
        assert again.metadata.compressor == Ansflow()
        same(again[:], array)
        same(again[3:22, 4], array[3:22, 4])

    def test_strings_of_any_length(self, zarr):
        words = np.array(["a", "", "bcd" * 40, "ä"] * 30, np.dtypes.StringDType())
        store = {}
        zarr.create_array(store, data=words, chunks=50, compressors=Ansflow(), zarr_format=2)
        assert zarr.open_array(store)[:].tolist() == words.tolist()

    def test_damage_is_found(self, zarr):
        store = {}
        stored = zarr.create_array(
            store, data=array_of("f4", (64,)), compressors=Ansflow(), zarr_format=2
        )
        data = bytearray(store["0"].to_bytes())
        data[-2] ^= 16
        store["0"] = type(store["0"]).from_bytes(bytes(data))
        with pytest.raises(AnsflowError):
            stored[:]
