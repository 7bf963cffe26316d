"""File objects that come from others: read and written whole, whatever they do in a single call.

A file may give fewer bytes than it was asked for, take fewer than it was given, and say that there
is nothing just now: by None, by `BlockingIOError`, or, as ``read1`` of a buffer does, by the same
``b""`` that means the end. All that reads or writes files of others does so by these functions:
they go on where a call stopped, wait where a descriptor can be waited for, and raise where not.
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
    "can_seek",
    "check_binary",
    "end_of",
    "flush_all",
    "is_ready",
    "read_at",
    "read_exactly",
    "read_some",
    "read_up_to",
    "write_all",
]

# How often a file may give or take nothing although its descriptor is ready, as when another
# process that shares the pipe was faster; and the seconds between two tries.
MOST_TRIES = 50
BETWEEN_TRIES = 0.01


def read_some(file: BinaryIO, size: int) -> bytes:
    """At most so many bytes, as soon as there are any; none only at the end.

    Raises
    ------
    BlockingIOError
        If there is nothing just now, and no way to wait for it.
    TypeError
        If the file gives text, or anything else that isn't bytes.
    """
    read = getattr(file, "read1", file.read)
    return _read(file, read, size)


def read_up_to(file: BinaryIO, size: int) -> bytes:
    """So many bytes, or as many as there are before the end; raises as `read_some` does."""
    data = _read(file, file.read, size) if size > 0 else b""
    if len(data) == size or not data:
        return data
    parts, left = [data], size - len(data)
    while left and (data := _read(file, file.read, left)):
        parts.append(data)
        left -= len(data)
    return b"".join(parts)


def read_exactly(file: BinaryIO, size: int) -> bytes:
    """So many bytes that were there when the file was measured; TruncatedError if they aren't."""
    data = read_up_to(file, size)
    if len(data) < size:
        raise TruncatedError("the file has become shorter while it was read")
    return data


def read_at(file: BinaryIO, at: int, size: int) -> bytes:
    """So many bytes from byte `at` on, or as many as there are before the end."""
    file.seek(at)
    return read_up_to(file, size)


def can_seek(file: BinaryIO) -> bool:
    """Whether the file can seek: not every one that says so can."""
    try:
        if not file.seekable():
            return False
        file.seek(file.tell())
    except (OSError, AttributeError, NotImplementedError):  # OSError: io.UnsupportedOperation
        return False
    return True


def end_of(file: BinaryIO) -> int:
    """Where the file ends now; its position is there then."""
    file.seek(0, io.SEEK_END)  # which returns nothing in files that are older than Python 3
    return file.tell()


def is_ready(file: BinaryIO) -> bool:
    """Whether there is something to read without waiting for it, as far as can be known."""
    descriptor = _descriptor(file)
    if descriptor is None:
        return True
    try:
        return _wait(descriptor, writing=False, for_ever=False)
    except (OSError, ValueError):
        return True


def check_binary(file: object) -> None:
    """TypeError for a file of text."""
    if isinstance(file, io.TextIOBase):
        raise TypeError(f"{file!r} is a file of text: open it in binary mode")


def write_all(file: BinaryIO, data: Any) -> None:
    """Write all of `data`, which is a contiguous buffer.

    What returns None is believed to have taken everything, as many do that aren't quite files,
    unless it is a raw file, for which that means nothing.

    Raises
    ------
    BlockingIOError
        If the file takes nothing just now, and there is no way to wait until it does.
    OSError
        If it says that it took an impossible number of bytes.
    """
    left = memoryview(data).cast("B") if memoryview(data).nbytes else memoryview(b"")
    tries = 0
    while left:
        taken: Any
        try:
            taken = file.write(left)
        except BlockingIOError as error:
            # What a buffer had room for.
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
    """Flush what the file has in its own buffer, if it has one."""
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
    """What one call gives that gives anything; ``b""`` only at the end."""
    tries = 0
    while True:
        piece = _piece(read, size, file)
        if piece:
            return piece
        if piece is not None:
            descriptor = _descriptor(file)
            if descriptor is not None and _blocks(descriptor):
                return b""
            # If it's ready and gives nothing still, it's the end, unless somebody else was faster:
            # `read` tells these apart where `read1` doesn't.
            if tries or descriptor is None:
                piece = _piece(file.read, 1, file)
                if piece is not None:
                    return piece
        _wait_for(file, tries, writing=False)
        tries += 1


def _piece(read: Callable[[int], Any], size: int, file: BinaryIO) -> bytes | None:
    """What one call gives, as bytes; None if there is nothing just now."""
    try:
        piece = read(size)
    except BlockingIOError:
        return None
    if piece is None:
        return None
    if not isinstance(piece, bytes):
        kind = type(file).__name__
        if isinstance(piece, str):
            raise TypeError(f"{kind}.read gave text: open the file in binary mode")
        try:
            piece = bytes(memoryview(piece))  # a copy: the file may use its buffer again
        except TypeError:
            raise TypeError(f"{kind}.read gave {type(piece).__name__}, not bytes") from None
    if len(piece) > size:
        raise OSError(f"{type(file).__name__}.read({size}) gave {len(piece)} bytes")
    return piece


def _wait_for(file: BinaryIO, tries: int, *, writing: bool) -> None:
    """Wait until the file is ready again; BlockingIOError if that can't be known or is no use."""
    descriptor = _descriptor(file)
    if descriptor is not None and tries < MOST_TRIES:
        if tries:
            time.sleep(BETWEEN_TRIES)
        try:
            _wait(descriptor, writing=writing, for_ever=True)
            return
        except (OSError, ValueError):
            pass
    what = "takes" if writing else "gives"
    raise BlockingIOError(
        errno.EAGAIN,
        f"{type(file).__name__} {what} nothing just now and can't be waited for: "
        "use a file that blocks",
    )


def _wait(descriptor: int, *, writing: bool, for_ever: bool) -> bool:
    """Whether the descriptor is ready, at last or now."""
    if hasattr(select, "poll"):  # which has no greatest descriptor
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT if writing else select.POLLIN)
        return bool(poll.poll(None if for_ever else 0))
    lists = ([], [descriptor]) if writing else ([descriptor], [])
    return any(select.select(*lists, [], None if for_ever else 0))


def _check_blocks(file: BinaryIO) -> None:
    """OSError if None from `write` may mean nothing or everything."""
    descriptor = _descriptor(file)
    if descriptor is not None and not _blocks(descriptor):
        raise OSError(
            errno.EIO,
            f"{type(file).__name__}.write returned None for a descriptor that doesn't block: "
            "nobody knows whether it wrote anything",
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
    except (OSError, AttributeError):  # Windows knows it of pipes only, and not of all
        return True
