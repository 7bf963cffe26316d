"""Readers that start from the index notice what readers from the front do, or don't need it."""

import io
import random

import naive_frame as naive
import naive_seek
import naive_writer as writer
import pytest

import ansflow
from ansflow.errors import AnsflowError, CorruptDataError, LimitError, UnsupportedError
from ansflow.frame import layout

CONTENT = bytes(i * i % 7 * (i % 3) for i in range(300))
PARTS = [CONTENT[:100], CONTENT[100:200], CONTENT[200:]]
HEADER = writer.write_header(size=300, chunk_size=100)
BLOCKS = [writer.write_block(HEADER, place, part) for place, part in enumerate(PARTS)]
BODY = HEADER + b"".join(BLOCKS)
FRAME = writer.assemble(HEADER, BLOCKS, True)
INDEX = writer.write_index(HEADER, BLOCKS)


def opened(blob, **limits):
    return ansflow.open(io.BytesIO(blob), limits=ansflow.Limits(**limits), threads=1)


def refuses_to_open(blob, error=CorruptDataError, match=None, **limits):
    with pytest.raises(error, match=match):
        opened(blob, **limits)


def unbuffered(file, begin, size):
    """What is there and nothing else; a buffer would ask for more."""
    file.raw.seek(begin)
    return file.raw.read(size)


def block_starts():
    return [len(HEADER) + sum(map(len, BLOCKS[:place])) for place in range(3)]


@pytest.mark.parametrize("place", range(3))
def test_a_head_that_isnt_the_one_in_the_index(place):
    """Its block can't be read; others can, which is what an index is for."""
    start = block_starts()[place]
    for bit in range(8 * 32):
        blob = bytearray(FRAME)
        blob[start + bit // 8] ^= 1 << bit % 8
        with opened(blob) as file:
            for other in {0, 1, 2} - {place}:
                assert unbuffered(file, 100 * other, 100) == PARTS[other]
            with pytest.raises(CorruptDataError, match="index"):
                unbuffered(file, 100 * place + 7, 1)


def test_a_head_that_is_impossible_in_the_index_and_before_its_block():
    for told in ({"table": 1}, {"kind": 2, "table": 1, "p": 12}, {"head_check": 0}, {"p": 8}):
        blocks = [*BLOCKS[:2], writer.write_block(HEADER, 2, PARTS[2], **told)]
        blob = writer.assemble(HEADER, blocks, True)
        with opened(blob) as file:
            assert unbuffered(file, 0, 200) == CONTENT[:200]
            with pytest.raises(CorruptDataError):
                unbuffered(file, 200, 1)
    blocks = [*BLOCKS[:2], writer.write_block(HEADER, 2, PARTS[2], kind=77)]
    refuses_to_open(writer.assemble(HEADER, blocks, True), UnsupportedError, "77")


def with_index(index, chain):
    """The blocks, an end mark for the index whatever that is, and the index."""
    end = writer.write_end(HEADER, BLOCKS, len(index), check=chain)
    return BODY + end + index


def as_index(body, **told):
    """An index of anything, with a trailer that is right unless told otherwise."""
    told = {"length": len(body) + 28, "size": len(BODY) + 32 + len(body) + 28} | told
    chain = told.setdefault("chain", naive.xxh(body))
    return with_index(body + writer.write_index(HEADER, [], **told)[-28:], chain)


HEADS = writer.chain_of(HEADER, BLOCKS)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        HEADER,
        HEADER[:-1],
        HEADER[:30],
        HEADS[:-1],
        HEADS[:-32],
        HEADS + b"\0",
        HEADS + BLOCKS[2][:32],
        HEADER + HEADS[len(HEADER) + 32 :],
        HEADER + BLOCKS[1][:32] + BLOCKS[0][:32] + BLOCKS[2][:32],
        writer.write_header(size=300, chunk_size=101) + HEADS[len(HEADER) :],
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
    """All blocks and the index are right, but whoever reads from the front sees another frame."""
    other = writer.write_header(size=300, chunk_size=200)
    assert len(other) == len(HEADER)
    refuses_to_open(other + FRAME[len(HEADER) :], match="header")


def test_blocks_that_dont_fill_the_frame():
    """A head that says another size of its payload, and an index that agrees."""
    for m in (99, 1):
        lying = [*BLOCKS[:2], writer.write_block(HEADER, 2, PARTS[2], m=m)]
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
    plain = writer.assemble(HEADER, BLOCKS)
    blob = FRAME + plain + FRAME + plain
    with opened(blob) as file:
        assert file.seek(0, io.SEEK_END) == 1200
        for begin in (1100, 0, 599, 950):
            file.seek(begin)
            assert file.read(50) == (4 * CONTENT)[begin : begin + 50]


def test_random_ranges():
    """Of what the oracle finds as well."""
    rng = random.Random(0)
    in_planes = writer.write_frame(CONTENT, description={"planes": 4}, chunk_size=9, index=True)
    blob = FRAME * 2 + in_planes
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
    header = writer.write_header(size=300, chunk_size=1)
    small = [writer.write_block(header, place, b"x") for place in range(300)]
    for index in (False, True):
        blob = writer.assemble(header, small, index)
        refuses_to_open(blob, LimitError, "max_memory", max_memory=9000)


def test_too_many_blocks(monkeypatch):
    monkeypatch.setattr(layout, "MAX_BLOCKS", 4)
    assert ansflow.decompress(FRAME) == CONTENT
    opened(FRAME).close()
    monkeypatch.setattr(layout, "MAX_BLOCKS", 3)
    with pytest.raises(CorruptDataError):
        ansflow.decompress(FRAME)
    refuses_to_open(FRAME)
