"""Arrays of damaged collections are recovered under their names, with a directory of their own."""

import io

import naive_collection as naive
import naive_golden as golden
import numpy as np
import pytest

import ansflow

RNG = np.random.default_rng(0)
ARRAYS = {
    "a": np.cumsum(RNG.integers(-9, 10, 900)).astype("<i4"),
    "group/b": np.asfortranarray(RNG.integers(0, 9, (20, 30))),
    "c": np.ma.MaskedArray(np.arange(50), np.arange(50) % 7 == 0),
}


@pytest.fixture
def recover(tmp_path):
    """A function that recovers a file: the report, and the new file's bytes."""

    def call(blob):
        (tmp_path / "source").write_bytes(blob)
        report = ansflow.recover(tmp_path / "source", tmp_path / "target")
        return report, (tmp_path / "target").read_bytes()

    return call


def saved(arrays=ARRAYS, **options):
    file = io.BytesIO()
    ansflow.save(file, arrays, metadata={"run": 1}, **options)
    return file.getvalue()


def ends_of(blob):
    return [entry.end for entry in naive.from_directory(blob)[0]]


def assert_same(blob, names, metadata=None):
    """That it has these arrays, as they were."""
    said = naive.read_collection(blob)
    assert list(said.arrays) == names
    with ansflow.load(io.BytesIO(blob)) as file:
        assert file.metadata == ({"run": 1} if metadata is None else metadata)
        for name in names:
            found = file[name][...]
            assert np.array_equal(np.ma.getdata(found), np.ma.getdata(ARRAYS[name]))
            assert np.array_equal(np.ma.getmask(found), np.ma.getmask(ARRAYS[name]))


def test_an_intact_one(recover):
    blob = saved()
    report, found = recover(blob)
    assert found == blob
    assert (report.damaged, report.lost_chunks, report.cut) == (False, 0, False)


def test_of_one_array_alone(recover):
    blob = ansflow.compress(ARRAYS["a"], name="a")
    assert recover(blob)[1] == blob


def test_without_its_directory(recover):
    blob = saved()
    report, found = recover(blob[: ends_of(blob)[-1]])
    assert not report.lost_chunks
    assert_same(found, list(ARRAYS), {})


def test_with_a_damaged_directory(recover):
    blob = bytearray(saved())
    blob[-100] ^= 1
    report, found = recover(bytes(blob))
    assert report.damaged
    assert not report.lost_chunks
    assert_same(found, list(ARRAYS))


@pytest.mark.parametrize("whole", [1, 2])
def test_what_is_before_a_cut(recover, whole):
    blob = saved()
    report, found = recover(blob[: ends_of(blob)[whole - 1] + 40])
    assert report.cut
    with ansflow.load(io.BytesIO(found)) as file:
        assert list(file)[:whole] == list(ARRAYS)[:whole]
        for name in list(ARRAYS)[:whole]:
            assert np.array_equal(file[name][...], ARRAYS[name])


def test_a_damaged_chunk(recover):
    blob = bytearray(saved(chunk_size=900))
    blob[ends_of(blob)[0] // 2] ^= 1
    report, found = recover(bytes(blob))
    assert report.lost_chunks == 1
    said = naive.read_collection(found)
    assert list(said.arrays) == list(ARRAYS)
    begin, end = report.lost[0]
    with ansflow.load(io.BytesIO(found)) as file:
        assert file["a"].shape == (900,)
        kept = np.delete(np.arange(900), np.arange(begin // 4, end // 4))
        assert np.array_equal(file["a"][...][kept], ARRAYS["a"][kept])
        assert np.array_equal(file["group/b"][...], ARRAYS["group/b"])


def test_bytes_that_were_inserted(recover):
    blob = saved()
    at = ends_of(blob)[0]
    report, found = recover(blob[:at] + b"inserted" + blob[at:])
    assert report.damaged
    assert_same(found, list(ARRAYS))


def test_two_collections(recover):
    """The last array of a name counts, before and after."""
    blob = saved() + saved({"a": ARRAYS["a"][:9]})
    found = recover(blob)[1]
    with ansflow.load(io.BytesIO(found)) as file:
        assert sorted(file) == sorted(ARRAYS)
        assert file["a"].shape == (9,)


def test_an_array_that_is_mostly_lost_has_no_name(recover):
    """It becomes bytes; the others keep theirs."""
    large = {"large": np.asfortranarray(RNG.integers(0, 9, (4000, 1500), "u1"))}
    blob = saved(large | ARRAYS, chunk_size=20_000)
    begin, end = 90_000, ends_of(blob)[0] - 30_000
    report, found = recover(blob[:begin] + blob[end:])
    assert report.lost_chunks > 0
    assert set(naive.read_collection(found).arrays) >= set(ARRAYS)


@pytest.mark.parametrize("name", golden.COLLECTIONS)
def test_golden_files(recover, name):
    arrays, metadata, _ = golden.COLLECTIONS[name]()
    report, found = recover(golden.path_of(name).read_bytes())
    assert (report.damaged, report.lost_chunks) == (False, 0)
    said = naive.read_collection(found)
    assert (set(said.arrays), said.metadata) == (set(arrays), metadata)
    for key, array in arrays.items():
        assert said.arrays[key].content == array.tobytes()
