"""NumPy's ``.npz`` files as collections of arrays, and back, with the same members.

A member is a ``.npy`` file, whose header is kept as in `npy`, unless NumPy would write the same.
The archive around the members is written anew, which gives the same bytes if NumPy wrote it and the
file can seek.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from typing import BinaryIO, cast

import numpy as np

from ansflow.buffers import Bytes
from ansflow.errors import CorruptDataError, LimitError
from ansflow.files.counter import Counter
from ansflow.files.foreign import can_overwrite, end_of, read_at, read_exactly
from ansflow.files.npy_header import MAX_PREFIX, NpyHeader
from ansflow.frame.array_spec import ArraySpec, checked_name
from ansflow.frame.header import Header
from ansflow.io.containers.container import Container, Member
from ansflow.io.npy import NpyFile, npy_prefix, parse_npy
from ansflow.limits import Limits

__all__ = ["NpzWriter", "read_npz"]

SUFFIX = ".npy"

# What such files begin with: a member, or the record at the end, whose size without a comment is
# known.
MEMBER, END = b"PK\3\4", b"PK\5\6"
END_SIZE = 22

# In the metadata of an array, that its member is deflated.
KEY, DEFLATED = "npz", "deflated"

# What the standard library raises for archives that are damaged or use what it does not know.
Damage = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)

READ_AT_ONCE = 4 << 20
ALIGNMENT = 64  # of the items, in a file whose header is written here


def read_npz(file: BinaryIO) -> Container | None:
    """The arrays of an archive that is all of a file, whose position is and stays at its beginning.

    None if the file is no archive, or contains anything that would not be restored, such as other
    members, arrays of Python objects, or comments.
    """
    try:
        if read_at(file, 0, len(END)) not in (MEMBER, END):
            return None
        if not read_at(file, max(0, end_of(file) - END_SIZE), END_SIZE).startswith(END):
            return None
        archive = zipfile.ZipFile(file)
        members = [_member(archive, info) for info in archive.infolist()]
    except (*Damage, OSError):
        return None
    finally:
        file.seek(0)
    found = {member.name: member for member in members if member is not None}
    if len(found) < len(members):
        return None
    return Container(list(found.values()), {}, b"", {})


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member | None:
    if info.comment or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return None
    if not info.filename.endswith(SUFFIX):
        return None
    name = checked_name(info.filename.removesuffix(SUFFIX))
    with archive.open(info) as file:
        npy = parse_npy(file.read(MAX_PREFIX), info.file_size)
    if npy is None:
        return None
    metadata = {} if npy.prefix == _usual_prefix(npy.spec) else npy.metadata
    if info.compress_type == zipfile.ZIP_DEFLATED:
        metadata = {**metadata, KEY: DEFLATED}
    return Member(name, npy.spec, metadata, partial(_items, archive, info, npy))


def _items(archive: zipfile.ZipFile, info: zipfile.ZipInfo, npy: NpyFile) -> Iterator[Bytes]:
    """Yield the items of an array in pieces; CorruptDataError if the archive is damaged."""
    try:
        with archive.open(info) as opened:
            file = cast(BinaryIO, opened)
            if file.read(len(npy.prefix)) != npy.prefix:
                raise zipfile.BadZipFile("it was changed while it was read")
            left = npy.spec.nbytes
            while left:
                piece = read_exactly(file, min(left, READ_AT_ONCE))
                left -= len(piece)
                yield np.frombuffer(piece, np.uint8)
            file.read(1)  # there is none, which makes it compare the checksum
    except Damage as error:
        raise CorruptDataError(
            f"the member {info.filename!r:.100} of the archive is damaged: {error}"
        ) from error


class NpzWriter:
    """Writes an archive from frames, to a file that need not be able to seek.

    To one that can be overwritten, the standard library writes an archive as NumPy does.
    """

    def __init__(self, target: Counter, limits: Limits) -> None:
        self._target, self._limits = target, limits
        file = target.file
        self._file = file if file is not None and can_overwrite(file) else None
        self._begin = 0 if self._file is None else self._file.tell()
        self._archive = zipfile.ZipFile(cast(BinaryIO, self._file or target), "w")

    def add(self, header: Header, content: Iterable[Bytes]) -> None:
        """Write the array of a frame, if it has a name.

        Raises
        ------
        LimitError
            If the number of its rows is not known beforehand, and it does not fit into memory.
        """
        spec = header.array
        if spec is None or spec.name is None:
            for _ in content:
                pass
            return
        prefix = npy_prefix(header)
        if prefix is None:
            if spec.is_open:
                content = list(self._held(content))
                spec = spec.of_size(sum(part.size for part in content))
            prefix = _usual_prefix(spec)
        info = zipfile.ZipInfo(f"{spec.name}{SUFFIX}")
        info.external_attr = 0o600 << 16  # as `numpy.savez` does
        if header.metadata.get(KEY) == DEFLATED:
            info.compress_type = zipfile.ZIP_DEFLATED
        # Of arrays with the same name the last one counts, as it does for who reads the archive.
        self._archive.NameToInfo.pop(info.filename, None)
        with self._archive.open(info, "w", force_zip64=True) as member:
            member.write(prefix)
            for part in content:
                member.write(part.data)

    def _held(self, content: Iterable[Bytes]) -> Iterator[Bytes]:
        size = 0
        for part in content:
            size += part.size
            if size > self._limits.max_memory:
                raise LimitError(
                    "an array that was written row by row is held in memory for its number of "
                    f"rows, but takes more than max_memory={self._limits.max_memory}"
                )
            yield part

    def close(self) -> None:
        """Write the directory of the archive."""
        self._archive.close()
        if self._file is not None:
            self._target.size = end_of(self._file) - self._begin

    def abandon(self) -> None:
        """Write nothing any more, so that the archive is seen to be incomplete."""
        self._archive.fp = None


def _usual_prefix(spec: ArraySpec) -> bytes:
    """All bytes before the items in the file that NumPy writes of such an array."""
    told = {
        "descr": np.lib.format.dtype_to_descr(spec.dtype),
        "fortran_order": spec.fortran,
        "shape": spec.shape,
    }
    for write in (np.lib.format.write_array_header_1_0, np.lib.format.write_array_header_2_0):
        file = io.BytesIO()
        try:
            write(file, told)
        except ValueError:  # it is too long for the first version, or has other letters
            continue
        return file.getvalue()
    text = repr(told)
    size = len(text.encode()) + 1
    size += -(len(np.lib.format.MAGIC_PREFIX) + 6 + size) % ALIGNMENT
    prefix = NpyHeader((3, 0), size, text).prefix
    if prefix is None:
        raise CorruptDataError(
            f"no .npy file can hold an array of {spec.dtype}: its header would be too long"
        )
    return prefix
