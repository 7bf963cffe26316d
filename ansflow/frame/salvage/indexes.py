"""Valid indexes, which list all heads of a frame, so that moved chunks can be identified."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import BinaryIO, NamedTuple

import xxhash

from ansflow.files.foreign import read_at
from ansflow.frame import constants
from ansflow.frame.build import pack_trailer
from ansflow.frame.head import Head, pack_head
from ansflow.frame.header import Header
from ansflow.frame.salvage.exact import BYTES_PER_CHUNK
from ansflow.frame.salvage.finding import Finder, Headers, parse_sound_head
from ansflow.frame.salvage.remains import Remains

__all__ = ["Index", "Indexes", "claim"]

# Memory of an `Index` for each chunk, including that of `claim`.
BYTES_PER_HEAD = 320

TRIED_HEADS = 16


class Index(NamedTuple):
    """A valid index: its position and its content."""

    begin: int
    end: int
    frame_size: int
    header: Header
    heads: list[bytes]

    @property
    def frame_begin(self) -> int:
        """Where the frame begins if nothing was inserted or cut out; may be negative."""
        return self.end - self.frame_size


class Indexes:
    """The valid indexes in a part of a file.

    Attributes
    ----------
    at : dict of int to Index
        The indexes by their positions.
    """

    def __init__(self, file: BinaryIO, begin: int, end: int, headers: Headers) -> None:
        self.at = {index.begin: index for index in sound_indexes(file, begin, end, headers)}
        self._exact: dict[int, Index] = {}
        # By where the frame should begin, if its header is missing.
        self._headless: dict[int, Index] = {}
        # By header, the last one first: frames that have become longer or shorter.
        self._shifted: dict[bytes, list[Index]] = {}
        for index in reversed(self.at.values()):
            place = index.frame_begin
            if place >= begin and read_at(file, place, len(index.header.raw)) == index.header.raw:
                self._exact[place] = index
            elif place >= begin and _has_heads(file, index):
                self._headless[place] = index
            else:
                self._shifted.setdefault(index.header.raw, []).append(index)

        self._places = sorted(self._headless, reverse=True)
        # The positions of the indexes of the last two kinds.
        exact = {index.begin for index in self._exact.values()}
        self._moved = [place for place in self.at if place not in exact]
        heapify(self._moved)

    def without_header(self, begin: int, end: int) -> Index | None:
        """The index of a frame that begins in this range but whose header is missing."""
        while self._places and self._places[-1] < begin:
            self._places.pop()
        if self._places and self._places[-1] < end:
            return self._headless[self._places.pop()]
        return None

    def next_moved(self, begin: int) -> Index | None:
        """The first index after byte `begin` whose frame has no header at its place."""
        while self._moved and self._moved[0] <= begin:
            heappop(self._moved)
        return self.at[self._moved[0]] if self._moved else None

    def of(self, begin: int, raw: bytes, heads: list[bytes]) -> Index | None:
        """The index of the frame with a header at byte `begin`, followed by `heads`."""
        index = self._exact.get(begin)
        if index is not None:
            if index.heads[: len(heads)] == heads:
                return index
            # Another frame with the same header is at this place.
            heappush(self._moved, index.begin)
        shifted = self._shifted.get(raw, [])
        while shifted and shifted[-1].begin < begin:
            shifted.pop()
        if shifted and shifted[-1].heads[: len(heads)] == heads:
            return shifted[-1]
        return None


def _has_heads(file: BinaryIO, index: Index) -> bool:
    """Whether one of the first heads is in its place."""
    at = index.frame_begin + len(index.header.raw)
    for raw in index.heads[:TRIED_HEADS]:
        if read_at(file, at, constants.HEAD.size) == raw:
            return True
        at += constants.HEAD.size + Head.of(raw).body_size
    return False


def sound_indexes(file: BinaryIO, at: int, end: int, headers: Headers) -> Iterator[Index]:
    while (found := headers.next(at, at_once=False)) is not None:
        at, header = found
        if at >= end:
            return
        index = index_at(file, at, end, header, headers)
        at += len(header.raw)
        if index is not None:
            headers.work.hold(BYTES_PER_HEAD * len(index.heads) + header.parsed)
            yield index
            at = index.end


def index_at(file: BinaryIO, at: int, end: int, header: Header, headers: Headers) -> Index | None:
    """The index that begins with a header at byte `at`, if all of it is valid."""
    if header.only is not None:
        return None
    tag = header.raw[-constants.TAG_SIZE :]
    heads: list[bytes] = []
    place = at + len(header.raw)
    while place < end and not headers.work.exhausted:
        raw = read_at(file, place, min(constants.HEAD.size, end - place))
        head = parse_sound_head(raw, tag, header, len(heads))
        if head is None or head.is_end:  # whose size is not that of a body
            break
        heads.append(raw)
        place += constants.HEAD.size
    trailer = read_at(file, place, min(constants.TRAILER.size, end - place))
    chain = xxhash.xxh3_64_intdigest(header.raw + b"".join(heads))
    size = place + constants.TRAILER.size - at
    frame_size = int.from_bytes(trailer[:8], "little")
    if trailer != pack_trailer(frame_size, size, chain):
        headers.work.spend(constants.HEAD.size * len(heads))
        return None
    return Index(at, at + size, frame_size, header, heads)


def claim(file: BinaryIO, index: Index, behind: int, headers: Headers) -> tuple[int, Remains]:
    """Find the chunks of a frame with a valid index; return where it begins, and its remains.

    All of the frame is after byte `behind`.
    """
    remains = Remains(index.header, known=index.heads, chunks=len(index.heads))
    headers.work.hold(BYTES_PER_CHUNK * len(index.heads))
    end_mark = _end_mark(index)
    mark_at = index.begin - len(end_mark)
    has_end_mark = read_at(file, max(0, mark_at), len(end_mark)) == end_mark
    begin = index.frame_begin
    headers.work.spend(index.begin - behind)
    if begin >= behind and _fill_exactly(file, index, remains, begin):
        header_at = begin if read_at(file, begin, len(index.header.raw)) == index.header.raw else -1
    else:
        begin, header_at = _fill_by_search(file, index, remains, behind)
        if header_at < begin:
            begin = header_at
        elif not index.heads:
            begin = mark_at
    remains.damaged |= (
        begin != header_at or index.end - begin != index.frame_size or not has_end_mark
    )
    return begin, remains


def _fill_exactly(file: BinaryIO, index: Index, remains: Remains, begin: int) -> bool:
    """Note the chunks at their original places; return False if they have moved."""
    tag = index.header.raw[-constants.TAG_SIZE :]
    missing: set[bytes] = set()
    at = begin + len(index.header.raw)
    for number, raw in enumerate(index.heads):
        there = read_at(file, at, constants.HEAD.size)
        if there == raw:
            remains.found[number] = at + constants.HEAD.size
        elif parse_sound_head(there, tag, index.header, None) is None:
            missing.add(raw)
        else:  # a head of another frame
            remains.found.clear()
            return False
        at += constants.HEAD.size + Head.of(raw).body_size
    fits = at + constants.HEAD.size == index.begin
    anything = remains.found or read_at(file, begin, len(index.header.raw)) == index.header.raw
    if not fits or not anything or _are_elsewhere(file, index, begin, missing):
        remains.found.clear()
        return False
    remains.damaged |= bool(missing)
    return True


def _are_elsewhere(file: BinaryIO, index: Index, begin: int, missing: set[bytes]) -> bool:
    """Whether a missing head is found at another place, so that chunks have moved."""
    tag = index.header.raw[-constants.TAG_SIZE :]
    finder, at = Finder(file, tag), begin
    while missing and (at := finder.find(at, index.begin)) < index.begin:
        if read_at(file, at, constants.HEAD.size) in missing:
            return True
        at += 1
    return False


def _fill_by_search(file: BinaryIO, index: Index, remains: Remains, behind: int) -> tuple[int, int]:
    """Search for the chunks; return where the first one is found, and where the header is."""
    tag = index.header.raw[-constants.TAG_SIZE :]
    numbers = {head: number for number, head in enumerate(index.heads)}
    begin = index.begin
    at = foreign = behind
    finder = Finder(file, tag)
    while (at := finder.find(at, index.begin)) < index.begin:
        raw = read_at(file, at, constants.HEAD.size)
        number = numbers.get(raw)
        if number is not None and number not in remains.found:
            begin = min(begin, at)
            remains.found[number] = at + constants.HEAD.size
            at += constants.HEAD.size  # the next one is near if a part of the body was cut out
        else:
            head = parse_sound_head(raw, tag, index.header, None)
            if begin == index.begin and head is not None and not head.is_end:
                foreign = at  # a head of a previous frame with the same header
            at += 1
    return begin, Finder(file, index.header.raw).find(foreign, begin)


def _end_mark(index: Index) -> bytes:
    tag = index.header.raw[-constants.TAG_SIZE :]
    chain = xxhash.xxh3_64_intdigest(index.header.raw + b"".join(index.heads))
    size = index.end - index.begin
    return pack_head(tag, Head(len(index.heads), 0, size, chain))
