"""Files that are either whole or not there."""

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
    """A file under a temporary name that gets its own when it is whole.

    Whoever opens `path` finds what was there before or all that was written, never a part,
    also if the process is killed or the disk gets full. A file that is replaced keeps its mode
    and, where permitted, its owner and group, but not its other hard links, access control lists
    and extended attributes; a symbolic link keeps its place: the file it points to is replaced.
    Devices and pipes are written to as they are.

    A file that may be written, but not renamed onto (another one is mounted there, or the directory
    is sticky and the file somebody else's), is written over when all is whole: nobody else should
    use it at that moment. What can't get its name at the end isn't lost: the error says where it
    is.

    Until the end only its owner can open it. What is neither committed nor discarded is discarded
    when nothing refers to it any more, or when the interpreter exits.

    Parameters
    ----------
    path : path-like
    exclusive : bool
        Never replace a file, not even one that appears while this one is written.
    append : bool
        Begin with what is in the file already.
    mode : int, optional
        Permissions of a new file; by default those that `open` gives.

    Attributes
    ----------
    file : io.BufferedWriter
        To write to.

    Raises
    ------
    FileExistsError
        If `exclusive` and there is something at `path`, at first or when committed.
    OSError
        If the file can't be written, at once.

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
            # Whatever happens, nothing is left behind.
            self._finalizer = weakref.finalize(self, self._part.remove)
            self.file = io.BufferedWriter(self._part.create())
            # As soon as possible: later it would be in vain.
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
        """Give the file its name.

        If that fails, discard it, unless all of it has been written: then it's kept, and the error
        says where.
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
        if os.name == "nt":  # which renames no open file
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
            text = f"{e.strerror or e}: all that was written is in {part.path}"
            raise OSError(e.errno or errno.EIO, text, self._name) from e
        part.remove()
        self._part = None

    def discard(self) -> None:
        """Remove the file, unless it has been committed."""
        # The buffer isn't written any more: there may be no room for it, and in a forked process
        # it would end up in the other one's file.
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
    """Whether it's a regular file that has this name, unlike one that is only open somewhere."""
    there = _status(path)
    return there is not None and stat.S_ISREG(status.st_mode) and os.path.samestat(status, there)


def _umask() -> int:
    """What the process takes away from the permissions of new files."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_bytes().splitlines():
            if line.startswith(b"Umask:"):
                return int(line.split()[1], 8)
    # There is no way to ask but to set another one, for a moment, of all threads.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _copy_access(source: os.stat_result, descriptor: int) -> None:
    """Give a file the owner, group and mode of another one, as far as that's permitted."""
    mode = stat.S_IMODE(source.st_mode)
    # Only root may give files away, others just to a group they are in. This clears bits of the
    # mode, so that comes behind.
    with suppress(OSError):
        os.fchown(descriptor, -1, source.st_gid)
        os.fchown(descriptor, source.st_uid, -1)
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (source.st_uid, source.st_gid):
        # Nobody shall act as somebody that the old file didn't name.
        mode &= ~(stat.S_ISUID | stat.S_ISGID)
    if now.st_gid != source.st_gid:
        # This group may do what everybody could.
        mode = mode & ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3
    os.fchmod(descriptor, mode)
