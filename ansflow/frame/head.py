"""Heads: what stands before the payload of each block, and at the end of all blocks."""

from __future__ import annotations

from typing import NamedTuple

import xxhash

from ansflow.errors import CorruptDataError, UnsupportedError
from ansflow.frame import layout
from ansflow.frame.header import Header

__all__ = ["OBJECTS", "Head", "head_check", "pack_head", "parse_head"]

# Bytes that a block takes while it waits for a thread, beside payload and content: its head and
# other objects. What a decoder may hold is counted with it, or a million blocks of a byte each
# would be nothing.
OBJECTS = 512


class Head(NamedTuple):
    """What a block's head says; `stored` is the size of its payload."""

    kind: int
    lanes_log2: int
    precision: int
    table: int
    size: int
    stored: int
    number: int
    check: int

    @property
    def weight(self) -> int:
        """Bytes that it counts for: its content, of which the payload is no larger, and objects."""
        return self.size + OBJECTS


def head_check(raw: bytes) -> int:
    """The check of a head or trailer: the low half of XXH3-64."""
    return xxhash.xxh3_64_intdigest(raw) & 0xFFFFFFFF


def pack_head(tag: bytes, head: Head) -> bytes:
    """A head as it is written."""
    raw = layout.HEAD.pack(tag, *head, 0)
    return layout.HEAD.pack(tag, *head, head_check(raw[: layout.HEAD_CHECKED]))


def parse_head(raw: bytes, tag: bytes, header: Header, number: int) -> Head:
    """Undo `pack_head` for the head that should be that of block `number`, or the end mark."""
    found_tag, *fields, check = layout.HEAD.unpack(raw)
    if check != head_check(raw[: layout.HEAD_CHECKED]):
        raise CorruptDataError(f"the head of block {number} doesn't match its check")
    head = Head(*fields)
    if found_tag != tag:
        raise CorruptDataError(f"block {number} is of another frame")
    if head.kind != layout.END and head.kind not in layout.BLOCK_KINDS:
        raise UnsupportedError(f"block {number} is of the unknown kind {head.kind}")
    if head.number != number:
        raise CorruptDataError(f"block {head.number} stands in the place of block {number}")
    if head.kind == layout.END:
        fits = not (head.lanes_log2 or head.precision or head.table or head.size)
    else:
        fits = 1 <= head.size <= header.block_size and 1 <= head.stored <= head.size
        if head.kind == layout.BLOCK_MODELLED:
            fits &= header.model is not None and not (head.lanes_log2 or head.precision)
        if head.table:
            fits &= head.kind == layout.BLOCK_CODED and head.table <= len(header.shared)
    if not fits:
        raise CorruptDataError(f"the head of block {number} is impossible")
    return head
