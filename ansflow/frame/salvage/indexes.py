"""Frames whose index is sound: it names their blocks to the last bit, wherever they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import xxhash

from ansflow.foreign_files import read_at
from ansflow.frame import layout
from ansflow.frame.build import pack_trailer
from ansflow.frame.head import Head, pack_head
from ansflow.frame.header import Header
from ansflow.frame.salvage.finding import Finder, Headers, parse_sound_head
from ansflow.frame.salvage.remains import Remains

__all__ = ["Index", "claim", "sound_indexes"]


class Index(NamedTuple):
    """An index that is sound: where it and its end mark lie, and what it says."""

    begin: int
    end: int
    frame_size: int
    header: Header
    raw: bytes
    heads: list[bytes]


def sound_indexes(file: BinaryIO, end: int, headers: Headers) -> Iterator[Index]:
    at = 0
    while (found := headers.next(at, at_once=False)) is not None:
        at, header, raw = found
        index = index_at(file, at, end, header, raw)
        at += len(raw)
        if index is not None:
            yield index
            at = index.end


def index_at(file: BinaryIO, at: int, end: int, header: Header, raw: bytes) -> Index | None:
    """The index that begins with that header, if all of it is sound."""
    tag = raw[-layout.CHECK.size :][: layout.TAG_SIZE]
    heads: list[bytes] = []
    place = at + len(raw)
    while place < end:
        head = read_at(file, place, min(layout.HEAD.size, end - place))
        if parse_sound_head(head, tag, header, len(heads)) is None:
            break
        heads.append(head)
        place += layout.HEAD.size
    trailer = read_at(file, place, min(layout.TRAILER.size, end - place))
    if len(trailer) < layout.TRAILER.size:
        return None
    chain = xxhash.xxh3_64_intdigest(raw + b"".join(heads))
    frame_size = int(layout.TRAILER.unpack(trailer)[0])
    size = place + layout.TRAILER.size - at
    if trailer != pack_trailer(frame_size, size, chain):
        return None
    return Index(at, at + size, frame_size, header, raw, heads)


def claim(file: BinaryIO, index: Index, behind: int) -> tuple[int, Remains]:
    """Find the blocks of a frame whose index is sound; where it begins, and what is left.

    It lies behind the index that ends at byte `behind`, unless it lies around it.
    """
    known = [Head(*layout.HEAD.unpack(head)[1:-1]) for head in index.heads]
    remains = Remains(index.header, known=known, blocks=len(known))
    tag = index.raw[-layout.CHECK.size :][: layout.TAG_SIZE]
    numbers = {head: number for number, head in enumerate(index.heads)}
    begin = index.begin
    # If nothing was put in or cut out, it begins here.
    at = foreign = min(behind, max(0, index.end - index.frame_size))
    finder = Finder(file, tag)
    while (at := finder.find(at, index.begin)) < index.begin:
        raw = read_at(file, at, layout.HEAD.size)
        number = numbers.get(raw)
        if number is not None and number not in remains.found:
            begin = min(begin, at)
            remains.found[number] = at + layout.HEAD.size, known[number]
            at += layout.HEAD.size  # the next one is near if something was cut out of the payload
        else:
            head = parse_sound_head(raw, tag, index.header, None)
            if begin == index.begin and head is not None and head.kind != layout.END:
                foreign = at  # of a frame before this one, with the same header
            at += 1
    header_at = Finder(file, index.raw).find(foreign, begin)
    end_mark = _end_mark(index, tag)
    mark_at = index.begin - len(end_mark)
    if header_at < begin:
        begin = header_at
    elif not known:
        begin = mark_at
    remains.damaged = (
        begin != header_at
        or index.end - begin != index.frame_size
        or read_at(file, max(0, mark_at), len(end_mark)) != end_mark
    )
    return begin, remains


def _end_mark(index: Index, tag: bytes) -> bytes:
    chain = xxhash.xxh3_64_intdigest(index.raw + b"".join(index.heads))
    size = index.end - index.begin
    return pack_head(tag, Head(layout.END, 0, 0, 0, 0, size, len(index.heads), chain))
