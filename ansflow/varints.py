"""Integers of any size in as many bytes as they need, and a cursor over bytes that reads them."""

from __future__ import annotations

from ansflow.errors import CorruptDataError

__all__ = ["ByteReader", "pack_varint"]

MAX_BITS = 64
CUT_OFF = "a field is cut off: its bytes end too early"

BYTES = [bytes((value,)) for value in range(0x100)]


def pack_varint(value: int) -> bytes:
    """An integer from 0 to 2^64 - 1 in groups of seven bits, the lowest first (LEB128)."""
    if value < 0x80:
        return BYTES[value]
    groups = bytearray()
    while value >= 0x80:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


class ByteReader:
    """Reads bytes from the first to the last.

    Parameters
    ----------
    data : bytes or memoryview of bytes
    """

    __slots__ = ("at", "data")

    def __init__(self, data: bytes | memoryview) -> None:
        self.data, self.at = data, 0

    def byte(self) -> int:
        """The next byte."""
        try:
            byte = self.data[self.at]
        except IndexError:
            raise CorruptDataError(CUT_OFF) from None
        self.at += 1
        return byte

    def varint(self) -> int:
        """The next integer; CorruptDataError if it is not as `pack_varint` writes it."""
        data, at = self.data, self.at
        try:
            byte = data[at]
            at += 1
            if byte < 0x80:  # most are of one byte
                self.at = at
                return byte
            value, shift = byte & 0x7F, 7
            while (byte := data[at]) & 0x80 and shift < MAX_BITS - 7:
                value |= (byte & 0x7F) << shift
                shift += 7
                at += 1
        except IndexError:
            raise CorruptDataError(CUT_OFF) from None
        self.at = at + 1
        value |= byte << shift
        if value >> MAX_BITS or not byte:
            raise CorruptDataError(
                "an integer has more than 64 bits, or bytes that it does not need"
            )
        return value

    def take(self, count: int) -> bytes | memoryview:
        """So many bytes."""
        at, end = self.at, self.at + count
        if end > len(self.data):
            raise CorruptDataError(
                f"a field of {count} bytes is cut off after {len(self.data) - at}"
            )
        self.at = end
        return self.data[at:end]

    def rest(self) -> bytes | memoryview:
        """All bytes that are left."""
        at, self.at = self.at, len(self.data)
        return self.data[at:]
