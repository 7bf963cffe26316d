"""Text in compressed files."""

from __future__ import annotations

import codecs
import io
import os
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, TextIO, cast

from ansflow.io.reader import FrameReader, Path
from ansflow.io.writer import FrameWriter

__all__ = ["as_text", "is_beginning"]

# Byte order marks, written before the first text. Python's own writing depends on seeking.
MARKS = {
    "utf-8-sig": codecs.BOM_UTF8,
    "utf-16": codecs.BOM_UTF16,
    "utf-32": codecs.BOM_UTF32,
}


class TextWriter(io.TextIOWrapper):
    """A text file over a `FrameWriter`, which is discarded in the same cases.

    Parameters
    ----------
    binary : FrameWriter
    encoding, errors, newline
        As in `io.TextIOWrapper`.
    begins : callable
        Returns whether the text is the beginning of the content, where a byte order mark belongs.
    """

    _named: str | None = None
    _mark = b""

    def __init__(
        self,
        binary: FrameWriter,
        encoding: str | None,
        errors: str | None,
        newline: str | None,
        *,
        begins: Callable[[], bool],
    ) -> None:
        name = _codec(encoding)
        if name == "utf-8-sig":
            self._named, encoding = encoding, "utf-8"
        super().__init__(cast(BinaryIO, binary), encoding, errors, newline)
        mark = MARKS.get(name or codecs.lookup(super().encoding).name)
        if mark is not None and begins():
            self._mark = mark

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._named or super().encoding

    def write(self, text: str) -> int:
        if self._mark:
            mark, self._mark = self._mark, b""
            self.buffer.write(mark)
        return super().write(text)

    def close(self) -> None:
        if not self.closed:
            try:
                self.flush()
            except BaseException:
                cast(FrameWriter, self.buffer).discard()
                raise
        super().close()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            cast(FrameWriter, self.buffer).discard()
        self.close()

    def __del__(self) -> None:
        with suppress(ValueError):  # detached or not initialised
            buffer = self.buffer
            if isinstance(buffer, FrameWriter):
                buffer.abandon()


def _codec(encoding: str | None) -> str | None:
    """The name of an encoding's codec; None for the default encoding of `io.TextIOWrapper`."""
    try:
        return codecs.lookup(encoding or "").name
    except LookupError:
        return None


def as_text(
    binary: FrameReader | FrameWriter,
    encoding: str | None,
    errors: str | None,
    newline: str | None,
    begins: Callable[[], bool],
) -> TextIO:
    encoding = io.text_encoding(encoding)
    try:
        if isinstance(binary, FrameReader):
            return io.TextIOWrapper(binary, encoding, errors, newline)
        return TextWriter(binary, encoding, errors, newline, begins=begins)
    except BaseException:
        if isinstance(binary, FrameWriter):
            binary.discard()
        else:
            binary.close()
        raise


def is_beginning(file: Path | BinaryIO, kind: str) -> bool:
    """Whether the first text that is written is the beginning of the content."""
    if kind != "a":
        return True
    if not isinstance(file, str | bytes | os.PathLike):
        try:
            return file.tell() == 0
        except (OSError, AttributeError):
            return False
    if not os.path.exists(file) or not os.path.getsize(file):
        return True
    with FrameReader(file) as reader:
        return not reader.read(1)
