"""What is left of damaged frames: every head that can be found, wherever it is.

First come the indexes that are sound: each names the blocks of its frame to the last bit, so that
they are found wherever they are. The last one comes first, since a frame inside of a block, a
compressed file in an archive, say, has its index before that of the frame around it. What no index
claims is looked at from front to back, from one header to the next.
"""

from __future__ import annotations

from typing import BinaryIO

from ansflow.errors import CorruptDataError
from ansflow.foreign_files import end_of
from ansflow.frame.salvage.finding import Headers
from ansflow.frame.salvage.indexes import claim, sound_indexes
from ansflow.frame.salvage.remains import Remains
from ansflow.frame.salvage.search import find_frames
from ansflow.limits import Limits

__all__ = ["Remains", "find_remains"]


def find_remains(file: BinaryIO, limits: Limits) -> list[Remains]:
    """Look through a file from beginning to end.

    Raises
    ------
    CorruptDataError
        If no header is found, neither at the beginning of a frame nor in its index.
    LimitError
        If that at the beginning of the file exceeds the limits.
    """
    end = end_of(file)
    headers = Headers(file, end, limits)
    parts: list[list[Remains]] = []
    free = end  # from here on all is claimed
    indexes = list(sound_indexes(file, end, headers))
    ends = [0, *(index.end for index in indexes)]
    for index, behind in reversed(list(zip(indexes, ends, strict=False))):
        if index.end <= free:
            begin, remains = claim(file, index, behind)
            others = find_frames(file, index.end, free, headers)
            remains.damaged |= index.end < free and not others
            parts += [others, [remains]]
            free = begin
    before = find_frames(file, 0, free, headers)
    frames = [remains for part in reversed([*parts, before]) for remains in part]
    if frames and free and not before:
        frames[0].damaged = True
    if not frames:
        raise CorruptDataError("no header of a frame is to be found")
    return frames
