"""Each field fits its width up to its legal limit, and FORMAT.md names the same limits."""

from pathlib import Path

import naive_frame as naive
import naive_writer as writer
import pytest

import ansflow
from ansflow.frame import layout
from ansflow.kernels.constants import MAX_LANES

FORMAT = Path(layout.__file__).with_name("FORMAT.md").read_text(encoding="utf-8")

LARGEST = {
    layout.HEADER: (
        *(layout.MAGIC, 255, 255, 255, layout.MAX_SHARED_TABLES, layout.UNKNOWN_SIZE),
        *(layout.MAX_BLOCK_SIZE, layout.MAX_DESCRIPTION, layout.MAX_TABLES_SIZE),
    ),
    layout.HEAD: (
        *(b"\xff" * 4, layout.END, layout.MAX_LANES_LOG2, layout.MAX_PRECISION),
        *(layout.MAX_SHARED_TABLES, layout.MAX_BLOCK_SIZE, 2**32 - 1, layout.MAX_BLOCKS),
        *(2**64 - 1, 2**32 - 1),
    ),
    layout.TRAILER: (2**64 - 1, 2**32 - 1, 2**64 - 1, 2**32 - 1, layout.TRAILER_MAGIC),
}


def test_widths():
    assert layout.HEADER.size == 28
    assert layout.CHECK.size == 8
    assert layout.HEAD.size == 32
    assert layout.TRAILER.size == 28


@pytest.mark.parametrize("struct", LARGEST, ids=lambda struct: struct.format)
def test_fields_hold_their_largest_values(struct):
    assert struct.unpack(struct.pack(*LARGEST[struct])) == LARGEST[struct]


def test_fields_are_where_the_document_says():
    header = writer.write_header(
        naive.ARRAY, 6, 5, b"{...}", version=2, flags=1, tables=3, shared=b"tables"
    )
    fields = (layout.MAGIC, layout.VERSION, 1, layout.KIND_ARRAY, 3, 6, 5, 5, 6)
    assert header[:28] == layout.HEADER.pack(*fields)
    assert header[28:-8] == b"{...}tables"
    assert header[-8:] == layout.CHECK.pack(naive.xxh(header[:-8]))
    told = {"n": 7, "number": 11, "check": 9, "head_check": 13}
    coding = writer.Coding(layout.BLOCK_CODED, b"abc", 4, 5, 6)
    block = writer.write_block(header, 0, b"", coding, **told)
    assert block == layout.HEAD.pack(header[-8:-4], 2, 4, 5, 6, 7, 3, 11, 9, 13) + b"abc"
    end = writer.write_end(header, [block], 10, head_check=14)
    chain = naive.xxh(header + block[:32])
    assert end == layout.HEAD.pack(header[-8:-4], layout.END, 0, 0, 0, 0, 10, 1, chain, 14)
    index = writer.write_index(header, [block], check=15)
    size = len(header) + len(block) + 32 + len(index)
    trailer = layout.TRAILER.pack(size, len(index), chain, 15, layout.TRAILER_MAGIC)
    assert index == header + block[:32] + trailer


def test_kinds_agree():
    kinds = (layout.BLOCK_STORED, layout.BLOCK_CONSTANT, layout.BLOCK_CODED, layout.BLOCK_CONTEXTS)
    assert kinds == (naive.STORED, naive.CONSTANT, naive.CODED, naive.CONTEXTS)
    assert (layout.KIND_BYTES, layout.KIND_ARRAY) == (naive.BYTES, naive.ARRAY)
    assert layout.FLAG_FORTRAN_ORDER == 1
    assert (layout.END, layout.UNKNOWN_SIZE) == (naive.END, naive.UNKNOWN)
    assert (layout.MAGIC, layout.TRAILER_MAGIC) == (naive.MAGIC, naive.TRAILER_MAGIC)


def test_limits_agree():
    assert 1 << layout.MAX_LANES_LOG2 == MAX_LANES
    assert 1 << layout.MIN_PRECISION == 256
    assert layout.MAX_PRECISION == 16
    # Content and payload of a block of any size, by default.
    assert ansflow.Limits().max_memory >= 2 * layout.MAX_BLOCK_SIZE


def test_sizes_fit_their_fields():
    """A coded block is only written if it is smaller than a stored one."""
    assert layout.MAX_BLOCK_SIZE < 2**32
    header = layout.HEADER.size + layout.MAX_DESCRIPTION + layout.MAX_TABLES_SIZE + 8
    assert header + layout.MAX_BLOCKS * layout.HEAD.size + layout.TRAILER.size < 2**32


@pytest.mark.parametrize(
    "line",
    [
        "| 0 | 4 | magic | `89 41 4E 53` (`\\x89ANS`) |",
        f"| 4 | 1 | version | {layout.VERSION} |",
        f"| 7 | 1 | number of shared tables S | 0 to {layout.MAX_SHARED_TABLES} |",
        f"| 16 | 4 | block size B, in bytes | 1 to 2^{layout.MAX_BLOCK_SIZE.bit_length() - 1} |",
        f"description size D, in bytes | 2 to 2^{layout.MAX_DESCRIPTION.bit_length() - 1} |",
        f"T, in bytes | 0 to 2^{layout.MAX_TABLES_SIZE.bit_length() - 1}; 0 if S is 0 |",
        f"P, a number from 2 to {layout.MAX_PLANES}.",
        f"There are fewer than 2^{layout.MAX_BLOCKS.bit_length() - 1}.",
        f"| precision p | {layout.MIN_PRECISION} to {layout.MAX_PRECISION} if coded, "
        f"{layout.MIN_PRECISION} to {layout.MAX_CONTEXT_PRECISION} if with contexts; else 0 |",
        f"0 to {layout.MAX_LANES_LOG2}; 0 unless coded |",
        f"{layout.BLOCK_MODELLED}: modelled, if the description has a `model`; "
        f"({layout.END}: end mark) |",
        f"nesting deeper than {layout.MAX_NESTING}",
        "| 24 | 4 | magic | `53 4E 41 89` (`SNA\\x89`) |",
    ],
)
def test_the_document_names_the_limits_of_the_code(line):
    assert line in FORMAT


@pytest.mark.parametrize(
    ("chunk_size", "precision"),
    [(1, layout.MIN_PRECISION), (layout.MAX_BLOCK_SIZE, layout.MAX_PRECISION)],
)
def test_compress_takes_the_legal_limits(chunk_size, precision):
    content = bytes(range(250)) + bytes(50)
    blob = ansflow.compress(content, chunk_size=chunk_size, precision=precision)
    assert ansflow.decompress(blob) == content
    assert naive.read(blob).chunk_size == chunk_size
