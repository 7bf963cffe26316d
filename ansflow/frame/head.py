"""Heads: what stands before the body of each chunk, and at the end of all chunks."""

from __future__ import annotations

from typing import NamedTuple

from ansflow.errors import CorruptDataError
from ansflow.frame import constants
from ansflow.frame.checks import low_half
from ansflow.frame.grid import Grid

__all__ = ["Head", "has_body", "pack_head", "parse_head"]


class Head(NamedTuple):
    """What a chunk's head says. The end mark has no cells."""

    number: int
    cells: int
    body_size: int
    check: int

    @classmethod
    def of(cls, raw: bytes) -> Head:
        """What is written, unchecked."""
        return cls(*constants.HEAD.unpack(raw)[1:-1])

    @property
    def is_end(self) -> bool:
        return not self.cells


def pack_head(tag: bytes, head: Head) -> bytes:
    """A head as it is written."""
    raw = constants.HEAD.pack(tag, *head, 0)
    return constants.HEAD.pack(tag, *head, low_half(raw[: constants.HEAD_CHECKED]))


def parse_head(raw: bytes, tag: bytes, grid: Grid, number: int) -> Head:
    """Undo `pack_head` for the head that should be that of chunk `number`, or the end mark."""
    found_tag, *fields, check = constants.HEAD.unpack(raw)
    if check != low_half(raw[: constants.HEAD_CHECKED]):
        raise CorruptDataError(f"the head of chunk {number} does not match its check")
    head = Head(*fields)
    if found_tag != tag:
        raise CorruptDataError(f"chunk {number} belongs to another frame")
    if head.number != number:
        raise CorruptDataError(f"chunk {head.number} stands in the place of chunk {number}")
    if not head.is_end and not has_body(head, grid):
        raise CorruptDataError(
            f"the head of chunk {number} says {head.cells} cells and a body of {head.body_size} "
            f"bytes, which no chunk of shape {grid.chunk_shape} has"
        )
    return head


def has_body(head: Head, grid: Grid) -> bool:
    """Whether there can be a chunk of so many cells, with a body of that size."""
    size = head.cells * grid.cell_size
    return (
        size <= grid.chunk_size
        and constants.MIN_BODY <= head.body_size <= size + constants.BODY_SLACK
    )
