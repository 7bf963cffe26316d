"""What a decoder holds stays within `max_memory` and a constant, whatever the frames say."""

import functools
import io
import tracemalloc
from contextlib import suppress

import naive_frame as naive
import naive_makers as makers
import naive_writer as writer
import numpy as np
import pytest

import ansflow
from ansflow.errors import AnsflowError, CorruptDataError
from ansflow.inspect.description import describe

MIB = 1 << 20

# Buffers, scratch of two threads, the header's text before it is parsed, what was returned last.
BESIDE = 5 * MIB

# So many chunks that an object for each of them would take more than that: more than whoever wants
# to know of all of them may. Those who read on have fewer of them, and less beside.
TINY, FEWER = 12_000, 4000
BESIDE_FEWER = 5 * MIB // 4


def chunks(size, count, *, cell=1, tiles=1, index=False, known=False):
    """So many stored chunks of so many bytes."""
    total = size * count if known else None
    description, shape = b"", [size // cell]
    if cell > 1 or tiles > 1:
        rows = size * count // (cell * tiles)
        description = {"dtype": f"|V{cell}", "shape": [rows if known else None, tiles]}
        shape = [size // cell, 1]
    header = writer.write_header(total, description, shape, flags=int(bool(description)))
    rng = np.random.default_rng(size)
    content = [rng.bytes(size) for _ in range(min(count, 100))]
    parts = [writer.write_chunk(header, i, content[i % 100], w=cell) for i in range(count)]
    return writer.assemble(header, parts, index)


def described(text):
    return writer.assemble(writer.write_header(description=b'{"metadata":' + text + b"}"), [])


FRAMES = {
    "tiny chunks": lambda: chunks(1, TINY),
    "tiny chunks and an index": lambda: chunks(1, TINY, index=True),
    "fewer tiny chunks": lambda: chunks(1, FEWER, index=True),
    "tiny tiles": lambda: chunks(2, TINY, tiles=5000, known=True),
    "fewer tiny frames": lambda: ansflow.compress(b"ab") * 500,
    "chunks of a MiB": lambda: chunks(MIB, 6, index=True, known=True),
    "many tiles": lambda: chunks(MIB // 8, 32, cell=8, tiles=4, index=True),
    "lists": lambda: described(b'{"a":[' + b"[]," * 150_000 + b"0]}"),
    "objects": lambda: described(b'{"a":[' + b'{"":0},' * 70_000 + b"0]}"),
    "towers": lambda: described(
        b'{"a":[' + (b'{"":' * 80 + b"0" + b"}" * 80 + b",") * 1200 + b"0]}"
    ),
    "brackets": lambda: described(b"[" * 500_000),
    "keys": lambda: described(b"{" + b",".join(b'"%x":0' % i for i in range(50_000)) + b"}"),
    "floats": lambda: described(b'{"a":[' + b"0.5," * 120_000 + b"0]}"),
    "texts": lambda: described(b'{"a":[' + b'"ab",' * 100_000 + b"0]}"),
    "wide text": lambda: described(b'{"a":"' + b"a" * 900_000 + "\U0001f600".encode() + b'"}'),
    "many lists": lambda: FRAMES["lists"]() * 4,
}


@functools.cache
def frame(name):
    """One of them; each process that collects tests would be long at making them all."""
    return FRAMES[name]()


# Frames that are cut off, for those who go on all the same.
DAMAGED = [*FRAMES, *(f"{name}, cut" for name in FRAMES)]


def at_once(blob, limits):
    ansflow.decompress(blob, limits=limits, threads=2)


def in_pieces(blob, limits, size=1 << 14):
    decompressor = ansflow.Decompressor(limits=limits, threads=2)
    for at in range(0, len(blob), size):
        if decompressor.eof:
            return
        decompressor.decompress(memoryview(blob)[at : at + size])


def as_it_comes(blob, limits):
    view = memoryview(blob)
    pieces = (view[at : at + 5000] for at in range(0, len(blob), 5000))
    for _ in ansflow.iter_decompress(pieces, limits=limits, threads=2):
        pass


def opened(blob, limits):
    with ansflow.open(io.BytesIO(blob), limits=limits, threads=2) as file:
        while file.read(1 << 14):
            pass
        file.seek(0)
        file.readinto(bytearray(2 * MIB))


def piped(blob, limits):
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    with ansflow.open(Pipe(blob), limits=limits, threads=2) as file:
        while file.read(1 << 14):
            pass


def said(blob, limits):
    describe(io.BytesIO(blob), limits=limits)


def held(function, *arguments):
    """How much memory it takes at most."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        with suppress(AnsflowError):
            function(*arguments)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def beside(name):
    return BESIDE_FEWER if "fewer" in name else BESIDE


# Decoders that read from the beginning to the end find the same chunks if there is an index, and
# those that have so many of them are slow; they share most of what they do.
IN_ORDER = in_pieces, as_it_comes, piped
CASES = [
    pytest.param(name, decode, marks=pytest.mark.slow)
    if name == "fewer tiny chunks" and decode in (as_it_comes, piped)
    else (name, decode)
    for name in FRAMES
    for decode in (*IN_ORDER, at_once, opened, said)
    if "tiny chunks" not in name or (decode in (opened, said)) != ("fewer" in name)
]


@pytest.mark.parametrize("mib", [1, pytest.param(6, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("name", "decode"), CASES)
def test_what_is_held_is_bounded(name, decode, mib):
    blob = frame(name)
    returned = 32 * (FEWER if "fewer" in name else TINY) if decode is said else 0
    if decode is at_once:
        returned = 6 * MIB if "MiB" in name else 4 * MIB if "tiles" in name else 0
    taken = held(decode, blob, ansflow.Limits(max_memory=mib * MIB))
    assert taken < mib * MIB + beside(name) + returned


@functools.cache
def large():
    return chunks(4 * MIB, 6, index=True, known=True)


@pytest.mark.parametrize("mib", [9, 16])
def test_large_chunks_that_are_read_at_once(mib):
    """No more of them wait for threads than there is memory for."""

    def read():
        limits = ansflow.Limits(max_memory=mib * MIB)
        with ansflow.open(io.BytesIO(blob), limits=limits, threads=2) as file:
            assert file.readinto(out) == len(out)

    blob, out = large(), bytearray(24 * MIB)
    assert held(read) < (mib + 3) * MIB


@pytest.mark.parametrize("mib", [9, 16])
def test_large_chunks_of_streams(mib):
    """Besides, the caller has the last piece, and so has the generator that made it."""
    taken = held(as_it_comes, large(), ansflow.Limits(max_memory=mib * MIB))
    assert taken < (mib + 2 * 4) * MIB + BESIDE


def test_dictionaries_within_dictionaries_take_memory_once():
    """Codes become items where they are."""
    numbers = np.tile(np.random.default_rng(0).permutation(1 << 17).astype("u8"), 8)
    recipe = "log"
    for _ in range(6):
        recipe = f"dict({recipe}, bytes)"
    blob = ansflow.compress(numbers, recipe=recipe, chunk_size=numbers.nbytes)
    assert describe(io.BytesIO(blob))["frames"][0]["recipes"] == {recipe: 1}
    limits = ansflow.Limits(max_memory=3 * numbers.nbytes + MIB)
    assert np.array_equal(ansflow.decompress(blob, limits=limits), numbers)
    assert held(lambda: ansflow.decompress(blob, limits=limits)) < limits.max_memory


BYTES = makers.tree(makers.item_bytes)
NESTED = {  # and how many of them
    "runs": (4, makers.runs(longest=1), BYTES, BYTES),
    "sparse": (6, makers.sparse(0), BYTES, makers.stream),
}


@pytest.mark.parametrize("name", NESTED)
def test_runs_and_masks_within_each_other_take_memory_once(name):
    """What is kept becomes items where it is, though there is more of it than an encoder leaves."""
    numbers = np.full(1 << 17, 0x0707070707070707, np.uint64)
    count, maker, recipe, other = NESTED[name]
    for _ in range(count):
        recipe = makers.tree(maker, recipe, other)
    description = {"dtype": "<u8", "shape": [numbers.size]}
    coding = writer.repeat
    blob = writer.write_frame(numbers.tobytes(), description, recipe=recipe, coding=coding)
    assert np.array_equal(ansflow.decompress(blob), numbers)
    assert held(ansflow.decompress, blob) < 3 * numbers.nbytes


def lengths_of_lengths(dtype, deep):
    """Runs of one item, with lengths that are such runs: four bytes more for each item and node."""
    count = 1 << 17
    numbers, recipe = np.full(count * np.dtype(dtype).itemsize, 7, np.uint8).view(dtype), BYTES
    for _ in range(deep - 1):
        recipe = makers.tree(makers.runs(longest=1), BYTES, recipe)
    values = makers.stream if numbers.itemsize == 1 else BYTES
    recipe = makers.tree(makers.runs(longest=1), values, recipe)
    description = {"dtype": numbers.dtype.str, "shape": [numbers.size]}
    coding = writer.repeat
    return writer.write_frame(numbers.tobytes(), description, recipe=recipe, coding=coding), numbers


@pytest.mark.parametrize(("dtype", "deep"), [("<u2", 1), ("<u4", 3)])
def test_lengths_that_are_runs_take_what_outputs_may_have(dtype, deep):
    blob, numbers = lengths_of_lengths(dtype, deep)
    assert np.array_equal(ansflow.decompress(blob), numbers)
    assert held(ansflow.decompress, blob) < 9 * numbers.nbytes


@pytest.mark.parametrize(("dtype", "deep"), [("|u1", 6), ("<u2", 2), ("<u4", 4)])
def test_outputs_that_take_more_are_refused_before_there_are_any(dtype, deep):
    blob, numbers = lengths_of_lengths(dtype, deep)
    with pytest.raises(CorruptDataError, match="more than 8 times the bytes of their content"):
        ansflow.decompress(blob)
    assert held(ansflow.decompress, blob) < numbers.nbytes + MIB


def test_tiny_chunks_that_are_read_at_once():
    limits = ansflow.Limits(max_memory=MIB)
    blob = frame("fewer tiny chunks")

    def read():
        with ansflow.open(io.BytesIO(blob), limits=limits, threads=1) as file:
            assert len(file.read()) == FEWER

    assert held(read) < MIB + BESIDE_FEWER


@pytest.mark.parametrize("mib", [1, pytest.param(6, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_recovered_is_bounded(tmp_path, name, mib):
    source, target = tmp_path / "source", tmp_path / "target"
    blob = frame(name.removesuffix(", cut"))
    source.write_bytes(blob[: -len(blob) // 3] if name.endswith(", cut") else blob)
    taken = held(
        lambda: ansflow.recover(source, target, limits=ansflow.Limits(max_memory=mib * MIB))
    )
    assert taken < mib * MIB + beside(name)


def test_the_default_allows_the_largest_description():
    """However it is made: only whoever allows less refuses some."""
    text = b'{"a":[' + b"[]," * ((2**20 - 40) // 3) + b"0]}"
    assert len(naive.read(described(text)).description["metadata"]["a"]) > 300_000
    assert ansflow.decompress(described(text)) == b""


@pytest.mark.parametrize("depth", [97, 98, 99, 100, 2000])
def test_what_is_nested_deeper_than_anybody_reads_is_not_written(depth):
    """The description is an object, and the metadata one in it."""
    value = "[not a list"
    for _ in range(depth):
        value = [value]
    if depth > 98:
        with pytest.raises(ValueError, match="nested deeper than"):
            ansflow.compress(b"", metadata={"a": value})
        return
    decompressor = ansflow.Decompressor()
    decompressor.decompress(ansflow.compress(b"", metadata={"a": value}))
    assert decompressor.metadata == {"a": value}


def test_brackets_in_texts_do_not_nest():
    metadata = {"a": ["[" * 200, '"[{' * 200, "\\" * 3 + '"' + "{" * 200], "[" * 150: 0}
    decompressor = ansflow.Decompressor()
    decompressor.decompress(ansflow.compress(b"", metadata=metadata))
    assert decompressor.metadata == metadata


def test_pieces_of_a_byte():
    """Each of them as an object of its own would take hundreds of times as much."""
    blob = chunks(8000, 1)

    def feed():
        decompressor = ansflow.Decompressor(threads=1)
        for at in range(len(blob)):
            decompressor.decompress(blob[at : at + 1])
        assert decompressor.eof

    assert held(feed) < 50 * len(blob)
