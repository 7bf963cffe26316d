"""Each field fits its width up to its legal limit, and FORMAT.md names the same limits."""

from pathlib import Path

import naive_frame as naive
import pytest

import ansflow
from ansflow.frame import layout
from ansflow.kernels.constants import MAX_LANES

FORMAT = Path(layout.__file__).with_name("FORMAT.md").read_text(encoding="utf-8")

LARGEST_HEADER = (
    *(layout.MAGIC, 255, 255, 255, layout.MAX_PLANES, 2**64 - 1),
    *(layout.MAX_BLOCK_SIZE, layout.MAX_DESCRIPTION),
)
LARGEST_BLOCK = (
    *(255, layout.MAX_LANES_LOG2, layout.MAX_PRECISION, 255),
    *(layout.MAX_BLOCK_SIZE, 2**32 - 1, 2**64 - 1),
)


def test_widths():
    assert layout.HEADER.size == 24
    assert layout.CHECK.size == 8
    assert layout.BLOCK.size == 20


def test_fields_hold_their_largest_values():
    assert layout.HEADER.unpack(layout.HEADER.pack(*LARGEST_HEADER)) == LARGEST_HEADER
    assert layout.BLOCK.unpack(layout.BLOCK.pack(*LARGEST_BLOCK)) == LARGEST_BLOCK


def test_fields_are_where_the_document_says():
    header = naive.write_header(naive.ARRAY, 6, 5, 3, b"{}", 1, 1)
    fields = (b"\x89ANS", 1, 1, naive.ARRAY, 3, 6, 5, 2)
    assert header[:24] == layout.HEADER.pack(*fields)
    block = naive.write_block(2, 7, b"abc", 9, lanes_log2=4, p=5, reserved=6)
    assert block == layout.BLOCK.pack(2, 4, 5, 6, 7, 3, 9) + b"abc"


def test_limits_agree():
    assert 1 << layout.MAX_LANES_LOG2 == MAX_LANES
    assert 1 << layout.MIN_PRECISION == 256
    assert layout.MAX_PRECISION == 16
    assert ansflow.Limits().max_block >= layout.MAX_BLOCK_SIZE


def test_payloads_fit_their_field():
    """A coded block is only written if it is smaller than a stored one."""
    assert layout.MAX_BLOCK_SIZE < 2**32


@pytest.mark.parametrize(
    "line",
    [
        "| 0 | 4 | magic | `89 41 4E 53` (`\\x89ANS`) |",
        f"| 4 | 1 | version | {layout.VERSION} |",
        f"| 7 | 1 | planes P | 1 to {layout.MAX_PLANES}; 1 if kind is 0 |",
        f"| 16 | 4 | block size B, in bytes | 1 to 2^{layout.MAX_BLOCK_SIZE.bit_length() - 1} |",
        f"| precision p | {layout.MIN_PRECISION} to {layout.MAX_PRECISION} if coded, "
        f"{layout.MIN_PRECISION} to {layout.MAX_CONTEXT_PRECISION} if with contexts; else 0 |",
        f"0 to {layout.MAX_LANES_LOG2}; 0 unless coded |",
        f"0 to 2^{layout.MAX_DESCRIPTION.bit_length() - 1}; 0 if kind is 0 |",
    ],
)
def test_the_document_names_the_limits_of_the_code(line):
    assert line in FORMAT


@pytest.mark.parametrize(
    ("block_size", "precision"),
    [(1, layout.MIN_PRECISION), (layout.MAX_BLOCK_SIZE, layout.MAX_PRECISION)],
)
def test_compress_takes_the_legal_limits(block_size, precision):
    content = bytes(range(250)) + bytes(50)
    blob = ansflow.compress(content, block_size=block_size, precision=precision)
    assert ansflow.decompress(blob) == content
    assert naive.read(blob).block_size == block_size
