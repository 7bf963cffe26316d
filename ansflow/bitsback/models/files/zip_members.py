"""Members of a zip archive, whose statements about itself are all checked.

The standard library reads whatever it can make sense of, and relies on the sizes that the archive
states. This reads what `numpy.savez` and usual programs write: a file that ends with its directory,
and whose members do not overlap and are stored or deflated.
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

# Flags: how a member was deflated, that its sizes follow it, and that its name is UTF-8.
HARMLESS_FLAGS = 0x080E
SIZES_FOLLOW = 0x0008

# In place of sizes that are stated elsewhere.
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
    """All members of an archive, by name, of at most `max_size` bytes together.

    Raises
    ------
    ModelError
        If they are larger, or the archive is damaged or unusual.
    """
    members, end = _directory(data)
    if sum(member.size for member in members) > max_size:
        raise ModelError(f"the members of the archive must take at most {max_size} bytes, unpacked")
    contents: dict[str, bytes] = {}
    at = 0
    for member in sorted(members, key=lambda member: member.offset):
        name = _text(member.name)
        if name in contents:
            raise ModelError(f"the archive contains {name!r} twice")
        begin = _check_local(data, member, at, end)
        at = begin + member.packed
        if at > end:
            raise ModelError(f"{name!r} overlaps the directory of the archive")
        contents[name] = _unpacked(data[begin:at], member)
    return contents


def _directory(data: memoryview) -> tuple[list[Member], int]:
    """The directory's entries, and where it begins."""
    if len(data) < END.size:
        raise ModelError(f"a zip archive has at least {END.size} bytes, not {len(data)}")
    last = len(data) - END.size
    sign, disk, first, here, count, size, begin, comment = END.unpack_from(data, last)
    if sign != b"PK\5\6" or comment or disk or first or here != count or begin + size != last:
        raise ModelError("the file is not a zip archive, or does not end with its directory")
    if count > MAX_MEMBERS:
        raise ModelError(f"the archive must have at most {MAX_MEMBERS} members, not {count}")
    members, at = [], begin
    for _ in range(count):
        if at + ENTRY.size > last:
            raise ModelError("the directory of the archive is cut off")
        entry = ENTRY.unpack_from(data, at)
        sign, _, _, flags, method, _, _, crc, packed, unpacked, *lengths, _, _, _, offset = entry
        name = bytes(data[at + ENTRY.size : at + ENTRY.size + lengths[0]])
        at += ENTRY.size + sum(lengths)
        if sign != b"PK\1\2" or at > last:
            raise ModelError("the directory of the archive is damaged")
        members.append(Member(name, flags, method, crc, packed, unpacked, offset))
    if at != last:
        raise ModelError("the directory of the archive contains more than its entries")
    return members, begin


def _check_local(data: memoryview, member: Member, low: int, end: int) -> int:
    """Where the bytes of a member begin; ModelError if its header differs from the directory."""
    begin = member.offset + LOCAL.size
    if member.offset < low or begin + len(member.name) > end:
        raise ModelError(
            f"by the directory of the archive, {member.name!r} is at {member.offset}, where it "
            "overlaps something else"
        )
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
        raise ModelError(f"the header of {member.name!r} contradicts the directory of the archive")
    if flags & ~HARMLESS_FLAGS or method not in (STORED, DEFLATED):
        raise ModelError(f"{member.name!r} is encrypted, or neither stored nor deflated")
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
        raise ModelError(f"{member.name!r} is damaged: its size or its checksum is wrong")
    return content


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise ModelError(f"the name {name!r} in the archive is not UTF-8") from None
