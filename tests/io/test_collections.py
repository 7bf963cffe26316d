"""Several arrays in a file: `save`, `load`, `CollectionWriter` and `CollectionReader`."""

import io
import os
import pickle
import threading
from contextlib import suppress

import naive_collection as naive
import naive_frame
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as of_numpy

import ansflow
from ansflow.errors import AnsflowError, CorruptDataError, LimitError, TruncatedError
from ansflow.frame.constants import FLAG_LISTED
from ansflow.io import collection_reader

WALK = np.cumsum(np.arange(3000) ** 2 % 17 - 8).astype("<i4")
ARRAYS = {
    "walk": WALK,
    "group/field": WALK.reshape(30, 100).astype("<f8") / 7,
    "group/Fortran": np.asfortranarray(WALK[:600].reshape(20, 30)),
    "big-endian": WALK[:50].astype(">i2"),
    "0-d": np.array(3.5),
    "empty": np.empty((3, 0, 2), "f4"),
    "without items": np.empty(0, "M8[ms]"),
    "items without bytes": np.zeros(4, "S0"),
    "records": np.zeros(5, [("x", "<i4"), ("name", "S3")]),
    "text ☃": np.array(["an", "array"]),
    "masked": np.ma.MaskedArray([1, 2, 3], [0, 1, 0], fill_value=-9),
    "without mask": np.ma.MaskedArray([1.5, 2.5]),
    "bools": WALK > 0,
}
SMALL = {"a": WALK[:20], "group/b": WALK[:6].reshape(2, 3).astype("<u2"), "c": np.array(1.5)}


def saved(*arrays, **options):
    """The file as bytes."""
    file = io.BytesIO()
    ansflow.save(file, *arrays, **options)
    return file.getvalue()


def loaded(blob, **options):
    return ansflow.load(io.BytesIO(blob), **options)


def names_in(path):
    with ansflow.load(path) as file:
        return list(file)


def assert_same(found, array):
    assert type(found) is type(array)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert np.ma.getdata(found).tobytes() == np.ma.getdata(array).tobytes()
    assert np.array_equal(np.ma.getmask(found), np.ma.getmask(array))


def assert_holds(file, arrays):
    assert list(file) == list(arrays)
    for name, array in arrays.items():
        assert_same(file[name][...], array)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "arrays.ans"


# What is saved is loaded


def test_all_kinds_of_arrays(path):
    ansflow.save(path, ARRAYS, metadata={"run": 7})
    with ansflow.load(path) as file:
        assert_holds(file, ARRAYS)
        assert file.metadata == {"run": 7}
        assert (len(file), "walk" in file, "talk" in file) == (len(ARRAYS), True, False)
        with pytest.raises(KeyError, match="talk"):
            file["talk"]
        assert file["group/field"].name == "group/field"
        assert np.array_equal(file["walk"][100:105], WALK[100:105])
        assert file["masked"][...].fill_value == -9
        assert "'walk'" in repr(file)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("at_once", [0, 300, 1 << 20])
def test_all_of_an_array_and_all_arrays(monkeypatch, at_once, threads):
    monkeypatch.setattr(collection_reader, "READ_AT_ONCE", at_once)
    file = loaded(saved(ARRAYS), threads=threads)
    for name, array in ARRAYS.items():
        assert_same(file.read(name), array)
    found = file.read_all()
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert_same(found[name], array)
    with pytest.raises(KeyError, match="talk"):
        file.read("talk")
    limited = loaded(saved(SMALL), limits=ansflow.Limits(max_output=70), threads=threads)
    for read in (limited.read_all, lambda: limited.read("a")):
        with pytest.raises(LimitError, match="max_output"):
            read()


def test_the_oracle_reads_what_is_saved():
    blob = saved(ARRAYS, metadata={"run": 7}, array_metadata={"walk": {"unit": "K"}})
    said = naive.read_collection(blob)
    assert (list(said.arrays), said.metadata) == (list(ARRAYS), {"run": 7})
    assert said.arrays["walk"].metadata == {"unit": "K"}
    assert said.arrays["walk"].content == WALK.tobytes()
    entries, metadata = naive.from_directory(blob)
    assert ([entry.name for entry in entries], metadata) == (list(ARRAYS), {"run": 7})
    for name, begin, end in entries:
        # Each frame is one that can also be read alone.
        assert_same(ansflow.decompress(blob[begin:end]), ARRAYS[name])


def test_what_the_oracle_writes_is_loaded():
    blob = naive.write_collection(SMALL, {"run": 7})
    with loaded(blob) as file:
        assert_holds(file, SMALL)
        assert file.metadata == {"run": 7}


def test_nothing():
    blob = saved(metadata={"of": "nothing"})
    assert not naive.read_collection(blob).arrays
    with loaded(blob) as file:
        assert (len(file), list(file), file.metadata) == (0, [], {"of": "nothing"})
    assert len(loaded(saved({}))) == 0


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
DTYPES = st.sampled_from(["<i2", ">f4", "|u1", "<M8[s]", "|S3"])
SHAPES = st.sampled_from([(), 3, (2, 5)])


@settings(max_examples=25)
@given(
    st.dictionaries(
        TEXT,
        of_numpy.arrays(
            st.sampled_from(["<i2", ">f4", "|u1", "<M8[s]", "|S3"]),
            st.sampled_from([(), 3, (2, 5)]),
        ),
        max_size=4,
    ),
    st.integers(0, 4),
)
def test_any_arrays_under_any_names(arrays, first):
    """Whether saved at once or in two times."""
    names = list(arrays)
    file = io.BytesIO()
    ansflow.save(file, {name: arrays[name] for name in names[:first]})
    file.seek(0)
    ansflow.save(file, {name: arrays[name] for name in names[first:]}, mode="a")
    blob = file.getvalue()
    assert_holds(loaded(blob), arrays)
    assert list(naive.read_collection(blob).arrays) == names


# Names and options


@pytest.mark.parametrize("name", ["", "with\0null", "\ud800", "ü" * 2049])
def test_names_that_no_array_can_have(name):
    with pytest.raises(ValueError, match="name"):
        saved({name: WALK})


def test_names_are_text():
    with pytest.raises(TypeError, match="must be text, not 3"):
        saved({3: WALK})


@pytest.mark.parametrize("name", ["file", "self", "a b", "../up", "/", "ü" * 2048, "name", "mode"])
def test_odd_names(name):
    assert list(loaded(saved({name: WALK[:5]}))) == [name]


def test_names_of_options_are_taken_but_in_mappings():
    for name in ("level", "chunks", "metadata", "mode", "threads", "order", "array_metadata"):
        with pytest.raises(TypeError, match=f"{name} is an option.*{{'{name}': array}}"):
            saved(**{name: WALK})
        assert_holds(loaded(saved({name: WALK})), {name: WALK})
    assert_holds(loaded(saved(a=WALK, level=np.int64(1))), {"a": WALK})


def test_misspelt_options_are_no_arrays():
    with pytest.raises(TypeError, match="data must be an array, not int") as caught:
        saved(a=WALK, levle=9)
    assert "levle" in caught.value.__notes__[0]
    with pytest.raises(TypeError, match="not list"):
        saved(a=[1, 2])


def test_the_same_name_twice():
    with pytest.raises(ValueError, match="'a' already"):
        saved({"a": WALK}, a=WALK)


def test_objects_are_refused_by_name(path):
    ansflow.save(path, a=WALK)
    before = path.read_bytes()
    with pytest.raises(TypeError, match="Python objects") as caught:
        ansflow.save(path, b=WALK, c=np.array([object()]))
    assert "'c'" in caught.value.__notes__[0]
    assert path.read_bytes() == before


def test_a_single_array_is_no_mapping():
    with pytest.raises(TypeError, match="mapping of names to arrays"):
        saved(WALK)


def test_options_are_those_of_compress():
    blob = saved({"a": WALK, "b": WALK[:100]}, level=1, chunk_size=400, threads=1)
    (_, begin, end), _ = naive.from_directory(blob)[0]
    alone = ansflow.compress(WALK, level=1, chunk_size=400, name="a")
    assert end - begin == len(alone)  # it differs by a flag, and in what depends on the header
    assert blob[begin + 5] == alone[5] | FLAG_LISTED
    with pytest.raises(ValueError, match="level"):
        saved(a=WALK, level=17)


def test_metadata_of_arrays():
    blob = saved({"a": WALK}, b=WALK, array_metadata={"b": {"unit": "m"}})
    file = loaded(blob)
    assert (file["a"].metadata, file["b"].metadata) == ({}, {"unit": "m"})
    with pytest.raises(ValueError, match=r"not given: \['c'\]"):
        saved(a=WALK, array_metadata={"c": {}})


# Writing array by array


def test_arrays_in_pieces_and_their_own_options(path):
    with ansflow.CollectionWriter(path, metadata={"run": 1}, level=1) as writer:
        writer.add("a", WALK, chunk_size=1000)
        with writer.begin("rows", "f4", 3, metadata={"unit": "m"}) as rows:
            for step in range(50):
                rows.append(np.full((2, 3), step))
        with writer.begin("masked", "i2", masked=True) as rows:
            rows.append(np.ma.MaskedArray([1, 2], [0, 1]))
        writer.begin("no rows", "i2").close()
        assert writer.names == ("a", "rows", "masked", "no rows")
    said = naive.read_collection(path.read_bytes())
    assert list(said.arrays) == ["a", "rows", "masked", "no rows"]
    with ansflow.load(path) as file:
        assert file["rows"].shape == (100, 3)
        assert file["rows"].metadata == {"unit": "m"}
        assert file["rows"][41].tolist() == [20, 20, 20]
        assert file["masked"][...].tolist() == [1, None]
        assert file["no rows"].shape == (0,)


def test_one_array_at_a_time():
    file = io.BytesIO()
    writer = ansflow.CollectionWriter(file)
    rows = writer.begin("rows", "f4")
    for what in (lambda: writer.add("a", WALK), lambda: writer.begin("b", "f4"), writer.close):
        with pytest.raises(ValueError, match="'rows' is not complete"):
            what()
    rows.close()
    with pytest.raises(ValueError, match="closed"):
        writer.add("a", WALK)


def fail_within(writer):
    with writer.begin("b", "f4") as rows:
        rows.append(np.zeros(3))
        raise ZeroDivisionError


def test_an_array_that_fails_leaves_the_file_as_it_was(path):
    ansflow.save(path, a=WALK)
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), ansflow.CollectionWriter(path, "a") as writer:
        fail_within(writer)
    writer = ansflow.CollectionWriter(path)
    with pytest.raises(ZeroDivisionError):
        fail_within(writer)
    with pytest.raises(ValueError, match="not complete"):
        writer.close()
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_writer_that_is_forgotten(path):
    writer = ansflow.CollectionWriter(path)
    writer.add("a", WALK)
    with pytest.warns(ResourceWarning, match="never closed"):
        del writer
    assert not list(path.parent.iterdir())


def test_modes(path):
    ansflow.save(path, mode="x", a=WALK)
    with pytest.raises(FileExistsError):
        ansflow.save(path, mode="x", a=WALK)
    ansflow.save(path, b=WALK)
    assert names_in(path) == ["b"]
    with pytest.raises(ValueError, match="mode must be"):
        ansflow.save(path, mode="r", b=WALK)
    with pytest.raises(TypeError, match="a path or a file object"):
        ansflow.save(3, b=WALK)


# Adding to a file


def test_arrays_are_added(path):
    ansflow.save(path, {"a": WALK}, mode="a", metadata={"run": 1})
    before = path.read_bytes()
    ansflow.save(path, {"b": WALK[:9]}, mode="a")
    # The directory makes room for another one, so that files do not grow by what is of no use.
    assert path.read_bytes() == saved({"a": WALK, "b": WALK[:9]}, metadata={"run": 1})
    assert not path.read_bytes().startswith(before)
    with ansflow.load(path) as file:
        assert_holds(file, {"a": WALK, "b": WALK[:9]})
        assert file.metadata == {"run": 1}
    ansflow.save(path, mode="a", metadata={})
    assert naive.read_collection(path.read_bytes()).metadata == {}
    with pytest.raises(ValueError, match="'a' already"):
        ansflow.save(path, a=WALK, mode="a")
    assert len(naive.read_collection(path.read_bytes()).arrays) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    got = []
    thread = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_bytes()))
    thread.start()
    ansflow.save(tmp_path / "pipe", a=WALK, mode="a")
    thread.join()
    assert got == [saved(a=WALK)]


def test_arrays_are_added_only_to_collections(path):
    for blob in (ansflow.compress(b"bytes"), ansflow.compress(WALK)):
        path.write_bytes(blob)
        with pytest.raises(CorruptDataError, match="no collection"):
            ansflow.save(path, a=WALK, mode="a")
    path.write_bytes(saved(a=WALK)[:-1])
    with pytest.raises(TruncatedError):
        ansflow.save(path, b=WALK, mode="a")
    path.write_bytes(b"")
    ansflow.save(path, b=WALK, mode="a")
    assert names_in(path) == ["b"]


def test_nothing_else_is_added_to_collections(path):
    ansflow.save(path, a=WALK)
    before = path.read_bytes()
    for write in (
        lambda: ansflow.open(path, "a"),
        lambda: ansflow.ArrayWriter(path, WALK.dtype, mode="a"),
        lambda: ansflow.ArrayWriter(path, WALK.dtype, mode="a", name="b"),
    ):
        with pytest.raises(ValueError, match="CollectionWriter"):
            write()
    assert path.read_bytes() == before


def test_an_interrupted_addition_loses_nothing(tmp_path):
    """Wherever it stops: the file is as before, or says what is to be done."""
    blob = saved(SMALL, metadata={"run": 1})
    file = io.BytesIO(blob)
    ansflow.save(file, {"d": WALK[:30]}, mode="a")
    whole = file.getvalue()
    assert whole.startswith(blob)
    source, target = tmp_path / "source", tmp_path / "target"
    loadable = []
    for end in range(len(blob), len(whole) + 1):
        if end in (len(blob), len(whole)):
            with loaded(whole[:end]) as reader:
                assert list(reader)[:3] == list(SMALL)
                loadable.append(len(reader))
        else:
            with pytest.raises(TruncatedError, match=r"ansflow\.recover"):
                loaded(whole[:end])
        if end % 16 == 0:
            source.write_bytes(whole[:end])
            ansflow.recover(source, target)
            with ansflow.load(target) as reader:
                assert reader.metadata == {"run": 1}
                for name, array in SMALL.items():
                    assert_same(reader[name][...], array)
    assert loadable == [3, 4]


def test_files_one_after_the_other():
    """As concatenated frames and files are, without any tool."""
    first, second = saved({"a": WALK}, metadata={"n": 1}), saved({"b": WALK[:5]}, metadata={"n": 2})
    with loaded(first + second) as file:
        assert_holds(file, {"a": WALK, "b": WALK[:5]})
        assert file.metadata == {"n": 2}
    alone = ansflow.compress(WALK, name="c") + ansflow.compress(WALK[:9], name="d")
    assert_holds(loaded(alone), {"c": WALK, "d": WALK[:9]})
    assert_holds(loaded(first + alone), {"a": WALK, "c": WALK, "d": WALK[:9]})
    # The last one of a name counts.
    assert_holds(loaded(first + saved(a=WALK[:7])), {"a": WALK[:7]})


def test_files_that_are_written_alone_and_put_together(tmp_path):
    """Each by a worker of its own, say."""
    for name in ("a", "b"):
        with ansflow.ArrayWriter(tmp_path / name, WALK.dtype, name=name) as writer:
            writer.append(WALK)
    parts = [(tmp_path / name).read_bytes() for name in ("a", "b")]
    assert_holds(loaded(b"".join(parts)), {"a": WALK, "b": WALK})
    assert_holds(loaded(parts[0]), {"a": WALK})
    assert_same(ansflow.decompress(parts[0]), WALK)


# Reading


class Counting(io.BytesIO):
    """Counts bytes that are read."""

    count = 0

    def read(self, size=-1):
        data = super().read(size)
        self.count += len(data)
        return data


def test_only_what_is_needed_is_read():
    rng = np.random.default_rng(0)
    large = {f"large/{i}": rng.integers(0, 256, 500_000, dtype="u1") for i in range(4)}
    small = {f"small/{i}": np.arange(i + 1, dtype="i4") for i in range(500)}
    file = Counting(saved(large | small, chunk_size=50_000))
    reader = ansflow.load(file)
    assert len(reader) == 504
    assert file.count < 150_000
    begun = file.count
    assert reader["small/77"][...].tolist() == list(range(78))
    assert file.count - begun < 2000
    begun = file.count
    assert np.array_equal(reader["large/2"][:10], large["large/2"][:10])
    assert file.count - begun < 250_000


def test_from_the_position_of_a_file_object_on():
    file = io.BytesIO(b"before" + saved(SMALL))
    file.seek(6)
    reader = ansflow.load(file)
    assert_holds(reader, SMALL)
    reader.close()
    assert not file.closed
    file.seek(6)
    ansflow.save(file, {"d": WALK}, mode="a")
    assert file.getvalue().startswith(b"before")
    file.seek(6)
    assert_holds(ansflow.load(file), SMALL | {"d": WALK})


def test_a_file_that_cannot_seek():
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    with pytest.raises(ValueError, match="cannot seek"):
        ansflow.load(Pipe(saved(SMALL)))


def test_file_systems_of_fsspec():
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    with memory.open("/collections/a.ans", "wb") as file:
        ansflow.save(file, SMALL)
    with memory.open("/collections/a.ans", "rb") as file, ansflow.load(file) as reader:
        assert_holds(reader, SMALL)
    memory.rm("/collections", recursive=True)


def test_after_close(path):
    ansflow.save(path, SMALL | {"large": np.random.default_rng(0).random(50_000)})
    file = ansflow.load(path)
    large = file["large"]
    file.close()
    file.close()
    with pytest.raises(ValueError, match="closed"):
        large[...]
    with pytest.raises(ValueError, match="closed"):
        file["a"]
    with pytest.raises(ValueError, match="closed"):
        file.read("a")


def test_pickling(path, tmp_path, monkeypatch):
    ansflow.save(path, SMALL)
    monkeypatch.chdir(tmp_path)
    with ansflow.load(path.name, threads=1, limits=ansflow.Limits(max_output=50)) as file:
        blobs = [pickle.dumps(thing) for thing in (file, file["c"], file["a"])]
    monkeypatch.chdir("/")
    again, c, a = map(pickle.loads, blobs)
    assert (list(again), c[...], c.name) == (list(SMALL), 1.5, "c")
    with pytest.raises(LimitError):
        a[...]
    assert pickle.loads(blobs[0])["c"][...] == 1.5  # while nobody has the collection itself
    for thing in (again, c, a):
        thing.close()
    for thing in (loaded(saved(SMALL)), loaded(saved(SMALL))["a"]):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(thing)


def test_array_readers_are_pickled_by_their_paths(path):
    path.write_bytes(ansflow.compress(WALK))
    with ansflow.ArrayReader(path) as reader, pickle.loads(pickle.dumps(reader)) as again:
        assert np.array_equal(again[5:10], WALK[5:10])


def test_threads_share_a_file(path):
    rng = np.random.default_rng(0)
    arrays = {str(i): rng.integers(0, 50, 20_000).astype("i4") for i in range(6)}
    ansflow.save(path, arrays, chunk_size=8000)
    failures = []
    with ansflow.load(path, threads=2) as file:

        def read(name):
            try:
                reader = file[name]
                for begin in range(0, 20_000, 1500):
                    part = arrays[name][begin : begin + 2000]
                    assert np.array_equal(reader[begin : begin + 2000], part)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=read, args=[name]) for name in arrays]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures


def test_collections_are_equal_if_they_are_the_same():
    a, b = loaded(saved(SMALL)), loaded(saved(SMALL))
    assert a == a
    assert a != b
    assert len({a, b}) == 2


def test_what_gives_one_array_refuses_several(path):
    blob = saved(SMALL)
    path.write_bytes(blob)
    for read in (
        lambda: ansflow.decompress(blob),
        lambda: ansflow.ArrayReader(path),
        lambda: ansflow.open(path),
        lambda: list(ansflow.iter_decompress([blob])),
        lambda: ansflow.decompress(saved()),
    ):
        with pytest.raises(CorruptDataError, match=r"ansflow\.load"):
            read()
    assert naive_frame.attempt(lambda: naive_frame.join(naive_frame.read_all(blob))) is None


def test_what_is_no_collection():
    for blob in (ansflow.compress(b"bytes"), ansflow.compress(WALK)):
        with pytest.raises(CorruptDataError, match="no collection"):
            loaded(blob)
    with pytest.raises(TruncatedError):
        loaded(b"")
    with pytest.raises(CorruptDataError, match="magic"):
        loaded(b"something else")


# Damage


def outcome(blob):
    """What is found of each array; nothing at all if the file cannot be opened."""
    try:
        file = loaded(blob, threads=1)
    except AnsflowError:
        return {}
    found = {}
    for name in file:
        try:
            found[name] = file[name][...]
        except AnsflowError:
            found[name] = None
        with suppress(AnsflowError):
            assert_same(file.read(name), SMALL[name])
    return found


def test_each_flipped_bit_is_noticed():
    """Or does no harm: a directory may be found by its frames, too."""
    blob = bytearray(saved(SMALL))
    refused = 0
    for bit in range(0, 8 * len(blob), 3):
        blob[bit // 8] ^= 1 << bit % 8
        found = outcome(bytes(blob))
        blob[bit // 8] ^= 1 << bit % 8
        refused += len(found) < 3 or any(array is None for array in found.values())
        for name, array in found.items():
            if array is not None:
                assert_same(array, SMALL[name])
    assert refused > 2.5 * len(blob)


def test_each_cut_is_noticed():
    """Also where a frame ends, as the arrays say that a directory follows them."""
    blob = saved(SMALL)
    for end in range(len(blob)):
        with pytest.raises(TruncatedError):
            loaded(blob[:end])
    first = naive.from_directory(blob)[0][0]
    with pytest.raises(TruncatedError, match="its directory is missing"):
        loaded(blob[: first.end])
    assert_same(ansflow.decompress(blob[first.begin : first.end]), SMALL[first.name])


def test_an_array_that_is_listed_has_a_name():
    frame = naive.named_frame("a", WALK, listed=True)
    assert_same(ansflow.decompress(frame), WALK)
    nameless = naive.writer.write_frame(
        WALK.tobytes(), {"dtype": WALK.dtype.str, "shape": list(WALK.shape)}, listed=True
    )
    with pytest.raises(CorruptDataError, match="no name"):
        ansflow.decompress(nameless)


def test_limits():
    blob = saved({f"array {i}": WALK[:2] for i in range(200)})
    assert len(loaded(blob)) == 200
    with pytest.raises(LimitError, match="max_memory"):
        loaded(blob, limits=ansflow.Limits(max_memory=50_000))
    with pytest.raises(LimitError, match="max_output"):
        loaded(saved(SMALL), limits=ansflow.Limits(max_output=70))["a"][...]
