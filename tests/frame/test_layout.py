"""Each field fits its width up to its legal limit, and FORMAT.md names the same limits."""

from pathlib import Path

import naive_frame as naive
import naive_recipe
import naive_writer as writer
import numpy as np
import pytest
from decoders import refuses

import ansflow
from ansflow.frame import constants
from ansflow.frame.streams.registry import KINDS
from ansflow.kernels.constants import MAX_LANES
from ansflow.transforms import node, registry

# As one text, whatever the lines.
FORMAT = " ".join(
    Path(constants.__file__).with_name("FORMAT.md").read_text(encoding="utf-8").split()
)

LARGEST = {
    constants.HEADER: (constants.MAGIC, 255, constants.FLAGS, constants.MAX_FIELDS),
    constants.HEAD: (
        *(b"\xff" * 4, constants.MAX_CHUNKS, constants.MAX_CHUNK_SIZE),
        *(constants.MAX_CHUNK_SIZE + constants.BODY_SLACK, 2**64 - 1, 2**32 - 1),
    ),
    constants.TRAILER: (2**64 - 1, 2**32 - 1, 2**64 - 1, 2**32 - 1, constants.TRAILER_MAGIC),
}


def test_widths():
    assert constants.HEADER.size == 10
    assert constants.CHECK.size == constants.TAG_SIZE == 4
    assert constants.HEAD.size == naive.HEAD == 28
    assert constants.TRAILER.size == naive.TRAILER == 28


@pytest.mark.parametrize("struct", LARGEST, ids=lambda struct: struct.format)
def test_fields_hold_their_largest_values(struct):
    assert struct.unpack(struct.pack(*LARGEST[struct])) == LARGEST[struct]


def test_fields_are_where_the_document_says():
    header = writer.write_header(6, b"{...}", [5], flags=3, tables=2, shared=b"tables")
    fields = b"\5{...}\2tables\7\5"
    assert header[:10] == constants.HEADER.pack(constants.MAGIC, constants.VERSION, 3, len(fields))
    assert header[10:-4] == fields
    assert header[-4:] == constants.CHECK.pack(naive.xxh(header[:-4]) % 2**32)
    told = {"cells": 7, "number": 11, "check": 9, "head_check": 13}
    chunk = writer.write_chunk(header, 0, b"", b"abc", **told)
    assert chunk == constants.HEAD.pack(header[-4:], 11, 7, 3, 9, 13) + b"abc"
    end = writer.write_end(header, [chunk], 10, head_check=14)
    chain = naive.xxh(header + chunk[:28])
    assert end == constants.HEAD.pack(header[-4:], 1, 0, 10, chain, 14)
    index = writer.write_index(header, [chunk], check=15)
    size = len(header) + len(chunk) + 28 + len(index)
    trailer = constants.TRAILER.pack(size, len(index), chain, 15, constants.TRAILER_MAGIC)
    assert index == header + chunk[:28] + trailer


def test_kinds_agree():
    names = (
        "STORED",
        "CONSTANT",
        "CODED",
        "SHARED",
        "CONTEXTS",
        "MODELLED",
        "CLASSES",
        "NEIGHBOURS",
        "ADAPTIVE",
    )
    assert [getattr(constants, f"KIND_{name}") for name in names] == list(range(9))
    assert [getattr(naive, name) for name in names] == list(range(9))
    assert {kind.code: kind.name for kind in KINDS} == {
        getattr(constants, f"KIND_{name}"): name.lower() for name in names
    }
    assert [kind.code for kind in KINDS if kind.wide] == [naive.STORED, naive.CONSTANT, naive.CODED]
    assert (constants.FLAG_ARRAY, constants.FLAG_FORTRAN_ORDER) == (1, 2)
    assert constants.VERSION == naive.VERSION
    assert (constants.MAGIC, constants.TRAILER_MAGIC) == (naive.MAGIC, naive.TRAILER_MAGIC)


def test_transforms_agree():
    assert node.STREAM_ID == naive_recipe.STREAM
    assert node.ALL_STREAMS == naive_recipe.LEAVES
    assert registry._by_id.keys() == naive_recipe.KINDS.keys() == set(range(1, 25))
    for id, transform in registry._by_id.items():
        assert transform.id == naive_recipe.KINDS[id].id == id
        assert f"| {id} | {transform.name} |" in FORMAT


def test_limits_agree():
    assert 1 << constants.MAX_LANES_LOG2 == MAX_LANES
    assert 1 << constants.MIN_PRECISION == 256
    assert constants.MAX_PRECISION == 16
    # Content, streams and body of a chunk of any size, by default.
    assert ansflow.Limits().max_memory >= 3 * constants.MAX_CHUNK_SIZE


def test_sizes_fit_their_fields():
    """The index of as many chunks as there may be."""
    header = constants.HEADER.size + constants.MAX_FIELDS + constants.CHECK.size
    assert (
        header + (constants.MAX_CHUNKS - 1) * constants.HEAD.size + constants.TRAILER.size < 2**32
    )


@pytest.mark.parametrize(
    "text",
    [
        "| 0 | 4 | magic | `89 41 4E 53` (`\\x89ANS`) |",
        f"| 4 | 1 | version | {constants.VERSION} |",
        f"size of the fields R, in bytes | 1 to 2^{constants.MAX_FIELDS.bit_length() - 1} |",
        f"a varint up to 2^{constants.MAX_DESCRIPTION.bit_length() - 1}, and the description",
        f"a varint up to {constants.MAX_SHARED_TABLES}, and the shared tables",
        f"items have 1 to {constants.MAX_CELL_SIZE} bytes",
        f"all T_i and z is at most 2^{constants.MAX_CHUNK_SIZE.bit_length() - 1}.",
        f"has at most 2^{constants.MAX_GROUP.bit_length() - 1} chunks.",
        f"There are fewer than 2^{constants.MAX_CHUNKS.bit_length() - 1}.",
        f"in bytes | {constants.MIN_BODY} to c z + {constants.BODY_SLACK} |",
        f"has no more than {node.MAX_DEPTH} nodes,",
        f"a recipe has no more than {node.MAX_STREAMS} streams",
        f"number of lanes, 0 to {constants.MAX_LANES_LOG2}",
        f"p is {constants.MIN_PRECISION} to {constants.MAX_PRECISION}, "
        f"with contexts, row classes or neighbours {constants.MIN_PRECISION} to "
        f"{constants.MAX_CONTEXT_PRECISION};",
        f"An adaptive stream has 2^{constants.MAX_ADAPTIVE.bit_length() - 1} of them at most",
        f"nesting deeper than {constants.MAX_NESTING}",
        f"`name`, 1 to {constants.MAX_MODEL_NAME} characters",
        f"`fingerprint`, {constants.FINGERPRINT_DIGITS} hexadecimal digits",
        "| 24 | 4 | magic | `53 4E 41 89` (`SNA\\x89`) |",
    ],
)
def test_the_document_names_the_limits_of_the_code(text):
    assert text in FORMAT


@pytest.mark.parametrize(
    ("chunk_size", "precision"),
    [(1, constants.MIN_PRECISION), (constants.MAX_CHUNK_SIZE, constants.MAX_PRECISION)],
)
def test_compress_takes_the_legal_limits(chunk_size, precision):
    content = bytes(range(250)) + bytes(50)
    blob = ansflow.compress(content, chunk_size=chunk_size, precision=precision)
    assert ansflow.decompress(blob) == content
    assert naive.read(blob).chunk_shape == [min(chunk_size, 300)]


def test_as_many_chunks_in_a_group_as_are_legal():
    rows = constants.MAX_GROUP
    with pytest.raises(ValueError, match="65536 chunks"):
        ansflow.compress(np.zeros((2, rows + 1), np.uint8), chunks=(2, 1))
    for length in (rows, rows + 1):
        described = {"dtype": "|u1", "shape": [None, length]}
        header = writer.write_header(None, described, [2, 1], array=True)
        blob = writer.assemble(header, [])
        if length == rows:
            assert naive.read(blob).shape == [0, rows] == list(ansflow.decompress(blob).shape)
        else:
            refuses(blob)
