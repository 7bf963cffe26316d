"""Compressed files as Python's own file objects."""

from __future__ import annotations

import builtins
import codecs
import errno
import io
import os
import select
import warnings
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, suppress
from typing import Any, BinaryIO, TextIO, cast

import numpy as np

from ansflow.atomic import AtomicFile
from ansflow.engine.content import Bytes, allocate, bytes_content
from ansflow.engine.decoder import decode_frames
from ansflow.engine.encoder import FrameEncoder
from ansflow.engine.options import Options
from ansflow.engine.reader import ContentReader
from ansflow.errors import LimitError
from ansflow.frame.array_spec import ArraySpec
from ansflow.frame.header import Header
from ansflow.frame.index import ends_frame
from ansflow.frame.source import FileSource, take_header
from ansflow.limits import STREAM_LIMITS, Limits

__all__ = ["FrameReader", "FrameWriter", "open"]

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]

# How much `FrameReader` decodes ahead of what is asked for in small pieces, and how much is
# read at once from a file that cannot seek.
BUFFER = 64 << 10


def open(
    file: Path | BinaryIO,
    mode: str = "rb",
    *,
    limits: Limits = STREAM_LIMITS,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    threads: int | None = None,
    **options: Any,
) -> FrameReader | FrameWriter | TextIO:
    """Open a compressed file, as `open` opens others.

    Parameters
    ----------
    file : path or binary file object
    mode : str
        ``r``, ``w``, ``x`` or ``a``, and ``b`` (the default) or ``t``. To append adds a frame.
    limits : Limits
        For reading. Content may be of any size by default, but not more than 16 GiB read at once.
    encoding, errors, newline
        For text, as in `io.TextIOWrapper`.
    threads : int, optional
        By default as many as the process may use cores.
    **options
        For writing: see `ansflow.Options`.

    Returns
    -------
    FrameReader, FrameWriter or io.TextIOWrapper

    Raises
    ------
    ValueError
        If the mode is none, or arguments don't go with it.
    AnsflowError
        If a file that is opened for reading is damaged or isn't one of frames.

    Examples
    --------
    >>> import ansflow, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "lines.ans")
    >>> with ansflow.open(path, "wt") as file:
    ...     print("one", "two", sep=chr(10), file=file)
    >>> with ansflow.open(path, "rt") as file:
    ...     file.read().splitlines()
    ['one', 'two']
    """
    kind, text = _parse_mode(mode)
    if not text and not (encoding is errors is newline is None):
        raise ValueError("encoding, errors and newline are for text: add t to the mode")
    binary: FrameReader | FrameWriter
    if kind == "r":
        if options:
            raise ValueError(f"{', '.join(options)}: only for writing")
        binary = FrameReader(file, limits=limits, threads=threads)
    else:
        binary = FrameWriter(file, kind, threads=threads, **options)
    return _as_text(binary, encoding, errors, newline, begins=kind in "wx") if text else binary


def _as_text(
    binary: FrameReader | FrameWriter,
    encoding: str | None,
    errors: str | None,
    newline: str | None,
    begins: bool,
) -> TextIO:
    encoding = io.text_encoding(encoding)
    try:
        if isinstance(binary, FrameReader):
            return io.TextIOWrapper(binary, encoding, errors, newline)
        text = TextWriter(cast(BinaryIO, binary), encoding, errors, newline)
        # Python leaves the mark out where it can't seek.
        mark = {"utf-16": codecs.BOM_UTF16, "utf-32": codecs.BOM_UTF32}
        if begins:
            binary.write(mark.get(codecs.lookup(text.encoding).name, b""))
        return text
    except BaseException:
        if isinstance(binary, FrameWriter):
            binary.discard()
        else:
            binary.close()
        raise


def _parse_mode(mode: str) -> tuple[str, bool]:
    kinds, forms = set(mode) & set("rwxa"), set(mode) & set("bt")
    if len(kinds) != 1 or len(forms) > 1 or len(mode) != len(kinds) + len(forms):
        raise ValueError(f"mode {mode!r} is none of r, w, x, a, with b or t")
    return kinds.pop(), forms == {"t"}


class FrameReader(io.BufferedReader):
    """The content of a compressed file, as a file object.

    If the file can seek, so can this, to anywhere, and it decodes only what is read. If
    not, as with a pipe, it reads from the beginning to the end.

    Parameters
    ----------
    file : path or binary file object
        Of a file object, frames begin at its position and take up the rest. It isn't closed.
    limits : Limits
    threads : int, optional

    Attributes
    ----------
    metadata : mapping
        The user's, of the first frame. Of a pipe, empty until something was read.
    """

    def __init__(
        self, file: Path | BinaryIO, *, limits: Limits = STREAM_LIMITS, threads: int | None = None
    ) -> None:
        binary, owned = opened(file)
        try:
            raw: _SeekableContent | _PipedContent
            if getattr(binary, "seekable", lambda: False)():
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
    """What both kinds of files to read from have in common."""

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
                f"there are {size} bytes or more to read at once, "
                f"more than max_output={self._limits.max_at_once}"
            )

    def close(self) -> None:
        if not self.closed and self._owned:
            self._file.close()
        super().close()


class _SeekableContent(_Content):
    """Content of a file that can seek."""

    def __init__(self, file: BinaryIO, owned: bool, limits: Limits, threads: int | None) -> None:
        super().__init__(file, owned, limits)
        self._content = ContentReader(file, limits, threads)
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
        self.readinto(out.getbuffer())
        return out.getvalue()

    def seekable(self) -> bool:
        self._check_open()
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._check_open()
        if whence not in (io.SEEK_SET, io.SEEK_CUR, io.SEEK_END):
            raise ValueError(f"whence is {whence}, not 0, 1 or 2")
        at = offset + (0, self._at, self._content.size)[whence]
        if at < 0:
            raise ValueError(f"negative position {at}")
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
    """Content of a file that can only be read on."""

    def __init__(self, file: BinaryIO, owned: bool, limits: Limits, threads: int | None) -> None:
        super().__init__(file, owned, limits)
        self.metadata: Mapping[str, Any] = {}
        self._parts = self._decode(decode_frames(_pieces(file), limits, threads))
        self._part = np.empty(0, np.uint8)
        self._error: Exception | None = None

    def _decode(
        self, frames: Generator[tuple[Header, Iterator[Bytes]], None, None]
    ) -> Generator[Bytes, None, None]:
        with closing(frames):
            for number, (header, content) in enumerate(frames):
                if number == 0:
                    self.metadata = header.metadata
                yield from content

    def _next_part(self) -> Bytes | None:
        """More content, or None at its end. An error is raised again and again."""
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
    """What comes, as soon as it comes; an empty piece before waiting for more."""
    read = getattr(file, "read1", file.read)
    while True:
        if not _is_ready(file):
            yield b""
        piece = read(BUFFER)
        if not piece:
            return
        yield piece


def _is_ready(file: BinaryIO) -> bool:
    """Whether there is something to read without waiting for it, as far as can be known."""
    try:
        return bool(select.select([file], [], [], 0)[0])
    except (OSError, ValueError, TypeError):
        return True


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
    planes : int
        Into how many byte planes the content is split.
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
        planes: int = 1,
        array: ArraySpec | None = None,
        **options: Any,
    ) -> None:
        if mode not in ("w", "x", "a"):
            raise ValueError(f"mode is {mode!r}, none of w, x and a")
        self._encoder = FrameEncoder(Options(**options), threads, planes=planes, array=array)
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
        content = bytes_content(data)
        self._put(self._encoder.write(content, lasting=isinstance(data, bytes)))
        self._written += content.size
        return content.size

    def flush(self) -> None:
        """Write all that was taken, so that others can read it. Ends the current block."""
        self._check_open()
        if not self._closing:  # the base class flushes when it's closed, after the end
            self._put(self._encoder.flush())
            self._flush_file()

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
                self._flush_file()
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

    def _flush_file(self) -> None:
        getattr(self._file, "flush", lambda: None)()

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")


def write_all(file: BinaryIO, data: memoryview) -> None:
    """Write all of it, also if the file takes less at once; BlockingIOError if it takes nothing."""
    while data:
        taken = file.write(data)
        if taken is None and isinstance(file, io.RawIOBase):
            raise BlockingIOError(errno.EAGAIN, "the file takes nothing without waiting")
        # Many that aren't quite files return None.
        data = data[len(data) if taken is None else taken :]


def check_appendable(path: Path, array: ArraySpec | None) -> None:
    """ValueError if a frame with such an array, or bytes, can't follow what is in the file."""
    if not os.path.exists(path) or not os.path.getsize(path):
        return
    with builtins.open(path, "rb") as file:
        header, _ = take_header(FileSource(file, 0, os.path.getsize(path)), STREAM_LIMITS)
        if header.version > 1 and not ends_frame(file):
            raise ValueError("the file is damaged, or cut off: recover it first")
    there = header.array
    if header.version == 1:
        raise ValueError("the file is a frame of version 1, which stands alone")
    if (there is None) != (array is None):
        raise ValueError("the file has bytes, not an array, or an array, not bytes")
    if there is not None and array is not None:
        ours, theirs = ((spec.dtype, spec.shape[1:]) for spec in (array, there))
        if ours != theirs or there.fortran or not there.shape:
            raise ValueError(
                f"the file has {there.dtype} in rows of {there.shape[1:]}, "
                f"not {array.dtype} in rows of {array.shape[1:]}"
            )


class TextWriter(io.TextIOWrapper):
    """Text to a `FrameWriter`, which discards all where that would."""

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


def opened(file: Path | BinaryIO) -> tuple[BinaryIO, bool]:
    """The file object to read from, and whether it was opened here."""
    if isinstance(file, str | bytes | os.PathLike):
        return builtins.open(file, "rb"), True
    if not hasattr(file, "read"):
        raise TypeError(f"file is a path or a file object, not {type(file).__name__}")
    return file, False
