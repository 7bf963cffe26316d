"""Finding the arrays of a collection, and writing its directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

from ansflow.buffers import Bytes, bytes_of
from ansflow.engine.decoder import decode_frames
from ansflow.engine.encoder import FrameEncoder
from ansflow.engine.options import Options
from ansflow.errors import CorruptDataError, LimitError, TruncatedError
from ansflow.files.foreign import end_of, read_at
from ansflow.frame.directory import (
    BYTES_PER_ENTRY,
    Entry,
    entries_of,
    pack_directory,
    parse_directory,
)
from ansflow.frame.header import Header
from ansflow.frame.index import FrameMap, map_file, map_last
from ansflow.limits import Limits

__all__ = ["Contents", "PassingFrames", "encode_directory", "find_arrays"]


class Contents(NamedTuple):
    """The arrays of a collection in the order of their frames, and its metadata.

    `end` is where the frames before its directory end, and `size` that of the file.
    """

    entries: list[Entry]
    metadata: Mapping[str, Any]
    end: int
    size: int


def find_arrays(file: BinaryIO, limits: Limits) -> Contents:
    """Find the arrays of a collection that is all of a file.

    They are those of its directory or, if there is none that says something about this file, those
    of all frames.

    Raises
    ------
    TruncatedError
        If the last arrays are not in a directory, though their frames say so.
    CorruptDataError
        If the file is damaged, or has no arrays with names.
    LimitError
        If the directory takes more than ``limits.max_memory``.
    """
    limits = limits.without_output()
    last = map_last(file, 0, limits)
    if last is not None and last.header.directory:
        entries, position = parse_directory(_content(file, last, limits), limits)
        if position == last.begin:
            return Contents(entries, last.header.metadata, last.begin, last.end)
    frames = map_file(file, 0, limits)
    directories = [frame.header for frame in frames if frame.header.directory]
    behind = _Promised()
    for frame in frames:
        behind.add(frame.header)
    behind.check()
    entries = list(entries_of((frame.header.name, frame.begin, frame.end) for frame in frames))
    if not entries and not directories:
        raise CorruptDataError(
            "the file is no collection: its content has no name; read it with ansflow.ArrayReader, "
            "or ansflow.open if it is bytes"
        )
    end = end_of(file)
    return Contents(entries, directories[-1].metadata if directories else {}, end, end)


def _content(file: BinaryIO, frame: FrameMap, limits: Limits) -> bytes:
    """The content of a directory."""
    size = frame.end - frame.begin + frame.content_size
    if size > limits.max_memory:
        raise LimitError(
            f"the directory takes {size} bytes, more than max_memory={limits.max_memory}"
        )
    pieces = [read_at(file, frame.begin, frame.end - frame.begin)]
    frames = decode_frames(pieces, limits, 1)
    return b"".join(part.data for _, content in frames for part in content)


class _Promised:
    """Whether a directory is still to come, as the headers of frames say."""

    def __init__(self) -> None:
        self._header: Header | None = None

    def add(self, header: Header) -> None:
        if header.is_listed or header.directory:
            self._header = header

    def check(self) -> None:
        """Raise TruncatedError at the end of a file that lacks a directory."""
        if self._header is not None and self._header.is_listed:
            raise TruncatedError(
                f"the file is cut off behind the array {self._header.name!r:.100}: its directory "
                "is missing"
            )


class PassingFrames:
    """The frames of a file that is read from its beginning, with which directories are compared."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._frames: list[tuple[str, int, int]] = []
        self._name: str | None = None
        self._promised = _Promised()
        self._at = 0

    def begin(self, header: Header) -> None:
        """Note which frame comes next; LimitError if there are too many arrays."""
        self._name = header.name
        self._promised.add(header)
        if BYTES_PER_ENTRY * len(self._frames) > self._limits.max_memory:
            raise LimitError(
                f"the names of {len(self._frames)} arrays take more memory than "
                f"max_memory={self._limits.max_memory}"
            )

    def end(self, size: int) -> None:
        """Note that it has ended."""
        if self._name is not None:
            self._frames.append((self._name, self._at, self._at + size))
        self._at += size

    def check_end(self) -> None:
        """Raise TruncatedError if a directory is missing where the file ends."""
        self._promised.check()

    def check(self, parts: Iterable[Bytes]) -> None:
        """Raise CorruptDataError if the content of a directory is not what the frames say."""
        content = bytearray()
        for part in parts:
            content += part.data
            if len(content) > self._limits.max_memory:
                raise LimitError(f"a directory takes more than {self._limits.max_memory} bytes")
        entries, position = parse_directory(bytes(content), self._limits)
        if position == self._at and entries != list(entries_of(self._frames)):
            raise CorruptDataError("a directory is not that of the arrays before it")


def encode_directory(
    entries: list[Entry], position: int, metadata: Mapping[str, Any]
) -> Iterator[memoryview]:
    """Yield the frame of a directory that is to be at byte `position` of the file."""
    content = bytes_of(pack_directory(entries, position))
    encoder = FrameEncoder(Options(metadata=metadata), 1, content_size=content.size, directory=True)
    try:
        yield from encoder.write(content, lasting=True)
        yield from encoder.finish()
    finally:
        encoder.close()
