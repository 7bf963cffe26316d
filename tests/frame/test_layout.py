"""Each field fits its width up to its legal limit, and FORMAT.md names the same limits."""

from pathlib import Path

import naive_frame as naive
import naive_recipe
import naive_writer as writer
import numpy as np
import pytest
from decoders import refuses

import ansflow
from ansflow.frame import layout
from ansflow.frame.streams.registry import KINDS
from ansflow.kernels.constants import MAX_LANES
from ansflow.transforms import recipe
from ansflow.transforms.registry import by_id, by_name

# As one text, whatever the lines.
FORMAT = " ".join(Path(layout.__file__).with_name("FORMAT.md").read_text(encoding="utf-8").split())

LARGEST = {
    layout.HEADER: (layout.MAGIC, 255, layout.FLAGS, layout.MAX_FIELDS),
    layout.HEAD: (
        *(b"\xff" * 4, layout.MAX_CHUNKS, layout.MAX_CHUNK_SIZE),
        *(layout.MAX_CHUNK_SIZE + layout.BODY_SLACK, 2**64 - 1, 2**32 - 1),
    ),
    layout.TRAILER: (2**64 - 1, 2**32 - 1, 2**64 - 1, 2**32 - 1, layout.TRAILER_MAGIC),
}


def test_widths():
    assert layout.HEADER.size == 10
    assert layout.CHECK.size == layout.TAG_SIZE == 4
    assert layout.HEAD.size == naive.HEAD == 28
    assert layout.TRAILER.size == naive.TRAILER == 28


@pytest.mark.parametrize("struct", LARGEST, ids=lambda struct: struct.format)
def test_fields_hold_their_largest_values(struct):
    assert struct.unpack(struct.pack(*LARGEST[struct])) == LARGEST[struct]


def test_fields_are_where_the_document_says():
    header = writer.write_header(6, b"{...}", [5], flags=3, tables=2, shared=b"tables")
    fields = b"\5{...}\2tables\7\5"
    assert header[:10] == layout.HEADER.pack(layout.MAGIC, layout.VERSION, 3, len(fields))
    assert header[10:-4] == fields
    assert header[-4:] == layout.CHECK.pack(naive.xxh(header[:-4]) % 2**32)
    told = {"cells": 7, "number": 11, "check": 9, "head_check": 13}
    chunk = writer.write_chunk(header, 0, b"", b"abc", **told)
    assert chunk == layout.HEAD.pack(header[-4:], 11, 7, 3, 9, 13) + b"abc"
    end = writer.write_end(header, [chunk], 10, head_check=14)
    chain = naive.xxh(header + chunk[:28])
    assert end == layout.HEAD.pack(header[-4:], 1, 0, 10, chain, 14)
    index = writer.write_index(header, [chunk], check=15)
    size = len(header) + len(chunk) + 28 + len(index)
    trailer = layout.TRAILER.pack(size, len(index), chain, 15, layout.TRAILER_MAGIC)
    assert index == header + chunk[:28] + trailer


def test_kinds_agree():
    names = ("STORED", "CONSTANT", "CODED", "SHARED", "CONTEXTS", "MODELLED")
    assert [getattr(layout, name) for name in names] == list(range(6))
    assert [getattr(naive, name) for name in names] == list(range(6))
    assert {kind.code: kind.name for kind in KINDS} == {
        getattr(layout, name): name.lower() for name in names
    }
    assert [kind.code for kind in KINDS if kind.wide] == [naive.STORED, naive.CONSTANT, naive.CODED]
    assert (layout.FLAG_ARRAY, layout.FLAG_FORTRAN_ORDER) == (1, 2)
    assert layout.VERSION == naive.VERSION
    assert (layout.MAGIC, layout.TRAILER_MAGIC) == (naive.MAGIC, naive.TRAILER_MAGIC)


def test_transforms_agree():
    assert recipe.STREAM_ID == naive_recipe.STREAM
    assert recipe.ALL_STREAMS == naive_recipe.LEAVES
    for id, name in ((naive_recipe.PLANES, "planes"), (naive_recipe.BYTES, "bytes")):
        assert by_id(id) is by_name(name)
        assert f"| {id} | {name} |" in FORMAT


def test_limits_agree():
    assert 1 << layout.MAX_LANES_LOG2 == MAX_LANES
    assert 1 << layout.MIN_PRECISION == 256
    assert layout.MAX_PRECISION == 16
    # Content, streams and body of a chunk of any size, by default.
    assert ansflow.Limits().max_memory >= 3 * layout.MAX_CHUNK_SIZE


def test_sizes_fit_their_fields():
    """The index of as many chunks as there may be, and a body of streams that aren't coded."""
    header = layout.HEADER.size + layout.MAX_FIELDS + layout.CHECK.size
    assert header + (layout.MAX_CHUNKS - 1) * layout.HEAD.size + layout.TRAILER.size < 2**32
    assert recipe.MAX_STREAMS + 2 <= layout.BODY_SLACK


@pytest.mark.parametrize(
    "text",
    [
        "| 0 | 4 | magic | `89 41 4E 53` (`\\x89ANS`) |",
        f"| 4 | 1 | version | {layout.VERSION} |",
        f"size of the fields R, in bytes | 1 to 2^{layout.MAX_FIELDS.bit_length() - 1} |",
        f"a varint up to 2^{layout.MAX_DESCRIPTION.bit_length() - 1}, and the description",
        f"a varint up to {layout.MAX_SHARED_TABLES}, and the shared tables",
        f"items have 1 to {layout.MAX_CELL_SIZE} bytes",
        f"all T_i and z is at most 2^{layout.MAX_CHUNK_SIZE.bit_length() - 1}.",
        f"has at most 2^{layout.MAX_GROUP.bit_length() - 1} chunks.",
        f"There are fewer than 2^{layout.MAX_CHUNKS.bit_length() - 1}.",
        f"in bytes | {layout.MIN_BODY} to c z + {layout.BODY_SLACK} |",
        f"has no more than {recipe.MAX_DEPTH} nodes,",
        f"a recipe has no more than {recipe.MAX_STREAMS} streams",
        f"number of lanes, 0 to {layout.MAX_LANES_LOG2}",
        f"p is {layout.MIN_PRECISION} to {layout.MAX_PRECISION}, "
        f"with contexts {layout.MIN_PRECISION} to {layout.MAX_CONTEXT_PRECISION};",
        f"nesting deeper than {layout.MAX_NESTING}",
        f"`name`, 1 to {layout.MAX_MODEL_NAME} characters",
        f"`fingerprint`, {layout.FINGERPRINT_DIGITS} hexadecimal digits",
        "| 24 | 4 | magic | `53 4E 41 89` (`SNA\\x89`) |",
    ],
)
def test_the_document_names_the_limits_of_the_code(text):
    assert text in FORMAT


@pytest.mark.parametrize(
    ("chunk_size", "precision"),
    [(1, layout.MIN_PRECISION), (layout.MAX_CHUNK_SIZE, layout.MAX_PRECISION)],
)
def test_compress_takes_the_legal_limits(chunk_size, precision):
    content = bytes(range(250)) + bytes(50)
    blob = ansflow.compress(content, chunk_size=chunk_size, precision=precision)
    assert ansflow.decompress(blob) == content
    assert naive.read(blob).chunk_shape == [min(chunk_size, 300)]


def test_as_many_chunks_in_a_group_as_are_legal():
    rows = layout.MAX_GROUP
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
