"""Ends of frames: end marks and indices that lie, and blocks that aren't where they were."""

import random

import naive_frame as naive
import naive_writer as writer
import pytest
from decoders import decode_in_pieces, observe, refuses

import ansflow
from ansflow.errors import CorruptDataError, LimitError, TruncatedError, UnsupportedError

CONTENT = bytes(i * i % 7 * (i % 3) for i in range(300))
PARTS = [CONTENT[:100], CONTENT[100:200], CONTENT[200:]]
HEADER = writer.write_header(size=300, chunk_size=100)
BLOCKS = [writer.write_block(HEADER, place, part) for place, part in enumerate(PARTS)]
BODY = HEADER + b"".join(BLOCKS)
INDEX = writer.write_index(HEADER, BLOCKS)


def test_the_sound_ends_are_read():
    for index in (False, True):
        assert ansflow.decompress(writer.assemble(HEADER, BLOCKS, index)) == CONTENT


@pytest.mark.parametrize(
    "fields",
    [
        {"tag": b"\0\0\0\0"},
        {"lanes_log2": 1},
        {"p": 8},
        {"table": 1},
        {"n": 1},
        {"number": 2},
        {"number": 4},
        {"check": 0},
        {"check": naive.xxh(HEADER)},
        {"head_check": 0},
        {"kind": naive.STORED},
        {"m": 1},
        {"m": 28},
        {"m": len(INDEX) - 1},
        {"m": len(INDEX) + 1},
        {"m": len(INDEX) - 32},
        {"m": 2**32 - 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("index", [False, True])
def test_fields_of_the_end_mark(index, fields):
    tail = INDEX if index else b""
    end = writer.write_end(HEADER, BLOCKS, **{"m": len(tail)} | fields)
    refuses(BODY + end + tail)


def test_an_end_mark_of_an_unknown_kind():
    refuses(BODY + writer.write_end(HEADER, BLOCKS, kind=200), UnsupportedError, "200")


def test_an_index_that_isnt_announced_or_isnt_there():
    # It begins like a frame, whose payloads are missing then.
    refuses(BODY + writer.write_end(HEADER, BLOCKS, 0) + INDEX, TruncatedError)
    refuses(BODY + writer.write_end(HEADER, BLOCKS, len(INDEX)), TruncatedError)


@pytest.mark.parametrize(
    "fields",
    [
        {"size": 0},
        {"size": len(BODY) + 32},
        {"size": len(BODY) + 32 + len(INDEX) + 1},
        {"size": 2**64 - 1},
        {"length": 0},
        {"length": 28},
        {"length": len(INDEX) + 1},
        {"length": 2**32 - 1},
        {"chain": 0},
        {"check": 0},
        {"magic": b"\0\0\0\0"},
        {"magic": naive.MAGIC},
    ],
    ids=str,
)
def test_fields_of_the_trailer(fields):
    tail = writer.write_index(HEADER, BLOCKS, **fields)
    assert len(tail) == len(INDEX)
    refuses(BODY + writer.write_end(HEADER, BLOCKS, len(tail)) + tail)


@pytest.mark.parametrize("place", range(3))
def test_heads_of_the_index_that_differ(place):
    """Also with the checks of head, index and trailer put right."""
    other = writer.write_block(HEADER, place, PARTS[place], check=1)
    blocks = [*BLOCKS[:place], other, *BLOCKS[place + 1 :]]
    tail = writer.write_index(HEADER, blocks)
    chain = naive.xxh(writer.chain_of(HEADER, BLOCKS))
    for index in (tail, writer.write_index(HEADER, blocks, chain=chain)):
        refuses(BODY + writer.write_end(HEADER, BLOCKS, len(index)) + index)


def test_a_header_in_the_index_that_differs():
    other = writer.write_header(size=300, chunk_size=200)
    tail = writer.write_index(other, BLOCKS)
    refuses(BODY + writer.write_end(HEADER, BLOCKS, len(tail)) + tail)


@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("size", [0, 100, 299, 301, 400, 2**40])
def test_content_of_another_size_than_the_header_says(size, index):
    header = writer.write_header(size=size, chunk_size=100)
    blocks = [writer.write_block(header, place, part) for place, part in enumerate(PARTS)]
    error = (CorruptDataError, LimitError) if size == 2**40 else CorruptDataError
    blob = writer.assemble(header, blocks, index)
    refuses(blob, error)
    # Who reads piece by piece gets no more than what was promised.
    outcome = observe(decode_in_pieces, blob, ansflow.Limits(), random.Random(0))
    assert all(len(content) <= size for _, content, _ in outcome.given)


def test_chunks_that_lack_planes_or_have_uneven_ones():
    header = writer.write_header(size=naive.UNKNOWN, description={"planes": 2})
    for parts in (["ab"], ["ab", "ab", "a"], ["ab", "a"], ["a", "ab"], ["a", "a", "b", "bb"]):
        blocks = [writer.write_block(header, i, part.encode()) for i, part in enumerate(parts)]
        for index in (False, True):
            refuses(writer.assemble(header, blocks, index))


def test_rows_that_arent_whole():
    description = {"dtype": "<i4", "shape": [None, 3], "planes": 4}
    for items, whole in ((3, True), (6, True), (4, False), (1, False)):
        header = writer.write_header(naive.ARRAY, naive.UNKNOWN, 100, description)
        blocks = [writer.write_block(header, plane, bytes(items)) for plane in range(4)]
        for index in (False, True):
            blob = writer.assemble(header, blocks, index)
            if whole:
                assert ansflow.decompress(blob).shape == (items // 3, 3)
            else:
                refuses(blob)


# Blocks of other frames with the same header, and so the same tag


OTHERS = [writer.write_block(HEADER, place, part[::-1]) for place, part in enumerate(PARTS)]


@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("place", range(3))
def test_a_block_from_another_frame(place, index):
    """Tag, number and both checks are right; only the chain knows."""
    blob = writer.assemble(HEADER, BLOCKS, index)
    other = blob.replace(BLOCKS[place], OTHERS[place])
    assert len(other) == len(blob)
    assert other != blob
    refuses(other)
    replaced = [*BLOCKS[:place], OTHERS[place], *BLOCKS[place + 1 :]]
    legal = writer.assemble(HEADER, replaced, index)
    assert ansflow.decompress(legal) == naive.read(legal).content


SURGERIES = {
    "swapped": [1, 0, 2],
    "turned": [2, 0, 1],
    "doubled": [0, 0, 1, 2],
    "doubled at the end": [0, 1, 2, 2],
    "instead of another": [0, 0, 2],
    "first dropped": [1, 2],
    "last dropped": [0, 1],
    "all dropped": [],
}


@pytest.mark.parametrize("places", SURGERIES.values(), ids=SURGERIES)
@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_blocks_that_have_changed_places(places, index, known):
    """With the end of the frame they come from, and with one that was made for them."""
    header = writer.write_header(size=300 if known else naive.UNKNOWN, chunk_size=100)
    blocks = [writer.write_block(header, place, part) for place, part in enumerate(PARTS)]
    whole = writer.assemble(header, blocks, index)
    end = whole[len(header) + sum(map(len, blocks)) :]
    moved = [blocks[place] for place in places]
    refuses(header + b"".join(moved) + end)
    if known or places not in ([0, 1], []):
        refuses(writer.assemble(header, moved, index))


@pytest.mark.parametrize("places", SURGERIES.values(), ids=SURGERIES)
@pytest.mark.parametrize("index", [False, True])
def test_blocks_that_have_changed_places_and_numbers(places, index):
    """Heads put right as well, the checks of the content and the chain not."""
    moved = [
        writer.write_block(HEADER, number, PARTS[place], check=naive.xxh(PARTS[place], seed=place))
        for number, place in enumerate(places)
    ]
    if places not in ([0, 1], []):
        refuses(writer.assemble(HEADER, moved, index))
    end = writer.assemble(HEADER, BLOCKS, index)[len(BODY) :]
    refuses(HEADER + b"".join(moved) + end)
