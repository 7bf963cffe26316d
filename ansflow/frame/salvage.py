"""What is left of damaged frames: every head that can be found, wherever it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO

import xxhash

from ansflow.errors import AnsflowError, CorruptDataError, LimitError
from ansflow.frame import layout
from ansflow.frame.build import pack_trailer
from ansflow.frame.chunk import ChunkDecoder
from ansflow.frame.head import Head, pack_head, parse_head
from ansflow.frame.header import Header
from ansflow.frame.source import FileSource, take_header
from ansflow.frame.walk import walk
from ansflow.limits import Limits

__all__ = ["Remains", "find_remains", "intact_content", "single_blocks"]

WINDOW = 1 << 20

# A block takes a head and a byte at least: more than can have been there aren't believed to be
# lost, but for so many that somebody may have cut out.
SMALLEST_BLOCK = layout.HEAD.size + 1
CUT_OUT = 1000


@dataclass
class Remains:
    """What is left of one frame.

    Parameters
    ----------
    header : Header
    found : dict of int to (int, Head)
        By number, where in the file the payload of a block is, and what its head says.
    known : dict of int to Head
        Heads from the index, also of blocks that aren't found.
    blocks : int or None
        How many there were; None if the end is missing.
    damaged : bool
        Whether anything is wrong but payloads, or bytes lay around that belong to nothing.
    """

    header: Header
    found: dict[int, tuple[int, Head]] = field(default_factory=dict)
    known: dict[int, Head] = field(default_factory=dict)
    blocks: int | None = None
    damaged: bool = False


def find_remains(file: BinaryIO, limits: Limits) -> list[Remains]:
    """Look through a file from beginning to end.

    Raises
    ------
    CorruptDataError
        If no header is found, neither at the beginning of a frame nor in its index.
    """
    frames = list(_frames(file, limits))
    if not frames:
        raise CorruptDataError("no header of a frame is to be found")
    if len(frames) > 1:
        for remains in frames:
            remains.damaged |= remains.header.version == 1  # which stands alone
    return frames


def intact_content(
    file: BinaryIO, at: int, head: Head, decode: ChunkDecoder
) -> tuple[bytes, memoryview] | None:
    """Payload and content of the block whose payload is at byte `at`; None if it's damaged.

    `decode` takes each block as a chunk.
    """
    file.seek(at)
    payload = file.read(head.stored)
    if len(payload) < head.stored:
        return None
    try:
        return payload, decode([head], [memoryview(payload)]).data
    except AnsflowError:
        return None


def single_blocks(header: Header) -> ChunkDecoder:
    """A decoder that takes each block as a chunk."""
    return ChunkDecoder(replace(header, planes=1))


def _frames(file: BinaryIO, limits: Limits) -> Iterator[Remains]:
    end = file.seek(0, 2)
    at = 0
    remains: Remains | None = None
    while at < end:
        found = _next_header(file, at, end, limits)
        if found is None:
            if remains is not None:
                remains.damaged = True
            break
        begin, header, raw = found
        if remains is not None:
            remains.damaged |= begin > at
            yield remains
        if header.version == 1:
            remains, after = _walk_version_1(file, header, begin, end, limits)
        else:
            search = _Search(file, header, raw, limits)
            if search.is_index(begin):
                # The frame's own header is gone, and all that comes before is its blocks.
                search.find_blocks(at, begin)
                search.remains.damaged = True
                after = search.read_index(begin)
            else:
                after = search.find_blocks(begin + len(raw), end, begin)
            remains = search.remains
        remains.damaged |= begin > at
        at = after
    if remains is not None:
        yield remains


def _read(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(max(0, size))


def _find(file: BinaryIO, patterns: tuple[bytes, ...], at: int, end: int) -> int:
    """Where one of the patterns is next, or `end`."""
    overlap = max(map(len, patterns)) - 1
    while at < end:
        data = _read(file, at, min(WINDOW, end - at))
        places = [place for pattern in patterns if (place := data.find(pattern)) >= 0]
        if places:
            return at + min(places)
        if at + len(data) >= end or len(data) <= overlap:
            break
        at += len(data) - overlap
    return end


def _next_header(
    file: BinaryIO, at: int, end: int, limits: Limits
) -> tuple[int, Header, bytes] | None:
    """The first sound header from byte `at` on: where it is, what it says, its bytes."""
    while (at := _find(file, (layout.MAGIC,), at, end)) < end:
        found = _header_at(file, at, end, limits)
        if found is not None:
            return at, *found
        at += 1
    return None


def _header_at(file: BinaryIO, at: int, end: int, limits: Limits) -> tuple[Header, bytes] | None:
    try:
        return take_header(FileSource(file, at, end), limits)
    except LimitError:
        raise
    except AnsflowError:
        return None


class _Search:
    """Looks for what belongs to the frame that has a certain header."""

    def __init__(self, file: BinaryIO, header: Header, raw: bytes, limits: Limits) -> None:
        self.remains = Remains(header)
        self._file, self._header, self._raw, self._limits = file, header, raw, limits
        self._end = file.seek(0, 2)
        self._tag = raw[-layout.CHECK.size :][: layout.TAG_SIZE]
        self._decode = single_blocks(header)

    def _head_at(self, at: int, end: int) -> Head | None:
        """The sound head that is there, of whatever number."""
        raw = _read(self._file, at, min(layout.HEAD.size, end - at))
        if len(raw) < layout.HEAD.size or raw[: layout.TAG_SIZE] != self._tag:
            return None
        try:
            return parse_head(raw, self._tag, self._header, layout.HEAD.unpack(raw)[7])
        except AnsflowError:
            return None

    def is_index(self, at: int) -> bool:
        """Whether heads without payloads follow the header that is at byte `at`."""
        first = at + len(self._raw)
        places = (first, first + layout.HEAD.size)
        heads = [self._head_at(place, self._end) for place in places]
        return [head and head.number for head in heads] == [0, 1]

    def read_index(self, at: int) -> int:
        """Take over the heads of an index; return where it ends."""
        known = self.remains.known
        at += len(self._raw)
        while head := self._head_at(at, self._end):
            if head.number != len(known) or head.kind == layout.END:
                break
            known[head.number] = head
            at += layout.HEAD.size
        trailer = _read(self._file, at, min(layout.TRAILER.size, self._end - at))
        if trailer[-len(layout.TRAILER_MAGIC) :] != layout.TRAILER_MAGIC:
            return at
        self.remains.blocks = len(known)
        return at + layout.TRAILER.size

    def find_blocks(self, at: int, end: int, begin: int | None = None) -> int:
        """Note all blocks from byte `at` on; return where the frame ends.

        `begin` is where the header is, if it stands before them.
        """
        remains = self.remains
        expected = 0
        last: tuple[int, Head] | None = None  # the payload that ends where we are
        sure = at  # up to here we know what everything is
        while True:
            head = self._head_at(at, end)
            if head is not None and head.number >= expected:
                missing = head.number - expected
                if missing <= (at - sure) // SMALLEST_BLOCK + CUT_OUT:
                    if head.kind == layout.END:
                        return self._pass_end(head, at + layout.HEAD.size, begin)
                    last = at + layout.HEAD.size, head
                    remains.found[head.number] = last
                    expected = head.number + 1
                    at = sure = last[0] + head.stored
                    continue
            if at >= end and last is None:
                break
            remains.damaged |= at < end
            if last is not None and not self._is_intact(*last):
                # Something may have been cut out of it: what comes next begins within.
                at = last[0]
            elif head is not None:
                at += 1
            last = None
            at = _find(self._file, (self._tag, layout.MAGIC), at, end)
            if at >= end:
                break
            found = _header_at(self._file, at, end, self._limits)
            if found is None or self._lies_in_payload(at, end, found[1], expected):
                if found is not None or self._head_at(at, end) is None:
                    at += 1
                continue
            if found[1] == self._raw and self.is_index(at):
                return self.read_index(at)
            return at
        remains.damaged = True
        return end

    def _is_intact(self, at: int, head: Head) -> bool:
        return intact_content(self._file, at, head, self._decode) is not None

    def _lies_in_payload(self, at: int, end: int, raw: bytes, expected: int) -> bool:
        """Whether the header at byte `at` is content: blocks of this frame go on behind it."""
        if raw == self._raw:
            return False
        stop = min(end, at + self._header.block_size + layout.HEAD.size)
        while (at := _find(self._file, (self._tag,), at, stop)) < stop:
            head = self._head_at(at, end)
            if head is not None and head.number >= expected:
                return True
            at += 1
        return False

    def _pass_end(self, end: Head, at: int, begin: int | None) -> int:
        """Compare the end mark, and the index behind it, with the blocks that were found."""
        remains = self.remains
        remains.blocks = end.number
        found = [head for _, head in remains.found.values()]
        body = self._raw + b"".join(pack_head(self._tag, head) for head in found)
        chain = xxhash.xxh3_64_intdigest(body)
        whole = len(found) == end.number and chain == end.check
        remains.damaged |= not whole
        if not end.stored:
            return at
        index = _read(self._file, at, min(end.stored, len(body) + layout.TRAILER.size))
        trailer = b"" if begin is None else pack_trailer(at + end.stored - begin, end.stored, chain)
        if whole and index == body + trailer:
            return at + end.stored
        if whole:
            remains.damaged = True
        if not index.startswith(self._raw):
            return at
        if self.is_index(at):
            return self.read_index(at)
        # Either a damaged index, or the index is missing and the next frame has the same header.
        first = at + len(self._raw)
        head = self._head_at(first, self._end)
        if head is not None and self._is_intact(first + layout.HEAD.size, head):
            return at
        return first


def _walk_version_1(
    file: BinaryIO, header: Header, begin: int, end: int, limits: Limits
) -> tuple[Remains, int]:
    """Blocks up to the first head that is impossible: the rest can't be found."""
    remains = Remains(header)
    source = FileSource(file, begin, end)
    walker = walk(limits, first=True)
    event = next(walker)
    number = 0
    try:
        while True:
            if isinstance(event, int):
                event = walker.send(bytes(source.take(event)))
                continue
            if isinstance(event, Head):
                remains.found[number] = source.at, event
                number += 1
                source.skip(event.stored)
            event = next(walker)
    except StopIteration:
        remains.blocks = number
        remains.damaged = source.at < end
    except AnsflowError:
        remains.damaged = True
    return remains, source.at
