"""Files that are either whole or not there."""

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
from functools import partial
from pathlib import Path
from typing import Any

__all__ = ["AtomicFile"]

WRITTEN_AT_ONCE = 32 << 20
SYNC_FILE_RANGE_WRITE = 2


class AtomicFile:
    """A file under a temporary name that gets its own when it is whole.

    Whoever opens `path` finds what was there before or all that was written, never a part,
    also if the process is killed or the disk gets full. A file that is replaced keeps its mode
    and, where permitted, its owner and group; a symbolic link its place: the file it points to
    is replaced. Devices and pipes are written to as they are.

    What is neither committed nor discarded is discarded when nothing refers to it any more.

    Parameters
    ----------
    path : path-like
    exclusive : bool
        Never replace a file, not even one that appears while this one is written.
    append : bool
        Begin with what is in the file already.

    Attributes
    ----------
    file : io.BufferedWriter
        To write to.

    Raises
    ------
    FileExistsError
        If `exclusive` and there is something at `path`, at first or when committed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "example")
    >>> with AtomicFile(path) as whole:
    ...     count = whole.file.write(b"all or ")
    ...     path.exists()
    ...     count = whole.file.write(b"nothing")
    False
    >>> path.read_bytes()
    b'all or nothing'
    """

    file: io.BufferedWriter

    def __init__(
        self,
        path: str | bytes | os.PathLike[str] | os.PathLike[bytes],
        *,
        exclusive: bool = False,
        append: bool = False,
    ) -> None:
        name = os.fsdecode(path)
        if exclusive and os.path.lexists(name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
        self._process = os.getpid()
        self._temporary: Path | None = None
        self._exclusive = exclusive
        self._target = Path(os.path.realpath(name))
        self._replaced = _status(name)
        if not os.path.basename(name) or (
            self._replaced and not _is_file_at(self._replaced, self._target)
        ):
            self.file = open(name, "ab" if append else "wb")  # noqa: SIM115
            return
        # Not the longest name there may be, unlike one that is made from the target's.
        temporary = self._target.with_name(f".{secrets.token_hex(8)}.part")
        # What replaces a private file is private from the beginning.
        mode = 0o600 if self._replaced else 0o666
        try:
            # Known before it's there, so that an interrupt doesn't leave it behind.
            self._temporary = temporary
            raw = _WrittenEarly(temporary, "xb", opener=partial(os.open, mode=mode))
            self.file = io.BufferedWriter(raw)
        except OSError as e:
            self._temporary = None
            raise OSError(e.errno, e.strerror, name) from None
        if append and self._replaced:
            try:
                shutil.copyfile(self._target, temporary)
                self.file.seek(0, os.SEEK_END)
            except BaseException:
                self.discard()
                raise

    def commit(self) -> None:
        """Give the file its name. If that fails, discard it."""
        try:
            self.file.flush()
            if self._temporary is not None:
                if self._replaced:
                    _copy_access(self._replaced, self._temporary)
                os.fsync(self.file.fileno())
            self.file.close()
            if self._temporary is not None:
                if self._exclusive:
                    _rename_exclusively(self._temporary, self._target)
                else:
                    os.replace(self._temporary, self._target)
                self._temporary = None
                _sync_directory(self._target.parent)
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Remove the file, unless it has been committed."""
        # The buffer isn't written any more: there may be no room for it, and in a forked process
        # it would end up in the other one's file.
        if hasattr(self, "file"):
            self.file.raw.close()
        if self._temporary is not None and self._process == os.getpid():
            self._temporary.unlink(missing_ok=True)
            self._temporary = None

    def __enter__(self) -> AtomicFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.discard()
        elif self._temporary is not None or not self.file.closed:
            self.commit()

    def __del__(self) -> None:
        if hasattr(self, "_temporary"):
            self.discard()


class _WrittenEarly(io.FileIO):
    """Has the system write to the disk while more comes, so that there is little to wait for.

    Otherwise that begins with the fsync at the end: a quarter of a second for half a GiB.
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
    """Ask for all of a file to be written, without waiting; nothing where that can't be asked."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        with suppress(AttributeError):
            libc.sync_file_range(
                ctypes.c_int(descriptor),
                ctypes.c_int64(0),
                ctypes.c_int64(0),
                ctypes.c_uint(SYNC_FILE_RANGE_WRITE),
            )


def _status(path: str | Path) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _is_file_at(status: os.stat_result, path: Path) -> bool:
    """Whether it's a regular file that has this name, unlike one that is only open somewhere."""
    there = _status(path)
    return there is not None and stat.S_ISREG(status.st_mode) and os.path.samestat(status, there)


def _copy_access(source: os.stat_result, target: Path) -> None:
    if hasattr(os, "chown"):
        # Only root may give files away, others just to a group they are in.
        with suppress(OSError):
            os.chown(target, -1, source.st_gid)
            os.chown(target, source.st_uid, -1)
    os.chmod(target, stat.S_IMODE(source.st_mode))


def _rename_exclusively(source: Path, target: Path) -> None:
    """Rename, but not to a name that is taken."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except (OSError, AttributeError, NotImplementedError):
        # A file system without links: take the name, then replace what is ours.
        open(target, "xb").close()
        try:
            os.replace(source, target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
    else:
        source.unlink(missing_ok=True)


def _sync_directory(path: Path) -> None:
    # Not every system can. The file has its name by now.
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
