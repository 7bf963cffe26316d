"""Complete reads and writes of file objects that callers provide.

A file may return fewer bytes than requested, accept fewer than it was given, and report that no
data is available yet: by None, by `BlockingIOError`, or, as ``read1`` of a buffered file does, by
the same ``b""`` that means the end. These functions continue after a partial call, wait if the
file's descriptor allows it, and raise otherwise.
"""

from __future__ import annotations

import errno
import io
import os
import select
import time
from collections.abc import Callable
from typing import Any, BinaryIO

from ansflow.arguments import integer
from ansflow.errors import TruncatedError

__all__ = [
    "can_overwrite",
    "can_seek",
    "check_binary",
    "end_of",
    "fill_from",
    "flush_all",
    "is_ready",
    "read_at",
    "read_exactly",
    "read_some",
    "read_up_to",
    "write_all",
]

# How often a file may transfer nothing although its descriptor is ready, as when another process
# shares the pipe; and the seconds between two tries.
MOST_TRIES = 50
BETWEEN_TRIES = 0.01


def read_some(file: BinaryIO, size: int) -> bytes:
    """Read at most `size` bytes, as soon as any are available; ``b""`` only at the end.

    Raises
    ------
    BlockingIOError
        If no data is available yet, and the file cannot be waited for.
    TypeError
        If the file returns text, or another object that is not bytes-like.
    """
    read = getattr(file, "read1", file.read)
    return _read(file, read, size)


def read_up_to(file: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, or as many as there are before the end; raises as `read_some` does."""
    data = _read(file, file.read, size) if size > 0 else b""
    if len(data) == size or not data:
        return data
    parts, left = [data], size - len(data)
    while left and (data := _read(file, file.read, left)):
        parts.append(data)
        left -= len(data)
    return b"".join(parts)


def read_exactly(file: BinaryIO, size: int) -> bytes:
    """Read `size` bytes; TruncatedError if the file ends before that."""
    data = read_up_to(file, size)
    if len(data) < size:
        raise TruncatedError(
            f"the file became shorter while it was read: {size - len(data)} of {size} bytes are "
            "missing"
        )
    return data


def read_at(file: BinaryIO, at: int, size: int) -> bytes:
    """Read `size` bytes from byte `at` on, or as many as there are before the end."""
    file.seek(at)
    return read_up_to(file, size)


def fill_from(file: BinaryIO, at: int, out: memoryview) -> int:
    """Fill `out` from byte `at` on, as far as there are bytes; return their number.

    The position of a file of the system is not used, as forked processes share it with their
    parent; nor is the buffer, whose lock another thread of the parent may have held.
    """
    raw: Any = file.raw if type(file) is io.BufferedReader else None
    if type(raw) is io.FileIO and hasattr(os, "preadv"):
        count = 0
        while count < len(out) and (taken := os.preadv(raw.fileno(), [out[count:]], at + count)):
            count += taken
        return count
    if hasattr(raw, "fill_from"):
        return int(raw.fill_from(at, out))
    if type(file) is io.BytesIO or type(file) is io.BufferedReader:  # they need no copy
        file.seek(at)
        return file.readinto(out)
    data = read_at(file, at, len(out))
    out[: len(data)] = data
    return len(data)


def can_seek(file: BinaryIO) -> bool:
    """Whether the file can seek. This is tried, since ``seekable()`` may be wrong."""
    try:
        if not file.seekable():
            return False
        file.seek(file.tell())
    except (OSError, AttributeError, NotImplementedError):  # OSError: io.UnsupportedOperation
        return False
    return True


def can_overwrite(file: BinaryIO) -> bool:
    """Whether what was written to a file can be changed: it can seek, and is not appended to."""
    if not can_seek(file):
        return False
    descriptor = _descriptor(file)
    if descriptor is None:
        return True
    try:
        import fcntl  # there is none on Windows

        return not fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND
    except (ImportError, OSError):
        return False


def end_of(file: BinaryIO) -> int:
    """Seek to the end of the file and return its position."""
    file.seek(0, io.SEEK_END)  # some file objects return None
    return file.tell()


def is_ready(file: BinaryIO) -> bool:
    """Whether a read would return without waiting; True if that is unknown."""
    descriptor = _descriptor(file)
    if descriptor is None:
        return True
    try:
        return _wait(descriptor, writing=False, for_ever=False)
    except (OSError, ValueError):
        return True


def check_binary(file: object) -> None:
    """Raise TypeError for a text file."""
    if isinstance(file, io.TextIOBase):
        raise TypeError(f"{file!r} is a text file: open it in binary mode")


def write_all(file: BinaryIO, data: Any) -> None:
    """Write all of `data`, which is a contiguous buffer.

    A ``write`` that returns None is taken to have written everything, as in many file-like objects,
    unless the file is a raw one, for which None means that nothing was written.

    Raises
    ------
    BlockingIOError
        If the file accepts no data at the moment, and cannot be waited for.
    OSError
        If ``write`` returns a number of bytes that is out of range.
    """
    left = memoryview(data).cast("B") if memoryview(data).nbytes else memoryview(b"")
    tries = 0
    while left:
        taken: Any
        try:
            taken = file.write(left)
        except BlockingIOError as error:
            # As much as the buffer had room for.
            taken = getattr(error, "characters_written", 0)
        else:
            if taken is None:
                if not isinstance(file, io.RawIOBase):
                    _check_blocks(file)
                    return
                taken = 0
        if type(taken) is not int or not 0 <= taken <= len(left):
            name = f"the number of bytes that {type(file).__name__}.write returned"
            taken = integer(taken, name, 0, len(left), error=OSError)
        left = left[taken:]
        tries = 0 if taken else tries + 1
        if left and not taken:
            _wait_for(file, tries, writing=True)


def flush_all(file: BinaryIO) -> None:
    """Flush the file's own buffer, if it has one."""
    flush = getattr(file, "flush", None)
    tries = 0
    while flush is not None:
        try:
            flush()
            return
        except BlockingIOError as error:
            tries = 0 if getattr(error, "characters_written", 0) else tries + 1
        _wait_for(file, tries, writing=True)


def _read(file: BinaryIO, read: Callable[[int], Any], size: int) -> bytes:
    """The first non-empty result of `read`; ``b""`` only at the end."""
    tries = 0
    while True:
        piece = _piece(read, size, file)
        if piece:
            return piece
        if piece is not None:
            descriptor = _descriptor(file)
            if descriptor is not None and _blocks(descriptor):
                return b""
            # A ready descriptor without data means the end, unless another process took the data:
            # `read` distinguishes the two, `read1` does not.
            if tries or descriptor is None:
                piece = _piece(file.read, 1, file)
                if piece is not None:
                    return piece
        _wait_for(file, tries, writing=False)
        tries += 1


def _piece(read: Callable[[int], Any], size: int, file: BinaryIO) -> bytes | None:
    """The result of one call as bytes; None if no data is available yet."""
    try:
        piece = read(size)
    except BlockingIOError:
        return None
    if piece is None:
        return None
    if not isinstance(piece, bytes):
        kind = type(file).__name__
        if isinstance(piece, str):
            raise TypeError(f"{kind}.read returned text: open the file in binary mode")
        try:
            piece = bytes(memoryview(piece))  # a copy, as the file may reuse its buffer
        except TypeError:
            raise TypeError(f"{kind}.read returned {type(piece).__name__}, not bytes") from None
    if len(piece) > size:
        raise OSError(f"{type(file).__name__}.read({size}) returned {len(piece)} bytes")
    return piece


def _wait_for(file: BinaryIO, tries: int, *, writing: bool) -> None:
    """Wait until the file is ready; BlockingIOError if that is impossible or has not helped."""
    descriptor = _descriptor(file)
    if descriptor is not None and tries < MOST_TRIES:
        if tries:
            time.sleep(BETWEEN_TRIES)
        try:
            _wait(descriptor, writing=writing, for_ever=True)
            return
        except (OSError, ValueError):
            pass
    what = "accepts" if writing else "returns"
    raise BlockingIOError(
        errno.EAGAIN,
        f"{type(file).__name__} {what} no data at the moment and cannot be waited for: "
        "use a blocking file",
    )


def _wait(descriptor: int, *, writing: bool, for_ever: bool) -> bool:
    """Whether the descriptor is ready, now or, if `for_ever`, at some time."""
    if hasattr(select, "poll"):  # unlike `select`, it takes descriptors of any number
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT if writing else select.POLLIN)
        return bool(poll.poll(None if for_ever else 0))
    lists = ([], [descriptor]) if writing else ([descriptor], [])
    return any(select.select(*lists, [], None if for_ever else 0))


def _check_blocks(file: BinaryIO) -> None:
    """Raise OSError if None from `write` may mean that nothing was written."""
    descriptor = _descriptor(file)
    if descriptor is not None and not _blocks(descriptor):
        raise OSError(
            errno.EIO,
            f"{type(file).__name__}.write returned None for a non-blocking descriptor, so that "
            "the number of bytes written is unknown: use a blocking file",
        )


def _descriptor(file: BinaryIO) -> int | None:
    try:
        descriptor = file.fileno()
    except (OSError, ValueError, AttributeError, NotImplementedError):
        return None
    return descriptor if type(descriptor) is int and descriptor >= 0 else None


def _blocks(descriptor: int) -> bool:
    try:
        return os.get_blocking(descriptor)
    except (OSError, AttributeError):  # Windows supports this for some pipes only
        return True
