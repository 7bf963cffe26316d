"""Readers that start from the index notice what readers from the front do, or don't need it."""

import io
import random

import naive_frame as naive
import naive_seek
import naive_writer as writer
import pytest

import ansflow
from ansflow.errors import AnsflowError, CorruptDataError, LimitError, UnsupportedError
from ansflow.frame import constants

CONTENT = bytes(i * i % 7 * (i % 3) for i in range(300))
PARTS = [CONTENT[:100], CONTENT[100:200], CONTENT[200:]]
HEADER = writer.write_header(300, chunk=[100])
CHUNKS = [writer.write_chunk(HEADER, place, part) for place, part in enumerate(PARTS)]
BODY = HEADER + b"".join(CHUNKS)
FRAME = writer.assemble(HEADER, CHUNKS, True)
INDEX = writer.write_index(HEADER, CHUNKS)


def opened(blob, **limits):
    return ansflow.open(io.BytesIO(blob), limits=ansflow.Limits(**limits), threads=1)


def refuses_to_open(blob, error=CorruptDataError, match=None, **limits):
    with pytest.raises(error, match=match):
        opened(blob, **limits)


def unbuffered(file, begin, size):
    """What is there and nothing else; a buffer would ask for more."""
    file.raw.seek(begin)
    return file.raw.read(size)


def chunk_starts():
    return [len(HEADER) + sum(map(len, CHUNKS[:place])) for place in range(3)]


@pytest.mark.parametrize("place", range(3))
def test_a_head_that_isnt_the_one_in_the_index(place):
    """Its chunk can't be read; others can, which is what an index is for."""
    start = chunk_starts()[place]
    for bit in range(8 * 28):
        blob = bytearray(FRAME)
        blob[start + bit // 8] ^= 1 << bit % 8
        with opened(blob) as file:
            for other in {0, 1, 2} - {place}:
                assert unbuffered(file, 100 * other, 100) == PARTS[other]
            with pytest.raises(CorruptDataError, match="index"):
                unbuffered(file, 100 * place + 7, 1)


def test_a_head_that_is_impossible_in_the_index_and_before_its_chunk():
    for told in ({"check": 0}, {"head_check": 0}):
        chunks = [*CHUNKS[:2], writer.write_chunk(HEADER, 2, PARTS[2], **told)]
        blob = writer.assemble(HEADER, chunks, True)
        with opened(blob) as file:
            assert unbuffered(file, 0, 200) == CONTENT[:200]
            with pytest.raises(CorruptDataError):
                unbuffered(file, 200, 1)
    for told in ({"number": 7}, {"tag": b"\0" * 4}, {"cells": 101}, {"m": 0}, {"m": 613}):
        chunks = [*CHUNKS[:2], writer.write_chunk(HEADER, 2, PARTS[2], **told)]
        refuses_to_open(writer.assemble(HEADER, chunks, True))


def test_bodies_that_are_damaged():
    """They hurt no other chunk, neither a kind of stream nor a transform that is unknown here."""
    for body, error in (
        (b"\0\xff", UnsupportedError),
        (b"\x7f", UnsupportedError),
        (b"\0\0", None),
    ):
        chunk = writer.write_chunk(HEADER, 2, PARTS[2], body + PARTS[2][1:])
        with opened(writer.assemble(HEADER, [*CHUNKS[:2], chunk], True)) as file:
            assert unbuffered(file, 0, 200) == CONTENT[:200]
            with pytest.raises(error or CorruptDataError):
                unbuffered(file, 200, 1)


def with_index(index, chain):
    """The chunks, an end mark for the index whatever that is, and the index."""
    end = writer.write_end(HEADER, CHUNKS, len(index), check=chain)
    return BODY + end + index


def as_index(body, **told):
    """An index of anything, with a trailer that is right unless told otherwise."""
    told = {"length": len(body) + 28, "size": len(BODY) + 28 + len(body) + 28} | told
    chain = told.setdefault("chain", naive.xxh(body))
    return with_index(body + writer.write_index(HEADER, [], **told)[-28:], chain)


HEADS = writer.chain_of(HEADER, CHUNKS)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        HEADER,
        HEADER[:-1],
        HEADER[:30],
        HEADS[:-1],
        HEADS[:-28],
        HEADS + b"\0",
        HEADS + CHUNKS[2][:28],
        HEADER + HEADS[len(HEADER) + 28 :],
        HEADER + CHUNKS[1][:28] + CHUNKS[0][:28] + CHUNKS[2][:28],
        writer.write_header(300, chunk=[101]) + HEADS[len(HEADER) :],
        bytes(len(HEADS)),
        HEADS[:-1] + bytes([HEADS[-1] ^ 1]),
    ],
    ids=range(13),
)
def test_an_index_of_something_else(body):
    """Though its chain is that of the end mark, and its sizes are those of the trailer."""
    assert as_index(HEADS) == FRAME
    blob = as_index(body)
    assert naive.attempt(naive.read, blob) is None
    with pytest.raises(AnsflowError), opened(blob) as file:
        file.read()


def test_another_header_in_front():
    """All chunks and the index are right, but a reader from the front sees another frame."""
    other = writer.write_header(300, chunk=[101])
    assert len(other) == len(HEADER)
    refuses_to_open(other + FRAME[len(HEADER) :], match="header")


def test_chunks_that_dont_fill_the_frame():
    """A head that says another size of its body, and an index that agrees."""
    for m in (99, 2):
        lying = [*CHUNKS[:2], writer.write_chunk(HEADER, 2, PARTS[2], m=m)]
        end = writer.write_end(HEADER, lying, len(INDEX))
        tail = writer.write_index(HEADER, lying)
        refuses_to_open(HEADER + b"".join(lying) + end + tail)


@pytest.mark.parametrize("chain", [0, naive.xxh(HEADS) ^ 1])
def test_an_index_that_doesnt_match_the_chain(chain):
    """Even if end mark and trailer agree."""
    refuses_to_open(as_index(HEADS, chain=chain))


@pytest.mark.parametrize("value", [0, 1, 27, 28, len(FRAME) + 1, 2**31, 2**32 - 1])
def test_sizes_of_the_trailer(value):
    """What the sizes would have it read may be before the file."""
    for told in ({"size": value}, {"length": value}, {"size": value + 2**40}):
        refuses_to_open(as_index(HEADS, **told), AnsflowError)


def test_a_file_whose_last_frame_has_no_index():
    """It is walked over from head to head, as are frames before it."""
    plain = writer.assemble(HEADER, CHUNKS)
    blob = FRAME + plain + FRAME + plain
    with opened(blob) as file:
        assert file.seek(0, io.SEEK_END) == 1200
        for begin in (1100, 0, 599, 950):
            file.seek(begin)
            assert file.read(50) == (4 * CONTENT)[begin : begin + 50]


def test_random_ranges():
    """Of what the oracle finds as well."""
    rng = random.Random(0)
    tiles = {"dtype": "<i2", "shape": [15, 10]}
    blob = FRAME * 2 + writer.write_frame(CONTENT, tiles, chunk=[4, 3], index=True)
    content = 3 * CONTENT
    for view in naive_seek.salvage(blob):
        assert b"".join(part for _, part in view) == content
    with opened(blob) as file:
        for _ in range(300):
            begin, end = sorted(rng.choices(range(len(content) + 1), k=2))
            file.seek(begin)
            assert file.read(end - begin) == content[begin:end]


def test_limits():
    with opened(FRAME * 2, max_output=600, max_memory=10_000) as file:
        assert file.read() == 2 * CONTENT
    refuses_to_open(FRAME * 2, LimitError, "max_output", max_output=599)
    refuses_to_open(FRAME, LimitError, "max_memory", max_memory=100)
    header = writer.write_header(300, chunk=[1])
    small = [writer.write_chunk(header, place, b"x") for place in range(300)]
    for index in (False, True):
        blob = writer.assemble(header, small, index)
        refuses_to_open(blob, LimitError, "max_memory", max_memory=9000)


def test_too_many_chunks(monkeypatch):
    monkeypatch.setattr(constants, "MAX_CHUNKS", 4)
    assert ansflow.decompress(FRAME) == CONTENT
    opened(FRAME).close()
    monkeypatch.setattr(constants, "MAX_CHUNKS", 3)
    with pytest.raises(CorruptDataError):
        ansflow.decompress(FRAME)
    refuses_to_open(FRAME)
