"""``.npz`` files become collections, and come back with the same members; so do collections."""

import io
import json
import platform
import subprocess
import sys
import warnings
import zipfile

import naive_collection as naive
import numpy as np
import pytest

import ansflow

RNG = np.random.default_rng(0)
WALK = np.cumsum(RNG.integers(-9, 10, 6000)).reshape(20, 300)
ARRAYS = {
    "walk": WALK,
    "group/Fortran": np.asfortranarray(WALK[:5]),
    "0-d": np.array(3.5),
    "empty": np.zeros((0, 3), ">u2"),
    "text": np.array(["über", "ans"]),
    "fields": np.ones(5, [("a", "<i2"), ("b", ">f8", (2, 3))]),
    "größe": np.zeros(3, [("größe", "<i4")]),
    "大小": np.zeros(3, [("大小", "<i4")]),
}


def npz(arrays=ARRAYS, save=np.savez):
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        save(file, **arrays)
    return file.getvalue()


def members(data):
    """The members of an archive: names, how they are packed, and what they are."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [
            (info.filename, info.compress_type, archive.read(info)) for info in archive.infolist()
        ]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "arrays.npz"


def through(run, path, data):
    """What comes back of a file, and the compressed file."""
    path.write_bytes(data)
    packed = path.with_name("arrays.npz.ans")
    run("compress", "-q", "-f", path)
    path.unlink()
    run("test", packed)
    run("decompress", "-q", packed)
    return path.read_bytes(), packed.read_bytes()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_there_and_back(run, path, save):
    data = npz(save=save)
    back, packed = through(run, path, data)
    assert members(back) == members(data)
    if platform.system() != "Windows":
        assert back == data  # all of it, as NumPy and this have written it in the same way
    assert len(packed) < len(data)
    said = naive.read_collection(packed)
    assert list(said.arrays) == list(ARRAYS)
    with ansflow.load(path.with_name("arrays.npz.ans")) as file:
        for name, array in ARRAYS.items():
            found = file[name][...]
            assert (found.dtype, found.shape) == (array.dtype, array.shape)
            assert found.tobytes() == array.tobytes()
    with np.load(io.BytesIO(back)) as loaded:
        assert np.array_equal(loaded["group/Fortran"], WALK[:5])
        assert loaded["group/Fortran"].flags.f_contiguous


def test_nothing(run, path):
    back, packed = through(run, path, npz({}))
    assert back == npz({})
    assert len(ansflow.load(io.BytesIO(packed))) == 0


def with_member(name, content, **options):
    """An archive with another member."""
    file = io.BytesIO(npz({"a": WALK}))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(name, content, **options)
    return file.getvalue()


def with_comment():
    file = io.BytesIO(npz({"a": WALK}))
    with zipfile.ZipFile(file, "a") as archive:
        archive.comment = b"no array"
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=True)
    return file.getvalue()


AS_BYTES = {
    "another member": with_member("readme.txt", b"text"),
    "no header": with_member("b.npy", b"no array"),
    "objects": with_member("b.npy", npy(np.array([None]))),
    "an array and more": with_member("b.npy", npy(WALK) + b"more"),
    "a part of an array": with_member("b.npy", npy(WALK)[:-1]),
    "other packing": with_member("b.npy", npy(WALK), compress_type=zipfile.ZIP_LZMA),
    "a name that is none": with_member(".npy", npy(WALK)),
    "a comment": with_comment(),
    "another file behind": npz({"a": WALK}) + b"more",
    "another file before": b"more" + npz({"a": WALK}),
    "the beginning of an archive": npz({"a": WALK})[:-30],
    "a signature": b"PK\3\4",
    "damage of the directory": npz({"a": WALK})[:-50] + bytes(10) + npz({"a": WALK})[-40:],
}


@pytest.mark.parametrize("what", AS_BYTES)
def test_what_would_not_be_restored_is_compressed_as_bytes(run, path, what):
    data = AS_BYTES[what]
    back, packed = through(run, path, data)
    assert back == data
    assert ansflow.decompress(packed) == data


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice(run, path):
    data = with_member("a.npy", npy(WALK))
    assert through(run, path, data)[0] == data


def test_a_damaged_member(run, path, files):
    data = bytearray(npz({"a": WALK, "b": WALK}, np.savez_compressed))
    data[len(data) // 4] ^= 1
    path.write_bytes(data)
    result = run("compress", path, code=1)
    assert "the member 'a.npy' of the archive is damaged" in result.output
    assert files() == ["arrays.npz"]


def test_between_pipes(run, path):
    data = npz()
    path.write_bytes(data)
    packed = run("compress", "-c", path).stdout_bytes
    assert members(run("-dc", input=packed).stdout_bytes) == members(data)
    assert members(run("cat", input=packed).stdout_bytes) == members(data)


@pytest.mark.skipif(platform.system() == "Windows", reason="needs a shell")
def test_appended_to_a_file(run, path):
    """What cannot be overwritten is written from its beginning to its end."""
    data = npz()
    path.write_bytes(data)
    run("compress", "-q", path)
    target = path.with_name("target")
    target.write_bytes(b"before")
    command = [sys.executable, "-m", "ansflow", "-dc", path.with_name("arrays.npz.ans")]
    with target.open("ab") as file:
        subprocess.run(command, stdout=file, check=True)
    assert target.read_bytes().startswith(b"before")
    assert members(target.read_bytes()[6:]) == members(data)


def test_options(run, path):
    path.write_bytes(npz({"a": WALK}))
    run("compress", "-q", "-9", "--metadata", '{"unit": "K"}', "--chunk-size", "8K", path)
    packed = path.with_name("arrays.npz.ans")
    with ansflow.load(packed) as file:
        assert (file.metadata, file["a"].metadata) == ({"unit": "K"}, {})
    frame = ansflow.describe(packed)["frames"][0]
    assert frame["chunks"] > 3


# Collections that were made in Python


def test_a_collection_becomes_an_archive(run, tmp_path):
    path = tmp_path / "run.ans"
    masked = np.ma.MaskedArray([1, 2, 3], [0, 1, 0])
    with ansflow.CollectionWriter(path) as writer:
        writer.add("a", WALK)
        writer.add("masked", masked)
        with writer.begin("rows", "f4", 3) as rows:
            rows.append(np.ones((5, 3)))
    ansflow.save(path, b=np.asfortranarray(WALK), mode="a")
    run("decompress", "-q", path, "-o", tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz") as found:
        assert list(found) == ["a", "masked", "rows", "b"]
        assert np.array_equal(found["a"], WALK)
        assert np.array_equal(found["b"], WALK)
        assert np.array_equal(found["rows"], np.ones((5, 3), "f4"))
        # A mask has no place there but beside the values.
        assert found["masked"]["data"].tolist() == [1, 2, 3]
        assert found["masked"]["mask"].tolist() == [False, True, False]


def test_the_last_array_of_a_name_counts(run, tmp_path):
    path = tmp_path / "run.ans"
    ansflow.save(path, a=WALK)
    first = path.read_bytes()
    ansflow.save(path, a=WALK[:3])
    path.write_bytes(first + path.read_bytes())
    run("decompress", "-q", path, "-o", tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz") as found:
        assert found["a"].shape == (3, 300)


def test_bfloat16_becomes_bytes_of_its_size(run, tmp_path):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.arange(5).astype(ml_dtypes.bfloat16)
    ansflow.save(tmp_path / "a.ans", a=array)
    run("decompress", "-q", tmp_path / "a.ans", "-o", tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as found:
        assert np.array_equal(found["a"].view(ml_dtypes.bfloat16), array)


def test_rows_that_do_not_fit_into_memory(run, tmp_path):
    path = tmp_path / "run.ans"
    with (
        ansflow.CollectionWriter(path) as writer,
        writer.begin("rows", "u1", chunk_size=1 << 19) as rows,
    ):
        rows.append(np.zeros(3 << 20, "u1"))
    result = run("decompress", "--max-memory", "2M", path, "-c", code=4)
    assert "row by row" in result.output
    run("test", "--max-memory", "8M", path)


def test_info(run, tmp_path):
    path = tmp_path / "run.ans"
    ansflow.save(path, {"a": WALK, "group/b": WALK[:3]}, metadata={"run": 7})
    output = run("info", path).output
    assert "2 named arrays" in output
    assert "  a: <i8 20x300, 48,000 -> " in output
    assert "  group/b: <i8 3x300, 7,200 -> " in output
    details = run("info", "-v", path).output
    assert "name: group/b" in details
    assert "directory of the named arrays" in details
    found = json.loads(run("info", "--json", path).output)
    assert found["content_size"] == WALK.nbytes + WALK[:3].nbytes
    assert [frame.get("name") for frame in found["frames"]] == ["a", "group/b", None]
    assert [frame["kind"] for frame in found["frames"]] == ["array", "array", "directory"]
    assert found["frames"][2]["metadata"] == {"run": 7}


def test_info_of_many_arrays(run, tmp_path):
    path = tmp_path / "run.ans"
    ansflow.save(path, {f"array\n{i}": WALK[0, :2] for i in range(103)})
    lines = run("info", "--quick", path).output.splitlines()
    assert len(lines) == 103
    assert lines[2].strip().startswith("array\\n0: <i8 2, 16 -> ")
    assert lines[-1].strip() == "and 3 more; --json describes them, too"


def test_all_of_a_collection_is_tested(run, tmp_path):
    path = tmp_path / "run.ans"
    ansflow.save(path, a=WALK, b=WALK)
    blob = bytearray(path.read_bytes())
    for at in range(20, len(blob), len(blob) // 20):
        blob[at] ^= 1
        path.write_bytes(blob)
        run("test", path, code=1)
        blob[at] ^= 1
    path.write_bytes(blob)
    run("test", path)


def test_an_archive_is_not_made_of_a_part_of_a_collection(run, tmp_path):
    """Not even if that ends with an array, be it read from a file or a pipe."""
    path = tmp_path / "run.ans"
    ansflow.save(path, a=WALK, b=WALK)
    whole, frame = path.read_bytes(), len(ansflow.compress(WALK, name="a"))
    path.write_bytes(whole[:frame])
    for command in (("test", path), ("decompress", path), ("decompress", "-c", path)):
        assert "directory is missing" in run(*command, code=1).stderr
    assert "directory is missing" in run("decompress", "-c", code=1, input=whole[:frame]).stderr


def test_ranges_of_collections_are_refused(run, tmp_path):
    path = tmp_path / "run.ans"
    ansflow.save(path, a=WALK)
    assert "ansflow.load" in run("cat", "--offset", "3", path, code=1).output
