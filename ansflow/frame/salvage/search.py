"""Searching for the chunks of a frame whose heads and index are damaged."""

from __future__ import annotations

from typing import BinaryIO

import xxhash

from ansflow.files.foreign import read_at
from ansflow.frame import constants
from ansflow.frame.chunk import ChunkDecoder
from ansflow.frame.head import Head, pack_head
from ansflow.frame.header import Header
from ansflow.frame.salvage.exact import BYTES_PER_CHUNK, walk_from
from ansflow.frame.salvage.finding import (
    Finder,
    Headers,
    intact_body,
    parse_sound_head,
)
from ansflow.frame.salvage.remains import Remains

__all__ = ["Search"]

# A chunk takes at least a head and a minimal body, which bounds the number of chunks of a file. A
# greater number is not believed, apart from this many chunks that may have been cut out.
SMALLEST_CHUNK = constants.HEAD.size + constants.MIN_BODY
CUT_OUT = 1000


class Search:
    """Searches for the chunks of the frame with a given header, up to byte `end`."""

    def __init__(self, file: BinaryIO, headers: Headers, header: Header, end: int) -> None:
        self.remains = Remains(header)
        self._file, self._headers, self._header, self._raw = file, headers, header, header.raw
        self._end = end
        self._tag = self._raw[-constants.TAG_SIZE :]
        self._finder = Finder(file, self._tag, constants.MAGIC)
        self._tags = Finder(file, self._tag)
        self._chain = xxhash.xxh3_64(self._raw)  # of all heads that were found
        self._own = 0  # headers before this byte are between heads of this frame
        self._decoder = ChunkDecoder(header)

    def find_chunks(self, at: int) -> tuple[int, int]:
        """Note all chunks from byte `at` on.

        Returns the end of the last part that belongs to the frame, and where to search for the next
        header.
        """
        remains, end = self.remains, self._end
        expected = 0
        last: tuple[int, Head] | None = None  # the chunk whose body ends at byte `at`
        sure = at
        while True:
            head = self._head_at(at)
            if head is not None and expected <= head.number <= self._most_chunks():
                if head.is_end:
                    after = self._pass_end(head, at + constants.HEAD.size)
                    return after, after
                last = at + constants.HEAD.size, head
                self._headers.work.hold(BYTES_PER_CHUNK)
                remains.found[head.number] = last[0]
                self._chain.update(pack_head(self._tag, head))
                expected = head.number + 1
                at = sure = last[0] + head.body_size
                continue
            if at >= end and last is None:
                break
            remains.damaged |= at < end
            if last is not None and not self._is_intact(*last):
                # If a part of it was cut out, the next chunk begins within.
                at = sure = last[0]
                remains.broken.add(last[1].number)
            elif head is not None:
                at += 1
            last = None
            at = self._finder.find(at, end)
            if at >= end:
                break
            found = self._headers.at(at)
            if found is not None:
                inside = self._pass_content(at, found, expected)
                if inside is None:
                    return self._pass_index(at) if found.raw == self._raw else (sure, at)
                at = inside
            elif self._head_at(at) is None:
                at += 1
        remains.damaged = True
        return min(sure, end), end

    def _head_at(self, at: int) -> Head | None:
        """The valid head at byte `at`, of any number; None if there is none."""
        size = min(constants.HEAD.size, self._end - at)
        return parse_sound_head(read_at(self._file, at, size), self._tag, self._header, None)

    def _most_chunks(self) -> int:
        """The greatest number of a chunk that is believed."""
        return self._end // SMALLEST_CHUNK + CUT_OUT

    def _is_intact(self, at: int, head: Head) -> bool:
        work = self._headers.work
        if work.exhausted:
            return True  # it is verified when it is copied; its inside is not searched
        if intact_body(self._file, at, head, self._decoder) is None:
            work.spend(head.body_size + head.cells * self._header.grid.cell_size)
            return False
        return True

    def _pass_content(self, at: int, header: Header, expected: int) -> int | None:
        """Where to continue after the header at byte `at` if it is content, otherwise None.

        It is content if chunks of this frame follow it.
        """
        after = self._pass_frames(at, header)
        if after is None:
            return None
        stop = min(
            self._end,
            after + self._header.grid.chunk_size + constants.BODY_SLACK + constants.HEAD.size,
        )
        place = max(after, self._own)
        while place < stop:
            head = self._head_at(place)
            if head is not None and head.number >= expected:
                self._own = place
                return after
            self._own = place = self._tags.find(place + 1, stop)
        return None

    def _pass_frames(self, at: int, header: Header) -> int | None:
        """The end of the frames that begin at byte `at` if they may be content, otherwise None.

        They may be content if neither another header nor the end of the file follows.
        """
        after = at + 1
        found: Header | None = header
        while found is not None:
            walked, _ = walk_from(self._file, at, self._end, found, self._headers)
            if walked is None:
                # The heads of a frame with the same header look like heads of this frame.
                return None if header.raw == self._raw or after == at else after
            at = after = walked.end
            if at == self._end:
                return None
            found = self._headers.at(at)
        return after

    def _pass_index(self, at: int, *, announced: bool = False) -> tuple[int, int]:
        """Pass the second occurrence of this frame's header, unless it begins the next frame.

        It is otherwise in a damaged index, which an end mark may have `announced`.
        """
        after = at + len(self._raw)
        head = self._head_at(after)
        if head is not None and (head.is_end or self._is_intact(after + constants.HEAD.size, head)):
            return at, at
        second = self._head_at(after + constants.HEAD.size)
        if not announced and (second is None or second.number != 1):
            return at, at
        # An index contains no other header, so its heads are passed over by the search.
        return after, after

    def _pass_end(self, end: Head, at: int) -> int:
        """Compare the end mark with the chunks found; return where the frame ends."""
        remains = self.remains
        remains.chunks = end.number
        whole = len(remains.found) == end.number and self._chain.intdigest() == end.check
        # If there was an index, it is damaged: a valid one would have been used.
        remains.damaged |= not whole or end.body_size > 0
        if end.body_size and read_at(self._file, at, len(self._raw)) == self._raw:
            return self._pass_index(at, announced=True)[1]
        return at
