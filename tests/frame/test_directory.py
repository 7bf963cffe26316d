"""Directories of collections, as they are written and as nobody should write them."""

import io
import random
import tracemalloc

import naive_collection as naive
import naive_frame
import naive_golden as golden
import naive_mutations as mutations
import numpy as np
import pytest
from hypothesis import given, strategies as st
from naive_payload import write_varint

import ansflow
from ansflow.errors import AnsflowError, CorruptDataError, LimitError
from ansflow.frame.directory import Entry, entries_of, pack_directory, parse_directory
from ansflow.limits import DEFAULT_LIMITS, Limits

ARRAY = np.arange(20, dtype="<i2")
FRAME = naive.named_frame("a", ARRAY)
OTHER = naive.named_frame("b", ARRAY[::-1].copy())
BOTH = FRAME + OTHER
A, B = naive.Entry("a", 0, len(FRAME)), naive.Entry("b", len(FRAME), len(BOTH))

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


def load(*parts):
    return ansflow.load(io.BytesIO(b"".join(parts)), threads=1)


@given(st.lists(st.tuples(NAMES, st.integers(0, 2**40), st.integers(1, 2**50)), max_size=5))
def test_what_is_packed_is_parsed(parts):
    entries, at = [], 0
    for name, gap, size in {name: (name, gap, size) for name, gap, size in parts}.values():
        entries.append(Entry(name, at + gap, at + gap + size))
        at += gap + size
    content = pack_directory(entries, at + 7)
    assert parse_directory(content, DEFAULT_LIMITS) == (entries, at + 7)
    assert naive.read_directory(content) == (entries, at + 7)
    assert naive.write_directory(entries, at + 7) == content


def test_the_last_one_of_a_name_counts():
    named = [("a", 0, 5), (None, 5, 6), ("b", 6, 9), ("a", 9, 12)]
    assert list(entries_of(named)) == [("b", 6, 9), ("a", 9, 12)]


# What a decoder must refuse, although all checks are right


def directory(entries, position=None, **told):
    position = len(BOTH) if position is None else position
    return naive.directory_frame(naive.write_directory(entries, position, **told))


REFUSED = {
    "the same name twice": directory([A, B._replace(name="a")]),
    "an empty name": directory([A._replace(name="")]),
    "a null character": directory([A._replace(name="a\0")]),
    "no UTF-8": directory([A._replace(name=b"\xff")]),
    "a surrogate": directory([A._replace(name=b"\xed\xa0\x80")]),
    "a long name": directory([A._replace(name="x" * 4097)]),
    "no bytes": directory([A._replace(end=0)]),
    "more arrays than there are": directory([A, B], count=3),
    "fewer": directory([A, B], count=1),
    "a huge number of arrays": directory([A, B], count=2**64 - 1),
    "many arrays": directory([A, B], count=2**30),
    "more bytes": directory([A, B], more=b"\0"),
    "nothing": naive.directory_frame(b""),
    "half of an entry": naive.directory_frame(naive.write_directory([A, B], len(BOTH))[:-4]),
    "a long size": naive.directory_frame(b"\1" + b"\xff" * 10),
}


@pytest.mark.parametrize("what", REFUSED)
def test_directories_that_nobody_may_write(what):
    blob = BOTH + REFUSED[what]
    assert naive_frame.attempt(naive.read_collection, blob) is None
    with pytest.raises(CorruptDataError):
        load(blob)


DESCRIPTIONS = {
    "false": {"directory": False},
    "a number": {"directory": 1},
    "a name": {"directory": True, "name": "a"},
    "a model": {"directory": True, "model": {"name": "m", "fingerprint": "0" * 32}},
}


@pytest.mark.parametrize("what", DESCRIPTIONS)
def test_descriptions_of_directories(what):
    content = naive.write_directory([A, B], len(BOTH))
    blob = BOTH + naive.directory_frame(content, DESCRIPTIONS[what])
    assert naive_frame.attempt(naive.read_collection, blob) is None
    with pytest.raises(CorruptDataError, match="header"):
        load(blob)


def test_the_size_of_a_directory_is_known():
    content = naive.write_directory([A, B], len(BOTH))
    blob = BOTH + naive.directory_frame(content, known=False)
    assert naive_frame.attempt(naive.read_collection, blob) is None
    with pytest.raises(CorruptDataError, match="directory"):
        load(blob)


@pytest.mark.parametrize("name", ["", "a\0", "\ud800", "x" * 4097, 3, None, ["a"]])
def test_names_in_headers(name):
    blob = naive.named_frame(name, ARRAY)
    assert naive_frame.attempt(naive_frame.read, blob) is None
    with pytest.raises(CorruptDataError, match="name"):
        ansflow.decompress(blob)


def test_bytes_have_no_name():
    blob = naive.directory_frame(b"bytes", {"name": "a"})
    assert naive_frame.attempt(naive_frame.read, blob) is None
    with pytest.raises(CorruptDataError, match="bytes"):
        ansflow.decompress(blob)
    with pytest.raises(ValueError, match="name is for arrays"):
        ansflow.compress(b"bytes", name="a")


# Directories that lead astray


def test_a_directory_that_speaks_of_another_file_says_nothing():
    for position in (len(OTHER) + 90, len(BOTH) - 1, len(BOTH) + 1, len(BOTH) + 2**62):
        blob = BOTH + directory([A._replace(name="c", end=9)], position)
        assert list(naive.read_collection(blob).arrays) == ["a", "b"]
        assert list(load(blob)) == ["a", "b"]


LEADING_ASTRAY = {
    "another name": [A, B._replace(name="c")],
    "into a frame": [A, B._replace(begin=B.begin + 1)],
    "names that are exchanged": [A._replace(name="b"), B._replace(name="a")],
    "two frames": [A._replace(name="b", end=B.end)],
    "a part of a frame": [A, B._replace(end=B.end - 1)],
}


@pytest.mark.parametrize("what", LEADING_ASTRAY)
def test_frames_are_compared_with_the_directory(what, tmp_path):
    """When an array is opened, and when all of the file is read."""
    entries = LEADING_ASTRAY[what]
    blob = BOTH + directory(entries)
    assert naive_frame.attempt(naive.read_collection, blob) is None
    reader = load(blob)
    assert list(reader) == [entry.name for entry in entries]
    with pytest.raises(CorruptDataError):
        reader[entries[-1].name]
    with pytest.raises(CorruptDataError, match="directory"):
        decompress_all(blob)


def test_an_array_that_is_left_out():
    blob = BOTH + directory([B])
    assert list(load(blob)) == ["b"]
    with pytest.raises(CorruptDataError, match="directory"):
        decompress_all(blob)


def decompress_all(blob):
    """Give all of a file to the reader that verifies it."""
    from ansflow.io.transfer import decompress_file

    return decompress_file(io.BytesIO(blob), None, threads=1)


# Memory


def test_the_number_of_arrays_is_limited():
    content = write_varint(10**6) + b"\0\1\1a" * 10**6 + b"\0"
    tracemalloc.start()
    with pytest.raises(LimitError, match="max_memory"):
        parse_directory(content, Limits(max_memory=100 << 20))
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_memory_for_entries_is_what_is_counted():
    names = [f"{i:04}" for i in range(5000)]
    content = naive.write_directory(
        [naive.Entry(name, i, i + 1) for i, name in enumerate(names)], 10**9
    )
    tracemalloc.start()
    assert len(parse_directory(content, DEFAULT_LIMITS)[0]) == 5000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    with pytest.raises(LimitError):
        parse_directory(content, Limits(max_memory=peak))


def test_a_directory_that_unpacks_to_more_than_memory():
    """A constant chunk takes few bytes, whatever its size."""
    blob = BOTH + naive.directory_frame(bytes(1 << 20), coding=naive.writer.repeat, chunk=[1 << 16])
    with pytest.raises(LimitError, match="directory takes"):
        ansflow.load(io.BytesIO(blob), limits=Limits(max_memory=800_000))


# Damage with checks put right


def mutated(rng, content):
    """The content of a directory with some of its bytes changed."""
    content = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(content) - 1)
        match rng.randrange(4):
            case 0:
                content[at] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
            case 1:
                del content[at : at + rng.randint(1, 5)]
            case 2:
                content[at:at] = content[at : at + rng.randint(1, 5)]
            case 3:
                content[at] ^= 1 << rng.randrange(8)
        if not content:
            break
    return bytes(content)


def test_any_directory_is_read_as_the_oracle_does():
    rng = random.Random(0)
    contents = [
        naive.write_directory([A, B], len(BOTH)),
        naive.write_directory([B._replace(name="größe")], 2**40),
        naive.write_directory(
            [naive.Entry(str(i), 300 * i, 300 * i + 200) for i in range(9)], 9999
        ),
    ]
    agreed = 0
    for _ in range(2000):
        content = mutated(rng, rng.choice(contents))
        said = naive_frame.attempt(naive.read_directory, content)
        try:
            assert parse_directory(content, DEFAULT_LIMITS) == said
            agreed += 1
        except CorruptDataError:
            assert said is None
    assert 200 < agreed < 1800


def test_any_collection_is_read_as_the_oracle_does():
    """Arrays that are returned are those of the frames, whatever a directory says."""
    rng = random.Random(1)
    content = naive.write_directory([A, B], len(BOTH))
    arrays = {"a": ARRAY, "b": ARRAY[::-1]}
    whole = 0
    for _ in range(150):
        blob = BOTH + naive.directory_frame(mutated(rng, content) or b"\0")
        said = naive_frame.attempt(naive.read_collection, blob)
        try:
            reader = load(blob)
            found = {name: reader[name][...] for name in reader}
        except AnsflowError:
            assert said is None
            continue
        assert found.keys() <= {"a", "b"}
        for name, array in found.items():
            assert np.array_equal(array, arrays[name])
        whole += said is not None
        assert said is None or found.keys() == said.arrays.keys()
    assert whole > 10


def check_damaged(blob, arrays):
    """Whether a damaged collection is refused, wholly or partly; what is given is right."""
    intact = naive_frame.attempt(naive.read_collection, blob) is not None
    try:
        decompress_all(blob)
    except AnsflowError:
        assert not intact
    try:
        reader = load(blob)
    except AnsflowError:
        assert not intact
        return True
    said = naive_frame.attempt(naive.read_collection, blob)
    refused = False
    for name in reader:
        try:
            found = reader[name][...].tobytes()
        except AnsflowError:
            refused = True
            continue
        # Where frames have moved, another array of that name may be the last one.
        others = {content for other, content in arrays if other == name}
        assert found == said.arrays[name].content if said else found in others
    assert not (refused and said)
    return refused


def damage_collections(rng, cases):
    """How many of so many damaged files are refused."""
    files = [(golden.path_of(name).read_bytes(), name) for name in golden.COLLECTIONS]
    arrays = set()
    for _, name in files:
        parts = naive.read_placed(golden.path_of(name).read_bytes())
        arrays |= {
            (frame.description["name"], frame.content)
            for frame, *_ in parts
            if "name" in frame.description
        }
    blobs = [blob for blob, _ in files]
    return sum(
        check_damaged(mutations.harm(rng, rng.choice(blobs), blobs), arrays) for _ in range(cases)
    )


def test_damaged_collections():
    assert damage_collections(random.Random(2), 100) > 60


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_many_damaged_collections(seed):
    assert damage_collections(random.Random(seed), 2500) > 1500
