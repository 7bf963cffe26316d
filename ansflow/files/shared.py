"""Parts of one file that are read as files of their own, also by several threads at once."""

from __future__ import annotations

import io
import threading
import weakref
from typing import Any, BinaryIO

from ansflow.files.foreign import end_of, fill_from
from ansflow.files.forks import renew_in_children

__all__ = ["SharedFile"]

# Bytes that are read at once of a part, of which a short one is read in one or two accesses: files
# may be far away.
BUFFER = 16 << 10


class SharedFile:
    """A file that can seek, whose position is nobody's own.

    Parameters
    ----------
    file : binary file
        It begins at its position.
    owned : bool
        Whether it is closed together with this.

    Attributes
    ----------
    size : int
        Bytes from its beginning to its end.
    """

    def __init__(self, file: BinaryIO, owned: bool) -> None:
        self._file, self._owned = file, owned
        self._begin = file.tell()
        self.size = max(0, end_of(file) - self._begin)
        self._closed = False
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        self._lock = threading.Lock()

    def read_into(self, at: int, out: memoryview) -> int:
        """Fill `out` from byte `at` on, as far as there are bytes; return their number."""
        with self._lock:
            if self._closed:
                raise ValueError("the file is closed")
            return fill_from(self._file, self._begin + at, out)

    def part(self, begin: int, end: int) -> BinaryIO:
        """Bytes `begin` to `end`, as a file."""
        return io.BufferedReader(_Part(self, begin, min(end, self.size)), BUFFER)

    def close_in_the_end(self) -> None:
        """Close the file when neither this nor any part is used any more."""
        weakref.finalize(self, self._file.close)

    def close(self) -> None:
        """Let nobody read any more; close the file if it is owned."""
        with self._lock:
            self._closed = True
            if self._owned:
                self._file.close()


class _Part(io.RawIOBase):
    def __init__(self, whole: SharedFile, begin: int, end: int) -> None:
        self._whole, self._begin, self._size = whole, begin, end - begin
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def fill_from(self, at: int, out: memoryview) -> int:
        return self._whole.read_into(self._begin + at, out[: max(0, self._size - at)])

    def readinto(self, buffer: Any) -> int:
        count = self.fill_from(self._at, memoryview(buffer).cast("B"))
        self._at += count
        return count
