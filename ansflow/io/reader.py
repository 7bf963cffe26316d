"""File objects that read compressed files."""

from __future__ import annotations

import io
import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import Any, BinaryIO, cast

import numpy as np

from ansflow.buffers import Bytes
from ansflow.engine.content import SingleContent
from ansflow.engine.decoder import decode_frames
from ansflow.engine.memory import allocate
from ansflow.engine.reader import ContentReader
from ansflow.errors import LimitError
from ansflow.files.foreign import can_seek, check_binary, is_ready, read_some
from ansflow.frame.header import Header
from ansflow.limits import STREAM_LIMITS, Limits

__all__ = ["FrameReader", "Path", "opened"]

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]

# Bytes that `FrameReader` buffers for small reads, and that are read at once from a file that
# cannot seek.
BUFFER = 64 << 10


class FrameReader(io.BufferedReader):
    """The content of a compressed file, as a file object.

    If the file can seek, the reader can seek, too, and decodes only what is read. Otherwise, as
    with a pipe, it reads sequentially.

    Parameters
    ----------
    file : path or binary file object
        In a file object, the frames extend from its position to its end. It is not closed.
    limits : Limits
    threads : int, optional

    Attributes
    ----------
    metadata : mapping
        The metadata of the first frame; with a pipe, empty until something has been read.
    """

    def __init__(
        self, file: Path | BinaryIO, *, limits: Limits = STREAM_LIMITS, threads: int | None = None
    ) -> None:
        binary, owned = opened(file)
        try:
            raw: _SeekableContent | _PipedContent
            if can_seek(binary):
                raw = _SeekableContent(binary, owned, limits, threads)
            else:
                raw = _PipedContent(binary, owned, limits, threads)
            super().__init__(raw, BUFFER)
        except BaseException:
            if owned:
                binary.close()
            raise

    @property
    def metadata(self) -> Mapping[str, Any]:
        return cast("_SeekableContent | _PipedContent", self.raw).metadata

    @property
    def name(self) -> Any:
        return cast("_SeekableContent | _PipedContent", self.raw).name


class _Content(io.RawIOBase):
    """The common part of both kinds of raw files."""

    def __init__(self, file: BinaryIO, owned: bool, limits: Limits) -> None:
        self._file, self._owned, self._limits = file, owned, limits

    @property
    def name(self) -> Any:
        return self._file.name

    def readable(self) -> bool:
        self._check_open()
        return True

    def seekable(self) -> bool:
        self._check_open()
        return False

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")

    def _check_all(self, size: int) -> None:
        if size > self._limits.max_at_once:
            raise LimitError(
                f"there are at least {size} bytes to read at once, more than the "
                f"{self._limits.max_at_once} that max_output allows: read them in parts"
            )

    def close(self) -> None:
        if not self.closed and self._owned:
            self._file.close()
        super().close()


class _SeekableContent(_Content):
    """The content of a file that can seek."""

    def __init__(self, file: BinaryIO, owned: bool, limits: Limits, threads: int | None) -> None:
        super().__init__(file, owned, limits)
        self._content = ContentReader(file, limits, threads)
        single = SingleContent()
        for frame in self._content.frames:
            single.add(frame.header)
        self._at = 0

    @property
    def metadata(self) -> Mapping[str, Any]:
        return self._content.frames[0].header.metadata

    def readinto(self, buffer: Any) -> int:
        self._check_open()
        count = self._content.read_into(self._at, np.frombuffer(buffer, np.uint8))
        self._at += count
        return count

    def readall(self) -> bytes:
        self._check_open()
        left = max(0, self._content.size - self._at)
        self._check_all(left)
        out = allocate(left)
        out.truncate(self.readinto(out.getbuffer()))
        return out.getvalue()

    def seekable(self) -> bool:
        self._check_open()
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._check_open()
        if whence not in (io.SEEK_SET, io.SEEK_CUR, io.SEEK_END):
            raise ValueError(f"whence must be 0, 1 or 2, not {whence}")
        at = offset + (0, self._at, self._content.size)[whence]
        if at < 0:
            raise ValueError(f"the position must be at least 0, not {at}")
        self._at = at
        return at

    def tell(self) -> int:
        self._check_open()
        return self._at

    def close(self) -> None:
        if hasattr(self, "_content"):
            self._content.close()
        super().close()


class _PipedContent(_Content):
    """The content of a file that can only be read sequentially."""

    def __init__(self, file: BinaryIO, owned: bool, limits: Limits, threads: int | None) -> None:
        super().__init__(file, owned, limits)
        self.metadata: Mapping[str, Any] = {}
        self._parts = self._decode(decode_frames(_pieces(file), limits, threads))
        self._part = np.empty(0, np.uint8)
        self._error: Exception | None = None

    def _decode(
        self, frames: Generator[tuple[Header, Iterator[Bytes]], None, None]
    ) -> Generator[Bytes, None, None]:
        single = SingleContent()
        with closing(frames):
            for number, (header, content) in enumerate(frames):
                single.add(header)
                if number == 0:
                    self.metadata = header.metadata
                yield from content

    def _next_part(self) -> Bytes | None:
        """The next content, or None at the end. After an error, every call raises it again."""
        if self._error is not None:
            raise self._error
        try:
            return next(self._parts, None)
        except Exception as error:
            self._error = error
            raise

    def readinto(self, buffer: Any) -> int:
        self._check_open()
        out = np.frombuffer(buffer, np.uint8)
        if not out.size:
            return 0
        if not self._part.size:
            part = self._next_part()
            if part is None:
                return 0
            self._part = part
        count = min(out.size, self._part.size)
        out[:count], self._part = self._part[:count], self._part[count:]
        return count

    def readall(self) -> bytes:
        self._check_open()
        parts, size = [self._part.data], self._part.size
        self._part = self._part[:0]
        while (part := self._next_part()) is not None:
            parts.append(part.data)
            size += part.size
            self._check_all(size)
        return b"".join(parts)

    def close(self) -> None:
        self._parts.close()
        super().close()


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield data as soon as they arrive, and an empty piece before waiting for more."""
    while True:
        if not is_ready(file):
            yield b""
        piece = read_some(file, BUFFER)
        if not piece:
            return
        yield piece


def opened(file: Path | BinaryIO) -> tuple[BinaryIO, bool]:
    """Return the file object to read from, and whether it was opened here."""
    if isinstance(file, str | bytes | os.PathLike):
        return open(file, "rb"), True
    if not hasattr(file, "read"):
        raise TypeError(f"file must be a path or a file object, not {type(file).__name__}")
    check_binary(file)
    return file, False
