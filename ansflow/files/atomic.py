"""Files that are replaced atomically: readers see the old content or all of the new one."""

from __future__ import annotations

import errno
import io
import os
import shutil
import stat
import weakref
from contextlib import suppress
from pathlib import Path

from ansflow.files.part_file import COPIED_AT_ONCE, Part

__all__ = ["AtomicFile"]


class AtomicFile:
    """A file that is written under a temporary name and renamed to `path` when it is complete.

    A process that opens `path` finds either the previous content or all of the new one, never a
    part, even if the writing process is killed or the disk becomes full. A replaced file keeps its
    mode and, where permitted, its owner and group, but not its other hard links, access control
    lists and extended attributes. If `path` is a symbolic link, the file that it points to is
    replaced. Devices and pipes are written to directly.

    A file that may be written to but not replaced by renaming (it is a mount point, or belongs to
    another user in a sticky directory) is overwritten in place once the new content is complete;
    other processes should not use it at that moment. If the final rename fails, the new content is
    kept, and the error says where.

    Until then only the owner can open the temporary file. A file that is neither committed nor
    discarded is discarded when it is garbage-collected or when the interpreter exits.

    Parameters
    ----------
    path : path-like
    exclusive : bool
        Never replace an existing file, not even one that appears during writing.
    append : bool
        Begin with the previous content of the file.
    mode : int, optional
        Permissions of a new file; by default those that `open` gives.

    Attributes
    ----------
    file : io.BufferedWriter
        The file to write to.

    Raises
    ------
    FileExistsError
        If `exclusive` is true and `path` exists, at first or on commit.
    OSError
        If the file cannot be written. It is raised as early as possible.

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
        mode: int | None = None,
    ) -> None:
        name = os.fsdecode(path)
        if exclusive and os.path.lexists(name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
        self._name = name
        self._part: Part | None = None
        self._exclusive = exclusive
        target = Path(os.path.realpath(name))
        # If a file appears now, an exclusive one isn't for it: it fails when it gets its name.
        self._replaced = None if exclusive else _status(name)
        self._mode = 0o666 & ~_umask() if mode is None else mode
        if not os.path.basename(name) or (
            self._replaced and not _is_file_at(self._replaced, target)
        ):
            self.file = open(name, "ab" if append else "wb")  # noqa: SIM115
            return
        try:
            self._part = Part(target)
            # The temporary file is removed in any case.
            self._finalizer = weakref.finalize(self, self._part.remove)
            self.file = io.BufferedWriter(self._part.create())
            # Checked first, so that no work is lost if the file cannot be written.
            self._written_over = self._replaced is not None and not self._part.may_replace(
                self._replaced
            )
            if self._written_over:
                os.close(self._part.open_target(os.O_WRONLY))
            if append and self._replaced:
                with open(self._part.open_target(os.O_RDONLY), "rb") as old:
                    shutil.copyfileobj(old, self.file, COPIED_AT_ONCE)
        except OSError as e:
            self.discard()
            raise OSError(e.errno, e.strerror or str(e), name) from None
        except BaseException:
            self.discard()
            raise

    def commit(self) -> None:
        """Rename the file to its final name.

        If that fails, it is discarded, unless all of it has been written: then it is kept under its
        temporary name, which the error gives.
        """
        try:
            self.file.flush()
            if self._part is not None:
                if not self._written_over:
                    self._give_access()
                os.fsync(self.file.fileno())
                self._give_name(self._part)
            self.file.close()
        except BaseException:
            self.discard()
            raise

    def _give_access(self) -> None:
        if not hasattr(os, "fchmod"):
            return
        if self._replaced:
            _copy_access(self._replaced, self.file.fileno())
        else:
            os.fchmod(self.file.fileno(), self._mode)

    def _give_name(self, part: Part) -> None:
        raw = self.file.raw
        assert isinstance(raw, io.FileIO)
        if os.name == "nt":  # Windows cannot rename open files
            self.file.close()
        try:
            if self._written_over:
                part.write_over(raw)
            elif self._exclusive:
                part.rename_exclusively()
            else:
                part.replace(raw)
        except FileExistsError:
            raise
        except OSError as e:
            if not part.keep():
                raise
            text = f"{e.strerror or e}: the complete content has been kept in {part.path}"
            raise OSError(e.errno or errno.EIO, text, self._name) from e
        part.remove()
        self._part = None

    def discard(self) -> None:
        """Remove the file, unless it has been committed."""
        # The buffer is not flushed: there may be no space for it, and in a forked process it would
        # be written to the file of the parent.
        if hasattr(self, "file"):
            self.file.raw.close()
        if self._part is not None:
            self._part.remove()
            self._part = None

    def __enter__(self) -> AtomicFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.discard()
        elif self._part is not None or not self.file.closed:
            self.commit()

    def __del__(self) -> None:
        if hasattr(self, "_part"):
            self.discard()


def _status(path: str | Path) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _is_file_at(status: os.stat_result, path: Path) -> bool:
    """Whether the path names this file, which is a regular one."""
    there = _status(path)
    return there is not None and stat.S_ISREG(status.st_mode) and os.path.samestat(status, there)


def _umask() -> int:
    """The umask of the process."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_bytes().splitlines():
            if line.startswith(b"Umask:"):
                return int(line.split()[1], 8)
    # Elsewhere it can only be read by setting it, which affects all threads for a moment.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _copy_access(source: os.stat_result, descriptor: int) -> None:
    """Give a file the owner, group and mode of another one, as far as that is permitted."""
    mode = stat.S_IMODE(source.st_mode)
    # Only root may change the owner; others may set a group that they belong to. Changing either
    # clears mode bits, so the mode is set last.
    with suppress(OSError):
        os.fchown(descriptor, -1, source.st_gid)
        os.fchown(descriptor, source.st_uid, -1)
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (source.st_uid, source.st_gid):
        # Set-user-ID and set-group-ID bits were granted for the old owner and group only.
        mode &= ~(stat.S_ISUID | stat.S_ISGID)
    if now.st_gid != source.st_gid:
        # The new group gets the permissions that the old file gave to others.
        mode = mode & ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3
    os.fchmod(descriptor, mode)
