"""File objects that write compressed files."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO, Unpack

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

__all__ = ["FrameWriter"]


class FrameWriter(io.BufferedIOBase):
    """A file object that compresses the data written to it.

    A file given by its path is written under a temporary name and renamed on `close`, so that
    readers find either the previous content or all of the new one. If a ``with`` block is left by
    an exception, or the writer is never closed, everything is discarded.

    Parameters
    ----------
    file : path or binary file object
        A file object is written to directly, and is not closed.
    mode : {"w", "x", "a"}
    threads : int, optional
    array : ArraySpec, optional
        The array that the content is.
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
            raise ValueError(f"mode must be w, x or a, not {mode!r}")
        self._encoder = FrameEncoder(Options.of(options), threads, array=array)
        self._whole: AtomicFile | None = None
        self._written = 0
        self._closing = False
        if isinstance(file, str | bytes | os.PathLike):
            if mode == "a":
                check_appendable(file, self._encoder.header.array)
            self._name: Any = os.fspath(file)
            self._whole = AtomicFile(file, exclusive=mode == "x", append=mode == "a")
            self._file: BinaryIO = self._whole.file
        elif hasattr(file, "write"):
            check_binary(file)
            self._name = getattr(file, "name", None)
            self._file = file
        else:
            raise TypeError(f"file must be a path or a file object, not {type(file).__name__}")
        self._made = True

    @property
    def name(self) -> Any:
        return self._name

    def writable(self) -> bool:
        self._check_open()
        return True

    def write(self, data: Any) -> int:
        """Compress bytes; return their number."""
        self._check_open()
        content = bytes_of(data)
        self._put(self._encoder.write(content, lasting=isinstance(data, bytes)))
        self._written += content.size
        return content.size

    def flush(self) -> None:
        """Write all content so far, so that others can read it. This ends the current chunk."""
        self._check_open()
        if not self._closing:  # the base class flushes on close, after the end of the frame
            self._put(self._encoder.flush())
            flush_all(self._file)

    def tell(self) -> int:
        """Return the number of bytes written so far."""
        self._check_open()
        return self._written

    def close(self) -> None:
        """Finish the frame, and rename the file if it was given by its path.

        Raises
        ------
        ValueError
            If an earlier write failed; everything is discarded then.
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
        """Close without finishing the frame; a file given by its path is left unchanged."""
        if self.closed:
            return
        self._encoder.close()
        if self._whole is not None:
            self._whole.discard()  # no effect after a commit
        self._closing = True
        super().close()

    def abandon(self) -> None:
        """Discard the file and warn, if it was not closed."""
        if not self.closed:
            with suppress(Exception):  # warning filters may raise it
                warnings.warn(
                    f"{self!r} was never closed: its content is discarded", ResourceWarning, 2
                )
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
        """Write parts of the frame. If that fails, the encoder refuses to go on."""
        for part in parts:
            write_all(self._file, part)

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")


def check_appendable(path: Path, array: ArraySpec | None) -> None:
    """Raise ValueError if a frame of `array`, or bytes, cannot be appended to the file."""
    if not os.path.exists(path) or not os.path.getsize(path):
        return
    with open(path, "rb") as file:
        header = take_header(FileSource(file, 0, os.path.getsize(path)), STREAM_LIMITS)
        if not ends_frame(file, STREAM_LIMITS):
            raise ValueError(
                "nothing can be appended to the file, as its last frame is damaged or cut off: "
                "recover it first"
            )
    there = header.array
    if (
        header.directory
        or header.name is not None
        or (array is not None and array.name is not None)
    ):
        raise ValueError(
            "an array with a name is added to a collection with ansflow.CollectionWriter or "
            "ansflow.save, and nothing else is"
        )
    if (there is None) != (array is None):
        held, added = ("bytes", "an array") if there is None else ("an array", "bytes")
        raise ValueError(f"the file holds {held}: {added} cannot be appended to it")
    if there is not None and array is not None:
        ours, theirs = (
            (spec.dtype, spec.masked is None, spec.shape[1:]) for spec in (array, there)
        )
        if ours != theirs or there.lacking or there.fortran or not there.shape:
            raise ValueError(
                f"rows of {array.dtype} and shape {array.shape[1:]} cannot be appended to the "
                f"file, which holds an array of {there.dtype} and shape {there.shape}"
                + (" in Fortran order" if there.fortran else "")
            )
