"""Compressed files to write to, as file objects."""

from __future__ import annotations

import codecs
import io
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO, Unpack, cast

from ansflow.buffers import bytes_of
from ansflow.engine.encoder import FrameEncoder
from ansflow.engine.options import Options, OptionsDict
from ansflow.files.atomic import AtomicFile
from ansflow.files.foreign import check_binary, flush_all, write_all
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.index import ends_frame
from ansflow.frame.source import FileSource, take_header
from ansflow.io.reader import Path
from ansflow.limits import STREAM_LIMITS

__all__ = ["FrameWriter", "TextWriter"]


class FrameWriter(io.BufferedIOBase):
    """Compresses what is written to it, as a file object.

    A file given by its path is written under another name and gets its own when this is closed:
    whoever opens it finds what was there before, or all that was written. If a ``with`` block is
    left by an exception, or if it's never closed, all is discarded.

    Parameters
    ----------
    file : path or binary file object
        A file object is written to as it is, and isn't closed.
    mode : {"w", "x", "a"}
    threads : int, optional
    array : ArraySpec, optional
        What array the content is.
    **options
        See `ansflow.Options`.
    """

    def __init__(
        self,
        file: Path | BinaryIO,
        mode: str = "w",
        *,
        threads: int | None = None,
        array: ArraySpec | None = None,
        **options: Unpack[OptionsDict],
    ) -> None:
        if mode not in ("w", "x", "a"):
            raise ValueError(f"mode is {mode!r}, none of w, x and a")
        self._encoder = FrameEncoder(Options.of(options), threads, array=array)
        self._whole: AtomicFile | None = None
        self._written = 0
        self._closing = False
        if isinstance(file, str | bytes | os.PathLike):
            if mode == "a":
                check_appendable(file, array)
            self._name: Any = os.fspath(file)
            self._whole = AtomicFile(file, exclusive=mode == "x", append=mode == "a")
            self._file: BinaryIO = self._whole.file
        elif hasattr(file, "write"):
            check_binary(file)
            self._name = getattr(file, "name", None)
            self._file = file
        else:
            raise TypeError(f"file is a path or a file object, not {type(file).__name__}")
        self._made = True

    @property
    def name(self) -> Any:
        return self._name

    def writable(self) -> bool:
        self._check_open()
        return True

    def write(self, data: Any) -> int:
        """Take bytes; return how many."""
        self._check_open()
        content = bytes_of(data)
        self._put(self._encoder.write(content, lasting=isinstance(data, bytes)))
        self._written += content.size
        return content.size

    def flush(self) -> None:
        """Write all that was taken, so that others can read it. Ends the current chunk."""
        self._check_open()
        if not self._closing:  # the base class flushes when it's closed, after the end
            self._put(self._encoder.flush())
            flush_all(self._file)

    def tell(self) -> int:
        """How many bytes were taken."""
        self._check_open()
        return self._written

    def close(self) -> None:
        """Finish the frame, and let the file have its name.

        Raises
        ------
        ValueError
            If something couldn't be written before; all is discarded then.
        """
        if self.closed:
            return
        try:
            self._put(self._encoder.finish())
            if self._whole is not None:
                self._whole.commit()
            else:
                flush_all(self._file)
        finally:
            self.discard()

    def discard(self) -> None:
        """Close without finishing the frame; a file given by its path stays as it was."""
        if self.closed:
            return
        self._encoder.close()
        if self._whole is not None:
            self._whole.discard()  # which does nothing once it's committed
        self._closing = True
        super().close()

    def abandon(self) -> None:
        """Discard what nobody has closed, and say so."""
        if not self.closed:
            with suppress(Exception):  # a filter may make it one
                warnings.warn(f"{self!r} was never closed: discarded", ResourceWarning, 2)
            self.discard()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        if hasattr(self, "_made"):
            self.abandon()

    def _put(self, parts: Iterator[memoryview]) -> None:
        """Write parts of the frame. If one can't be, the encoder gives no others."""
        for part in parts:
            write_all(self._file, part)

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")


def check_appendable(path: Path, array: ArraySpec | None) -> None:
    """ValueError if a frame with such an array, or bytes, can't follow what is in the file."""
    if not os.path.exists(path) or not os.path.getsize(path):
        return
    with open(path, "rb") as file:
        header, _ = take_header(FileSource(file, 0, os.path.getsize(path)), STREAM_LIMITS)
        if not ends_frame(file):
            raise ValueError("the file is damaged, or cut off: recover it first")
    there = header.array
    if (there is None) != (array is None):
        raise ValueError("the file has bytes, not an array, or an array, not bytes")
    if there is not None and array is not None:
        ours, theirs = ((spec.dtype, spec.shape[1:]) for spec in (array, there))
        if ours != theirs or there.fortran or not there.shape:
            raise ValueError(
                f"the file has {there.dtype} in rows of {there.shape[1:]}, "
                f"not {array.dtype} in rows of {array.shape[1:]}"
            )


# Written before the first text, and not by Python, which does it only where it can seek, or always.
MARKS = {
    "utf-8-sig": codecs.BOM_UTF8,
    "utf-16": codecs.BOM_UTF16,
    "utf-32": codecs.BOM_UTF32,
}


class TextWriter(io.TextIOWrapper):
    """Text to a `FrameWriter`, which discards all where that would.

    Parameters
    ----------
    binary : FrameWriter
    encoding, errors, newline
        As in `io.TextIOWrapper`.
    begins : callable
        Says whether the text is the beginning of the content, where a mark of its encoding belongs.
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
        with suppress(ValueError):  # detached, or never made
            buffer = self.buffer
            if isinstance(buffer, FrameWriter):
                buffer.abandon()


def _codec(encoding: str | None) -> str | None:
    """The name of an encoding's codec; None if only `io.TextIOWrapper` knows which is meant."""
    try:
        return codecs.lookup(encoding or "").name
    except LookupError:
        return None
