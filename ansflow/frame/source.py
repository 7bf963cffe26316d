"""Sources of frames, in memory or in a file, and walking over them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from ansflow.errors import TruncatedError
from ansflow.files.foreign import read_at, read_exactly
from ansflow.frame import constants
from ansflow.frame.head import Head
from ansflow.frame.header import Header, check_magic, header_size, parse_header
from ansflow.frame.walk import walk
from ansflow.limits import Limits

__all__ = ["FileSource", "MemorySource", "Source", "take_header", "walk_source"]


class Source(Protocol):
    """Bytes that are read in order."""

    def peek(self, count: int) -> bytes:
        """Return the next `count` bytes, or all if there are fewer, without passing over them."""
        ...

    def take(self, count: int) -> memoryview:
        """Return the next `count` bytes; TruncatedError if there are fewer."""
        ...

    def skip(self, count: int) -> None:
        """Pass over `count` bytes; TruncatedError if there are fewer."""
        ...


class MemorySource:
    """Reads from memory without copying."""

    def __init__(self, data: memoryview, at: int = 0) -> None:
        self._data, self.at = data, at

    def peek(self, count: int) -> bytes:
        return bytes(self._data[self.at : self.at + count])

    def take(self, count: int) -> memoryview:
        begin = self.at
        self.skip(count)
        return self._data[begin : self.at]

    def skip(self, count: int) -> None:
        missing = self.at + count - len(self._data)
        if missing > 0:
            raise TruncatedError(f"the frame is cut off: at least {missing} bytes are missing")
        self.at += count


class FileSource:
    """Reads bytes `at` to `end` of a file that can seek."""

    def __init__(self, file: BinaryIO, at: int, end: int) -> None:
        self._file, self.at, self._end = file, at, end

    def peek(self, count: int) -> bytes:
        return read_at(self._file, self.at, min(count, self._end - self.at))

    def take(self, count: int) -> memoryview:
        begin = self.at
        self.skip(count)
        self._file.seek(begin)
        return memoryview(read_exactly(self._file, count))

    def skip(self, count: int) -> None:
        missing = self.at + count - self._end
        if missing > 0:
            raise TruncatedError(f"the frame is cut off: at least {missing} bytes are missing")
        self.at += count


def walk_source(source: Source, limits: Limits) -> Iterator[Header | Head]:
    """Yield the header and the heads of the frame at the position of `source`.

    The caller takes or skips the body of each chunk before the next step.
    """
    check_magic(source.peek(len(constants.MAGIC)))
    walker = walk(limits)
    event = next(walker)
    try:
        while True:
            if isinstance(event, int):
                event = walker.send(bytes(source.take(event)))
            else:
                yield event
                event = next(walker)
    except StopIteration:
        return


def take_header(source: Source, limits: Limits) -> Header:
    """Return the header of the frame at the position of `source`."""
    begin = source.peek(constants.HEADER.size)
    check_magic(begin)
    if len(begin) < constants.HEADER.size:  # which is less than any header has
        source.skip(constants.HEADER.size)
    return parse_header(bytes(source.take(header_size(begin))), limits)
