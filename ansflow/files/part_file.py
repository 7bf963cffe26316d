"""Temporary files beside their target, accessed by descriptors that others cannot redirect."""

from __future__ import annotations

import ctypes
import errno
import io
import os
import secrets
import shutil
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["COPIED_AT_ONCE", "Part"]

WRITTEN_AT_ONCE = 32 << 20
COPIED_AT_ONCE = 1 << 20
SYNC_FILE_RANGE_WRITE = 2

# Flags that some systems lack are 0.
PRIVATE = 0o600
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # opening a pipe without a reader would block
BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
DIRECTORY = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", 0)


class Part:
    """A temporary file in the directory of its target.

    The directory is held open, so that it stays the same if its path is changed in the meantime.
    """

    def __init__(self, target: Path) -> None:
        self._process = os.getpid()
        self._target = target
        # Not derived from the target's name, which may already have the maximal length.
        self.path: Path = target.with_name(f".{secrets.token_hex(8)}.part")
        self._there = False
        self._status: os.stat_result | None = None
        self._directory: int | None = None
        if {os.open, os.stat, os.unlink, os.rename} <= os.supports_dir_fd:
            self._directory = os.open(target.parent, os.O_RDONLY | DIRECTORY | BINARY)

    def create(self) -> io.FileIO:
        self._there = True  # set first, so that an interrupt does not leave the file behind
        try:
            raw = _WrittenEarly(self.path, "x+b", opener=self._open)
        except OSError:
            self._there = False
            raise
        self._status = os.fstat(raw.fileno())
        return raw

    def _open(self, path: Any, flags: int) -> int:
        name, place = self._at(Path(path))
        return os.open(name, flags | NO_LINK | BINARY, PRIVATE, **place)

    def _at(self, path: Path) -> tuple[str, dict[str, Any]]:
        """Arguments of `os` functions that name a file in the directory."""
        if self._directory is None:
            return str(path), {}
        return path.name, {"dir_fd": self._directory}

    def may_replace(self, old: os.stat_result) -> bool:
        """Whether the target can be replaced by renaming, as far as that is known beforehand."""
        where = os.stat(self._target.parent if self._directory is None else self._directory)
        if old.st_dev != where.st_dev or _is_mounted(self._target):
            return False
        user = os.geteuid() if hasattr(os, "geteuid") else 0
        return not where.st_mode & stat.S_ISVTX or user in (0, old.st_uid, where.st_uid)

    def open_target(self, flags: int) -> int:
        """A descriptor of the regular file that is to be replaced."""
        descriptor = self._open(self._target, flags | NO_WAIT)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EBUSY, "it is no longer a regular file")
        return descriptor

    def replace(self, raw: io.FileIO) -> None:
        self._check_name()
        name, place = self._at(self.path)
        target, _ = self._at(self._target)
        try:
            if place:
                os.replace(name, target, src_dir_fd=self._directory, dst_dir_fd=self._directory)
            else:
                os.replace(name, target)
        except OSError as e:
            # It is a mount point or belongs to another user after all.
            if e.errno not in (errno.EBUSY, errno.EPERM, errno.EACCES, errno.EXDEV) or raw.closed:
                raise
            try:
                self.write_over(raw)
            except FileNotFoundError:
                raise e from None
        else:
            self._there = False
            self._sync_directory()

    def write_over(self, raw: io.FileIO) -> None:
        """Copy the content into the target instead of renaming."""
        raw.seek(0)
        with open(self.open_target(os.O_WRONLY), "wb") as target:
            shutil.copyfileobj(raw, target, COPIED_AT_ONCE)
            target.truncate()
            os.fsync(target.fileno())

    def rename_exclusively(self) -> None:
        """Rename to the target; FileExistsError if that exists."""
        self._check_name()
        name, place = self._at(self.path)
        target, _ = self._at(self._target)
        both: dict[str, Any] = {}
        if place:
            both = {"src_dir_fd": self._directory, "dst_dir_fd": self._directory}
        try:
            os.link(name, target, **both)
        except FileExistsError:
            raise
        except (OSError, AttributeError, NotImplementedError):
            # A file system without hard links: create the target, then replace it.
            os.close(self._open(self._target, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            try:
                os.replace(name, target, **both)
            except BaseException:
                os.unlink(target, **place)
                raise
            self._there = False
        self._sync_directory()

    def _check_name(self) -> None:
        """Raise OSError if the temporary name refers to another file by now."""
        name, place = self._at(self.path)
        try:
            there = os.stat(name, **place, follow_symlinks=False)
        except FileNotFoundError:
            there = None
        if there is None or self._status is None or not os.path.samestat(there, self._status):
            self._there = False
            raise OSError(errno.ESTALE, f"{self.path} was removed or replaced while it was written")

    def keep(self) -> bool:
        """Keep the file under its temporary name; return whether it exists."""
        there, self._there = self._there, False
        self.remove()
        return there

    def remove(self) -> None:
        """Remove the file, unless it has been renamed or is to be kept."""
        there, self._there = self._there, False
        directory, mine = self._directory, self._process == os.getpid()
        name, place = self._at(self.path)
        try:
            if there and mine:
                with suppress(FileNotFoundError):
                    os.unlink(name, **place)
        finally:
            self._directory = None
            if directory is not None:
                os.close(directory)

    def _sync_directory(self) -> None:
        # Some systems cannot do this. The file has been renamed in any case.
        with suppress(OSError):
            place = {} if self._directory is None else {"dir_fd": self._directory}
            path = "." if place else self._target.parent
            descriptor = os.open(path, os.O_RDONLY | BINARY, **place)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


class _WrittenEarly(io.FileIO):
    """Starts writing to the disk early, so that little is left for the fsync at the end.

    Without this the fsync takes a quarter of a second for half a GiB.
    """

    _waiting = 0

    def write(self, data: Any) -> int:
        taken = super().write(data)
        self._waiting += taken
        if self._waiting >= WRITTEN_AT_ONCE:
            self._waiting = 0
            _begin_writing(self.fileno())
        return taken


def _begin_writing(descriptor: int) -> None:
    """Start writing a file to the disk without waiting for it, where the system supports that."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        with suppress(AttributeError):
            libc.sync_file_range(
                ctypes.c_int(descriptor),
                ctypes.c_int64(0),
                ctypes.c_int64(0),
                ctypes.c_uint(SYNC_FILE_RANGE_WRITE),
            )


def _is_mounted(path: Path) -> bool:
    """Whether `path` is a mount point, even of the same file system."""
    # The path is the fifth word of a line; white space in it is written as octal escapes.
    wanted = os.fsencode(path)
    for character in b"\\ \t\n":
        wanted = wanted.replace(bytes([character]), b"\\%03o" % character)
    try:
        mounts = Path("/proc/self/mountinfo").read_bytes()
    except OSError:
        return False
    return any(line.split(b" ", 5)[4] == wanted for line in mounts.splitlines())
