"""What is left of damaged frames: every chunk that can be found, wherever it is.

From front to back, a frame is taken exactly where a walk over its heads leads, as long as each
thing is where the last one ends; what lies inside of its chunks, a compressed file in an archive,
say, isn't looked at. If the walk ends at something damaged, but the index at the end of the frame
is sound, that says where its chunks are, or at least which they are. Only what is left then is
searched for heads.
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
    """Look through a file from beginning to end.

    Raises
    ------
    CorruptDataError
        If no header is found, neither at the beginning of a frame nor in its index.
    LimitError
        If that at the beginning of the file exceeds the limits, or what is found takes too much.
    """
    end = end_of(file)
    work = Work(end, limits)
    headers = Headers(file, end, limits, work)
    frames: list[Remains] = []
    indexes: Indexes | None = None
    gaps = Gaps(frames)
    at = 0
    while at < end and (found := headers.next(at, at_once=at == 0)) is not None:
        place, header, raw = found
        walked, index = None, None
        if indexes is None and place > at + gaps.slack:
            indexes = Indexes(file, at, end, Headers(file, end, limits, work))
        if indexes is not None:
            index = indexes.without_header(at, place) or indexes.at.get(place)
        if index is None:
            walked, heads = walk_from(file, place, end, header, raw, headers)
            if walked is not None:
                gaps.add(place - at)
                frames.append(walked.remains)
                at, gaps.slack = walked.end, walked.slack
                continue
            if indexes is None:
                indexes = Indexes(file, at, end, Headers(file, end, limits, work))
            index = indexes.of(place, raw, heads)
        stop = end
        assert indexes is not None
        if index is None:
            # What another index claims isn't of this frame.
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
        search = Search(file, headers, header, raw, stop)
        free, after = search.find_chunks(place + len(raw))
        work.hold(header.parsed)
        gaps.add(place - at)
        frames.append(search.remains)
        gaps.add(after - free)
        at = after
    gaps.add(end - at)
    if not frames:
        raise CorruptDataError("no header of a frame is to be found")
    gaps.note()
    return frames


class Gaps:
    """Bytes that belong to no frame.

    Attributes
    ----------
    slack : int
        So many of the next ones are of no concern: they are a damaged index.
    """

    def __init__(self, frames: list[Remains]) -> None:
        self._frames = frames
        self._after: list[int] = []
        self.slack = 0

    def add(self, size: int) -> None:
        """Note so many bytes behind the frames so far."""
        size, self.slack = size - self.slack, 0
        if size > 0:
            self._after.append(len(self._frames))

    def note(self) -> None:
        """Let the frames around them know."""
        for count in self._after:
            for remains in self._frames[max(0, count - 1) : count + 1]:
                remains.damaged = remains.orphans = True
