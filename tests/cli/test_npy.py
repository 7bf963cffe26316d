"""``.npy`` files are compressed as arrays, and come back byte for byte, whatever their header."""

import io
import json
import warnings

import naive_model
import numpy as np
import pytest
import small_vaes

import ansflow

RNG = np.random.default_rng(0)
WALK = np.cumsum(RNG.integers(-9, 10, 6000)).reshape(20, 300)
FIELDS = [("a", "<i2"), ("b", ">f8", (2, 3)), ("c", [("x", "u1"), ("y", "S3")])]

ARRAYS = {
    "C order": WALK,
    "Fortran order": np.asfortranarray(WALK),
    "both orders": np.arange(1000.0).reshape(1, 1000),
    "vector": WALK.reshape(-1),
    "big-endian": WALK.astype(">i4"),
    "fields": np.ones(500, FIELDS),
    "aligned fields": np.zeros(500, np.dtype([("a", "u1"), ("b", "<f8")], align=True)),
    "titles": np.zeros(300, [(("a title", "a"), "<i4"), ("b", "u1")]),
    "fields with other letters": np.zeros(300, [("größe", "<i4")]),
    "fields with letters of Unicode": np.zeros(300, [("大小", "<i4")]),
    "no axes": np.array(3.5),
    "empty": np.zeros((0, 3), ">u2"),
    "empty, Fortran order": np.zeros((3, 0, 2), ">u2", order="F"),
    "items without bytes": np.zeros(4, "S0"),
    "long items": np.full(50, b"x" * 300),
    "text": np.array(["über", "ans"] * 300),
    "dates": np.arange("2020-01", "2220-12", dtype="M8[M]"),
    "bool": WALK.reshape(-1) > 0,
    "complex": np.exp(1j * np.arange(300.0)),
}


def npy(array, **options):
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.lib.format.write_array(file, array, **options)
    return file.getvalue()


def with_header(text, array=WALK, version=(1, 0)):
    """A file whose header is this text."""
    size = len(text.encode("latin-1")).to_bytes(2 if version == (1, 0) else 4, "little")
    return np.lib.format.magic(*version) + size + text.encode("latin-1") + array.tobytes()


@pytest.fixture
def through(run, tmp_path):
    """A function that compresses and decompresses a file, and returns what the frame holds."""

    def call(data, *options):
        path = tmp_path / "array.npy"
        path.write_bytes(data)
        run("compress", "-f", path, *options)
        path.unlink()
        run("decompress", f"{path}.ans")
        assert path.read_bytes() == data
        run("test", f"{path}.ans")
        assert (
            run("cat", f"{path}.ans", "--offset", 100, "--size", 99).stdout_bytes == data[100:199]
        )
        return ansflow.decompress((tmp_path / "array.npy.ans").read_bytes())

    return call


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(through, name):
    array = ARRAYS[name]
    back = through(npy(array))
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()
    assert back.flags.f_contiguous == array.flags.f_contiguous


def test_other_versions_of_the_format(through):
    for version in ((1, 0), (2, 0), (3, 0)):
        assert np.array_equal(through(npy(WALK, version=version)), WALK)


def test_other_writers(through):
    """Headers that this release of NumPy wouldn't write, but which say the same."""
    same = "'fortran_order': False, 'shape': (20, 300)"
    for text in (
        f"{{'descr': '<i8', {same}, }}\n",  # not padded
        f"{{'descr': '<i8', {same}}}{' ' * 1000}\n",
        f'{{{same}, "descr": "<i8"}}\n',
    ):
        assert np.array_equal(through(with_header(text)), WALK)


def test_numbers_in_planes_get_smaller(run, tmp_path):
    path = tmp_path / "array.npy"
    np.save(path, WALK)
    run("compress", path)
    as_bytes = len(ansflow.compress(path.read_bytes()))
    assert (tmp_path / "array.npy.ans").stat().st_size < 0.8 * as_bytes


def test_what_is_no_whole_array_is_bytes(through):
    whole = npy(WALK)
    same = "'fortran_order': False, 'shape': (20, 300)"
    oddities = {
        "cut": whole[:-1],
        "longer": whole + b"x",
        "two": 2 * whole,
        "header only": whole[:128],
        "half a header": whole[:50],
        "magic only": whole[:8],
        "begins otherwise": b"x" + whole,
        "version 4": whole[:6] + b"\4\0" + whole[8:],
        "objects": npy(np.array([1, "x", None], object)),
        "another end of the header": with_header(f"{{'descr': '<i8', {same}}} "),
        "more keys": with_header(f"{{'descr': '<i8', {same}, 'more': 1}}\n"),
        "no keys": with_header("{}\n"),
        "no dictionary": with_header("[1, 2]\n"),
        "no Python": with_header("{'descr': \n"),
        "nested": with_header("[" * 5000 + "\n"),
        "a short form": with_header(f"{{'descr': 'int64', {same}}}\n"),
        "negative": with_header("{'descr': '<i8', 'fortran_order': False, 'shape': (-20, 300)}\n"),
        "a list": with_header("{'descr': '<i8', 'fortran_order': False, 'shape': [20, 300]}\n"),
        "subarray": with_header(
            "{'descr': ('<i8', (300,)), 'fortran_order': False, 'shape': (20,)}\n"
        ),
        "kills NumPy": with_header(f"{{'descr': 'M8[D/0]', {same}}}\n"),
        "huge": with_header(
            "{'descr': '<i8', 'fortran_order': False, 'shape': (0, 1" + 30 * "0" + ")}\n"
        ),
    }
    for name, data in oddities.items():
        assert through(data) == data, name


def test_other_names_and_standard_input(run, tmp_path):
    data = npy(WALK)
    (tmp_path / "numbers").write_bytes(data)
    frame = run("compress", "-c", tmp_path / "numbers").stdout_bytes
    assert isinstance(ansflow.decompress(frame), np.ndarray)
    assert run("decompress", input=frame).stdout_bytes == data


def test_metadata_are_kept_beside(run, tmp_path):
    path = tmp_path / "array.npy"
    np.save(path, WALK)
    run("compress", path, "--metadata", '{"unit": "m"}')
    frame = json.loads(run("info", "--json", f"{path}.ans").stdout)["frames"][0]
    assert frame["metadata"]["unit"] == "m"
    assert frame["metadata"]["npy"]["version"] == [1, 0]


def test_several_frames(run, tmp_path):
    """Arrays and bytes one after the other come back one after the other."""
    parts = [npy(WALK), b"bytes", npy(np.asfortranarray(WALK)), npy(np.zeros((0, 3))), b""]
    for number, part in enumerate(parts):
        (tmp_path / str(number)).write_bytes(part)
    names = [tmp_path / str(number) for number in range(len(parts))]
    frames = run("compress", "-c", *names).stdout_bytes
    whole = b"".join(parts)
    assert run("decompress", input=frames).stdout_bytes == whole
    (tmp_path / "all").write_bytes(frames)
    for offset, size in ((0, 200), (48_100, 200), (48_133, 5), (96_000, 1000), (96_380, 500)):
        part = run("cat", tmp_path / "all", "--offset", offset, "--size", size).stdout_bytes
        assert part == whole[offset : offset + size]


@pytest.mark.parametrize(
    "npy_of",
    [
        1,
        {},
        {"version": [1, 0], "size": 118, "header": "{}"},
        {"version": [9, 9], "size": 118, "header": "{}"},
        {"version": [1, 0], "size": 10**12, "header": "x"},
        {"version": [1, 0], "size": 2, "header": "too long"},
        {"version": [1, 0], "size": 20, "header": "大"},
        {"version": [1, -1], "size": 20, "header": ""},
        {"version": [1, 0], "size": 90, "header": "{'descr': 'M8[D/0]', 'shape': ()}"},
    ],
)
def test_metadata_that_anyone_may_write(run, tmp_path, npy_of):
    """They make no ``.npy`` file of what isn't one."""
    for data in (WALK, WALK.tobytes()):
        (tmp_path / "x").write_bytes(ansflow.compress(data, metadata={"npy": npy_of}))
        assert run("cat", tmp_path / "x").stdout_bytes == WALK.tobytes()


def test_metadata_of_another_array(run, tmp_path):
    """Those of a recovered file whose end is missing, for example."""
    path = tmp_path / "x.npy"
    np.save(path, WALK)
    run("compress", path, "--chunk-size", 100)
    data = (tmp_path / "x.npy.ans").read_bytes()
    (tmp_path / "cut").write_bytes(data[: len(data) // 2])
    run("recover", tmp_path / "cut", "-o", tmp_path / "new.ans", code=1)
    array = ansflow.decompress((tmp_path / "new.ans").read_bytes())
    assert 0 < len(array) < len(WALK)
    assert run("cat", tmp_path / "new.ans").stdout_bytes == array.tobytes()


def test_a_file_that_grows_meanwhile(run, tmp_path, monkeypatch):
    path = tmp_path / "x.npy"
    np.save(path, WALK)
    from ansflow.io import transfer

    def read_and_append(file):
        found = original(file)
        with path.open("ab") as more:
            more.write(b"more")
        return found

    original = transfer.read_npy
    monkeypatch.setattr(transfer, "read_npy", read_and_append)
    assert "changed" in run("compress", path, code=3).stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.npy"]


VAE, MODEL = small_vaes.make_known("npy", components=2, seed=1)
IMAGES = np.frombuffer(naive_model.sample(MODEL, 40), np.uint8).reshape(40, 4, 6)


@pytest.mark.parametrize(
    "array", [IMAGES, IMAGES.reshape(8, 5, 24), IMAGES > 90, IMAGES[:0]], ids=lambda x: x.dtype.str
)
def test_images_under_a_model(through, array):
    back = through(npy(array), "--model", "npy", "--chunk-size", "500")
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert np.array_equal(back, array)


def test_a_model_makes_images_smaller(run, tmp_path):
    np.save(tmp_path / "x.npy", IMAGES)
    run("compress", tmp_path / "x.npy", "--model", "npy")
    frame = json.loads(run("info", "--json", tmp_path / "x.npy.ans").stdout)["frames"][0]
    assert frame["model"] == {"name": "npy", "fingerprint": VAE.fingerprint}
    assert frame["streams"]["modelled"] == 1
    assert frame["bytes"]["bodies"] < IMAGES.nbytes


@pytest.mark.parametrize(
    "array",
    [IMAGES.reshape(-1, 6, 4), IMAGES.reshape(-1), np.asfortranarray(IMAGES), IMAGES.astype("<i4")],
    ids=["shape", "vector", "order", "type"],
)
def test_arrays_that_are_no_images_of_the_model(run, tmp_path, array):
    """Wrong usage, and nothing is written."""
    np.save(tmp_path / "x.npy", array)
    result = run("compress", tmp_path / "x.npy", "--model", "npy", code=2)
    assert "takes bytes, or arrays" in result.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.npy"]
