"""Weights: `load_file` and `save_file`, and ``.safetensors`` files through the command."""

import importlib.util
import io
import json
import subprocess
import sys

import naive_collection as naive
import numpy as np
import pytest

import ansflow
from ansflow.errors import CorruptDataError
from ansflow.integrations.safetensors import load_file, save_file
from ansflow.io.transfer import compress_file, decompress_file

RNG = np.random.default_rng(0)
TENSORS = {
    "layer.weight": RNG.normal(0, 0.05, (40, 30)).astype("<f4"),
    "layer.bias": RNG.normal(0, 0.05, 40).astype("<f2"),
    "position_ids": np.arange(50).reshape(1, 50),
    "mask": RNG.random(30) > 0.5,
    "scale": np.array(1.5),
    "empty": np.empty((0, 3), "<f4"),
    "codes": RNG.integers(0, 9, 33, "u1"),
    "größe": np.ones(3, "<c8"),
}


def extensions():
    """Tensors of dtypes that NumPy lacks."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    names = "bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu"
    return {name: TENSORS["layer.weight"].astype(getattr(ml_dtypes, name)) for name in names}


def packed(data, **options):
    """A file through `compress_file`."""
    target = io.BytesIO()
    assert compress_file(io.BytesIO(data), target, **options)[0] == len(data)
    return target.getvalue()


def unpacked(blob):
    target = io.BytesIO()
    decompress_file(io.BytesIO(blob), target)
    return target.getvalue()


def by_hand(header, content, padding=b""):
    """A file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += padding
    return len(text).to_bytes(8, "little") + text + content


def told(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


ONE = {"a": told("F32", [2, 3], 0, 24)}
SAMPLE = TENSORS["layer.weight"].tobytes()[:24]


def test_tensors_come_back(tmp_path):
    path = tmp_path / "model.ans"
    tensors = TENSORS | extensions()
    save_file(tensors, path, {"format": "np"}, level=1)
    for threads in (1, 3, None):
        found = load_file(path, threads=threads)
        assert found.keys() == tensors.keys()
        for name, tensor in tensors.items():
            assert (found[name].dtype, found[name].shape) == (tensor.dtype, tensor.shape)
            assert found[name].tobytes() == tensor.tobytes()
    with ansflow.load(path) as file:
        assert file.metadata == {"format": "np"}
        assert np.array_equal(file["layer.weight"][3:5], TENSORS["layer.weight"][3:5])
    assert naive.read_collection(path.read_bytes()).arrays.keys() == tensors.keys()


def test_chunks_of_weights_are_smaller_than_those_of_other_arrays(tmp_path):
    path, weights = tmp_path / "model.ans", {"w": np.zeros(1 << 20, "f4")}
    for options, items in (({}, 1 << 19), ({"chunks": (9,)}, 9), ({"chunk_size": 400}, 100)):
        save_file({"w": weights["w"][: items * 2]}, path, **options)
        with ansflow.load(path) as file:
            assert file["w"].chunks == (items,)


def test_order_and_memory_do_not_matter(tmp_path):
    path = tmp_path / "model.ans"
    save_file({"a": np.asfortranarray(TENSORS["layer.weight"])}, path)
    assert np.array_equal(load_file(path)["a"], TENSORS["layer.weight"])
    other = path.with_name("other.ans")
    save_file({"a": TENSORS["layer.weight"]}, other)
    assert path.read_bytes() == other.read_bytes()


def test_collections_of_any_origin_are_loaded(tmp_path):
    ansflow.save(tmp_path / "a.ans", TENSORS)
    assert load_file(tmp_path / "a.ans").keys() == TENSORS.keys()


@pytest.mark.parametrize("dtype", ["S3", "M8[s]", "c16", ">f4", "f2, i4"])
def test_dtypes_that_the_format_lacks(tmp_path, dtype):
    with pytest.raises(TypeError, match=r"'a' is of .* files of safetensors do not have"):
        save_file({"a": np.zeros(3, dtype)}, tmp_path / "model.ans")
    assert not list(tmp_path.iterdir())


def test_wrong_arguments(tmp_path):
    path = tmp_path / "model.ans"
    with pytest.raises(TypeError, match="'a' is no array, but list"):
        save_file({"a": [1, 2]}, path)
    with pytest.raises(TypeError, match="mask"):
        save_file({"a": np.ma.MaskedArray([1, 2], [0, 1])}, path)
    with pytest.raises(TypeError, match="text to text"):
        save_file({}, path, {"step": 3})
    with pytest.raises(TypeError, match="metadata must be a mapping, not str"):
        save_file({}, path, "pt")
    with pytest.raises(TypeError, match="tensors must be a mapping, not list"):
        save_file([np.ones(3)], path)
    with pytest.raises(ValueError, match="no tensor can be named '__metadata__'"):
        save_file({"__metadata__": np.ones(3)}, path)
    with pytest.raises(ValueError, match="level"):
        save_file(TENSORS, path, level=20)
    assert not path.exists()


def test_damage(tmp_path):
    path = tmp_path / "model.ans"
    save_file(TENSORS, path)
    blob = bytearray(path.read_bytes())
    blob[len(blob) // 2] ^= 1
    path.write_bytes(blob)
    with pytest.raises(CorruptDataError):
        load_file(path)


# Files of that format

RESTORED = {
    "one tensor": by_hand(ONE, SAMPLE),
    "spaces": by_hand(ONE, SAMPLE, b"     "),
    "metadata": by_hand({"__metadata__": {"format": "pt"}} | ONE, SAMPLE),
    "another order": by_hand(
        {"b": told("U8", [4], 20, 24), "a": told("I32", [5], 0, 20), "0": told("F64", [0], 20, 20)},
        SAMPLE,
    ),
    "all dtypes of two bytes": by_hand(
        {dtype: told(dtype, [2, 2], 8 * i, 8 * i + 8) for i, dtype in enumerate(["F16", "BF16"])},
        SAMPLE[:16],
    ),
    "nothing": by_hand({}, b""),
}


@pytest.mark.parametrize("what", RESTORED)
def test_files_are_restored_byte_for_byte(what):
    data = RESTORED[what]
    blob = packed(data)
    assert unpacked(blob) == data
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    with ansflow.load(io.BytesIO(blob)) as file:
        assert file.metadata == header.pop("__metadata__", {})
        assert set(file) == set(header)
    assert set(naive.read_collection(blob).arrays) == set(header)


AS_BYTES = {
    "a gap": by_hand({"a": told("U8", [3], 1, 4)}, b"0123"),
    "an overlap": by_hand({"a": told("U8", [3], 0, 3), "b": told("U8", [3], 2, 5)}, b"01234"),
    "more": by_hand(ONE, SAMPLE + b"more"),
    "less": by_hand(ONE, SAMPLE[:-1]),
    "another size": by_hand({"a": told("F32", [2, 2], 0, 24)}, SAMPLE),
    "narrow dtypes": by_hand({"a": told("F4", [4], 0, 2)}, b"01"),
    "no dtype": by_hand({"a": told(None, [4], 0, 4)}, b"0123"),
    "no offsets": by_hand({"a": {"dtype": "U8", "shape": [4]}}, b"0123"),
    "no name": by_hand({"": told("U8", [4], 0, 4)}, b"0123"),
    "odd offsets": by_hand({"a": told("U8", [4], 0, [4])}, b"0123"),
    "odd shapes": by_hand({"a": told("U8", [4.0], 0, 4)}, b"0123"),
    "odd metadata": by_hand({"__metadata__": {"a": 1}} | ONE, SAMPLE),
    "metadata that are none": by_hand({"__metadata__": 3} | ONE, SAMPLE),
    "a list": by_hand(b"[{}]", b""),
    "no JSON": by_hand(b"{no}", b""),
    "deep JSON": by_hand(b'{"a":' * 200_000, b""),
    "no UTF-8": by_hand(b'{"\xff": 1}', b""),
    "a huge header": (2**63).to_bytes(8, "little") + b"{}",
    "a header that is cut off": by_hand(ONE, b"")[:-5],
}


@pytest.mark.parametrize("what", AS_BYTES)
def test_what_is_no_such_file_is_compressed_as_bytes(what):
    blob = packed(AS_BYTES[what])
    assert ansflow.decompress(blob) == AS_BYTES[what]
    assert unpacked(blob) == AS_BYTES[what]


def test_a_file_that_becomes_shorter_while_it_is_read():
    class Shrinking(io.BytesIO):
        reads = 0

        def read(self, size=-1):
            self.reads += size == 24
            return super().read(size) if self.reads == 0 else super().read(size)[:-1]

    with pytest.raises(CorruptDataError, match="shorter"):
        compress_file(Shrinking(RESTORED["one tensor"]), io.BytesIO())


def test_through_the_command(tmp_path):
    data = RESTORED["metadata"]
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    subprocess.run([sys.executable, "-m", "ansflow", "compress", "-q", "--rm", path], check=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.safetensors.ans"]
    packed_path = tmp_path / "model.safetensors.ans"
    piped = subprocess.run(
        [sys.executable, "-m", "ansflow", "cat"],
        input=packed_path.read_bytes(),
        stdout=subprocess.PIPE,
        check=True,
    )
    assert piped.stdout == data
    assert load_file(packed_path)["a"].tobytes() == SAMPLE


def test_recovery_keeps_the_format(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(packed(RESTORED["metadata"])[:-20])
    ansflow.recover(source, target)
    assert unpacked(target.read_bytes()) == RESTORED["metadata"]


@pytest.mark.skipif(importlib.util.find_spec("safetensors") is None, reason="needs safetensors")
class TestTheLibrary:
    def test_its_files(self, tmp_path):
        from safetensors.numpy import save

        data = save(TENSORS, {"format": "np"})
        blob = packed(data)
        assert unpacked(blob) == data
        path = tmp_path / "model.ans"
        path.write_bytes(blob)
        found = load_file(path)
        assert all(found[name].tobytes() == TENSORS[name].tobytes() for name in TENSORS)

    def test_what_is_saved_becomes_such_a_file(self, tmp_path):
        from safetensors.numpy import load

        save_file(TENSORS, tmp_path / "model.ans", {"format": "np"})
        found = load(unpacked((tmp_path / "model.ans").read_bytes()))
        assert found.keys() == TENSORS.keys()
        for name, tensor in TENSORS.items():
            assert (found[name].dtype, found[name].shape) == (tensor.dtype, tensor.shape)
            assert np.array_equal(found[name], tensor)
