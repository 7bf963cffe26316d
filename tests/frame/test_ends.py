"""Ends of frames: end marks and indices that lie, and chunks that aren't where they were."""

import random

import naive_frame as naive
import naive_writer as writer
import numpy as np
import pytest
from decoders import decode_in_pieces, observe, refuses

import ansflow
from ansflow.errors import CorruptDataError, LimitError, TruncatedError

CONTENT = bytes(i * i % 7 * (i % 3) for i in range(300))
PARTS = [CONTENT[:100], CONTENT[100:200], CONTENT[200:]]
HEADER = writer.write_header(300, chunk=[100])
CHUNKS = [writer.write_chunk(HEADER, place, part) for place, part in enumerate(PARTS)]
BODY = HEADER + b"".join(CHUNKS)
INDEX = writer.write_index(HEADER, CHUNKS)


def test_the_sound_ends_are_read():
    for index in (False, True):
        assert ansflow.decompress(writer.assemble(HEADER, CHUNKS, index)) == CONTENT


@pytest.mark.parametrize(
    "fields",
    [
        {"tag": b"\0\0\0\0"},
        {"cells": 1},
        {"cells": 2**32 - 1},
        {"number": 2},
        {"number": 4},
        {"check": 0},
        {"check": naive.xxh(HEADER)},
        {"head_check": 0},
        {"m": 1},
        {"m": 28},
        {"m": len(INDEX) - 1},
        {"m": len(INDEX) + 1},
        {"m": len(INDEX) - 28},
        {"m": 2**32 - 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("index", [False, True])
def test_fields_of_the_end_mark(index, fields):
    tail = INDEX if index else b""
    end = writer.write_end(HEADER, CHUNKS, **{"m": len(tail)} | fields)
    refuses(BODY + end + tail)


def test_an_index_that_isnt_announced_or_isnt_there():
    # It begins like a frame, whose bodies are missing then.
    refuses(BODY + writer.write_end(HEADER, CHUNKS, 0) + INDEX, TruncatedError)
    refuses(BODY + writer.write_end(HEADER, CHUNKS, len(INDEX)), TruncatedError)


@pytest.mark.parametrize(
    "fields",
    [
        {"size": 0},
        {"size": len(BODY) + 28},
        {"size": len(BODY) + 28 + len(INDEX) + 1},
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
    tail = writer.write_index(HEADER, CHUNKS, **fields)
    assert len(tail) == len(INDEX)
    refuses(BODY + writer.write_end(HEADER, CHUNKS, len(tail)) + tail)


@pytest.mark.parametrize("place", range(3))
def test_heads_of_the_index_that_differ(place):
    """Also with the checks of head, index and trailer put right."""
    other = writer.write_chunk(HEADER, place, PARTS[place], check=1)
    chunks = [*CHUNKS[:place], other, *CHUNKS[place + 1 :]]
    tail = writer.write_index(HEADER, chunks)
    chain = naive.xxh(writer.chain_of(HEADER, CHUNKS))
    for index in (tail, writer.write_index(HEADER, chunks, chain=chain)):
        refuses(BODY + writer.write_end(HEADER, CHUNKS, len(index)) + index)


def test_a_header_in_the_index_that_differs():
    other = writer.write_header(300, chunk=[200])
    tail = writer.write_index(other, CHUNKS)
    refuses(BODY + writer.write_end(HEADER, CHUNKS, len(tail)) + tail)


@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("size", [0, 100, 299, 301, 400, 2**40])
def test_content_of_another_size_than_the_header_says(size, index):
    header = writer.write_header(size, chunk=[min(100, max(size, 1))])
    chunks = [writer.write_chunk(header, place, part) for place, part in enumerate(PARTS)]
    error = (CorruptDataError, LimitError) if size == 2**40 else CorruptDataError
    blob = writer.assemble(header, chunks, index)
    refuses(blob, error)
    # Who reads piece by piece gets no more than what was promised.
    outcome = observe(decode_in_pieces, blob, ansflow.Limits(), random.Random(0))
    assert all(len(content) <= size for _, content, _ in outcome.given)


# Chunks that aren't those of the grid


def tiled(description, chunk, cells, *, size=None, w=1):
    """A frame of zeros whose chunks have so many cells."""
    header = writer.write_header(size, description, chunk, array=True)
    chunks = [writer.write_chunk(header, i, bytes(n * w), None, w) for i, n in enumerate(cells)]
    return [writer.assemble(header, chunks, index) for index in (False, True)]


OPEN = {"dtype": "|u1", "shape": [None, 5]}
FIXED = {"dtype": "|u1", "shape": [4, 5]}
CUBE = {"dtype": "|u1", "shape": [2, 3, 4]}
ROWS = {"dtype": "|u1", "shape": [None, 3, 4]}
SCALAR = {"dtype": "|u1", "shape": []}


@pytest.mark.parametrize(
    ("description", "chunk", "size", "cells", "shape"),
    [
        (OPEN, [3, 5], None, [15, 5, 10], [6, 5]),
        (OPEN, [3, 5], None, [], [0, 5]),
        (OPEN, [3, 2], None, [6, 6, 3, 2, 2, 1], [4, 5]),
        (OPEN, [1, 2], None, [2, 2, 1], [1, 5]),
        (OPEN, [1, 1], None, [1] * 5, [1, 5]),
        (FIXED, [3, 2], 20, [6, 6, 3, 2, 2, 1], [4, 5]),
        (FIXED, [3, 2], 20, [2, 2, 1, 6, 6, 3], [4, 5]),
        (FIXED, [1, 2], 20, [2, 2, 1] * 4, [4, 5]),
        (CUBE, [1, 2, 3], 24, [6, 2, 3, 1] * 2, [2, 3, 4]),
        (CUBE, [2, 1, 4], 24, [8, 8, 8], [2, 3, 4]),
        (CUBE, [1, 1, 3], 24, [3, 1] * 6, [2, 3, 4]),
        (ROWS, [1, 2, 4], None, [8, 4], [1, 3, 4]),
    ],
    ids=str,
)
def test_chunks_of_a_grid_are_read(description, chunk, size, cells, shape):
    for blob in tiled(description, chunk, cells, size=size):
        assert naive.read(blob).shape == shape
        assert ansflow.decompress(blob).tolist() == np.zeros(shape, "u1").tolist()


@pytest.mark.parametrize(
    ("description", "chunk", "size", "cells"),
    [
        (OPEN, [3, 5], None, [15, 6]),  # rows that aren't whole
        (OPEN, [3, 5], None, [4]),
        (OPEN, [3, 5], None, [20]),  # more than a chunk's
        (OPEN, [3, 2], None, [6, 6]),  # a group that isn't whole
        (OPEN, [3, 2], None, [6, 6, 2]),  # places that differ
        (OPEN, [3, 2], None, [6, 4, 3]),
        (OPEN, [3, 2], None, [6, 3, 6]),
        (OPEN, [3, 2], None, [6, 4, 5]),
        (OPEN, [3, 2], None, [5, 5, 5]),
        (OPEN, [3, 2], None, [8, 8, 4]),
        (OPEN, [1, 2], None, [2, 2, 1, 2]),  # half a row
        (OPEN, [1, 2], None, [2, 2, 1, 1, 2, 2]),  # cut short behind the first axis
        (OPEN, [1, 2], None, [2, 1, 2]),
        (OPEN, [1, 1], None, [1] * 7),
        (OPEN, [1, 1], None, [2, 2, 1]),
        (FIXED, [3, 2], 20, [6, 6, 3]),  # not all of them
        (FIXED, [3, 2], 20, [6, 6, 3, 6, 6, 3]),  # too many
        (FIXED, [3, 2], 20, [6, 6, 3, 2, 2, 1, 2, 2, 1]),
        (FIXED, [1, 2], 20, [2, 2, 1] * 5),
        (FIXED, [1, 2], 20, [2, 2, 1] * 3),
        (FIXED, [1, 2], 20, [1, 2, 2] * 4),
        (CUBE, [1, 2, 3], 24, [3, 1, 6, 2] * 2),  # short ones come last
        (CUBE, [1, 2, 3], 24, [6, 2, 3, 1]),
        (CUBE, [2, 1, 4], 24, [12, 12]),
        (CUBE, [2, 1, 4], 24, [4] * 6 + [1]),
        (ROWS, [1, 2, 4], None, [8, 4, 8]),  # a place of the first axis that isn't whole
        (ROWS, [1, 2, 4], None, [4, 8]),
        (ROWS, [1, 2, 4], None, [4, 4, 4]),
        ({"dtype": "|u1", "shape": [0, 5]}, [1, 5], 0, [5]),  # there are none
        ({"dtype": "|u1", "shape": [5, 0]}, [5, 1], 0, [5]),
        ({"dtype": "|V0", "shape": [5]}, [5, 1], 0, [5]),
        (SCALAR, [], 1, []),  # there is one
        (SCALAR, [], 1, [1, 1]),
        (SCALAR, [], 1, [2]),
    ],
    ids=str,
)
def test_chunks_that_are_not_those_of_the_grid(description, chunk, size, cells):
    for blob in tiled(description, chunk, cells, size=size):
        refuses(blob)


@pytest.mark.parametrize("cells", [[3], [6], [3, 3], [1], []])
@pytest.mark.parametrize("w", [1, 4])
def test_items_and_bytes_of_large_items(cells, w):
    """A chunk has whole cells; of large items, their last axis says how many bytes fit."""
    description = {"dtype": "<i4" if w == 4 else "|V70", "shape": [None]}
    for blob in tiled(description, [9] if w == 4 else [9, 3], cells, w=w):
        if w == 4 or not cells:
            assert ansflow.decompress(blob).shape == (sum(cells),)
        else:
            refuses(blob)


# Chunks of other frames with the same header, and so the same tag


OTHERS = [writer.write_chunk(HEADER, place, part[::-1]) for place, part in enumerate(PARTS)]


@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("place", range(3))
def test_a_chunk_from_another_frame(place, index):
    """Tag, number and both checks are right; only the chain knows."""
    blob = writer.assemble(HEADER, CHUNKS, index)
    other = blob.replace(CHUNKS[place], OTHERS[place])
    assert len(other) == len(blob)
    assert other != blob
    refuses(other)
    replaced = [*CHUNKS[:place], OTHERS[place], *CHUNKS[place + 1 :]]
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
def test_chunks_that_have_changed_places(places, index, known):
    """With the end of the frame they come from, and with one that was made for them."""
    header = writer.write_header(300 if known else None, chunk=[100])
    chunks = [writer.write_chunk(header, place, part) for place, part in enumerate(PARTS)]
    whole = writer.assemble(header, chunks, index)
    end = whole[len(header) + sum(map(len, chunks)) :]
    moved = [chunks[place] for place in places]
    refuses(header + b"".join(moved) + end)
    if known or places not in ([0, 1], []):
        refuses(writer.assemble(header, moved, index))


@pytest.mark.parametrize("places", SURGERIES.values(), ids=SURGERIES)
@pytest.mark.parametrize("index", [False, True])
def test_chunks_that_have_changed_places_and_numbers(places, index):
    """Heads put right as well, the checks of the content and the chain not."""
    moved = [
        writer.write_chunk(HEADER, number, PARTS[place], check=naive.xxh(PARTS[place], seed=place))
        for number, place in enumerate(places)
    ]
    if places not in ([0, 1], []):
        refuses(writer.assemble(HEADER, moved, index))
    end = writer.assemble(HEADER, CHUNKS, index)[len(BODY) :]
    refuses(HEADER + b"".join(moved) + end)
