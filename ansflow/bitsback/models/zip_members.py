"""Members of a zip archive, of which nothing is believed that can be looked at instead.

The standard library reads whatever can be made sense of, and takes the sizes for granted that the
archive states. This reads what `numpy.savez` and other programs write who have no secrets: a file
that ends with its directory, whose members are whole, apart from each other, stored or deflated.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from ansflow.errors import ModelError

__all__ = ["read_members"]

LOCAL = struct.Struct("<4s5H3I2H")
ENTRY = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")

STORED, DEFLATED = 0, 8

# Of flags that say how a member was deflated, that its sizes follow it, and that its name is UTF-8.
HARMLESS_FLAGS = 0x080E
SIZES_FOLLOW = 0x0008

# What stands in place of sizes that are somewhere else.
ELSEWHERE = 0xFFFF_FFFF

MAX_MEMBERS = 10_000


class Member(NamedTuple):
    """An entry of the directory."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int


def read_members(data: memoryview, max_size: int) -> dict[str, bytes]:
    """All members of an archive, by name, if they don't exceed `max_size` bytes together.

    Raises
    ------
    ModelError
        If they do, or the archive is damaged, or there is anything unusual about it.
    """
    members, end = _directory(data)
    if sum(member.size for member in members) > max_size:
        raise ModelError(f"the archive holds more than {max_size} bytes")
    contents: dict[str, bytes] = {}
    at = 0
    for member in sorted(members, key=lambda member: member.offset):
        name = _text(member.name)
        if name in contents:
            raise ModelError(f"the archive holds {name!r} twice")
        begin = _check_local(data, member, at, end)
        at = begin + member.packed
        if at > end:
            raise ModelError(f"{name!r} reaches into the archive's directory")
        contents[name] = _unpacked(data[begin:at], member)
    return contents


def _directory(data: memoryview) -> tuple[list[Member], int]:
    """The directory's entries, and where it begins."""
    if len(data) < END.size:
        raise ModelError("the file is too short for a zip archive")
    last = len(data) - END.size
    sign, disk, first, here, count, size, begin, comment = END.unpack_from(data, last)
    if sign != b"PK\5\6" or comment or disk or first or here != count or begin + size != last:
        raise ModelError("the file doesn't end with a zip archive's directory")
    if count > MAX_MEMBERS:
        raise ModelError(f"the archive has {count} members; at most {MAX_MEMBERS}")
    members, at = [], begin
    for _ in range(count):
        if at + ENTRY.size > last:
            raise ModelError("the archive's directory is cut off")
        entry = ENTRY.unpack_from(data, at)
        sign, _, _, flags, method, _, _, crc, packed, unpacked, *lengths, _, _, _, offset = entry
        name = bytes(data[at + ENTRY.size : at + ENTRY.size + lengths[0]])
        at += ENTRY.size + sum(lengths)
        if sign != b"PK\1\2" or at > last:
            raise ModelError("the archive's directory is damaged")
        members.append(Member(name, flags, method, crc, packed, unpacked, offset))
    if at != last:
        raise ModelError("the archive's directory holds something else")
    return members, begin


def _check_local(data: memoryview, member: Member, low: int, end: int) -> int:
    """Where a member's bytes begin, if before them stands what the directory says."""
    begin = member.offset + LOCAL.size
    if member.offset < low or begin + len(member.name) > end:
        raise ModelError(f"{member.name!r} isn't where the archive's directory says")
    sign, _, flags, method, _, _, *sizes, name_size, extra_size = LOCAL.unpack_from(
        data, member.offset
    )
    follow = flags & SIZES_FOLLOW
    stated = [member.crc, member.packed, member.size]
    agrees = all(
        mine in (ELSEWHERE, theirs) or (follow and not mine)
        for mine, theirs in zip(sizes, stated, strict=True)
    )
    name = data[begin : begin + name_size]
    if sign != b"PK\3\4" or (flags, method) != (member.flags, member.method):
        agrees = False
    if name != member.name or not agrees:
        raise ModelError(f"the archive's directory and {member.name!r} contradict each other")
    if flags & ~HARMLESS_FLAGS or method not in (STORED, DEFLATED):
        raise ModelError(f"{member.name!r} is encrypted, or packed in an unusual way")
    return begin + int(name_size) + int(extra_size)


def _unpacked(packed: memoryview, member: Member) -> bytes:
    if member.method == STORED:
        content, whole = bytes(packed), True
    else:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content = inflate.decompress(packed, member.size + 1)
        except zlib.error as error:
            raise ModelError(f"{member.name!r} is damaged: {error}") from None
        whole = inflate.eof and not inflate.unused_data
    if not whole or len(content) != member.size or zlib.crc32(content) != member.crc:
        raise ModelError(f"{member.name!r} is damaged, or not as long as the archive says")
    return content


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise ModelError(f"no array is called {name!r}") from None
