"""Finding the chunks of damaged frames, even where they have moved.

The file is processed from front to back in three steps. First, a frame is walked over, as long as
each part begins where the previous one ends; the inside of its chunks, which may be a compressed
file in an archive, is not examined. If the walk stops at damage but the index of the frame is
valid, the index gives its chunks, and usually their positions. Only otherwise is the file searched
for heads.
"""

from __future__ import annotations

from typing import BinaryIO

from ansflow.errors import CorruptDataError
from ansflow.files.foreign import end_of
from ansflow.frame.salvage.exact import walk_from
from ansflow.frame.salvage.finding import Headers
from ansflow.frame.salvage.indexes import Indexes, claim
from ansflow.frame.salvage.remains import Remains
from ansflow.frame.salvage.search import Search
from ansflow.frame.salvage.work import Work
from ansflow.limits import Limits

__all__ = ["Remains", "find_remains"]


def find_remains(file: BinaryIO, limits: Limits) -> list[Remains]:
    """Search a file from beginning to end for the remains of frames.

    Raises
    ------
    CorruptDataError
        If no valid header is found, neither at the beginning of a frame nor in an index.
    LimitError
        If the header at the beginning of the file or the remains exceed the limits.
    """
    end = end_of(file)
    work = Work(end, limits)
    headers = Headers(file, end, limits, work)
    frames: list[Remains] = []
    indexes: Indexes | None = None
    gaps = Gaps(frames)
    at = 0
    while at < end and (found := headers.next(at, at_once=at == 0)) is not None:
        place, header = found
        walked, index = None, None
        if indexes is None and place > at + gaps.slack:
            indexes = Indexes(file, at, end, Headers(file, end, limits, work))
        if indexes is not None:
            index = indexes.without_header(at, place) or indexes.at.get(place)
        if index is None:
            walked, heads = walk_from(file, place, end, header, headers)
            if walked is not None:
                gaps.add(place - at)
                frames.append(walked.remains)
                at, gaps.slack = walked.end, walked.slack
                continue
            if indexes is None:
                indexes = Indexes(file, at, end, Headers(file, end, limits, work))
            index = indexes.of(place, header.raw, heads)
        stop = end
        assert indexes is not None
        if index is None:
            # Chunks that another index lists do not belong to this frame.
            moved = None if work.exhausted else indexes.next_moved(place)
            if moved is not None:
                stop, remains = claim(file, moved, at, headers)
                index = moved if stop <= place else None
        else:
            stop, remains = claim(file, index, at, headers)
        if index is not None:
            gaps.add(stop - at)
            frames.append(remains)
            at = index.end
            continue
        search = Search(file, headers, header, stop)
        free, after = search.find_chunks(place + len(header.raw))
        work.hold(header.parsed)
        gaps.add(place - at)
        frames.append(search.remains)
        gaps.add(after - free)
        at = after
    gaps.add(end - at)
    if not frames:
        raise CorruptDataError(
            "the file contains no valid frame header, so nothing can be recovered"
        )
    gaps.note()
    return frames


class Gaps:
    """Bytes that belong to no frame.

    Attributes
    ----------
    slack : int
        The number of bytes of a damaged index, which the next gap includes and which do not count.
    """

    def __init__(self, frames: list[Remains]) -> None:
        self._frames = frames
        self._after: list[int] = []
        self.slack = 0

    def add(self, size: int) -> None:
        """Note a gap of `size` bytes after the frames so far."""
        size, self.slack = size - self.slack, 0
        if size > 0:
            self._after.append(len(self._frames))

    def note(self) -> None:
        """Mark the frames around each gap."""
        for count in self._after:
            for remains in self._frames[max(0, count - 1) : count + 1]:
                remains.damaged = remains.orphans = True
